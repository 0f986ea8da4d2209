/* SPDX-License-Identifier: Apache-2.0 */
/* Image lists: rows that say their action and time themselves. */
#include "lib/message_reading.h"

#include "message/spark_ddl.h"

static const char *const pk[] = { "PK" };

#define LISTS                                                                                                 \
	.format = FORMAT_IMAGE, .image_list = IMAGE_LIST, .image_action = IMAGE_ACTION, .image_time = IMAGE_TIME, \
	.key = pk, .key_count = 1
#define LIST(rows)           "{\"after_image\":[" rows "]}"
#define ROW(action, members) "{\"_action\":\"" action "\",\"_timestamp\":\"2025-01-01 00:00:02\"," members "}"

/* Every run of the message's rows on a line of its own, behind its operation. */
static const char *runs_of(struct reading *r, const char *value)
{
	static const char ops[OPS] = { 'r', 'c', 'u', 'd' };
	static char text[2048];
	size_t used = 0;
	int rc = 1;

	must(read_message(r, NULL, value), &r->e);
	assert_int_equal(r->message.kind, MESSAGE_ROWS);
	row_run_clear(&r->run);
	while (rc == 1) {
		rc = input_rows(r->input, &r->run, &r->e);
		if (rc < 0)
			fail_msg("%s", r->e.text);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%c %s", used > 0 ? "\n" : "", ops[r->run.op],
					 run_text(r));
		row_run_clear(&r->run);
	}
	return text;
}

static void assert_columns(const struct reading *r, const char *ddl)
{
	struct buffer text = { 0 };

	spark_ddl_format(r->message.schema, &text);
	assert_string_equal(buffer_string(&text), ddl);
	buffer_release(&text);
}

static void rows_of_a_list_have_their_own_actions(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	assert_string_equal(runs_of(&r, "{\"sent\":1,\"after_image\":[" ROW("_insert", "\"PK\":1,\"a\":\"x\"") ","
					ROW("_update", "\"PK\":2,\"a\":\"y\"") "," ROW("_update", "\"PK\":3,\"a\":\"z\"") ","
					ROW("_delete", "\"PK\":4") "," ROW("insert", "\"PK\":5,\"a\":null") "]}"),
			    "c {\"PK\":1,\"a\":\"x\"}\n"
			    "u {\"PK\":2} -> {\"PK\":2,\"a\":\"y\"}\n{\"PK\":3} -> {\"PK\":3,\"a\":\"z\"}\n"
			    "d {\"PK\":4}\n"
			    "c {\"PK\":5,\"a\":null}");
	assert_columns(&r, "PK BIGINT NOT NULL, a STRING");
	assert_int_equal(r.message.row_count, 5);
	assert_int_equal(r.message.rows[2].op, OP_UPDATE);
	assert_int_equal(r.message.rows[3].op, OP_DELETE);
	assert_int_equal(r.message.origin.time_us, 1735689602000000);
	assert_string_equal(r.message.table, "");
	assert_int_equal(r.message.schema->order_count, 0);
	reading_stop(&r);
}

static void a_full_image_is_an_insert_when_only_keys_of_old_rows_are_wanted(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS, .wants_old_key_only = true }, NULL);
	assert_string_equal(runs_of(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":1") "," ROW("_update", "\"PK\":2,\"a\":2") ","
					     ROW("_delete", "\"PK\":3,\"a\":3"))),
			    "c {\"PK\":1,\"a\":1}\n{\"PK\":2,\"a\":2}\nd {\"PK\":3}");
	assert_int_equal(r.message.rows[1].op, OP_UPDATE);
	reading_stop(&r);
}

static void a_column_that_a_full_image_leaves_out_is_null(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	(void)runs_of(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":1,\"b\":1")));
	assert_string_equal(runs_of(&r, LIST(ROW("_update", "\"PK\":1,\"b\":2") "," ROW("_update", "\"PK\":1,\"a\":2"))),
			    "u {\"PK\":1} -> {\"PK\":1,\"a\":null,\"b\":2}\n{\"PK\":1} -> {\"PK\":1,\"a\":2,\"b\":null}");
	reading_stop(&r);
	reading_start(&r, (struct input_options){ LISTS }, "PK BIGINT NOT NULL, a INT NOT NULL, b INT");
	assert_bad(&r, LIST(ROW("_update", "\"PK\":1,\"b\":2")), "column \"a\", which is NOT NULL, is not in the row");
	assert_string_equal(runs_of(&r, LIST(ROW("_delete", "\"PK\":1"))), "d {\"PK\":1}");
	reading_stop(&r);
}

static void a_column_that_a_partial_image_leaves_out_is_not_told(void **state)
{
	static const char changed[] = LIST(ROW("_update", "\"PK\":1,\"b\":null") "," ROW("_insert", "\"PK\":2,\"b\":2"));
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS, .image = IMAGE_PARTIAL }, NULL);
	(void)runs_of(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":1,\"b\":1")));
	/* in the order of arrival an insert begins a row */
	assert_string_equal(runs_of(&r, changed), "u {\"PK\":1} -> {\"PK\":1,\"b\":null}\nc {\"PK\":2,\"a\":null,\"b\":2}");
	reading_stop(&r);
	/* of a changelog it is what it is */
	reading_start(&r, (struct input_options){ LISTS, .image = IMAGE_PARTIAL, .is_key_optional = true }, NULL);
	(void)runs_of(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":1,\"b\":1")));
	assert_string_equal(runs_of(&r, changed), "u {\"PK\":1} -> {\"PK\":1,\"b\":null}\nc {\"PK\":2,\"b\":2}");
	reading_stop(&r);
}

static void names_and_columns_are_what_was_agreed_on(void **state)
{
	static const char *const key[] = { "b", "a" };
	struct input_options o = { .format = FORMAT_IMAGE, .image_list = "rows", .image_action = "do", .image_time = "at",
				   .key = key, .key_count = 2 };
	struct reading r;

	(void)state;
	reading_start(&r, o, NULL);
	assert_string_equal(runs_of(&r, "{\"rows\":[{\"a\":1,\"b\":\"x\",\"do\":\"update\",\"at\":1735689602}]}"),
			    "u {\"a\":1,\"b\":\"x\"} -> {\"a\":1,\"b\":\"x\"}");
	assert_true(r.message.schema->key_count == 2 && r.message.schema->key[0] == 1);
	assert_int_equal(r.message.rows[0].time_us, 1735689602000000);
	assert_bad(&r, LIST(ROW("_insert", "\"a\":1,\"b\":2")), "it has no list \"rows\" (--image-list)");
	reading_stop(&r);
	/* the time is a column where one is given for it */
	o.image_list = IMAGE_LIST, o.image_action = IMAGE_ACTION, o.image_time = IMAGE_TIME;
	reading_start(&r, o, "a INT, b STRING, _timestamp TIMESTAMP, c DATE");
	assert_string_equal(runs_of(&r, LIST(ROW("_insert", "\"a\":1,\"b\":\"x\",\"d\":7"))),
			    "c {\"a\":1,\"b\":\"x\",\"_timestamp\":\"2025-01-01T00:00:02Z\",\"c\":null}");
	reading_stop(&r);
}

static void columns_appear_as_rows_first_name_them_and_numbers_widen(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	assert_string_equal(runs_of(&r, LIST(ROW("_delete", "\"PK\":1"))), "d {\"PK\":1}");
	assert_columns(&r, "PK BIGINT NOT NULL");
	(void)runs_of(&r, LIST(ROW("_insert", "\"PK\":1,\"n\":null")));
	assert_false(r.message.has_new_schema);
	(void)runs_of(&r, LIST(ROW("_insert", "\"n\":1,\"PK\":1")));
	assert_true(r.message.has_new_schema);
	(void)runs_of(&r, LIST(ROW("_insert", "\"PK\":1,\"n\":0.5") "," ROW("_insert", "\"PK\":1,\"s\":\"x\"")));
	assert_columns(&r, "PK BIGINT NOT NULL, n DOUBLE, s STRING");
	reading_stop(&r);
}

static void a_message_without_rows_says_nothing(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	must(read_message(&r, NULL, LIST("")), &r.e);
	assert_int_equal(r.message.kind, MESSAGE_SIDE);
	must(read_message(&r, NULL, NULL), &r.e);
	assert_int_equal(r.message.kind, MESSAGE_TOMBSTONE);
	assert_int_equal(input_delete(r.input, bytes_or_null("{\"PK\":1}"), &r.message, &r.e), 1);
	reading_stop(&r);
}

static void what_is_wrong_with_a_row_is_one_sentence(void **state)
{
	static const struct {
		const char *value, *said;
	} bad[] = {
		{ "[1]", "value is a list, not an object" },
		{ "{\"before_image\":[]}", "it has no list \"after_image\" (--image-list)" },
		{ "{\"after_image\":{\"PK\":1}}", "\"after_image\" is an object, not a list" },
		{ "{\"after_image\":null}", "\"after_image\" is null, not a list" },
		{ LIST("7"), "row 1 of \"after_image\": it is a number, not an object" },
		{ LIST("{\"_timestamp\":1,\"PK\":1}"), "row 1 of \"after_image\": it has no \"_action\"" },
		{ LIST(ROW("_upsert", "\"PK\":1")), "its \"_action\" is \"_upsert\": it must be _insert, _update or _delete" },
		{ LIST(ROW("_INSERT", "\"PK\":1")), "its \"_action\" is \"_INSERT\"" },
		{ LIST("{\"_action\":1,\"PK\":1}"), "its \"_action\" is a number: it must be" },
		{ LIST(ROW("_insert", "\"PK\":1") "," ROW("_insert", "\"a\":1")),
		  "row 2 of \"after_image\": it has no \"PK\", which is of the key" },
		{ LIST(ROW("_delete", "\"PK\":null")), "its \"PK\" is null, which no key is" },
		{ LIST(ROW("_delete", "\"PK\":[1]")), "its \"PK\" is a list, which no key is" },
		{ LIST("{\"_action\":\"_insert\",\"_timestamp\":\"yesterday\",\"PK\":1}"), "its \"_timestamp\", yesterday, is no time" },
		{ LIST("{\"_action\":\"_insert\",\"_action\":\"_insert\",\"PK\":1}"), "\"_action\" stands in it twice" },
		{ LIST(ROW("_insert", "\"PK\":1,\"PK\":1")), "column \"PK\" stands in a row twice" },
		{ LIST(ROW("_insert", "\"PK\":1") "," ROW("_insert", "\"PK\":1,\"n\":1,\"n\":1")), "row 2: column \"n\" stands in a row twice" },
	};
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_bad(&r, bad[i].value, bad[i].said);
	reading_stop(&r);
	reading_start(&r, (struct input_options){ LISTS }, "PK INT NOT NULL, a INT");
	assert_bad(&r, LIST(ROW("_insert", "\"PK\":\"x\"")), "column \"PK\" (integer): \"x\" is not an integer");
	assert_bad(&r, LIST(ROW("_delete", "\"PK\":1.5")), "column \"PK\" (integer): \"1.5\" is not an integer");
	assert_bad(&r, LIST(ROW("_delete", "\"PK\":1") "," ROW("_insert", "\"PK\":2,\"a\":\"b\"")), "row 2: column \"a\"");
	reading_stop(&r);
}

static void without_a_key_lists_are_of_use_for_a_changelog_only(void **state)
{
	struct input_options o = { LISTS };
	struct reading r;

	(void)state;
	o.key_count = 0;
	reading_start(&r, o, NULL);
	assert_int_equal(read_message(&r, NULL, LIST(ROW("_insert", "\"PK\":1"))), -1);
	assert_int_equal(r.e.kind, ERR_CONFIG);
	assert_non_null(strstr(r.e.text, "name them (--key)"));
	reading_stop(&r);
	o.is_key_optional = true;
	reading_start(&r, o, NULL);
	assert_string_equal(runs_of(&r, LIST(ROW("_delete", "\"a\":1,\"PK\":1"))), "d {\"a\":1,\"PK\":1}");
	assert_string_equal(runs_of(&r, LIST(ROW("_delete", "\"PK\":1"))), "d {\"PK\":1}");
	reading_stop(&r);
}

static void a_list_shows_itself_by_its_name(void **state)
{
	(void)state;
	assert_int_equal(format_detect(bytes_of_text(LIST(ROW("_insert", "\"PK\":1")))), FORMAT_IMAGE);
	assert_int_equal(format_detect(bytes_of_text("{\"after_image\":{}}")), FORMATS);
	assert_string_equal(format_name(FORMAT_IMAGE), "image");
}

static void ten_megabytes_are_one_message(void **state)
{
	struct buffer value = { 0 };
	struct reading r;
	uint32_t rows = 0;

	(void)state;
	buffer_text(&value, "{\"after_image\":[");
	while (value.size < 10000000) {
		buffer_format(&value, "%s{\"_action\":\"_insert\",\"_timestamp\":1735689602,\"PK\":%u,\"text\":\"", rows > 0 ? "," : "", rows);
		memset(buffer_grow(&value, 1000), 'x', 1000);
		buffer_text(&value, "\"}");
		rows++;
	}
	buffer_text(&value, "]}");
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	must(read_message(&r, NULL, buffer_string(&value)), &r.e);
	must(input_rows(r.input, &r.run, &r.e), &r.e);
	assert_int_equal(r.run.count, rows);
	reading_stop(&r);
	buffer_release(&value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_a_list_have_their_own_actions),
		cmocka_unit_test(a_full_image_is_an_insert_when_only_keys_of_old_rows_are_wanted),
		cmocka_unit_test(a_column_that_a_full_image_leaves_out_is_null),
		cmocka_unit_test(a_column_that_a_partial_image_leaves_out_is_not_told),
		cmocka_unit_test(names_and_columns_are_what_was_agreed_on),
		cmocka_unit_test(columns_appear_as_rows_first_name_them_and_numbers_widen),
		cmocka_unit_test(a_message_without_rows_says_nothing),
		cmocka_unit_test(what_is_wrong_with_a_row_is_one_sentence),
		cmocka_unit_test(without_a_key_lists_are_of_use_for_a_changelog_only),
		cmocka_unit_test(a_list_shows_itself_by_its_name),
		cmocka_unit_test(ten_megabytes_are_one_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
