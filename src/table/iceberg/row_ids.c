/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/row_ids.h"

#include "base/memory.h"
#include "parquet/parquet.h"
#include "table/row_lineage.h"
#include "table/table.h"

#define ROWS_AT_ONCE 65536u

struct input {
	struct store *store;
	const char *key;
};

static int get(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *e)
{
	const struct input *in = context;
	int rc = in->store->ops->get(in->store, in->key, offset, size, out, e);

	return rc > 0 ? err_set(e, ERR_DATA, "the file is gone from the store") : rc;
}

static int raise_all(int64_t *next, struct parquet_reader *reader, struct columns *rows, struct err *e)
{
	int rc;

	while (columns_clear(rows), (rc = parquet_reader_next(reader, NULL, ROWS_AT_ONCE, rows, e)) == 0) {
		for (uint32_t i = 0; i < rows->row_count; i++) {
			const struct column *ids = &rows->columns[0];

			if (column_is_null(ids, i) || column_int64(ids, i) < *next)
				continue;
			if (column_int64(ids, i) == INT64_MAX)
				return err_set(e, ERR_DATA, "row %u has the last id that there is", i);
			*next = column_int64(ids, i) + 1;
		}
	}
	return rc < 0 ? -1 : 0;
}

static int raise_file(int64_t *next, const struct input *in, uint64_t size_bytes, struct err *e)
{
	const struct parquet_input input = { get, (void *)(uintptr_t)in, size_bytes };
	struct schema *schema = row_lineage_schema(NULL);
	struct parquet_reader *reader = NULL;
	struct columns rows;
	uint64_t size;
	int rc = store->ops->size(store, key, &size, e);

	if (rc != 0) {
		schema_release(schema);
		return rc < 0 ? -1 : 0; /* gone: its readers will say so */
	}
	columns_init(&rows, schema);
	rc = parquet_reader_open(&reader, schema, input, e);
	if (rc == 0)
		rc = raise_all(next, reader, &rows, e);
	parquet_reader_close(reader);
	columns_release(&rows);
	schema_release(schema);
	return rc;
}

int row_ids_raise(int64_t *next, struct store *store, const char *path, struct err *e)
{
	char *key = table_file_key(path);
	const struct input in = { store, key };
	uint64_t size_bytes;
	int rc = store->ops->size(store, key, &size_bytes, e);

	if (rc == 0)
		rc = raise_file(next, &in, size_bytes, e);
	memory_free(key);
	return rc < 0 ? err_wrap(e, "ids of rows: data file %s", path) : 0;
}
