/* SPDX-License-Identifier: Apache-2.0 */
/* schemaString and our marks in metaData, there and back. */
#include <string.h>

#include "base/memory.h"
#include "lib/test.h"
#include "table/delta/schema_json.h"

static const struct protocol with_mapping = {
	.min_reader = 2,
	.min_writer = 5,
};

static struct schema *every_type(void)
{
	struct schema *s = schema_new("shop", "all");
	const uint32_t key[] = { 2, 0 }, order[] = { TYPE_TIMESTAMP, TYPE_LONG };

	for (enum type t = 0; t < TYPES; t++) {
		struct field *f = schema_add(s, type_name(t), t, t % 2 == 0);

		f->id = (int32_t)t * 3 + 1;
		if (t == TYPE_DECIMAL) {
			f->precision = 38;
			f->scale = 10;
		}
	}
	s->fields[1].source_type = memory_copy_text("int unsigned \"x\"");
	schema_set_key(s, key, 2);
	schema_set_order(s, order, 2);
	s->is_by_column = true;
	return s;
}

static void assert_comes_back(const struct schema *s, bool is_mapped)
{
	struct metadata m = { .id = "t" };
	struct arena arena = { 0 };
	struct schema *back;
	struct err e = ERR_INIT;

	metadata_set_schema(&m, s, is_mapped, &arena);
	must(schema_parse(&back, &m, &with_mapping, &e), &e);
	assert_true(schema_equal(back, s));
	assert_int_equal(back->is_by_column, s->is_by_column);
	assert_string_equal(back->database, s->database);
	assert_string_equal(back->table, s->table);
	for (uint32_t i = 0; i < s->field_count; i++)
		assert_int_equal(back->fields[i].id, s->fields[i].id);
	if (s->fields[1].source_type != NULL)
		assert_string_equal(back->fields[1].source_type,
				    s->fields[1].source_type);
	schema_release(back);
	arena_release(&arena);
}

static void every_type_comes_back_with_its_marks(void **state)
{
	struct schema *s = every_type();

	(void)state;
	assert_comes_back(s, false);
	assert_comes_back(s, true);
	schema_release(s);
}

static void only_names_with_reserved_characters_need_mapping(void **state)
{
	static const char *const names[] = { "a b", "a,b", "a;b", "{",	"}",
					     "(",   ")",   "\n",  "\t", "=" };
	struct schema *plain = every_type();

	(void)state;
	assert_false(schema_needs_mapping(plain));
	schema_add(plain, "gr\xc3\xb6\xc3\x9f" "e.\"`%/", TYPE_INT, true);
	assert_false(schema_needs_mapping(plain));
	assert_comes_back(plain, false);
	schema_release(plain);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct schema *s = schema_new("d", "t");

		schema_add(s, "x", TYPE_INT, true);
		schema_add(s, names[i], TYPE_INT, true);
		assert_true(schema_needs_mapping(s));
		assert_comes_back(s, true);
		schema_release(s);
	}
}

static void the_greatest_id_never_falls(void **state)
{
	struct schema *s = schema_new("d", "t");
	struct metadata m = { .id = "t" };
	struct arena arena = { 0 };

	(void)state;
	schema_add(s, "x", TYPE_INT, true);
	text_map_set(&m.configuration, "delta.columnMapping.maxColumnId", "7", &arena);
	metadata_set_schema(&m, s, true, &arena);
	assert_string_equal(
		text_map_get(&m.configuration, "delta.columnMapping.maxColumnId"), "7");
	s->fields[0].id = 9;
	metadata_set_schema(&m, s, true, &arena);
	assert_string_equal(
		text_map_get(&m.configuration, "delta.columnMapping.maxColumnId"), "9");
	arena_release(&arena);
	schema_release(s);
}

static void mark_refused(const char *schema_string, const char *mark, const char *value, const char *why)
{
	struct text_pair pair = { mark, value };
	struct metadata m = { .id = "t", .schema_string = schema_string,
			      .configuration = { &pair, value != NULL } };
	struct schema *s;
	struct err e = ERR_INIT;

	assert_int_equal(schema_parse(&s, &m, &with_mapping, &e), -1);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not tell \"%s\"", e.text, why);
}

static void refused(const char *schema_string, const char *key, const char *why)
{
	mark_refused(schema_string, "tailrace.key", key, why);
}

static void an_order_of_texts_or_of_no_columns_is_refused(void **state)
{
	static const char fields[] = "{\"fields\":[{\"name\":\"a\",\"type\":\"string\"}]}";

	(void)state;
	mark_refused(fields, "tailrace.order", "[\"b\"]", "tailrace.order names \"b\", which is no column");
	mark_refused(fields, "tailrace.order", "[\"a\"]", "column \"a\", which is string");
	mark_refused(fields, "tailrace.order", "7", "tailrace.order is \"7\"");
}

static void what_is_no_schema_of_ours_is_refused(void **state)
{
	(void)state;
	refused("{\"fields\":7}", NULL, "no fields");
	refused("{\"fields\":[{}]}", NULL, "without name or type");
	refused("{", NULL, "damaged schemaString");
	refused("{\"fields\":[{\"name\":\"a\",\"type\":{\"type\":\"map\"}}]}", NULL,
		"type map");
	refused("{\"fields\":[{\"name\":\"a\",\"type\":\"decimal(5,6)\"}]}", NULL,
		"decimal(5,6)");
	refused("{\"fields\":[{\"name\":\"a\",\"type\":\"long\"},{\"name\":\"a\","
		"\"type\":\"long\"}]}",
		NULL, "\"a\" twice");
	refused("{\"fields\":[{\"name\":\"a\",\"type\":\"long\"}]}", "[\"b\"]",
		"no column");
	refused("{\"fields\":[{\"name\":\"a\",\"type\":\"long\"}]}", "b", "tailrace.key");
}

/* "Type Change Metadata": all types so far, in their order; whatever else changes keeps them. */
static void types_of_older_files_are_remembered(void **state)
{
	struct metadata m = { .id = "t" };
	struct arena arena = { 0 };
	struct schema *s = schema_new("d", "t"), *back;
	struct err e = ERR_INIT;

	(void)state;
	schema_add(s, "n", TYPE_INT, true);
	schema_add(s, "d", TYPE_DECIMAL, true)->precision = 8;
	assert_false(metadata_set_schema(&m, s, false, &arena));
	assert_null(text_map_get(&m.configuration, "delta.enableTypeWidening"));
	s->fields[0].type = TYPE_LONG;
	assert_true(metadata_set_schema(&m, s, false, &arena));
	assert_string_equal(text_map_get(&m.configuration, "delta.enableTypeWidening"), "true");
	for (uint8_t precision = 9; precision < 31; precision += 21) {
		s->fields[1].precision = precision;
		assert_true(metadata_set_schema(&m, s, false, &arena));
	}
	schema_add(s, "more", TYPE_INT, true);
	assert_true(metadata_set_schema(&m, s, true, &arena));
	assert_non_null(strstr(m.schema_string, "\"delta.columnMapping.physicalName\":\"n\",\"delta.typeChanges\":"
						"[{\"fromType\":\"integer\",\"toType\":\"long\"}]}"));
	assert_non_null(strstr(m.schema_string, "\"delta.typeChanges\":[{\"fromType\":\"decimal(8,0)\",\"toType\":\"decimal(9,0)\"},"
						"{\"fromType\":\"decimal(9,0)\",\"toType\":\"decimal(30,0)\"}]}"));
	assert_non_null(strstr(m.schema_string, "\"delta.columnMapping.physicalName\":\"more\"}"));
	must(schema_parse(&back, &m, &with_mapping, &e), &e);
	assert_true(schema_equal(back, s));
	schema_release(back);
	schema_release(s);
	arena_release(&arena);
}

static void older_types_that_we_do_not_read_are_named(void **state)
{
	(void)state;
	refused("{\"fields\":[{\"name\":\"a\",\"type\":\"double\",\"metadata\":{\"delta.typeChanges\":"
		"[{\"fromType\":\"integer\",\"toType\":\"double\"}]}}]}", NULL, "column \"a\" was of type integer before");
	refused("{\"fields\":[{\"name\":\"a\",\"type\":\"long\",\"metadata\":{\"delta.typeChanges\":[{}]}}]}", NULL,
		"was of type unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_back_with_its_marks),
		cmocka_unit_test(only_names_with_reserved_characters_need_mapping),
		cmocka_unit_test(the_greatest_id_never_falls),
		cmocka_unit_test(what_is_no_schema_of_ours_is_refused),
		cmocka_unit_test(types_of_older_files_are_remembered),
		cmocka_unit_test(older_types_that_we_do_not_read_are_named),
		cmocka_unit_test(an_order_of_texts_or_of_no_columns_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
