/* SPDX-License-Identifier: Apache-2.0 */
/* Values to bytes: the encodings that the writer uses (parquet-format Encodings.md). */
#ifndef PARQUET_ENCODE_H
#define PARQUET_ENCODE_H

#include <stdbool.h>

#include "base/bytes.h"

/*
 * RLE / bit-packing hybrid of `count` values of `width` bits (0..32), without the length in front. The
 * last bit-packed group is padded with zeros.
 */
void encode_hybrid(struct buffer *out, const uint32_t *values, uint32_t count, unsigned width);
/* The same of bits [first, first + count) of a bitmap, width 1; one run when all are set. */
void encode_bits(struct buffer *out, const uint8_t *bits, uint32_t first, uint32_t count);
/* DELTA_BINARY_PACKED: blocks of 128 values in 4 miniblocks. `is_32` wraps at 32 bits. */
void encode_delta(struct buffer *out, const int64_t *values, uint32_t count, bool is_32);
/* Bytes that encode_delta would take, nearly; for choosing. */
size_t encode_delta_size(const int64_t *values, uint32_t count, bool is_32);
unsigned bit_width(uint64_t v); /* 0 for 0 */

#endif
