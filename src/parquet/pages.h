/* SPDX-License-Identifier: Apache-2.0 */
/* A column chunk read page by page: levels and dense values. */
#ifndef PARQUET_PAGES_H
#define PARQUET_PAGES_H

#include "parquet/decode.h"
#include "parquet/metadata.h"

struct pages {
	struct parquet_input input;
	const struct file_leaf *leaf;
	const struct file_chunk *chunk;
	uint64_t at, end;       /* file offsets of what is left */
	uint64_t entries_left;
	struct values dictionary;
	struct buffer dictionary_data;
	bool has_dictionary;

	/* the present page: */
	uint32_t entry_count;
	uint32_t *definitions;  /* NULL when the maximum is 0 */
	uint32_t *repetitions;  /* NULL when the maximum is 0 */
	uint32_t level_capacity;
	struct values values;   /* of the entries with the maximal definition */
	struct buffer head, packed, data;
};

/* Everything is borrowed until release. */
void pages_open(struct pages *p, struct parquet_input input, const struct file_leaf *leaf,
		const struct file_chunk *chunk);
void pages_release(struct pages *p);
/* The next data page; 1 at the end. What the page held before is gone. */
int pages_next(struct pages *p, struct err *e);
/* The data page at this file offset (from an OffsetIndex), dictionary included. */
int pages_seek(struct pages *p, uint64_t offset, struct err *e);

#endif
