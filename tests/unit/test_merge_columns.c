/* SPDX-License-Identifier: Apache-2.0 */
/* A column is added to a table that has rows: old files are rewritten with its value, and nothing else. */
#include "lib/test.h"

#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "lib/merge_table.h"

#define ROW(...) ((const int64_t[]){ __VA_ARGS__ })

static void commit(struct merge_table *t, struct batch *b, int n)
{
	struct err e = ERR_INIT;

	must(merge_table_commit(t, b, n, &e), &e);
}

static void assert_rows(struct merge_table *t, const char *expected)
{
	struct buffer text = { 0 };

	merge_table_rows(&text, t);
	assert_buffer_text(text, expected);
}

/* A batch whose schema is wider than the table's: `numbers` are what the old rows get, in place. */
static struct batch *widening(struct merge_table *t, const char *name, uint32_t at,
			      const int64_t *numbers)
{
	struct batch *b;

	merge_table_widen(t, name, at);
	b = batch_new(t->schema);
	columns_init(&b->backfill, t->schema);
	merge_table_row(&b->backfill, t->schema, numbers, "");
	return b;
}

/* 1, 2, 4 and 5 live: in a file with a dead row, and one of their own; another file is all dead. */
static void make(struct merge_table *t, bool is_keyed)
{
	struct batch *b;

	merge_table_make(t, is_keyed);
	merge_table_open(t);
	b = batch_new(t->schema);
	for (int64_t id = 1; id <= 4; id++)
		merge_table_put(b, ROW(id), id == 4 ? NULL : "old");
	commit(t, b, 1);
	b = batch_new(t->schema);
	merge_table_put(b, ROW(9), "gone");
	commit(t, b, 2);
	b = batch_new(t->schema);
	merge_table_delete(b, ROW(3), "old");
	merge_table_delete(b, ROW(9), "gone");
	merge_table_put(b, ROW(5), "second file");
	commit(t, b, 3);
}

static void every_live_row_gets_the_value_and_no_dead_one_comes_back(void **state)
{
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true);
	b = widening(&t, "more", 2, ROW(0, 7));
	merge_table_put(b, ROW(2, 20), "new");
	commit(&t, b, 4);
	assert_rows(&t, "{\"id\":1,\"name\":\"old\",\"more\":7}\n{\"id\":2,\"name\":\"new\",\"more\":20}\n"
			"{\"id\":4,\"name\":null,\"more\":7}\n{\"id\":5,\"name\":\"second file\",\"more\":7}\n");
	assert_int_equal(table_snapshot(t.table)->file_count, 3);
	merge_table_close(&t);
	merge_table_remove(&t);
}

/* The index was made anew on the way; and once more, as after a kill, from the rewritten files. */
static void rewritten_rows_are_found_again(void **state)
{
	(void)state;
	for (int round = 0; round < 2; round++) {
		struct merge_table t;
		struct batch *b;

		make(&t, true);
		commit(&t, widening(&t, "more", 2, ROW(0, 7)), 4);
		if (round == 1) {
			merge_table_close(&t);
			assert_int_equal(unlink(scratch_path(&t.folder, "index")), 0);
			merge_table_open(&t);
		}
		b = batch_new(t.schema);
		merge_table_put(b, ROW(1, 8), "changed");
		merge_table_delete(b, ROW(5, 7), "second file");
		merge_table_put(b, ROW(3, 3), "back");
		commit(&t, b, 5);
		assert_rows(&t, "{\"id\":1,\"name\":\"changed\",\"more\":8}\n{\"id\":2,\"name\":\"old\",\"more\":7}\n"
				"{\"id\":3,\"name\":\"back\",\"more\":3}\n{\"id\":4,\"name\":null,\"more\":7}\n");
		merge_table_close(&t);
		merge_table_remove(&t);
	}
}

static void columns_come_in_front_and_between_and_one_after_the_other(void **state)
{
	struct merge_table t;

	(void)state;
	make(&t, true);
	commit(&t, widening(&t, "front", 0, ROW(6, 0)), 4);
	commit(&t, widening(&t, "between", 2, ROW(0, 0, 8)), 5);
	assert_rows(&t, "{\"front\":6,\"id\":1,\"between\":8,\"name\":\"old\"}\n"
			"{\"front\":6,\"id\":2,\"between\":8,\"name\":\"old\"}\n"
			"{\"front\":6,\"id\":4,\"between\":8,\"name\":null}\n"
			"{\"front\":6,\"id\":5,\"between\":8,\"name\":\"second file\"}\n");
	merge_table_close(&t);
	merge_table_remove(&t);
}

static void rows_without_a_key_are_found_with_the_value_in_them(void **state)
{
	struct merge_table t;
	struct batch *b;
	struct err e = ERR_INIT;

	(void)state;
	make(&t, false);
	commit(&t, widening(&t, "more", 2, ROW(0, 7)), 4);
	b = batch_new(t.schema);
	merge_table_delete(b, ROW(2, 7), "old");
	merge_table_put(b, ROW(1, 7), "old"); /* the same row twice */
	commit(&t, b, 5);
	assert_rows(&t, "{\"id\":1,\"name\":\"old\",\"more\":7}\n{\"id\":1,\"name\":\"old\",\"more\":7}\n"
			"{\"id\":4,\"name\":null,\"more\":7}\n{\"id\":5,\"name\":\"second file\",\"more\":7}\n");
	b = batch_new(t.schema);
	merge_table_delete(b, ROW(4, 6), NULL);
	assert_int_equal(merge_table_commit(&t, b, 6, &e), -1); /* no such row */
	merge_table_close(&t);
	merge_table_remove(&t);
}

static void a_table_whose_rows_are_all_dead_gets_the_column_only(void **state)
{
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true);
	b = batch_new(t.schema);
	for (int64_t id = 1; id <= 5; id++)
		merge_table_delete(b, ROW(id), "");
	commit(&t, b, 4);
	commit(&t, widening(&t, "more", 2, ROW(0, 7)), 5);
	assert_rows(&t, "");
	assert_int_equal(table_snapshot(t.table)->schema->field_count, 3);
	merge_table_close(&t);
	merge_table_remove(&t);
}

#define MANY  300000 /* more than one block of a rewrite (262,144 rows) */
#define BLOCK 262144

static void a_long_file_is_rewritten_in_blocks(void **state)
{
	static const int64_t dead[] = { 0, BLOCK - 1, BLOCK, MANY - 1 };
	struct buffer text = { 0 }, expected = { 0 };
	struct merge_table t;
	struct columns rows;
	struct batch *b;

	(void)state;
	merge_table_make(&t, true);
	merge_table_open(&t);
	b = batch_new(t.schema);
	columns_init(&rows, t.schema);
	for (int64_t id = 0; id < MANY; id++)
		merge_table_row(&rows, t.schema, &id, NULL);
	batch_add(b, &(struct rows){ .op = OP_COPY, .count = MANY, .after = &rows });
	columns_release(&rows);
	commit(&t, b, 1);
	b = batch_new(t.schema);
	for (int i = 0; i < 4; i++)
		merge_table_delete(b, &dead[i], NULL);
	commit(&t, b, 2);
	commit(&t, widening(&t, "more", 2, ROW(0, 7)), 3);
	assert_int_equal(table_snapshot(t.table)->files[0].row_count, MANY - 4);
	b = batch_new(t.schema); /* all but a few beside the dead ones, found by their places */
	for (int64_t id = 2; id < MANY - 2; id++) {
		if (id < BLOCK - 2 || id > BLOCK + 1)
			merge_table_delete(b, ROW(id, 7), NULL);
	}
	commit(&t, b, 4);
	merge_table_rows(&text, &t);
	for (int i = 0; i < 4; i++)
		buffer_format(&expected, "{\"id\":%d,\"name\":null,\"more\":7}\n",
			      (const int[]){ 1, BLOCK - 2, BLOCK + 1, MANY - 2 }[i]);
	assert_string_equal(buffer_string(&text), buffer_string(&expected));
	buffer_release(&text);
	buffer_release(&expected);
	merge_table_close(&t);
	merge_table_remove(&t);
}

/* The index names rewritten files before their commit: a run that ends there leaves the table as it was. */
static void a_rewrite_without_its_commit_changes_nothing(void **state)
{
	struct merge_table t;
	struct err e = ERR_INIT;
	struct batch *b;

	(void)state;
	make(&t, true);
	b = widening(&t, "more", 2, ROW(0, 7));
	merge_set_schema(t.merge, b->schema);
	assert_int_equal(merge_stage(t.merge, b, &e), 0);
	batch_free(b);
	merge_table_close(&t);
	merge_table_open(&t);
	b = batch_new(t.schema);
	merge_table_put(b, ROW(1), "changed");
	merge_table_delete(b, ROW(5), "second file");
	commit(&t, b, 4);
	assert_rows(&t, "{\"id\":1,\"name\":\"changed\"}\n{\"id\":2,\"name\":\"old\"}\n{\"id\":4,\"name\":null}\n");
	merge_table_close(&t);
	merge_table_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_live_row_gets_the_value_and_no_dead_one_comes_back),
		cmocka_unit_test(rewritten_rows_are_found_again),
		cmocka_unit_test(columns_come_in_front_and_between_and_one_after_the_other),
		cmocka_unit_test(rows_without_a_key_are_found_with_the_value_in_them),
		cmocka_unit_test(a_table_whose_rows_are_all_dead_gets_the_column_only),
		cmocka_unit_test(a_long_file_is_rewritten_in_blocks),
		cmocka_unit_test(a_rewrite_without_its_commit_changes_nothing),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
