/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <jansson.h>

#include "base/memory.h"
#include "source/mysql/captured.h"
#include "source/mysql/chunk.h"

#define CELL(text) BYTES_OF(text)

/* d.t (a INT, b VARCHAR(9) latin1, c DATETIME), PRIMARY KEY (b, a) */
static int set_up(void **state)
{
	struct catalog_table *t = memory_new(struct catalog_table);
	struct mysql_column *columns = memory_array(struct mysql_column, 3);
	static const char *const names[] = { "a", "b", "c" };
	static const char *const types[] = { "int", "varchar(9)", "datetime" };
	struct err e = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		columns[i].name = memory_copy_text(names[i]);
		columns[i].declared = memory_copy_text(types[i]);
		columns[i].is_nullable = i == 2;
		columns[i].collation = 63;
		assert_int_equal(mysql_column_declare(&columns[i], types[i], false, 1, &e), 0);
	}
	assert_int_equal(mysql_table_new(&t->table, "d", "t", columns, 3, (uint32_t[]){ 1, 0 }, 2, &e), 0);
	t->key_is_primary = true;
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	catalog_table_release(*state);
	memory_free(*state);
	return 0;
}

static void first_chunk_has_no_lower_limit(void **state)
{
	struct copy_range r = { 0 };
	struct buffer sql = { 0 };

	chunk_select(&sql, *state, &r, 10);
	assert_buffer_text(sql, "SELECT `a`, `b`, `c` FROM `d`.`t` FORCE INDEX (`PRIMARY`) ORDER BY `b`, `a` "
				"LIMIT 10");
}

static void limits_are_expanded_column_by_column(void **state)
{
	struct bytes from[] = { CELL("x"), CELL("7") }, to[] = { CELL("y"), { NULL, 0 } };
	struct copy_range r = { 0 };
	struct buffer sql = { 0 };

	copy_key_set(&r.from, from, 2);
	copy_key_set(&r.to, to, 2);
	chunk_select(&sql, *state, &r, 5);
	assert_buffer_text(sql,
			   "SELECT `a`, `b`, `c` FROM `d`.`t` FORCE INDEX (`PRIMARY`) WHERE "
			   "(`b` >= X'78' AND (`b` > X'78' OR `b` = X'78' AND (`a` > 7))) AND (`b` <= X'79') "
			   "ORDER BY `b`, `a` LIMIT 5");
	copy_key_set(&r.from, NULL, 2);
	copy_key_set(&r.to, NULL, 2);
}

static void the_last_key_wins_over_the_range_s_start(void **state)
{
	struct bytes from[] = { CELL("x"), CELL("7") }, last[] = { CELL("z"), CELL("8") };
	struct copy_range r = { 0 };
	struct buffer sql = { 0 };

	copy_key_set(&r.from, from, 2);
	copy_key_set(&r.last, last, 2);
	chunk_select(&sql, *state, &r, 5);
	assert_null(strstr(buffer_string(&sql), "X'78'"));
	assert_non_null(strstr(buffer_string(&sql), "X'7a'"));
	buffer_release(&sql);
	copy_key_set(&r.from, NULL, 2);
	copy_key_set(&r.last, NULL, 2);
}

static void keys_from_the_lake_cannot_carry_statements(void **state)
{
	struct bytes good[] = { CELL("'; DROP TABLE t; --"), CELL("-7") };
	struct bytes bad[] = { CELL("x"), CELL("7 OR 1=1") };
	struct copy_key key = { NULL };

	copy_key_set(&key, good, 2); /* text is written in hexadecimal digits */
	assert_true(chunk_key_is_safe(*state, &key));
	copy_key_set(&key, bad, 2);
	assert_false(chunk_key_is_safe(*state, &key));
	copy_key_set(&key, NULL, 2);
	assert_true(chunk_key_is_safe(*state, &key));
}

static void progress_survives_its_text(void **state)
{
	static const char text[] =
		"{\"rows\":12,\"ranges\":[{\"from\":null,\"to\":[\"3a\",\"\"],\"done\":true},"
		"{\"from\":[\"3a\",\"\"],\"to\":[\"ff00\"],\"last\":[\"61\",\"37\"],\"done\":false},"
		"{\"from\":[\"ff00\"],\"to\":null,\"done\":false}]}";
	json_t *root = json_loads(text, 0, NULL);
	struct copy_progress p = { 0 };
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(copy_progress_parse(&p, root, 2, &e), 0);
	assert_true(p.is_open);
	assert_int_equal(p.rows, 12);
	assert_ptr_equal(copy_progress_next(&p), &p.ranges[1]);
	p.ranges[1].is_taken = true;
	assert_ptr_equal(copy_progress_next(&p), &p.ranges[2]);
	assert_false(copy_progress_is_done(&p));
	copy_progress_format(&p, &out);
	assert_buffer_text(out, text);
	p.ranges[1].is_done = p.ranges[2].is_done = true;
	assert_true(copy_progress_is_done(&p));
	copy_progress_release(&p);
	json_decref(root);
}

static void damaged_progress_is_refused(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "{\"rows\":1}", "{\"rows\":\"1\",\"ranges\":[]}", "{\"rows\":1,\"ranges\":[1]}",
		"{\"rows\":1,\"ranges\":[{\"from\":null,\"to\":null}]}",
		"{\"rows\":1,\"ranges\":[{\"from\":[\"1\"],\"to\":null,\"done\":true}]}",
		"{\"rows\":1,\"ranges\":[{\"from\":[\"zz\"],\"to\":null,\"done\":true}]}",
		"{\"rows\":1,\"ranges\":[{\"from\":[],\"to\":null,\"done\":true}]}",
		"{\"rows\":1,\"ranges\":[{\"from\":[\"00\",\"00\",\"00\"],\"to\":null,\"done\":true}]}",
		"{\"rows\":1,\"ranges\":[{\"from\":[3,\"00\"],\"to\":null,\"done\":true}]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *root = json_loads(texts[i], 0, NULL);
		struct copy_progress p = { 0 };
		struct err e = ERR_INIT;

		assert_int_equal(copy_progress_parse(&p, root, 2, &e), -1);
		assert_int_equal(e.kind, ERR_DATA);
		json_decref(root);
	}
}

static void a_table_under_copy_resumes_with_its_own_start(void **state)
{
	static const char text[] =
		"{\"server\":\"3dc7ac11-e57a-11f1-801b-02fc00000001\",\"server_id\":1,\"file\":\"b.000002\","
		"\"offset\":99,\"gtids\":\"3dc7ac11-e57a-11f1-801b-02fc00000001:1-5\",\"time_us\":7,"
		"\"copy\":{\"rows\":3,\"ranges\":[{\"from\":null,\"to\":null,\"last\":[\"61\",\"37\"],"
		"\"done\":false}]}}";
	struct catalog_table *known = *state;
	struct catalog c = { .tables = memory_new(struct catalog_table), .table_count = 1 };
	struct captured_list l = { 0 };
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	c.tables[0] = *known;
	known->table = NULL;
	captured_take(&l, &c);
	assert_int_equal(captured_resume(&l.tables[0], text, false, &e), 0);
	assert_true(l.tables[0].copy.is_open);
	assert_int_equal(l.tables[0].at.offset, 99);
	l.tables[0].at.format_copy = captured_format;
	l.tables[0].at.copy_context = &l;
	mysql_position_format(&l.tables[0].at.base, l.tables[0].first_schema, &out);
	assert_buffer_text(out, text);
	assert_int_equal(captured_resume(&l.tables[0], "{", false, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	captured_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_chunk_has_no_lower_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits_are_expanded_column_by_column, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_last_key_wins_over_the_range_s_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(keys_from_the_lake_cannot_carry_statements, set_up, tear_down),
		cmocka_unit_test(progress_survives_its_text),
		cmocka_unit_test(damaged_progress_is_refused),
		cmocka_unit_test_setup_teardown(a_table_under_copy_resumes_with_its_own_start, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
