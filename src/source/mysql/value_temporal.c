/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates and times in the log. The present forms are big-endian and sort as bytes; f
 * fraction digits add (f + 1) / 2 bytes: hundredths, ten-thousandths or microseconds.
 *
 *   DATETIME2   5 bytes + fraction: 1 bit (set), 17 bits year * 13 + month, 5 day, 5
 * hour, 6 minute, 6 second TIMESTAMP2  4 bytes + fraction: seconds since 1970; all zero
 * is '0000-00-00 00:00:00' TIME2       3 bytes + fraction, as one number with 0x800000
 * (of the first three) standing for zero: 1 bit, 1 unused, 10 hour, 6 minute, 6 second,
 * fraction DATE        u24le: 5 bits day, 4 month, 15 year TIMESTAMP   u32le; DATETIME
 * u64le as decimal YYYYMMDDhhmmss; TIME i24le as decimal hhmmss (old forms)
 */
#include "source/mysql/value_decode.h"

#define FRACTION_DIGITS_MAX 6

static uint64_t big_endian(const uint8_t *at, size_t size)
{
	uint64_t v = 0;

	for (size_t i = 0; i < size; i++)
		v = v << 8 | at[i];
	return v;
}

/* The fraction's bytes in microseconds. */
static uint32_t microseconds(uint64_t fraction, size_t bytes)
{
	static const uint32_t unit[] = { 0, 10000, 100, 1 };

	return (uint32_t)fraction * unit[bytes];
}

static enum value_result invalid_unless(bool is_valid)
{
	return is_valid ? VALUE_OK : VALUE_INVALID;
}

static enum value_result add_date(const struct value_plan *p, struct bytes cell,
				  struct column *c)
{
	uint32_t v =
		cell.data[0] | (uint32_t)cell.data[1] << 8 | (uint32_t)cell.data[2] << 16;
	struct calendar date = { .year = (int)(v >> 9), .month = (int)(v >> 5 & 15),
				 .day = (int)(v & 31) };

	(void)p;
	return invalid_unless(cell_date(c, &date));
}

static enum value_result add_datetime2(const struct value_plan *p, struct bytes cell,
				       struct column *c)
{
	uint64_t v = big_endian(cell.data, 5) & 0x7fffffffff;
	size_t fraction = cell.size - 5;
	uint32_t months = (uint32_t)(v >> 22);
	struct calendar t = {
		.year = (int)(months / 13),
		.month = (int)(months % 13),
		.day = (int)(v >> 17 & 31),
		.hour = (int)(v >> 12 & 31),
		.minute = (int)(v >> 6 & 63),
		.second = (int)(v & 63),
		.microsecond =
			(int)microseconds(big_endian(cell.data + 5, fraction), fraction),
	};

	(void)p;
	return invalid_unless(cell_timestamp(c, &t));
}

static enum value_result add_instant(struct column *c, uint64_t seconds,
				     uint32_t fraction_us)
{
	if (seconds == 0 && fraction_us == 0) {
		column_set_null(c);
		return VALUE_INVALID;
	}
	if (fraction_us > 999999)
		return VALUE_BAD;
	column_add_int64(c, (int64_t)seconds * 1000000 + fraction_us);
	return VALUE_OK;
}

static enum value_result add_timestamp2(const struct value_plan *p, struct bytes cell,
					struct column *c)
{
	size_t fraction = cell.size - 4;

	(void)p;
	return add_instant(c, big_endian(cell.data, 4),
			   microseconds(big_endian(cell.data + 4, fraction), fraction));
}

static enum value_result add_time2(const struct value_plan *p, struct bytes cell,
				   struct column *c)
{
	size_t fraction = cell.size - 3, shift = fraction * 8;
	int64_t v =
		(int64_t)big_endian(cell.data, cell.size) - ((int64_t)0x800000 << shift);
	uint64_t size = v < 0 ? (uint64_t)-v : (uint64_t)v;
	uint32_t whole = (uint32_t)(size >> shift);
	uint32_t us = microseconds(size & (((uint64_t)1 << shift) - 1), fraction);

	if ((whole >> 12) > 1023 || (whole >> 6 & 63) > 59 || (whole & 63) > 59 ||
	    us > 999999)
		return VALUE_BAD;
	cell_time(c, v < 0, whole >> 12, whole >> 6 & 63, whole & 63, us,
		  p->fraction_digits);
	return VALUE_OK;
}

static enum value_result add_timestamp(const struct value_plan *p, struct bytes cell,
				       struct column *c)
{
	uint32_t seconds;

	(void)p;
	memcpy(&seconds, cell.data, sizeof(seconds));
	return add_instant(c, seconds, 0);
}

static enum value_result add_datetime(const struct value_plan *p, struct bytes cell,
				      struct column *c)
{
	uint64_t v, date, time;
	struct calendar t = { 0 };

	(void)p;
	memcpy(&v, cell.data, sizeof(v));
	date = v / 1000000;
	time = v % 1000000;
	t.year = date / 10000 < 10000 ? (int)(date / 10000) : 0;
	t.month = (int)(date / 100 % 100);
	t.day = (int)(date % 100);
	t.hour = (int)(time / 10000);
	t.minute = (int)(time / 100 % 100);
	t.second = (int)(time % 100);
	return invalid_unless(cell_timestamp(c, &t));
}

static enum value_result add_time(const struct value_plan *p, struct bytes cell,
				  struct column *c)
{
	uint32_t raw =
		cell.data[0] | (uint32_t)cell.data[1] << 8 | (uint32_t)cell.data[2] << 16;
	int32_t v = (int32_t)(raw << 8) >> 8;
	uint32_t size = v < 0 ? (uint32_t)-v : (uint32_t)v;

	(void)p;
	if (size / 100 % 100 > 59 || size % 100 > 59)
		return VALUE_BAD;
	cell_time(c, v < 0, size / 10000, size / 100 % 100, size % 100, 0, 0);
	return VALUE_OK;
}

static bool plan_fraction(struct value_plan *p, uint32_t size, value_decode decode)
{
	if (p->fraction_digits > FRACTION_DIGITS_MAX)
		return false;
	p->fixed_size = size + (p->fraction_digits + 1u) / 2;
	p->decode = decode;
	return true;
}

/* The old forms keep fractions in ways that the log does not tell. */
static bool plan_old(struct value_plan *p, uint32_t size, value_decode decode)
{
	p->fixed_size = size;
	p->decode = decode;
	return p->column->fraction_digits == 0;
}

bool value_plan_temporal(struct value_plan *p)
{
	switch (p->type) {
	case MYSQL_DATE:
	case MYSQL_NEWDATE:
		p->fixed_size = 3;
		p->decode = add_date;
		return true;
	case MYSQL_DATETIME2:
		return plan_fraction(p, 5, add_datetime2);
	case MYSQL_TIMESTAMP2:
		return plan_fraction(p, 4, add_timestamp2);
	case MYSQL_TIME2:
		return plan_fraction(p, 3, add_time2);
	case MYSQL_DATETIME:
		return plan_old(p, 8, add_datetime);
	case MYSQL_TIMESTAMP:
		return plan_old(p, 4, add_timestamp);
	case MYSQL_TIME:
		return plan_old(p, 3, add_time);
	default:
		return false;
	}
}
