/* SPDX-License-Identifier: Apache-2.0 */
/* Where the columns of messages come from: the schema part, schema changes, the looks of the values. */
#include "lib/message_reading.h"

#define ENVELOPE(fields, row)                                                                                        \
	"{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"fields\":[" fields                      \
	"],\"optional\":true,\"name\":\"x.Value\",\"field\":\"after\"}],\"optional\":false,\"name\":\"x.Envelope\"}," \
	"\"payload\":{\"before\":null,\"after\":" row "," SOURCE ",\"op\":\"c\"}}"
#define ID    "{\"type\":\"int32\",\"optional\":false,\"field\":\"id\"}"
#define SMALL "{\"type\":\"int16\",\"optional\":true,\"field\":\"n\"}"
#define TRUTH "{\"type\":\"boolean\",\"optional\":true,\"field\":\"n\"}"
#define LARGE "{\"type\":\"int64\",\"optional\":true,\"field\":\"n\"}"
#define ADDED "{\"type\":\"string\",\"optional\":true,\"field\":\"s\"}"

static void a_changed_schema_part_adds_and_widens_columns(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	assert_string_equal(rows_of(&r, "{\"schema\":{},\"payload\":{\"id\":1}}", ENVELOPE(ID "," SMALL, "{\"id\":1,\"n\":2}")),
			    "{\"id\":1,\"n\":2}");
	assert_true(r.message.has_new_schema);
	assert_int_equal(r.message.schema->fields[1].type, TYPE_INT);
	assert_int_equal(r.message.schema->key_count, 1);
	assert_string_equal(rows_of(&r, NULL, ENVELOPE(ID "," SMALL, "{\"id\":1,\"n\":3}")), "{\"id\":1,\"n\":3}");
	assert_false(r.message.has_new_schema);
	/* a BOOL is int16 in Debezium's copy and boolean in its log */
	assert_string_equal(rows_of(&r, NULL, ENVELOPE(ID "," TRUTH, "{\"id\":1,\"n\":true}")), "{\"id\":1,\"n\":1}");
	assert_false(r.message.has_new_schema);
	assert_string_equal(rows_of(&r, NULL, ENVELOPE(ID "," LARGE "," ADDED, "{\"id\":1,\"n\":3000000000,\"s\":\"x\"}")),
			    "{\"id\":1,\"n\":3000000000,\"s\":\"x\"}");
	assert_true(r.message.has_new_schema);
	assert_int_equal(r.message.schema->fields[1].type, TYPE_LONG);
	/* an old message again: nothing is narrowed, and what it lacks is absent */
	assert_string_equal(rows_of(&r, NULL, ENVELOPE(ID "," SMALL, "{\"id\":1,\"n\":4}")), "{\"id\":1,\"n\":4}");
	assert_false(r.message.has_new_schema);
	assert_int_equal(r.message.schema->field_count, 3);
	reading_stop(&r);
}

#define CHANGE                                                                                                   \
	"{" SOURCE ",\"ts_ms\":1,\"databaseName\":\"inv\",\"ddl\":\"CREATE TABLE person (...)\",\"tableChanges\":["   \
	"{\"type\":\"CREATE\",\"id\":\"\\\"inv\\\".\\\"person\\\"\",\"table\":{\"columns\":["                          \
	"{\"name\":\"id\",\"typeName\":\"BIGINT UNSIGNED\",\"length\":null,\"scale\":null,\"optional\":false},"      \
	"{\"name\":\"p\",\"typeName\":\"DECIMAL UNSIGNED\",\"length\":10,\"scale\":2,\"optional\":true},"            \
	"{\"name\":\"at\",\"typeName\":\"DATETIME\",\"length\":6,\"scale\":null,\"optional\":false}]}},"             \
	"{\"type\":\"DROP\",\"id\":\"\\\"inv\\\".\\\"gone\\\"\",\"table\":null}]}"

static void a_schema_change_gives_bare_messages_their_types(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	must(read_message(&r, NULL, CHANGE), &r.e);
	assert_int_equal(r.message.kind, MESSAGE_CONTROL);
	assert_string_equal(r.message.table, "person");
	assert_string_equal(rows_of(&r, "{\"id\":-1}", "{\"after\":{\"id\":-1,\"p\":\"AzQ=\",\"at\":1785578400123456}," SOURCE
						       ",\"op\":\"c\"}"),
			    "{\"id\":18446744073709551615,\"p\":8.20,\"at\":\"2026-08-01T10:00:00.123456\"}");
	assert_false(r.message.is_inferred);
	assert_string_equal(r.message.schema->fields[1].source_type, "decimal(10,2) unsigned");
	/* a column that no schema change has told of yet is not left out */
	assert_bad(&r, "{\"after\":{\"id\":1,\"new\":1}," SOURCE ",\"op\":\"c\"}", "\"new\" is not among those");
	reading_stop(&r);
}

#define MOMENT "{\"type\":\"int64\",\"optional\":true,\"name\":\"io.debezium.time.MicroTimestamp\",\"field\":\"n\"}"
#define BITS   "{\"type\":\"bytes\",\"optional\":true,\"name\":\"io.debezium.data.Bits\",\"field\":\"n\"}"

static void a_schema_part_that_cannot_be_is_refused_and_changes_nothing(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	(void)rows_of(&r, NULL, ENVELOPE(ID "," MOMENT, "{\"id\":1,\"n\":1785578400123456}"));
	assert_bad(&r, ENVELOPE(ID "," BITS, "{\"id\":1,\"n\":\"AQ==\"}"), "column \"n\" is bits in the message");
	assert_string_equal(rows_of(&r, NULL, ENVELOPE(ID "," MOMENT, "{\"id\":1,\"n\":1785578400123456}")),
			    "{\"id\":1,\"n\":\"2026-08-01T10:00:00.123456\"}");
	assert_false(r.message.has_new_schema);
	reading_stop(&r);
}

/* A Connect field: its type and what follows that, the value and the cell. */
static void types_of_postgresql_become_lake_types(void **state)
{
	static const struct {
		const char *field, *value, *type, *cell;
	} columns[] = {
		{ "\"struct\",\"name\":\"io.debezium.data.VariableScaleDecimal\"", "{\"scale\":3,\"value\":\"AeI=\"}", "string",
		  "\"0.482\"" },
		{ "\"bytes\",\"name\":\"org.apache.kafka.connect.data.Decimal\",\"parameters\":{\"scale\":\"2\"}", "\"AzQ=\"",
		  "decimal", "8.20" },
		{ "\"int64\",\"name\":\"io.debezium.time.MicroTimestamp\"", "-1", "timestamp_ntz",
		  "\"1969-12-31T23:59:59.999999\"" },
		{ "\"string\",\"name\":\"io.debezium.time.ZonedTimestamp\"", "\"2026-08-01T10:00:00.1Z\"", "timestamp",
		  "\"2026-08-01T10:00:00.100000Z\"" },
		{ "\"string\",\"name\":\"io.debezium.time.ZonedTime\"", "\"10:00:00Z\"", "string", "\"10:00:00Z\"" },
		{ "\"int64\",\"name\":\"io.debezium.time.MicroDuration\"", "2629800000000", "long", "2629800000000" },
		{ "\"int32\",\"name\":\"io.debezium.time.Time\"", "3723000", "string", "\"01:02:03\"" },
		{ "\"string\",\"name\":\"io.debezium.data.Uuid\"", "\"x-y\"", "string", "\"x-y\"" },
		{ "\"bytes\",\"name\":\"io.debezium.data.Bits\",\"parameters\":{\"length\":\"2147483647\"}", "\"AQE=\"",
		  "binary", "\"AQE=\"" },
		{ "\"array\",\"items\":{\"type\":\"int32\"}", "[1,null]", "string", "\"[1,null]\"" },
		{ "\"map\"", "{\"a\":\"b\"}", "string", "\"{\\\"a\\\":\\\"b\\\"}\"" },
		{ "\"double\"", "\"NaN\"", "double", "\"NaN\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct buffer value = { 0 };
		struct reading r;
		char row[128];

		reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
		buffer_format(&value,
			      "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"fields\":[{\"type\":%s,"
			      "\"optional\":true,\"field\":\"v\"}],\"field\":\"after\"}]},\"payload\":{\"after\":{\"v\":%s},"
			      "\"op\":\"c\",\"source\":{\"connector\":\"postgresql\"}}}",
			      columns[i].field, columns[i].value);
		snprintf(row, sizeof(row), "{\"v\":%s}", columns[i].cell);
		assert_string_equal(rows_of(&r, NULL, buffer_string(&value)), row);
		assert_string_equal(type_name(r.message.schema->fields[0].type), columns[i].type);
		buffer_release(&value);
		reading_stop(&r);
	}
}

static void types_are_inferred_and_only_ever_widen(void **state)
{
	static const struct {
		const char *value;
		const char *type;
	} steps[] = {
		{ "null", NULL },
		{ "1", "long" },
		{ "-9223372036854775808", "long" },
		{ "18446744073709551615", "decimal" },
		{ "99999999999999999999999999999999999999", "decimal" },
		{ "1", "decimal" },
		{ "0.5", "string" },
		{ "true", "string" },
		{ "{\"b\":[1,2.50]}", "string" },
	};
	struct reading r;
	char value[256];

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int at;

		snprintf(value, sizeof(value), "{\"after\":{\"id\":1,\"v\":%s}," SOURCE ",\"op\":\"c\"}", steps[i].value);
		(void)rows_of(&r, "{\"id\":1}", value);
		assert_true(r.message.is_inferred);
		at = schema_find(r.message.schema, "v");
		assert_true((steps[i].type == NULL) == (at < 0));
		if (at >= 0)
			assert_string_equal(type_name(r.message.schema->fields[at].type), steps[i].type);
	}
	assert_string_equal(r.text, "{\"id\":1,\"v\":\"{\\\"b\\\":[1,2.50]}\"}");
	reading_stop(&r);
}

static void a_number_that_no_double_holds_is_inferred_as_text(void **state)
{
	static const struct {
		const char *first, *second, *type;
	} pairs[] = {
		{ "0.1", "2", "double" },          { "1.5", "9007199254740993", "string" },
		{ "0.1", "1e300", "double" },      { "0.12345678901234567890", "1", "string" },
		{ "12345678901234567.25", "1", "string" }, { "0.30000000000000004", "1", "double" },
		{ "false", "1", "string" },        { "true", "false", "boolean" },
		{ "\"x\"", "1", "string" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct reading r;
		char value[256];

		reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL);
		for (int second = 0; second < 2; second++) {
			snprintf(value, sizeof(value), "{\"after\":{\"v\":%s}," SOURCE ",\"op\":\"c\"}",
				 second ? pairs[i].second : pairs[i].first);
			(void)rows_of(&r, NULL, value);
		}
		assert_string_equal(type_name(r.message.schema->fields[0].type), pairs[i].type);
		reading_stop(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_schema_part_adds_and_widens_columns),
		cmocka_unit_test(a_schema_change_gives_bare_messages_their_types),
		cmocka_unit_test(a_schema_part_that_cannot_be_is_refused_and_changes_nothing),
		cmocka_unit_test(types_of_postgresql_become_lake_types),
		cmocka_unit_test(types_are_inferred_and_only_ever_widen),
		cmocka_unit_test(a_number_that_no_double_holds_is_inferred_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
