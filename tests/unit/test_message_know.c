/* SPDX-License-Identifier: Apache-2.0 */
/* An input is told what its table has already: by the lake, by another topic, by schema changes. */
#include "lib/message_reading.h"
#include "lib/test.h"

#include "base/memory.h"
#include "message/spark_ddl.h"

#define ROW(after) "{\"after\":" after "," SOURCE ",\"op\":\"c\"}"

static struct schema *columns(const char *ddl)
{
	struct schema *s;
	struct err e = ERR_INIT;

	must(spark_ddl_parse(&s, ddl, "inv", "person", &e), &e);
	return s;
}

/* Tells the input; the columns that the next message leads to, as DDL. */
static void know(struct reading *r, const char *ddl, bool is_final)
{
	struct schema *known = columns(ddl);

	must(input_know(r->input, "inv", "person", known, is_final, &r->e), &r->e);
	schema_release(known);
}

static void assert_columns(struct reading *r, const char *value, const char *ddl)
{
	struct buffer text = { 0 };

	must(read_message(r, NULL, value), &r->e);
	spark_ddl_format(r->message.schema, &text);
	assert_string_equal(buffer_string(&text), ddl);
	buffer_release(&text);
}

static void the_table_s_columns_stand_first_and_new_ones_may_be_null(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	assert_columns(&r, ROW("{\"new\":1,\"a\":2,\"b\":\"x\"}"), "new BIGINT, a BIGINT, b STRING");
	know(&r, "b STRING, gone DATE, a BIGINT", true);
	assert_columns(&r, ROW("{\"new\":1,\"a\":2,\"b\":\"x\"}"), "b STRING, gone DATE, a BIGINT, new BIGINT");
	assert_string_equal(rows_of(&r, NULL, ROW("{\"new\":1,\"a\":2,\"b\":\"x\"}")),
			    "{\"b\":\"x\",\"a\":2,\"new\":1}");
	reading_stop(&r);
}

static void a_type_that_is_final_is_not_for_values_to_change(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	know(&r, "a BIGINT, b DOUBLE", true);
	assert_columns(&r, ROW("{\"a\":1,\"b\":2}"), "a BIGINT, b DOUBLE");
	assert_bad(&r, ROW("{\"a\":\"x\",\"b\":2}"),
		   "column \"a\" (long): \"x\" is not an integer of 64 bits; the first messages told that type: "
		   "--schema \"a STRING, b DOUBLE\" would do");
	assert_columns(&r, ROW("{\"a\":1,\"b\":2}"), "a BIGINT, b DOUBLE");
	reading_stop(&r);
}

static void a_type_that_is_not_final_still_widens(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	assert_columns(&r, ROW("{\"a\":1}"), "a BIGINT");
	assert_columns(&r, ROW("{\"a\":1.5}"), "a DOUBLE");
	know(&r, "a BIGINT, b BOOLEAN", false); /* as this input itself had it before */
	assert_columns(&r, ROW("{\"a\":1}"), "a DOUBLE, b BOOLEAN");
	assert_columns(&r, ROW("{\"a\":1,\"b\":7}"), "a DOUBLE, b STRING");
	know(&r, "a BOOLEAN", false);
	assert_columns(&r, ROW("{\"a\":1}"), "a STRING, b STRING");
	reading_stop(&r);
}

static void what_another_input_was_told_is_taken_over(void **state)
{
	static const char change[] =
		"{" SOURCE ",\"ts_ms\":1,\"databaseName\":\"inv\",\"ddl\":\"...\",\"tableChanges\":[{\"type\":\"CREATE\","
		"\"id\":\"\\\"inv\\\".\\\"person\\\"\",\"table\":{\"columns\":[{\"name\":\"id\",\"typeName\":\"INT\",\"optional\":false},"
		"{\"name\":\"at\",\"typeName\":\"%s\",\"length\":6,\"optional\":true}]}}]}";
	struct reading changes, rows;
	struct schema *told;
	char text[800];

	(void)state;
	reading_start(&changes, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	reading_start(&rows, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	must(input_told(changes.input, "inv", "person", &told, &changes.e), &changes.e);
	assert_null(told);
	snprintf(text, sizeof(text), change, "DATETIME");
	must(read_message(&changes, NULL, text), &changes.e);
	assert_true(changes.message.tells_columns);
	must(input_told(changes.input, "inv", "person", &told, &changes.e), &changes.e);
	must(input_tell(rows.input, "inv", "person", told, &rows.e), &rows.e);
	assert_string_equal(rows_of(&rows, NULL, ROW("{\"id\":1,\"at\":1000001}")),
			    "{\"id\":1,\"at\":\"1970-01-01T00:00:01.000001\"}");
	must(read_message(&rows, NULL, ROW("{\"id\":1,\"at\":1,\"more\":2}")), &rows.e);
	assert_int_equal(input_rows(rows.input, &rows.run, &rows.e), -1);
	assert_int_equal(rows.e.kind, ERR_RETRY);
	snprintf(text, sizeof(text), change, "TIME");
	must(read_message(&changes, NULL, text), &changes.e);
	assert_int_equal(input_told(changes.input, "inv", "person", &told, &changes.e), -1);
	assert_int_equal(changes.e.kind, ERR_CONFIG);
	reading_stop(&changes);
	reading_stop(&rows);
}

static void a_tombstone_is_the_delete_of_its_key_when_there_is_one_table(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	must(read_message(&r, "{\"id\":7}", NULL), &r.e);
	assert_int_equal(input_delete(r.input, bytes_or_null("{\"id\":7}"), &r.message, &r.e), 1);
	must(read_message(&r, "{\"id\":7}", ROW("{\"id\":7,\"v\":1}")), &r.e);
	must(read_message(&r, "{\"id\":7}", NULL), &r.e);
	assert_int_equal(r.message.kind, MESSAGE_TOMBSTONE);
	must(input_delete(r.input, bytes_or_null("{\"id\":7}"), &r.message, &r.e), &r.e);
	assert_int_equal(r.message.op, OP_DELETE);
	row_run_clear(&r.run);
	must(input_rows(r.input, &r.run, &r.e), &r.e);
	assert_string_equal(run_text(&r), "{\"id\":7}");
	must(read_message(&r, "{\"other\":7}", NULL), &r.e);
	assert_int_equal(input_delete(r.input, bytes_or_null("{\"other\":7}"), &r.message, &r.e), 1);
	reading_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_s_columns_stand_first_and_new_ones_may_be_null),
		cmocka_unit_test(a_type_that_is_final_is_not_for_values_to_change),
		cmocka_unit_test(a_type_that_is_not_final_still_widens),
		cmocka_unit_test(what_another_input_was_told_is_taken_over),
		cmocka_unit_test(a_tombstone_is_the_delete_of_its_key_when_there_is_one_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
