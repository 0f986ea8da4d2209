/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/pages.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "parquet/compress.h"
#include "parquet/encode.h"
#include "parquet/thrift.h"

#define HEAD_BYTES     256u
#define ENTRIES_MAX    (1 << 24) /* of a page: it is decoded whole */
#define HEAD_BYTES_MAX (1u << 24) /* statistics in it may hold whole values */

enum page_type { PAGE_DATA = 0, PAGE_INDEX = 1, PAGE_DICTIONARY = 2, PAGE_DATA_V2 = 3 };

struct page_head {
	int64_t type, raw_size, size, crc, value_count, encoding;
	int64_t definition_encoding, repetition_encoding;
	int64_t definition_size, repetition_size; /* v2 */
	bool has_crc, is_compressed;
};

void pages_open(struct pages *p, struct parquet_input input, const struct file_leaf *leaf,
		const struct file_chunk *chunk)
{
	bool has_dictionary = chunk->dictionary_offset > 0 &&
			      chunk->dictionary_offset < chunk->data_offset;

	p->input = input;
	p->leaf = leaf;
	p->chunk = chunk;
	p->at = has_dictionary ? chunk->dictionary_offset : chunk->data_offset;
	p->end = p->at + chunk->size;
	p->entries_left = chunk->value_count;
	p->has_dictionary = false;
}

void pages_release(struct pages *p)
{
	values_release(&p->dictionary);
	values_release(&p->values);
	buffer_release(&p->dictionary_data);
	memory_free(p->definitions);
	memory_free(p->repetitions);
	buffer_release(&p->head);
	buffer_release(&p->packed);
	buffer_release(&p->data);
	*p = (struct pages){ 0 };
}

static void read_data_head(struct thrift_reader *t, struct thrift_field f, struct page_head *h)
{
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		switch (f.number) {
		case 1: h->value_count = thrift_read_int(t, f); break;
		case 2: h->encoding = thrift_read_int(t, f); break;
		case 3: h->definition_encoding = thrift_read_int(t, f); break;
		case 4: h->repetition_encoding = thrift_read_int(t, f); break;
		default: thrift_skip(t, f);
		}
	}
}

static void read_dictionary_head(struct thrift_reader *t, struct thrift_field f, struct page_head *h)
{
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		if (f.number == 1)
			h->value_count = thrift_read_int(t, f);
		else
			thrift_skip(t, f); /* its values are PLAIN in every version */
	}
}

static void read_data_head_v2(struct thrift_reader *t, struct thrift_field f, struct page_head *h)
{
	thrift_enter(t, f);
	while (thrift_next(t, &f)) {
		switch (f.number) {
		case 1: h->value_count = thrift_read_int(t, f); break;
		case 4: h->encoding = thrift_read_int(t, f); break;
		case 5: h->definition_size = thrift_read_int(t, f); break;
		case 6: h->repetition_size = thrift_read_int(t, f); break;
		case 7: h->is_compressed = thrift_read_bool(t, f); break;
		default: thrift_skip(t, f);
		}
	}
}

static bool parse_head(struct page_head *h, struct bytes data, size_t *used)
{
	struct thrift_reader t;
	struct thrift_field f;

	*h = (struct page_head){ .type = -1, .definition_encoding = ENCODING_RLE,
				 .repetition_encoding = ENCODING_RLE, .is_compressed = true };
	thrift_open(&t, data);
	while (thrift_next(&t, &f)) {
		switch (f.number) {
		case 1: h->type = thrift_read_int(&t, f); break;
		case 2: h->raw_size = thrift_read_int(&t, f); break;
		case 3: h->size = thrift_read_int(&t, f); break;
		case 4: h->crc = thrift_read_int(&t, f); h->has_crc = true; break;
		case 5: read_data_head(&t, f, h); break;
		case 7: read_dictionary_head(&t, f, h); break;
		case 8: read_data_head_v2(&t, f, h); break;
		default: thrift_skip(&t, f);
		}
	}
	*used = (size_t)(t.r.at - data.data);
	return !t.r.short_read;
}

/* A header's size is not known before: a small read first, larger ones when it does not fit. */
static int read_head(struct pages *p, struct page_head *h, struct err *e)
{
	for (size_t size = HEAD_BYTES; size <= HEAD_BYTES_MAX; size *= 8) {
		uint64_t left = p->end - p->at;
		size_t got = left < size ? (size_t)left : size;
		size_t used;

		buffer_clear(&p->head);
		if (got > 0 && p->input.get(p->input.context, p->at, got, &p->head, e) < 0)
			return -1;
		if (parse_head(h, buffer_bytes(&p->head), &used)) {
			p->at += used;
			if (h->size < 0 || h->raw_size < 0 || (uint64_t)h->size > p->end - p->at ||
			    h->value_count < 0 || h->value_count > ENTRIES_MAX)
				break;
			return 0;
		}
		if (got == left)
			break;
	}
	return err_set(e, ERR_DATA, "a page header at offset %" PRIu64 " is broken", p->at);
}

/* The page's bytes as stored, its CRC checked when it has one. */
static int read_body(struct pages *p, const struct page_head *h, struct err *e)
{
	buffer_clear(&p->packed);
	if (h->size > 0 && p->input.get(p->input.context, p->at, (uint64_t)h->size, &p->packed, e) < 0)
		return -1;
	if (h->has_crc && page_crc(buffer_bytes(&p->packed)) != (uint32_t)h->crc)
		return err_set(e, ERR_DATA, "the page at offset %" PRIu64 " has a wrong checksum", p->at);
	p->at += (uint64_t)h->size;
	return 0;
}

static int read_dictionary(struct pages *p, const struct page_head *h, struct err *e)
{
	struct reader r;

	buffer_clear(&p->dictionary_data);
	if (page_decompress(&p->dictionary_data, p->chunk->codec, buffer_bytes(&p->packed),
			    (size_t)h->raw_size, e) < 0)
		return -1;
	if (h->value_count > h->raw_size && p->leaf->physical != PHYSICAL_BOOLEAN)
		return err_set(e, ERR_DATA, "a dictionary has more values than bytes");
	r = reader_of(buffer_bytes(&p->dictionary_data));
	if (decode_values(&p->dictionary, p->leaf->physical, ENCODING_PLAIN, p->leaf->fixed,
			  (uint32_t)h->value_count, NULL, &r, e) < 0)
		return -1;
	p->has_dictionary = true;
	return 0;
}

/* The old BIT_PACKED levels: most significant bits first, no length. */
static bool bit_packed_levels(struct reader *r, unsigned width, uint32_t *out, uint32_t count)
{
	struct bytes b = reader_bytes(r, ((size_t)count * width + 7) / 8);

	if (r->short_read)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		out[i] = 0;
		for (unsigned bit = 0; bit < width; bit++) {
			size_t at = (size_t)i * width + bit;

			out[i] = out[i] << 1 | (b.data[at >> 3] >> (7 - (at & 7)) & 1);
		}
	}
	return true;
}

static bool unpack_levels(struct reader *r, unsigned width, int64_t encoding, int64_t size, uint32_t *out, uint32_t count)
{
	struct reader part;

	if (encoding == ENCODING_BIT_PACKED && size < 0)
		return bit_packed_levels(r, width, out, count);
	if (encoding != ENCODING_RLE)
		return false;
	part = reader_of(reader_bytes(r, size >= 0 ? (size_t)size : reader_u32le(r)));
	return !r->short_read && decode_hybrid(&part, width, out, count);
}

/* Levels up to `most`, and how many are that; v1 has their length in front, v2 in the header (`size` >= 0). */
static bool read_levels(struct reader *r, uint8_t most, int64_t encoding, int64_t size, uint32_t *out, uint32_t count,
			uint32_t *at_most)
{
	uint32_t above = 0, equal = 0;

	if (!unpack_levels(r, bit_width(most), encoding, size, out, count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		above += out[i] > most;
		equal += out[i] == most;
	}
	*at_most = equal;
	return above == 0;
}

static void reserve_levels(struct pages *p, uint32_t count)
{
	if (count <= p->level_capacity)
		return;
	p->level_capacity = count;
	if (p->leaf->definition_max > 0)
		p->definitions = memory_grow(p->definitions, uint32_t, count);
	if (p->leaf->repetition_max > 0)
		p->repetitions = memory_grow(p->repetitions, uint32_t, count);
}

static int decode_page(struct pages *p, const struct page_head *h, struct reader *r, bool is_v2,
		       struct err *e)
{
	uint32_t count = p->entry_count, values = count, unused;
	const struct file_leaf *leaf = p->leaf;

	reserve_levels(p, count);
	if (leaf->repetition_max > 0 &&
	    !read_levels(r, leaf->repetition_max, h->repetition_encoding,
			 is_v2 ? h->repetition_size : -1, p->repetitions, count, &unused))
		return err_set(e, ERR_DATA, "a page's repetition levels are broken");
	if (leaf->definition_max > 0 &&
	    !read_levels(r, leaf->definition_max, h->definition_encoding,
			 is_v2 ? h->definition_size : -1, p->definitions, count, &values))
		return err_set(e, ERR_DATA, "a page's definition levels are broken");
	return decode_values(&p->values, leaf->physical, (int)h->encoding, leaf->fixed, values,
			     p->has_dictionary ? &p->dictionary : NULL, r, e);
}

static int read_data(struct pages *p, const struct page_head *h, struct err *e)
{
	struct reader r;

	buffer_clear(&p->data);
	if (page_decompress(&p->data, p->chunk->codec, buffer_bytes(&p->packed), (size_t)h->raw_size,
			    e) < 0)
		return -1;
	r = reader_of(buffer_bytes(&p->data));
	return decode_page(p, h, &r, false, e);
}

/* v2: levels stand uncompressed in front. */
static int read_data_v2(struct pages *p, const struct page_head *h, struct err *e)
{
	size_t levels = (size_t)h->definition_size + (size_t)h->repetition_size;
	struct bytes packed = buffer_bytes(&p->packed);
	struct reader r;

	if (h->definition_size < 0 || h->repetition_size < 0 || levels > packed.size ||
	    levels > (size_t)h->raw_size)
		return err_set(e, ERR_DATA, "a page's level sizes are impossible");
	buffer_clear(&p->data);
	buffer_append(&p->data, packed.data, levels);
	if (levels > 0)
		packed = (struct bytes){ packed.data + levels, packed.size - levels };
	if (page_decompress(&p->data, h->is_compressed && packed.size > 0 ? p->chunk->codec : 0, packed,
			    (size_t)h->raw_size - levels, e) < 0)
		return -1;
	r = reader_of(buffer_bytes(&p->data));
	return decode_page(p, h, &r, true, e);
}

int pages_next(struct pages *p, struct err *e)
{
	while (p->entries_left > 0) {
		struct page_head h;

		if (read_head(p, &h, e) < 0 || read_body(p, &h, e) < 0)
			return -1;
		if (h.type == PAGE_DICTIONARY) {
			if (read_dictionary(p, &h, e) < 0)
				return -1;
			continue;
		}
		if (h.type == PAGE_INDEX)
			continue;
		if (h.type != PAGE_DATA && h.type != PAGE_DATA_V2)
			return err_set(e, ERR_DATA, "page type %d is not known", (int)h.type);
		if ((uint64_t)h.value_count > p->entries_left)
			return err_set(e, ERR_DATA, "a page has more values than its column");
		p->entry_count = (uint32_t)h.value_count;
		p->entries_left -= p->entry_count;
		if ((h.type == PAGE_DATA ? read_data(p, &h, e) : read_data_v2(p, &h, e)) < 0)
			return -1;
		if (p->entry_count > 0)
			return 0;
	}
	return 1;
}

int pages_seek(struct pages *p, uint64_t offset, struct err *e)
{
	uint64_t dictionary = p->chunk->dictionary_offset;
	struct page_head h;
	int rc;

	if (!p->has_dictionary && dictionary > 0 && dictionary < p->chunk->data_offset) {
		p->at = dictionary;
		if (read_head(p, &h, e) < 0 || read_body(p, &h, e) < 0 ||
		    read_dictionary(p, &h, e) < 0)
			return -1;
	}
	if (offset < p->chunk->data_offset || offset >= p->end)
		return err_set(e, ERR_DATA, "the page index points outside of its column");
	p->at = offset;
	p->entries_left = p->chunk->value_count;
	rc = pages_next(p, e);
	return rc > 0 ? err_set(e, ERR_DATA, "the page index points at no page") : rc;
}
