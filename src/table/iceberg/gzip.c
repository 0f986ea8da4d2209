/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/gzip.h"

#include <libdeflate.h>

#define RATIO_MAX 1032u /* deflate cannot do better */

bool gzip_is(struct bytes data)
{
	return data.size >= 2 && data.data[0] == 0x1f && data.data[1] == 0x8b;
}

int gzip_read(struct buffer *out, struct bytes data, size_t size_max, struct err *e)
{
	struct libdeflate_decompressor *d;
	enum libdeflate_result result;
	struct reader end;
	size_t size;

	if (data.size < 18)
		return err_set(e, ERR_DATA, "gzip of %zu bytes is truncated", data.size);
	end = reader_of((struct bytes){ data.data + data.size - 4, 4 });
	size = reader_u32le(&end); /* ISIZE */
	if (size > size_max)
		return err_set(e, ERR_DATA, "%zu bytes in gzip are more than %zu", size, size_max);
	if (size / RATIO_MAX > data.size)
		return err_set(e, ERR_DATA, "gzip of %zu bytes cannot hold the %zu that it claims", data.size, size);
	d = libdeflate_alloc_decompressor();
	if (d == NULL)
		return err_set(e, ERR_IO, "no memory to decompress gzip");
	buffer_reserve(out, size + 1);
	result = libdeflate_gzip_decompress(d, data.data, data.size, out->data + out->size, size, NULL);
	libdeflate_free_decompressor(d);
	if (result != LIBDEFLATE_SUCCESS)
		return err_set(e, ERR_DATA, "gzip of %zu bytes is damaged (libdeflate says %d)", data.size, result);
	out->size += size;
	return 0;
}
