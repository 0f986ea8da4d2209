/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change set as the next metadata file. Members that a commit may change are written by the functions of `parts`, all
 * others as they are.
 */
#include "table/iceberg/change_set.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "table/iceberg/change_set_parts.h"
#include "table/iceberg/member.h"
#include "table/iceberg/metadata_parts.h"

#define PREVIOUS_VERSIONS_KEY     "write.metadata.previous-versions-max"
#define PREVIOUS_VERSIONS_DEFAULT 100

struct writer {
	struct buffer *out;
	const struct iceberg_change_set *c;
	const struct iceberg_metadata *newest;
	const char *newest_path;
	int64_t now_ms;
	bool is_too_deep;
	bool has_before; /* a comma comes before the next member or element */
};

static void put_comma(struct writer *w)
{
	if (w->has_before)
		buffer_char(w->out, ',');
	w->has_before = true;
}

static void put_value(struct writer *w, const struct json_value *v)
{
	w->is_too_deep = !json_write(w->out, v) || w->is_too_deep;
}

static void put_name(struct writer *w, struct bytes name)
{
	put_comma(w);
	text_json(w->out, name);
	buffer_char(w->out, ':');
}

static void put_member(struct writer *w, struct bytes name, const struct json_value *v)
{
	put_name(w, name);
	put_value(w, v);
}

static void put_number(struct writer *w, const char *name, int64_t v)
{
	put_name(w, bytes_of_text(name));
	buffer_format(w->out, "%" PRId64, v);
}

static void begin_list(struct writer *w, const char *name, char bracket)
{
	put_name(w, bytes_of_text(name));
	buffer_char(w->out, bracket);
	w->has_before = false;
}

static void end_list(struct writer *w, char bracket)
{
	buffer_char(w->out, bracket);
	w->has_before = true;
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static bool is_expired(const struct iceberg_change_set *c, int64_t id)
{
	return c->expired_count > 0 &&
	       bsearch(&id, c->expired, c->expired_count, sizeof(id), compare_ids) != NULL;
}

/* Is the object about a snapshot that goes? */
static bool goes(const struct writer *w, const struct json_value *object)
{
	struct err ignored = ERR_INIT;
	struct json_value v;
	int64_t id;

	json_get(object, "snapshot-id", &v);
	return need_long(&id, &v, "snapshot-id", &ignored) == 0 && is_expired(w->c, id);
}

static void put_remaining(struct writer *w, const struct json_value *old)
{
	struct json_cursor c = json_open(old);
	struct json_value v;

	while (json_next(&c, NULL, &v)) {
		if (goes(w, &v))
			continue;
		put_comma(w);
		put_value(w, &v);
	}
}

static void write_sequence(struct writer *w, const char *name, const struct json_value *old)
{
	(void)old;
	put_number(w, name,
		   w->c->snapshot != NULL ? w->c->snapshot->sequence_number : w->newest->last_sequence_number);
}

static void write_updated(struct writer *w, const char *name, const struct json_value *old)
{
	(void)old;
	put_number(w, name, w->now_ms);
}

static void write_last_column(struct writer *w, const char *name, const struct json_value *old)
{
	(void)old;
	put_number(w, name, w->c->adds_schema ? last_column_id_after(w->c) : w->newest->last_column_id);
}

static void write_schema_id(struct writer *w, const char *name, const struct json_value *old)
{
	(void)old;
	put_number(w, name, w->c->schema != NULL ? w->c->schema_id : w->newest->schema.id);
}

static void write_schemas(struct writer *w, const char *name, const struct json_value *old)
{
	begin_list(w, name, '[');
	put_remaining(w, old);
	if (w->c->adds_schema) {
		put_comma(w);
		iceberg_schema_format(w->out, w->c->schema, w->c->schema_id);
	}
	end_list(w, ']');
}

/* The only schema of a version 1, which some keep writing: readers take `schemas`, and this one would be an old one. */
static void write_old_schema(struct writer *w, const char *name, const struct json_value *old)
{
	if (is_given(old) && w->c->schema == NULL)
		put_member(w, bytes_of_text(name), old);
}

static bool is_removed(const struct iceberg_change_set *c, struct bytes key)
{
	for (uint32_t i = 0; i < c->removed_count; i++) {
		if (bytes_equal(bytes_of_text(c->removed[i]), key))
			return true;
	}
	return false;
}

static bool is_set(const struct property_changes *set, struct bytes key)
{
	for (uint32_t i = 0; i < set->count; i++) {
		if (bytes_equal(bytes_of_text(set->pairs[i].key), key))
			return true;
	}
	return false;
}

static void write_properties(struct writer *w, const char *name, const struct json_value *old)
{
	struct json_cursor c = json_open(old);
	struct property_changes set;
	struct json_value v;
	struct bytes key;

	property_changes_init(&set, w->c);
	begin_list(w, name, '{');
	while (json_next(&c, &key, &v)) {
		if (!is_removed(w->c, key) && !is_set(&set, key))
			put_member(w, key, &v);
	}
	for (uint32_t i = 0; i < set.count; i++) {
		put_name(w, bytes_of_text(set.pairs[i].key));
		text_json_string(w->out, set.pairs[i].value);
	}
	end_list(w, '}');
	property_changes_release(&set);
}

static void write_current(struct writer *w, const char *name, const struct json_value *old)
{
	(void)old;
	if (w->c->snapshot != NULL)
		put_number(w, name, w->c->snapshot->id);
	else if (w->newest->current != NULL)
		put_number(w, name, w->newest->current->id);
}

/* Main keeps the limits that somebody gave it. */
static void put_main(struct writer *w, const struct json_value *old)
{
	struct json_cursor c = json_open(old);
	struct json_value v;
	struct bytes name;

	begin_list(w, ICEBERG_MAIN, '{');
	put_number(w, "snapshot-id", w->c->snapshot->id);
	put_name(w, BYTES_OF("type"));
	buffer_text(w->out, "\"branch\"");
	while (json_next(&c, &name, &v)) {
		if (!bytes_equal(name, BYTES_OF("snapshot-id")) && !bytes_equal(name, BYTES_OF("type")))
			put_member(w, name, &v);
	}
	end_list(w, '}');
}

static void write_refs(struct writer *w, const char *name, const struct json_value *old)
{
	struct json_value old_main = { .type = JSON_NULL }, v;
	struct json_cursor c = json_open(old);
	struct bytes ref;

	if (!is_given(old) && w->c->snapshot == NULL)
		return;
	begin_list(w, name, '{');
	while (json_next(&c, &ref, &v)) {
		if (w->c->snapshot != NULL && bytes_equal(ref, BYTES_OF(ICEBERG_MAIN)))
			old_main = v;
		else
			put_member(w, ref, &v);
	}
	if (w->c->snapshot != NULL)
		put_main(w, &old_main);
	end_list(w, '}');
}

static void write_snapshots(struct writer *w, const char *name, const struct json_value *old)
{
	begin_list(w, name, '[');
	put_remaining(w, old);
	if (w->c->snapshot != NULL) {
		put_comma(w);
		snapshot_format(w->out, w->c->snapshot);
	}
	end_list(w, ']');
}

/* What lies before a snapshot that goes, goes too: a gap would give a wrong answer to "as of then". */
static void write_snapshot_log(struct writer *w, const char *name, const struct json_value *old)
{
	struct json_cursor all = json_open(old), rest = all;
	struct json_value v;

	while (json_next(&all, NULL, &v)) {
		if (goes(w, &v))
			rest = all;
	}
	begin_list(w, name, '[');
	while (json_next(&rest, NULL, &v)) {
		put_comma(w);
		put_value(w, &v);
	}
	if (w->c->snapshot != NULL) {
		put_comma(w);
		buffer_format(w->out, "{\"timestamp-ms\":%" PRId64 ",\"snapshot-id\":%" PRId64 "}",
			      w->c->snapshot->timestamp_ms, w->c->snapshot->id);
	}
	end_list(w, ']');
}

static size_t previous_versions_max(const struct iceberg_metadata *m)
{
	const char *text = iceberg_metadata_property(m, PREVIOUS_VERSIONS_KEY);
	int64_t max;

	if (text == NULL || !text_parse_int(bytes_of_text(text), &max))
		return PREVIOUS_VERSIONS_DEFAULT;
	return max < 1 ? 1 : max > ICEBERG_ENTRIES_MAX ? ICEBERG_ENTRIES_MAX : (size_t)max;
}

static void write_metadata_log(struct writer *w, const char *name, const struct json_value *old)
{
	size_t max = previous_versions_max(w->newest), count = json_count(old);
	struct json_cursor c = json_open(old);
	struct json_value v;

	begin_list(w, name, '[');
	for (size_t i = 0; json_next(&c, NULL, &v); i++) {
		if (w->newest_path != NULL && i + max < count + 1)
			continue;
		put_comma(w);
		put_value(w, &v);
	}
	if (w->newest_path != NULL) {
		put_comma(w);
		buffer_format(w->out, "{\"timestamp-ms\":%" PRId64 ",\"metadata-file\":", w->newest->last_updated_ms);
		text_json_string(w->out, w->newest_path);
		buffer_char(w->out, '}');
	}
	end_list(w, ']');
}

static void write_next_row(struct writer *w, const char *name, const struct json_value *old)
{
	(void)old;
	if (w->newest->format_version >= 3)
		put_number(w, name,
			   w->newest->next_row_id + (w->c->snapshot != NULL ? w->c->snapshot->added_rows : 0));
}

static void write_statistics(struct writer *w, const char *name, const struct json_value *old)
{
	if (!is_given(old))
		return;
	begin_list(w, name, '[');
	put_remaining(w, old);
	end_list(w, ']');
}

static const struct part {
	const char *name;
	/* Appends the member, or nothing; `old` is a null where it was not there. */
	void (*write)(struct writer *w, const char *name, const struct json_value *old);
} parts[] = {
	{ "last-sequence-number", write_sequence },
	{ "last-updated-ms", write_updated },
	{ "last-column-id", write_last_column },
	{ "current-schema-id", write_schema_id },
	{ "schemas", write_schemas },
	{ "schema", write_old_schema },
	{ "properties", write_properties },
	{ "current-snapshot-id", write_current },
	{ "refs", write_refs },
	{ "snapshots", write_snapshots },
	{ "statistics", write_statistics },
	{ "partition-statistics", write_statistics },
	{ "snapshot-log", write_snapshot_log },
	{ "metadata-log", write_metadata_log },
	{ "next-row-id", write_next_row },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static bool is_part(struct bytes name)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (bytes_equal(bytes_of_text(parts[i].name), name))
			return true;
	}
	return false;
}

static int write_root(struct writer *w, struct err *e)
{
	struct json_cursor c = json_open(w->newest->root);
	size_t start = w->out->size;
	struct json_value v;
	struct bytes name;

	buffer_char(w->out, '{');
	while (json_next(&c, &name, &v)) {
		if (!is_part(name))
			put_member(w, name, &v);
	}
	for (size_t i = 0; i < PARTS; i++) {
		json_get(w->newest->root, parts[i].name, &v);
		parts[i].write(w, parts[i].name, &v);
	}
	buffer_char(w->out, '}');
	if (w->is_too_deep)
		return err_set(e, ERR_DATA, "table metadata is nested deeper than %u", JSON_DEPTH_MAX);
	if (w->out->size - start > ICEBERG_METADATA_BYTES_MAX)
		return err_set(e, ERR_CONFIG,
			       "table metadata would have %zu bytes, more than %zu: expire snapshots (history.expire.max-snapshot-age-ms)",
			       w->out->size - start, ICEBERG_METADATA_BYTES_MAX);
	return 0;
}

/* The table as it is made: no snapshot yet. */
static void write_creation(struct buffer *out, const struct iceberg_change_set *c, int64_t now_ms)
{
	const struct iceberg_creation *n = c->creation;
	const struct iceberg_spec *spec = creation_spec(n);
	struct property_changes set;

	assert(n->format_version == 2 || n->format_version == 3);
	buffer_format(out, "{\"format-version\":%d,\"table-uuid\":", n->format_version);
	text_json_string(out, n->uuid);
	buffer_text(out, ",\"location\":");
	text_json_string(out, n->location);
	buffer_format(out, ",\"last-sequence-number\":0,\"last-updated-ms\":%" PRId64 ",\"last-column-id\":%" PRId32
		      ",\"current-schema-id\":0,\"schemas\":[", now_ms, iceberg_schema_max_id(n->schema));
	iceberg_schema_format(out, n->schema, 0);
	buffer_text(out, "],\"default-spec-id\":0,\"partition-specs\":[{\"spec-id\":0,\"fields\":");
	iceberg_spec_format(out, spec);
	buffer_format(out, "}],\"last-partition-id\":%" PRId32 ",\"default-sort-order-id\":0,\"sort-orders\":"
		      "[{\"order-id\":0,\"fields\":[]}],\"properties\":", iceberg_spec_last_id(spec));
	property_changes_init(&set, c);
	pairs_format(out, set.pairs, set.count);
	property_changes_release(&set);
	buffer_text(out, ",\"refs\":{},\"snapshots\":[],\"snapshot-log\":[],\"metadata-log\":[]");
	buffer_text(out, n->format_version >= 3 ? ",\"next-row-id\":0}" : "}");
}

static int conflict(struct err *e, const char *what)
{
	return err_set(e, ERR_CONFLICT, "the table has %s since it was loaded", what);
}

static int64_t main_of(const struct iceberg_metadata *m)
{
	return m->current != NULL ? m->current->id : -1;
}

static int check_schema(const struct iceberg_change_set *c, const struct iceberg_metadata *newest, struct err *e)
{
	struct schema_walk walk = schema_walk_of(newest);
	struct json_value j;
	bool is_taken = false;
	int32_t id;

	while (schema_walk_next(&walk, &j, &id))
		is_taken = is_taken || id == c->schema_id;
	if (c->last_column_id != newest->last_column_id || is_taken == c->adds_schema)
		return conflict(e, "got other schemas");
	if (c->adds_schema && json_count(&walk.list) >= ICEBERG_ENTRIES_MAX)
		return err_set(e, ERR_CONFIG, "the table has %u schemas, no more can be added", ICEBERG_ENTRIES_MAX);
	return 0;
}

static int check_snapshot(const struct iceberg_change_set *c, const struct iceberg_metadata *newest, struct err *e)
{
	const struct iceberg_snapshot *s = c->snapshot;

	assert(s->schema_id == (c->schema != NULL ? c->schema_id : c->current_schema_id));
	assert(s->parent_id == main_of(newest) && s->manifest_list != NULL);
	assert((s->first_row_id >= 0 && s->added_rows >= 0) == (newest->format_version >= 3));
	if (s->sequence_number <= newest->last_sequence_number ||
	    iceberg_metadata_snapshot(newest, s->id) != NULL ||
	    (newest->format_version >= 3 && s->first_row_id != newest->next_row_id))
		return conflict(e, "got snapshots beside its main branch");
	if (newest->snapshot_count >= ICEBERG_SNAPSHOTS_MAX)
		return err_set(e, ERR_CONFIG,
			       "the table has %u snapshots: expire some of them (history.expire.max-snapshot-age-ms)",
			       newest->snapshot_count);
	return 0;
}

/* What the set requires, and what a reference that came since forbids. */
static int check(const struct iceberg_change_set *c, const struct iceberg_metadata *newest, struct err *e)
{
	if (newest == NULL)
		return err_set(e, ERR_CONFLICT, "the table is gone");
	if (c->creation != NULL)
		return err_set(e, ERR_CONFLICT, "the table is there already");
	if (strcmp(c->uuid, newest->uuid) != 0)
		return err_set(e, ERR_CONFLICT, "the table was made anew: it is %s, not %s", newest->uuid, c->uuid);
	if (newest->format_version != c->format_version)
		return conflict(e, "changed its format version");
	if (main_of(newest) != c->main_snapshot_id)
		return conflict(e, "got other snapshots");
	if (newest->schema.id != c->current_schema_id)
		return conflict(e, "changed its schema");
	if (newest->spec->id != c->default_spec_id)
		return conflict(e, "changed its partitions");
	if (c->schema != NULL && check_schema(c, newest, e) < 0)
		return -1;
	if (c->snapshot != NULL && check_snapshot(c, newest, e) < 0)
		return -1;
	for (uint32_t i = 0; i < newest->ref_count; i++) {
		bool moves = c->snapshot != NULL && strcmp(newest->refs[i].name, ICEBERG_MAIN) == 0;

		if (!moves && is_expired(c, newest->refs[i].snapshot_id))
			return conflict(e, "got a reference to a snapshot that would expire");
	}
	return iceberg_metadata_require_writable(newest, e);
}

/* The snapshot that a table is made with is added to the table without it. */
static int create(struct buffer *out, const struct iceberg_change_set *c, int64_t now_ms, struct err *e)
{
	struct iceberg_change_set rest;
	struct iceberg_metadata *made;
	struct buffer text = { 0 };
	int rc;

	if (c->snapshot == NULL) {
		write_creation(out, c, now_ms);
		return 0;
	}
	write_creation(&text, c, now_ms);
	rc = iceberg_metadata_parse(&made, buffer_bytes(&text), e);
	buffer_release(&text);
	if (rc < 0)
		return -1;
	iceberg_change_set_init(&rest, made);
	rest.snapshot = c->snapshot;
	rc = iceberg_change_set_apply(out, &rest, made, NULL, now_ms, e);
	iceberg_metadata_free(made);
	return rc;
}

int iceberg_change_set_apply(struct buffer *out, const struct iceberg_change_set *c,
			     const struct iceberg_metadata *newest, const char *newest_path, int64_t now_ms,
			     struct err *e)
{
	struct writer w = { out, c, newest, newest_path, now_ms, false, false };

	if (newest == NULL && c->creation != NULL)
		return create(out, c, now_ms, e);
	if (check(c, newest, e) < 0)
		return -1;
	/* a clock that went back must not show in the table's history */
	if (w.now_ms < newest->last_updated_ms)
		w.now_ms = newest->last_updated_ms;
	if (c->snapshot != NULL && w.now_ms < c->snapshot->timestamp_ms)
		w.now_ms = c->snapshot->timestamp_ms;
	return write_root(&w, e);
}
