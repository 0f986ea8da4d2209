/* SPDX-License-Identifier: Apache-2.0 */
/* Page compression: the only place with zstd and snappy. */
#ifndef PARQUET_COMPRESS_H
#define PARQUET_COMPRESS_H

#include "parquet/parquet.h"

/* A page, raw or not, is refused beyond this. */
#define PAGE_RAW_BYTES_MAX ((size_t)1 << 31)

/* Appends the compressed form. This and what follows reuse the contexts of their thread. */
void page_compress(struct buffer *out, enum parquet_codec codec, struct bytes raw);
/* Appends exactly `raw_size` bytes, or ERR_DATA, at once for more than `data` can become. `codec` is the file's number, gzip (2) included. */
int page_decompress(struct buffer *out, int codec, struct bytes data, size_t raw_size, struct err *e);
/* As page_decompress where nobody tells the size (blocks of Avro): SNAPPY and ZSTD, at most `raw_max` bytes. */
int page_decompress_unsized(struct buffer *out, enum parquet_codec codec, struct bytes data,
			    size_t raw_max, struct err *e);
uint32_t page_crc(struct bytes data);

#endif
