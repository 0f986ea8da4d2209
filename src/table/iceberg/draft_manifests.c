/* SPDX-License-Identifier: Apache-2.0 */
/* The manifests of a draft: new ones for what is added, and those of before, as they are or written anew. */
#include <string.h>

#include "table/iceberg/draft_parts.h"

/* A manifest that is being written. */
struct writing {
	struct draft *draft;
	struct iceberg_manifest_writer *writer;
	struct buffer bytes, schema, spec;
	enum iceberg_content content;
	int64_t first_row_id; /* of what is put together; -1: none has one */
};

static int begin(struct writing *w, struct draft *d, enum iceberg_content content, int32_t spec_id, struct err *e)
{
	const struct iceberg_spec *spec = iceberg_metadata_spec(d->base, spec_id);
	const struct iceberg_tuple *tuple;
	struct iceberg_manifest_head head;

	*w = (struct writing){ .draft = d, .content = content, .first_row_id = -1 };
	if (spec == NULL)
		return err_set(e, ERR_DATA, "a manifest has partition spec %d, which the metadata does not have", spec_id);
	tuple = draft_tuple(d, spec_id, e);
	if (tuple == NULL)
		return -1;
	iceberg_schema_format(&w->schema, d->edit->schema, d->edit->schema_id);
	iceberg_spec_format(&w->spec, spec);
	head = (struct iceberg_manifest_head){ .version = d->base->format_version, .content = content,
					       .schema_json = buffer_string(&w->schema), .schema_id = d->edit->schema_id,
					       .spec_json = buffer_string(&w->spec), .spec_id = spec_id };
	w->writer = iceberg_manifest_writer_new(&w->bytes, &head, tuple);
	return 0;
}

static void writing_release(struct writing *w)
{
	iceberg_manifest_writer_free(w->writer);
	buffer_release(&w->bytes);
	buffer_release(&w->schema);
	buffer_release(&w->spec);
}

/* The bytes are put; the manifest's row is the list's last, and its number *out. */
static int finish(struct writing *w, uint32_t *out, struct err *e)
{
	struct draft *d = w->draft;
	const char *key = draft_key(d, "manifest", ".avro");
	struct iceberg_manifest *row;

	d->list.items = memory_grow(d->list.items, struct iceberg_manifest, d->list.count + 1);
	row = &d->list.items[d->list.count];
	iceberg_manifest_init(row);
	*out = d->list.count++;
	iceberg_manifest_writer_finish(w->writer, d->snapshot.id, row);
	row->path = memory_copy_text(draft_uri(d, key));
	row->first_row_id = w->content == ICEBERG_DATA ? w->first_row_id : -1;
	return draft_put(d, key, buffer_bytes(&w->bytes), e);
}

/* --- what is new ------------------------------------------------------------------------------ */

static void set_text(char **out, const char *text)
{
	memory_free(*out);
	*out = memory_copy_text(text);
}

/* The file takes them over. */
static void give_metrics(struct iceberg_file *f, struct iceberg_metrics *m)
{
	f->value_counts = m->value_counts;
	f->null_counts = m->null_counts;
	f->lower = m->lower;
	f->upper = m->upper;
	*m = (struct iceberg_metrics){ .lower = { 0 } };
}

static int add_data(struct writing *w, const struct draft_added *a, struct err *e)
{
	struct draft_counts *c = &w->draft->counts;
	struct iceberg_metrics metrics = { 0 };
	struct iceberg_entry entry;
	int rc;

	iceberg_entry_init(&entry);
	entry.status = ICEBERG_ADDED;
	entry.snapshot_id = w->draft->snapshot.id;
	set_text(&entry.file.path, a->path);
	set_text(&entry.file.format, "PARQUET");
	entry.file.record_count = (int64_t)a->row_count;
	entry.file.size_bytes = (int64_t)a->size_bytes;
	iceberg_metrics_of_stats(&metrics, w->draft->edit->schema, a->stats);
	give_metrics(&entry.file, &metrics);
	iceberg_values_copy(&entry.file.partition, &a->partition);
	rc = iceberg_manifest_writer_add(w->writer, &entry, e);
	iceberg_entry_release(&entry);
	c->added_files++;
	c->added_rows += a->row_count;
	c->added_bytes += a->size_bytes;
	return rc;
}

/* Those of one spec, from the first one that has it on. */
static int write_added_of(struct draft *d, uint32_t first, struct err *e)
{
	const struct draft_added *added = d->edit->added;
	uint32_t manifest = NO_MANIFEST;
	struct writing w;
	int rc = begin(&w, d, ICEBERG_DATA, added[first].spec_id, e);

	for (uint32_t i = first; i < d->edit->added_count && rc == 0; i++) {
		if (added[i].spec_id == added[first].spec_id)
			rc = add_data(&w, &added[i], e);
	}
	if (rc == 0)
		rc = finish(&w, &manifest, e);
	for (uint32_t i = first; i < d->edit->added_count && rc == 0; i++) {
		if (added[i].spec_id == added[first].spec_id)
			d->added_manifests[i] = manifest;
	}
	writing_release(&w);
	return rc;
}

static int write_added(struct draft *d, struct err *e)
{
	for (uint32_t i = 0; i < d->edit->added_count; i++)
		d->added_manifests[i] = NO_MANIFEST;
	for (uint32_t i = 0; i < d->edit->added_count; i++) {
		if (d->added_manifests[i] == NO_MANIFEST && write_added_of(d, i, e) < 0)
			return -1;
	}
	return 0;
}

static int add_deletes(struct writing *w, struct draft_deletes *from, struct err *e)
{
	struct draft_counts *c = &w->draft->counts;
	bool is_vector = from->offset >= 0;
	struct iceberg_entry entry;
	int rc;

	iceberg_entry_init(&entry);
	entry.status = ICEBERG_ADDED;
	entry.snapshot_id = w->draft->snapshot.id;
	entry.file.content = ICEBERG_POSITION_DELETES;
	set_text(&entry.file.path, from->path);
	set_text(&entry.file.format, is_vector ? "PUFFIN" : "PARQUET");
	set_text(&entry.file.referenced_data_file, from->data_file);
	entry.file.record_count = (int64_t)from->cardinality;
	entry.file.size_bytes = from->file_bytes;
	entry.file.content_offset = from->offset;
	entry.file.content_size = from->size_bytes;
	give_metrics(&entry.file, &from->metrics);
	iceberg_values_copy(&entry.file.partition, from->partition);
	rc = iceberg_manifest_writer_add(w->writer, &entry, e);
	iceberg_entry_release(&entry);
	c->added_deletes++;
	c->added_deleted_rows += from->cardinality;
	return rc;
}

/* Those of one spec's files, from the first one that has it on. */
static int write_deletes_of(struct draft *d, uint32_t first, uint32_t count, struct err *e)
{
	int32_t spec_id = d->deletes[first].spec_id;
	struct writing w;
	uint32_t manifest = NO_MANIFEST;
	int rc = begin(&w, d, ICEBERG_POSITION_DELETES, spec_id, e);

	for (uint32_t i = first; i < count && rc == 0; i++) {
		if (d->deletes[i].path != NULL && d->deletes[i].spec_id == spec_id)
			rc = add_deletes(&w, &d->deletes[i], e);
	}
	if (rc == 0)
		rc = finish(&w, &manifest, e);
	for (uint32_t i = first; i < count && rc == 0; i++) {
		if (d->deletes[i].path != NULL && d->deletes[i].spec_id == spec_id)
			d->deletes_manifests[i] = manifest;
	}
	writing_release(&w);
	return rc;
}

static int write_new_deletes(struct draft *d, struct err *e)
{
	uint32_t count = d->edit->deleted_count + d->edit->added_count;

	d->deletes_manifests = arena_new(&d->arena, uint32_t, count + 1);
	for (uint32_t i = 0; i < count; i++)
		d->deletes_manifests[i] = NO_MANIFEST;
	for (uint32_t i = 0; i < count; i++) {
		if (d->deletes[i].path != NULL && d->deletes_manifests[i] == NO_MANIFEST &&
		    write_deletes_of(d, i, count, e) < 0)
			return -1;
	}
	return 0;
}

/* --- what was there --------------------------------------------------------------------------- */

/* Counts what goes. */
static void note_gone(struct draft *d, const struct iceberg_entry *entry)
{
	const struct iceberg_file *f = &entry->file;

	if (f->content == ICEBERG_DATA) {
		d->counts.removed_files++;
		d->counts.removed_rows += (uint64_t)f->record_count;
		d->counts.removed_bytes += (uint64_t)f->size_bytes;
	} else {
		d->counts.removed_deletes++;
		d->counts.removed_deleted_rows += (uint64_t)f->record_count;
	}
}

/* A data file of the edit's, or deletes of one that is gone or has others now; those of many files stay. */
static bool is_gone(const struct draft *d, const struct iceberg_file *f)
{
	const char *path = f->content == ICEBERG_DATA ? f->path : f->referenced_data_file;
	int64_t file = path != NULL ? live_find(d->live, path) : -1;

	if (path == NULL)
		return false;
	if (f->content == ICEBERG_DATA)
		return file < 0 || d->is_removed[file];
	return file < 0 || d->is_removed[file] || d->is_redone[file];
}

/* Entries that were deleted by an earlier snapshot are left out. */
static int copy_entries(struct writing *w, const struct iceberg_manifest *row, struct err *e)
{
	struct draft *d = w->draft;
	struct iceberg_manifest_reader *r = NULL;
	struct iceberg_entry entry;
	int64_t next_row_id = row->first_row_id;
	const char *key;
	int rc;

	if (places_key(&key, d->places->meta_uri, row->path, e) < 0 ||
	    iceberg_manifest_reader_open(&r, d->places->meta, key, row, draft_tuple(d, row->spec_id, e), e) < 0)
		return -1;
	iceberg_entry_init(&entry);
	while ((rc = iceberg_manifest_reader_next(r, &entry, e)) == 0) {
		rc = iceberg_entry_inherit(&entry, row, &next_row_id, e);
		if (rc == 0 && entry.status != ICEBERG_DELETED) {
			entry.status = ICEBERG_EXISTING;
			if (entry.file.content == ICEBERG_POSITION_DELETES)
				live_name_data_file(&entry.file);
			if (is_gone(d, &entry.file)) {
				entry.status = ICEBERG_DELETED;
				entry.snapshot_id = d->snapshot.id;
				note_gone(d, &entry);
			}
			rc = iceberg_manifest_writer_add(w->writer, &entry, e);
		}
		if (rc < 0)
			break;
	}
	iceberg_entry_release(&entry);
	iceberg_manifest_reader_close(r);
	if (row->first_row_id >= 0 && (w->first_row_id < 0 || row->first_row_id < w->first_row_id))
		w->first_row_id = row->first_row_id;
	return rc < 0 ? err_wrap(e, "manifest \"%s\"", row->path) : 0;
}

enum { /* marks of old manifests */
	IS_TOUCHED = 1, /* something of it goes */
	IS_SMALL = 2,   /* it is put together with others */
	IS_DONE = 4,
};

/* Which of the old manifests have something that goes. */
static void mark_touched(const struct draft *d, uint8_t *marks)
{
	for (uint32_t i = 0; i < d->live->file_count; i++) {
		const struct live_file *f = &d->live->files[i];

		if (d->is_removed[i])
			marks[f->manifest] |= IS_TOUCHED;
		if ((d->is_removed[i] || d->is_redone[i]) && f->deletes.path != NULL)
			marks[f->deletes.manifest] |= IS_TOUCHED;
	}
}

/* Too many of a content: all that are not large are put together. */
static void mark_small(const struct draft *d, enum iceberg_content content, uint8_t *marks)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < d->live->manifests.count; i++)
		count += d->live->manifests.items[i].content == content;
	for (uint32_t i = 0; i < d->live->manifests.count && count >= DRAFT_MANIFESTS_MAX; i++) {
		const struct iceberg_manifest *m = &d->live->manifests.items[i];

		if (m->content == content && m->length < DRAFT_MANIFEST_BYTES_MAX)
			marks[i] |= IS_SMALL;
	}
}

static bool is_empty(const struct iceberg_manifest *m)
{
	return m->added_files == 0 && m->existing_files == 0;
}

/* Writes old manifest `first` anew, and with it those behind it that are to be put together with it. */
static int write_anew(struct draft *d, uint32_t first, uint8_t *marks, struct err *e)
{
	const struct iceberg_manifest *rows = d->live->manifests.items;
	bool joins = (marks[first] & IS_SMALL) != 0;
	uint32_t manifest = NO_MANIFEST;
	struct writing w;
	int64_t bytes = 0;
	int rc = begin(&w, d, rows[first].content, rows[first].spec_id, e);

	for (uint32_t i = first; i < d->live->manifests.count && rc == 0; i++) {
		if ((marks[i] & IS_DONE) != 0 || is_empty(&rows[i]) ||
		    (i != first && (!joins || (marks[i] & IS_SMALL) == 0 || rows[i].content != rows[first].content ||
				   rows[i].spec_id != rows[first].spec_id || bytes + rows[i].length > DRAFT_MANIFEST_BYTES_MAX)))
			continue;
		rc = copy_entries(&w, &rows[i], e);
		bytes += rows[i].length;
		marks[i] |= IS_DONE;
		d->moved[i] = d->list.count; /* where `finish` puts it */
	}
	if (rc == 0)
		rc = finish(&w, &manifest, e);
	writing_release(&w);
	return rc;
}

static void keep(struct draft *d, uint32_t old)
{
	d->list.items = memory_grow(d->list.items, struct iceberg_manifest, d->list.count + 1);
	iceberg_manifest_init(&d->list.items[d->list.count]);
	iceberg_manifest_copy(&d->list.items[d->list.count], &d->live->manifests.items[old]);
	d->moved[old] = d->list.count++;
}

static int write_old(struct draft *d, struct err *e)
{
	uint32_t count = d->live->manifests.count;
	uint8_t *marks = arena_new(&d->arena, uint8_t, count + 1);
	int rc = 0;

	d->moved = arena_new(&d->arena, uint32_t, count + 1);
	mark_touched(d, marks);
	mark_small(d, ICEBERG_DATA, marks);
	mark_small(d, ICEBERG_POSITION_DELETES, marks);
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		if (is_empty(&d->live->manifests.items[i])) /* it told what the snapshot before had removed */
			d->moved[i] = NO_MANIFEST;
		else if (marks[i] == 0)
			keep(d, i);
		else if ((marks[i] & IS_DONE) == 0)
			rc = write_anew(d, i, marks, e);
	}
	return rc;
}

int draft_write_manifests(struct draft *d, struct err *e)
{
	return write_added(d, e) < 0 || write_new_deletes(d, e) < 0 ? -1 : write_old(d, e);
}
