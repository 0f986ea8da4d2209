/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of numbers and truth values, from JSON's numbers and from numbers in texts. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "change/cell.h"
#include "message/way_read.h"

const char *read_boolean(const struct way *w, const struct json_value *v, struct column *c)
{
	(void)w;
	if (v->type == JSON_TRUE || v->type == JSON_FALSE)
		column_add_bool(c, v->type == JSON_TRUE);
	else if (bytes_equal(v->text, BYTES_OF("1")) || bytes_equal(v->text, BYTES_OF("true")))
		column_add_bool(c, true);
	else if (bytes_equal(v->text, BYTES_OF("0")) || bytes_equal(v->text, BYTES_OF("false")))
		column_add_bool(c, false);
	else
		return "is not true or false";
	return NULL;
}

static const char *add_magnitude(const struct way *w, bool is_negative, uint64_t v, struct column *c)
{
	struct decimal d = { .is_negative = is_negative };

	d.count = (unsigned)snprintf(d.digits, sizeof(d.digits), "%llu", (unsigned long long)v);
	return decimal_add(w, &d, c);
}

const char *unsigned_add(const struct way *w, uint64_t v, struct column *c)
{
	if (v <= INT64_MAX)
		return integer_add(w, (int64_t)v, c);
	return w->type == TYPE_DECIMAL ? add_magnitude(w, false, v, c) : "is beyond 63 bits";
}

const char *read_wrapped(const struct way *w, const struct json_value *v, struct column *c)
{
	int64_t number;

	if (v->type == JSON_NUMBER && text_parse_int(v->text, &number))
		return unsigned_add(w, (uint64_t)number, c);
	return v->type == JSON_STRING ? read_unscaled(w, v, c) : read_decimal(w, v, c);
}

const char *integer_add(const struct way *w, int64_t v, struct column *c)
{
	switch (w->type) {
	case TYPE_INT:
		if (v < INT32_MIN || v > INT32_MAX)
			return "is beyond 32 bits";
		column_add_int32(c, (int32_t)v);
		return NULL;
	case TYPE_LONG:
		column_add_int64(c, v);
		return NULL;
	case TYPE_BOOLEAN:
		if (v != 0 && v != 1)
			return "is not 0 or 1";
		column_add_bool(c, v != 0);
		return NULL;
	default:
		return add_magnitude(w, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, c);
	}
}

const char *read_integer(const struct way *w, const struct json_value *v, struct column *c)
{
	int64_t number;

	if (v->type == JSON_TRUE || v->type == JSON_FALSE)
		return integer_add(w, v->type == JSON_TRUE, c);
	if (!text_parse_int(v->text, &number))
		return "is not an integer of 64 bits";
	return integer_add(w, number, c);
}

/* A number as JSON spells it, or one of the three that it cannot spell. */
static bool is_real(struct bytes text)
{
	static const struct bytes special[] = { { (const uint8_t *)"NaN", 3 },
						{ (const uint8_t *)"Infinity", 8 },
						{ (const uint8_t *)"-Infinity", 9 } };

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (bytes_equal(text, special[i]))
			return true;
	}
	for (size_t i = 0; i < text.size; i++) {
		if (memchr("0123456789+-.eE", text.data[i], 15) == NULL)
			return false;
	}
	return text.size > 0;
}

#define REAL_TEXT_MAX 400u

/* Into `copy`, as strtod wants it: yyjson's numbers have no NUL behind them. */
static const char *real_text(char copy[REAL_TEXT_MAX], const struct json_value *v)
{
	if (!is_real(v->text) || v->text.size >= REAL_TEXT_MAX)
		return NULL;
	memcpy(copy, v->text.data, v->text.size);
	copy[v->text.size] = 0;
	return copy;
}

const char *read_double(const struct way *w, const struct json_value *v, struct column *c)
{
	char copy[REAL_TEXT_MAX], *end;
	const char *text;
	double number;

	(void)w;
	if (json_read_double(v->text, &number)) {
		column_add_double(c, number);
		return NULL;
	}
	text = real_text(copy, v);
	if (text == NULL)
		return "is not a number";
	number = strtod(text, &end);
	if (*end != 0)
		return "is not a number";
	if (isinf(number) && strchr(text, 'I') == NULL)
		return "is beyond a double's range";
	column_add_double(c, number);
	return NULL;
}

const char *read_float(const struct way *w, const struct json_value *v, struct column *c)
{
	char copy[REAL_TEXT_MAX], *end;
	const char *text = real_text(copy, v);
	float number;

	(void)w;
	if (text == NULL)
		return "is not a number";
	number = strtof(text, &end);
	if (*end != 0)
		return "is not a number";
	if (isinf(number) && strchr(text, 'I') == NULL)
		return "is beyond a float's range";
	column_add_float(c, number);
	return NULL;
}

/* Digits, of which those in front that are 0 do not count; the place behind them. */
static size_t scan_digits(struct decimal *d, struct bytes text, bool *has_digit)
{
	bool has_point = false;
	size_t at;

	for (at = d->is_negative; at < text.size; at++) {
		uint8_t c = text.data[at];

		if (c == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (c < '0' || c > '9' || d->count == DECIMAL_DIGITS_MAX)
			break;
		*has_digit = true;
		d->scale += has_point;
		if (c != '0' || d->count > 0)
			d->digits[d->count++] = (char)c;
	}
	return at;
}

bool decimal_scan(struct decimal *d, struct bytes text)
{
	bool has_digit = false;
	int64_t exponent;
	size_t at;

	d->is_negative = text.size > 0 && text.data[0] == '-';
	d->count = 0;
	d->scale = 0;
	at = scan_digits(d, text, &has_digit);
	if (at < text.size && (text.data[at] | 32) == 'e') {
		at += at + 1 < text.size && text.data[at + 1] == '+' ? 2 : 1;
		if (!text_parse_int((struct bytes){ text.data + at, text.size - at }, &exponent) ||
		    exponent < -1000 || exponent > 1000)
			return false;
		d->scale -= (int)exponent;
		at = text.size;
	}
	return has_digit && at == text.size && d->scale <= (int)DECIMAL_DIGITS_MAX * 10;
}

bool decimal_parse(struct decimal *d, struct bytes text)
{
	if (!decimal_scan(d, text))
		return false;
	if (d->count == 0 && d->scale < 0)
		d->scale = 0;
	for (; d->scale < 0 && d->count < DECIMAL_DIGITS_MAX; d->scale++)
		d->digits[d->count++] = '0';
	return d->scale >= 0 && d->scale <= (int)DECIMAL_DIGITS_MAX;
}

/* Digits behind the point that are 0 may go; others may not. */
static bool rescale(struct decimal *d, int scale)
{
	for (; d->scale > scale; d->scale--) {
		if (d->count > 0 && d->digits[--d->count] != '0')
			return false;
	}
	for (; d->scale < scale && d->count > 0; d->scale++) {
		if (d->count == DECIMAL_DIGITS_MAX)
			return false;
		d->digits[d->count++] = '0';
	}
	d->scale = scale;
	return true;
}

const char *decimal_add(const struct way *w, const struct decimal *given, struct column *c)
{
	struct decimal d = *given;

	if (w->type == TYPE_DECIMAL) {
		if (!rescale(&d, w->scale))
			return "has more digits behind the point than the column";
		if (d.count > w->precision)
			return "has more digits than the column";
	}
	if (!cell_decimal(c, d.is_negative, d.digits, d.count, (uint8_t)d.scale))
		return "has too many digits";
	return NULL;
}

const char *read_decimal(const struct way *w, const struct json_value *v, struct column *c)
{
	struct decimal d;

	if (!decimal_parse(&d, v->text))
		return "is not a decimal number of at most 200 digits";
	return decimal_add(w, &d, c);
}
