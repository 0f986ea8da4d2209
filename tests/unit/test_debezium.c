/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "message/debezium.h"
#include "message/put.h"

struct fixture {
	struct debezium_options options;
	struct schema *schema;
	struct columns row, defaults;
	struct debezium_table *table;
};

static const struct origin somewhere = {
	.log_file = "binlog.000003",
	.gtid = "24bc7850-2c16-11ee-a000-0242ac110002:19",
	.time_us = 1785578400000000,
	.server_id = 223344,
	.thread_id = 11,
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	option_defaults(debezium_option_table, &f->options);
	f->options.topic_prefix = "shop";
	f->options.connector = "mysql";
	f->schema = schema_new("inv", "t");
}

static void choose(struct fixture *f, const char *name, const char *value)
{
	const struct option *o = debezium_option_table;
	struct err e = ERR_INIT;

	while (strcmp(o->name, name) != 0)
		o++;
	assert_int_equal(option_store(o, &f->options, value, name, &e), 0);
}

static struct field *add(struct fixture *f, const char *name, const char *words, enum type type)
{
	struct field *field = schema_add(f->schema, name, type, true);

	field->source_type = memory_copy_text(words);
	return field;
}

static void decimal_of(struct field *f, uint8_t precision, uint8_t scale)
{
	f->precision = precision;
	f->scale = scale;
}

/* After the last field; then the cells, end_row and a message. */
static void make(struct fixture *f)
{
	struct err e = ERR_INIT;

	if (debezium_table_new(&f->table, &f->options, f->schema, &e) < 0)
		fail_msg("%s", e.text);
	columns_init(&f->row, f->schema);
}

static void finish(struct fixture *f)
{
	debezium_table_free(f->table);
	columns_release(&f->row);
	columns_release(&f->defaults);
	schema_release(f->schema);
	option_release(debezium_option_table, &f->options);
}

static struct buffer message(struct fixture *f, char op)
{
	struct debezium_event event = {
		.op = op, .origin = &somewhere, .log_offset = 1021, .now_us = 1785578400456123,
	};
	struct debezium_image row = { &f->row, 0 }, none = { 0 };
	struct buffer out = { 0 };

	debezium_value(f->table, &event, op == 'd' ? row : none, op == 'd' ? none : row, &out);
	return out;
}

/* The image alone. */
static struct buffer image(struct fixture *f, char op)
{
	static const char before[] = "{\"before\":null,\"after\":";
	struct buffer all = message(f, op), out = { 0 };
	const char *text = buffer_string(&all), *end = strstr(text, ",\"source\":");

	assert_non_null(end);
	assert_memory_equal(text, before, sizeof(before) - 1);
	buffer_append(&out, text + sizeof(before) - 1, (size_t)(end - text) - (sizeof(before) - 1));
	buffer_release(&all);
	return out;
}

#define assert_image(f, op, expected)                  \
	do {                                           \
		struct buffer text_ = image((f), (op)); \
		assert_buffer_text(text_, expected);   \
	} while (0)

#define text_cell(f, i, text) column_add_bytes(&(f)->row.columns[i], (text), (uint32_t)strlen(text))

static void a_message_has_debeziums_fields_in_its_order(void **state)
{
	struct fixture f;
	struct buffer out;

	(void)state;
	begin(&f);
	add(&f, "id", "int", TYPE_INT)->is_nullable = false;
	add(&f, "name", "varchar(40)", TYPE_STRING);
	schema_set_key(f.schema, (uint32_t[]){ 0 }, 1);
	make(&f);
	column_add_int32(&f.row.columns[0], 7);
	text_cell(&f, 1, "Ada");
	columns_end_row(&f.row);
	out = message(&f, 'c');
	assert_buffer_text(
		out,
		"{\"before\":null,\"after\":{\"id\":7,\"name\":\"Ada\"},\"source\":{\"version\":\"3.6.1.Final\","
		"\"connector\":\"mysql\",\"name\":\"shop\",\"ts_ms\":1785578400000,\"snapshot\":\"false\",\"db\":"
		"\"inv\","
		"\"sequence\":null,\"ts_us\":1785578400000000,\"ts_ns\":1785578400000000000,\"table\":\"t\","
		"\"server_id\":223344,\"gtid\":\"24bc7850-2c16-11ee-a000-0242ac110002:19\",\"file\":\"binlog."
		"000003\","
		"\"pos\":1021,\"row\":0,\"thread\":11,\"query\":null},\"transaction\":null,\"op\":\"c\","
		"\"ts_ms\":1785578400456,\"ts_us\":1785578400456123,\"ts_ns\":1785578400456123000}");
	assert_string_equal(debezium_topic(f.table), "shop.inv.t");
	finish(&f);
}

static void a_copy_and_a_transaction_are_marked(void **state)
{
	struct origin origin = { .log_file = "b.1", .thread_id = 7 }; /* which MariaDB's connector does not tell */
	struct debezium_transaction transaction = { "file=b.1,pos=4", 3, 2 };
	struct debezium_event event = {
		.op = 'r', .snapshot = SNAPSHOT_LAST_IN_TABLE, .origin = &origin, .transaction = &transaction,
		.now_us = 1785578400456123,
	};
	struct debezium_image none = { 0 };
	struct fixture f;
	struct buffer out = { 0 };

	(void)state;
	begin(&f);
	f.options.connector = "mariadb";
	add(&f, "id", "int", TYPE_INT);
	make(&f);
	debezium_value(f.table, &event, none, none, &out);
	assert_buffer_text(
		out, "{\"before\":null,\"after\":null,\"source\":{\"version\":\"3.5.0.Final\","
		     "\"connector\":\"mariadb\",\"name\":\"shop\",\"ts_ms\":1785578400456,"
		     "\"snapshot\":\"last_in_data_collection\",\"db\":\"inv\","
		     "\"sequence\":null,\"ts_us\":1785578400456123,\"ts_ns\":1785578400456123000,\"table\":\"t\","
		     "\"server_id\":0,\"gtid\":null,\"file\":\"b.1\",\"pos\":0,\"row\":0,\"thread\":null,"
		     "\"query\":null},\"transaction\":{\"id\":\"file=b.1,pos=4\",\"total_order\":3,"
		     "\"data_collection_order\":2},\"op\":\"r\",\"ts_ms\":1785578400456,"
		     "\"ts_us\":1785578400456123,\"ts_ns\":1785578400456123000}");
	finish(&f);
}

static void a_truncate_has_milliseconds_and_no_thread(void **state)
{
	struct origin origin = somewhere;
	struct debezium_event event = { .op = 't', .origin = &origin, .log_offset = 7, .now_us = 1785578400456123 };
	struct debezium_image none = { 0 };
	struct buffer out = { 0 };
	struct fixture f;

	(void)state;
	origin.time_us += 345678;
	begin(&f);
	add(&f, "id", "int", TYPE_INT);
	make(&f);
	debezium_value(f.table, &event, none, none, &out);
	assert_non_null(strstr(buffer_string(&out), "\"ts_ms\":1785578400345,\"snapshot\":\"false\""));
	assert_non_null(strstr(buffer_string(&out), "\"ts_us\":1785578400345000,\"ts_ns\":1785578400345000000,\"table\""));
	assert_non_null(strstr(buffer_string(&out), "\"row\":0,\"thread\":null,"));
	buffer_release(&out);
	finish(&f);
}

static void numbers_are_java_s(void **state)
{
	static const struct {
		double v;
		const char *text;
	} doubles[] = {
		{ 0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1, "1.0" },
		{ 0.1, "0.1" },
		{ -12.5, "-12.5" },
		{ 9999999, "9999999.0" },
		{ 1e7, "1.0E7" },
		{ 12345678.9, "1.23456789E7" },
		{ 0.001, "0.001" },
		{ 0.00099, "9.9E-4" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1e22, "1.0E22" },
		{ 1e23, "1.0E23" },
		{ 123456.789e-200, "1.23456789E-195" },
		{ 9007199254740992, "9.007199254740992E15" },
		{ 2.2250738585072014e-308, "2.2250738585072014E-308" },
		{ 1.7976931348623157e308, "1.7976931348623157E308" },
		{ NAN, "\"NaN\"" },
		{ -INFINITY, "\"-Infinity\"" },
		{ 100, "100.0" },
		{ 4.35, "4.35" },
	};
	static const struct {
		float v;
		const char *text;
	} floats[] = {
		{ 0.1f, "0.1" },
		{ 3.14159274f, "3.1415927" },
		{ 16777216, "1.6777216E7" },
		{ 3.4028235e38f, "3.4028235E38" },
		{ 1e-30f, "1.0E-30" },
		{ 1.17549435e-38f, "1.1754944E-38" },
		{ 123456.7f, "123456.7" },
		{ -2, "-2.0" },
	};
	uint8_t text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
		*put_double(text, doubles[i].v) = 0;
		assert_string_equal((char *)text, doubles[i].text);
	}
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		*put_float(text, floats[i].v) = 0;
		assert_string_equal((char *)text, floats[i].text);
	}
}

/* How many digits the C library takes for a number that reads back: it tries the nearest of each length alone. */
static int digits_needed(double v, bool is_float)
{
	char text[40];

	for (int digits = 1; digits < 17; digits++) {
		snprintf(text, sizeof(text), "%.*e", digits - 1, v);
		if (is_float ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
			return digits;
	}
	return 17;
}

/* Without zeros in front of the first or behind the last other digit. */
static int digits_shown(const char *text)
{
	int count = 0, shown = 0;

	for (; *text != 0 && *text != 'E'; text++) {
		if (*text < '0' || *text > '9' || (count == 0 && *text == '0'))
			continue;
		count++;
		if (*text != '0')
			shown = count;
	}
	return shown;
}

static void check_number(double v)
{
	char text[40];

	if (v == 0)
		return;
	*put_double((uint8_t *)text, v) = 0;
	if (strtod(text, NULL) != v || digits_shown(text) > digits_needed(v, false))
		fail_msg("%.17g as %s", v, text);
	if (!isfinite((float)v) || (float)v == 0)
		return;
	*put_float((uint8_t *)text, (float)v) = 0;
	if (strtof(text, NULL) != (float)v || digits_shown(text) > digits_needed((double)(float)v, true))
		fail_msg("%.9g as %s", (double)(float)v, text);
}

static void real_numbers_come_back_from_the_fewest_digits(void **state)
{
	uint64_t bits = 88172645463325252u;
	double v;

	(void)state;
	for (int i = 0; i < 6000; i++) {
		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		check_number((double)(int64_t)(bits >> 40) / 1000);
		check_number((double)(bits >> 11) / 7e9);
		check_number((double)(bits >> (i % 60)));
		memcpy(&v, &bits, sizeof(v));
		if (isfinite(v))
			check_number(v);
	}
	for (int i = -60; i < 60; i++) { /* powers of two: their neighbours are not equally far */
		check_number(ldexp(1, i));
		check_number(nextafter(ldexp(1, i), 0));
	}
}

static void integers_keep_their_ends(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	add(&f, "a", "tinyint(1)", TYPE_INT);
	add(&f, "b", "smallint(5) unsigned", TYPE_INT);
	add(&f, "c", "int unsigned zerofill", TYPE_LONG);
	add(&f, "d", "bigint", TYPE_LONG);
	decimal_of(add(&f, "e", "bigint(20) unsigned", TYPE_DECIMAL), 20, 0);
	add(&f, "y", "year", TYPE_INT);
	make(&f);
	column_add_int32(&f.row.columns[0], -1);
	column_add_int32(&f.row.columns[1], 65535);
	column_add_int64(&f.row.columns[2], 4294967295);
	column_add_int64(&f.row.columns[3], INT64_MIN);
	column_add_int128(&f.row.columns[4], UINT64_MAX);
	column_add_int32(&f.row.columns[5], 2155);
	columns_end_row(&f.row);
	assert_image(&f, 'c',
		     "{\"a\":-1,\"b\":65535,\"c\":4294967295,\"d\":-9223372036854775808,\"e\":-1,\"y\":2155}");
	finish(&f);
}

static void unsigned_longs_can_be_exact(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	choose(&f, "bigint.unsigned.handling.mode", "precise");
	choose(&f, "decimal.handling.mode", "string");
	decimal_of(add(&f, "e", "bigint unsigned", TYPE_DECIMAL), 20, 0);
	make(&f);
	column_add_int128(&f.row.columns[0], UINT64_MAX);
	columns_end_row(&f.row);
	assert_image(&f, 'c', "{\"e\":\"AP//////////\"}");
	finish(&f);
}

static void make_decimals(struct fixture *f, const char *mode)
{
	begin(f);
	choose(f, "decimal.handling.mode", mode);
	decimal_of(add(f, "a", "decimal(9,2)", TYPE_DECIMAL), 9, 2);
	decimal_of(add(f, "b", "decimal(38,10) unsigned", TYPE_DECIMAL), 38, 10);
	add(f, "c", "decimal(65,30)", TYPE_STRING);
	make(f);
	column_add_int32(&f->row.columns[0], -1230);
	column_add_int128(&f->row.columns[1], (int128_t)1000000000000000000 * 1000000000000000000);
	text_cell(f, 2, "-99999999999999999999999999999999999.999999999999999999999999999999");
	columns_end_row(&f->row);
}

static void decimals_have_three_forms(void **state)
{
	struct fixture f;

	(void)state;
	make_decimals(&f, "precise");
	assert_image(&f, 'c', "{\"a\":\"+zI=\",\"b\":\"AMCXznvJBxWzS58QAAAAAA==\","
			      "\"c\":\"/wzp2OOAPG91dBC5sca6EIXayfYAAAAAAAAAAQ==\"}");
	finish(&f);
	make_decimals(&f, "string");
	assert_image(&f, 'c', "{\"a\":\"-12.30\",\"b\":\"100000000000000000000000000.0000000000\","
			      "\"c\":\"-99999999999999999999999999999999999.999999999999999999999999999999\"}");
	finish(&f);
	make_decimals(&f, "double");
	assert_image(&f, 'c', "{\"a\":-12.3,\"b\":1.0E26,\"c\":-1.0E35}");
	finish(&f);
}

static void make_bits(struct fixture *f)
{
	begin(f);
	add(f, "a", "bit(1)", TYPE_BOOLEAN);
	add(f, "b", "bit(9)", TYPE_LONG);
	decimal_of(add(f, "c", "bit(64)", TYPE_DECIMAL), 20, 0);
	make(f);
	column_add_bool(&f->row.columns[0], true);
	column_add_int64(&f->row.columns[1], 0x101);
	column_add_int128(&f->row.columns[2], (int128_t)0x5c0a0900 << 32);
	columns_end_row(&f->row);
}

static void bits_are_little_endian(void **state)
{
	struct fixture f;

	(void)state;
	make_bits(&f);
	assert_image(&f, 'c', "{\"a\":true,\"b\":\"AQE=\",\"c\":\"AAAAAAAJClw=\"}");
	finish(&f);
}

/* 2024-02-29 12:34:56.789012, and the same day. */
static void make_times(struct fixture *f, const char *mode)
{
	begin(f);
	choose(f, "time.precision.mode", mode);
	add(f, "d", "date", TYPE_DATE);
	add(f, "t", "time(4)", TYPE_STRING);
	add(f, "dt", "datetime", TYPE_TIMESTAMP_NTZ);
	add(f, "dt6", "datetime(6)", TYPE_TIMESTAMP_NTZ);
	add(f, "ts", "timestamp(6)", TYPE_TIMESTAMP);
	make(f);
	column_add_int32(&f->row.columns[0], 19782);
	text_cell(f, 1, "12:34:56.7891");
	column_add_int64(&f->row.columns[2], 1709210096000000);
	column_add_int64(&f->row.columns[3], -1);
	column_add_int64(&f->row.columns[4], 1709210096780000);
	columns_end_row(&f->row);
}

static void times_have_five_forms(void **state)
{
	static const struct {
		const char *mode, *expected;
	} modes[] = {
		{ "adaptive_time_microseconds", "{\"d\":19782,\"t\":45296789100,\"dt\":1709210096000,\"dt6\":-1," },
		{ "connect", "{\"d\":19782,\"t\":45296789,\"dt\":1709210096000,\"dt6\":-1," },
		{ "isostring", "{\"d\":\"2024-02-29Z\",\"t\":\"12:34:56.7891Z\",\"dt\":\"2024-02-29T12:34:56Z\","
			       "\"dt6\":\"1969-12-31T23:59:59.999999Z\"," },
		{ "microseconds", "{\"d\":19782,\"t\":45296789100,\"dt\":1709210096000000,\"dt6\":-1," },
		{ "nanoseconds", "{\"d\":19782,\"t\":45296789100000,\"dt\":1709210096000000000,\"dt6\":-1000," },
	};
	struct fixture f;
	char expected[300];

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		make_times(&f, modes[i].mode);
		snprintf(expected, sizeof(expected), "%s\"ts\":\"2024-02-29T12:34:56.780000Z\"}", modes[i].expected);
		assert_image(&f, 'c', expected);
		finish(&f);
	}
}

static void a_copys_timestamp_has_no_zeros_behind(void **state)
{
	struct fixture f;
	struct buffer out;

	(void)state;
	make_times(&f, "connect");
	out = image(&f, 'r');
	assert_non_null(strstr(buffer_string(&out), "\"2024-02-29T12:34:56.78Z\""));
	buffer_release(&out);
	finish(&f);
}

static void times_beyond_a_day_are_kept_or_null(void **state)
{
	static const struct {
		const char *mode, *expected;
	} modes[] = {
		{ "adaptive_time_microseconds", "{\"a\":-3020399000000,\"b\":86400000000,\"c\":-500000}" },
		{ "nanoseconds", "{\"a\":-3020399000000000,\"b\":86400000000000,\"c\":-500000000}" },
		{ "connect", "{\"a\":null,\"b\":86400000,\"c\":null}" },
		{ "isostring", "{\"a\":null,\"b\":\"00:00:00Z\",\"c\":null}" },
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		begin(&f);
		choose(&f, "time.precision.mode", modes[i].mode);
		add(&f, "a", "time", TYPE_STRING);
		add(&f, "b", "time", TYPE_STRING);
		add(&f, "c", "time(1)", TYPE_STRING);
		make(&f);
		text_cell(&f, 0, "-838:59:59");
		text_cell(&f, 1, "24:00:00");
		text_cell(&f, 2, "-00:00:00.5");
		columns_end_row(&f.row);
		assert_image(&f, 'c', modes[i].expected);
		finish(&f);
	}
}

static void invalid_dates_of_not_null_columns_are_1970(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	choose(&f, "time.precision.mode", "isostring");
	add(&f, "d", "date", TYPE_DATE)->null_is_invalid = true;
	add(&f, "dt", "datetime(3)", TYPE_TIMESTAMP_NTZ)->null_is_invalid = true;
	add(&f, "ts", "timestamp(3)", TYPE_TIMESTAMP)->null_is_invalid = true;
	add(&f, "n", "date", TYPE_DATE);
	make(&f);
	for (uint32_t i = 0; i < 4; i++)
		column_set_null(&f.row.columns[i]);
	columns_end_row(&f.row);
	assert_image(&f, 'c', "{\"d\":\"1970-01-01Z\",\"dt\":\"1970-01-01T00:00:00Z\","
			      "\"ts\":\"1970-01-01T00:00:00Z\",\"n\":null}");
	finish(&f);
}

static void strings_are_escaped_as_jackson_does(void **state)
{
	static const char text[] = "\0\x1f\n</\"\\\x7f \xc3\xa9 \xf0\x9f\x98\x80 12345678\xf0\x9f\x98\x80";
	struct fixture f;

	(void)state;
	begin(&f);
	add(&f, "we\"ird", "text", TYPE_STRING);
	make(&f);
	column_add_bytes(&f.row.columns[0], text, sizeof(text) - 1);
	columns_end_row(&f.row);
	assert_image(&f, 'c', "{\"we\\\"ird\":\"\\u0000\\u001F\\n</\\\"\\\\\x7f \xc3\xa9 \\uD83D\\uDE00 "
			      "12345678\\uD83D\\uDE00\"}");
	finish(&f);
}

static void binaries_have_four_forms(void **state)
{
	static const char *const forms[][2] = {
		{ "bytes", "{\"a\":\"+/8A\",\"b\":\"\"}" }, { "base64", "{\"a\":\"+/8A\",\"b\":\"\"}" },
		{ "base64-url-safe", "{\"a\":\"-_8A\",\"b\":\"\"}" }, { "hex", "{\"a\":\"fbff00\",\"b\":\"\"}" },
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		begin(&f);
		choose(&f, "binary.handling.mode", forms[i][0]);
		add(&f, "a", "binary(3)", TYPE_BINARY);
		add(&f, "b", "longblob", TYPE_BINARY);
		make(&f);
		column_add_bytes(&f.row.columns[0], "\xfb\xff\0", 3);
		column_add_bytes(&f.row.columns[1], "", 0);
		columns_end_row(&f.row);
		assert_image(&f, 'c', forms[i][1]);
		finish(&f);
	}
}

static void make_json(struct fixture *f, const char *text)
{
	begin(f);
	add(f, "j", "json", TYPE_STRING);
	make(f);
	text_cell(f, 0, text);
	columns_end_row(&f->row);
}

static void the_logs_json_is_printed_anew(void **state)
{
	static const char *const texts[][2] = {
		{ "{\"a\": [1, -2.5, true, null], \"b c\": {}}", "{\\\"a\\\":[1,-2.5,true,null],\\\"b c\\\":{}}" },
		{ "1e20", "100000000000000000000" },
		{ "12345678.9", "12345678.90000000037252902984619140625" },
		{ "0.0001", "0.000100000000000000004792173602385929598312941379845142364501953125" },
		{ "100000.0", "100000.0" },
		{ "12345678.90", "12345678.90" }, /* a decimal */
		{ "18446744073709551615", "18446744073709551615" },
		{ "\"e, \\u001f: \\\\u00ff \\\"1e5\\\" \\n\"",
		  "\\\"e, \\\\u001F: \\\\\\\\u00ff \\\\\\\"1e5\\\\\\\" \\\\n\\\"" },
		{ "\"\xf0\x9f\x98\x80\"", "\\\"\\uD83D\\uDE00\\\"" },
	};
	char expected[300];
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		make_json(&f, texts[i][0]);
		snprintf(expected, sizeof(expected), "{\"j\":\"%s\"}", texts[i][1]);
		assert_image(&f, 'u', expected);
		finish(&f);
	}
	make_json(&f, "{\"a\": 1e3}");
	assert_image(&f, 'r', "{\"j\":\"{\\\"a\\\": 1e3}\"}");
	finish(&f);
}

static void labels_with_commas_are_escaped_in_the_log(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	add(&f, "e", "enum('it''s','x,y')", TYPE_STRING);
	add(&f, "s", "set('p','q')", TYPE_STRING);
	make(&f);
	text_cell(&f, 0, "x,y");
	text_cell(&f, 1, "p,q");
	columns_end_row(&f.row);
	assert_image(&f, 'c', "{\"e\":\"x\\\\,y\",\"s\":\"p,q\"}");
	assert_image(&f, 'r', "{\"e\":\"x,y\",\"s\":\"p,q\"}");
	finish(&f);
}

static void shapes_are_wkb_with_their_srid(void **state)
{
	static const uint8_t with_srid[] = { 1, 1, 0, 0, 0x20, 0xe6, 0x10, 0, 0, 0, 0, 0, 0, 0, 0,
					     0x34, 0x40, 0, 0, 0, 0, 0, 0, 0x24, 0x40 };
	static const uint8_t empty[] = { 1, 7, 0, 0, 0, 0, 0, 0, 0 };
	struct fixture f;

	(void)state;
	begin(&f);
	add(&f, "p", "point", TYPE_BINARY);
	add(&f, "g", "geomcollection", TYPE_BINARY);
	add(&f, "v", "vector(3)", TYPE_STRING);
	make(&f);
	column_add_bytes(&f.row.columns[0], with_srid, sizeof(with_srid));
	column_add_bytes(&f.row.columns[1], empty, sizeof(empty));
	text_cell(&f, 2, "[1,2.5,-3e-10]");
	columns_end_row(&f.row);
	assert_image(&f, 'c', "{\"p\":{\"x\":20.0,\"y\":10.0,\"wkb\":\"AQEAAAAAAAAAAAA0QAAAAAAAACRA\",\"srid\":4326},"
			      "\"g\":{\"wkb\":\"AQcAAAAAAAAA\",\"srid\":null},\"v\":[1.0,2.5,-3.0E-10]}");
	finish(&f);
}

static void keys_are_in_the_keys_order_with_their_schema(void **state)
{
	struct fixture f;
	struct buffer key = { 0 };
	struct bytes payload;

	(void)state;
	begin(&f);
	f.options.schemas = true;
	choose(&f, "schema.name.adjustment.mode", "avro");
	f.options.topic_prefix = "my-shop";
	add(&f, "id", "varchar(20)", TYPE_STRING)->is_nullable = false;
	add(&f, "k2", "int unsigned", TYPE_LONG)->is_nullable = false;
	schema_set_key(f.schema, (uint32_t[]){ 1, 0 }, 2);
	make(&f);
	text_cell(&f, 0, "\xc3\xa9");
	column_add_int64(&f.row.columns[1], 7);
	columns_end_row(&f.row);
	assert_true(debezium_key(f.table, (struct debezium_image){ &f.row, 0 }, &key));
	payload = debezium_key_payload(f.table, buffer_bytes(&key));
	assert_true(bytes_equal(payload, BYTES_OF("{\"k2\":7,\"id\":\"\xc3\xa9\"}")));
	assert_buffer_text(
		key,
		"{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"optional\":false,"
		"\"field\":\"k2\"},{\"type\":\"string\",\"optional\":false,\"field\":\"id\"}],"
		"\"optional\":false,\"name\":\"my_shop.inv.t.Key\"},\"payload\":{\"k2\":7,\"id\":\"\xc3\xa9\"}}");
	assert_string_equal(debezium_topic(f.table), "my-shop.inv.t");
	finish(&f);
}

static void a_table_without_a_key_has_null_keys(void **state)
{
	struct buffer out = { 0 };
	struct fixture f;

	(void)state;
	begin(&f);
	add(&f, "a", "int", TYPE_INT);
	make(&f);
	column_set_null(&f.row.columns[0]);
	columns_end_row(&f.row);
	assert_false(debezium_key(f.table, (struct debezium_image){ &f.row, 0 }, &out));
	assert_int_equal(out.size, 0);
	finish(&f);
}

static void topics_have_only_legal_characters(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	schema_release(f.schema);
	f.schema = schema_new("d b", "n\xc3\xa4\xf0\x9f\x98\x80-$");
	add(&f, "a", "int", TYPE_INT);
	make(&f);
	assert_string_equal(debezium_topic(f.table), "shop.d_b.n___-_");
	finish(&f);
}

static void schemas_say_types_parameters_and_defaults(void **state)
{
	static const char expected[] =
		"{\"type\":\"struct\",\"fields\":[{\"type\":\"bytes\",\"optional\":true,\"name\":"
		"\"org.apache.kafka.connect.data.Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\","
		"\"connect.decimal.precision\":\"9\"},\"default\":\"AJY=\",\"field\":\"a\"},{\"type\":\"string\","
		"\"optional\":true,"
		"\"name\":\"io.debezium.data.Enum\",\"version\":1,\"parameters\":{\"allowed\":\"it's,x\\\\,y\"},"
		"\"field\":\"e\"},"
		"{\"type\":\"string\",\"optional\":false,\"name\":\"io.debezium.time.ZonedTimestamp\",\"version\":"
		"1,"
		"\"default\":\"1970-01-01T00:00:00Z\",\"field\":\"now\"},{\"type\":\"struct\",\"fields\":[{"
		"\"type\":\"bytes\","
		"\"optional\":false,\"field\":\"wkb\"},{\"type\":\"int32\",\"optional\":true,\"field\":\"srid\"}],"
		"\"optional\":true,\"name\":\"io.debezium.data.geometry.Geometry\",\"version\":1,\"doc\":"
		"\"Geometry\","
		"\"field\":\"g\"}],\"optional\":true,\"name\":\"shop.inv.t.Value\",\"field\":\"after\"},";
	struct buffer out;
	struct fixture f;
	const char *at;

	(void)state;
	begin(&f);
	f.options.schemas = true;
	decimal_of(add(&f, "a", "decimal(9,2)", TYPE_DECIMAL), 9, 2);
	add(&f, "e", "enum('it''s','x,y')", TYPE_STRING);
	add(&f, "now", "timestamp(3)", TYPE_TIMESTAMP)->null_is_invalid = true;
	add(&f, "g", "geometry", TYPE_BINARY);
	columns_init(&f.defaults, f.schema);
	column_add_int32(&f.defaults.columns[0], 150);
	column_set_null(&f.defaults.columns[1]);
	column_add_int64(&f.defaults.columns[2], 0);
	column_set_null(&f.defaults.columns[3]);
	columns_end_row(&f.defaults);
	schema_set_defaults(f.schema, &f.defaults);
	make(&f);
	for (uint32_t i = 0; i < 4; i++)
		column_set_null(&f.row.columns[i]);
	columns_end_row(&f.row);
	out = message(&f, 'c');
	at = strstr(buffer_string(&out), "{\"type\":\"bytes\"");
	assert_non_null(at);
	at = strstr(at, "\"field\":\"before\"},");
	assert_non_null(at);
	at += strlen("\"field\":\"before\"},");
	assert_int_equal(strncmp(at, expected, strlen(expected)), 0);
	assert_non_null(strstr(at, "\"payload\":{\"before\":null,\"after\":{\"a\":null,\"e\":null,"
				   "\"now\":\"1970-01-01T00:00:00Z\",\"g\":null},"));
	buffer_release(&out);
	finish(&f);
}

static void nulls_become_defaults_when_asked(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	f.options.null_is_default = true;
	add(&f, "s", "varchar(9)", TYPE_STRING);
	add(&f, "n", "int", TYPE_INT);
	columns_init(&f.defaults, f.schema);
	column_add_bytes(&f.defaults.columns[0], "a\"b", 3);
	column_set_null(&f.defaults.columns[1]);
	columns_end_row(&f.defaults);
	schema_set_defaults(f.schema, &f.defaults);
	make(&f);
	column_set_null(&f.row.columns[0]);
	column_set_null(&f.row.columns[1]);
	columns_end_row(&f.row);
	assert_image(&f, 'c', "{\"s\":\"a\\\"b\",\"n\":null}");
	finish(&f);
}

static void an_unknown_type_is_refused_by_name(void **state)
{
	static const struct {
		const char *words;
		enum type type;
	} unknown[] = { { "xmltype", TYPE_STRING }, { "int", TYPE_STRING }, { "datetime(3)", TYPE_BINARY } };
	struct err e = ERR_INIT;
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		begin(&f);
		add(&f, "col", unknown[i].words, unknown[i].type);
		assert_int_equal(debezium_table_new(&f.table, &f.options, f.schema, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.text, "\"col\""));
		finish(&f);
	}
}

static void long_texts_fit(void **state)
{
	static const uint8_t worst[] = { 0, 0xf0, 0x9f, 0x98, 0x80, '"', 'x' };
	struct buffer out, text = { 0 };
	struct fixture f;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buffer_append(&text, worst, sizeof(worst));
	begin(&f);
	add(&f, "a", "mediumtext", TYPE_STRING);
	add(&f, "b", "mediumblob", TYPE_BINARY);
	make(&f);
	column_add_bytes(&f.row.columns[0], text.data, (uint32_t)text.size);
	column_add_bytes(&f.row.columns[1], text.data, (uint32_t)text.size);
	columns_end_row(&f.row);
	out = image(&f, 'c');
	assert_int_equal(out.size, 6 + 1000 * 21 + 8 + (7000 + 2) / 3 * 4 + 1);
	buffer_release(&out);
	buffer_release(&text);
	finish(&f);
}

static void side_topics_have_debeziums_messages(void **state)
{
	struct debezium_table_count tables[] = { { "inv.person", 3 }, { "inv.t", 1 } };
	struct buffer key = { 0 }, value = { 0 };
	struct fixture f;

	(void)state;
	begin(&f);
	debezium_transaction_begin(&f.options, "g:1", 1785578400460999, &key, &value);
	assert_buffer_text(key, "{\"id\":\"g:1\"}");
	assert_buffer_text(value, "{\"status\":\"BEGIN\",\"id\":\"g:1\",\"event_count\":null,"
				  "\"data_collections\":null,\"ts_ms\":1785578400460}");
	key = value = (struct buffer){ 0 };
	debezium_transaction_end(&f.options, "g:1", 1785578400460999, tables, 2, &key, &value);
	assert_buffer_text(key, "{\"id\":\"g:1\"}");
	assert_buffer_text(value, "{\"status\":\"END\",\"id\":\"g:1\",\"event_count\":4,\"data_collections\":["
				  "{\"data_collection\":\"inv.person\",\"event_count\":3},"
				  "{\"data_collection\":\"inv.t\",\"event_count\":1}],\"ts_ms\":1785578400460}");
	key = value = (struct buffer){ 0 };
	f.options.schemas = true;
	debezium_heartbeat(&f.options, 1785578400460999, &key, &value);
	assert_buffer_text(key,
			   "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"optional\":false,"
			   "\"field\":\"serverName\"}],\"optional\":false,\"name\":"
			   "\"io.debezium.connector.common.ServerNameKey\",\"version\":1},\"payload\":"
			   "{\"serverName\":\"shop\"}}");
	assert_buffer_text(value,
			   "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int64\",\"optional\":false,"
			   "\"field\":\"ts_ms\"}],\"optional\":false,\"name\":"
			   "\"io.debezium.connector.common.Heartbeat\",\"version\":1},\"payload\":"
			   "{\"ts_ms\":1785578400460}}");
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_has_debeziums_fields_in_its_order),
		cmocka_unit_test(a_copy_and_a_transaction_are_marked),
		cmocka_unit_test(a_truncate_has_milliseconds_and_no_thread),
		cmocka_unit_test(numbers_are_java_s),
		cmocka_unit_test(real_numbers_come_back_from_the_fewest_digits),
		cmocka_unit_test(integers_keep_their_ends),
		cmocka_unit_test(unsigned_longs_can_be_exact),
		cmocka_unit_test(decimals_have_three_forms),
		cmocka_unit_test(bits_are_little_endian),
		cmocka_unit_test(times_have_five_forms),
		cmocka_unit_test(a_copys_timestamp_has_no_zeros_behind),
		cmocka_unit_test(times_beyond_a_day_are_kept_or_null),
		cmocka_unit_test(invalid_dates_of_not_null_columns_are_1970),
		cmocka_unit_test(strings_are_escaped_as_jackson_does),
		cmocka_unit_test(binaries_have_four_forms),
		cmocka_unit_test(the_logs_json_is_printed_anew),
		cmocka_unit_test(labels_with_commas_are_escaped_in_the_log),
		cmocka_unit_test(shapes_are_wkb_with_their_srid),
		cmocka_unit_test(keys_are_in_the_keys_order_with_their_schema),
		cmocka_unit_test(a_table_without_a_key_has_null_keys),
		cmocka_unit_test(topics_have_only_legal_characters),
		cmocka_unit_test(schemas_say_types_parameters_and_defaults),
		cmocka_unit_test(nulls_become_defaults_when_asked),
		cmocka_unit_test(an_unknown_type_is_refused_by_name),
		cmocka_unit_test(long_texts_fit),
		cmocka_unit_test(side_topics_have_debeziums_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
