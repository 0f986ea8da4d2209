/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Per-file Statistics" from what the Parquet writer saw. A bound that cannot be told
 * exactly is left out.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "table/stats.h"

#define DECIMAL_DIGITS 40

enum side { SIDE_MIN, SIDE_MAX };

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool put_day(struct buffer *out, int64_t days)
{
	int year, month, day;

	if (days < clock_days(1, 1, 1) || days > clock_days(9999, 12, 31))
		return false;
	clock_date(days, &year, &month, &day);
	buffer_format(out, "%04d-%02d-%02d", year, month, day);
	return true;
}

static bool put_date(struct buffer *out, int64_t days)
{
	buffer_char(out, '"');
	if (!put_day(out, days))
		return false;
	buffer_char(out, '"');
	return true;
}

/*
 * Milliseconds, as readers keep no more; a maximum is rounded up, or it would be below
 * its value.
 */
static bool put_timestamp(struct buffer *out, int64_t us, bool is_utc, enum side side)
{
	int64_t ms = floor_div(us, 1000);
	int64_t days, of_day;

	if (side == SIDE_MAX && ms * 1000 != us)
		ms++;
	days = floor_div(ms, 86400000);
	of_day = ms - days * 86400000;
	buffer_char(out, '"');
	if (!put_day(out, days))
		return false;
	buffer_format(out, "T%02d:%02d:%02d.%03d%s\"", (int)(of_day / 3600000),
		      (int)(of_day / 60000 % 60), (int)(of_day / 1000 % 60),
		      (int)(of_day % 1000), is_utc ? "Z" : "");
	return true;
}

static void put_decimal(struct buffer *out, int128_t v, uint8_t scale)
{
	unsigned __int128 rest = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
	char digits[DECIMAL_DIGITS];
	int count = 0;

	do {
		digits[count++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	} while (rest > 0 || count <= scale);
	if (v < 0)
		buffer_char(out, '-');
	while (count > 0) {
		buffer_char(out, digits[--count]);
		if (count == scale && count > 0)
			buffer_char(out, '.');
	}
}

/* A float, too, with the digits of a double: "0.1" is not the float 0.1 once its column is widened to double. */
static bool put_real(struct buffer *out, double v)
{
	if (!isfinite(v))
		return false;
	text_double(out, v);
	return true;
}

static bool put_string(struct buffer *out, const struct parquet_bounds *b, enum side side)
{
	struct bytes min = buffer_bytes(&b->min_text), max = buffer_bytes(&b->max_text);

	/*
	 * No text is above a prefix that cannot be rounded up: the writer then leaves it
	 * empty.
	 */
	if (side == SIDE_MAX && bytes_compare(max, min) < 0)
		return false;
	text_json(out, side == SIDE_MIN ? min : max);
	return true;
}

/*
 * Appends the value, or returns false when this bound is not told (what was appended is
 * to be dropped).
 */
static bool put_bound(struct buffer *out, const struct field *f,
		      const struct parquet_bounds *b, enum side side)
{
	int64_t integer = side == SIDE_MIN ? b->min_int : b->max_int;

	switch (f->type) {
	case TYPE_INT:
	case TYPE_LONG:
		text_int(out, integer);
		return true;
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return put_real(out, side == SIDE_MIN ? b->min_double : b->max_double);
	case TYPE_DECIMAL:
		if (field_storage(f) == STORAGE_INT128)
			put_decimal(out, side == SIDE_MIN ? b->min_int128 : b->max_int128,
				    f->scale);
		else
			put_decimal(out, integer, f->scale);
		return true;
	case TYPE_DATE:
		return put_date(out, integer);
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return put_timestamp(out, integer, f->type == TYPE_TIMESTAMP, side);
	case TYPE_STRING:
		return put_string(out, b, side);
	case TYPE_BOOLEAN:
	case TYPE_BINARY:
	case TYPES:
		break;
	}
	return false;
}

static uint32_t column_count(const struct schema *s)
{
	return s->field_count < STATS_COLUMNS_MAX ? s->field_count : STATS_COLUMNS_MAX;
}

static void put_bounds(struct buffer *out, const struct schema *s,
		       const struct parquet_bounds *const *bounds, enum side side)
{
	bool is_first = true;

	for (uint32_t i = 0; i < column_count(s); i++) {
		size_t before = out->size;

		if (!bounds[i]->has_bounds)
			continue;
		if (!is_first)
			buffer_char(out, ',');
		text_json_string(out, s->fields[i].name);
		buffer_char(out, ':');
		if (put_bound(out, &s->fields[i], bounds[i], side))
			is_first = false;
		else
			out->size = before;
	}
}

void stats_format(struct buffer *out, const struct schema *s, uint64_t row_count,
		  const struct parquet_bounds *const *bounds)
{
	buffer_format(out,
		      "{\"numRecords\":%" PRIu64 ",\"tightBounds\":true,\"minValues\":{",
		      row_count);
	put_bounds(out, s, bounds, SIDE_MIN);
	buffer_text(out, "},\"maxValues\":{");
	put_bounds(out, s, bounds, SIDE_MAX);
	buffer_text(out, "},\"nullCount\":{");
	for (uint32_t i = 0; i < column_count(s); i++) {
		if (i > 0)
			buffer_char(out, ',');
		text_json_string(out, s->fields[i].name);
		buffer_format(out, ":%" PRIu64, bounds[i]->null_count);
	}
	buffer_text(out, "}}");
}

void stats_collect(struct buffer *out, const struct schema *s,
		   const struct parquet_writer *w)
{
	const struct parquet_bounds *bounds[STATS_COLUMNS_MAX];

	for (uint32_t i = 0; i < column_count(s); i++)
		bounds[i] = parquet_writer_bounds(w, i);
	stats_format(out, s, parquet_writer_rows(w), bounds);
}
