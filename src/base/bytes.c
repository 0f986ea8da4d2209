/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

struct bytes bytes_of_text(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common > 0 ? memcmp(a.data, b.data, common) : 0;

	if (order != 0)
		return order;
	return a.size < b.size ? -1 : a.size > b.size;
}

struct reader reader_of(struct bytes b)
{
	if (b.data == NULL) /* of no bytes; adding 0 to NULL is undefined */
		b = (struct bytes){ (const uint8_t *)"", 0 };
	return (struct reader){ b.data, b.data + b.size, false };
}

size_t reader_left(const struct reader *r)
{
	return r->short_read ? 0 : (size_t)(r->end - r->at);
}

static bool has(struct reader *r, size_t size)
{
	if (reader_left(r) < size)
		r->short_read = true;
	return !r->short_read;
}

uint64_t reader_uint_le(struct reader *r, size_t width)
{
	uint64_t v = 0;

	if (!has(r, width))
		return 0;
	memcpy(&v, r->at, width); /* the hosts that we build on are little-endian */
	r->at += width;
	return v;
}

uint64_t reader_uint_be(struct reader *r, size_t width)
{
	uint64_t v = 0;

	if (!has(r, width))
		return 0;
	for (size_t i = 0; i < width; i++)
		v = v << 8 | r->at[i];
	r->at += width;
	return v;
}

uint8_t reader_u8(struct reader *r)
{
	return (uint8_t)reader_uint_le(r, 1);
}

uint16_t reader_u16le(struct reader *r)
{
	return (uint16_t)reader_uint_le(r, 2);
}

uint32_t reader_u24le(struct reader *r)
{
	return (uint32_t)reader_uint_le(r, 3);
}

uint32_t reader_u32le(struct reader *r)
{
	return (uint32_t)reader_uint_le(r, 4);
}

uint64_t reader_u48le(struct reader *r)
{
	return reader_uint_le(r, 6);
}

uint64_t reader_u64le(struct reader *r)
{
	return reader_uint_le(r, 8);
}

uint64_t reader_lenenc(struct reader *r)
{
	static const uint8_t width_of[] = { [0xfc - 0xfb] = 2, [0xfd - 0xfb] = 3, [0xfe - 0xfb] = 8, [0xff - 0xfb] = 0 };
	const uint8_t *start = r->at;
	uint8_t first = reader_u8(r);
	uint64_t v;

	if (first < 0xfb)
		return first;
	if (width_of[first - 0xfb] == 0) {
		r->short_read = true;
		r->at = start;
		return 0;
	}
	v = reader_uint_le(r, width_of[first - 0xfb]);
	if (r->short_read)
		r->at = start;
	return v;
}

uint64_t reader_varint(struct reader *r)
{
	const uint8_t *at = r->at;
	uint64_t v = 0;

	if (r->short_read)
		return 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (at == r->end)
			break;
		v |= (uint64_t)(*at & 0x7f) << (shift < 64 ? shift : 0) & (shift < 64 ? UINT64_MAX : 0);
		if ((*at++ & 0x80) == 0) {
			r->at = at;
			return v;
		}
	}
	r->short_read = true;
	return 0;
}

struct bytes reader_bytes(struct reader *r, size_t size)
{
	struct bytes b = { r->at, size };

	if (!has(r, size))
		return (struct bytes){ r->at, 0 };
	r->at += size;
	return b;
}

void reader_skip(struct reader *r, size_t size)
{
	(void)reader_bytes(r, size);
}

void buffer_release(struct buffer *b)
{
	memory_free(b->data);
	*b = (struct buffer){ 0 };
}

void buffer_reserve(struct buffer *b, size_t more)
{
	size_t capacity = b->capacity > 0 ? b->capacity : 64;

	if (b->data != NULL && more <= b->capacity - b->size)
		return;
	while (capacity - b->size < more)
		capacity *= 2;
	b->data = memory_resize(b->data, capacity, 1);
	b->capacity = capacity;
}

uint8_t *buffer_grow(struct buffer *b, size_t size)
{
	uint8_t *at;

	buffer_reserve(b, size);
	at = b->data + b->size;
	b->size += size;
	return at;
}

void buffer_append(struct buffer *b, const void *data, size_t size)
{
	if (size > 0)
		memcpy(buffer_grow(b, size), data, size);
}

void buffer_bytes_append(struct buffer *b, struct bytes bytes)
{
	buffer_append(b, bytes.data, bytes.size);
}

void buffer_text(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

void buffer_char(struct buffer *b, char c)
{
	*buffer_grow(b, 1) = (uint8_t)c;
}

void buffer_format(struct buffer *b, const char *format, ...)
{
	va_list args, again;
	int size;

	va_start(args, format);
	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	buffer_reserve(b, (size_t)size + 1);
	vsnprintf((char *)b->data + b->size, (size_t)size + 1, format, again);
	va_end(again);
	b->size += (size_t)size;
}

void buffer_u16le(struct buffer *b, uint16_t v)
{
	buffer_append(b, &v, sizeof(v));
}

void buffer_u32le(struct buffer *b, uint32_t v)
{
	buffer_append(b, &v, sizeof(v));
}

void buffer_u64le(struct buffer *b, uint64_t v)
{
	buffer_append(b, &v, sizeof(v));
}

void buffer_varint(struct buffer *b, uint64_t v)
{
	while (v >= 0x80) {
		*buffer_grow(b, 1) = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*buffer_grow(b, 1) = (uint8_t)v;
}

const char *buffer_string(struct buffer *b)
{
	buffer_reserve(b, 1);
	b->data[b->size] = 0;
	return (const char *)b->data;
}
