/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys as 64-bit values or 128-bit hashes.
 *
 * The hashed form is XXH3-128 over the cells in order, each as {tag, [size u32], value}. A value has the same bytes in every
 * type that a column of its type may be widened to, so that a widened column keeps its hashes: integers, and decimals that fit,
 * are 8 bytes, the other decimals 16, and floats are doubles, which count by their bits.
 * Tag of a key's field: u8 1 (2 before 16 bytes), or u8 0 for NULL and nothing behind it. Tag of a row of a multiset: u64
 * hash of the field's name (plus 1 before 16 bytes), and a NULL cell leaves no trace, so that ADD COLUMN keeps the hashes too.
 */
#include "merge/key_hash.h"

#include <xxhash.h>

#define CELL_INLINE_MAX 1024          /* bytes; of a longer cell its own hash is taken */
#define NULL_WHOLE ((uint64_t)1 << 63) /* no cell but a LONG's can have this value */

static bool is_integer(enum storage s)
{
	return s == STORAGE_BOOL || s == STORAGE_INT32 || s == STORAGE_INT64;
}

void key_shape_init(struct key_shape *s, const struct schema *schema)
{
	const struct field *f;

	*s = (struct key_shape){ .schema = schema, .is_multiset = schema->key_count == 0,
				 .order_words = schema->order_count };
	if (schema->key_count != 1)
		return;
	f = &schema->fields[schema->key[0]];
	/* what may become one that has no place for NULL, or more than 64 bits, is hashed from the start */
	s->is_whole = is_integer(field_storage(f)) && f->type != TYPE_DECIMAL &&
		      !(f->is_nullable && (f->type == TYPE_LONG || f->type == TYPE_INT));
}

/* A number that is the same for all types that a field of this one may be widened to, and may have been widened from. */
static int print_of(const struct field *f)
{
	enum storage storage = field_storage(f);

	if (f->type == TYPE_DECIMAL)
		return -2;
	if (storage == STORAGE_FLOAT || storage == STORAGE_DOUBLE)
		return -3;
	return is_integer(storage) ? -1 : (int)storage;
}

struct key_hash key_text_hash(const char *text)
{
	XXH128_hash_t h = XXH3_128bits(text, strlen(text));

	return (struct key_hash){ h.low64, h.high64 };
}

uint64_t key_shape_print(const struct key_shape *s)
{
	struct buffer text = { 0 };
	uint64_t print;

	/* the form of multisets' hashes, of which nothing else here tells, is the third one */
	buffer_format(&text, "%d %d", s->is_whole, s->is_multiset ? 3 : 0);
	for (uint32_t k = 0; k < s->schema->key_count; k++) {
		const struct field *f = &s->schema->fields[s->schema->key[k]];

		buffer_format(&text, " %d %zu %s", print_of(f), strlen(f->name), f->name);
	}
	for (uint32_t i = 0; i < s->schema->order_count; i++) {
		const struct field *f = &s->schema->fields[s->schema->order[i]];

		buffer_format(&text, " by %d %zu %s", print_of(f), strlen(f->name), f->name);
	}
	print = XXH3_64bits(text.data, text.size);
	buffer_release(&text);
	return print;
}

static int64_t integer_cell(const struct column *c, uint32_t row)
{
	if (c->storage == STORAGE_INT64)
		return column_int64(c, row);
	return c->storage == STORAGE_INT32 ? column_int32(c, row) : c->values[row];
}

static void hash_whole(const struct column *c, uint32_t first, uint32_t count,
		       struct key_hash *out)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t low = (uint64_t)integer_cell(c, first + i);

		if (column_is_null(c, first + i))
			low = NULL_WHOLE;
		out[i] = (struct key_hash){ low, 0 };
	}
}

static void encode_bytes(struct buffer *b, struct bytes cell)
{
	buffer_u32le(b, (uint32_t)cell.size);
	if (cell.size <= CELL_INLINE_MAX) {
		buffer_bytes_append(b, cell);
	} else {
		XXH128_hash_t h = XXH3_128bits(cell.data, cell.size);

		buffer_append(b, &h, sizeof(h));
	}
}

/* Whether the cell has more than 64 bits. */
static bool is_long_cell(const struct column *c, uint32_t row)
{
	return c->storage == STORAGE_INT128 && column_int128(c, row) != (int64_t)column_int128(c, row);
}

static void encode_double(struct buffer *b, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	buffer_u64le(b, bits);
}

static void encode_int128(struct buffer *b, int128_t v)
{
	buffer_u64le(b, (uint64_t)v);
	if (v != (int64_t)v)
		buffer_u64le(b, (uint64_t)(v >> 64));
}

static void encode_cell(struct buffer *b, const struct column *c, uint32_t row)
{
	switch (c->storage) {
	case STORAGE_BYTES:
		encode_bytes(b, column_bytes(c, row));
		return;
	case STORAGE_FLOAT:
		encode_double(b, (double)column_float(c, row));
		return;
	case STORAGE_DOUBLE:
		encode_double(b, column_double(c, row));
		return;
	case STORAGE_INT128:
		encode_int128(b, column_int128(c, row));
		return;
	default:
		buffer_u64le(b, (uint64_t)integer_cell(c, row));
	}
}

static void encode_key(struct buffer *b, const struct schema *s, const struct columns *rows,
		       uint32_t row)
{
	for (uint32_t k = 0; k < s->key_count; k++) {
		const struct column *c = &rows->columns[s->key[k]];
		bool is_null = column_is_null(c, row);

		buffer_char(b, is_null ? 0 : is_long_cell(c, row) ? 2 : 1);
		if (!is_null)
			encode_cell(b, c, row);
	}
}

static void encode_row(struct buffer *b, const uint64_t *tags, const struct columns *rows,
		       uint32_t row)
{
	for (uint32_t f = 0; f < rows->column_count; f++) {
		const struct column *c = &rows->columns[f];

		if (column_is_null(c, row))
			continue;
		buffer_u64le(b, tags[f] + is_long_cell(c, row));
		encode_cell(b, c, row);
	}
}

static uint64_t *field_tags(const struct schema *s)
{
	uint64_t *tags = memory_array(uint64_t, s->field_count);

	for (uint32_t f = 0; f < s->field_count; f++)
		tags[f] = XXH3_64bits(s->fields[f].name, strlen(s->fields[f].name));
	return tags;
}

void key_hash_rows(const struct key_shape *s, const struct columns *rows, uint32_t first,
		   uint32_t count, struct key_hash *out)
{
	struct buffer cells = { 0 };
	uint64_t *tags = NULL;

	if (s->is_whole) {
		hash_whole(&rows->columns[s->schema->key[0]], first, count, out);
		return;
	}
	if (s->is_multiset)
		tags = field_tags(s->schema);
	for (uint32_t i = 0; i < count; i++) {
		XXH128_hash_t h;

		buffer_clear(&cells);
		if (s->is_multiset)
			encode_row(&cells, tags, rows, first + i);
		else
			encode_key(&cells, s->schema, rows, first + i);
		h = XXH3_128bits(cells.data, cells.size);
		out[i] = (struct key_hash){ h.low64, h.high64 };
	}
	memory_free(tags);
	buffer_release(&cells);
}
