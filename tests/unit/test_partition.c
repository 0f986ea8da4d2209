/* SPDX-License-Identifier: Apache-2.0 */
/* Partition values as text and back, and what may partition a table. */
#include "lib/test.h"

#include "base/memory.h"
#include "change/render.h"
#include "table/partition.h"

static struct schema *one_field(enum type type, uint8_t precision, uint8_t scale)
{
	struct schema *s = schema_new("d", "t");
	struct field *f = schema_add(s, "a", type, true);

	f->precision = precision;
	f->scale = scale;
	return s;
}

/* The cell that the text means, as JSON; NULL: it is refused. */
static void assert_means(enum type type, uint8_t precision, uint8_t scale, const char *text, const char *json)
{
	struct schema *s = one_field(type, precision, scale);
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct columns c;
	int rc;

	columns_init(&c, s);
	rc = partition_cell(&c.columns[0], &s->fields[0], text, &e);
	assert_int_equal(rc, json != NULL ? 0 : -1);
	if (rc == 0) {
		assert_int_equal(c.columns[0].row_count, 1);
		render_json(&out, &s->fields[0], &c.columns[0], 0);
	} else {
		assert_int_equal(e.kind, ERR_DATA);
	}
	assert_buffer_text(out, json != NULL ? json : "");
	columns_release(&c);
	schema_release(s);
}

static void texts_of_others_are_cells(void **state)
{
	(void)state;
	assert_means(TYPE_BOOLEAN, 0, 0, "true", "true");
	assert_means(TYPE_INT, 0, 0, "-2147483648", "-2147483648");
	assert_means(TYPE_LONG, 0, 0, "9223372036854775807", "9223372036854775807");
	assert_means(TYPE_FLOAT, 0, 0, "1.5", "1.5");
	assert_means(TYPE_DOUBLE, 0, 0, "NaN", "\"NaN\"");
	assert_means(TYPE_DECIMAL, 9, 2, "-1.5", "-1.50");
	assert_means(TYPE_DECIMAL, 9, 2, "1.5000", "1.50");
	assert_means(TYPE_DECIMAL, 38, 0, "99999999999999999999999999999999999999", "99999999999999999999999999999999999999");
	assert_means(TYPE_DATE, 0, 0, "2026-08-01", "\"2026-08-01\"");
	assert_means(TYPE_TIMESTAMP, 0, 0, "2026-08-01 10:00:00", "\"2026-08-01T10:00:00Z\"");
	assert_means(TYPE_TIMESTAMP, 0, 0, "2026-08-01T10:00:00.5Z", "\"2026-08-01T10:00:00.500000Z\"");
	assert_means(TYPE_TIMESTAMP_NTZ, 0, 0, "2026-08-01 10:00:00.000001", "\"2026-08-01T10:00:00.000001\"");
	assert_means(TYPE_TIMESTAMP_NTZ, 0, 0, "2026-08-01", "\"2026-08-01T00:00:00\"");
	assert_means(TYPE_STRING, 0, 0, "a/b", "\"a/b\"");
	assert_means(TYPE_BINARY, 0, 0, "ab", "\"YWI=\"");
}

static void null_and_an_empty_text_are_null(void **state)
{
	(void)state;
	for (enum type type = 0; type < TYPES; type++) {
		assert_means(type, 9, 2, NULL, "null");
		assert_means(type, 9, 2, "", "null");
	}
}

static void texts_that_mean_nothing_are_refused(void **state)
{
	(void)state;
	assert_means(TYPE_BOOLEAN, 0, 0, "1", NULL);
	assert_means(TYPE_INT, 0, 0, "2147483648", NULL);
	assert_means(TYPE_LONG, 0, 0, "1x", NULL);
	assert_means(TYPE_DOUBLE, 0, 0, "1.5 ", NULL);
	assert_means(TYPE_DECIMAL, 9, 2, "1.555", NULL);
	assert_means(TYPE_DECIMAL, 9, 2, "12345678.00", NULL);
	assert_means(TYPE_DECIMAL, 9, 2, "1.2.3", NULL);
	assert_means(TYPE_DECIMAL, 9, 2, "-", NULL);
	assert_means(TYPE_DATE, 0, 0, "2026-02-30", NULL);
	assert_means(TYPE_DATE, 0, 0, "2026-08-01 10:00:00", NULL);
	assert_means(TYPE_TIMESTAMP, 0, 0, "2026-08-01 10:00", NULL);
	assert_means(TYPE_TIMESTAMP, 0, 0, "2026-08-01T10:00:00+02:00", NULL);
	assert_means(TYPE_TIMESTAMP_NTZ, 0, 0, "2026-08-01 24:00:00", NULL);
}

/* Our own text of a cell, which must mean that cell. */
static void assert_text(enum type type, uint8_t precision, uint8_t scale, const char *json, const char *text)
{
	struct schema *s = one_field(type, precision, scale);
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct columns c;

	assert_means(type, precision, scale, text, json);
	columns_init(&c, s);
	must(partition_cell(&c.columns[0], &s->fields[0], text, &e), &e);
	partition_text(&out, &s->fields[0], &c.columns[0], 0);
	assert_buffer_text(out, text);
	columns_release(&c);
	schema_release(s);
}

static void cells_are_spelled_as_all_readers_take_them(void **state)
{
	(void)state;
	assert_text(TYPE_BOOLEAN, 0, 0, "false", "false");
	assert_text(TYPE_LONG, 0, 0, "-9223372036854775808", "-9223372036854775808");
	assert_text(TYPE_DECIMAL, 9, 2, "-0.01", "-0.01");
	assert_text(TYPE_DECIMAL, 38, 10, "1.0000000000", "1.0000000000");
	assert_text(TYPE_DATE, 0, 0, "\"0001-01-01\"", "0001-01-01");
	assert_text(TYPE_TIMESTAMP, 0, 0, "\"1969-12-31T23:59:59.999999Z\"", "1969-12-31T23:59:59.999999Z");
	assert_text(TYPE_TIMESTAMP_NTZ, 0, 0, "\"9999-12-31T23:59:59\"", "9999-12-31 23:59:59.000000");
	assert_text(TYPE_STRING, 0, 0, "\"a \\\"%2F\\\",\"", "a \"%2F\",");
}

static void a_map_is_kept_in_one_piece(void **state)
{
	struct text_pair pairs[] = { { "a", "1" }, { "b", NULL }, { "c", "" } };
	struct text_map kept = text_map_keep(&(struct text_map){ pairs, 3 });

	(void)state;
	pairs[0].key = "other";
	assert_int_equal(kept.count, 3);
	assert_string_equal(text_map_get(&kept, "a"), "1");
	assert_string_equal(kept.pairs[1].key, "b");
	assert_null(kept.pairs[1].value);
	assert_string_equal(text_map_get(&kept, "c"), "");
	assert_null(text_map_get(&kept, "other"));
	memory_free(kept.pairs);
	assert_null(text_map_keep(&(struct text_map){ 0 }).pairs);
}

static struct schema *many_fields(void)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, "day", TYPE_DATE, true);
	schema_add(s, "Region", TYPE_STRING, true);
	schema_add(s, "f", TYPE_FLOAT, true);
	schema_add(s, "d", TYPE_DOUBLE, true);
	schema_add(s, "b", TYPE_BINARY, true);
	return s;
}

static void columns_are_found_whatever_their_case(void **state)
{
	struct schema *s = many_fields();
	struct err e = ERR_INIT;

	(void)state;
	must(partition_by(s, "region,day", &e), &e);
	assert_int_equal(s->partition_count, 2);
	assert_int_equal(s->partition[0].field, 1);
	assert_string_equal(s->partition[0].name, "Region");
	assert_string_equal(s->partition[0].transform, "identity");
	assert_int_equal(s->partition[1].field, 0);
	schema_release(s);
}

static void what_cannot_partition_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "month", "no column \"month\"" }, { "day,", "no column \"\"" }, { "day,DAY", "is there twice" },
		{ "f", "is float" }, { "d", "is double" }, { "b", "is binary" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schema *s = many_fields();
		struct err e = ERR_INIT;

		assert_int_equal(partition_by(s, cases[i][0], &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_non_null(strstr(e.text, cases[i][1]));
		schema_release(s);
	}
}

static void a_wider_schema_keeps_the_partitioning(void **state)
{
	struct schema *known = many_fields(), *wanted = schema_new("d", "t"), *s;
	struct err e = ERR_INIT;
	int32_t last_id = 5;

	(void)state;
	must(partition_by(known, "day", &e), &e);
	schema_add(wanted, "front", TYPE_INT, true);
	for (uint32_t i = 0; i < known->field_count; i++)
		schema_add(wanted, known->fields[i].name, known->fields[i].type, true);
	s = schema_adopt_ids(wanted, known, &last_id);
	assert_int_equal(s->partition[0].field, 1);
	assert_true(schema_partition_equal(s, known));
	assert_false(schema_partition_equal(s, wanted));
	schema_release(s);
	schema_release(wanted);
	schema_release(known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_of_others_are_cells),
		cmocka_unit_test(null_and_an_empty_text_are_null),
		cmocka_unit_test(texts_that_mean_nothing_are_refused),
		cmocka_unit_test(cells_are_spelled_as_all_readers_take_them),
		cmocka_unit_test(a_map_is_kept_in_one_piece),
		cmocka_unit_test(columns_are_found_whatever_their_case),
		cmocka_unit_test(what_cannot_partition_is_refused),
		cmocka_unit_test(a_wider_schema_keeps_the_partitioning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
