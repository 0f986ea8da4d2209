/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be a cell, or is no message, is said with its field and bytes; nothing becomes NULL for it. */
#include "lib/test.h"

#include "base/memory.h"
#include "change/render.h"
#include "message/input.h"
#include "message/spark_ddl.h"

#define TAIL ",\"op\":\"c\",\"source\":{\"connector\":\"mysql\",\"db\":\"d\",\"table\":\"t\"}}"

/* A Debezium insert with one column v of this type; 0, 1 or -1. */
static int read_one(const char *type, struct bytes value, struct buffer *out, struct err *e)
{
	struct input_options o = { .format = FORMAT_DEBEZIUM, .decimals = DECIMALS_STRING };
	struct row_run run = { 0 };
	struct input *in;
	struct message m;
	char ddl[96];
	int rc;

	snprintf(ddl, sizeof(ddl), "v %s", type);
	must(spark_ddl_parse(&o.schema, ddl, "d", "t", e), e);
	in = input_new(&o);
	schema_release(o.schema);
	rc = input_read(in, (struct bytes){ NULL, 0 }, value, &m, e);
	if (rc == 0)
		rc = input_rows(in, &run, e);
	if (rc == 0 && run.count == 1)
		render_json(out, &run.schema->fields[0], &run.after.columns[0], 0);
	assert_true(rc == 0 || run.count == 0);
	row_run_release(&run);
	input_free(in);
	return rc;
}

static int read_value(const char *type, const char *json, struct buffer *out, struct err *e)
{
	struct buffer message = { 0 };
	int rc;

	buffer_format(&message, "{\"after\":{\"v\":%s}" TAIL, json);
	rc = read_one(type, buffer_bytes(&message), out, e);
	buffer_release(&message);
	return rc;
}

static void values_of_every_shape_become_the_column_s_type(void **state)
{
	static const struct {
		const char *type, *json, *cell;
	} good[] = {
		{ "INT", "-2147483648", "-2147483648" },
		{ "INT", "\"7\"", "7" },
		{ "INT", "true", "1" },
		{ "BIGINT", "9223372036854775807", "9223372036854775807" },
		{ "BOOLEAN", "1", "true" },
		{ "BOOLEAN", "\"false\"", "false" },
		{ "DOUBLE", "1.7976931348623157E308", "1.7976931348623157e+308" },
		{ "DOUBLE", "0.14285714285714285", "0.14285714285714285" },
		{ "DOUBLE", "\"4.9e-324\"", "5e-324" },
		{ "DOUBLE", "123456789012345678901234567890123456789012345", "1.2345678901234567e+44" },
		{ "DOUBLE", "18446744073709551615", "1.8446744073709552e+19" },
		{ "DOUBLE", "-0", "-0" },
		{ "DOUBLE", "-0.0", "-0" },
		{ "DOUBLE", "\"NaN\"", "\"NaN\"" },
		{ "DOUBLE", "\"-Infinity\"", "\"-Infinity\"" },
		{ "FLOAT", "1.6777216E7", "16777216" },
		{ "DECIMAL(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999" },
		{ "DECIMAL(5,2)", "1.5e2", "150.00" },
		{ "DECIMAL(5,2)", "\"-001.50\"", "-1.50" },
		{ "DECIMAL(5,2)", "1.500", "1.50" },
		{ "DECIMAL(5,2)", "0e-5", "0.00" },
		{ "DATE", "-719162", "\"0001-01-01\"" },
		{ "DATE", "\"2026-08-01\"", "\"2026-08-01\"" },
		{ "TIMESTAMP", "\"2026-08-01T12:00:00.5+02:00\"", "\"2026-08-01T10:00:00.500000Z\"" },
		{ "TIMESTAMP", "\"2026-08-01 10:00:00\"", "\"2026-08-01T10:00:00Z\"" },
		{ "TIMESTAMP_NTZ", "-1", "\"1969-12-31T23:59:59.999000\"" },
		{ "TIMESTAMP_NTZ COMMENT 'datetime(6)'", "-1", "\"1969-12-31T23:59:59.999999\"" },
		{ "STRING COMMENT 'time(3)'", "-3723000500000", "\"-1034:10:00.500\"" },
		{ "STRING", "12345678901234567890.10", "\"12345678901234567890.10\"" },
		{ "STRING", "{\"a\":[1.0,\"x\"]}", "\"{\\\"a\\\":[1.0,\\\"x\\\"]}\"" },
		{ "STRING COMMENT 'set(a,b)'", "[\"a\",\"b\"]", "\"a,b\"" },
		{ "BINARY", "\"AP8=\"", "\"AP8=\"" },
		{ "BINARY", "\"\"", "\"\"" },
		{ "BIGINT COMMENT 'bit(9)'", "\"AQE=\"", "257" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buffer out = { 0 };
		struct err e = ERR_INIT;

		if (read_value(good[i].type, good[i].json, &out, &e) != 0)
			fail_msg("%s as %s: %s", good[i].json, good[i].type, e.text);
		assert_buffer_text(out, good[i].cell);
	}
}

static void what_a_column_cannot_hold_is_refused_with_its_name_and_text(void **state)
{
	static const struct {
		const char *type, *json, *said;
	} bad[] = {
		{ "INT", "2147483648", "column \"v\" (integer): \"2147483648\" is beyond 32 bits" },
		{ "BIGINT", "9223372036854775808", "is not an integer of 64 bits" },
		{ "BIGINT", "1.0", "is not an integer of 64 bits; the value begins {\"after\":{\"v\":1.0}" },
		{ "BIGINT", "\"x\"", "\"x\" is not an integer" },
		{ "BIGINT", "[1]", "a list is not an integer" },
		{ "BIGINT NOT NULL", "null", "null in a column that is NOT NULL" },
		{ "BOOLEAN", "2", "is not true or false" },
		{ "DOUBLE", "1e999", "is beyond a double's range" },
		{ "DOUBLE", "\"0x1p3\"", "is not a number" },
		{ "DOUBLE", "\"\"", "is not a number" },
		{ "DOUBLE", "true", "is not a number" },
		{ "FLOAT", "1e39", "is beyond a float's range" },
		{ "DECIMAL(38,0)", "100000000000000000000000000000000000000", "has more digits than the column" },
		{ "DECIMAL(5,2)", "1000", "has more digits than the column" },
		{ "DECIMAL(5,2)", "1.005", "more digits behind the point" },
		{ "DECIMAL(5,2)", "\"1,5\"", "is not a decimal number" },
		{ "DECIMAL(5,2)", "1e1001", "is not a decimal number" },
		{ "DATE", "2932897", "beyond the years 1 to 9999" },
		{ "DATE", "\"2026-02-30\"", "is a date or time that does not exist" },
		{ "DATE", "\"0000-00-00\"", "is a date or time that does not exist" },
		{ "DATE", "\"2026-08-01T10:00:00Z\"", "is not a date alone" },
		{ "TIMESTAMP_NTZ", "\"2026-08-01T25:00:00\"", "is a date or time that does not exist" },
		{ "TIMESTAMP_NTZ", "\"2026-08-01T10:00:00+02:00\"", "has a time zone" },
		{ "TIMESTAMP_NTZ", "\"2026-08-01T10:00:00.1234567\"", "of microseconds" },
		{ "TIMESTAMP_NTZ", "9223372036825200000", "do not hold" },
		{ "STRING COMMENT 'time'", "36000000000000", "10000 hours" },
		{ "STRING COMMENT 'time'", "\"noon\"", "is not a time" },
		{ "BINARY", "\"AP8\"", "is not base64" },
		{ "BINARY", "\"AP-_\"", "is not base64" },
		{ "BINARY", "\"A===\"", "is not base64" },
		{ "BINARY", "7", "is not a text in base64" },
		{ "BINARY", "{\"wkb\":7}", "is not a geometry" },
		{ "BIGINT COMMENT 'bit(9)'", "\"AAAAAAAAAAAA\"", "at most 8 bytes" },
		{ "STRING COMMENT 'vector(2)'", "[1,\"x\"]", "is not a number" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buffer out = { 0 };
		struct err e = ERR_INIT;

		if (read_value(bad[i].type, bad[i].json, &out, &e) != -1)
			fail_msg("%s as %s is %s", bad[i].json, bad[i].type, buffer_string(&out));
		assert_int_equal(e.kind, ERR_DATA);
		if (strstr(e.text, bad[i].said) == NULL)
			fail_msg("%s as %s: %s", bad[i].json, bad[i].type, e.text);
	}
}

static void what_is_no_message_is_refused_with_its_first_bytes(void **state)
{
	static const struct {
		const char *value, *said;
	} bad[] = {
		{ "", "not JSON" },
		{ "{\"after\":{\"v\":1}", "not JSON" },
		{ "{\"after\":{\"v\":01}" TAIL, "not JSON" },
		{ "{\"after\":{\"v\":1}" TAIL " x", "not JSON" },
		{ "{\"after\":{\"v\":\"\xff\"}" TAIL, "not JSON" },
		{ "{\"after\":{\"v\":\"\\ud800\"}" TAIL, "not JSON" },
		{ "[]", "payload is a list, not an object; the value begins []" },
		{ "{\"after\":{\"v\":1},\"op\":\"x\"}", "unknown op \"x\"; the value begins {\"after\"" },
		{ "{\"after\":{\"v\":1},\"op\":7}", "unknown op" },
		{ "{\"id\":1,\"v\":2}", "it has no \"op\"" },
		{ "{\"after\":null,\"op\":\"c\"}", "op \"c\" without its row" },
		{ "{\"before\":null,\"op\":\"d\"}", "op \"d\" without its row" },
		{ "{\"after\":[1],\"op\":\"c\"}", "without its row" },
		{ "{\"after\":{\"v\":1,\"v\":2}" TAIL, "column \"v\" stands in a row twice" },
		{ "{\"after\":{\"v\":1},\"after\":{\"v\":2}" TAIL, "\"after\" stands in payload twice" },
		{ "{\"schema\":{\"type\":\"struct\",\"fields\":[]},\"payload\":{\"after\":{\"v\":1}" TAIL "}", "envelope without" },
		{ "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"field\":\"after\",\"fields\":[{\"type\":\"int128\",\"field\":\"v\"}]}]},"
		  "\"payload\":{\"after\":{\"v\":1}" TAIL "}",
		  "unknown type \"int128\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buffer out = { 0 };
		struct err e = ERR_INIT;

		if (read_one("BIGINT", bytes_of_text(bad[i].value), &out, &e) != -1)
			fail_msg("%s is %s", bad[i].value, buffer_string(&out));
		assert_int_equal(e.kind, ERR_DATA);
		if (strstr(e.text, bad[i].said) == NULL)
			fail_msg("%s: %s", bad[i].value, e.text);
	}
}

static void deep_and_huge_values_are_refused(void **state)
{
	struct buffer value = { 0 }, out = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 64; i++)
		buffer_char(&value, '[');
	for (int i = 0; i < 64; i++)
		buffer_char(&value, ']');
	assert_int_equal(read_value("STRING", buffer_string(&value), &out, &e), 0);
	buffer_clear(&value);
	for (int i = 0; i < 100000; i++)
		buffer_char(&value, '[');
	for (int i = 0; i < 100000; i++)
		buffer_char(&value, ']');
	assert_int_equal(read_value("STRING", buffer_string(&value), &out, &e), -1);
	assert_non_null(strstr(e.text, "deeper than 64 levels"));
	buffer_clear(&value);
	buffer_text(&value, "{\"after\":{\"v\":\"x\"");
	for (int i = 0; i < 8192; i++)
		buffer_format(&value, ",\"m%d\":1", i);
	buffer_text(&value, "}" TAIL);
	assert_int_equal(read_one("STRING", buffer_bytes(&value), &out, &e), -1);
	assert_non_null(strstr(e.text, "a row of 8193 members, more than 8192"));
	buffer_clear(&value);
	memset(buffer_grow(&value, ((size_t)64 << 20) + 1), ' ', ((size_t)64 << 20) + 1);
	assert_int_equal(read_one("STRING", buffer_bytes(&value), &out, &e), -1);
	assert_non_null(strstr(e.text, "67108865 bytes of JSON are more than"));
	buffer_release(&value);
	buffer_release(&out);
}

static void a_bad_row_takes_its_own_run_back_only(void **state)
{
	struct input_options o = { .format = FORMAT_DEBEZIUM };
	struct row_run run = { 0 };
	struct bytes null = { NULL, 0 };
	struct err e = ERR_INIT;
	struct message m;
	struct input *in;

	(void)state;
	must(spark_ddl_parse(&o.schema, "a STRING, v INT, b STRING", "d", "t", &e), &e);
	in = input_new(&o);
	schema_release(o.schema);
	must(input_read(in, null, BYTES_OF("{\"after\":{\"a\":\"x\",\"v\":1,\"b\":\"y\"}" TAIL), &m, &e), &e);
	must(input_rows(in, &run, &e), &e);
	must(input_read(in, null, BYTES_OF("{\"after\":{\"a\":\"x\",\"v\":\"one\",\"b\":\"y\"}" TAIL), &m, &e), &e);
	assert_int_equal(input_rows(in, &run, &e), -1);
	must(input_read(in, null, BYTES_OF("{\"after\":{\"a\":\"x\",\"v\":2,\"b\":\"z\"}" TAIL), &m, &e), &e);
	must(input_rows(in, &run, &e), &e);
	assert_int_equal(run.count, 2);
	assert_int_equal(column_int32(&run.after.columns[1], 1), 2);
	assert_true(bytes_equal(column_bytes(&run.after.columns[2], 1), BYTES_OF("z")));
	row_run_release(&run);
	input_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_every_shape_become_the_column_s_type),
		cmocka_unit_test(what_a_column_cannot_hold_is_refused_with_its_name_and_text),
		cmocka_unit_test(what_is_no_message_is_refused_with_its_first_bytes),
		cmocka_unit_test(deep_and_huge_values_are_refused),
		cmocka_unit_test(a_bad_row_takes_its_own_run_back_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
