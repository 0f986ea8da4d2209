/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded byte ranges, a sticky reader over them, and a growable buffer. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes { /* borrowed: owns nothing */
	const uint8_t *data;
	size_t size;
};

#define BYTES_OF(text) ((struct bytes){ (const uint8_t *)(text), sizeof(text) - 1 })
struct bytes bytes_of_text(const char *text); /* without the NUL */

bool bytes_equal(struct bytes a, struct bytes b);
/* Order of unsigned bytes, a prefix before the longer one: <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

/*
 * Reads forward and never past `end`. A read that does not fit consumes nothing, yields zero and sets
 * `short_read`; from then on every read yields zero. Check the flag once, after the last read.
 */
struct reader {
	const uint8_t *at, *end;
	bool short_read;
};

struct reader reader_of(struct bytes b);
size_t reader_left(const struct reader *r);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16le(struct reader *r);
uint32_t reader_u24le(struct reader *r);
uint32_t reader_u32le(struct reader *r);
uint64_t reader_u48le(struct reader *r);
uint64_t reader_u64le(struct reader *r);
uint64_t reader_uint_le(struct reader *r, size_t width); /* width 1..8 */
uint64_t reader_uint_be(struct reader *r, size_t width); /* width 1..8 */
/* MySQL's length-encoded integer (1, 3, 4 or 9 bytes); 0xfb and 0xff are a short read. */
uint64_t reader_lenenc(struct reader *r);
/* LEB128, at most 10 bytes; more is a short read. */
uint64_t reader_varint(struct reader *r);
struct bytes reader_bytes(struct reader *r, size_t size);
void reader_skip(struct reader *r, size_t size);

/*
 * Grows by doubling. Memory that the system refuses ends the program with a message: limits upstream
 * keep us away from it. A zeroed buffer is a valid empty one.
 */
struct buffer {
	uint8_t *data;
	size_t size, capacity;
};

void buffer_release(struct buffer *b);
static inline void buffer_clear(struct buffer *b)
{
	b->size = 0;
}
static inline struct bytes buffer_bytes(const struct buffer *b)
{
	return (struct bytes){ b->data, b->size };
}
void buffer_reserve(struct buffer *b, size_t more);
/* Room for `size` bytes at the end, counted as written. Valid until the next growth. */
uint8_t *buffer_grow(struct buffer *b, size_t size);
void buffer_append(struct buffer *b, const void *data, size_t size);
void buffer_bytes_append(struct buffer *b, struct bytes bytes);
void buffer_text(struct buffer *b, const char *text);
void buffer_char(struct buffer *b, char c);
void buffer_format(struct buffer *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void buffer_u16le(struct buffer *b, uint16_t v);
void buffer_u32le(struct buffer *b, uint32_t v);
void buffer_u64le(struct buffer *b, uint64_t v);
void buffer_varint(struct buffer *b, uint64_t v);
/* The text so far with a NUL behind it (not counted). Valid until the next change. */
const char *buffer_string(struct buffer *b);

#endif
