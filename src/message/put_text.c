/* SPDX-License-Identifier: Apache-2.0 */
/* Strings and bytes in JSON. */
#include "message/put.h"

static const char hex_upper[] = "0123456789ABCDEF";
static const char hex_lower[] = "0123456789abcdef";

#define EVERY_BYTE(b) ((uint64_t)0x0101010101010101u * (b))
#define HIGH_BITS     EVERY_BYTE(0x80)

/* The high bit of each byte that is zero; a byte above a zero one may be marked too. */
static inline uint64_t zero_bytes(uint64_t v)
{
	return (v - EVERY_BYTE(1)) & ~v & HIGH_BITS;
}

/* Not 0 when one of the eight bytes is not written as it is. */
static inline uint64_t needs_escape(uint64_t v)
{
	uint64_t control = (v - EVERY_BYTE(0x20)) & ~v & HIGH_BITS;
	uint64_t four_byte = v & v << 1 & v << 2 & v << 3 & HIGH_BITS;

	return control | four_byte | zero_bytes(v ^ EVERY_BYTE('"')) | zero_bytes(v ^ EVERY_BYTE('\\'));
}

static uint8_t *put_escape(uint8_t *at, uint32_t unit)
{
	*at++ = '\\';
	*at++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*at++ = (uint8_t)hex_upper[unit >> shift & 15];
	return at;
}

static uint8_t *put_special(uint8_t *at, uint8_t c)
{
	static const char short_of[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

	if (c != '"' && c != '\\' && (c >= sizeof(short_of) || short_of[c] == 0))
		return put_escape(at, c);
	*at++ = '\\';
	*at++ = c == '"' || c == '\\' ? c : (uint8_t)short_of[c];
	return at;
}

/* A code point beyond U+FFFF from its four bytes. */
static uint8_t *put_pair(uint8_t *at, const uint8_t *s)
{
	uint32_t point = (s[0] & 7u) << 18 | (s[1] & 63u) << 12 | (s[2] & 63u) << 6 | (s[3] & 63u);

	at = put_escape(at, 0xd800 + ((point - 0x10000) >> 10));
	return put_escape(at, 0xdc00 + (point & 0x3ff));
}

uint8_t *put_inner(uint8_t *at, struct bytes text)
{
	const uint8_t *s = text.data, *end = text.size > 0 ? text.data + text.size : s;
	uint64_t word;

	while (s < end) {
		while (end - s >= 8) {
			memcpy(&word, s, 8);
			if (needs_escape(word) != 0)
				break;
			memcpy(at, &word, 8);
			at += 8;
			s += 8;
		}
		/* what is left, or the eight bytes with something to escape in them */
		for (const uint8_t *stop = end - s < 8 ? end : s + 8; s < stop;) {
			if (*s >= 0xf0 && end - s >= 4) {
				at = put_pair(at, s);
				s += 4;
			} else if (*s >= 0x20 && *s != '"' && *s != '\\') {
				*at++ = *s++;
			} else {
				at = put_special(at, *s++);
			}
		}
	}
	return at;
}

uint8_t *put_string(uint8_t *at, struct bytes text)
{
	*at++ = '"';
	at = put_inner(at, text);
	*at++ = '"';
	return at;
}

/* A long text is counted: six times its size may be much. */
size_t put_string_size(struct bytes text)
{
	size_t size = text.size;

	if (text.size <= 4096)
		return text.size * 6 + 2;
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		size += c < 0x20 ? 5 : c >= 0xf0 ? 8 : c == '"' || c == '\\';
	}
	return size + 2;
}

void append_bytes_string(struct buffer *out, struct bytes text)
{
	buffer_reserve(out, put_string_size(text));
	out->size = (size_t)(put_string(out->data + out->size, text) - out->data);
}

void append_string(struct buffer *out, const char *text)
{
	if (text == NULL)
		buffer_text(out, "null");
	else
		append_bytes_string(out, (struct bytes){ (const uint8_t *)text, strlen(text) });
}

uint8_t *put_base64(uint8_t *at, struct bytes b, bool is_url_safe)
{
	static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *digits = is_url_safe ? url_safe : standard;
	size_t i = 0;

	*at++ = '"';
	for (; i + 2 < b.size; i += 3) {
		uint32_t v = (uint32_t)b.data[i] << 16 | (uint32_t)b.data[i + 1] << 8 | b.data[i + 2];

		*at++ = (uint8_t)digits[v >> 18];
		*at++ = (uint8_t)digits[v >> 12 & 63];
		*at++ = (uint8_t)digits[v >> 6 & 63];
		*at++ = (uint8_t)digits[v & 63];
	}
	if (i < b.size) {
		bool has_two = i + 1 < b.size;
		uint32_t v = (uint32_t)b.data[i] << 16 | (has_two ? (uint32_t)b.data[i + 1] << 8 : 0);

		*at++ = (uint8_t)digits[v >> 18];
		*at++ = (uint8_t)digits[v >> 12 & 63];
		*at++ = has_two ? (uint8_t)digits[v >> 6 & 63] : '=';
		*at++ = '=';
	}
	*at++ = '"';
	return at;
}

uint8_t *put_hex(uint8_t *at, struct bytes b)
{
	*at++ = '"';
	for (size_t i = 0; i < b.size; i++) {
		*at++ = (uint8_t)hex_lower[b.data[i] >> 4];
		*at++ = (uint8_t)hex_lower[b.data[i] & 15];
	}
	*at++ = '"';
	return at;
}
