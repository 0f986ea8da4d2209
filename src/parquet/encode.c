/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/encode.h"

#include <string.h>

#define BLOCK_VALUES     128u
#define MINIBLOCKS       4u
#define MINIBLOCK_VALUES (BLOCK_VALUES / MINIBLOCKS)
/* A run this long is worth its own header. */
#define RUN_VALUES_MIN   8u

unsigned bit_width(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

/* Least significant bits first; count is a multiple of 8. */
static void pack(struct buffer *out, const uint64_t *values, uint32_t count, unsigned width)
{
	uint8_t *at = buffer_grow(out, (size_t)count * width / 8);
	unsigned __int128 held = 0;
	unsigned bits = 0;

	for (uint32_t i = 0; i < count; i++) {
		held |= (unsigned __int128)values[i] << bits;
		bits += width;
		while (bits >= 8) {
			*at++ = (uint8_t)held;
			held >>= 8;
			bits -= 8;
		}
	}
}

static void pack_u32(struct buffer *out, const uint32_t *values, uint32_t count, unsigned width)
{
	uint8_t *at = buffer_grow(out, (size_t)(count + 7) / 8 * width);
	uint64_t held = 0;
	unsigned bits = 0;

	for (uint32_t i = 0; i < (count + 7) / 8 * 8; i++) {
		held |= (uint64_t)(i < count ? values[i] : 0) << bits;
		bits += width;
		while (bits >= 8) {
			*at++ = (uint8_t)held;
			held >>= 8;
			bits -= 8;
		}
	}
}

static uint32_t run_length(const uint32_t *values, uint32_t count)
{
	uint32_t length = 1;

	while (length < count && values[length] == values[0])
		length++;
	return length;
}

static void put_run(struct buffer *out, uint32_t value, uint32_t count, unsigned width)
{
	buffer_varint(out, (uint64_t)count << 1);
	buffer_append(out, &value, (width + 7) / 8);
}

static void put_groups(struct buffer *out, const uint32_t *values, uint32_t count, unsigned width)
{
	if (count == 0)
		return;
	buffer_varint(out, (uint64_t)((count + 7) / 8) << 1 | 1);
	pack_u32(out, values, count, width);
}

void encode_hybrid(struct buffer *out, const uint32_t *values, uint32_t count, unsigned width)
{
	uint32_t packed = 0; /* values [packed, at) wait to be bit-packed */

	for (uint32_t at = 0; at < count;) {
		uint32_t length = run_length(values + at, count - at);
		uint32_t fill = (8 - (at - packed) % 8) % 8; /* to end on a whole group */

		if (length < RUN_VALUES_MIN + fill) {
			at += length;
			continue;
		}
		put_groups(out, values + packed, at + fill - packed, width);
		put_run(out, values[at], length - fill, width);
		at += length;
		packed = at;
	}
	put_groups(out, values + packed, count - packed, width);
}

static bool all_set(const uint8_t *bits, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		if ((bits[i >> 3] >> (i & 7) & 1) == 0)
			return false;
	}
	return true;
}

void encode_bits(struct buffer *out, const uint8_t *bits, uint32_t first, uint32_t count)
{
	uint8_t *at;

	if (bits == NULL || all_set(bits, first, count)) {
		put_run(out, 1, count, 1);
		return;
	}
	buffer_varint(out, (uint64_t)((count + 7) / 8) << 1 | 1);
	at = buffer_grow(out, (count + 7) / 8);
	memset(at, 0, (count + 7) / 8);
	for (uint32_t i = 0; i < count; i++) {
		if (bits[(first + i) >> 3] >> ((first + i) & 7) & 1)
			at[i >> 3] = (uint8_t)(at[i >> 3] | 1u << (i & 7));
	}
}

struct delta_block {
	uint64_t deltas[BLOCK_VALUES]; /* less the least, zero beyond `count` */
	int64_t least;
	unsigned widths[MINIBLOCKS];
	uint32_t count;
};

static int64_t difference(int64_t a, int64_t b, bool is_32)
{
	return is_32 ? (int32_t)((uint32_t)a - (uint32_t)b) : (int64_t)((uint64_t)a - (uint64_t)b);
}

/* The block of deltas whose values begin at values[1]; values[0] is the one before. */
static void fill_block(struct delta_block *b, const int64_t *values, uint32_t count, bool is_32)
{
	int64_t deltas[BLOCK_VALUES];
	uint64_t mask = is_32 ? UINT32_MAX : UINT64_MAX;

	b->count = count < BLOCK_VALUES ? count : BLOCK_VALUES;
	b->least = INT64_MAX;
	for (uint32_t i = 0; i < b->count; i++) {
		deltas[i] = difference(values[i + 1], values[i], is_32);
		b->least = deltas[i] < b->least ? deltas[i] : b->least;
	}
	for (uint32_t m = 0; m < MINIBLOCKS; m++) {
		uint64_t any = 0;

		for (uint32_t i = m * MINIBLOCK_VALUES; i < (m + 1) * MINIBLOCK_VALUES; i++) {
			b->deltas[i] = i < b->count ?
					       ((uint64_t)deltas[i] - (uint64_t)b->least) & mask : 0;
			any |= b->deltas[i];
		}
		b->widths[m] = bit_width(any);
	}
}

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

void encode_delta(struct buffer *out, const int64_t *values, uint32_t count, bool is_32)
{
	buffer_varint(out, BLOCK_VALUES);
	buffer_varint(out, MINIBLOCKS);
	buffer_varint(out, count);
	buffer_varint(out, zigzag(count > 0 ? values[0] : 0));
	for (uint32_t at = 1; at < count; at += BLOCK_VALUES) {
		struct delta_block b;

		fill_block(&b, values + at - 1, count - at, is_32);
		buffer_varint(out, zigzag(b.least));
		for (uint32_t m = 0; m < MINIBLOCKS; m++)
			buffer_char(out, (char)b.widths[m]);
		for (uint32_t m = 0; m < MINIBLOCKS && m * MINIBLOCK_VALUES < b.count; m++)
			pack(out, b.deltas + m * MINIBLOCK_VALUES, MINIBLOCK_VALUES, b.widths[m]);
	}
}

size_t encode_delta_size(const int64_t *values, uint32_t count, bool is_32)
{
	size_t size = 16;

	for (uint32_t at = 1; at < count; at += BLOCK_VALUES) {
		struct delta_block b;

		fill_block(&b, values + at - 1, count - at, is_32);
		size += 8;
		for (uint32_t m = 0; m < MINIBLOCKS && m * MINIBLOCK_VALUES < b.count; m++)
			size += b.widths[m] * MINIBLOCK_VALUES / 8;
	}
	return size;
}
