/* SPDX-License-Identifier: Apache-2.0 */
/* Single rows out of a table's files: those of many files come with two threads, and as they would with one. */
#include "lib/test.h"

#include "base/memory.h"
#include "lib/merge_table.h"
#include "merge/pick.h"

#define FILES	  3
#define FILE_ROWS 5000 /* together more than one thread picks */

/* Files with the rows i, i + FILES, … each. */
static void make(struct merge_table *t)
{
	struct err e = ERR_INIT;

	merge_table_make(t, true);
	merge_table_open(t);
	for (int64_t f = 0; f < FILES; f++) {
		struct batch *b = batch_new(t->schema);

		for (int64_t i = 0; i < FILE_ROWS; i++)
			merge_table_put(b, (const int64_t[]){ i * FILES + f }, "name");
		must(merge_table_commit(t, b, (int)f + 1, &e), &e);
	}
}

/* Places of the rows 0, 1, 2, … */
static struct row_place *find(struct merge_table *t, uint32_t count)
{
	struct row_place *places = memory_array(struct row_place, count);
	struct key_hash *keys = memory_array(struct key_hash, count);
	struct err e = ERR_INIT;
	struct columns ids;

	columns_init(&ids, t->schema);
	for (int64_t i = 0; i < count; i++)
		merge_table_row(&ids, t->schema, &i, "");
	key_hash_rows(merge_shape(t->merge), &ids, 0, count, keys);
	must(merge_find(t->merge, keys, count, places, NULL, &e), &e);
	columns_release(&ids);
	memory_free(keys);
	return places;
}

static void assert_picked(struct merge_table *t, uint32_t count)
{
	struct row_place *places = find(t, count);
	uint32_t *at = memory_array(uint32_t, count);
	struct err e = ERR_INIT;
	struct columns rows;

	columns_init(&rows, t->schema);
	must(merge_pick(t->merge, places, count, &rows, at, &e), &e);
	assert_int_equal(rows.row_count, count);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(column_int64(&rows.columns[0], at[i]), i);
	columns_release(&rows);
	memory_free(places);
	memory_free(at);
}

static void rows_of_several_files_are_each_where_it_is_said(void **state)
{
	struct merge_table t;

	(void)state;
	make(&t);
	assert_picked(&t, FILES);
	assert_picked(&t, FILES * FILE_ROWS);
	merge_table_close(&t);
	merge_table_remove(&t);
}

/* Whichever thread it is that meets it. */
static void a_file_that_is_gone_is_named(void **state)
{
	(void)state;
	for (uint32_t gone = 0; gone < FILES; gone++) {
		const uint32_t count = FILES * FILE_ROWS;
		uint32_t *at = memory_array(uint32_t, count);
		struct err e = ERR_INIT;
		struct row_place *places;
		struct merge_table t;
		struct columns rows;

		make(&t);
		places = find(&t, count);
		must(store_remove(t.store, table_snapshot(t.table)->files[gone].path, &e), &e);
		columns_init(&rows, t.schema);
		assert_int_equal(merge_pick(t.merge, places, count, &rows, at, &e), -1);
		assert_non_null(strstr(e.text, table_snapshot(t.table)->files[gone].path));
		columns_release(&rows);
		memory_free(places);
		memory_free(at);
		merge_table_close(&t);
		merge_table_remove(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_several_files_are_each_where_it_is_said),
		cmocka_unit_test(a_file_that_is_gone_is_named),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
