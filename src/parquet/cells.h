/* SPDX-License-Identifier: Apache-2.0 */
/* The chosen rows of a column as dense non-NULL values, and their dictionary. */
#ifndef PARQUET_CELLS_H
#define PARQUET_CELLS_H

#include "parquet/parquet.h"

struct cells {
	enum storage storage;
	uint32_t row_count, value_count;
	uint8_t *valid;      /* bit per row; NULL: every row has a value */
	int64_t *ints;       /* BOOL, INT32, INT64 */
	int128_t *wides;     /* INT128 */
	double *doubles;
	float *floats;
	struct bytes *texts; /* BYTES; into the column's heap */
};

void cells_gather(struct cells *c, const struct column *column, const uint32_t *rows, uint32_t count);
void cells_release(struct cells *c);
/* Values among the rows [first, first + count). */
uint32_t cells_values(const struct cells *c, uint32_t first, uint32_t count);
/* PLAIN form of values [first, first + count); `fixed` is the width of INT128 values. */
void cells_plain(const struct cells *c, uint32_t first, uint32_t count, unsigned fixed,
		 struct buffer *out);

/* Distinct values in order of appearance, and each value's number. */
struct dictionary {
	uint32_t *codes;    /* per value */
	uint32_t *firsts;   /* per entry: a value that has it */
	uint32_t entry_count;
};

/* false: too many distinct values to be worth it; nothing to release. Ints and texts only. */
bool dictionary_make(struct dictionary *d, const struct cells *c);
void dictionary_release(struct dictionary *d);

#endif
