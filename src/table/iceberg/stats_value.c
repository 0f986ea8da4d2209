/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/stats_value.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

#define REAL_CHARACTERS_MAX 63
#define DECIMAL_DIGITS_MAX  38
#define EXPONENT_MAX        100

/*
 * Some writers pass decimals through doubles. Up to 15 digits survive that, and no double is
 * written with more than 17.
 */
#define SAFE_VALUES       ((int128_t)1000000000000000)
#define DOUBLE_DIGITS_MAX 17

struct number {
	int128_t digits; /* the value is digits / 10^places */
	int digit_count; /* without leading zeros */
	int places;
	bool has_exponent;
};

static bool is_next(struct bytes *text, char c)
{
	if (text->size == 0 || text->data[0] != c)
		return false;
	text->data++;
	text->size--;
	return true;
}

/* Decimal digits at the start of the text, at most `limit`; how many. */
static int take_digits(struct bytes *text, int limit, int64_t *out)
{
	int count = 0;

	*out = 0;
	while (count < limit && text->size > 0 && text->data[0] >= '0' &&
	       text->data[0] <= '9') {
		*out = *out * 10 + (text->data[0] - '0');
		text->data++;
		text->size--;
		count++;
	}
	return count;
}

static bool take_digit(struct number *n, struct bytes *text)
{
	int64_t digit;

	if (take_digits(text, 1, &digit) == 0)
		return false;
	n->digits = n->digits * 10 + digit;
	n->digit_count += n->digits != 0;
	return true;
}

/* A JSON number. false: too long for a decimal, or none. */
static bool parse_number(struct number *out, struct bytes text)
{
	bool is_negative = is_next(&text, '-'), exponent_is_negative;
	struct number n = { 0 };
	int64_t exponent;

	if (text.size == 0 || text.data[0] < '0' || text.data[0] > '9')
		return false;
	while (n.digit_count < DECIMAL_DIGITS_MAX && take_digit(&n, &text))
		;
	if (is_next(&text, '.')) {
		while (n.digit_count < DECIMAL_DIGITS_MAX && n.places < EXPONENT_MAX &&
		       take_digit(&n, &text))
			n.places++;
	}
	if (is_next(&text, 'e') || is_next(&text, 'E')) {
		exponent_is_negative = is_next(&text, '-');
		if (!exponent_is_negative)
			is_next(&text, '+');
		if (take_digits(&text, 3, &exponent) == 0 || exponent > EXPONENT_MAX)
			return false;
		n.places += (int)(exponent_is_negative ? exponent : -exponent);
		n.has_exponent = true;
	}
	if (text.size > 0)
		return false;
	n.digits = is_negative ? -n.digits : n.digits;
	*out = n;
	return true;
}

static int128_t power_of_ten(int exponent)
{
	int128_t v = 1;

	while (exponent-- > 0)
		v *= 10;
	return v;
}

static bool parse_decimal(struct single_value *out, const struct field *f,
			  struct bytes text)
{
	int128_t limit = power_of_ten(f->precision), v;
	struct number n;
	int shift;

	if (!parse_number(&n, text))
		return false;
	shift = f->scale - n.places;
	if (n.digits == 0)
		shift = 0;
	if (shift > DECIMAL_DIGITS_MAX || shift < -DECIMAL_DIGITS_MAX)
		return false;
	if (shift < 0) {
		if (n.digits % power_of_ten(-shift) != 0)
			return false;
		v = n.digits / power_of_ten(-shift);
	} else {
		if (n.digits > limit / power_of_ten(shift) ||
		    n.digits < -limit / power_of_ten(shift))
			return false;
		v = n.digits * power_of_ten(shift);
	}
	if (v >= limit || v <= -limit)
		return false;
	out->integer = v;
	if (v < SAFE_VALUES && v > -SAFE_VALUES)
		return true;
	if (f->scale == 0 && n.places == 0 && !n.has_exponent)
		return true;
	return n.places == f->scale && n.digit_count > DOUBLE_DIGITS_MAX;
}

static bool parse_real(struct single_value *out, const struct field *f,
		       enum bound_side side, struct bytes text)
{
	char copy[REAL_CHARACTERS_MAX + 1], *end;

	if (text.size == 0 || text.size > REAL_CHARACTERS_MAX)
		return false;
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	out->real = f->type == TYPE_FLOAT ? (double)strtof(copy, &end) : strtod(copy, &end);
	if (out->real == 0) /* either zero may be there, and -0.0 is the lower one */
		out->real = side == BOUND_LOWER ? -0.0 : 0.0;
	return *end == 0 && isfinite(out->real);
}

/* "2026-08-01" */
static bool take_day(struct bytes *text, int64_t *days)
{
	int64_t year, month, day;

	if (take_digits(text, 4, &year) < 4 || !is_next(text, '-') ||
	    take_digits(text, 2, &month) < 2 || !is_next(text, '-') ||
	    take_digits(text, 2, &day) < 2 || year < 1 || month < 1 || month > 12 ||
	    day < 1 || day > clock_days_in_month((int)year, (int)month))
		return false;
	*days = clock_days((int)year, (int)month, (int)day);
	return true;
}

/* ".123": the first microsecond that it can mean, or the last. */
static bool take_fraction(struct bytes *text, enum bound_side side, int64_t *us)
{
	int64_t fraction = 0, width = 1000; /* what is not written was perhaps cut off */
	int count = 0;

	if (is_next(text, '.')) {
		count = take_digits(text, 9, &fraction);
		if (count == 0)
			return false;
	}
	for (int i = count; i < 9; i++)
		fraction *= 10; /* nanoseconds */
	for (int i = 3; i < count && i < 6; i++)
		width /= 10;
	*us = fraction / 1000;
	if (side == BOUND_UPPER)
		*us += count > 6 ? fraction % 1000 != 0 : width - 1;
	return true;
}

static bool take_time(struct bytes *text, enum bound_side side, int64_t *us)
{
	int64_t hour, minute, second, fraction;

	if (take_digits(text, 2, &hour) < 2 || !is_next(text, ':') ||
	    take_digits(text, 2, &minute) < 2 || !is_next(text, ':') ||
	    take_digits(text, 2, &second) < 2 || hour > 23 || minute > 59 || second > 59 ||
	    !take_fraction(text, side, &fraction))
		return false;
	*us = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
	return true;
}

/* "Z" or "+02:00", to be subtracted. */
static bool take_offset(struct bytes *text, int64_t *us)
{
	int64_t hour, minute;
	bool is_west;

	*us = 0;
	if (is_next(text, 'Z'))
		return true;
	is_west = is_next(text, '-');
	if ((!is_west && !is_next(text, '+')) || take_digits(text, 2, &hour) < 2 ||
	    !is_next(text, ':') || take_digits(text, 2, &minute) < 2 || hour > 18 ||
	    minute > 59)
		return false;
	*us = (hour * 60 + minute) * 60000000 * (is_west ? -1 : 1);
	return true;
}

static bool parse_timestamp(struct single_value *out, const struct field *f,
			    enum bound_side side, struct bytes text)
{
	int64_t days, of_day, offset = 0;

	if (!take_day(&text, &days) || !is_next(&text, 'T') ||
	    !take_time(&text, side, &of_day))
		return false;
	if (f->type == TYPE_TIMESTAMP && !take_offset(&text, &offset))
		return false;
	/* Offsets of older days had seconds, which the text has not. */
	if (text.size > 0 || (offset != 0 && days < clock_days(1973, 1, 1)))
		return false;
	out->integer = days * 86400000000 + of_day - offset;
	return true;
}

static bool parse_integer(struct single_value *out, const struct field *f,
			  struct bytes text)
{
	int64_t v;

	if (!text_parse_int(text, &v) ||
	    (f->type == TYPE_INT && (v > INT32_MAX || v < INT32_MIN)))
		return false;
	out->integer = v;
	return true;
}

bool stats_value_parse(struct single_value *out, const struct field *f,
		       enum bound_side side, bool is_string, struct bytes text)
{
	bool needs_string = f->type == TYPE_DATE || f->type == TYPE_TIMESTAMP ||
			    f->type == TYPE_TIMESTAMP_NTZ || f->type == TYPE_STRING;
	int64_t days;

	*out = (struct single_value){ 0 };
	if (is_string != needs_string)
		return false;
	switch (f->type) {
	case TYPE_BOOLEAN:
		out->integer = bytes_equal(text, BYTES_OF("true"));
		return out->integer != 0 || bytes_equal(text, BYTES_OF("false"));
	case TYPE_INT:
	case TYPE_LONG:
		return parse_integer(out, f, text);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return parse_real(out, f, side, text);
	case TYPE_DECIMAL:
		return parse_decimal(out, f, text);
	case TYPE_DATE:
		if (!take_day(&text, &days) || text.size > 0)
			return false;
		out->integer = days;
		return true;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return parse_timestamp(out, f, side, text);
	case TYPE_STRING:
		out->bytes = text;
		return true;
	case TYPE_BINARY:
	case TYPES:
		break;
	}
	return false;
}
