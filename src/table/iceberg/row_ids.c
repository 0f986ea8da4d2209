/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/row_ids.h"

#include "base/memory.h"
#include "table/iceberg/file_input.h"
#include "table/row_lineage.h"
#include "table/table.h"

#define ROWS_AT_ONCE 65536u

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

static int raise_file(int64_t *next, const struct file_input *in, uint64_t size_bytes, struct err *e)
{
	struct schema *schema = row_lineage_schema(NULL);
	struct parquet_reader *reader = NULL;
	struct columns rows;
	int rc;

	columns_init(&rows, schema);
	rc = parquet_reader_open(&reader, schema, file_input_of(in, size_bytes), e);
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
	const struct file_input in = { store, key };
	uint64_t size_bytes;
	int rc = store->ops->size(store, key, &size_bytes, e);

	if (rc == 0)
		rc = raise_file(next, &in, size_bytes, e);
	memory_free(key);
	return rc < 0 ? err_wrap(e, "ids of rows: data file %s", path) : 0;
}
