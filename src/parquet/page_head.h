/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in front of a page that we write: PageHeader of parquet.thrift. */
#ifndef PARQUET_PAGE_HEAD_H
#define PARQUET_PAGE_HEAD_H

#include "parquet/chunk.h"

enum page_type { /* the format's numbers */
	PAGE_DATA = 0,       /* version 1 */
	PAGE_DICTIONARY = 2,
};

/*
 * The head into `out`, which is emptied. `values` counts a data page's entries or a dictionary's values;
 * levels are RLE; `packed` is the page behind it as compressed from `raw_size` bytes.
 */
void page_head(struct buffer *out, enum page_type type, uint32_t values, enum parquet_encoding encoding,
	       size_t raw_size, struct bytes packed);

#endif
