/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "base/memory.h"
#include "source/mysql/reply.h"
#include "source/mysql/value.h"

static const struct reply_column tiny = { MYSQL_TINY, false }, natural = { MYSQL_LONGLONG, true },
				 whole = { MYSQL_LONGLONG, false }, real = { MYSQL_DOUBLE, false },
				 narrow = { MYSQL_FLOAT, false }, date = { MYSQL_DATE, false },
				 datetime = { MYSQL_DATETIME, false }, span = { MYSQL_TIME, false },
				 text = { MYSQL_VAR_STRING, false };

/* d.t (c <type>), and what a cell of it becomes. */
struct one {
	struct mysql_table *table;
	struct columns rows;
	struct column *column;
};

static void open_one(struct one *o, const char *type)
{
	struct mysql_column *c = memory_array(struct mysql_column, 1);
	struct err e = ERR_INIT;

	c->name = memory_copy_text("c");
	c->declared = memory_copy_text(type);
	c->is_nullable = true;
	c->collation = 63;
	assert_int_equal(mysql_column_declare(c, type, false, 1, &e), 0);
	assert_int_equal(mysql_table_new(&o->table, "d", "t", c, 1, NULL, 0, &e), 0);
	columns_init(&o->rows, o->table->schema);
	o->column = &o->rows.columns[0];
}

static void close_one(struct one *o)
{
	columns_release(&o->rows);
	mysql_table_free(o->table);
}

static int add(struct one *o, const struct reply_column *r, struct bytes cell)
{
	struct value_policy policy = { .halts = false };
	struct err e = ERR_INIT;

	return value_from_reply(o->table, 0, r, cell, o->column, &policy, &e);
}

static void a_binary_row_is_taken_apart(void **state)
{
	static const struct reply_column columns[] = { { MYSQL_SHORT, false }, { MYSQL_LONG, false },
						       { MYSQL_VAR_STRING, false }, { MYSQL_DATE, false } };
	/* the second of four is NULL: bit 3 */
	struct bytes row = BYTES_OF("\0\x08\x02\x01\x03" "abc" "\x04\xe8\x07\x02\x1d");
	struct bytes cells[4];

	(void)state;
	assert_true(reply_row(row, columns, 4, cells));
	assert_true(bytes_equal(cells[0], BYTES_OF("\x02\x01")));
	assert_null(cells[1].data);
	assert_true(bytes_equal(cells[2], BYTES_OF("abc")));
	assert_true(bytes_equal(cells[3], BYTES_OF("\xe8\x07\x02\x1d")));
}

static void a_row_of_another_shape_is_refused(void **state)
{
	static const struct reply_column columns[] = { { MYSQL_LONG, false }, { MYSQL_VAR_STRING, false } };
	struct bytes row = BYTES_OF("\0\0\1\0\0\0\2ab");
	struct bytes cells[2];

	(void)state;
	assert_true(reply_row(row, columns, 2, cells));
	for (size_t size = 0; size < row.size; size++)
		assert_false(reply_row((struct bytes){ row.data, size }, columns, 2, cells));
	assert_false(reply_row(BYTES_OF("\0\0\1\0\0\0\2abc"), columns, 2, cells));
	assert_false(reply_row(BYTES_OF("\1\0\1\0\0\0\2ab"), columns, 2, cells));
	assert_false(reply_row(BYTES_OF("\0\0\1\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff\xff"), columns, 2,
			       cells));
}

static void a_text_row_is_taken_apart(void **state)
{
	struct bytes cells[3];

	(void)state;
	assert_true(reply_text_row(BYTES_OF("\x02" "12\xfb\0"), 3, cells));
	assert_true(bytes_equal(cells[0], BYTES_OF("12")));
	assert_null(cells[1].data);
	assert_non_null(cells[2].data);
	assert_int_equal(cells[2].size, 0);
	assert_false(reply_text_row(BYTES_OF("\x02" "12\xfb"), 3, cells));
	assert_false(reply_text_row(BYTES_OF("\x02" "12\xfb\0x"), 3, cells));
}

static void a_column_definition_is_read_from_its_end(void **state)
{
	struct bytes definition = BYTES_OF("\3def\1d\1t\1t\1c\1c\x0c\x3f\0\x14\0\0\0\x08\x23\x50\0\0\0");
	struct reply_column c;

	(void)state;
	assert_true(reply_column_read(&c, definition));
	assert_int_equal(c.type, MYSQL_LONGLONG);
	assert_true(c.is_unsigned);
	definition.size--;
	assert_false(reply_column_read(&c, definition));
	assert_false(reply_column_read(&c, BYTES_OF("\x0c")));
}

static void integers_keep_their_sign_and_range(void **state)
{
	struct one o;

	(void)state;
	open_one(&o, "int");
	assert_int_equal(add(&o, &tiny, BYTES_OF("\xff")), 0);
	assert_int_equal(column_int32(o.column, 0), -1);
	assert_int_equal(add(&o, &whole, BYTES_OF("\0\0\0\x80\0\0\0\0")), -1);
	assert_int_equal(add(&o, &text, BYTES_OF("12")), 0);
	assert_int_equal(add(&o, &real, BYTES_OF("\0\0\0\0\0\0\xf0\x3f")), -1);
	assert_int_equal(add(&o, &date, BYTES_OF("\xe8\x07\x02\x1d")), -1);
	close_one(&o);
	open_one(&o, "bigint unsigned");
	assert_int_equal(add(&o, &natural, BYTES_OF("\xff\xff\xff\xff\xff\xff\xff\xff")), 0);
	assert_true(column_int128(o.column, 0) == (int128_t)UINT64_MAX);
	close_one(&o);
	open_one(&o, "bigint");
	assert_int_equal(add(&o, &natural, BYTES_OF("\xff\xff\xff\xff\xff\xff\xff\xff")), -1);
	assert_int_equal(add(&o, &whole, BYTES_OF("\0\0\0\0\0\0\0\x80")), 0);
	assert_true(column_int64(o.column, 0) == INT64_MIN);
	close_one(&o);
}

static void an_enum_and_a_set_come_as_numbers(void **state)
{
	struct one o;

	(void)state;
	open_one(&o, "enum('a','b')");
	assert_int_equal(add(&o, &real, BYTES_OF("\0\0\0\0\0\0\0\x40")), 0);
	assert_true(bytes_equal(column_bytes(o.column, 0), BYTES_OF("b")));
	assert_int_equal(add(&o, &whole, BYTES_OF("\1\0\0\0\0\0\0\0")), 0);
	assert_true(bytes_equal(column_bytes(o.column, 1), BYTES_OF("a")));
	assert_int_equal(add(&o, &whole, BYTES_OF("\3\0\0\0\0\0\0\0")), -1);
	assert_int_equal(add(&o, &real, BYTES_OF("\0\0\0\0\0\0\xf8\x3f")), -1); /* 1.5 */
	assert_int_equal(add(&o, &real, BYTES_OF("\0\0\0\0\0\0\xf8\x7f")), -1); /* no number */
	close_one(&o);
	open_one(&o, "set('a','b')");
	assert_int_equal(add(&o, &natural, BYTES_OF("\3\0\0\0\0\0\0\0")), 0);
	assert_true(bytes_equal(column_bytes(o.column, 0), BYTES_OF("a,b")));
	close_one(&o);
}

static void times_may_lack_their_zeros(void **state)
{
	struct one o;

	(void)state;
	open_one(&o, "datetime(6)");
	assert_int_equal(add(&o, &datetime, BYTES_OF("\xb2\x07\x01\x01")), 0);
	assert_int_equal(add(&o, &datetime, BYTES_OF("\xb2\x07\x01\x01\0\0\1")), 0);
	assert_int_equal(add(&o, &datetime, BYTES_OF("\xb2\x07\x01\x01\0\0\1\1\0\0\0")), 0);
	assert_int_equal(column_int64(o.column, 0), 0);
	assert_int_equal(column_int64(o.column, 1), 1000000);
	assert_int_equal(column_int64(o.column, 2), 1000001);
	assert_int_equal(add(&o, &datetime, (struct bytes){ (const uint8_t *)"", 0 }), 0);
	assert_true(column_is_null(o.column, 3)); /* 0000-00-00 has no place */
	assert_int_equal(add(&o, &datetime, BYTES_OF("\xb2\x07\x01\x01\0\0\1\x40\x42\x0f\0")), 0);
	assert_true(column_is_null(o.column, 4)); /* a million microseconds */
	assert_int_equal(add(&o, &datetime, BYTES_OF("\xb2\x07\x01")), -1);
	close_one(&o);
	open_one(&o, "time(3)");
	assert_int_equal(add(&o, &span, (struct bytes){ (const uint8_t *)"", 0 }), 0);
	assert_int_equal(add(&o, &span, BYTES_OF("\1\x22\0\0\0\x16\x3b\x3b")), 0);
	assert_true(bytes_equal(column_bytes(o.column, 0), BYTES_OF("00:00:00.000")));
	assert_true(bytes_equal(column_bytes(o.column, 1), BYTES_OF("-838:59:59.000")));
	assert_int_equal(add(&o, &span, BYTES_OF("\0\x22\0\0\0\x17\0\0")), -1);
	assert_int_equal(add(&o, &span, BYTES_OF("\0\xff\xff\xff\xff\0\0\0")), -1);
	close_one(&o);
}

static void a_float_that_came_as_double_is_the_same(void **state)
{
	struct one o;

	(void)state;
	open_one(&o, "float");
	assert_int_equal(add(&o, &real, BYTES_OF("\0\0\0\xa0\x99\x99\xb9\x3f")), 0);
	assert_int_equal(add(&o, &narrow, BYTES_OF("\xcd\xcc\xcc\x3d")), 0);
	assert_true(column_float(o.column, 0) == 0.1f && column_float(o.column, 1) == 0.1f);
	close_one(&o);
}

/* Keys go back to the server in this form, and messages show it. */
static void a_cell_is_shown_as_a_query_would(void **state)
{
	static const struct {
		const struct reply_column *column;
		struct bytes cell;
		const char *text;
	} cases[] = {
		{ &tiny, { (const uint8_t *)"\x80", 1 }, "-128" },
		{ &natural, { (const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff", 8 }, "18446744073709551615" },
		{ &real, { (const uint8_t *)"\0\0\0\0\0\0\xf8\x3f", 8 }, "1.5" },
		{ &date, { (const uint8_t *)"", 0 }, "0000-00-00" },
		{ &date, { (const uint8_t *)"\xe8\x07\x02\x1d", 4 }, "2024-02-29" },
		{ &datetime, { (const uint8_t *)"\xe8\x07\x02\x1d", 4 }, "2024-02-29 00:00:00" },
		{ &datetime, { (const uint8_t *)"\xe8\x07\x02\x1d\1\2\3\4\0\0\0", 11 },
		  "2024-02-29 01:02:03.000004" },
		{ &span, { (const uint8_t *)"\1\1\0\0\0\1\2\3", 8 }, "-25:02:03" },
		{ &text, { (const uint8_t *)"x", 1 }, "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer shown = { 0 };

		value_reply_text(cases[i].column, cases[i].cell, &shown);
		assert_string_equal(buffer_string(&shown), cases[i].text);
		buffer_release(&shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_binary_row_is_taken_apart),
		cmocka_unit_test(a_row_of_another_shape_is_refused),
		cmocka_unit_test(a_text_row_is_taken_apart),
		cmocka_unit_test(a_column_definition_is_read_from_its_end),
		cmocka_unit_test(integers_keep_their_sign_and_range),
		cmocka_unit_test(an_enum_and_a_set_come_as_numbers),
		cmocka_unit_test(times_may_lack_their_zeros),
		cmocka_unit_test(a_float_that_came_as_double_is_the_same),
		cmocka_unit_test(a_cell_is_shown_as_a_query_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
