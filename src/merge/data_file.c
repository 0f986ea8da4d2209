/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/data_file.h"

#include "base/clock.h"
#include "base/memory.h"
#include "parquet/parquet.h"

struct data_file_reader {
	struct store *store;
	const char *key;
	struct schema *schema;
	struct parquet_reader *parquet;
	uint8_t *key_fields; /* bitmap */
};

struct writing {
	struct store *store;
	struct store_writer *writer;
};

static int write_bytes(void *context, struct bytes bytes, struct err *e)
{
	struct writing *w = context;

	return w->store->ops->writer_write(w->writer, bytes, e);
}

static int write_groups(struct parquet_writer *w, const struct columns *columns, const uint32_t *rows,
			uint32_t count, struct err *e)
{
	for (uint32_t first = 0; first < count; first += ROW_GROUP_ROWS_MAX) {
		uint32_t group = count - first < ROW_GROUP_ROWS_MAX ? count - first : ROW_GROUP_ROWS_MAX;
		uint32_t *range = NULL;
		int rc;

		if (rows == NULL && first > 0) { /* the writer's NULL means the first rows */
			range = memory_array(uint32_t, group);
			for (uint32_t i = 0; i < group; i++)
				range[i] = first + i;
		}
		rc = parquet_writer_add(w, columns, rows != NULL ? rows + first : range, group, e);
		memory_free(range);
		if (rc < 0)
			return -1;
	}
	return parquet_writer_finish(w, e);
}

int data_file_write(struct data_file *out, struct store *store, struct schema *schema,
		    const struct columns *columns, const uint32_t *rows, uint32_t count, struct err *e)
{
	struct writing writing = { .store = store };
	struct buffer name = { 0 }, stats = { 0 };
	struct parquet_writer *parquet = NULL;
	int rc = -1;

	delta_file_name(&name);
	writing.writer = store->ops->writer_open(store, buffer_string(&name), e);
	if (writing.writer == NULL)
		goto out;
	parquet = parquet_writer_open(schema, PARQUET_ZSTD,
				      (struct parquet_output){ write_bytes, &writing });
	rc = write_groups(parquet, columns, rows, count, e);
	if (rc < 0)
		goto out;
	rc = store->ops->writer_finish(writing.writer, e);
	writing.writer = NULL;
	if (rc < 0)
		goto out;
	delta_stats(&stats, schema, parquet);
	*out = (struct data_file){
		.path = memory_copy_text(buffer_string(&name)),
		.size_bytes = parquet_writer_bytes(parquet),
		.row_count = count,
		.modified_at_ms = clock_now_us() / 1000,
		.stats = memory_copy_text(buffer_string(&stats)),
	};
out:
	if (writing.writer != NULL)
		store->ops->writer_abort(writing.writer);
	parquet_writer_close(parquet);
	buffer_release(&name);
	buffer_release(&stats);
	return rc < 0 ? err_wrap(e, "new data file") : 0;
}

static int read_bytes(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *e)
{
	struct data_file_reader *r = context;
	int rc = r->store->ops->get(r->store, r->key, offset, size, out, e);

	if (rc > 0)
		return err_set(e, ERR_DATA, "the file is gone from the store");
	return rc;
}

int data_file_open(struct data_file_reader **out, struct store *store, const struct data_file *file,
		   struct schema *schema, struct err *e)
{
	struct data_file_reader *r = memory_new(struct data_file_reader);
	struct parquet_input input = { read_bytes, r, file->size_bytes };

	r->store = store;
	r->key = file->path;
	r->schema = schema_share(schema);
	r->key_fields = memory_array(uint8_t, (schema->field_count + 7) / 8);
	for (uint32_t i = 0; i < schema->key_count; i++)
		r->key_fields[schema->key[i] >> 3] |= (uint8_t)(1u << (schema->key[i] & 7));
	if (parquet_reader_open(&r->parquet, schema, input, e) < 0) {
		data_file_close(r);
		return err_wrap(e, "data file %s", file->path);
	}
	*out = r;
	return 0;
}

void data_file_close(struct data_file_reader *r)
{
	if (r == NULL)
		return;
	parquet_reader_close(r->parquet);
	schema_release(r->schema);
	memory_free(r->key_fields);
	memory_free(r);
}

int data_file_keys(struct data_file_reader *r, const struct key_shape *shape, uint32_t limit,
		   struct columns *rows, struct key_hash *keys, struct err *e)
{
	const uint8_t *wanted = shape->is_multiset ? NULL : r->key_fields;
	int rc;

	columns_clear(rows);
	rc = parquet_reader_next(r->parquet, wanted, limit, rows, e);
	if (rc == 0)
		key_hash_rows(shape, rows, 0, rows->row_count, keys);
	return rc;
}

int data_file_pick(struct data_file_reader *r, const uint32_t *rows, uint32_t count,
		   struct columns *columns, struct err *e)
{
	return parquet_reader_pick(r->parquet, NULL, rows, count, columns, e);
}
