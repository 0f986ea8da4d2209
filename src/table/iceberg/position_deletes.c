/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/position_deletes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "table/iceberg/single_value.h"

#define PATH_ID       2147483546 /* "Reserved Field IDs" */
#define POS_ID        2147483545
#define GROUP_ROWS    65536u /* each has the path again in memory */
#define READ_ROWS     8192u
#define FILES_AT_ONCE 1024u

enum { COLUMN_PATH, COLUMN_POS };

static struct schema *file_schema(bool is_nullable)
{
	struct schema *s = schema_new("", "position_deletes");

	schema_add(s, "file_path", TYPE_STRING, is_nullable)->id = PATH_ID;
	schema_add(s, "pos", TYPE_LONG, is_nullable)->id = POS_ID;
	return s;
}

static int write_bytes(void *context, struct bytes bytes, struct err *e)
{
	return store_writer_write(context, bytes, e);
}

static int write_rows(struct parquet_writer *w, const struct schema *s,
		      const char *data_file, const struct row_set *rows, struct err *e)
{
	uint64_t count = row_set_count(rows);
	uint32_t *numbers = memory_array(uint32_t, count),
		 size = (uint32_t)strlen(data_file);
	struct columns group;
	int rc = 0;

	row_set_rows(rows, numbers);
	columns_init(&group, s);
	for (uint64_t i = 0; i < count && rc == 0; i++) {
		column_add_bytes(&group.columns[COLUMN_PATH], data_file, size);
		column_add_int64(&group.columns[COLUMN_POS], numbers[i]);
		columns_end_row(&group);
		if (group.row_count < GROUP_ROWS && i + 1 < count)
			continue;
		rc = parquet_writer_add(w, &group, NULL, group.row_count, e);
		columns_clear(&group);
	}
	columns_release(&group);
	memory_free(numbers);
	return rc < 0 ? -1 : parquet_writer_finish(w, e);
}

static void tell_position(struct iceberg_bounds *bounds, const struct field *f,
			  int64_t position)
{
	struct single_value v = { .integer = position };
	struct buffer bytes = { 0 };

	single_value_encode(&bytes, f, &v);
	iceberg_bounds_add(bounds, POS_ID, buffer_bytes(&bytes));
	buffer_release(&bytes);
}

static void tell(struct position_deletes_file *out, const struct schema *s,
		 const struct parquet_writer *w, const char *data_file)
{
	const struct parquet_bounds *b = parquet_writer_bounds(w, COLUMN_POS);
	const struct field *pos = &s->fields[COLUMN_POS];
	struct iceberg_metrics *m = &out->metrics;
	struct bytes path = bytes_of_text(data_file);

	*out = (struct position_deletes_file){
		.record_count = (int64_t)parquet_writer_rows(w),
		.size_bytes = (int64_t)parquet_writer_bytes(w),
	};
	iceberg_counts_add(&m->value_counts, POS_ID, out->record_count);
	iceberg_counts_add(&m->value_counts, PATH_ID, out->record_count);
	iceberg_counts_add(&m->null_counts, POS_ID, 0);
	iceberg_counts_add(&m->null_counts, PATH_ID, 0);
	tell_position(&m->lower, pos, b->min_int);
	tell_position(&m->upper, pos, b->max_int);
	iceberg_bounds_add(&m->lower, PATH_ID, path);
	iceberg_bounds_add(&m->upper, PATH_ID, path);
}

int position_deletes_write(struct position_deletes_file *out, struct store *store,
			   const char *key, const char *data_file,
			   const struct row_set *rows, struct err *e)
{
	struct store_writer *object = store_writer_open(store, key, e);
	struct parquet_writer *w;
	struct schema *s;
	int rc;

	assert(row_set_count(rows) > 0);
	if (object == NULL)
		return -1;
	s = file_schema(false);
	w = parquet_writer_open(s, PARQUET_ZSTD,
				(struct parquet_output){ write_bytes, object });
	rc = write_rows(w, s, data_file, rows, e);
	if (rc == 0)
		rc = store_writer_finish(object, e);
	else
		store_writer_abort(object);
	if (rc == 0)
		tell(out, s, w, data_file);
	parquet_writer_close(w);
	schema_release(s);
	return rc;
}

void position_deletes_file_release(struct position_deletes_file *f)
{
	iceberg_metrics_release(&f->metrics);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct position_deletes_rows *)a)->data_file,
		      ((const struct position_deletes_rows *)b)->data_file);
}

/* Sorts, and joins what is there of the same data file. */
static void settle(struct position_deletes *d)
{
	uint32_t kept = 0;

	if (d->file_count > 0)
		qsort(d->files, d->file_count, sizeof(*d->files), compare_files);
	for (uint32_t i = 0; i < d->file_count; i++) {
		struct position_deletes_rows *f = &d->files[i];

		if (kept == 0 || compare_files(&d->files[kept - 1], f) != 0) {
			d->files[kept++] = *f;
			continue;
		}
		row_set_union(d->files[kept - 1].rows, f->rows);
		row_set_free(f->rows);
		memory_free(f->data_file);
	}
	d->file_count = kept;
}

/* Rows of a data file. One that came earlier comes twice until settle(). NULL: too many. */
static struct row_set *rows_of(struct position_deletes *d, struct bytes path)
{
	struct position_deletes_rows *f;

	if (d->file_count > 0) {
		f = &d->files[d->file_count - 1];
		if (bytes_equal(bytes_of_text(f->data_file), path))
			return f->rows;
	}
	if (d->file_count == d->capacity) {
		settle(d);
		if (d->file_count > POSITION_DELETES_FILES_MAX)
			return NULL;
		d->capacity = d->file_count * 2 + FILES_AT_ONCE;
		d->files = memory_grow(d->files, struct position_deletes_rows, d->capacity);
	}
	f = &d->files[d->file_count++];
	*f = (struct position_deletes_rows){ .data_file = memory_copy(path.data, path.size),
					     .rows = row_set_new() };
	return f->rows;
}

/* How many rows from `first` on are of its data file. Their numbers go to `out`. */
static int take_run(uint32_t *out, uint32_t *count, const struct columns *c, uint32_t first,
		    struct err *e)
{
	const struct column *paths = &c->columns[COLUMN_PATH],
			    *pos = &c->columns[COLUMN_POS];
	struct bytes path = { 0 };

	for (uint32_t i = first; i < c->row_count; i++) {
		int64_t number;

		if (column_is_null(paths, i) || column_is_null(pos, i))
			return err_set(e, ERR_DATA, "a row has no file_path or no pos");
		if (i == first)
			path = column_bytes(paths, i);
		else if (!bytes_equal(column_bytes(paths, i), path))
			break;
		number = column_int64(pos, i);
		if (number < 0 || number > UINT32_MAX)
			return err_set(e, ERR_DATA, "pos %" PRId64 " is no row of a file",
				       number);
		out[(*count)++] = (uint32_t)number;
	}
	if (path.size == 0 || memchr(path.data, 0, path.size) != NULL)
		return err_set(e, ERR_DATA, "a file_path is empty or holds a zero byte");
	return 0;
}

static int take_rows(struct position_deletes *into, const struct columns *c, struct err *e)
{
	uint32_t numbers[READ_ROWS], count;

	for (uint32_t first = 0; first < c->row_count; first += count) {
		struct row_set *rows;

		count = 0;
		if (take_run(numbers, &count, c, first, e) < 0)
			return -1;
		rows = rows_of(into, column_bytes(&c->columns[COLUMN_PATH], first));
		if (rows == NULL)
			return err_set(e, ERR_DATA, "it is of more than %u data files",
				       POSITION_DELETES_FILES_MAX);
		row_set_add_sorted(rows, numbers, count);
	}
	return 0;
}

static int read_rows(struct position_deletes *into, const struct schema *s,
		     struct parquet_reader *r, struct err *e)
{
	struct columns rows;
	int rc;

	columns_init(&rows, s);
	while ((rc = parquet_reader_next(r, NULL, READ_ROWS, &rows, e)) == 0) {
		rc = take_rows(into, &rows, e);
		if (rc < 0)
			break;
		columns_clear(&rows);
	}
	columns_release(&rows);
	return rc < 0 ? -1 : 0;
}

int position_deletes_parse(struct position_deletes *into, struct parquet_input input,
			   struct err *e)
{
	struct schema *s = file_schema(true);
	struct parquet_reader *r = NULL;
	int rc = parquet_reader_open(&r, s, input, e);

	if (rc == 0)
		rc = read_rows(into, s, r, e);
	settle(into);
	parquet_reader_close(r);
	schema_release(s);
	return rc;
}

struct object {
	struct store *store;
	const char *key;
};

static int read_bytes(void *context, uint64_t offset, uint64_t size, struct buffer *out,
		      struct err *e)
{
	struct object *o = context;
	int rc = store_get(o->store, o->key, offset, size, out, e);

	return rc > 0 ? err_set(e, ERR_DATA, "it is gone") : rc;
}

int position_deletes_read(struct position_deletes *into, struct store *store,
			  const char *key, struct err *e)
{
	struct object object = { store, key };
	struct parquet_input input = { .get = read_bytes, .context = &object };
	int rc = store->ops->size(store, key, &input.size, e);

	if (rc > 0)
		rc = err_set(e, ERR_DATA,
			     "it is gone; without it deleted rows would come back");
	if (rc == 0)
		rc = position_deletes_parse(into, input, e);
	return rc < 0 ? err_wrap(e, "position deletes \"%s\"", key) : 0;
}

const struct row_set *position_deletes_find(const struct position_deletes *d,
					    const char *data_file)
{
	struct position_deletes_rows key = { .data_file = (char *)(uintptr_t)data_file };
	const struct position_deletes_rows *found =
		d->file_count == 0 ? NULL
				   : bsearch(&key, d->files, d->file_count, sizeof(key),
					     compare_files);

	return found == NULL ? NULL : found->rows;
}

void position_deletes_release(struct position_deletes *d)
{
	for (uint32_t i = 0; i < d->file_count; i++) {
		memory_free(d->files[i].data_file);
		row_set_free(d->files[i].rows);
	}
	memory_free(d->files);
	*d = (struct position_deletes){ 0 };
}
