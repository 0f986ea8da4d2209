/* SPDX-License-Identifier: Apache-2.0 */
/* Least and greatest values: for the format's statistics (bytes) and for parquet_bounds (typed). */
#ifndef PARQUET_BOUNDS_H
#define PARQUET_BOUNDS_H

#include "parquet/cells.h"
#include "parquet/chunk.h"

/* Typed bounds of values [first, first + count); `out` is overwritten, its buffers reused. */
void bounds_of(struct parquet_bounds *out, const struct field *f, const struct cells *c,
	       uint32_t first, uint32_t count);
/* Widens `to` by `more`. A side without bounds but with values takes them away for good. */
void bounds_fold(struct parquet_bounds *to, const struct parquet_bounds *more, const struct field *f,
		 bool is_first, bool has_values);
/* As the format stores them. BYTES bounds longer than 64 bytes are cut; the max is rounded up. */
void bounds_store(struct value_bounds *out, const struct parquet_bounds *b, const struct field *f,
		  unsigned fixed);
/* <0, 0, >0; both have bounds. */
int bounds_compare(const struct parquet_bounds *a, const struct parquet_bounds *b,
		   const struct field *f, bool max);
void parquet_bounds_release(struct parquet_bounds *b);

#endif
