/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/rewrite.h"

#include "base/memory.h"
#include "merge/data_file.h"

#define REWRITE_ROWS ((uint32_t)1 << 18)

/* One block of rows on its way, and the keys and places that the index is told in the end. */
struct rewriting {
	struct columns rows;  /* of the new schema */
	struct columns read;  /* the same cells, and behind them those of table/row_lineage.h, if rows have ids */
	bool has_ids;
	int64_t first_id;     /* of the file; -1: it has none */
	int64_t *ids;         /* of `live` */
	uint32_t *live;       /* row numbers in `rows` */
	struct key_hash *keys; /* of all rows written so far */
	uint32_t written;
};

/* Row `row` of the block, which begins with row `first` of the file. */
static int64_t id_of(const struct rewriting *w, uint32_t first, uint32_t row)
{
	const struct column *ids = &w->read.columns[w->read.column_count - 1];

	if (!column_is_null(ids, row))
		return column_int64(ids, row);
	return w->first_id >= 0 ? w->first_id + first + row : -1;
}

static int write_block(struct rewriting *w, struct data_file_writer *writer, const struct row_set *dead,
		       uint32_t first, const struct key_shape *shape, struct err *e)
{
	struct key_hash *keys = memory_array(struct key_hash, w->rows.row_count);
	uint32_t live = 0;

	key_hash_rows(shape, &w->rows, 0, w->rows.row_count, keys);
	w->keys = memory_grow(w->keys, struct key_hash, w->written + w->rows.row_count);
	for (uint32_t i = 0; i < w->rows.row_count; i++) {
		if (row_set_has(dead, first + i))
			continue;
		w->keys[w->written + live] = keys[i];
		if (w->has_ids)
			w->ids[live] = id_of(w, first, i);
		w->live[live++] = i;
	}
	memory_free(keys);
	w->written += live;
	return live > 0 ? data_file_add(writer, &w->rows, w->live, w->has_ids ? w->ids : NULL, live, e) : 0;
}

static int copy_rows(struct rewriting *w, struct data_file_reader *reader,
		     struct data_file_writer *writer, const struct row_set *dead,
		     const struct schema *old, const struct schema *new,
		     const struct columns *backfill, const struct key_shape *shape, struct err *e)
{
	uint32_t first = 0;
	int rc;

	while (columns_clear(&w->read), (rc = data_file_next(reader, REWRITE_ROWS, &w->read, e)) == 0) {
		w->rows.row_count = w->read.row_count;
		for (uint32_t i = 0; i < new->field_count; i++) {
			if (schema_find(old, new->fields[i].name) < 0)
				column_fill(&w->rows.columns[i], 0, &backfill->columns[i]);
		}
		if (write_block(w, writer, dead, first, shape, e) < 0)
			return -1;
		first += w->rows.row_count;
	}
	return rc < 0 ? -1 : 0;
}

static int tell_index(const struct rewriting *w, struct key_index *index, const char *path,
		      uint32_t *number, struct err *e)
{
	struct row_place *places;
	int rc;

	if (key_index_add_file(index, path, number, e) < 0)
		return -1;
	places = memory_array(struct row_place, w->written);
	for (uint32_t i = 0; i < w->written; i++)
		places[i] = (struct row_place){ *number, i };
	rc = key_index_apply(index, w->keys, w->written, NULL, places, e);
	memory_free(places);
	return rc;
}

static void begin(struct rewriting *w, const struct data_file *file, const struct schema *new, struct schema *read,
		  const struct row_lineage *lineage)
{
	w->live = memory_array(uint32_t, REWRITE_ROWS);
	columns_init(&w->read, read);
	w->rows = (struct columns){ .columns = w->read.columns, .column_count = new->field_count };
	w->has_ids = read != new;
	if (!w->has_ids)
		return;
	w->ids = memory_array(int64_t, REWRITE_ROWS);
	w->first_id = lineage->first_row_id(lineage->context, file->path);
}

int rewrite_file(struct data_file *out, uint32_t *number, struct store *store,
		 const struct data_file *file, const struct row_set *dead, const struct schema *old,
		 struct schema *new, const struct columns *backfill, const struct key_shape *shape,
		 const struct row_lineage *lineage, struct key_index *index, struct err *e)
{
	struct rewriting w = { .first_id = -1 };
	struct schema *read = lineage != NULL ? row_lineage_schema(new) : schema_share(new);
	struct data_file_reader *reader = NULL;
	struct data_file_writer *writer = NULL;
	int rc;

	begin(&w, file, new, read, lineage);
	rc = data_file_open(&reader, store, file, read, e);
	if (rc == 0)
		rc = data_file_create(&writer, store, "", new, w.has_ids, e);
	if (rc == 0)
		rc = copy_rows(&w, reader, writer, dead, old, new, backfill, shape, e);
	if (rc == 0 && w.written == 0)
		rc = 1;
	if (rc == 0)
		rc = data_file_finish(writer, out, e);
	if (rc == 0) {
		out->partition = text_map_keep(&file->partition);
		rc = tell_index(&w, index, out->path, number, e);
		if (rc < 0)
			data_file_release(out);
	}
	data_file_close(reader);
	data_file_abandon(writer);
	columns_release(&w.read);
	schema_release(read);
	memory_free(w.ids);
	memory_free(w.live);
	memory_free(w.keys);
	return rc;
}
