/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the UTF-8 sequence at `s` (RFC 3629: no surrogates, nothing overlong), 0 when bad. */
static size_t utf8_sequence(const uint8_t *s, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t length;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		length = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		length = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		length = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	if (left < length || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

bool text_is_utf8(struct bytes text)
{
	size_t at = 0;

	while (at < text.size) {
		uint64_t word;
		size_t length;

		if (text.size - at >= 8) {
			memcpy(&word, text.data + at, 8);
			if ((word & 0x8080808080808080u) == 0) {
				at += 8;
				continue;
			}
		}
		length = utf8_sequence(text.data + at, text.size - at);
		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

static void json_escape(struct buffer *out, uint8_t c)
{
	static const char short_of[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

	buffer_char(out, '\\');
	if (c == '"' || c == '\\')
		buffer_char(out, (char)c);
	else if (c < sizeof(short_of) && short_of[c] != 0)
		buffer_char(out, short_of[c]);
	else
		buffer_format(out, "u%04x", c);
}

void text_json(struct buffer *out, struct bytes text)
{
	size_t start = 0;

	buffer_char(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		uint8_t c = text.data[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buffer_append(out, text.data + start, i - start);
		json_escape(out, c);
		start = i + 1;
	}
	buffer_append(out, text.data + start, text.size - start);
	buffer_char(out, '"');
}

void text_json_string(struct buffer *out, const char *text)
{
	if (text == NULL)
		buffer_text(out, "null");
	else
		text_json(out, bytes_of_text(text));
}

void text_uint(struct buffer *out, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	buffer_append(out, digits + at, sizeof(digits) - at);
}

void text_int(struct buffer *out, int64_t v)
{
	if (v < 0)
		buffer_char(out, '-');
	text_uint(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static bool text_special(struct buffer *out, double v)
{
	if (isnan(v))
		buffer_text(out, "NaN");
	else if (isinf(v))
		buffer_text(out, v > 0 ? "Infinity" : "-Infinity");
	else
		return false;
	return true;
}

void text_double(struct buffer *out, double v)
{
	char digits[40];

	if (text_special(out, v))
		return;
	/* every number of 15 digits survives; only subnormal ones need fewer */
	for (int precision = fabs(v) < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, v);
		if (strtod(digits, NULL) == v)
			break;
	}
	buffer_text(out, digits);
}

void text_float(struct buffer *out, float v)
{
	char digits[40];

	if (text_special(out, (double)v))
		return;
	for (int precision = fabsf(v) < FLT_MIN ? 1 : 6; precision <= 9; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, (double)v);
		if (strtof(digits, NULL) == v)
			break;
	}
	buffer_text(out, digits);
}

void text_hex(struct buffer *out, struct bytes b)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *at = buffer_grow(out, b.size * 2);

	for (size_t i = 0; i < b.size; i++) {
		*at++ = (uint8_t)digits[b.data[i] >> 4];
		*at++ = (uint8_t)digits[b.data[i] & 15];
	}
}

void text_base64(struct buffer *out, struct bytes b)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < b.size; i += 3) {
		size_t left = b.size - i;
		uint32_t v = (uint32_t)b.data[i] << 16 | (left > 1 ? (uint32_t)b.data[i + 1] << 8 : 0) |
			     (left > 2 ? b.data[i + 2] : 0);

		buffer_char(out, digits[v >> 18]);
		buffer_char(out, digits[v >> 12 & 63]);
		buffer_char(out, left > 1 ? digits[v >> 6 & 63] : '=');
		buffer_char(out, left > 2 ? digits[v & 63] : '=');
	}
}

/* A digit's value, or -1. */
static int base64_value(uint8_t c, bool is_url_safe)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (is_url_safe ? '-' : '+'))
		return 62;
	return c == (is_url_safe ? '_' : '/') ? 63 : -1;
}

long text_base64_decode(uint8_t *out, struct bytes text, bool is_url_safe)
{
	size_t padding = 0, digits;
	uint32_t bits = 0;
	uint8_t *at = out;

	while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
		padding++;
	if (text.size % 4 != 0)
		return -1;
	digits = text.size - padding;
	for (size_t i = 0; i < digits; i++) {
		int v = base64_value(text.data[i], is_url_safe);

		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		if (i % 4 == 3) {
			*at++ = (uint8_t)(bits >> 16);
			*at++ = (uint8_t)(bits >> 8);
			*at++ = (uint8_t)bits;
		}
	}
	if (padding == 1) {
		*at++ = (uint8_t)(bits >> 10);
		*at++ = (uint8_t)(bits >> 2);
	} else if (padding == 2) {
		*at++ = (uint8_t)(bits >> 4);
	}
	return at - out;
}

#define UINT_DIGITS_SAFE 19u /* so many digits never pass 64 bits */

bool text_parse_uint(struct bytes text, uint64_t *out)
{
	size_t safe = text.size < UINT_DIGITS_SAFE ? text.size : UINT_DIGITS_SAFE;
	uint64_t v = 0;

	for (size_t i = 0; i < safe; i++) {
		uint8_t digit = (uint8_t)(text.data[i] - '0');

		if (digit > 9)
			return false;
		v = v * 10 + digit;
	}
	for (size_t i = safe; i < text.size; i++) {
		uint8_t digit = (uint8_t)(text.data[i] - '0');

		if (digit > 9 || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return false;
	}
	*out = v;
	return text.size > 0;
}

bool text_parse_int(struct bytes text, int64_t *out)
{
	bool is_negative = text.size > 0 && text.data[0] == '-';
	uint64_t v;

	if (is_negative)
		text = (struct bytes){ text.data + 1, text.size - 1 };
	if (!text_parse_uint(text, &v) || v > (uint64_t)INT64_MAX + is_negative)
		return false;
	*out = is_negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

void text_utf8(struct buffer *out, uint32_t code_point)
{
	if (code_point < 0x80) {
		buffer_char(out, (char)code_point);
	} else if (code_point < 0x800) {
		buffer_char(out, (char)(0xc0 | code_point >> 6));
		buffer_char(out, (char)(0x80 | (code_point & 0x3f)));
	} else if (code_point < 0x10000) {
		buffer_char(out, (char)(0xe0 | code_point >> 12));
		buffer_char(out, (char)(0x80 | (code_point >> 6 & 0x3f)));
		buffer_char(out, (char)(0x80 | (code_point & 0x3f)));
	} else {
		buffer_char(out, (char)(0xf0 | code_point >> 18));
		buffer_char(out, (char)(0x80 | (code_point >> 12 & 0x3f)));
		buffer_char(out, (char)(0x80 | (code_point >> 6 & 0x3f)));
		buffer_char(out, (char)(0x80 | (code_point & 0x3f)));
	}
}

/* Two pointers and one restart point: linear for one star, never exponential. */
bool text_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text != 0) {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == 0;
}

const char *text_plain(char *out, size_t size, const char *text)
{
	size_t used = 0;

	for (; text != NULL && text[used] != 0 && used < size - 1; used++) {
		unsigned char c = (unsigned char)text[used];

		out[used] = c < 0x20 || c == 0x7f ? '?' : text[used];
	}
	out[used] = 0;
	return out;
}

size_t text_prefix(struct bytes text, unsigned characters)
{
	size_t at = 0;

	while (at < text.size && characters > 0) {
		do
			at++;
		while (at < text.size && (text.data[at] & 0xc0) == 0x80);
		characters--;
	}
	return at;
}

static uint32_t decode_character(const uint8_t *s, size_t size)
{
	static const uint8_t first_bits[] = { 0x7f, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t v = s[0] & first_bits[size <= 4 ? size : 4];

	for (size_t i = 1; i < size; i++)
		v = v << 6 | (s[i] & 0x3f);
	return v;
}

bool text_raise(struct buffer *text)
{
	while (text->size > 0) {
		size_t start = text->size - 1;
		uint32_t v;

		while (start > 0 && (text->data[start] & 0xc0) == 0x80)
			start--;
		v = decode_character(text->data + start, text->size - start) + 1;
		text->size = start;
		if (v == 0xd800)
			v = 0xe000;
		if (v <= 0x10ffff) {
			text_utf8(text, v);
			return true;
		}
	}
	return false;
}
