/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DECIMAL(p,s) in the log: big-endian groups of nine digits in four bytes, the whole
 * part's short group first, the fraction's short group last; a short group of d digits
 * has bytes_of[d] bytes. The highest bit is flipped (set for positive numbers); of a
 * negative number all bits are inverted besides.
 */
#include "source/mysql/value_decode.h"

static const uint8_t bytes_of[10] = { 0, 1, 1, 2, 2, 3, 3, 4, 4, 4 };
static const uint32_t power_of_ten[10] = { 1,         10,        100,     1000,
					   10000,     100000,    1000000, 10000000,
					   100000000, 1000000000 };

#define DECIMAL_BYTES_MAX 33 /* 65 digits in the worst split */
#define DECIMAL_PRECISION_MAX 65
#define DECIMAL_SCALE_MAX 38 /* MariaDB's; MySQL's is 30 */

uint32_t value_decimal_size(unsigned precision, unsigned scale)
{
	unsigned whole = precision - scale;

	if (precision > DECIMAL_PRECISION_MAX || scale > precision ||
	    scale > DECIMAL_SCALE_MAX)
		return 0;
	return whole / 9 * 4 + bytes_of[whole % 9] + scale / 9 * 4 + bytes_of[scale % 9];
}

/* Takes a group of `digits` digits off `at`; false when it is larger than its digits
 * allow. */
static bool group(const uint8_t **at, unsigned digits, uint8_t flip, uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes_of[digits]; i++)
		v = v << 8 | (uint8_t)(*(*at)++ ^ flip);
	*out = v;
	return v < power_of_ten[digits];
}

struct digits { /* either the number or its text grows */
	int128_t number;
	char text[DECIMAL_PRECISION_MAX + 9];
	size_t count;
};

static void add_number(struct digits *d, uint32_t v, unsigned digits)
{
	d->number = d->number * power_of_ten[digits] + v;
}

static void add_text(struct digits *d, uint32_t v, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--) {
		d->text[d->count + i - 1] = (char)('0' + v % 10);
		v /= 10;
	}
	d->count += digits;
}

static bool each_group(const struct value_plan *p, const uint8_t *at, uint8_t flip,
		       struct digits *d, void (*add)(struct digits *, uint32_t, unsigned))
{
	unsigned whole = (unsigned)(p->precision - p->scale), left;
	uint32_t v;

	if (whole % 9 > 0) {
		if (!group(&at, whole % 9, flip, &v))
			return false;
		add(d, v, whole % 9);
	}
	for (left = whole / 9; left > 0; left--) {
		if (!group(&at, 9, flip, &v))
			return false;
		add(d, v, 9);
	}
	for (left = p->scale; left > 0; left -= left < 9 ? left : 9) {
		unsigned digits = left < 9 ? left : 9;

		if (!group(&at, digits, flip, &v))
			return false;
		add(d, v, digits);
	}
	return true;
}

enum value_result value_add_decimal(const struct value_plan *p, struct bytes cell,
				    struct column *c)
{
	uint8_t image[DECIMAL_BYTES_MAX];
	struct digits d;
	bool is_negative = (cell.data[0] & 0x80) == 0;
	uint8_t flip = is_negative ? 0xff : 0;

	if (cell.size > sizeof(image))
		return VALUE_BAD;
	memcpy(image, cell.data, cell.size);
	image[0] ^= 0x80;
	d.count = 0;
	d.number = 0;
	if (c->storage == STORAGE_BYTES) {
		if (!each_group(p, image, flip, &d, add_text))
			return VALUE_BAD;
		return cell_decimal(c, is_negative, d.text, d.count, p->scale)
			       ? VALUE_OK
			       : VALUE_BAD;
	}
	if (!each_group(p, image, flip, &d, add_number))
		return VALUE_BAD;
	d.number = is_negative ? -d.number : d.number;
	if (c->storage == STORAGE_INT32)
		column_add_int32(c, (int32_t)d.number);
	else if (c->storage == STORAGE_INT64)
		column_add_int64(c, (int64_t)d.number);
	else
		column_add_int128(c, d.number);
	return VALUE_OK;
}

bool value_decimal_text(struct buffer *out, unsigned precision, unsigned scale,
			struct bytes image)
{
	struct value_plan p = { .precision = (uint8_t)precision,
				.scale = (uint8_t)scale };
	struct column c = { .storage = STORAGE_BYTES };
	bool is_good;

	if (image.size == 0 || value_decimal_size(precision, scale) != image.size)
		return false;
	is_good = value_add_decimal(&p, image, &c) == VALUE_OK;
	if (is_good)
		buffer_bytes_append(out, column_bytes(&c, 0));
	memory_free(c.values);
	memory_free(c.heap);
	return is_good;
}
