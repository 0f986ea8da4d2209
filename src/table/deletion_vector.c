/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row sets as roaring bitmaps. What comes from a file is walked and checked before the
 * library sees it: libroaring 0.2 trusts the contents of containers.
 */
#include "table/deletion_vector.h"

#include <inttypes.h>
#include <roaring/roaring.h>

#include "base/memory.h"

#define DELETION_VECTOR_MAGIC 1681511377u
#define COOKIE_NO_RUNS        12346u
#define COOKIE_RUNS 12347u /* low 16 bits; the high ones are the container count - 1 */
#define ARRAY_CARDINALITY_MAX 4096u
#define OFFSETS_FROM 4u /* with runs, offsets stand there from this count on */

struct row_set {
	roaring_bitmap_t *bitmap;
};

static struct row_set *row_set_of(roaring_bitmap_t *bitmap)
{
	struct row_set *s = memory_new(struct row_set);

	s->bitmap = bitmap;
	return s;
}

struct row_set *row_set_new(void)
{
	return row_set_of(roaring_bitmap_create());
}

void row_set_free(struct row_set *s)
{
	if (s == NULL)
		return;
	roaring_bitmap_free(s->bitmap);
	memory_free(s);
}

struct row_set *row_set_copy(const struct row_set *s)
{
	return row_set_of(roaring_bitmap_copy(s->bitmap));
}

bool row_set_has(const struct row_set *s, uint32_t row)
{
	return roaring_bitmap_contains(s->bitmap, row);
}

bool row_set_add(struct row_set *s, uint32_t row)
{
	return roaring_bitmap_add_checked(s->bitmap, row);
}

void row_set_add_sorted(struct row_set *s, const uint32_t *rows, uint32_t count)
{
	roaring_bitmap_add_many(s->bitmap, count, rows);
}

void row_set_union(struct row_set *to, const struct row_set *from)
{
	roaring_bitmap_or_inplace(to->bitmap, from->bitmap);
}

void row_set_subtract(struct row_set *s, const struct row_set *part)
{
	roaring_bitmap_andnot_inplace(s->bitmap, part->bitmap);
}

bool row_set_contains(const struct row_set *s, const struct row_set *part)
{
	return roaring_bitmap_is_subset(part->bitmap, s->bitmap);
}

uint64_t row_set_count(const struct row_set *s)
{
	return roaring_bitmap_get_cardinality(s->bitmap);
}

void row_set_rows(const struct row_set *s, uint32_t *out)
{
	roaring_bitmap_to_uint32_array(s->bitmap, out);
}

bool row_set_max(const struct row_set *s, uint32_t *out)
{
	if (roaring_bitmap_is_empty(s->bitmap))
		return false;
	*out = roaring_bitmap_maximum(s->bitmap);
	return true;
}

void row_set_encode(const struct row_set *s, struct buffer *out)
{
	roaring_bitmap_t *packed;
	uint8_t *at;

	buffer_u32le(out, DELETION_VECTOR_MAGIC);
	if (roaring_bitmap_is_empty(s->bitmap)) {
		buffer_u64le(out, 0);
		return;
	}
	buffer_u64le(out, 1);
	buffer_u32le(out, 0);
	packed = roaring_bitmap_copy(s->bitmap);
	roaring_bitmap_run_optimize(packed);
	at = buffer_grow(out, roaring_bitmap_portable_size_in_bytes(packed));
	roaring_bitmap_portable_serialize(packed, (char *)at);
	roaring_bitmap_free(packed);
}

/* A container of sorted 16-bit values. */
static bool array_is_sound(struct reader *r, uint32_t cardinality)
{
	int32_t last = -1;

	while (cardinality-- > 0) {
		uint16_t v = reader_u16le(r);

		if (v <= last)
			return false;
		last = v;
	}
	return !r->short_read;
}

/* 65,536 bits, as many set as was said. */
static bool bits_are_sound(struct reader *r, uint32_t cardinality)
{
	uint32_t count = 0;

	for (int i = 0; i < 1024; i++)
		count += (uint32_t)__builtin_popcountll(reader_u64le(r));
	return !r->short_read && count == cardinality;
}

/* u16 number of runs, then (start, length - 1) in order and apart. */
static bool runs_are_sound(struct reader *r, uint32_t cardinality)
{
	uint32_t run_count = reader_u16le(r), next = 0, count = 0;

	for (uint32_t i = 0; i < run_count; i++) {
		uint32_t start = reader_u16le(r), more = reader_u16le(r);

		if (r->short_read || (i > 0 && start < next) || start + more > UINT16_MAX)
			return false;
		next = start + more + 1;
		count += more + 1;
	}
	return !r->short_read && count == cardinality;
}

/*
 * The portable 32-bit form: cookie, container count, run flags, (key, cardinality - 1) of
 * each container, offsets, containers (github.com/RoaringBitmap/RoaringFormatSpec).
 */
static bool bitmap_is_sound(struct bytes data)
{
	struct reader r = reader_of(data), descriptions, offsets = { 0 };
	uint32_t cookie = reader_u32le(&r), count;
	struct bytes flags = { 0 };
	int32_t last_key = -1;

	if ((cookie & 0xffff) == COOKIE_RUNS) {
		count = (cookie >> 16) + 1;
		flags = reader_bytes(&r, (count + 7) / 8);
	} else {
		count = reader_u32le(&r);
		if (cookie != COOKIE_NO_RUNS || count > 65536)
			return false;
	}
	descriptions = reader_of(reader_bytes(&r, (size_t)count * 4));
	if (flags.size == 0 || count >= OFFSETS_FROM)
		offsets = reader_of(reader_bytes(&r, (size_t)count * 4));
	if (r.short_read)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		bool is_run = flags.size > 0 && (flags.data[i / 8] >> (i % 8) & 1) != 0;
		int32_t key = reader_u16le(&descriptions);
		uint32_t cardinality = reader_u16le(&descriptions) + 1u;
		bool is_sound;

		if (key <= last_key || (offsets.at != NULL && reader_u32le(&offsets) !=
						(uint32_t)(r.at - data.data)))
			return false;
		last_key = key;
		if (is_run)
			is_sound = runs_are_sound(&r, cardinality);
		else if (cardinality <= ARRAY_CARDINALITY_MAX)
			is_sound = array_is_sound(&r, cardinality);
		else
			is_sound = bits_are_sound(&r, cardinality);
		if (!is_sound)
			return false;
	}
	return reader_left(&r) == 0;
}

int row_set_decode(struct row_set **out, struct bytes data, uint64_t row_limit,
		   struct err *e)
{
	struct reader r = reader_of(data);
	uint32_t magic = reader_u32le(&r), high, max;
	uint64_t bucket_count = reader_u64le(&r);
	roaring_bitmap_t *bitmap;

	if (r.short_read)
		return err_set(e, ERR_DATA, "deletion vector of %zu bytes is truncated",
			       data.size);
	if (magic != DELETION_VECTOR_MAGIC)
		return err_set(e, ERR_DATA, "deletion vector has magic number %" PRIu32
			       " and not %u", magic, DELETION_VECTOR_MAGIC);
	if (bucket_count == 0 && reader_left(&r) == 0) {
		*out = row_set_new();
		return 0;
	}
	high = reader_u32le(&r);
	if (bucket_count != 1 || high != 0)
		return err_set(e, ERR_DATA,
			       "deletion vector has %" PRIu64
			       " buckets, the first at %" PRIu32
			       ": more rows than a file can have",
			       bucket_count, high);
	if (!bitmap_is_sound((struct bytes){ r.at, reader_left(&r) }))
		return err_set(e, ERR_DATA,
			       "deletion vector holds a damaged roaring bitmap");
	bitmap = roaring_bitmap_portable_deserialize_safe((const char *)r.at,
							  reader_left(&r));
	if (bitmap == NULL)
		return err_set(e, ERR_DATA,
			       "deletion vector holds a damaged roaring bitmap");
	max = roaring_bitmap_maximum(bitmap);
	if (!roaring_bitmap_is_empty(bitmap) && max >= row_limit) {
		roaring_bitmap_free(bitmap);
		return err_set(e, ERR_DATA, "deletion vector names row %" PRIu32
			       " of a file of %" PRIu64 " rows", max, row_limit);
	}
	*out = row_set_of(bitmap);
	return 0;
}
