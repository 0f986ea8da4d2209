/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/draft.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "table/iceberg/draft_parts.h"

/* --- objects ---------------------------------------------------------------------------------- */

const char *draft_key(struct draft *d, const char *word, const char *suffix)
{
	struct buffer key = { 0 };
	const char *text;

	buffer_format(&key, METADATA_FOLDER "/%s-%s%u%s", d->uuid, word, d->key_count, suffix);
	text = arena_text(&d->arena, key.data, key.size);
	buffer_release(&key);
	d->keys = memory_grow(d->keys, const char *, d->key_count + 1);
	d->keys[d->key_count++] = text;
	return text;
}

bool draft_is_key(const char *key)
{
	static const char *const words[] = { "list", "manifest", "dv", "deletes" };
	const char *name = strncmp(key, METADATA_FOLDER "/", sizeof(METADATA_FOLDER)) == 0 ? key + sizeof(METADATA_FOLDER) : "";
	size_t uuid = strspn(name, "0123456789abcdef-");

	if (uuid < UUID_TEXT_BYTES || name[UUID_TEXT_BYTES] != '-')
		return false;
	name += UUID_TEXT_BYTES + 1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t size = strlen(words[i]);

		if (strncmp(name, words[i], size) == 0 && name[size] >= '0' && name[size] <= '9')
			return true;
	}
	return false;
}

const char *draft_uri(struct draft *d, const char *key)
{
	struct buffer uri = { 0 };
	const char *text;

	places_uri(&uri, d->places->meta_uri, key);
	text = arena_text(&d->arena, uri.data, uri.size);
	buffer_release(&uri);
	return text;
}

int draft_put(struct draft *d, const char *key, struct bytes data, struct err *e)
{
	struct store_writer *w = store_writer_open(d->places->meta, key, e);

	if (w == NULL)
		return -1;
	if (store_writer_write(w, data, e) < 0) {
		store_writer_abort(w);
		return -1;
	}
	return store_writer_finish(w, e);
}

/* The column's type from this commit on, which may widen it. */
static void renew_type(struct field *source, const struct schema *s, int32_t id)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].id == id && field_widens(source, &s->fields[i])) {
			source->type = s->fields[i].type;
			source->precision = s->fields[i].precision;
		}
	}
}

const struct iceberg_tuple *draft_tuple(struct draft *d, int32_t spec_id, struct err *e)
{
	const struct iceberg_spec *spec = iceberg_metadata_spec(d->base, spec_id);
	struct iceberg_tuple *tuple = arena_new(&d->arena, struct iceberg_tuple, 1);
	struct iceberg_tuple_field *fields;

	if (spec == NULL) {
		err_set(e, ERR_DATA, "a manifest has partition spec %" PRId32 ", which the metadata does not have", spec_id);
		return NULL;
	}
	fields = arena_new(&d->arena, struct iceberg_tuple_field, spec->field_count + 1);
	for (uint32_t i = 0; i < spec->field_count; i++) {
		struct field source, result;
		bool is_known;

		if (iceberg_metadata_source(&source, d->base, &spec->fields[i], e) < 0)
			return NULL;
		renew_type(&source, d->edit->schema, spec->fields[i].source_id);
		is_known = iceberg_partition_type(&result, &spec->fields[i], &source);
		memory_free(source.name);
		if (!is_known) {
			err_set(e, ERR_CONFIG, "partition field \"%s\" has the transform \"%s\", which we do not know",
				spec->fields[i].name, spec->fields[i].words);
			return NULL;
		}
		fields[i] = (struct iceberg_tuple_field){ spec->fields[i].id, spec->fields[i].name, result.type, result.precision,
							  result.scale };
	}
	*tuple = (struct iceberg_tuple){ fields, spec->field_count };
	return tuple;
}

/* --- the summary ------------------------------------------------------------------------------ */

static void add_text(struct draft *d, const char *key, const char *value)
{
	struct iceberg_pair *pairs = (struct iceberg_pair *)(uintptr_t)d->snapshot.summary;

	pairs[d->snapshot.summary_count++] = (struct iceberg_pair){ key, value };
}

static void add_count(struct draft *d, const char *key, uint64_t count)
{
	char text[24];
	int size = snprintf(text, sizeof(text), "%" PRIu64, count);

	add_text(d, key, arena_text(&d->arena, text, (size_t)size));
}

static void add_changed(struct draft *d, const char *key, uint64_t count)
{
	if (count > 0)
		add_count(d, key, count);
}

static const char *operation_of(const struct draft *d)
{
	const struct draft_counts *c = &d->counts;

	if (d->edit->keeps_rows)
		return "replace";
	if (c->removed_files == 0 && c->added_deletes == 0)
		return "append";
	return c->added_files == 0 ? "delete" : "overwrite";
}

/* Totals of the snapshot before, from what is alive in it. */
static struct draft_counts totals_before(const struct draft *d)
{
	struct draft_counts t = { 0 };

	for (uint32_t i = 0; i < d->live->file_count; i++) {
		const struct live_file *f = &d->live->files[i];

		t.added_files++;
		t.added_rows += f->row_count;
		t.added_bytes += f->size_bytes;
		t.added_deletes += f->deletes.path != NULL;
		t.added_deleted_rows += f->deletes.cardinality;
	}
	return t;
}

#define SUMMARY_MAX 24u

static void summarize(struct draft *d)
{
	const struct draft_counts *c = &d->counts;
	struct draft_counts t = totals_before(d);
	bool has_vectors = d->base->format_version >= 3;

	d->snapshot.summary = arena_new(&d->arena, struct iceberg_pair, SUMMARY_MAX + d->edit->summary_count);
	add_text(d, "operation", operation_of(d));
	add_changed(d, "added-data-files", c->added_files);
	add_changed(d, "added-records", c->added_rows);
	add_changed(d, "added-files-size", c->added_bytes);
	add_changed(d, "deleted-data-files", c->removed_files);
	add_changed(d, "deleted-records", c->removed_rows);
	add_changed(d, "removed-files-size", c->removed_bytes);
	add_changed(d, "added-delete-files", c->added_deletes);
	add_changed(d, has_vectors ? "added-dvs" : "added-position-delete-files", c->added_deletes);
	add_changed(d, "added-position-deletes", c->added_deleted_rows);
	add_changed(d, "removed-delete-files", c->removed_deletes);
	add_changed(d, has_vectors ? "removed-dvs" : "removed-position-delete-files", c->removed_deletes);
	add_changed(d, "removed-position-deletes", c->removed_deleted_rows);
	add_count(d, "total-records", t.added_rows + c->added_rows - c->removed_rows);
	add_count(d, "total-data-files", t.added_files + c->added_files - c->removed_files);
	add_count(d, "total-files-size", t.added_bytes + c->added_bytes - c->removed_bytes);
	add_count(d, "total-delete-files", t.added_deletes + c->added_deletes - c->removed_deletes);
	add_count(d, "total-position-deletes", t.added_deleted_rows + c->added_deleted_rows - c->removed_deleted_rows);
	add_count(d, "total-equality-deletes", 0);
	for (uint32_t i = 0; i < d->edit->summary_count; i++)
		add_text(d, d->edit->summary[i].key, d->edit->summary[i].value);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void begin(struct draft *d, int64_t now_ms)
{
	const struct iceberg_metadata *m = d->base;
	const struct draft_edit *edit = d->edit;
	int64_t earliest_ms = m->last_updated_ms;
	uint8_t uuid[UUID_BYTES];

	uuid_random(uuid);
	uuid_format(d->uuid, uuid);
	d->snapshot = (struct iceberg_snapshot){
		.id = iceberg_snapshot_new_id(m),
		.parent_id = m->current != NULL ? m->current->id : -1,
		.sequence_number = m->last_sequence_number + 1,
		.first_row_id = m->format_version >= 3 ? m->next_row_id : -1,
		.added_rows = -1,
		.schema_id = edit->schema_id,
	};
	d->snapshot.timestamp_ms = edit->time_ms > 0 ? edit->time_ms : now_ms;
	/* time does not go back in the log of a table */
	if (edit->time_ms > 0)
		earliest_ms = m->current != NULL ? m->current->timestamp_ms : 0;
	if (d->snapshot.timestamp_ms < earliest_ms)
		d->snapshot.timestamp_ms = earliest_ms;
	d->is_removed = arena_new(&d->arena, uint8_t, d->live->file_count + 1);
	d->is_redone = arena_new(&d->arena, uint8_t, d->live->file_count + 1);
	d->deletes = arena_new(&d->arena, struct draft_deletes, edit->deleted_count + edit->added_count + 1);
	d->added_manifests = arena_new(&d->arena, uint32_t, edit->added_count + 1);
	for (uint32_t i = 0; i < edit->removed_count; i++)
		d->is_removed[edit->removed[i]] = 1;
	for (uint32_t i = 0; i < edit->deleted_count; i++)
		d->is_redone[edit->deleted[i].file] = 1;
}

static int write_list(struct draft *d, struct err *e)
{
	struct iceberg_snapshot_ids ids = { d->snapshot.id, d->snapshot.parent_id, d->snapshot.sequence_number,
					    d->snapshot.first_row_id };
	int64_t next_row_id = d->snapshot.first_row_id;
	struct buffer bytes = { 0 };
	const char *key = draft_key(d, "list", ".avro");
	int rc;

	if (next_row_id >= 0 && next_row_id < d->edit->row_ids_from)
		next_row_id = d->edit->row_ids_from;
	rc = iceberg_manifests_assign(&d->list, d->snapshot.sequence_number, next_row_id >= 0 ? &next_row_id : NULL, e);

	if (rc < 0)
		return -1;
	if (next_row_id >= 0)
		d->snapshot.added_rows = next_row_id - d->snapshot.first_row_id;
	rc = iceberg_manifest_list_write(&bytes, d->base->format_version, &ids, &d->list, e);
	if (rc == 0)
		rc = draft_put(d, key, buffer_bytes(&bytes), e);
	d->snapshot.manifest_list = draft_uri(d, key);
	buffer_release(&bytes);
	return rc;
}

int draft_write(struct draft **out, const struct iceberg_places *p, const struct iceberg_metadata *base,
		const struct live *live, const struct draft_edit *edit, int64_t now_ms, struct err *e)
{
	struct draft *d = memory_new(struct draft);
	int rc;

	d->places = p;
	d->base = base;
	d->live = live;
	d->edit = edit;
	begin(d, now_ms);
	rc = draft_write_deletes(d, e);
	if (rc == 0)
		rc = draft_write_manifests(d, e);
	if (rc == 0)
		rc = write_list(d, e);
	if (rc == 0)
		rc = store_sync_folder(p->meta, METADATA_FOLDER, e);
	if (rc < 0) {
		draft_discard(d);
		draft_free(d);
		return -1;
	}
	summarize(d);
	*out = d;
	return 0;
}

const struct iceberg_snapshot *draft_snapshot(const struct draft *d)
{
	return &d->snapshot;
}

/* --- afterwards ------------------------------------------------------------------------------- */

static void set_deletes(struct live_file *f, const struct draft *d, uint32_t i)
{
	const struct draft_deletes *from = &d->deletes[i];

	memory_free(f->deletes.path);
	f->deletes = (struct live_deletes){ .path = memory_copy_text(from->path),
					    .offset = from->offset,
					    .size_bytes = from->size_bytes,
					    .cardinality = from->cardinality,
					    .manifest = d->deletes_manifests[i] };
}

static void add_file(struct live *live, const struct draft *d, uint32_t i, int64_t *next_row_id)
{
	const struct draft_added *a = &d->edit->added[i];
	struct live_file f = { .path = memory_copy_text(a->path),
			       .row_count = a->row_count,
			       .size_bytes = a->size_bytes,
			       .first_row_id = *next_row_id,
			       .spec_id = a->spec_id,
			       .manifest = d->added_manifests[i] };

	iceberg_values_copy(&f.partition, &a->partition);
	if (*next_row_id >= 0)
		*next_row_id += (int64_t)a->row_count;
	if (d->deletes[d->edit->deleted_count + i].path != NULL)
		set_deletes(&f, d, d->edit->deleted_count + i);
	live_add(live, &f);
}

void draft_settle(struct draft *d, struct live *live)
{
	int64_t *next_row_ids = arena_new(&d->arena, int64_t, d->list.count + 1);

	for (uint32_t i = 0; i < d->list.count; i++)
		next_row_ids[i] = d->list.items[i].first_row_id;
	for (uint32_t i = 0; i < live->file_count; i++) {
		struct live_file *f = &live->files[i];

		f->manifest = d->moved[f->manifest];
		if (f->deletes.path != NULL)
			f->deletes.manifest = d->moved[f->deletes.manifest];
	}
	for (uint32_t i = 0; i < d->edit->deleted_count; i++)
		set_deletes(&live->files[d->edit->deleted[i].file], d, i);
	live_drop(live, d->is_removed);
	for (uint32_t i = 0; i < d->edit->added_count; i++)
		add_file(live, d, i, &next_row_ids[d->added_manifests[i]]);
	iceberg_manifests_release(&live->manifests);
	live->manifests = d->list;
	d->list = (struct iceberg_manifests){ .items = NULL };
}

void draft_discard(struct draft *d)
{
	struct err ignored = ERR_INIT;

	for (uint32_t i = 0; i < d->key_count; i++)
		(void)store_remove(d->places->meta, d->keys[i], &ignored);
}

void draft_free(struct draft *d)
{
	if (d == NULL)
		return;
	for (uint32_t i = 0; d->deletes != NULL && i < d->edit->deleted_count + d->edit->added_count; i++)
		iceberg_metrics_release(&d->deletes[i].metrics);
	iceberg_manifests_release(&d->list);
	memory_free(d->keys);
	arena_release(&d->arena);
	memory_free(d);
}
