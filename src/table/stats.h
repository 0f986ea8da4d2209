/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a data file says of its columns, as JSON text: that of Delta's "Per-file Statistics". Other formats derive
 * theirs from it. Timestamps are rounded outwards to milliseconds, texts to 32 characters.
 */
#ifndef TABLE_STATS_H
#define TABLE_STATS_H

#include "parquet/parquet.h"

#define STATS_COLUMNS_MAX 32 /* delta.dataSkippingNumIndexedCols */

/* bounds[i] of the schema's field i, for the first STATS_COLUMNS_MAX. */
void stats_format(struct buffer *out, const struct schema *s, uint64_t row_count,
		  const struct parquet_bounds *const *bounds);
/* The same of a file that is written to its end. */
void stats_collect(struct buffer *out, const struct schema *s, const struct parquet_writer *w);

#endif
