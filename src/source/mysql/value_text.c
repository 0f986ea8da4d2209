/* SPDX-License-Identifier: Apache-2.0 */
/* A query's text to the same cell that the log's bytes give. */
#include "source/mysql/value_decode.h"

#include <stdio.h>
#include <stdlib.h>

/* Numbers of at most this many bytes come as text. */
#define NUMBER_BYTES_MAX 400

static enum value_result text_integer(const struct value_plan *p, struct bytes text,
				      struct column *c)
{
	int64_t v;

	return text_parse_int(text, &v) ? value_add_integer(p, v, c) : VALUE_BAD;
}

enum value_result value_add_integer(const struct value_plan *p, int64_t v, struct column *c)
{
	(void)p;
	if (c->storage == STORAGE_INT32) {
		if (v < INT32_MIN || v > INT32_MAX)
			return VALUE_BAD;
		column_add_int32(c, (int32_t)v);
	} else {
		column_add_int64(c, v);
	}
	return VALUE_OK;
}

static enum value_result text_decimal(const struct value_plan *p, struct bytes text,
				      struct column *c)
{
	char digits[NUMBER_BYTES_MAX];
	size_t count = 0, whole = 0;
	bool is_negative = text.size > 0 && text.data[0] == '-', has_point = false;
	uint8_t scale = p->column->type == MYSQL_NEWDECIMAL ? p->column->scale : 0;

	for (size_t i = is_negative; i < text.size; i++) {
		if (text.data[i] == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (text.data[i] < '0' || text.data[i] > '9' || count == sizeof(digits))
			return VALUE_BAD;
		digits[count++] = (char)text.data[i];
		whole += !has_point;
	}
	if (count == 0 || count - whole != scale)
		return VALUE_BAD;
	return cell_decimal(c, is_negative, digits, count, scale) ? VALUE_OK : VALUE_BAD;
}

/*
 * A decimal whose digits and whose power of ten are both exact doubles is one exact operation away from
 * its value. false: not so simple, or no number; strtod knows.
 */
static bool simple_number(struct bytes text, double *out)
{
	static const double powers[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
					 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
					 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
	bool is_negative = text.size > 0 && text.data[0] == '-', has_point = false;
	size_t digits = 0, fraction = 0;
	uint64_t mantissa = 0;

	for (size_t i = is_negative; i < text.size; i++) {
		uint8_t digit = (uint8_t)(text.data[i] - '0');

		if (text.data[i] == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (digit > 9 || digits == 19)
			return false;
		mantissa = mantissa * 10 + digit;
		digits++;
		fraction += has_point;
	}
	if (digits == 0 || mantissa > (uint64_t)1 << 53)
		return false;
	*out = (double)mantissa / powers[fraction];
	if (is_negative)
		*out = -*out;
	return true;
}

static enum value_result text_number(struct bytes text, struct column *c)
{
	char copy[NUMBER_BYTES_MAX + 1], *end;
	double v;

	if (text.size == 0 || text.size > NUMBER_BYTES_MAX)
		return VALUE_BAD;
	if (!simple_number(text, &v)) {
		memcpy(copy, text.data, text.size);
		copy[text.size] = 0;
		v = strtod(copy, &end);
		if (*end != 0)
			return VALUE_BAD;
	}
	if (c->storage == STORAGE_FLOAT)
		column_add_float(c, (float)v);
	else
		column_add_double(c, v);
	return VALUE_OK;
}

static enum value_result text_real(const struct value_plan *p, struct bytes text,
				   struct column *c)
{
	(void)p;
	return text_number(text, c);
}

/* Takes digits off `r` up to `mark` or the end; false when there are none. */
static bool take_number(struct reader *r, int mark, int *out)
{
	size_t count = 0;

	*out = 0;
	while (reader_left(r) > 0) {
		uint8_t c = reader_u8(r);

		if (c == mark)
			return count > 0;
		if (c < '0' || c > '9' || ++count > 9)
			return false;
		*out = *out * 10 + (c - '0');
	}
	return count > 0 && mark < 0;
}

/* "ss[.ffffff]" up to the end. */
static bool take_seconds(struct reader *r, int *seconds, int *microseconds)
{
	struct reader whole = *r;
	size_t digits;

	*microseconds = 0;
	if (take_number(&whole, -1, seconds))
		return true;
	if (!take_number(r, '.', seconds))
		return false;
	digits = reader_left(r);
	if (digits > 6 || !take_number(r, -1, microseconds))
		return false;
	for (; digits < 6; digits++)
		*microseconds *= 10;
	return true;
}

static enum value_result text_date(const struct value_plan *p, struct bytes text,
				   struct column *c)
{
	struct reader r = reader_of(text);
	struct calendar d = { 0 };

	(void)p;
	if (!take_number(&r, '-', &d.year) || !take_number(&r, '-', &d.month) ||
	    !take_number(&r, -1, &d.day))
		return VALUE_BAD;
	return cell_date(c, &d) ? VALUE_OK : VALUE_INVALID;
}

static enum value_result text_timestamp(const struct value_plan *p, struct bytes text,
					struct column *c)
{
	struct reader r = reader_of(text);
	struct calendar t = { 0 };

	(void)p;
	if (!take_number(&r, '-', &t.year) || !take_number(&r, '-', &t.month) ||
	    !take_number(&r, ' ', &t.day) || !take_number(&r, ':', &t.hour) ||
	    !take_number(&r, ':', &t.minute) ||
	    !take_seconds(&r, &t.second, &t.microsecond))
		return VALUE_BAD;
	return cell_timestamp(c, &t) ? VALUE_OK : VALUE_INVALID;
}

static enum value_result text_time(const struct value_plan *p, struct bytes text,
				   struct column *c)
{
	struct reader r = reader_of(text);
	bool is_negative = text.size > 0 && text.data[0] == '-';
	int hours, minutes, seconds, microseconds;

	if (is_negative)
		reader_skip(&r, 1);
	if (!take_number(&r, ':', &hours) || !take_number(&r, ':', &minutes) ||
	    !take_seconds(&r, &seconds, &microseconds) || hours > 838 || minutes > 59 ||
	    seconds > 59)
		return VALUE_BAD;
	cell_time(c, is_negative, (uint32_t)hours, (uint32_t)minutes, (uint32_t)seconds,
		  (uint32_t)microseconds, p->column->fraction_digits);
	return VALUE_OK;
}

static enum value_result text_enum(const struct value_plan *p, struct bytes text,
				   struct column *c)
{
	uint64_t index;

	return text_parse_uint(text, &index) ? value_add_enum(p, index, c) : VALUE_BAD;
}

static enum value_result text_set(const struct value_plan *p, struct bytes text,
				  struct column *c)
{
	uint64_t bits;

	return text_parse_uint(text, &bits) ? value_add_set(p, bits, c) : VALUE_BAD;
}

static enum value_result text_utf8_as_is(const struct value_plan *p, struct bytes text,
					 struct column *c)
{
	return text_is_utf8(text) ? value_add_bytes(p, text, c) : VALUE_BAD;
}

static value_decode text_string_decoder(const struct mysql_column *c)
{
	switch (c->extension) {
	case MARIADB_UUID:
	case MARIADB_INET4:
	case MARIADB_INET6:
		return text_utf8_as_is;
	case MARIADB_VECTOR:
		return value_add_vector;
	case MYSQL_PLAIN:
	case MARIADB_COMPRESSED:
		break;
	}
	if (c->charset == NULL)
		return c->type == MYSQL_STRING ? value_add_binary : value_add_bytes;
	return c->type == MYSQL_STRING ? value_add_char : value_add_text;
}

static value_decode text_decoder(const struct mysql_column *c)
{
	switch (mysql_class_of(c->type)) {
	case CLASS_INTEGER:
		return c->type == MYSQL_LONGLONG && c->is_unsigned ? text_decimal : text_integer;
	case CLASS_YEAR:
		return text_integer;
	case CLASS_DECIMAL:
		return text_decimal;
	case CLASS_REAL:
		return text_real;
	case CLASS_BIT:
		return value_add_bit;
	case CLASS_DATE:
		return text_date;
	case CLASS_DATETIME:
	case CLASS_TIMESTAMP:
		return text_timestamp;
	case CLASS_TIME:
		return text_time;
	case CLASS_ENUM:
		return text_enum;
	case CLASS_SET:
		return text_set;
	case CLASS_JSON:
		return text_utf8_as_is;
	case CLASS_GEOMETRY:
		return value_add_geometry;
	case CLASS_VECTOR:
		return value_add_vector;
	default:
		return text_string_decoder(c);
	}
}

static void describe_text(struct bytes text, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < text.size && used + 5 < size; i++) {
		if (text.data[i] >= ' ' && text.data[i] < 0x7f)
			out[used++] = (char)text.data[i];
		else
			used += (size_t)snprintf(out + used, size - used, "\\x%02x",
						 text.data[i]);
	}
	out[used] = 0;
}

const char *value_advice(const struct mysql_column *c)
{
	return c->is_key ? ", and a key cannot be NULL" : "; with --invalid-values null it becomes NULL";
}

int value_refuse(const struct mysql_table *t, uint32_t column, enum value_result result,
		 struct bytes text, const struct value_policy *policy, struct err *e)
{
	const struct mysql_column *m = &t->columns[column];
	char shown[96];

	describe_text(text, shown, sizeof(shown));
	if (result == VALUE_BAD)
		return err_set(e, ERR_DATA,
			       "table %s.%s, column \"%s\": impossible value \"%s\"",
			       t->schema->database, t->schema->table, m->name, shown);
	if (policy->halts || m->is_key)
		return err_set(e, ERR_DATA,
			       "table %s.%s, column \"%s\": the value \"%s\" is not valid%s",
			       t->schema->database, t->schema->table, m->name, shown, value_advice(m));
	t->columns[column].invalid_count++;
	if (policy->invalid != NULL)
		policy->invalid(policy->context, t, column, shown);
	return 0;
}

enum value_result value_add_from_text(const struct value_plan *p, struct bytes text,
				      struct column *c)
{
	return text_decoder(p->column)(p, text, c);
}

int value_from_text(const struct mysql_table *t, uint32_t column, struct bytes text,
		    struct column *c, const struct value_policy *policy, struct err *e)
{
	struct value_plan p = { .column = &t->columns[column] };
	enum value_result result = value_add_from_text(&p, text, c);

	return result == VALUE_OK ? 0 : value_refuse(t, column, result, text, policy, e);
}

/* Dates are shown as calendar parts where that is simple; all else as hex. */
void value_describe(const struct value_plan *p, struct bytes cell, char *out, size_t size)
{
	size_t used = 0;

	if (p->column->charset != NULL && p->fixed_size == 0) {
		describe_text(cell, out, size);
		return;
	}
	if (p->type == MYSQL_DATE && cell.size == 3) {
		unsigned v = cell.data[0] | (unsigned)cell.data[1] << 8 |
			     (unsigned)cell.data[2] << 16;

		snprintf(out, size, "%04u-%02u-%02u", v >> 9, v >> 5 & 15, v & 31);
		return;
	}
	if (p->type == MYSQL_DATETIME2 && cell.size >= 5) {
		uint64_t v = 0;
		unsigned months;

		for (size_t i = 0; i < 5; i++)
			v = v << 8 | cell.data[i];
		months = (unsigned)(v >> 22 & 0x1ffff);
		snprintf(out, size, "%04u-%02u-%02u %02u:%02u:%02u", months / 13,
			 months % 13, (unsigned)(v >> 17 & 31), (unsigned)(v >> 12 & 31),
			 (unsigned)(v >> 6 & 63), (unsigned)(v & 63));
		return;
	}
	out[0] = 0;
	for (size_t i = 0; i < cell.size && used + 3 < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%02x", cell.data[i]);
}
