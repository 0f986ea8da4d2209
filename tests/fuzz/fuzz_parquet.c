/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a Parquet file: flat by two fields, and leaf by leaf. */
#include "base/memory.h"
#include "parquet/leaf.h"
#include "parquet/parquet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int slice(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *e)
{
	const struct bytes *file = context;

	if (offset > file->size || size > file->size - offset)
		return err_set(e, ERR_DATA, "read past the end");
	buffer_append(out, file->data + offset, size);
	return 0;
}

static void read_flat(struct parquet_input input)
{
	struct schema *s = schema_new("d", "t");
	struct parquet_reader *r;
	struct err e = ERR_INIT;
	struct columns rows;

	schema_add(s, "id", TYPE_LONG, true);
	schema_add(s, "name", TYPE_STRING, true);
	columns_init(&rows, s);
	if (parquet_reader_open(&r, s, input, &e) == 0) {
		for (int i = 0; i < 4 && parquet_reader_next(r, NULL, 1000, &rows, &e) == 0; i++)
			;
		parquet_reader_close(r);
	}
	columns_release(&rows);
	schema_release(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "id", "name", "txn.appId", "add.path",
					     "add.partitionValues.key_value.key" };
	struct bytes file = { data, size };
	struct parquet_input input = { slice, &file, size };
	struct parquet_leaves leaves;
	struct err e = ERR_INIT;

	read_flat(input);
	if (parquet_read_leaves(input, 0, paths, 5, &leaves, &e) == 0)
		parquet_leaves_release(&leaves);
	return 0;
}
