/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of a file, column type by column type. */
#include <math.h>
#include <stdio.h>

#include "lib/test.h"
#include "table/stats.h"

static void put(struct buffer *b, const char *text)
{
	buffer_clear(b);
	buffer_text(b, text);
}

/* The statistics of one column with these bounds equal `expected` between the braces. */
static void assert_stats(enum type type, uint8_t precision, uint8_t scale,
			 const struct parquet_bounds *b, const char *min, const char *max)
{
	struct schema *s = schema_new("d", "t");
	struct field *f = schema_add(s, "c", type, true);
	const struct parquet_bounds *bounds[] = { b };
	struct buffer out = { 0 };
	char expected[300];

	f->precision = precision;
	f->scale = scale;
	stats_format(&out, s, 5, bounds);
	snprintf(expected, sizeof(expected),
		 "{\"numRecords\":5,\"tightBounds\":true,\"minValues\":{%s%s},"
		 "\"maxValues\":{%s%s},"
		 "\"nullCount\":{\"c\":2}}",
		 min[0] != 0 ? "\"c\":" : "", min, max[0] != 0 ? "\"c\":" : "", max);
	assert_buffer_text(out, expected);
	schema_release(s);
}

static struct parquet_bounds integers(int64_t min, int64_t max)
{
	return (struct parquet_bounds){
		.null_count = 2, .has_bounds = true, .min_int = min, .max_int = max
	};
}

static void whole_numbers_and_decimals_are_exact(void **state)
{
	struct parquet_bounds b = integers(INT64_MIN, INT64_MAX);
	int128_t wide = (int128_t)1000000000000000000 * 1000000000000000000 + 7;

	(void)state;
	assert_stats(TYPE_LONG, 0, 0, &b, "-9223372036854775808", "9223372036854775807");
	b = integers(-5, 120);
	assert_stats(TYPE_DECIMAL, 9, 2, &b, "-0.05", "1.20");
	assert_stats(TYPE_DECIMAL, 18, 0, &b, "-5", "120");
	assert_stats(TYPE_DECIMAL, 3, 3, &b, "-0.005", "0.120");
	b.min_int128 = -wide;
	b.max_int128 = wide;
	assert_stats(TYPE_DECIMAL, 38, 10, &b, "-100000000000000000000000000.0000000007",
		     "100000000000000000000000000.0000000007");
}

static void a_timestamps_maximum_is_rounded_up_to_milliseconds(void **state)
{
	struct parquet_bounds b = integers(1700000000123456, 1700000000123456);

	(void)state;
	assert_stats(TYPE_TIMESTAMP, 0, 0, &b, "\"2023-11-14T22:13:20.123Z\"",
		     "\"2023-11-14T22:13:20.124Z\"");
	assert_stats(TYPE_TIMESTAMP_NTZ, 0, 0, &b, "\"2023-11-14T22:13:20.123\"",
		     "\"2023-11-14T22:13:20.124\"");
	b = integers(-1, -1); /* before 1970 */
	assert_stats(TYPE_TIMESTAMP, 0, 0, &b, "\"1969-12-31T23:59:59.999Z\"",
		     "\"1970-01-01T00:00:00.000Z\"");
	b = integers(253402300799999999,
		     253402300799999999); /* the year 10000 is not told */
	assert_stats(TYPE_TIMESTAMP_NTZ, 0, 0, &b, "\"9999-12-31T23:59:59.999\"", "");
}

static void dates_and_texts_are_json(void **state)
{
	struct parquet_bounds b = integers(-1, 19000);

	(void)state;
	assert_stats(TYPE_DATE, 0, 0, &b, "\"1969-12-31\"", "\"2022-01-08\"");
	put(&b.min_text, "a\"b");
	put(&b.max_text, "z");
	assert_stats(TYPE_STRING, 0, 0, &b, "\"a\\\"b\"", "\"z\"");
	put(&b.max_text, ""); /* it could not be rounded up */
	assert_stats(TYPE_STRING, 0, 0, &b, "\"a\\\"b\"", "");
	buffer_release(&b.min_text);
	buffer_release(&b.max_text);
}

static void what_json_cannot_tell_is_left_out(void **state)
{
	struct parquet_bounds b = integers(0, 1);

	(void)state;
	b.min_double = -INFINITY;
	b.max_double = 1.5;
	assert_stats(TYPE_DOUBLE, 0, 0, &b, "", "1.5");
	assert_stats(TYPE_FLOAT, 0, 0, &b, "", "1.5");
	b.max_double = (double)0.1f; /* "0.1" would be below it once the column is a double */
	assert_stats(TYPE_FLOAT, 0, 0, &b, "", "0.10000000149011612");
	assert_stats(TYPE_BOOLEAN, 0, 0, &b, "", "");
	assert_stats(TYPE_BINARY, 0, 0, &b, "", "");
	b.has_bounds = false; /* a NaN, or nothing but NULL */
	assert_stats(TYPE_DOUBLE, 0, 0, &b, "", "");
}

static void only_the_first_columns_have_statistics(void **state)
{
	const struct parquet_bounds b = integers(1, 2), *bounds[STATS_COLUMNS_MAX];
	struct schema *s = schema_new("d", "t");
	struct buffer out = { 0 };
	char name[8];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		schema_add(s, name, i == 0 ? TYPE_BINARY : TYPE_INT, true);
		if (i < STATS_COLUMNS_MAX)
			bounds[i] = &b;
	}
	stats_format(&out, s, 5, bounds);
	assert_non_null(strstr(buffer_string(&out), "\"minValues\":{\"c1\":1,"));
	assert_non_null(strstr(buffer_string(&out), "\"c31\":2}}"));
	assert_null(strstr(buffer_string(&out), "c32"));
	buffer_release(&out);
	schema_release(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_and_decimals_are_exact),
		cmocka_unit_test(a_timestamps_maximum_is_rounded_up_to_milliseconds),
		cmocka_unit_test(dates_and_texts_are_json),
		cmocka_unit_test(what_json_cannot_tell_is_left_out),
		cmocka_unit_test(only_the_first_columns_have_statistics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
