/* SPDX-License-Identifier: Apache-2.0 */
#include "change/cell.h"

#include "base/clock.h"

#define DECIMAL_DIGITS_MAX 128

static bool date_exists(const struct calendar *v)
{
	return v->year >= 1 && v->year <= 9999 && v->month >= 1 && v->month <= 12 &&
	       v->day >= 1 && v->day <= clock_days_in_month(v->year, v->month);
}

static bool time_exists(const struct calendar *v)
{
	return v->hour >= 0 && v->hour <= 23 && v->minute >= 0 && v->minute <= 59 &&
	       v->second >= 0 && v->second <= 59 && v->microsecond >= 0 &&
	       v->microsecond <= 999999;
}

bool cell_date(struct column *c, const struct calendar *v)
{
	if (!date_exists(v)) {
		column_set_null(c);
		return false;
	}
	column_add_int32(c, (int32_t)clock_days(v->year, v->month, v->day));
	return true;
}

bool calendar_us(const struct calendar *v, int64_t *out)
{
	int64_t seconds;

	if (!date_exists(v) || !time_exists(v))
		return false;
	seconds = clock_days(v->year, v->month, v->day) * 86400;
	seconds += v->hour * 3600 + v->minute * 60 + v->second;
	*out = seconds * 1000000 + v->microsecond;
	return true;
}

bool cell_timestamp(struct column *c, const struct calendar *v)
{
	int64_t us;

	if (!calendar_us(v, &us)) {
		column_set_null(c);
		return false;
	}
	column_add_int64(c, us);
	return true;
}

static bool decimal_number(struct column *c, bool is_negative, const char *digits,
			   size_t count)
{
	size_t limit = c->storage == STORAGE_INT32   ? 9
		       : c->storage == STORAGE_INT64 ? 18
						     : 38;
	int128_t v = 0;

	if (count > limit)
		return false;
	for (size_t i = 0; i < count; i++)
		v = v * 10 + (digits[i] - '0');
	v = is_negative ? -v : v;
	if (c->storage == STORAGE_INT32)
		column_add_int32(c, (int32_t)v);
	else if (c->storage == STORAGE_INT64)
		column_add_int64(c, (int64_t)v);
	else
		column_add_int128(c, v);
	return true;
}

/* `digits` start with the first that counts; fewer than scale means zeros in front. */
static bool decimal_text(struct column *c, bool is_negative, const char *digits,
			 size_t count, size_t scale)
{
	size_t whole = count > scale ? count - scale : 0, used = 0;
	char *at;

	if (count > DECIMAL_DIGITS_MAX || scale > DECIMAL_DIGITS_MAX)
		return false;
	at = (char *)column_begin_bytes(c, (uint32_t)(count + scale + 3));
	if (is_negative && count > 0)
		at[used++] = '-';
	if (whole == 0)
		at[used++] = '0';
	memcpy(at + used, digits, whole);
	used += whole;
	if (scale > 0) {
		at[used++] = '.';
		memset(at + used, '0', scale - (count - whole));
		used += scale - (count - whole);
		memcpy(at + used, digits + whole, count - whole);
		used += count - whole;
	}
	column_end_bytes(c, (uint32_t)used);
	return true;
}

bool cell_decimal(struct column *c, bool is_negative, const char *digits, size_t count,
		  uint8_t scale)
{
	while (count > 0 && *digits == '0') {
		digits++;
		count--;
	}
	if (c->storage == STORAGE_BYTES)
		return decimal_text(c, is_negative, digits, count, scale);
	return decimal_number(c, is_negative, digits, count);
}

void cell_time(struct column *c, bool is_negative, uint32_t hours, uint32_t minutes,
	       uint32_t seconds, uint32_t microseconds, unsigned fraction_digits)
{
	char *start = (char *)column_begin_bytes(c, 32), *at = start;
	uint32_t divisor = 100000;

	if (is_negative)
		*at++ = '-';
	if (hours >= 1000)
		*at++ = (char)('0' + hours / 1000 % 10);
	if (hours >= 100)
		*at++ = (char)('0' + hours / 100 % 10);
	*at++ = (char)('0' + hours / 10 % 10);
	*at++ = (char)('0' + hours % 10);
	*at++ = ':';
	*at++ = (char)('0' + minutes / 10 % 10);
	*at++ = (char)('0' + minutes % 10);
	*at++ = ':';
	*at++ = (char)('0' + seconds / 10 % 10);
	*at++ = (char)('0' + seconds % 10);
	if (fraction_digits > 0)
		*at++ = '.';
	for (unsigned i = 0; i < fraction_digits && i < 6; i++, divisor /= 10)
		*at++ = (char)('0' + microseconds / divisor % 10);
	column_end_bytes(c, (uint32_t)(at - start));
}
