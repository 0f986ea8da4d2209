/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/metadata_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "table/iceberg/member.h"

int pairs_parse(struct arena *a, struct iceberg_pair **out, uint32_t *count, const struct json_value *v,
		const char *name, struct err *e)
{
	struct json_cursor c = json_open(v);
	struct json_value value;
	struct bytes key;

	*count = 0;
	*out = NULL;
	if (!is_given(v))
		return 0;
	if (need_list(v, JSON_OBJECT, ICEBERG_ENTRIES_MAX, name, e) < 0)
		return -1;
	*out = arena_new(a, struct iceberg_pair, c.left);
	while (json_next(&c, &key, &value)) {
		struct iceberg_pair *p = &(*out)[(*count)++];

		p->key = (const char *)key.data;
		if (need_text(&p->value, &value, p->key, e) < 0)
			return err_wrap(e, "%s", name);
	}
	return 0;
}

enum {
	SNAPSHOT_ID, SNAPSHOT_PARENT, SNAPSHOT_SEQUENCE, SNAPSHOT_TIMESTAMP, SNAPSHOT_MANIFEST_LIST, SNAPSHOT_SUMMARY,
	SNAPSHOT_SCHEMA, SNAPSHOT_FIRST_ROW, SNAPSHOT_ADDED_ROWS, SNAPSHOT_MEMBERS,
};

static const struct member_names snapshot_members = {
	SNAPSHOT_MEMBERS,
	{ BYTES_OF("snapshot-id"), BYTES_OF("parent-snapshot-id"), BYTES_OF("sequence-number"),
	  BYTES_OF("timestamp-ms"), BYTES_OF("manifest-list"), BYTES_OF("summary"), BYTES_OF("schema-id"),
	  BYTES_OF("first-row-id"), BYTES_OF("added-rows") },
};

static int optional_long(int64_t *out, const struct json_value *v, const char *name, struct err *e)
{
	return is_given(v) ? need_long(out, v, name, e) : 0;
}

static int parse_optional(struct iceberg_snapshot *s, const struct json_value *got, struct err *e)
{
	if (optional_long(&s->parent_id, &got[SNAPSHOT_PARENT], "parent-snapshot-id", e) < 0 ||
	    optional_long(&s->sequence_number, &got[SNAPSHOT_SEQUENCE], "sequence-number", e) < 0 ||
	    optional_long(&s->first_row_id, &got[SNAPSHOT_FIRST_ROW], "first-row-id", e) < 0 ||
	    optional_long(&s->added_rows, &got[SNAPSHOT_ADDED_ROWS], "added-rows", e) < 0)
		return -1;
	if (is_given(&got[SNAPSHOT_SCHEMA]) &&
	    need_int(&s->schema_id, &got[SNAPSHOT_SCHEMA], "schema-id", e) < 0)
		return -1;
	return is_given(&got[SNAPSHOT_MANIFEST_LIST]) ?
		       need_text(&s->manifest_list, &got[SNAPSHOT_MANIFEST_LIST], "manifest-list", e) :
		       0;
}

static int parse_snapshot(struct iceberg_metadata *m, const struct json_value *j, struct err *e)
{
	struct iceberg_snapshot s = { .parent_id = -1, .first_row_id = -1, .added_rows = -1, .schema_id = -1 };
	struct json_value got[SNAPSHOT_MEMBERS];
	struct iceberg_pair *summary;

	if (json_members(j, "a snapshot", &snapshot_members, got, e) < 0 ||
	    need_long(&s.id, &got[SNAPSHOT_ID], "snapshot-id", e) < 0)
		return -1;
	if (need_long(&s.timestamp_ms, &got[SNAPSHOT_TIMESTAMP], "timestamp-ms", e) < 0 ||
	    parse_optional(&s, got, e) < 0 ||
	    pairs_parse(&m->arena, &summary, &s.summary_count, &got[SNAPSHOT_SUMMARY], "summary", e) < 0)
		return err_wrap(e, "snapshot %" PRId64, s.id);
	if (s.sequence_number < 0 || s.sequence_number > m->last_sequence_number)
		return err_set(e, ERR_DATA,
			       "snapshot %" PRId64 " has sequence number %" PRId64 ", the table's last is %" PRId64, s.id,
			       s.sequence_number, m->last_sequence_number);
	s.summary = summary;
	m->snapshots[m->snapshot_count++] = s;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct iceberg_snapshot *const *x = a, *const *y = b;

	return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static int sort_snapshots(struct iceberg_metadata *m, struct err *e)
{
	m->by_id = arena_new(&m->arena, const struct iceberg_snapshot *, m->snapshot_count);
	for (uint32_t i = 0; i < m->snapshot_count; i++)
		m->by_id[i] = &m->snapshots[i];
	qsort(m->by_id, m->snapshot_count, sizeof(*m->by_id), compare_ids);
	for (uint32_t i = 1; i < m->snapshot_count; i++) {
		if (m->by_id[i - 1]->id == m->by_id[i]->id)
			return err_set(e, ERR_DATA, "snapshot %" PRId64 " stands in \"snapshots\" twice", m->by_id[i]->id);
	}
	return 0;
}

int snapshots_parse(struct iceberg_metadata *m, const struct json_value *v, struct err *e)
{
	struct json_cursor c = json_open(v);
	struct json_value snapshot;

	if (!is_given(v))
		return 0;
	if (need_list(v, JSON_ARRAY, ICEBERG_SNAPSHOTS_MAX, "snapshots", e) < 0)
		return -1;
	m->snapshots = arena_new(&m->arena, struct iceberg_snapshot, c.left);
	while (json_next(&c, NULL, &snapshot)) {
		if (parse_snapshot(m, &snapshot, e) < 0)
			return -1;
	}
	return m->snapshot_count > 0 ? sort_snapshots(m, e) : 0;
}

void pairs_format(struct buffer *out, const struct iceberg_pair *pairs, uint32_t count)
{
	buffer_char(out, '{');
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		text_json_string(out, pairs[i].key);
		buffer_char(out, ':');
		text_json_string(out, pairs[i].value);
	}
	buffer_char(out, '}');
}

static void format_optional(struct buffer *out, const char *name, int64_t v)
{
	if (v >= 0)
		buffer_format(out, ",\"%s\":%" PRId64, name, v);
}

void snapshot_format(struct buffer *out, const struct iceberg_snapshot *s)
{
	buffer_format(out, "{\"snapshot-id\":%" PRId64, s->id);
	format_optional(out, "parent-snapshot-id", s->parent_id);
	format_optional(out, "sequence-number", s->sequence_number);
	format_optional(out, "timestamp-ms", s->timestamp_ms);
	buffer_text(out, ",\"manifest-list\":");
	text_json_string(out, s->manifest_list);
	buffer_text(out, ",\"summary\":");
	pairs_format(out, s->summary, s->summary_count);
	format_optional(out, "schema-id", s->schema_id);
	format_optional(out, "first-row-id", s->first_row_id);
	format_optional(out, "added-rows", s->added_rows);
	buffer_char(out, '}');
}

enum { REF_SNAPSHOT, REF_TYPE, REF_AGE, REF_KEEP, REF_MEMBERS };

static const struct member_names ref_members = {
	REF_MEMBERS,
	{ BYTES_OF("snapshot-id"), BYTES_OF("type"), BYTES_OF("max-snapshot-age-ms"),
	  BYTES_OF("min-snapshots-to-keep") },
};

static int parse_ref(struct iceberg_ref *r, const struct iceberg_metadata *m, const struct json_value *j, struct err *e)
{
	struct json_value got[REF_MEMBERS];

	if (json_members(j, "a reference", &ref_members, got, e) < 0 ||
	    need_long(&r->snapshot_id, &got[REF_SNAPSHOT], "snapshot-id", e) < 0 ||
	    optional_long(&r->max_snapshot_age_ms, &got[REF_AGE], "max-snapshot-age-ms", e) < 0 ||
	    optional_long(&r->min_snapshots_to_keep, &got[REF_KEEP], "min-snapshots-to-keep", e) < 0)
		return -1;
	r->is_branch = json_is_text(&got[REF_TYPE], "branch");
	if (!r->is_branch && !json_is_text(&got[REF_TYPE], "tag"))
		return err_set(e, ERR_DATA, "\"type\" is neither \"branch\" nor \"tag\"");
	if (iceberg_metadata_snapshot(m, r->snapshot_id) == NULL)
		return err_set(e, ERR_DATA, "snapshot %" PRId64 " is not in \"snapshots\"", r->snapshot_id);
	return 0;
}

/* Main is where the table's current snapshot is, also without references. */
static int add_main(struct iceberg_metadata *m, const struct iceberg_ref *main_ref, struct err *e)
{
	if (main_ref == NULL && m->current != NULL)
		m->refs[m->ref_count++] = (struct iceberg_ref){ ICEBERG_MAIN, m->current->id, true, -1, -1 };
	if (main_ref == NULL || (m->current != NULL && m->current->id == main_ref->snapshot_id && main_ref->is_branch))
		return 0;
	return err_set(e, ERR_DATA, "reference \"main\" is not the branch of \"current-snapshot-id\"");
}

int refs_parse(struct iceberg_metadata *m, const struct json_value *v, struct err *e)
{
	const struct iceberg_ref *main_ref = NULL;
	struct json_cursor c = json_open(v);
	struct json_value ref;
	struct bytes name;

	if (is_given(v) && need_list(v, JSON_OBJECT, ICEBERG_ENTRIES_MAX, "refs", e) < 0)
		return -1;
	m->refs = arena_new(&m->arena, struct iceberg_ref, c.left + 1);
	while (json_next(&c, &name, &ref)) {
		struct iceberg_ref *r = &m->refs[m->ref_count++];

		*r = (struct iceberg_ref){ (const char *)name.data, -1, false, -1, -1 };
		if (parse_ref(r, m, &ref, e) < 0)
			return err_wrap(e, "reference \"%s\"", r->name);
		if (strcmp(r->name, ICEBERG_MAIN) == 0)
			main_ref = r;
	}
	return add_main(m, main_ref, e);
}

int metadata_log_parse(struct iceberg_metadata *m, const struct json_value *v, struct err *e)
{
	struct json_cursor c = json_open(v);
	struct json_value entry, path, at;

	if (!is_given(v))
		return 0;
	if (need_list(v, JSON_ARRAY, ICEBERG_ENTRIES_MAX, "metadata-log", e) < 0)
		return -1;
	m->metadata_log = arena_new(&m->arena, struct iceberg_metadata_file, c.left);
	while (json_next(&c, NULL, &entry)) {
		struct iceberg_metadata_file *f = &m->metadata_log[m->metadata_log_count++];

		json_get(&entry, "metadata-file", &path);
		json_get(&entry, "timestamp-ms", &at);
		if (need_text(&f->path, &path, "metadata-file", e) < 0 ||
		    need_long(&f->timestamp_ms, &at, "timestamp-ms", e) < 0)
			return err_wrap(e, "\"metadata-log\"");
	}
	return 0;
}

enum { FIELD_NAME, FIELD_TRANSFORM, FIELD_ID, FIELD_SOURCE, FIELD_SOURCES, FIELD_MEMBERS };

static const struct member_names field_members = {
	FIELD_MEMBERS,
	{ BYTES_OF("name"), BYTES_OF("transform"), BYTES_OF("field-id"), BYTES_OF("source-id"),
	  BYTES_OF("source-ids") },
};

/* Version 3 may name several columns: no transform that we know has them. */
static int parse_source(struct iceberg_partition_field *p, const struct json_value *got, struct err *e)
{
	struct json_cursor c = json_open(&got[FIELD_SOURCES]);
	struct json_value only;

	if (is_given(&got[FIELD_SOURCE]) || c.left == 0)
		return need_int(&p->source_id, &got[FIELD_SOURCE], "source-id", e);
	if (c.left > 1) {
		p->transform = TRANSFORM_UNKNOWN;
		return 0;
	}
	(void)json_next(&c, NULL, &only);
	return need_int(&p->source_id, &only, "source-ids", e);
}

static int parse_field(struct iceberg_spec *s, const struct json_value *j, struct err *e)
{
	struct iceberg_partition_field *p = &s->fields[s->field_count];
	struct json_value got[FIELD_MEMBERS];
	const char *name, *words;

	if (json_members(j, "a partition field", &field_members, got, e) < 0 ||
	    need_text(&name, &got[FIELD_NAME], "name", e) < 0 ||
	    need_text(&words, &got[FIELD_TRANSFORM], "transform", e) < 0)
		return -1;
	/* version 1 may leave them out, they are counted then */
	p->id = (int32_t)(PARTITION_ID_FIRST + s->field_count);
	if (is_given(&got[FIELD_ID]) && need_int(&p->id, &got[FIELD_ID], "field-id", e) < 0)
		return err_wrap(e, "partition field \"%s\"", name);
	(void)iceberg_transform_parse(words, &p->transform, &p->width);
	if (parse_source(p, got, e) < 0)
		return err_wrap(e, "partition field \"%s\"", name);
	p->name = memory_copy_text(name);
	p->words = memory_copy_text(words);
	s->field_count++;
	return 0;
}

static int parse_fields(struct iceberg_spec *s, const struct json_value *list, struct err *e)
{
	struct json_cursor c = json_open(list);
	struct json_value field;

	if (need_list(list, JSON_ARRAY, ICEBERG_ENTRIES_MAX, "fields", e) < 0)
		return -1;
	s->fields = memory_array(struct iceberg_partition_field, c.left);
	while (json_next(&c, NULL, &field)) {
		if (parse_field(s, &field, e) < 0)
			return -1;
	}
	return 0;
}

int specs_parse(struct iceberg_metadata *m, const struct json_value *specs, const struct json_value *fields,
		struct err *e)
{
	struct json_cursor c = json_open(specs);
	struct json_value spec, id, list;

	if (m->format_version == 1 && !is_given(specs)) {
		m->specs = memory_new(struct iceberg_spec);
		m->spec_count = 1;
		return parse_fields(m->specs, fields, e) < 0 ? err_wrap(e, "\"partition-spec\"") : 0;
	}
	if (need_list(specs, JSON_ARRAY, ICEBERG_ENTRIES_MAX, "partition-specs", e) < 0)
		return -1;
	m->specs = memory_array(struct iceberg_spec, c.left);
	while (json_next(&c, NULL, &spec)) {
		struct iceberg_spec *s = &m->specs[m->spec_count++];

		json_get(&spec, "spec-id", &id);
		json_get(&spec, "fields", &list);
		if (need_int(&s->id, &id, "spec-id", e) < 0 || parse_fields(s, &list, e) < 0)
			return err_wrap(e, "\"partition-specs\"");
	}
	return 0;
}
