/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of changelog tables. */
#include "lib/message_reading.h"

#include "change/render.h"
#include "feed/changelog.h"

#define DDL "id BIGINT, v STRING, n INT"
#define AT "\"_source_time\":\"2026-08-01T10:00:00Z\",\"_topic\":\"s.person\",\"_partition\":3,"
#define PLACE "\"_offset\":77,\"_row\":0,\"_position\":\"b.000003:1021:2\","
#define WHOLE PLACE "\"_absent\":null,"

struct log {
	struct reading reading;
	struct changelog changelog;
	struct schema *schema;
};

static void log_start(struct log *l, enum message_format format, bool has_before)
{
	const char *const key[] = { "id" };
	struct err e = ERR_INIT;

	*l = (struct log){ .schema = NULL };
	reading_start(&l->reading, (struct input_options){ .format = format, .key = key, .key_count = 1 }, DDL);
	must(read_message(&l->reading, NULL, format == FORMAT_CANAL ?
			  "{\"database\":\"inv\",\"table\":\"person\",\"type\":\"INSERT\",\"data\":[]}" :
			  "{\"after\":{}," SOURCE ",\"op\":\"c\"}"), &l->reading.e);
	must(changelog_schema(&l->schema, l->reading.message.schema, "inv", "person", has_before, &e), &e);
	changelog_enter(&l->changelog, l->schema);
}

static void log_stop(struct log *l)
{
	changelog_release(&l->changelog);
	schema_release(l->schema);
	reading_stop(&l->reading);
}

/* One message's rows as JSON, one a line. */
static const char *rows_from(struct log *l, const char *value)
{
	const struct message_place at = { "s.person", 3, 77 };
	struct reading *r = &l->reading;
	struct buffer b = { 0 };

	must(read_message(r, NULL, value), &r->e);
	row_run_clear(&r->run);
	changelog_clear(&l->changelog);
	if (r->message.kind == MESSAGE_ROWS)
		must(input_rows(r->input, &r->run, &r->e), &r->e);
	changelog_note(&l->changelog, &r->message, &at, 0, r->message.kind == MESSAGE_ROWS ? r->run.count : 1);
	changelog_end(&l->changelog, &r->run);
	for (uint32_t i = 0; i < l->changelog.rows.row_count; i++) {
		buffer_text(&b, i > 0 ? "\n" : "");
		render_json_row(&b, l->schema, &l->changelog.rows, i, NULL);
	}
	snprintf(r->text, sizeof(r->text), "%s", buffer_string(&b));
	buffer_release(&b);
	return r->text;
}

static void each_operation_is_a_row(void **state)
{
	struct log l;

	(void)state;
	log_start(&l, FORMAT_DEBEZIUM, false);
	assert_string_equal(rows_from(&l, "{\"after\":{\"id\":1,\"v\":\"a\",\"n\":null}," SOURCE ",\"op\":\"c\"}"),
			    "{\"_op\":\"c\"," AT WHOLE "\"id\":1,\"v\":\"a\",\"n\":null}");
	assert_string_equal(rows_from(&l, "{\"after\":{\"id\":1,\"v\":\"a\",\"n\":2}," SOURCE ",\"op\":\"r\"}"),
			    "{\"_op\":\"r\"," AT WHOLE "\"id\":1,\"v\":\"a\",\"n\":2}");
	assert_string_equal(rows_from(&l, "{\"before\":{\"id\":1,\"v\":\"a\",\"n\":2},\"after\":{\"id\":1,\"v\":\"b\",\"n\":2},"
				      SOURCE ",\"op\":\"u\"}"),
			    "{\"_op\":\"u\"," AT WHOLE "\"id\":1,\"v\":\"b\",\"n\":2}");
	assert_string_equal(rows_from(&l, "{\"before\":{\"id\":1,\"v\":\"b\",\"n\":2}," SOURCE ",\"op\":\"d\"}"),
			    "{\"_op\":\"d\"," AT WHOLE "\"id\":1,\"v\":\"b\",\"n\":2}");
	assert_string_equal(rows_from(&l, "{\"op\":\"t\"," SOURCE "}"),
			    "{\"_op\":\"t\"," AT WHOLE "\"id\":null,\"v\":null,\"n\":null}");
	log_stop(&l);
}

static void what_a_message_left_out_is_named(void **state)
{
	struct log l;

	(void)state;
	log_start(&l, FORMAT_DEBEZIUM, false);
	assert_string_equal(rows_from(&l, "{\"before\":{\"id\":1}," SOURCE ",\"op\":\"d\"}"),
			    "{\"_op\":\"d\"," AT PLACE "\"_absent\":\"[\\\"v\\\",\\\"n\\\"]\",\"id\":1,\"v\":null,\"n\":null}");
	assert_string_equal(rows_from(&l, "{\"before\":{\"id\":1,\"v\":\"a\"},\"after\":{\"id\":1,\"n\":5}," SOURCE ",\"op\":\"u\"}"),
			    "{\"_op\":\"u\"," AT WHOLE "\"id\":1,\"v\":\"a\",\"n\":5}");
	log_stop(&l);
}

static void the_old_image_stands_behind_when_it_is_wanted(void **state)
{
	struct log l;

	(void)state;
	log_start(&l, FORMAT_DEBEZIUM, true);
	assert_string_equal(rows_from(&l, "{\"before\":{\"id\":1,\"v\":\"a\",\"n\":2},\"after\":{\"id\":1,\"v\":\"b\",\"n\":3},"
				      SOURCE ",\"op\":\"u\"}"),
			    "{\"_op\":\"u\"," AT WHOLE "\"id\":1,\"v\":\"b\",\"n\":3,\"_before_id\":1,\"_before_v\":\"a\",\"_before_n\":2}");
	assert_string_equal(rows_from(&l, "{\"after\":{\"id\":1,\"v\":\"b\",\"n\":3}," SOURCE ",\"op\":\"u\"}"),
			    "{\"_op\":\"u\"," AT WHOLE "\"id\":1,\"v\":\"b\",\"n\":3,\"_before_id\":1,\"_before_v\":null,\"_before_n\":null}");
	assert_string_equal(rows_from(&l, "{\"after\":{\"id\":1,\"v\":\"b\",\"n\":3}," SOURCE ",\"op\":\"c\"}"),
			    "{\"_op\":\"c\"," AT WHOLE
			    "\"id\":1,\"v\":\"b\",\"n\":3,\"_before_id\":null,\"_before_v\":null,\"_before_n\":null}");
	log_stop(&l);
}

static void rows_of_one_message_are_numbered(void **state)
{
	struct log l;

	(void)state;
	log_start(&l, FORMAT_CANAL, false);
	assert_string_equal(rows_from(&l, "{\"database\":\"inv\",\"table\":\"person\",\"type\":\"DELETE\",\"es\":1785578400000,"
				      "\"data\":[{\"id\":\"1\",\"v\":\"a\",\"n\":\"2\"},{\"id\":\"2\",\"v\":\"b\",\"n\":\"3\"}]}"),
			    "{\"_op\":\"d\"," AT "\"_offset\":77,\"_row\":0,\"_position\":null,\"_absent\":null,"
			    "\"id\":1,\"v\":\"a\",\"n\":2}\n"
			    "{\"_op\":\"d\"," AT "\"_offset\":77,\"_row\":1,\"_position\":null,\"_absent\":null,"
			    "\"id\":2,\"v\":\"b\",\"n\":3}");
	log_stop(&l);
}

static void columns_of_the_same_names_are_refused(void **state)
{
	static const char *const names[] = { "_op", "_OFFSET", "_Before_id" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct schema *s = schema_new("", ""), *out = NULL;
		struct err e = ERR_INIT;

		schema_add(s, "id", TYPE_LONG, false);
		schema_add(s, names[i], TYPE_LONG, true);
		assert_int_equal(changelog_schema(&out, s, "shop", "t", true, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.text, "shop.t"));
		schema_release(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_operation_is_a_row),
		cmocka_unit_test(what_a_message_left_out_is_named),
		cmocka_unit_test(the_old_image_stands_behind_when_it_is_wanted),
		cmocka_unit_test(rows_of_one_message_are_numbered),
		cmocka_unit_test(columns_of_the_same_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
