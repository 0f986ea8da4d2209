/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of manifests from Delta's statistics: of ours, of others, and of strange ones. */
#include <math.h>

#include "base/text.h"
#include "lib/parquet_file.h"
#include "lib/test.h"
#include "table/iceberg/bounds.h"
#include "table/iceberg/single_value.h"
#include "table/stats.h"

static const struct iceberg_bound *find_bound(const struct iceberg_bounds *b, int32_t id)
{
	for (uint32_t i = 0; i < b->count; i++) {
		if (b->items[i].id == id)
			return &b->items[i];
	}
	return NULL;
}

/* Of one column "c" with id 7, `min` and `max` as JSON (NULL: not there). */
static void metrics_of_one(struct iceberg_metrics *out, const struct field *like,
			   const char *min, const char *max)
{
	struct schema *s = schema_new("d", "t");
	struct field *f = schema_add(s, "c", like->type, true);
	struct buffer stats = { 0 };

	f->precision = like->precision;
	f->scale = like->scale;
	f->id = 7;
	buffer_text(&stats, "{\"numRecords\":5,\"minValues\":{");
	if (min != NULL)
		buffer_format(&stats, "\"c\":%s", min);
	buffer_text(&stats, "},\"maxValues\":{");
	if (max != NULL)
		buffer_format(&stats, "\"c\":%s", max);
	buffer_text(&stats, "},\"nullCount\":{\"c\":1}}");
	iceberg_metrics_of_stats(out, s, buffer_string(&stats));
	buffer_release(&stats);
	schema_release(s);
}

static void assert_integers(const struct field *f, const char *min, const char *max,
			    int128_t wanted_min, int128_t wanted_max)
{
	struct iceberg_metrics m;
	struct single_value lower, upper;
	struct err e = ERR_INIT;

	metrics_of_one(&m, f, min, max);
	if (m.lower.count != 1 || m.upper.count != 1)
		fail_msg("no bounds of %s and %s", min, max);
	must(single_value_decode(&lower, f, buffer_bytes(&m.lower.items[0].bytes), &e), &e);
	must(single_value_decode(&upper, f, buffer_bytes(&m.upper.items[0].bytes), &e), &e);
	assert_true(lower.integer == wanted_min);
	assert_true(upper.integer == wanted_max);
	iceberg_metrics_release(&m);
}

static void assert_no_bounds(const struct field *f, const char *min, const char *max)
{
	struct iceberg_metrics m;

	metrics_of_one(&m, f, min, max);
	if (m.lower.count + m.upper.count > 0)
		fail_msg("bounds of %s and %s", min != NULL ? min : "-",
			 max != NULL ? max : "-");
	assert_int_equal(m.value_counts.count, 1);
	assert_int_equal(m.value_counts.items[0].id, 7);
	assert_int_equal(m.value_counts.items[0].count, 5);
	assert_int_equal(m.null_counts.items[0].count, 1);
	iceberg_metrics_release(&m);
}

static void assert_texts(const char *min, const char *max, const char *wanted_min,
			 const char *wanted_max)
{
	const struct field text = { .type = TYPE_STRING };
	struct iceberg_metrics m;

	metrics_of_one(&m, &text, min, max);
	assert_int_equal(m.lower.count, 1);
	assert_string_equal(buffer_string(&m.lower.items[0].bytes), wanted_min);
	assert_int_equal(m.upper.count, wanted_max != NULL);
	if (wanted_max != NULL)
		assert_string_equal(buffer_string(&m.upper.items[0].bytes), wanted_max);
	iceberg_metrics_release(&m);
}

static void whole_numbers_are_exact(void **state)
{
	const struct field l = { .type = TYPE_LONG }, i = { .type = TYPE_INT },
			   b = { .type = TYPE_BOOLEAN };

	(void)state;
	assert_integers(&l, "-9223372036854775808", "9223372036854775807", INT64_MIN,
			INT64_MAX);
	assert_integers(&i, "-5", "2147483647", -5, INT32_MAX);
	assert_integers(&b, "false", "true", 0, 1);
	assert_no_bounds(&i, "0", "2147483648");
	assert_no_bounds(&l, "0", "9223372036854775808");
	assert_no_bounds(&l, "0", "1e3");
	assert_no_bounds(&l, "1.5", "2");
	assert_no_bounds(&l, "\"1\"", "2");
	assert_no_bounds(&l, "{}", "2");
	assert_no_bounds(&l, "[1]", "2");
	assert_no_bounds(&l, "3", "2");
	assert_no_bounds(&b, "0", "1");
}

static void decimals_are_exact(void **state)
{
	const struct field money = { .type = TYPE_DECIMAL, .precision = 20, .scale = 2 },
			   wide = { .type = TYPE_DECIMAL, .precision = 38, .scale = 10 },
			   whole = { .type = TYPE_DECIMAL, .precision = 20, .scale = 0 };
	int128_t e18 = 1000000000000000000;

	(void)state;
	assert_integers(&money, "-0.05", "1.2", -5, 120);
	assert_integers(&money, "0", "1.20000", 0, 120);
	assert_integers(&money, "-1E+2", "1e2", -10000, 10000);
	assert_integers(&wide, "0E-10", "1E-10", 0, 1);
	assert_integers(&money, "-123456789012345678.90", "123456789012345678.90",
			-12345678901234567 * (int128_t)1000 - 890,
			12345678901234567 * (int128_t)1000 + 890);
	assert_integers(&whole, "1700000000000000", "18446744073709551615",
			1700000000000000, UINT64_MAX);
	assert_integers(&wide, "-1000000000000000000000000000.0000000001",
			"9999999999999999999999999999.9999999999", -e18 * e18 * 10 - 1,
			e18 * e18 * 100 - 1);
}

/* Decimals of some writers have been doubles. */
static void decimals_that_may_be_rounded_are_not_told(void **state)
{
	const struct field money = { .type = TYPE_DECIMAL, .precision = 20, .scale = 2 },
			   whole = { .type = TYPE_DECIMAL, .precision = 20, .scale = 0 };

	(void)state;
	assert_no_bounds(&money, "0", "1234567890123456.8");
	assert_no_bounds(&money, "0", "123456789012345.67");
	assert_no_bounds(&money, "0", "1e16");
	assert_no_bounds(&whole, "0", "1.2345678901234568e18");
	assert_no_bounds(&whole, "0", "123456789012345678.0");
	assert_no_bounds(&money, "0", "1e20");  /* beyond its precision */
	assert_no_bounds(&money, "0.001", "1"); /* between two of its values */
	assert_no_bounds(&whole, "0", "100000000000000000000000000000000000000000");
	assert_no_bounds(&whole, "0", "1e400");
	assert_no_bounds(&money, "{}", "1");
	assert_no_bounds(&money, "\"1.20\"", "\"1.30\"");
}

static void assert_reals(const struct field *f, const char *min, const char *max,
			 double wanted_min, double wanted_max)
{
	struct iceberg_metrics m;
	struct single_value v;
	struct err e = ERR_INIT;

	metrics_of_one(&m, f, min, max);
	assert_int_equal(m.lower.count + m.upper.count, 2);
	must(single_value_decode(&v, f, buffer_bytes(&m.lower.items[0].bytes), &e), &e);
	assert_true(v.real == wanted_min && signbit(v.real) == signbit(wanted_min));
	must(single_value_decode(&v, f, buffer_bytes(&m.upper.items[0].bytes), &e), &e);
	assert_true(v.real == wanted_max && signbit(v.real) == signbit(wanted_max));
	iceberg_metrics_release(&m);
}

static void reals_enclose_both_zeros_and_never_are_nan(void **state)
{
	const struct field d = { .type = TYPE_DOUBLE }, f = { .type = TYPE_FLOAT };

	(void)state;
	assert_reals(&d, "-1.5e300", "0.1", -1.5e300, 0.1);
	assert_reals(&f, "-1.5", "0.1", -1.5, (double)0.1f);
	assert_reals(&f, "-1.5", "0.10000000149011612", -1.5, (double)0.1f);
	assert_reals(&d, "0.0", "-0.0", -0.0, 0.0);
	assert_no_bounds(&d, "1", "\"NaN\"");
	assert_no_bounds(&d, "\"-Infinity\"", "1");
	assert_no_bounds(&f, "1", "1e300");
}

static void instants_are_rounded_outwards(void **state)
{
	const struct field ts = { .type = TYPE_TIMESTAMP },
			   ntz = { .type = TYPE_TIMESTAMP_NTZ };

	(void)state;
	/* Spark cuts its maximum: the value may be anywhere in the millisecond. */
	assert_integers(&ts, "\"2023-11-14T22:13:20.123Z\"", "\"2023-11-14T22:13:20.123Z\"",
			1700000000123000, 1700000000123999);
	assert_integers(&ts, "\"2023-11-15T03:43:20+05:30\"",
			"\"2023-11-14T14:13:20.123-08:00\"", 1700000000000000,
			1700000000123999);
	assert_integers(&ntz, "\"1969-12-31T23:59:59\"", "\"1970-01-01T00:00:00.0\"",
			-1000000, 999);
	assert_integers(&ntz, "\"0001-01-01T00:00:00.000\"", "\"9999-12-31T23:59:59.999\"",
			-62135596800000000, 253402300799999999);
	/* Microseconds are the whole value, nanoseconds more than that. */
	assert_integers(&ts, "\"2023-11-14T22:13:20.123456Z\"",
			"\"2023-11-14T22:13:20.123456Z\"", 1700000000123456,
			1700000000123456);
	assert_integers(&ts, "\"2023-11-14T22:13:20.1234Z\"",
			"\"2023-11-14T22:13:20.1234Z\"", 1700000000123400,
			1700000000123499);
	assert_integers(&ts, "\"2023-11-14T22:13:20.123456001Z\"",
			"\"2023-11-14T22:13:20.123456001Z\"", 1700000000123456,
			1700000000123457);
}

static void strange_days_and_instants_are_not_told(void **state)
{
	const struct field ts = { .type = TYPE_TIMESTAMP },
			   ntz = { .type = TYPE_TIMESTAMP_NTZ },
			   day = { .type = TYPE_DATE };
	static const char *const days[] = { "\"2023-02-29\"", "\"0000-01-01\"",
					    "\"2023-1-1\"",   "19000",
					    "\"2023-13-01\"", "\"2023-01-01T\"",
					    "\"-023-01-01\"" };
	static const char *const instants[] = {
		"\"2020-11-14T22:13:20.123\"",
		"\"2020-11-14 22:13:20Z\"",
		"\"2020-11-14T24:00:00Z\"",
		"\"2020-11-14T22:13:60Z\"",
		"\"2020-11-14T22:13:20.Z\"",
		"\"2020-11-14T22:13Z\"",
		"\"2020-11-14T22:13:20.1234567890Z\"",
		"\"2020-11-14T22:13:20ZZ\"",
		"\"2020-11-14T22:13:20+19:00\"",
		"\"2020-11-14T22:13:20+0100\"",
		"\"1890-01-01T00:00:00.000+00:53\"", /* of Berlin, which was +00:53:28 */
	};

	(void)state;
	assert_integers(&day, "\"1969-12-31\"", "\"2022-01-08\"", -1, 19000);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
		assert_no_bounds(&day, days[i], "\"2024-03-01\"");
	assert_no_bounds(&day, "\"2024-03-01\"", "\"+10000-01-01\"");
	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++)
		assert_no_bounds(&ts, instants[i], "\"2024-11-14T22:13:20Z\"");
	assert_no_bounds(&ntz, "\"2023-11-14T22:13:20Z\"", "\"2024-11-14T22:13:20\"");
}

static void texts_are_cut_at_sixteen_characters(void **state)
{
	(void)state;
	assert_texts("\"\"", "\"a\"", "", "a");
	assert_texts("\"0123456789abcdef\"", "\"0123456789abcdef\"", "0123456789abcdef",
		     "0123456789abcdef");
	assert_texts("\"0123456789abcdefg\"", "\"0123456789abcdefg\"", "0123456789abcdef",
		     "0123456789abcdeg");
	/* No character is above U+10FFFF, and none between U+D7FF and U+E000. */
	assert_texts("\"0\"", "\"0123456789abcde\xf4\x8f\xbf\xbfx\"", "0",
		     "0123456789abcdf");
	assert_texts("\"0\"", "\"0123456789abcde\xed\x9f\xbfx\"", "0",
		     "0123456789abcde\xee\x80\x80");
	assert_texts("\"0\"",
		     "\"\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf"
		     "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf"
		     "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf"
		     "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbfx\"",
		     "0", NULL);
}

static void one_side_may_be_missing(void **state)
{
	const struct field l = { .type = TYPE_LONG };
	struct iceberg_metrics m;

	(void)state;
	metrics_of_one(&m, &l, "5", NULL);
	assert_int_equal(m.lower.count, 1);
	assert_int_equal(m.upper.count, 0);
	iceberg_metrics_release(&m);
	metrics_of_one(&m, &l, "null", "5");
	assert_int_equal(m.lower.count, 0);
	assert_int_equal(m.upper.count, 1);
	iceberg_metrics_release(&m);
}

/* How many counts and bounds these statistics of columns a (id 9) and b (id 3) give. */
static void assert_given(const char *stats, uint32_t counts, uint32_t bounds)
{
	struct schema *s = schema_new("d", "t");
	struct iceberg_metrics m;

	schema_add(s, "a", TYPE_LONG, true)->id = 9;
	schema_add(s, "b", TYPE_LONG, true)->id = 3;
	iceberg_metrics_of_stats(&m, s, stats);
	assert_int_equal(m.value_counts.count, counts);
	assert_int_equal(m.null_counts.count, counts);
	assert_int_equal(m.lower.count + m.upper.count, bounds);
	if (counts == 2) {
		assert_int_equal(m.value_counts.items[0].id, 3);
		assert_int_equal(m.null_counts.items[1].id, 9);
	}
	iceberg_metrics_release(&m);
	schema_release(s);
}

#define STATS(rows, min, max, nulls)                                                       \
	"{\"numRecords\":" rows ",\"minValues\":{" min "},\"maxValues\":{" max             \
	"},\"nullCount\":{" nulls "}}"

static void what_is_missing_or_strange_gives_nothing(void **state)
{
	(void)state;
	assert_given(STATS("5", "\"a\":1,\"b\":1", "\"b\":2,\"a\":2", "\"a\":0,\"b\":0"), 2,
		     4);
	assert_given(STATS("5", "\"a\":1,\"b\":1", "\"a\":2,\"b\":2", "\"a\":0"), 1, 2);
	assert_given(STATS("5", "\"a\":1,\"a\":1", "\"a\":2", "\"a\":0,\"b\":0"), 1, 0);
	assert_given(STATS("5", "\"a\":1,\"\\u0061\":1", "\"a\":2", "\"a\":0,\"b\":0"), 1,
		     0);
	assert_given(STATS("5", "\"a\\u0000\":1,\"c\":1", "\"A\":2", "\"a\":0,\"b\":0"), 2,
		     0);
	assert_given(STATS("5", "\"a\":1", "\"a\":2", "\"a\":6,\"b\":-1"), 0, 0);
	assert_given(STATS("5", "\"a\":1", "\"a\":2", "\"a\":5,\"b\":{}"), 1,
		     0); /* all NULL */
	assert_given(STATS("-1", "\"a\":1", "\"a\":2", "\"a\":0"), 0, 0);
	assert_given(STATS("\"5\"", "\"a\":1", "\"a\":2", "\"a\":0"), 0, 0);
	assert_given("{\"minValues\":{\"a\":1},\"nullCount\":{\"a\":0}}", 0, 0);
	assert_given("{\"numRecords\":5,\"minValues\":[1],\"nullCount\":{\"a\":0}}", 1, 0);
	assert_given("{\"numRecords\":5", 0, 0);
	assert_given("[5]", 0, 0);
	assert_given("", 0, 0);
	assert_given(NULL, 0, 0);
}

/* --- property: the bounds of what our writer wrote enclose every value ------------------------- */

static uint64_t random_state = 88172645463325252;

static uint64_t random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Small, large, and in between. */
static int64_t random_integer(int64_t limit)
{
	uint64_t v = random_bits() >> (random_bits() % 64);

	return (int64_t)(v % (uint64_t)limit) * (random_bits() % 2 == 0 ? 1 : -1);
}

static void add_text(struct column *c)
{
	static const uint32_t characters[] = { 'a',    'z',    0x7f,     0xe9,
					       0xd7ff, 0xe000, 0x10ffff, 0x10ffff };
	struct buffer text = { 0 };

	for (uint64_t i = random_bits() % 40; i > 0; i--)
		text_utf8(&text, characters[random_bits() % 8]);
	column_add_bytes(c, text.data, (uint32_t)text.size);
	buffer_release(&text);
}

static void add_value(struct column *c, const struct field *f)
{
	static const int64_t limits[] = {
		[TYPE_BOOLEAN] = 2,
		[TYPE_INT] = INT32_MAX,
		[TYPE_LONG] = INT64_MAX,
		[TYPE_DECIMAL] = 999999999,
		[TYPE_DATE] = 700000,
		[TYPE_TIMESTAMP] = 60000000000000000,
		[TYPE_TIMESTAMP_NTZ] = 60000000000000000,
	};
	int64_t v = f->type < TYPES && f->type <= TYPE_TIMESTAMP_NTZ && limits[f->type] > 0
			    ? random_integer(limits[f->type])
			    : 0;

	switch (c->storage) {
	case STORAGE_BOOL:
		column_add_bool(c, v != 0);
		break;
	case STORAGE_INT32:
		column_add_int32(c, (int32_t)v);
		break;
	case STORAGE_INT64:
		column_add_int64(c, f->type == TYPE_DECIMAL ? v * 1000000007 : v);
		break;
	case STORAGE_INT128:
		column_add_int128(c, (int128_t)v * 1000000000000000003 * 10000000000);
		break;
	case STORAGE_FLOAT:
		column_add_float(c, (float)random_integer(1 << 20) / 64);
		break;
	case STORAGE_DOUBLE:
		column_add_double(c, (double)random_integer(INT64_MAX) / 3);
		break;
	default:
		add_text(c);
	}
}

static struct schema *every_type(void)
{
	static const uint8_t precisions[] = { 9, 18, 38 };
	struct schema *s = schema_new("d", "t");
	char name[8];

	for (enum type t = 0; t < TYPES; t++) {
		for (int i = 0; i < (t == TYPE_DECIMAL ? 3 : 1); i++) {
			struct field *f;

			snprintf(name, sizeof(name), "c%d_%d", t, i);
			f = schema_add(s, name, t, true);
			f->precision = precisions[i];
			f->scale = 2;
			f->id = 100 - (int32_t)s->field_count;
		}
	}
	return s;
}

/* How many bounds there are. */
static uint32_t assert_enclosed(const struct field *f, const struct column *c,
				const struct iceberg_metrics *m)
{
	const struct iceberg_bound *lower = find_bound(&m->lower, f->id),
				   *upper = find_bound(&m->upper, f->id);
	struct single_value low = { 0 }, high = { 0 };
	struct err e = ERR_INIT;

	if (lower != NULL)
		must(single_value_decode(&low, f, buffer_bytes(&lower->bytes), &e), &e);
	if (upper != NULL)
		must(single_value_decode(&high, f, buffer_bytes(&upper->bytes), &e), &e);
	for (uint32_t row = 0; row < c->row_count; row++) {
		struct single_value v;

		if (column_is_null(c, row))
			continue;
		v = single_value_of(f, c, row);
		assert_true(lower == NULL || single_value_compare(f, &low, &v) <= 0);
		assert_true(upper == NULL || single_value_compare(f, &v, &high) <= 0);
	}
	return (lower != NULL) + (upper != NULL);
}

static void bounds_of_written_files_enclose_every_value(void **state)
{
	uint32_t bounds = 0;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct parquet_file file;
		struct parquet_writer *w;
		struct iceberg_metrics m;
		struct buffer stats = { 0 };

		parquet_file_init(&file, every_type());
		for (uint64_t rows = 1 + random_bits() % 6; rows > 0; rows--) {
			for (uint32_t i = 0; i < file.schema->field_count; i++) {
				if (random_bits() % 5 == 0)
					column_set_null(&file.rows.columns[i]);
				else
					add_value(&file.rows.columns[i],
						  &file.schema->fields[i]);
			}
			columns_end_row(&file.rows);
		}
		w = parquet_file_write(&file, NULL, file.rows.row_count,
				       PARQUET_UNCOMPRESSED);
		stats_collect(&stats, file.schema, w);
		iceberg_metrics_of_stats(&m, file.schema, buffer_string(&stats));
		assert_int_equal(m.null_counts.count, file.schema->field_count);
		for (uint32_t i = 0; i < file.schema->field_count; i++)
			bounds += assert_enclosed(&file.schema->fields[i],
						  &file.rows.columns[i], &m);
		iceberg_metrics_release(&m);
		parquet_writer_close(w);
		parquet_file_release(&file);
		buffer_release(&stats);
	}
	assert_true(bounds > 300 * 2 * 9); /* of 11 columns that may have them */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_exact),
		cmocka_unit_test(decimals_are_exact),
		cmocka_unit_test(decimals_that_may_be_rounded_are_not_told),
		cmocka_unit_test(reals_enclose_both_zeros_and_never_are_nan),
		cmocka_unit_test(instants_are_rounded_outwards),
		cmocka_unit_test(strange_days_and_instants_are_not_told),
		cmocka_unit_test(texts_are_cut_at_sixteen_characters),
		cmocka_unit_test(one_side_may_be_missing),
		cmocka_unit_test(what_is_missing_or_strange_gives_nothing),
		cmocka_unit_test(bounds_of_written_files_enclose_every_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
