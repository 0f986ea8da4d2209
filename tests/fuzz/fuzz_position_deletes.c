/* SPDX-License-Identifier: Apache-2.0 */
/* A position-delete file from anybody: refused, or its data files are sorted, each once, with rows. */
#include <assert.h>
#include <string.h>

#include "table/iceberg/position_deletes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int slice(void *context, uint64_t offset, uint64_t size, struct buffer *out,
		 struct err *e)
{
	const struct bytes *file = context;

	if (offset > file->size || size > file->size - offset)
		return err_set(e, ERR_DATA, "read past the end");
	buffer_append(out, file->data + offset, size);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = { data, size };
	struct position_deletes d = { 0 };
	struct err e = ERR_INIT;

	position_deletes_parse(&d, (struct parquet_input){ slice, &file, size }, &e);
	for (uint32_t i = 0; i < d.file_count; i++) {
		assert(i == 0 ||
		       strcmp(d.files[i - 1].data_file, d.files[i].data_file) < 0);
		assert(row_set_count(d.files[i].rows) > 0);
		assert(position_deletes_find(&d, d.files[i].data_file) == d.files[i].rows);
	}
	position_deletes_release(&d);
	return 0;
}
