/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "change/columns.h"
#include "change/render.h"

static struct schema *two_fields(void)
{
	struct schema *s = schema_new("db", "t");

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "name", TYPE_STRING, true);
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	return s;
}

static void add_row(struct columns *c, int64_t id, const char *name)
{
	column_add_int64(&c->columns[0], id);
	if (name == NULL)
		column_set_null(&c->columns[1]);
	else
		column_add_bytes(&c->columns[1], name, (uint32_t)strlen(name));
	columns_end_row(c);
}

static void nulls_keep_their_slot(void **state)
{
	struct schema *s = two_fields();
	struct columns c;
	struct buffer b = { 0 };

	(void)state;
	columns_init(&c, s);
	add_row(&c, 1, "a");
	add_row(&c, 2, NULL);
	add_row(&c, 3, "");
	assert_int_equal(c.columns[1].null_count, 1);
	assert_null(c.columns[0].valid);
	for (uint32_t i = 0; i < 3; i++)
		render_json_row(&b, s, &c, i, NULL);
	assert_buffer_text(b, "{\"id\":1,\"name\":\"a\"}{\"id\":2,\"name\":null}{\"id\":3,\"name\":\"\"}");
	columns_release(&c);
	schema_release(s);
}

/* Random appends, ranges and cuts against the same operations on a plain array. */
static void columns_agree_with_an_array(void **state)
{
	struct schema *s = two_fields();
	struct columns a, b;
	char *model[4096];
	uint32_t rows = 0;

	(void)state;
	srandom(7);
	columns_init(&a, s);
	columns_init(&b, s);
	for (int round = 0; round < 300; round++) {
		uint32_t count = (uint32_t)random() % 40;

		columns_clear(&b);
		for (uint32_t i = 0; i < count && rows + i < 4096; i++) {
			char text[16];

			snprintf(text, sizeof(text), "%ld", random() % 1000);
			model[rows + i] = random() % 4 == 0 ? NULL : strdup(text);
			add_row(&b, rows + i, model[rows + i]);
		}
		columns_append(&a, &b);
		rows += b.row_count;
		if (random() % 3 == 0) {
			uint32_t keep = rows - (rows > 0 ? (uint32_t)random() % (rows < 30 ? rows : 30) : 0);

			columns_cut(&a, keep);
			while (rows > keep)
				free(model[--rows]);
		}
	}
	assert_int_equal(a.row_count, rows);
	for (uint32_t i = 0; i < rows; i++) {
		assert_int_equal(column_int64(&a.columns[0], i), i);
		assert_int_equal(column_is_null(&a.columns[1], i), model[i] == NULL);
		if (model[i] != NULL) {
			struct bytes cell = column_bytes(&a.columns[1], i);

			assert_int_equal(cell.size, strlen(model[i]));
			assert_memory_equal(cell.data, model[i], cell.size);
		}
		free(model[i]);
	}
	columns_release(&a);
	columns_release(&b);
	schema_release(s);
}

static void every_type_has_one_text(void **state)
{
	struct schema *s = schema_new("d", "t");
	struct columns c;
	struct buffer b = { 0 };

	(void)state;
	schema_add(s, "b", TYPE_BOOLEAN, true);
	schema_add(s, "d", TYPE_DATE, true);
	schema_add(s, "t", TYPE_TIMESTAMP, true);
	schema_add(s, "n", TYPE_TIMESTAMP_NTZ, true);
	schema_add(s, "m", TYPE_DECIMAL, true)->precision = 30;
	s->fields[4].scale = 3;
	schema_add(s, "x", TYPE_BINARY, true);
	columns_init(&c, s);
	column_add_bool(&c.columns[0], true);
	column_add_int32(&c.columns[1], -1);
	column_add_int64(&c.columns[2], 1500000);
	column_add_int64(&c.columns[3], 0);
	column_add_int128(&c.columns[4], -5);
	column_add_bytes(&c.columns[5], "\x00\xff", 2);
	columns_end_row(&c);
	render_json_row(&b, s, &c, 0, NULL);
	assert_buffer_text(b, "{\"b\":true,\"d\":\"1969-12-31\",\"t\":\"1970-01-01T00:00:01.500000Z\","
			      "\"n\":\"1970-01-01T00:00:00\",\"m\":-0.005,\"x\":\"AP8=\"}");
	columns_release(&c);
	schema_release(s);
}

static void csv_quotes_what_needs_it(void **state)
{
	struct schema *s = two_fields();
	struct columns c;
	struct buffer b = { 0 };

	(void)state;
	columns_init(&c, s);
	add_row(&c, 1, "plain");
	add_row(&c, 2, "a\"b,c");
	add_row(&c, 3, "");
	add_row(&c, 4, NULL);
	for (uint32_t i = 0; i < 4; i++) {
		render_csv(&b, &s->fields[1], &c.columns[1], i);
		buffer_char(&b, '|');
	}
	assert_buffer_text(b, "plain|\"a\"\"b,c\"|\"\"||");
	columns_release(&c);
	schema_release(s);
}

static void a_schema_may_grow_anywhere(void **state)
{
	struct schema *old = two_fields(), *new = schema_new("db", "t"), *bad;

	(void)state;
	schema_add(new, "id", TYPE_LONG, false);
	schema_add(new, "middle", TYPE_INT, true);
	schema_add(new, "name", TYPE_STRING, true);
	schema_set_key(new, (uint32_t[]){ 0 }, 1);
	assert_true(schema_extends(old, new));
	assert_false(schema_equal(old, new));
	assert_false(schema_extends(new, old));
	bad = schema_new("db", "t");
	schema_add(bad, "id", TYPE_LONG, false);
	schema_add(bad, "name", TYPE_STRING, true);
	schema_add(bad, "must", TYPE_INT, false);
	assert_false(schema_extends(old, bad)); /* it has no key */
	schema_set_key(bad, (uint32_t[]){ 0 }, 1);
	assert_true(schema_extends(old, bad));
	schema_release(old);
	schema_release(new);
	schema_release(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nulls_keep_their_slot),
		cmocka_unit_test(columns_agree_with_an_array),
		cmocka_unit_test(every_type_has_one_text),
		cmocka_unit_test(csv_quotes_what_needs_it),
		cmocka_unit_test(a_schema_may_grow_anywhere),
	};

	return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
