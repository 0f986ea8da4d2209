/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes to values: every encoding that files of others may bring (parquet-format Encodings.md). */
#ifndef PARQUET_DECODE_H
#define PARQUET_DECODE_H

#include "base/err.h"
#include "parquet/chunk.h"

/* `count` values of `width` bits (0..32); false when the bytes end before. */
bool decode_hybrid(struct reader *r, unsigned width, uint32_t *out, uint32_t count);
/* DELTA_BINARY_PACKED; the header's count must be `count`, or at least it when `count` is less. */
bool decode_delta(struct reader *r, int64_t *out, uint32_t count);

/* Dense values of one physical type, as a page or a dictionary holds them. */
struct values {
	enum parquet_physical physical;
	uint32_t count, capacity;
	int64_t *ints;       /* BOOLEAN, INT32, INT64 */
	float *floats;
	double *doubles;
	struct bytes *texts; /* BYTE_ARRAY, FIXED, INT96: into the page, or into `heap` */
	struct buffer heap;  /* values that DELTA_BYTE_ARRAY or BYTE_STREAM_SPLIT puts together */
};

void values_release(struct values *v);
/* Room for `count` values, whose number it becomes. */
void values_resize(struct values *v, enum parquet_physical physical, uint32_t count);
/*
 * Decodes `count` values. `fixed` is the width of FIXED values; `dictionary` is for the dictionary
 * encodings. Texts point into the reader's bytes. ERR_DATA.
 */
int decode_values(struct values *v, enum parquet_physical physical, int encoding, unsigned fixed,
		  uint32_t count, const struct values *dictionary, struct reader *r, struct err *e);

#endif
