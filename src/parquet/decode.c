/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/decode.h"

#include <string.h>

#include "base/memory.h"

#define BLOCK_VALUES_MAX 65536u
#define MINIBLOCKS_MAX   512u

/* Unpacks groups of eight `width`-bit values, least significant bits first. */
static void unpack(const uint8_t *at, unsigned width, uint32_t *out, uint32_t count, const uint8_t *end)
{
	uint64_t mask = width == 32 ? UINT32_MAX : ((uint64_t)1 << width) - 1;
	uint64_t bit = 0;

	for (uint32_t i = 0; i < count; i++, bit += width) {
		const uint8_t *from = at + (bit >> 3);
		uint64_t word = 0;

		if (end - from >= 8)
			memcpy(&word, from, 8);
		else if (from < end)
			memcpy(&word, from, (size_t)(end - from));
		out[i] = (uint32_t)(word >> (bit & 7) & mask);
	}
}

bool decode_hybrid(struct reader *r, unsigned width, uint32_t *out, uint32_t count)
{
	uint32_t done = 0;

	if (width > 32)
		return false;
	while (done < count) {
		uint64_t head = reader_varint(r);
		uint64_t length = head >> 1;

		if (r->short_read || length == 0)
			return false;
		if ((head & 1) == 0) {
			uint32_t value = (uint32_t)reader_uint_le(r, (width + 7) / 8);
			uint32_t run = length < count - done ? (uint32_t)length : count - done;

			if (r->short_read)
				return false;
			for (uint32_t i = 0; i < run; i++)
				out[done + i] = value;
			done += run;
		} else {
			uint32_t left = count - done;
			uint32_t run = length < (left + 7) / 8 ? (uint32_t)length * 8 : left;
			size_t size = (size_t)((uint64_t)(run + 7) / 8 * width);
			struct bytes packed;

			run = run < left ? run : left;
			/* writers may leave out the padding of the last group */
			if (size > reader_left(r) && run == left)
				size = ((size_t)run * width + 7) / 8;
			packed = reader_bytes(r, size);
			if (r->short_read)
				return false;
			unpack(packed.data, width, out + done, run, packed.data + packed.size);
			done += run;
			if (length * width > size && done < count)
				return false;
		}
	}
	return true;
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static uint64_t bits_at(const uint8_t *at, const uint8_t *end, uint64_t bit, unsigned width)
{
	const uint8_t *from = at + (bit >> 3);
	unsigned shift = bit & 7;
	uint64_t low = 0, high = 0;

	if (end - from >= 8)
		memcpy(&low, from, 8);
	else
		memcpy(&low, from, (size_t)(end - from));
	low >>= shift;
	if (shift + width > 64 && end - from > 8)
		high = (uint64_t)from[8] << (64 - shift);
	return (low | high) & (width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1);
}

/* Eight bytes have a value of this width wherever in a byte it begins, and `left` bytes are to be read from `at`. */
static uint32_t count_narrow(unsigned width, uint32_t count, size_t left)
{
	uint64_t fit = left < 8 ? 0 : (uint64_t)(left - 8) * 8 / width + 1;

	if (width > 56)
		return 0;
	return fit < count ? (uint32_t)fit : count;
}

/* One miniblock's deltas, added up from `last`. */
static bool decode_miniblock(struct reader *r, unsigned width, uint32_t values, uint32_t wanted,
			     int64_t least, uint64_t *last, int64_t *out)
{
	struct bytes packed = reader_bytes(r, (size_t)values / 8 * width);
	uint64_t sum = *last, mask = ((uint64_t)1 << (width & 63)) - 1, bit = 0;
	uint32_t narrow, i = 0;

	if (r->short_read)
		return false;
	narrow = width == 0 ? 0 : count_narrow(width, wanted, (size_t)(r->end - packed.data));
	for (; i < narrow; i++, bit += width) {
		uint64_t word;

		memcpy(&word, packed.data + (bit >> 3), 8);
		sum += (word >> (bit & 7) & mask) + (uint64_t)least;
		out[i] = (int64_t)sum;
	}
	for (; i < wanted; i++, bit += width) {
		sum += (width == 0 ? 0 : bits_at(packed.data, packed.data + packed.size, bit, width)) + (uint64_t)least;
		out[i] = (int64_t)sum;
	}
	*last = sum;
	return true;
}

bool decode_delta(struct reader *r, int64_t *out, uint32_t count)
{
	uint64_t block = reader_varint(r), minis = reader_varint(r), total = reader_varint(r);
	uint64_t last = (uint64_t)unzigzag(reader_varint(r));
	uint32_t done = 1, per_mini;

	if (r->short_read || block == 0 || block > BLOCK_VALUES_MAX || minis == 0 ||
	    minis > MINIBLOCKS_MAX || block % minis != 0 || block / minis % 8 != 0 || total < count)
		return false;
	per_mini = (uint32_t)(block / minis);
	if (count > 0)
		out[0] = (int64_t)last;
	while (done < count) {
		int64_t least = unzigzag(reader_varint(r));
		struct bytes widths = reader_bytes(r, minis);

		for (uint32_t m = 0; m < minis && done < count && !r->short_read; m++) {
			uint32_t wanted = count - done < per_mini ? count - done : per_mini;

			if (widths.data[m] > 64 ||
			    !decode_miniblock(r, widths.data[m], per_mini, wanted, least, &last,
					      out + done))
				return false;
			done += wanted;
		}
		if (r->short_read)
			return false;
	}
	return true;
}

void values_release(struct values *v)
{
	memory_free(v->ints);
	memory_free(v->floats);
	memory_free(v->doubles);
	memory_free(v->texts);
	buffer_release(&v->heap);
	*v = (struct values){ 0 };
}

void values_resize(struct values *v, enum parquet_physical physical, uint32_t count)
{
	bool grows = count > v->capacity || physical != v->physical;

	v->physical = physical;
	v->count = count;
	if (!grows)
		return;
	v->capacity = count;
	switch (physical) {
	case PHYSICAL_FLOAT:
		v->floats = memory_grow(v->floats, float, count);
		break;
	case PHYSICAL_DOUBLE:
		v->doubles = memory_grow(v->doubles, double, count);
		break;
	case PHYSICAL_BOOLEAN:
	case PHYSICAL_INT32:
	case PHYSICAL_INT64:
		v->ints = memory_grow(v->ints, int64_t, count);
		break;
	case PHYSICAL_INT96:
	case PHYSICAL_BYTE_ARRAY:
	case PHYSICAL_FIXED:
		v->texts = memory_grow(v->texts, struct bytes, count);
		break;
	}
}

static bool plain_ints(struct values *v, size_t width, struct reader *r)
{
	struct bytes b = reader_bytes(r, v->count * width);

	if (r->short_read)
		return false;
	for (uint32_t i = 0; i < v->count; i++) {
		int32_t narrow;

		if (width == 8) {
			memcpy(&v->ints[i], b.data + (size_t)i * 8, 8);
		} else {
			memcpy(&narrow, b.data + (size_t)i * 4, 4);
			v->ints[i] = narrow;
		}
	}
	return true;
}

static bool plain_bools(struct values *v, struct reader *r)
{
	struct bytes b = reader_bytes(r, (v->count + 7) / 8);

	for (uint32_t i = 0; i < v->count && !r->short_read; i++)
		v->ints[i] = b.data[i >> 3] >> (i & 7) & 1;
	return !r->short_read;
}

static bool plain_texts(struct values *v, size_t fixed, struct reader *r)
{
	const uint8_t *at = r->at, *end = r->end;

	if (r->short_read)
		return false;
	for (uint32_t i = 0; i < v->count; i++) {
		uint32_t size = (uint32_t)fixed;

		if (fixed == 0) {
			if (end - at < 4)
				return false;
			memcpy(&size, at, 4);
			at += 4;
		}
		if ((size_t)(end - at) < size)
			return false;
		v->texts[i] = (struct bytes){ at, size };
		at += size;
	}
	r->at = at;
	return true;
}

static bool plain(struct values *v, unsigned fixed, struct reader *r)
{
	struct bytes b;

	switch (v->physical) {
	case PHYSICAL_BOOLEAN:
		return plain_bools(v, r);
	case PHYSICAL_INT32:
		return plain_ints(v, 4, r);
	case PHYSICAL_INT64:
		return plain_ints(v, 8, r);
	case PHYSICAL_FLOAT:
		b = reader_bytes(r, v->count * sizeof(float));
		if (!r->short_read && b.size > 0)
			memcpy(v->floats, b.data, b.size);
		return !r->short_read;
	case PHYSICAL_DOUBLE:
		b = reader_bytes(r, v->count * sizeof(double));
		if (!r->short_read && b.size > 0)
			memcpy(v->doubles, b.data, b.size);
		return !r->short_read;
	case PHYSICAL_INT96:
		return plain_texts(v, 12, r);
	case PHYSICAL_FIXED:
		return fixed > 0 && plain_texts(v, fixed, r);
	case PHYSICAL_BYTE_ARRAY:
		return plain_texts(v, 0, r);
	}
	return false;
}

/* Turns codes into the dictionary's values, in place where the codes lie apart. */
static bool look_up(struct values *v, const struct values *d, const uint32_t *codes)
{
	for (uint32_t i = 0; i < v->count; i++) {
		if (codes[i] >= d->count)
			return false;
	}
	switch (v->physical) {
	case PHYSICAL_FLOAT:
		for (uint32_t i = 0; i < v->count; i++)
			v->floats[i] = d->floats[codes[i]];
		break;
	case PHYSICAL_DOUBLE:
		for (uint32_t i = 0; i < v->count; i++)
			v->doubles[i] = d->doubles[codes[i]];
		break;
	case PHYSICAL_BOOLEAN:
	case PHYSICAL_INT32:
	case PHYSICAL_INT64:
		for (uint32_t i = 0; i < v->count; i++)
			v->ints[i] = d->ints[codes[i]];
		break;
	default:
		for (uint32_t i = 0; i < v->count; i++)
			v->texts[i] = d->texts[codes[i]];
	}
	return true;
}

static bool from_dictionary(struct values *v, const struct values *d, struct reader *r)
{
	unsigned width = reader_u8(r);
	uint32_t *codes;
	bool ok;

	if (r->short_read || d == NULL || d->physical != v->physical)
		return v->count == 0;
	codes = memory_resize(NULL, v->count, sizeof(*codes));
	ok = decode_hybrid(r, width, codes, v->count) && look_up(v, d, codes);
	memory_free(codes);
	return ok;
}

static bool rle_bools(struct values *v, struct reader *r)
{
	uint32_t *bits = memory_resize(NULL, v->count, sizeof(*bits));
	bool ok;

	(void)reader_u32le(r); /* their length */
	ok = decode_hybrid(r, 1, bits, v->count);
	for (uint32_t i = 0; i < v->count && ok; i++)
		v->ints[i] = bits[i];
	memory_free(bits);
	return ok;
}

static bool delta_lengths(struct reader *r, int64_t *lengths, uint32_t count)
{
	if (!decode_delta(r, lengths, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (lengths[i] < 0 || lengths[i] > UINT32_MAX)
			return false;
	}
	return true;
}

static bool delta_length_texts(struct values *v, struct reader *r)
{
	int64_t *lengths = memory_resize(NULL, v->count, sizeof(*lengths));
	bool ok = delta_lengths(r, lengths, v->count);

	for (uint32_t i = 0; i < v->count && ok; i++) {
		v->texts[i] = reader_bytes(r, (size_t)lengths[i]);
		ok = !r->short_read;
	}
	memory_free(lengths);
	return ok;
}

/* Each value is a prefix of the one before and a suffix of its own. */
static bool delta_texts(struct values *v, struct reader *r)
{
	int64_t *prefixes = memory_resize(NULL, v->count, sizeof(*prefixes));
	bool ok = delta_lengths(r, prefixes, v->count) && delta_length_texts(v, r);
	size_t total = 0, at = 0;

	for (uint32_t i = 0; i < v->count && ok; i++) {
		size_t before = i > 0 ? (size_t)prefixes[i - 1] + v->texts[i - 1].size : 0;

		ok = (size_t)prefixes[i] <= before && total < (size_t)1 << 31;
		total += (size_t)prefixes[i] + v->texts[i].size;
	}
	buffer_clear(&v->heap);
	if (ok)
		buffer_reserve(&v->heap, total);
	for (uint32_t i = 0; i < v->count && ok; i++) {
		size_t start = v->heap.size;

		buffer_append(&v->heap, v->heap.data + at, (size_t)prefixes[i]);
		buffer_bytes_append(&v->heap, v->texts[i]);
		v->texts[i] = (struct bytes){ v->heap.data + start, v->heap.size - start };
		at = start;
	}
	memory_free(prefixes);
	return ok;
}

static size_t split_width(enum parquet_physical physical, unsigned fixed)
{
	switch (physical) {
	case PHYSICAL_INT32:
	case PHYSICAL_FLOAT:
		return 4;
	case PHYSICAL_INT64:
	case PHYSICAL_DOUBLE:
		return 8;
	case PHYSICAL_FIXED:
		return fixed;
	default:
		return 0;
	}
}

/* BYTE_STREAM_SPLIT: the first bytes of all values, then all the second ones …; joined they are PLAIN. */
static bool split_values(struct values *v, unsigned fixed, struct reader *r)
{
	size_t width = split_width(v->physical, fixed);
	struct bytes b = reader_bytes(r, v->count * width);
	struct reader joined;
	uint8_t *to;

	if (r->short_read || width == 0)
		return false;
	buffer_clear(&v->heap);
	to = buffer_grow(&v->heap, b.size);
	for (size_t byte = 0; byte < width; byte++) {
		for (size_t i = 0; i < v->count; i++)
			to[i * width + byte] = b.data[byte * v->count + i];
	}
	joined = reader_of(buffer_bytes(&v->heap));
	return plain(v, fixed, &joined);
}

static bool is_int(const struct values *v)
{
	return v->physical == PHYSICAL_INT32 || v->physical == PHYSICAL_INT64;
}

static bool delta_ints(struct values *v, struct reader *r)
{
	bool ok = decode_delta(r, v->ints, v->count);

	for (uint32_t i = 0; i < v->count && ok && v->physical == PHYSICAL_INT32; i++)
		v->ints[i] = (int32_t)v->ints[i];
	return ok;
}

int decode_values(struct values *v, enum parquet_physical physical, int encoding, unsigned fixed,
		  uint32_t count, const struct values *dictionary, struct reader *r, struct err *e)
{
	bool is_text = physical == PHYSICAL_BYTE_ARRAY || physical == PHYSICAL_FIXED;
	bool ok = false;

	values_resize(v, physical, count);
	if (count == 0)
		return 0;
	if (encoding == ENCODING_PLAIN)
		ok = plain(v, fixed, r);
	else if (encoding == ENCODING_RLE_DICTIONARY || encoding == ENCODING_PLAIN_DICTIONARY)
		ok = from_dictionary(v, dictionary, r);
	else if (encoding == ENCODING_DELTA_BINARY_PACKED && is_int(v))
		ok = delta_ints(v, r);
	else if (encoding == ENCODING_RLE && physical == PHYSICAL_BOOLEAN)
		ok = rle_bools(v, r);
	else if (encoding == ENCODING_DELTA_LENGTH_BYTE_ARRAY && is_text)
		ok = delta_length_texts(v, r);
	else if (encoding == ENCODING_DELTA_BYTE_ARRAY && is_text)
		ok = delta_texts(v, r);
	else if (encoding == ENCODING_BYTE_STREAM_SPLIT)
		ok = split_values(v, fixed, r);
	else
		return err_set(e, ERR_DATA, "encoding %d of physical type %d is not supported", encoding,
			       (int)physical);
	return ok ? 0 : err_set(e, ERR_DATA, "a page's values are broken (encoding %d)", encoding);
}
