/* SPDX-License-Identifier: Apache-2.0 */
/* One column of one row group on its way into the file: cells gathered, encoded, cut into pages. */
#ifndef PARQUET_CHUNK_H
#define PARQUET_CHUNK_H

#include "parquet/parquet.h"

enum parquet_physical { /* the format's numbers */
	PHYSICAL_BOOLEAN = 0,
	PHYSICAL_INT32 = 1,
	PHYSICAL_INT64 = 2,
	PHYSICAL_INT96 = 3,
	PHYSICAL_FLOAT = 4,
	PHYSICAL_DOUBLE = 5,
	PHYSICAL_BYTE_ARRAY = 6,
	PHYSICAL_FIXED = 7,
};

enum parquet_encoding { /* the format's numbers */
	ENCODING_PLAIN = 0,
	ENCODING_PLAIN_DICTIONARY = 2,
	ENCODING_RLE = 3,
	ENCODING_BIT_PACKED = 4,
	ENCODING_DELTA_BINARY_PACKED = 5,
	ENCODING_DELTA_LENGTH_BYTE_ARRAY = 6,
	ENCODING_DELTA_BYTE_ARRAY = 7,
	ENCODING_RLE_DICTIONARY = 8,
	ENCODING_BYTE_STREAM_SPLIT = 9,
};

#define PAGE_ROWS_MAX  20000u
#define PAGE_BYTES_MAX ((size_t)1 << 20)

enum parquet_physical physical_of(const struct field *f);
/* Bytes of a FIXED value of a DECIMAL of this precision. */
unsigned fixed_size(unsigned precision);

/* Bounds of a page or a chunk as the format stores them: PLAIN without a length. */
struct value_bounds {
	bool has_bounds, is_min_exact, is_max_exact;
	struct buffer min, max;
};

struct page {
	uint64_t offset;      /* in the file */
	uint32_t size;        /* with its header */
	uint32_t first_row;   /* in the row group */
	uint32_t null_count;
	bool is_null_page;
	struct value_bounds bounds;
};

enum boundary_order { /* of the pages' bounds; the format's numbers */
	BOUNDARY_UNORDERED = 0,
	BOUNDARY_ASCENDING = 1,
	BOUNDARY_DESCENDING = 2,
};

struct chunk {
	const struct field *field;
	enum parquet_physical physical;
	enum parquet_codec codec;
	bool has_dictionary;
	enum parquet_encoding encoding;
	uint64_t dictionary_offset, data_offset;
	uint64_t size, raw_size; /* all pages with headers; before compression */
	uint32_t value_count, null_count;
	struct value_bounds bounds;
	struct page *pages;
	uint32_t page_count;
	enum boundary_order order; /* pages of NULLs alone do not count */
};

void chunk_release(struct chunk *c);
/*
 * Encodes the rows and hands the bytes to `output` from file offset `*at`, which advances. Bounds of
 * live values are folded into `bounds`.
 */
int chunk_write(struct chunk *c, const struct column *column, const uint32_t *rows, uint32_t count,
		struct parquet_output output, uint64_t *at, struct parquet_bounds *bounds,
		struct err *e);

#endif
