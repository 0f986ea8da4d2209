/* SPDX-License-Identifier: Apache-2.0 */
/* The text of "Per-file Statistics". */
#ifndef TABLE_DELTA_STATS_H
#define TABLE_DELTA_STATS_H

#include "table/delta/delta.h"

#define STATS_COLUMNS_MAX 32 /* delta.dataSkippingNumIndexedCols */

/* bounds[i] of the schema's field i, for the first STATS_COLUMNS_MAX. */
void stats_format(struct buffer *out, const struct schema *s, uint64_t row_count,
		  const struct parquet_bounds *const *bounds);

#endif
