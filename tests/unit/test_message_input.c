/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of every format, taken apart and put into runs of rows. */
#include "lib/message_reading.h"

#define PERSON "id BIGINT NOT NULL, name STRING, amount DECIMAL(12,2), at TIMESTAMP_NTZ"

static void operations_of_debezium_become_operations(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, PERSON);
	assert_string_equal(rows_of(&r, "{\"id\":7}", "{\"before\":null,\"after\":{\"id\":7,\"name\":\"Ada\",\"amount\":\"AzQ=\","
						      "\"at\":1785578400123}," SOURCE ",\"op\":\"c\"}"),
			    "{\"id\":7,\"name\":\"Ada\",\"amount\":8.20,\"at\":\"2026-08-01T10:00:00.123000\"}");
	assert_int_equal(r.message.op, OP_INSERT);
	assert_true(r.message.has_new_schema);
	assert_true(r.message.schema->key_count == 1 && r.message.schema->key[0] == 0);
	assert_string_equal(r.message.database, "inv");
	assert_string_equal(r.message.table, "person");
	assert_int_equal(r.message.origin.time_us, 1785578400000000);
	assert_int_equal(r.message.origin.log_offset, 1021);
	assert_int_equal(r.message.log_row, 2);
	assert_string_equal(r.message.origin.log_file, "b.000003");

	assert_string_equal(rows_of(&r, "{\"id\":7}", "{\"before\":null,\"after\":{\"id\":7,\"name\":null},\"op\":\"r\","
						      "\"source\":{\"snapshot\":true,\"db\":\"inv\",\"table\":\"person\"}}"),
			    "{\"id\":7,\"name\":null}");
	assert_int_equal(r.message.op, OP_COPY);
	assert_true(r.message.is_snapshot);
	assert_false(r.message.has_new_schema);

	assert_string_equal(rows_of(&r, NULL, "{\"before\":{\"id\":7,\"name\":\"A\"},\"after\":{\"id\":7,\"name\":\"B\"}," SOURCE
					      ",\"op\":\"u\"}"),
			    "{\"id\":7,\"name\":\"A\"} -> {\"id\":7,\"name\":\"B\"}");
	assert_string_equal(rows_of(&r, NULL, "{\"before\":{\"id\":7,\"name\":\"B\"},\"after\":null," SOURCE ",\"op\":\"d\"}"),
			    "{\"id\":7,\"name\":\"B\"}");
	assert_int_equal(r.message.op, OP_DELETE);
	reading_stop(&r);
}

static void what_has_no_rows_is_told_apart(void **state)
{
	static const struct {
		const char *value;
		enum message_kind kind;
	} others[] = {
		{ NULL, MESSAGE_TOMBSTONE },
		{ "{\"before\":null,\"after\":null," SOURCE ",\"op\":\"t\"}", MESSAGE_TRUNCATE },
		{ "{\"ts_ms\":1}", MESSAGE_SIDE },
		{ "{\"status\":\"BEGIN\",\"id\":\"x\",\"event_count\":null,\"data_collections\":null,\"ts_ms\":1}", MESSAGE_SIDE },
		{ "{" SOURCE ",\"ts_ms\":1,\"databaseName\":\"inv\",\"ddl\":\"DROP TABLE x\",\"tableChanges\":[]}",
		  MESSAGE_CONTROL },
		{ "{\"schema\":null,\"payload\":null}", MESSAGE_TOMBSTONE },
	};
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, PERSON);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		must(read_message(&r, NULL, others[i].value), &r.e);
		assert_int_equal(r.message.kind, others[i].kind);
		assert_int_equal(r.message.row_count, 0);
		if (r.message.kind == MESSAGE_CONTROL)
			assert_string_equal(r.message.control, "DROP TABLE x");
		assert_int_equal(input_rows(r.input, &r.run, &r.e), 0);
	}
	reading_stop(&r);
}

static void an_update_without_its_old_image_has_the_key_as_before(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, PERSON);
	assert_string_equal(rows_of(&r, "{\"id\":7}", "{\"before\":null,\"after\":{\"id\":7,\"name\":\"B\"}," SOURCE
						      ",\"op\":\"u\"}"),
			    "{\"id\":7} -> {\"id\":7,\"name\":\"B\"}");
	assert_string_equal(rows_of(&r, "{\"id\":9}", "{\"before\":null,\"after\":null," SOURCE ",\"op\":\"d\"}"), "{\"id\":9}");
	reading_stop(&r);
}

static void of_an_old_image_only_the_key_is_read_when_that_is_enough(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM, .wants_old_key_only = true }, PERSON);
	assert_string_equal(rows_of(&r, "{\"id\":8}", "{\"before\":{\"id\":7,\"name\":\"A\",\"amount\":null,\"at\":null},\"after\":"
						      "{\"id\":8,\"name\":\"B\",\"amount\":null,\"at\":null}," SOURCE ",\"op\":\"u\"}"),
			    "{\"id\":7} -> {\"id\":8,\"name\":\"B\",\"amount\":null,\"at\":null}");
	/* what the new image lacks is in the old one */
	assert_string_equal(rows_of(&r, "{\"id\":8}", "{\"before\":{\"id\":8,\"name\":\"B\"},\"after\":{\"id\":8}," SOURCE ",\"op\":\"u\"}"),
			    "{\"id\":8,\"name\":\"B\"} -> {\"id\":8}");
	assert_string_equal(rows_of(&r, "{\"id\":8}", "{\"before\":{\"id\":8,\"name\":\"B\"},\"after\":null," SOURCE ",\"op\":\"d\"}"),
			    "{\"id\":8,\"name\":\"B\"}");
	reading_stop(&r);
}

static void an_unavailable_value_is_absent_and_not_null(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, "id BIGINT, big STRING, bin BINARY, l STRING");
	assert_string_equal(
		rows_of(&r, "{\"id\":1}",
			"{\"before\":null,\"after\":{\"id\":1,\"big\":\"__debezium_unavailable_value\","
			"\"bin\":\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\",\"l\":[\"__debezium_unavailable_value\"]},"
			"\"source\":{\"connector\":\"postgresql\",\"db\":\"x\",\"schema\":\"public\",\"table\":\"t\",\"lsn\":24023128,"
			"\"txId\":555},\"op\":\"u\"}"),
		"{\"id\":1} -> {\"id\":1}");
	assert_string_equal(r.message.database, "public");
	assert_int_equal(r.message.origin.log_offset, 24023128);
	assert_int_equal(r.message.transaction, 555);
	assert_string_equal(rows_of(&r, NULL, "{\"after\":{\"id\":1,\"big\":\"__debezium_unavailable_value\"},\"op\":\"c\","
					      "\"source\":{\"connector\":\"mysql\"}}"),
			    "{\"id\":1,\"big\":\"__debezium_unavailable_value\"}");
	reading_stop(&r);
}

static void a_run_ends_at_another_operation_or_set_of_fields(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, PERSON);
	must(read_message(&r, "{\"id\":1}", "{\"after\":{\"id\":1,\"name\":\"a\"}," SOURCE ",\"op\":\"c\"}"), &r.e);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 0);
	must(read_message(&r, "{\"id\":2}", "{\"after\":{\"id\":2,\"name\":\"b\"}," SOURCE ",\"op\":\"c\"}"), &r.e);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 0);
	must(read_message(&r, "{\"id\":3}", "{\"after\":{\"id\":3}," SOURCE ",\"op\":\"c\"}"), &r.e);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 1);
	assert_string_equal(run_text(&r), "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":\"b\"}");
	row_run_clear(&r.run);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 0);
	assert_string_equal(run_text(&r), "{\"id\":3}");
	must(read_message(&r, NULL, "{\"before\":{\"id\":3}," SOURCE ",\"op\":\"d\"}"), &r.e);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 1);
	row_run_clear(&r.run);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 0);
	assert_string_equal(run_text(&r), "{\"id\":3}");
	reading_stop(&r);
}

#define MAXWELL "\"database\":\"inv\",\"table\":\"person\",\"ts\":1785578400,\"xid\":23396,\"position\":\"b.000003:1021\""

static void maxwell_updates_have_their_whole_old_row(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_MAXWELL }, NULL);
	assert_string_equal(rows_of(&r, "{\"database\":\"inv\",\"table\":\"person\",\"pk.id\":7}",
				    "{" MAXWELL ",\"type\":\"insert\",\"data\":{\"id\":7,\"name\":\"Ada\",\"n\":null}}"),
			    "{\"id\":7,\"name\":\"Ada\"}");
	assert_int_equal(r.message.schema->key_count, 1);
	assert_string_equal(r.message.origin.log_file, "b.000003");
	assert_int_equal(r.message.origin.log_offset, 1021);
	assert_int_equal(r.message.origin.time_us, 1785578400000000);
	assert_int_equal(r.message.transaction, 23396);
	assert_string_equal(rows_of(&r, NULL, "{" MAXWELL ",\"type\":\"update\",\"data\":{\"id\":7,\"name\":\"B\",\"n\":1},"
					      "\"old\":{\"name\":\"Ada\",\"n\":null}}"),
			    "{\"id\":7,\"name\":\"Ada\",\"n\":null} -> {\"id\":7,\"name\":\"B\",\"n\":1}");
	assert_string_equal(rows_of(&r, NULL, "{" MAXWELL ",\"type\":\"delete\",\"data\":{\"id\":7,\"name\":\"B\",\"n\":1}}"),
			    "{\"id\":7,\"name\":\"B\",\"n\":1}");
	(void)rows_of(&r, NULL, "{" MAXWELL ",\"type\":\"bootstrap-insert\",\"data\":{\"id\":7}}");
	assert_int_equal(r.message.op, OP_COPY);
	must(read_message(&r, NULL, "{" MAXWELL ",\"type\":\"bootstrap-start\",\"data\":{}}"), &r.e);
	assert_int_equal(r.message.kind, MESSAGE_SIDE);
	must(read_message(&r, NULL, "{\"type\":\"table-alter\",\"database\":\"inv\",\"table\":\"person\",\"ts\":1785578400123,"
				    "\"sql\":\"ALTER TABLE person ADD x INT\",\"def\":{}}"),
	     &r.e);
	assert_int_equal(r.message.kind, MESSAGE_CONTROL);
	assert_string_equal(r.message.control, "ALTER TABLE person ADD x INT");
	assert_int_equal(r.message.origin.time_us, 1785578400123000);
	assert_bad(&r, "{" MAXWELL ",\"type\":\"upsert\",\"data\":{}}", "unknown type \"upsert\"");
	reading_stop(&r);
}

static void maxwell_names_the_key_by_its_columns(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_MAXWELL }, NULL);
	(void)rows_of(&r, NULL, "{" MAXWELL ",\"type\":\"insert\",\"primary_key_columns\":[\"b\",\"a\"],\"data\":{\"a\":1,\"b\":2}}");
	assert_int_equal(r.message.schema->key_count, 2);
	assert_int_equal(r.message.schema->key[0], 1);
	reading_stop(&r);
	reading_start(&r, (struct input_options){ .format = FORMAT_MAXWELL }, NULL);
	(void)rows_of(&r, "[\"inv\",\"person\",[{\"b\":2},{\"a\":1}]]",
		      "{" MAXWELL ",\"type\":\"insert\",\"data\":{\"a\":1,\"b\":2}}");
	assert_int_equal(r.message.schema->key_count, 2);
	assert_int_equal(r.message.schema->key[0], 1);
	reading_stop(&r);
}

#define CANAL                                                                                           \
	"\"id\":14,\"database\":\"inv\",\"table\":\"person\",\"pkNames\":[\"id\"],\"es\":1785578400000,\"ts\":1," \
	"\"mysqlType\":{\"id\":\"bigint unsigned\",\"name\":\"varchar(64)\",\"p\":\"decimal(12,2)\",\"b\":\"blob\"}"

static void a_message_with_one_bad_row_among_many_is_refused_whole(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_CANAL }, NULL);
	assert_int_equal(read_message(&r, NULL, "{" CANAL ",\"isDdl\":false,\"type\":\"INSERT\",\"data\":[{\"id\":\"1\"},"
						"{\"id\":\"one\"}]}"),
			 -1);
	assert_non_null(strstr(r.e.text, "column \"id\" (decimal): \"one\" is not a decimal number"));
	/* rows with other fields are of more than one run */
	must(read_message(&r, NULL, "{" CANAL ",\"isDdl\":false,\"type\":\"INSERT\",\"data\":[{\"id\":\"1\"},"
				    "{\"id\":\"2\",\"p\":\"1\"},{\"id\":\"3\",\"p\":\"2\"}]}"),
	     &r.e);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 1);
	assert_string_equal(run_text(&r), "{\"id\":1}");
	row_run_clear(&r.run);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 0);
	assert_string_equal(run_text(&r), "{\"id\":2,\"p\":1.00}\n{\"id\":3,\"p\":2.00}");
	reading_stop(&r);
}

static void canal_messages_have_many_rows_with_the_types_of_mysql(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_CANAL }, NULL);
	assert_string_equal(rows_of(&r, NULL, "{" CANAL ",\"isDdl\":false,\"type\":\"INSERT\",\"data\":[{\"id\":\"18446744073709551615\","
					      "\"name\":\"Ada\",\"p\":\"1.50\",\"b\":\"\xc3\xbf\\u0000a\"},"
					      "{\"id\":\"2\",\"name\":null,\"p\":\"-2\",\"b\":null}],\"old\":null}"),
			    "{\"id\":18446744073709551615,\"name\":\"Ada\",\"p\":1.50,\"b\":\"/wBh\"}\n"
			    "{\"id\":2,\"name\":null,\"p\":-2.00,\"b\":null}");
	assert_int_equal(r.message.schema->key_count, 1);
	assert_string_equal(rows_of(&r, NULL, "{" CANAL ",\"isDdl\":false,\"type\":\"UPDATE\",\"data\":[{\"id\":\"1\",\"name\":\"x\","
					      "\"p\":\"1\",\"b\":null},{\"id\":\"2\",\"name\":\"y\",\"p\":\"1\",\"b\":null}],"
					      "\"old\":[{\"name\":\"a\"},{\"id\":\"3\"}]}"),
			    "{\"id\":1,\"name\":\"a\",\"p\":1.00,\"b\":null} -> {\"id\":1,\"name\":\"x\",\"p\":1.00,\"b\":null}\n"
			    "{\"id\":3,\"name\":\"y\",\"p\":1.00,\"b\":null} -> {\"id\":2,\"name\":\"y\",\"p\":1.00,\"b\":null}");
	assert_string_equal(rows_of(&r, NULL, "{" CANAL ",\"isDdl\":false,\"type\":\"DELETE\",\"data\":[{\"id\":\"2\"}],\"old\":null}"),
			    "{\"id\":2}");
	must(read_message(&r, NULL, "{" CANAL ",\"isDdl\":true,\"type\":\"TRUNCATE\",\"sql\":\"truncate person\"}"), &r.e);
	assert_int_equal(r.message.kind, MESSAGE_TRUNCATE);
	must(read_message(&r, NULL, "{" CANAL ",\"isDdl\":true,\"type\":\"ALTER\",\"sql\":\"alter table x\",\"data\":null}"), &r.e);
	assert_int_equal(r.message.kind, MESSAGE_CONTROL);
	assert_string_equal(r.message.control, "alter table x");
	assert_bad(&r, "{" CANAL ",\"isDdl\":false,\"type\":\"UPDATE\",\"data\":[{\"id\":\"2\"}],\"old\":[]}", "0 old rows beside 1");
	assert_bad(&r, "{" CANAL ",\"isDdl\":false,\"type\":\"INSERT\",\"data\":[[1]]}", "a row is a list");
	reading_stop(&r);
}

#define DMS(operation)                                                                                                 \
	"\"metadata\":{\"timestamp\":\"2026-08-01T10:00:01.000000Z\",\"record-type\":\"data\",\"operation\":\"" operation \
	"\",\"partition-key-type\":\"primary-key\",\"schema-name\":\"inv\",\"table-name\":\"person\","                 \
	"\"transaction-id\":8589934611,\"transaction-record-id\":3,\"commit-timestamp\":\"2026-08-01T10:00:00.123456Z\"}"

static void dms_leaves_nulls_out_and_tells_the_key_by_its_control_records(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DMS }, NULL);
	must(read_message(&r, NULL, "{\"control\":{\"table-def\":{\"columns\":{\"id\":{\"type\":\"INT8\"}},\"primary-key\":[\"id\"]}},"
				    "\"metadata\":{\"record-type\":\"control\",\"operation\":\"create-table\",\"schema-name\":\"inv\","
				    "\"table-name\":\"person\"}}"),
	     &r.e);
	assert_int_equal(r.message.kind, MESSAGE_CONTROL);
	assert_string_equal(r.message.control, "create-table");
	assert_string_equal(rows_of(&r, NULL, "{\n\t\"data\": {\"id\": 7, \"name\": \"Ada\"},\n" DMS("load") "}"),
			    "{\"id\":7,\"name\":\"Ada\"}");
	assert_int_equal(r.message.op, OP_COPY);
	assert_int_equal(r.message.schema->key_count, 1);
	assert_int_equal(r.message.origin.time_us, 1785578400123456);
	assert_string_equal(rows_of(&r, NULL, "{\"data\":{\"id\":7}," DMS("insert") "}"), "{\"id\":7,\"name\":null}");
	assert_string_equal(rows_of(&r, NULL, "{\"data\":{\"id\":8,\"name\":\"B\"},\"before-image\":{\"id\":7}," DMS("update") "}"),
			    "{\"id\":7} -> {\"id\":8,\"name\":\"B\"}");
	assert_string_equal(rows_of(&r, NULL, "{\"data\":{\"id\":8,\"name\":\"C\"}," DMS("update") "}"),
			    "{\"id\":8} -> {\"id\":8,\"name\":\"C\"}");
	assert_string_equal(rows_of(&r, NULL, "{\"data\":{\"BI_id\":8,\"BI_name\":\"C\",\"id\":9,\"name\":\"D\"}," DMS("update") "}"),
			    "{\"id\":8,\"name\":\"C\"} -> {\"id\":9,\"name\":\"D\"}");
	assert_int_equal(r.message.schema->field_count, 2);
	assert_string_equal(rows_of(&r, NULL, "{\"data\":{\"id\":8}," DMS("delete") "}"), "{\"id\":8}");
	assert_bad(&r, "{\"data\":{\"id\":8}," DMS("merge") "}", "unknown operation \"merge\"");
	reading_stop(&r);
}

static void a_format_is_known_by_its_message(void **state)
{
	static const struct {
		const char *value;
		enum message_format format;
	} samples[] = {
		{ "{\"before\":null,\"after\":{\"id\":1}," SOURCE ",\"op\":\"c\"}", FORMAT_DEBEZIUM },
		{ "{\"after\":{\"id\":1},\"op\":\"c\"}", FORMAT_DEBEZIUM },
		{ "{\"schema\":{},\"payload\":{\"after\":{\"id\":1}," SOURCE ",\"op\":\"c\"}}", FORMAT_DEBEZIUM },
		{ "{" MAXWELL ",\"type\":\"insert\",\"data\":{}}", FORMAT_MAXWELL },
		{ "{" CANAL ",\"isDdl\":false,\"type\":\"INSERT\",\"data\":[]}", FORMAT_CANAL },
		{ "{\"data\":{\"id\":8}," DMS("insert") "}", FORMAT_DMS },
		{ "{\"id\":1,\"op\":\"c\"}", FORMATS },
		{ "[1]", FORMATS },
		{ "not JSON", FORMATS },
		{ NULL, FORMATS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		assert_int_equal(format_detect(bytes_or_null(samples[i].value)), samples[i].format);
}

static void a_key_that_the_caller_names_goes_before_the_messages(void **state)
{
	static const char *const key[] = { "name" }, *const unknown[] = { "nam" };
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM, .key = key, .key_count = 1 }, PERSON);
	(void)rows_of(&r, "{\"id\":1}", "{\"after\":{\"id\":1,\"name\":\"a\"}," SOURCE ",\"op\":\"c\"}");
	assert_int_equal(r.message.schema->key_count, 1);
	assert_int_equal(r.message.schema->key[0], 1);
	reading_stop(&r);
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM, .key = unknown, .key_count = 1 }, PERSON);
	assert_int_equal(read_message(&r, NULL, "{\"after\":{\"id\":1}," SOURCE ",\"op\":\"c\"}"), -1);
	assert_int_equal(r.e.kind, ERR_CONFIG);
	reading_stop(&r);
}

static void a_key_without_names_must_be_named(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM }, PERSON);
	assert_int_equal(read_message(&r, "7", "{\"after\":{\"id\":7}," SOURCE ",\"op\":\"c\"}"), -1);
	assert_int_equal(r.e.kind, ERR_CONFIG);
	assert_non_null(strstr(r.e.text, "key: a number, which does not tell the key's columns: name them"));
	assert_int_equal(read_message(&r, "inv.person.7", "{\"after\":{\"id\":7}," SOURCE ",\"op\":\"c\"}"), -1);
	assert_int_equal(r.e.kind, ERR_CONFIG);
	assert_non_null(strstr(r.e.text, "name the key's columns"));
	reading_stop(&r);
}

static void where_none_is_needed_a_key_without_names_is_none(void **state)
{
	static const char *const keys[] = { "7", "inv.person.7", "{\"number\":7}", "[" };

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct reading r;

		reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM, .is_key_optional = true }, "id INT");
		assert_string_equal(rows_of(&r, keys[i], "{\"after\":{\"id\":7}," SOURCE ",\"op\":\"c\"}"), "{\"id\":7}");
		assert_int_equal(r.message.schema->key_count, 0);
		reading_stop(&r);
		reading_start(&r, (struct input_options){ .format = FORMAT_MAXWELL, .is_key_optional = true }, "id INT");
		assert_string_equal(rows_of(&r, keys[i], "{\"database\":\"inv\",\"table\":\"person\",\"type\":\"insert\",\"data\":{\"id\":7}}"),
				    "{\"id\":7}");
		reading_stop(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations_of_debezium_become_operations),
		cmocka_unit_test(what_has_no_rows_is_told_apart),
		cmocka_unit_test(an_update_without_its_old_image_has_the_key_as_before),
		cmocka_unit_test(of_an_old_image_only_the_key_is_read_when_that_is_enough),
		cmocka_unit_test(an_unavailable_value_is_absent_and_not_null),
		cmocka_unit_test(a_run_ends_at_another_operation_or_set_of_fields),
		cmocka_unit_test(maxwell_updates_have_their_whole_old_row),
		cmocka_unit_test(maxwell_names_the_key_by_its_columns),
		cmocka_unit_test(a_message_with_one_bad_row_among_many_is_refused_whole),
		cmocka_unit_test(canal_messages_have_many_rows_with_the_types_of_mysql),
		cmocka_unit_test(dms_leaves_nulls_out_and_tells_the_key_by_its_control_records),
		cmocka_unit_test(a_format_is_known_by_its_message),
		cmocka_unit_test(a_key_that_the_caller_names_goes_before_the_messages),
		cmocka_unit_test(a_key_without_names_must_be_named),
		cmocka_unit_test(where_none_is_needed_a_key_without_names_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
