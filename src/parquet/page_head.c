/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/page_head.h"

#include "parquet/compress.h"
#include "parquet/thrift.h"

void page_head(struct buffer *out, enum page_type type, uint32_t values, enum parquet_encoding encoding,
	       size_t raw_size, struct bytes packed)
{
	struct thrift_writer t;

	buffer_clear(out);
	thrift_begin(&t, out);
	thrift_i32(&t, 1, (int32_t)type);
	thrift_i32(&t, 2, (int32_t)raw_size);
	thrift_i32(&t, 3, (int32_t)packed.size);
	thrift_i32(&t, 4, (int32_t)page_crc(packed));
	thrift_struct(&t, type == PAGE_DATA ? 5 : 7);
	thrift_i32(&t, 1, (int32_t)values);
	thrift_i32(&t, 2, (int32_t)encoding);
	if (type == PAGE_DATA) {
		thrift_i32(&t, 3, ENCODING_RLE);
		thrift_i32(&t, 4, ENCODING_RLE);
	}
	thrift_end(&t);
	thrift_end(&t);
}
