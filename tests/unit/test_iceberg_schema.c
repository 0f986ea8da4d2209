/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas to Iceberg's JSON and back; columns of types that we do not have. */
#include "lib/test.h"

#include "base/json.h"
#include "base/memory.h"
#include "table/iceberg/schema_iceberg.h"

static int parse(struct iceberg_schema *out, const char *text, struct err *e)
{
	struct json_parser json = { 0 };
	struct json_value v;
	int rc;

	must(json_parse(&json, bytes_of_text(text), &v, e), e);
	rc = iceberg_schema_parse(out, &v, e);
	json_parser_release(&json);
	return rc;
}

static struct schema *every_type(void)
{
	struct schema *s = schema_new("shop", "all");
	const uint32_t key[] = { 2, 8 };

	for (enum type t = 0; t < TYPES; t++) {
		struct field *f = schema_add(s, type_name(t), t, t % 2 == 1);

		f->id = (int32_t)t * 3 + 1;
		f->precision = t == TYPE_DECIMAL ? 38 : 0;
		f->scale = t == TYPE_DECIMAL ? 10 : 0;
	}
	s->fields[2].source_type = memory_copy_text("bigint \"x\"");
	schema_set_key(s, key, 2);
	return s;
}

static void every_type_is_written_as_the_spec_spells_it(void **state)
{
	struct schema *s = every_type();
	struct buffer text = { 0 };

	(void)state;
	iceberg_schema_format(&text, s, 7);
	assert_buffer_text(
		text, "{\"type\":\"struct\",\"schema-id\":7,\"identifier-field-ids\":[7,25],\"fields\":["
		      "{\"id\":1,\"name\":\"boolean\",\"required\":true,\"type\":\"boolean\"},"
		      "{\"id\":4,\"name\":\"integer\",\"required\":false,\"type\":\"int\"},"
		      "{\"id\":7,\"name\":\"long\",\"required\":true,\"type\":\"long\",\"doc\":\"bigint \\\"x\\\"\"},"
		      "{\"id\":10,\"name\":\"float\",\"required\":false,\"type\":\"float\"},"
		      "{\"id\":13,\"name\":\"double\",\"required\":true,\"type\":\"double\"},"
		      "{\"id\":16,\"name\":\"decimal\",\"required\":false,\"type\":\"decimal(38, 10)\"},"
		      "{\"id\":19,\"name\":\"date\",\"required\":true,\"type\":\"date\"},"
		      "{\"id\":22,\"name\":\"timestamp\",\"required\":false,\"type\":\"timestamptz\"},"
		      "{\"id\":25,\"name\":\"timestamp_ntz\",\"required\":true,\"type\":\"timestamp\"},"
		      "{\"id\":28,\"name\":\"string\",\"required\":false,\"type\":\"string\"},"
		      "{\"id\":31,\"name\":\"binary\",\"required\":true,\"type\":\"binary\"}]}");
	assert_int_equal(iceberg_schema_max_id(s), 31);
	schema_release(s);
}

static void every_type_comes_back(void **state)
{
	struct schema *s = every_type();
	struct buffer text = { 0 };
	struct iceberg_schema back;
	struct err e = ERR_INIT;

	(void)state;
	iceberg_schema_format(&text, s, 7);
	must(parse(&back, buffer_string(&text), &e), &e);
	assert_int_equal(back.id, 7);
	assert_null(back.unread);
	assert_true(schema_equal(back.columns, s));
	assert_string_equal(back.columns->fields[2].source_type, "bigint \"x\"");
	for (uint32_t i = 0; i < s->field_count; i++)
		assert_int_equal(back.columns->fields[i].id, s->fields[i].id);
	buffer_release(&text);
	iceberg_schema_release(&back);
	schema_release(s);
}

static void assert_no_identifiers(uint32_t field)
{
	struct schema *s = every_type();
	struct buffer text = { 0 };
	const uint32_t key[] = { 2, field };

	schema_set_key(s, key, 2);
	iceberg_schema_format(&text, s, 0);
	assert_null(strstr(buffer_string(&text), "identifier-field-ids"));
	buffer_release(&text);
	schema_release(s);
}

static void a_key_that_the_spec_forbids_is_no_identifier(void **state)
{
	(void)state;
	assert_no_identifiers(1); /* may be NULL */
	assert_no_identifiers(4); /* a double */
}

static void marks_keep_what_the_schema_has_no_place_for(void **state)
{
	struct schema *s = every_type();
	struct schema_mark marks[SCHEMA_MARKS];
	struct iceberg_schema back;
	struct buffer text = { 0 };
	const uint32_t key[] = { 9, 1 }, order[] = { 7, 2 };
	struct err e = ERR_INIT;
	uint32_t count;

	(void)state;
	s->mode = MODE_APPEND;
	schema_set_key(s, key, 2);
	schema_set_order(s, order, 2);
	s->is_by_column = true;
	iceberg_schema_format(&text, s, 0);
	must(parse(&back, buffer_string(&text), &e), &e);
	count = iceberg_schema_marks(marks, s);
	assert_int_equal(count, SCHEMA_MARKS);
	for (uint32_t i = 0; i < count; i++) {
		must(iceberg_schema_set_mark(back.columns, marks[i].key, buffer_string(&marks[i].value), &e), &e);
		buffer_release(&marks[i].value);
	}
	must(iceberg_schema_set_mark(back.columns, "owner", "root", &e), &e);
	assert_true(schema_equal(back.columns, s));
	assert_true(back.columns->is_by_column);
	assert_int_equal(back.columns->mode, MODE_APPEND);
	assert_string_equal(back.columns->database, "shop");
	assert_string_equal(back.columns->table, "all");
	iceberg_schema_release(&back);
	buffer_release(&text);
	schema_release(s);
}

static void marks_that_lie_are_refused(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} bad[] = {
		{ "tailrace.key", "", "property tailrace.key: not JSON" },
		{ "tailrace.key", "{}", "\"tailrace.key\" is an object, not a list" },
		{ "tailrace.key", "[1]", "\"tailrace.key\" is 1, not a text" },
		{ "tailrace.key", "[\"x\"]", "property tailrace.key names \"x\", which is no column" },
		{ "tailrace.order", "[\"x\"]", "property tailrace.order names \"x\", which is no column" },
		{ "tailrace.order", "[\"text\"]", "events cannot be ordered by column \"text\", which is string" },
		{ "tailrace.mode", "fast", "property tailrace.mode is \"fast\"" },
	};
	struct schema *s = schema_new("", "");

	(void)state;
	schema_add(s, "text", TYPE_STRING, true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(iceberg_schema_set_mark(s, bad[i].key, bad[i].value, &e), -1);
		assert_ptr_equal(strstr(e.text, bad[i].why), e.text);
	}
	schema_release(s);
}

#define COLUMN(id, type) "{\"id\":" id ",\"name\":\"c" id "\",\"required\":true,\"type\":" type "}"
#define SCHEMA(fields) "{\"type\":\"struct\",\"schema-id\":1,\"identifier-field-ids\":[1],\"fields\":[" fields "]}"

static void a_column_of_a_foreign_type_is_left_out_and_named(void **state)
{
	static const char *const types[] = {
		"time", "uuid", "fixed[16]", "timestamp_ns", "timestamptz_ns", "variant", "unknown",
		"geometry(srid:4326)", "geography", "decimal(39, 0)", "decimal(5, 6)", "decimal(0,0)",
		"decimal(5,2) ", "decimal", "INT", "",
	};
	struct iceberg_schema s;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct buffer text = { 0 }, why = { 0 };

		buffer_format(&text, SCHEMA(COLUMN("1", "\"int\"") "," COLUMN("2", "\"%s\"")), types[i]);
		buffer_format(&why, "column \"c2\" is of type %s, which tailrace does not read", types[i]);
		must(parse(&s, buffer_string(&text), &e), &e);
		assert_int_equal(s.columns->field_count, 1);
		assert_int_equal(s.columns->key_count, 1);
		assert_int_equal(iceberg_schema_require(&s, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_string_equal(e.text, buffer_string(&why));
		iceberg_schema_release(&s);
		buffer_release(&text);
		buffer_release(&why);
	}
}

static void nested_columns_and_initial_defaults_are_left_out(void **state)
{
	struct iceberg_schema s;
	struct err e = ERR_INIT;

	(void)state;
	must(parse(&s, SCHEMA(COLUMN("1", "{\"type\":\"list\",\"element-id\":3,\"element\":\"int\"}") ","
			      COLUMN("2", "\"long\"")), &e), &e);
	assert_string_equal(s.unread, "column \"c1\" is of type list, which tailrace does not read");
	assert_int_equal(s.columns->field_count, 1);
	assert_int_equal(s.columns->key_count, 0); /* not a part of it */
	iceberg_schema_release(&s);
	must(parse(&s, SCHEMA(COLUMN("1", "\"int\",\"initial-default\":null") ","
			      COLUMN("2", "\"int\",\"initial-default\":5")), &e), &e);
	assert_string_equal(s.unread, "column \"c2\" has an initial-default, which tailrace does not read");
	iceberg_schema_release(&s);
}

static void decimals_may_have_blanks_or_none(void **state)
{
	struct iceberg_schema s;
	struct err e = ERR_INIT;

	(void)state;
	must(parse(&s, SCHEMA(COLUMN("1", "\"decimal(9,2)\"") "," COLUMN("2", "\"decimal( 9 , 2 )\"")), &e), &e);
	assert_int_equal(s.columns->field_count, 2);
	assert_int_equal(s.columns->fields[1].precision, 9);
	iceberg_schema_release(&s);
}

static void damaged_schemas_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "[]", "a schema is a list, not an object" },
		{ "{}", "a schema's \"type\" is not \"struct\"" },
		{ "{\"type\":\"struct\",\"schema-id\":3}", "schema 3: \"fields\" is missing" },
		{ "{\"type\":\"struct\",\"schema-id\":-1}", "\"schema-id\" is -1, not a whole number" },
		{ "{\"type\":\"struct\",\"type\":\"struct\"}", "\"type\" stands in a schema twice" },
		{ SCHEMA("1"), "schema 1: \"name\" is missing" },
		{ SCHEMA("{\"name\":\"a\\u0000b\"}"), "schema 1: \"name\" has a NUL in it" },
		{ SCHEMA("{\"name\":\"a\"}"), "schema 1: column \"a\": \"id\" is missing" },
		{ SCHEMA("{\"name\":\"a\",\"id\":1.0}"), "column \"a\": \"id\" is 1.0, not a whole number" },
		{ SCHEMA("{\"name\":\"a\",\"id\":1}"), "column \"a\": \"required\" is missing" },
		{ SCHEMA("{\"name\":\"a\",\"id\":1,\"required\":true}"), "column \"a\" has no type" },
		{ SCHEMA("{\"name\":\"a\",\"id\":1,\"required\":true,\"type\":{}}"), "column \"a\" has no type" },
		{ SCHEMA(COLUMN("1", "\"int\"") "," COLUMN("1", "\"int\"")), "same name or the same id 1" },
		{ SCHEMA(COLUMN("2", "\"int\"")), "\"identifier-field-ids\" has 1, which is no column's" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct iceberg_schema s;
		struct err e = ERR_INIT;

		assert_int_equal(parse(&s, bad[i].text, &e), -1);
		assert_int_equal(e.kind, ERR_DATA);
		if (strstr(e.text, bad[i].why) == NULL)
			fail_msg("\"%s\" does not tell \"%s\"", e.text, bad[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_written_as_the_spec_spells_it),
		cmocka_unit_test(every_type_comes_back),
		cmocka_unit_test(a_key_that_the_spec_forbids_is_no_identifier),
		cmocka_unit_test(marks_keep_what_the_schema_has_no_place_for),
		cmocka_unit_test(marks_that_lie_are_refused),
		cmocka_unit_test(a_column_of_a_foreign_type_is_left_out_and_named),
		cmocka_unit_test(nested_columns_and_initial_defaults_are_left_out),
		cmocka_unit_test(decimals_may_have_blanks_or_none),
		cmocka_unit_test(damaged_schemas_are_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
