/* SPDX-License-Identifier: Apache-2.0 */
/* Cells from bytes that JSON holds as base64, hex or characters. */
#include "message/way_read.h"

#include "base/text.h"

static const char *add_base64(const struct json_value *v, struct column *c, bool is_url_safe)
{
	uint8_t *at;
	long size;

	if (v->type != JSON_STRING)
		return "is not a text in base64";
	at = column_begin_bytes(c, (uint32_t)v->text.size / 4 * 3 + 3);
	size = text_base64_decode(at, v->text, is_url_safe);
	if (size < 0)
		return "is not base64";
	column_end_bytes(c, (uint32_t)size);
	return NULL;
}

const char *read_base64_url(const struct way *w, const struct json_value *v, struct column *c)
{
	(void)w;
	return add_base64(v, c, true);
}

const char *read_base64(const struct way *w, const struct json_value *v, struct column *c)
{
	if (v->type == JSON_OBJECT)
		return read_geometry(w, v, c);
	return add_base64(v, c, false);
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *read_hex(const struct way *w, const struct json_value *v, struct column *c)
{
	struct bytes text = v->text;
	uint8_t *at;

	(void)w;
	if (text.size >= 2 && text.data[0] == '0' && (text.data[1] | 32) == 'x')
		text = (struct bytes){ text.data + 2, text.size - 2 };
	if (v->type != JSON_STRING || text.size % 2 != 0)
		return "is not a text in hex";
	at = column_begin_bytes(c, (uint32_t)text.size / 2);
	for (size_t i = 0; i < text.size; i += 2) {
		int high = hex_value(text.data[i]), low = hex_value(text.data[i + 1]);

		if (high < 0 || low < 0)
			return "is not hex";
		at[i / 2] = (uint8_t)(high << 4 | low);
	}
	column_end_bytes(c, (uint32_t)text.size / 2);
	return NULL;
}

/* U+0080 to U+00FF are two bytes of UTF-8, the first of them 0xc2 or 0xc3. */
const char *read_latin1(const struct way *w, const struct json_value *v, struct column *c)
{
	uint8_t *at = column_begin_bytes(c, (uint32_t)v->text.size);
	uint32_t used = 0;

	(void)w;
	if (v->type != JSON_STRING)
		return "is not a text";
	for (size_t i = 0; i < v->text.size; i++) {
		uint8_t b = v->text.data[i];

		if (b >= 0xc4)
			return "has characters that are no bytes";
		if (b >= 0x80)
			b = (uint8_t)((b & 3) << 6 | (v->text.data[++i] & 0x3f));
		at[used++] = b;
	}
	column_end_bytes(c, used);
	return NULL;
}

#define UNSCALED_BYTES_MAX 64u

/* The digits of a big-endian two's complement number, by division of its magnitude by 10^9. */
static void unscaled_digits(struct decimal *d, const uint8_t *bytes, size_t size)
{
	uint32_t words[UNSCALED_BYTES_MAX / 4] = { 0 }; /* most significant first */
	char digits[DECIMAL_DIGITS_MAX];
	unsigned used = 0;
	size_t count = (size + 3) / 4;
	uint32_t carry = 1;

	d->is_negative = size > 0 && bytes[0] >= 0x80;
	for (size_t i = 0; i < count * 4; i++) {
		uint8_t b = i < size ? bytes[size - 1 - i] : d->is_negative ? 0xff : 0;

		words[count - 1 - i / 4] |= (uint32_t)b << i % 4 * 8;
	}
	for (size_t i = count; d->is_negative && i-- > 0;) {
		words[i] = ~words[i] + carry;
		carry = carry != 0 && words[i] == 0;
	}
	for (size_t first = 0; first < count;) {
		uint64_t rest = 0;

		for (size_t i = first; i < count; i++) {
			rest = rest << 32 | words[i];
			words[i] = (uint32_t)(rest / 1000000000);
			rest %= 1000000000;
		}
		for (int i = 0; i < 9; i++, rest /= 10)
			digits[used++] = (char)('0' + rest % 10);
		while (first < count && words[first] == 0)
			first++;
	}
	while (used > 0 && digits[used - 1] == '0')
		used--;
	for (d->count = 0; used > 0;)
		d->digits[d->count++] = digits[--used];
}

static const char *add_unscaled(const struct way *w, struct bytes text, unsigned scale, struct column *c)
{
	uint8_t bytes[UNSCALED_BYTES_MAX + 3];
	struct decimal d;
	long size;

	if (text.size > UNSCALED_BYTES_MAX / 4 * 4)
		return "is a decimal of too many digits";
	size = text_base64_decode(bytes, text, false);
	if (size <= 0)
		return "is not base64 (--decimal-handling-mode says how decimals were written)";
	unscaled_digits(&d, bytes, (size_t)size);
	d.scale = (int)scale;
	return decimal_add(w, &d, c);
}

/* The common case: fits 64 bits, and the scale is the column's. */
static bool add_short_unscaled(const struct way *w, struct bytes text, struct column *c)
{
	uint8_t bytes[12];
	long size = text.size <= 12 ? text_base64_decode(bytes, text, false) : 0;
	int64_t v = size > 0 && bytes[0] >= 0x80 ? -1 : 0;
	uint64_t limit = 1;

	if (size <= 0 || size > 7 || w->type != TYPE_DECIMAL || w->scale != w->from.scale)
		return false;
	for (long i = 0; i < size; i++)
		v = (int64_t)((uint64_t)v << 8 | bytes[i]);
	for (unsigned i = 0; i < w->precision && i < 18; i++)
		limit *= 10;
	if ((v < 0 ? 0 - (uint64_t)v : (uint64_t)v) >= limit)
		return false;
	if (c->storage == STORAGE_INT32)
		column_add_int32(c, (int32_t)v);
	else if (c->storage == STORAGE_INT64)
		column_add_int64(c, v);
	else
		column_add_int128(c, v);
	return true;
}

const char *read_unscaled(const struct way *w, const struct json_value *v, struct column *c)
{
	if (v->type == JSON_NUMBER)
		return read_decimal(w, v, c);
	if (v->type != JSON_STRING)
		return "is not a decimal in base64";
	if (add_short_unscaled(w, v->text, c))
		return NULL;
	return add_unscaled(w, v->text, w->from.scale, c);
}

const char *read_variable(const struct way *w, const struct json_value *v, struct column *c)
{
	struct json_value value;
	int64_t scale = json_get_int(v, "scale");

	if (!json_get(v, "value", &value) || value.type != JSON_STRING || scale < 0 || scale > 100)
		return "is not a decimal with a scale of 0 to 100";
	return add_unscaled(w, value.text, (unsigned)scale, c);
}

const char *read_bits(const struct way *w, const struct json_value *v, struct column *c)
{
	uint8_t bytes[12] = { 0 };
	uint64_t number = 0;
	long size;

	if (v->type != JSON_STRING)
		return read_integer(w, v, c);
	size = v->text.size <= 12 ? text_base64_decode(bytes, v->text, false) : -1;
	if (size < 0 || size > 8)
		return "is not base64 of at most 8 bytes";
	for (long i = size; i-- > 0;)
		number = number << 8 | bytes[i];
	return unsigned_add(w, number, c);
}

#define EWKB_HAS_SRID 0x20000000u

/* Well-known binary, with the SRID put behind its type. */
const char *read_geometry(const struct way *w, const struct json_value *v, struct column *c)
{
	int64_t srid = json_get_int(v, "srid");
	struct json_value wkb;
	uint32_t type, number = (uint32_t)srid;
	uint8_t *at;
	long size;

	(void)w;
	if (!json_get(v, "wkb", &wkb) || wkb.type != JSON_STRING)
		return "is not a geometry with its wkb";
	at = column_begin_bytes(c, (uint32_t)wkb.text.size / 4 * 3 + 3 + sizeof(number));
	size = text_base64_decode(at, wkb.text, false);
	if (size < 5 || at[0] != 1)
		return "has no little-endian wkb in base64";
	if (srid != 0) {
		memcpy(&type, at + 1, sizeof(type));
		type |= EWKB_HAS_SRID;
		memcpy(at + 1, &type, sizeof(type));
		memmove(at + 9, at + 5, (size_t)size - 5);
		memcpy(at + 5, &number, sizeof(number));
		size += (long)sizeof(number);
	}
	column_end_bytes(c, (uint32_t)size);
	return NULL;
}
