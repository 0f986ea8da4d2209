/* SPDX-License-Identifier: Apache-2.0 */
#include "table/dv_blob.h"

#include <inttypes.h>
#include <libdeflate.h>

static void put_u32be(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

int dv_blob_encode(const struct row_set *rows, struct buffer *out, struct err *e)
{
	size_t start = out->size, size;
	uint8_t *at;

	buffer_grow(out, 4);
	row_set_encode(rows, out);
	size = out->size - start - 4;
	if (out->size > INT32_MAX - 4)
		return err_set(e, ERR_DATA,
			       "the deletion vectors of one commit pass 2 GiB");
	buffer_grow(out, 4);
	at = out->data + start;
	put_u32be(at, (uint32_t)size);
	put_u32be(at + 4 + size, libdeflate_crc32(0, at + 4, size));
	return 0;
}

int dv_blob_decode(struct row_set **out, struct bytes blob, uint64_t row_limit,
		   struct err *e)
{
	struct reader r = reader_of(blob);
	uint64_t size = reader_uint_be(&r, 4), crc;
	struct bytes bitmap;

	if (r.short_read || reader_left(&r) != size + 4)
		return err_set(e, ERR_DATA,
			       "it has a bitmap of %" PRIu64 " bytes in a place of %zu",
			       size, blob.size);
	bitmap = reader_bytes(&r, size);
	crc = reader_uint_be(&r, 4);
	if (crc != libdeflate_crc32(0, bitmap.data, bitmap.size))
		return err_set(e, ERR_DATA, "its CRC-32 is wrong: the file is damaged");
	return row_set_decode(out, bitmap, row_limit, e);
}
