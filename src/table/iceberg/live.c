/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/live.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

/* --- files by path ---------------------------------------------------------------------------- */

static uint32_t cell_of(const struct live *l, const char *path)
{
	return (uint32_t)XXH3_64bits(path, strlen(path)) & (l->cell_count - 1);
}

static void insert(struct live *l, uint32_t file)
{
	uint32_t at = cell_of(l, l->files[file].path);

	while (l->cells[at] != 0)
		at = (at + 1) & (l->cell_count - 1);
	l->cells[at] = file + 1;
}

#define CELLS_MIN 64u

/* Room for twice as many files as there are. */
static void hash_again(struct live *l)
{
	memory_free(l->cells);
	l->cell_count = CELLS_MIN;
	while (l->cell_count < l->file_count * 4)
		l->cell_count *= 2;
	l->cells = memory_array(uint32_t, l->cell_count);
	for (uint32_t i = 0; i < l->file_count; i++)
		insert(l, i);
}

int64_t live_find(const struct live *l, const char *path)
{
	if (l->cell_count == 0)
		return -1;
	for (uint32_t at = cell_of(l, path); l->cells[at] != 0; at = (at + 1) & (l->cell_count - 1)) {
		if (strcmp(l->files[l->cells[at] - 1].path, path) == 0)
			return l->cells[at] - 1;
	}
	return -1;
}

void live_add(struct live *l, const struct live_file *f)
{
	if (l->file_count == l->file_capacity) {
		l->file_capacity = l->file_capacity * 2 + 16;
		l->files = memory_grow(l->files, struct live_file, l->file_capacity);
	}
	l->files[l->file_count++] = *f;
	if (l->file_count * 2 > l->cell_count)
		hash_again(l);
	else
		insert(l, l->file_count - 1);
}

static void file_release(struct live_file *f)
{
	iceberg_values_release(&f->partition);
	memory_free(f->deletes.path);
	memory_free(f->path);
}

void live_drop(struct live *l, const uint8_t *is_gone)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < l->file_count; i++) {
		if (is_gone[i])
			file_release(&l->files[i]);
		else
			l->files[kept++] = l->files[i];
	}
	if (kept == l->file_count)
		return;
	l->file_count = kept;
	hash_again(l);
}

void live_release(struct live *l)
{
	for (uint32_t i = 0; i < l->file_count; i++)
		file_release(&l->files[i]);
	for (uint32_t i = 0; i < l->spread_count; i++)
		memory_free(l->spread[i]);
	memory_free(l->spread);
	memory_free(l->files);
	memory_free(l->cells);
	iceberg_manifests_release(&l->manifests);
	*l = (struct live){ .files = NULL };
}

/* --- from manifests --------------------------------------------------------------------------- */

struct loading {
	struct live *live;
	const struct iceberg_places *places;
	uint32_t manifest; /* the number of the one at hand */
};

static int take_data(struct loading *l, struct iceberg_entry *entry, struct err *e)
{
	struct iceberg_file *f = &entry->file;
	struct live_file file = {
		.path = f->path,
		.row_count = (uint64_t)f->record_count,
		.size_bytes = (uint64_t)f->size_bytes,
		.first_row_id = f->first_row_id,
		.spec_id = l->live->manifests.items[l->manifest].spec_id,
		.partition = f->partition,
		.manifest = l->manifest,
	};

	if (live_find(l->live, f->path) >= 0)
		return err_set(e, ERR_DATA, "file \"%s\" is in the table twice", f->path);
	if (f->record_count < 0 || f->record_count > UINT32_MAX || f->size_bytes < 0)
		return err_set(e, ERR_DATA, "file \"%s\" of %" PRId64 " rows and %" PRId64 " bytes", f->path, f->record_count,
			       f->size_bytes);
	f->path = NULL;
	f->partition = (struct iceberg_values){ .items = NULL };
	live_add(l->live, &file);
	return 0;
}

#define FILE_PATH_ID 2147483546 /* "Reserved Field IDs" */

static const struct buffer *bound_of(const struct iceberg_bounds *b, int32_t id)
{
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->items[i].id == id)
			return &b->items[i].bytes;
	}
	return NULL;
}

void live_name_data_file(struct iceberg_file *f)
{
	const struct buffer *lower = bound_of(&f->lower, FILE_PATH_ID), *upper = bound_of(&f->upper, FILE_PATH_ID);

	if (f->referenced_data_file == NULL && lower != NULL && upper != NULL &&
	    bytes_equal(buffer_bytes(lower), buffer_bytes(upper)) && memchr(lower->data, 0, lower->size) == NULL)
		f->referenced_data_file = memory_copy(lower->data, lower->size);
}

static int take_spread(struct live *l, struct iceberg_file *f)
{
	l->spread = memory_grow(l->spread, char *, l->spread_count + 1);
	l->spread[l->spread_count++] = f->path;
	f->path = NULL;
	return 0;
}

int live_require_writable(const struct live *l, struct err *e)
{
	if (l->spread_count == 0)
		return 0;
	return err_set(e, ERR_CONFIG, "\"%s\" has position deletes that are not of one file alone, of another writer; rewrite the table's "
		       "data files (rewrite_data_files) and try again", l->spread[0]);
}

static int take_deletes(struct loading *l, struct iceberg_entry *entry, struct err *e)
{
	struct iceberg_file *f = &entry->file;
	bool is_vector = strcmp(f->format, "PUFFIN") == 0;
	struct live_deletes *d;
	int64_t file;

	if (f->content == ICEBERG_EQUALITY_DELETES)
		return err_set(e, ERR_CONFIG, "\"%s\" has equality deletes, of another writer: which rows are deleted would have to be "
			       "found by reading all of them; rewrite the table's data files (rewrite_data_files) and try again",
			       f->path);
	live_name_data_file(f);
	if (f->referenced_data_file == NULL && is_vector)
		return err_set(e, ERR_DATA, "deletion vector in \"%s\" says of no file that it is its", f->path);
	if (f->referenced_data_file == NULL)
		return take_spread(l->live, f);
	file = live_find(l->live, f->referenced_data_file);
	if (file < 0)
		return 0; /* of a file that is gone: it deletes nothing any more */
	d = &l->live->files[file].deletes;
	if (d->path != NULL && !is_vector && d->offset < 0)
		return take_spread(l->live, f);
	if (d->path != NULL)
		return err_set(e, ERR_DATA, "file \"%s\" has two lists of deleted rows, \"%s\" and \"%s\": readers refuse such a table",
			       f->referenced_data_file, d->path, f->path);
	if (f->record_count < 0 || (uint64_t)f->record_count > l->live->files[file].row_count ||
	    (is_vector && (f->content_offset < 0 || f->content_size < 0)))
		return err_set(e, ERR_DATA, "\"%s\" cannot delete %" PRId64 " rows of file \"%s\"", f->path, f->record_count,
			       f->referenced_data_file);
	*d = (struct live_deletes){ .path = f->path,
				    .offset = is_vector ? f->content_offset : -1,
				    .size_bytes = is_vector ? f->content_size : -1,
				    .cardinality = (uint64_t)f->record_count,
				    .manifest = l->manifest };
	f->path = NULL;
	return 0;
}

static int load_manifest(struct loading *l, struct err *e)
{
	const struct iceberg_manifest *row = &l->live->manifests.items[l->manifest];
	struct iceberg_manifest_reader *r = NULL;
	struct iceberg_entry entry;
	int64_t next_row_id = row->first_row_id;
	const char *key;
	int rc;

	if (places_key(&key, l->places->meta_uri, row->path, e) < 0 ||
	    iceberg_manifest_reader_open(&r, l->places->meta, key, row, NULL, e) < 0)
		return -1;
	iceberg_entry_init(&entry);
	while ((rc = iceberg_manifest_reader_next(r, &entry, e)) == 0) {
		rc = iceberg_entry_inherit(&entry, row, &next_row_id, e);
		if (rc == 0 && entry.status != ICEBERG_DELETED)
			rc = row->content == ICEBERG_DATA ? take_data(l, &entry, e) : take_deletes(l, &entry, e);
		if (rc < 0) {
			err_wrap(e, "manifest \"%s\"", key);
			break;
		}
	}
	iceberg_entry_release(&entry);
	iceberg_manifest_reader_close(r);
	return rc < 0 ? -1 : 0;
}

/* Data before deletes, whatever the list's order. */
static int load_content(struct loading *l, enum iceberg_content content, struct err *e)
{
	for (l->manifest = 0; l->manifest < l->live->manifests.count; l->manifest++) {
		if (l->live->manifests.items[l->manifest].content == content && load_manifest(l, e) < 0)
			return -1;
	}
	return 0;
}

int live_load(struct live *out, const struct iceberg_places *p, const struct iceberg_snapshot *s, struct err *e)
{
	struct loading l = { .live = out, .places = p };
	const char *key;
	int rc;

	*out = (struct live){ .files = NULL };
	if (s == NULL)
		return 0;
	if (s->manifest_list == NULL)
		return err_set(e, ERR_CONFIG, "snapshot %" PRId64 " has no manifest list: it is of format version 1, which is read "
			       "after an upgrade", s->id);
	if (places_key(&key, p->meta_uri, s->manifest_list, e) < 0 ||
	    iceberg_manifest_list_read(&out->manifests, p->meta, key, e) < 0)
		return -1;
	rc = load_content(&l, ICEBERG_DATA, e);
	if (rc == 0)
		rc = load_content(&l, ICEBERG_POSITION_DELETES, e);
	if (rc < 0)
		live_release(out);
	return rc;
}
