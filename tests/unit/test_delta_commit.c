/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is made, committed to and opened again. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/scratch.h"
#include "lib/test.h"

struct lake {
	struct scratch folder;
	struct store *store;
};

static int setup(void **state)
{
	struct lake *l = calloc(1, sizeof(*l));
	struct err e = ERR_INIT;

	scratch_make(&l->folder);
	l->store = store_open_directory(l->folder.path, true, &e);
	*state = l;
	return l->store != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	struct lake *l = *state;

	store_close(l->store);
	scratch_remove(&l->folder);
	free(l);
	return 0;
}

static void a_new_table_comes_back_as_it_was_made(void **state)
{
	struct lake *l = *state;
	struct schema *schema = delta_table_schema();
	struct delta *d;
	const struct snapshot *s;

	delta_close(delta_table_make(l->store));
	d = delta_table_open(l->store);
	s = delta_snapshot(d);
	assert_int_equal(s->version, 0);
	assert_int_equal(s->txn_version, 0);
	assert_null(s->position);
	assert_string_equal(s->source_name, "mysql://db/shop");
	assert_true(schema_equal(s->schema, schema));
	assert_string_equal(s->schema->database, "shop");
	assert_string_equal(s->schema->table, "orders");
	assert_string_equal(s->schema->fields[0].source_type, "bigint");
	assert_null(s->schema->fields[1].source_type);
	assert_int_equal(s->schema->fields[2].id, 3);
	assert_int_equal(s->file_count, 0);
	delta_close(d);
	schema_release(schema);
}

static void a_missing_table_is_an_empty_snapshot(void **state)
{
	struct lake *l = *state;
	struct delta *d = delta_table_open(l->store);

	assert_int_equal(delta_snapshot(d)->version, -1);
	delta_close(d);
}

static void added_files_and_the_position_come_back(void **state)
{
	struct lake *l = *state;
	struct delta *d = delta_table_make(l->store);
	const struct snapshot *s = delta_snapshot(d);

	delta_table_add(d, "a", 3, 7);
	assert_int_equal(s->version, 1);
	assert_int_equal(s->file_count, 3);
	assert_string_equal(s->position, "{\"at\":7}");
	delta_close(d);
	d = delta_table_open(l->store);
	s = delta_snapshot(d);
	assert_int_equal(s->version, 1);
	assert_int_equal(s->txn_version, 1);
	assert_string_equal(s->position, "{\"at\":7}");
	assert_int_equal(s->file_count, 3);
	assert_int_equal(s->files[delta_find_file(d, "a2.parquet")].row_count, 100);
	assert_int_equal(delta_find_file(d, "b2.parquet"), -1);
	delta_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_table_comes_back_as_it_was_made, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_missing_table_is_an_empty_snapshot, setup, teardown),
		cmocka_unit_test_setup_teardown(added_files_and_the_position_come_back, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
