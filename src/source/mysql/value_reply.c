/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy: a prepared statement's binary cell to the same cell that the log's bytes give. What the binary form
 * sends as bytes is what the text form sends (value_text.c).
 *
 * Date, datetime: year u16, month, day, hour, minute, second u8, microseconds u32; zeros at the end left out.
 * Time: is negative u8, days u32, hours, minutes, seconds u8, microseconds u32; likewise.
 */
#include "source/mysql/value_decode.h"

#define TIME_HOURS_MAX 838

struct span { /* a TIME */
	bool is_negative;
	uint64_t hours;
	uint32_t minutes, seconds, microseconds;
};

static bool is_integer(unsigned type)
{
	return (mysql_class_of(type) & (CLASS_INTEGER | CLASS_YEAR)) != 0;
}

/* Sign-extended, unless the server says that it is unsigned. */
static uint64_t take_integer(const struct reply_column *r, struct bytes cell)
{
	unsigned unused = (unsigned)(64 - cell.size * 8);
	uint64_t v = 0;

	memcpy(&v, cell.data, cell.size);
	return r->is_unsigned ? v : (uint64_t)((int64_t)(v << unused) >> unused);
}

static double take_real(const struct reply_column *r, struct bytes cell)
{
	double v = 0;
	float narrow = 0;

	if (r->type == MYSQL_FLOAT) {
		memcpy(&narrow, cell.data, sizeof(narrow));
		return narrow;
	}
	memcpy(&v, cell.data, sizeof(v));
	return v;
}

static bool take_calendar(struct bytes cell, struct calendar *out)
{
	const uint8_t *at = cell.data;
	uint32_t microsecond = 0;

	*out = (struct calendar){ 0 };
	if (cell.size != 0 && cell.size != 4 && cell.size != 7 && cell.size != 11)
		return false;
	if (cell.size >= 4) {
		out->year = at[0] | at[1] << 8;
		out->month = at[2];
		out->day = at[3];
	}
	if (cell.size >= 7) {
		out->hour = at[4];
		out->minute = at[5];
		out->second = at[6];
	}
	if (cell.size == 11)
		memcpy(&microsecond, at + 7, sizeof(microsecond));
	out->microsecond = microsecond <= 999999 ? (int)microsecond : 1000000;
	return true;
}

static bool take_span(struct bytes cell, struct span *out)
{
	struct reader r = reader_of(cell);

	*out = (struct span){ 0 };
	if (cell.size != 0 && cell.size != 8 && cell.size != 12)
		return false;
	if (cell.size >= 8) {
		out->is_negative = reader_u8(&r) != 0;
		out->hours = (uint64_t)reader_u32le(&r) * 24;
		out->hours += reader_u8(&r);
		out->minutes = reader_u8(&r);
		out->seconds = reader_u8(&r);
	}
	if (cell.size == 12)
		out->microseconds = reader_u32le(&r);
	return out->hours <= TIME_HOURS_MAX && out->minutes <= 59 && out->seconds <= 59 &&
	       out->microseconds <= 999999;
}

static enum value_result add_integer(const struct value_plan *p, const struct reply_column *r,
				     struct bytes cell, struct column *c)
{
	uint64_t v = take_integer(r, cell);
	bool is_negative = !r->is_unsigned && (int64_t)v < 0;
	uint8_t type = (uint8_t)p->column->type;

	if (type == MYSQL_ENUM)
		return is_negative ? VALUE_BAD : value_add_enum(p, v, c);
	if (type == MYSQL_SET)
		return value_add_set(p, v, c);
	if (!is_integer(type))
		return VALUE_BAD;
	if (c->storage == STORAGE_INT128) {
		column_add_int128(c, is_negative ? (int128_t)(int64_t)v : (int128_t)v);
		return VALUE_OK;
	}
	if (!is_negative && v > INT64_MAX)
		return VALUE_BAD;
	return value_add_integer(p, (int64_t)v, c);
}

static enum value_result add_real(const struct value_plan *p, const struct reply_column *r,
				  struct bytes cell, struct column *c)
{
	double v = take_real(r, cell);

	switch ((uint8_t)p->column->type) {
	case MYSQL_FLOAT:
		column_add_float(c, (float)v);
		return VALUE_OK;
	case MYSQL_DOUBLE:
		column_add_double(c, v);
		return VALUE_OK;
	case MYSQL_ENUM: /* MariaDB adds 0 to it as to a float */
		return v >= 0 && v <= UINT16_MAX && v == (uint16_t)v ? value_add_enum(p, (uint16_t)v, c) :
								       VALUE_BAD;
	default:
		return VALUE_BAD;
	}
}

static enum value_result add_calendar(const struct value_plan *p, struct bytes cell, struct column *c)
{
	struct calendar v;

	if (!take_calendar(cell, &v))
		return VALUE_BAD;
	switch (mysql_class_of(p->column->type)) {
	case CLASS_DATE:
		return cell_date(c, &v) ? VALUE_OK : VALUE_INVALID;
	case CLASS_DATETIME:
	case CLASS_TIMESTAMP:
		return cell_timestamp(c, &v) ? VALUE_OK : VALUE_INVALID;
	default:
		return VALUE_BAD;
	}
}

static enum value_result add_time(const struct value_plan *p, struct bytes cell, struct column *c)
{
	struct span v;

	if (mysql_class_of(p->column->type) != CLASS_TIME || !take_span(cell, &v))
		return VALUE_BAD;
	cell_time(c, v.is_negative, (uint32_t)v.hours, v.minutes, v.seconds, v.microseconds,
		  p->column->fraction_digits);
	return VALUE_OK;
}

static enum value_result add_cell(const struct value_plan *p, const struct reply_column *r,
				  struct bytes cell, struct column *c)
{
	switch (mysql_class_of(r->type)) {
	case CLASS_INTEGER:
	case CLASS_YEAR:
		return add_integer(p, r, cell, c);
	case CLASS_REAL:
		return add_real(p, r, cell, c);
	case CLASS_DATE:
	case CLASS_DATETIME:
	case CLASS_TIMESTAMP:
		return add_calendar(p, cell, c);
	case CLASS_TIME:
		return add_time(p, cell, c);
	default:
		return value_add_from_text(p, cell, c);
	}
}

int value_from_reply(const struct mysql_table *t, uint32_t column, const struct reply_column *r,
		     struct bytes cell, struct column *c, const struct value_policy *policy,
		     struct err *e)
{
	struct value_plan p = { .column = &t->columns[column] };
	enum value_result result = add_cell(&p, r, cell, c);
	struct buffer text = { 0 };
	int rc;

	if (result == VALUE_OK)
		return 0;
	value_reply_text(r, cell, &text);
	rc = value_refuse(t, column, result, buffer_bytes(&text), policy, e);
	buffer_release(&text);
	return rc;
}

static void calendar_text(uint8_t type, const struct calendar *v, struct buffer *out)
{
	buffer_format(out, "%04d-%02d-%02d", v->year, v->month, v->day);
	if (mysql_class_of(type) == CLASS_DATE)
		return;
	buffer_format(out, " %02d:%02d:%02d", v->hour, v->minute, v->second);
	if (v->microsecond > 0)
		buffer_format(out, ".%06d", v->microsecond);
}

static void span_text(const struct span *v, struct buffer *out)
{
	buffer_format(out, "%s%02u:%02u:%02u", v->is_negative ? "-" : "", (unsigned)v->hours, v->minutes,
		      v->seconds);
	if (v->microseconds > 0)
		buffer_format(out, ".%06u", v->microseconds);
}

void value_reply_text(const struct reply_column *r, struct bytes cell, struct buffer *out)
{
	struct calendar date;
	struct span time;

	switch (mysql_class_of(r->type)) {
	case CLASS_INTEGER:
	case CLASS_YEAR:
		if (r->is_unsigned)
			text_uint(out, take_integer(r, cell));
		else
			text_int(out, (int64_t)take_integer(r, cell));
		return;
	case CLASS_REAL:
		text_double(out, take_real(r, cell));
		return;
	case CLASS_DATE:
	case CLASS_DATETIME:
	case CLASS_TIMESTAMP:
		if (take_calendar(cell, &date))
			calendar_text(r->type, &date, out);
		return;
	case CLASS_TIME:
		if (take_span(cell, &time))
			span_text(&time, out);
		return;
	default:
		buffer_bytes_append(out, cell);
	}
}
