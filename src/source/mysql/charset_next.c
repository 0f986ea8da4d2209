/* SPDX-License-Identifier: Apache-2.0 */
/* One code point off a text, for each kind of character set. */
#include "source/mysql/charset_table.h"

/* Sequence length by UTF-8's first byte, 0 for a byte that cannot start one. */
static unsigned utf8_length(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

/* A bad sequence costs its first byte alone: what follows may be good. */
static uint32_t next_utf8(struct reader *r)
{
	static const uint8_t mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = reader_u8(r);
	unsigned length = utf8_length(first);
	struct reader rest = *r;
	uint32_t code = first & mask[length];

	if (length == 0)
		return CHARSET_NO_CODE;
	for (unsigned i = 1; i < length; i++) {
		uint8_t next = reader_u8(&rest);

		if ((next & 0xc0) != 0x80)
			return CHARSET_NO_CODE;
		code = code << 6 | (next & 0x3f);
	}
	if (code < least[length] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff)
		return CHARSET_NO_CODE;
	*r = rest;
	return code;
}

/* A code unit; a half one at the end is consumed and is no code. */
static uint32_t unit(struct reader *r, size_t width, bool is_little)
{
	size_t left = reader_left(r);

	if (left < width) {
		reader_skip(r, left);
		return CHARSET_NO_CODE;
	}
	return (uint32_t)(is_little ? reader_uint_le(r, width)
				    : reader_uint_be(r, width));
}

static uint32_t next_utf16(struct reader *r, bool is_little)
{
	uint32_t high = unit(r, 2, is_little), low;
	struct reader rest;

	if (high < 0xd800 || high >= 0xdc00)
		return high;
	rest = *r;
	low = unit(&rest, 2, is_little);
	if (low < 0xdc00 || low >= 0xe000)
		return CHARSET_NO_CODE;
	*r = rest;
	return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* gb18030: 0x81308130 + n in base 126, 10, 126, 10; behind 0x90308130 the planes above
 * the basic one. */
static uint32_t next_four(const struct charset *s, struct reader *r, uint8_t first,
			  uint8_t second)
{
	struct reader rest = *r;
	uint8_t third = reader_u8(&rest), fourth = reader_u8(&rest);
	uint32_t number;

	if (rest.short_read || third < 0x81 || third > 0xfe || fourth < 0x30 ||
	    fourth > 0x39)
		return CHARSET_NO_CODE;
	*r = rest;
	number = ((uint32_t)(first - 0x81) * 10 + (second - 0x30)) * 1260 +
		 (uint32_t)(third - 0x81) * 10 + (fourth - 0x30);
	if (number < GB18030_BMP_CODES)
		return s->four[number];
	if (number >= 189000 && number - 189000 <= 0xfffff)
		return 0x10000 + number - 189000;
	return CHARSET_NO_CODE;
}

static uint32_t next_table(const struct charset *s, struct reader *r)
{
	uint8_t first = reader_u8(r), second, third;
	uint32_t code = s->single[first];
	struct reader rest = *r;

	if (code != CHARSET_LEAD)
		return code;
	second = reader_u8(&rest);
	if (rest.short_read)
		return CHARSET_NO_CODE;
	if (s->four != NULL && second >= 0x30 && second <= 0x39) {
		code = next_four(s, &rest, first, second);
	} else if (s->triple != NULL && first == 0x8f) {
		third = reader_u8(&rest);
		code = rest.short_read ? CHARSET_NO_CODE : s->triple[second << 8 | third];
	} else {
		code = s->pair[first << 8 | second];
	}
	if (code != CHARSET_NO_CODE)
		*r = rest;
	return code;
}

uint32_t charset_next(const struct charset *s, struct reader *r)
{
	uint8_t byte;

	switch (s->kind) {
	case CHARSET_UTF8:
		return next_utf8(r);
	case CHARSET_ASCII:
		byte = reader_u8(r);
		return byte < 0x80 ? byte : CHARSET_NO_CODE;
	case CHARSET_UCS2:
		return unit(r, 2, false);
	case CHARSET_UTF16:
		return next_utf16(r, false);
	case CHARSET_UTF16LE:
		return next_utf16(r, true);
	case CHARSET_UTF32:
		return unit(r, 4, false);
	case CHARSET_TABLE:
		break;
	}
	return next_table(s, r);
}
