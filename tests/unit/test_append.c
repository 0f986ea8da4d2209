/* SPDX-License-Identifier: Apache-2.0 */
/* Batches into a table that is only appended to. */
#include "lib/test.h"

#include "base/memory.h"
#include "lib/merge_table.h"
#include "lib/test_lake.h"
#include "merge/append.h"
#include "target/lake_table.h"

static struct schema *make_schema(const char *table, enum table_mode mode)
{
	struct schema *s = schema_new("d", table);

	schema_add(s, "id", TYPE_LONG, true);
	schema_add(s, "name", TYPE_STRING, true);
	s->mode = mode;
	return s;
}

/* Rows of these ids; `n` is the position when the work ends a commit. */
static int work(struct lake_table *t, struct schema *s, int64_t first, int64_t count, int n, struct err *e)
{
	struct lake_work w = { .batch = batch_new(s), .commits = n > 0 };
	struct merge_result result = { 0 };
	bool committed;
	int rc;

	for (int64_t id = first; id < first + count; id++)
		merge_table_put(w.batch, (int64_t[]){ id, id, id }, "name");
	buffer_format(&w.batch->position, "{\"n\":%d}", n);
	rc = lake_table_work(t, &w, &committed, &result, e);
	assert_int_equal(committed, rc == 0 && n > 0);
	batch_free(w.batch);
	return rc;
}

static struct lake_table *open_table_by(struct test_lake *l, struct schema *s, const char *partition_by, struct err *e)
{
	static const struct lake_options options = { .table_format = "delta" };
	const struct lake_place place = { l->store, "tailrace/test", l->folder.path, &options, NULL };
	struct lake_table *t = lake_table_new("d.t", partition_by);

	if (lake_table_open(t, &place, s, e) == 0)
		return t;
	lake_table_free(t);
	return NULL;
}

static struct lake_table *open_table(struct test_lake *l, struct schema *s, struct err *e)
{
	return open_table_by(l, s, NULL, e);
}

static uint64_t row_count(const struct lake_table *t)
{
	const struct snapshot *s = table_snapshot(t->table);
	uint64_t rows = 0;

	for (uint32_t i = 0; i < s->file_count; i++)
		rows += s->files[i].row_count;
	return rows;
}

static void equal_rows_stay_and_no_index_is_made(void **state)
{
	struct schema *s = make_schema("t", MODE_APPEND);
	struct err e = ERR_INIT;
	struct lake_table *t = open_table(*state, s, &e);

	must(t != NULL ? 0 : -1, &e);
	must(work(t, t->schema, 0, 10, 1, &e), &e);
	must(work(t, t->schema, 0, 10, 2, &e), &e);
	assert_int_equal(row_count(t), 20);
	assert_string_equal(table_snapshot(t->table)->position, "{\"n\":2}");
	lake_table_free(t);
	assert_int_equal(scratch_count(&((struct test_lake *)*state)->folder, ".", "d.t"), 0);
	t = open_table(*state, s, &e);
	must(t != NULL ? 0 : -1, &e);
	assert_int_equal(t->schema->mode, MODE_APPEND);
	assert_string_equal(t->position, "{\"n\":2}");
	lake_table_free(t);
	schema_release(s);
}

static void parts_of_a_transaction_appear_at_once(void **state)
{
	struct schema *s = make_schema("t", MODE_APPEND);
	struct err e = ERR_INIT;
	struct lake_table *t = open_table(*state, s, &e);

	must(t != NULL ? 0 : -1, &e);
	must(work(t, t->schema, 0, 10, 0, &e), &e);
	must(work(t, t->schema, 10, 10, 0, &e), &e);
	assert_int_equal(row_count(t), 0);
	must(work(t, t->schema, 20, 0, 1, &e), &e);
	assert_int_equal(row_count(t), 20);
	assert_int_equal(table_snapshot(t->table)->version, 1);
	lake_table_free(t);
	schema_release(s);
}

static void a_column_may_come_in_mid_stream(void **state)
{
	struct schema *s = make_schema("t", MODE_APPEND), *wide = schema_new("d", "t");
	struct err e = ERR_INIT;
	struct lake_table *t = open_table(*state, s, &e);

	must(t != NULL ? 0 : -1, &e);
	must(work(t, t->schema, 0, 10, 1, &e), &e);
	schema_add(wide, "id", TYPE_LONG, true);
	schema_add(wide, "more", TYPE_LONG, true);
	schema_add(wide, "name", TYPE_STRING, true);
	wide->mode = MODE_APPEND;
	must(lake_table_set_schema(t, wide, &e), &e);
	must(work(t, t->schema, 0, 10, 2, &e), &e);
	assert_int_equal(row_count(t), 20);
	assert_int_equal(table_snapshot(t->table)->schema->field_count, 3);
	assert_int_equal(table_snapshot(t->table)->schema->mode, MODE_APPEND);
	lake_table_free(t);
	schema_release(s);
	schema_release(wide);
}

static void a_table_of_another_mode_is_refused(void **state)
{
	for (enum table_mode made = 0; made < TABLE_MODES; made++) {
		struct schema *s = make_schema(table_mode_name(made), made);
		struct err e = ERR_INIT;
		struct lake_table *t = open_table(*state, s, &e);

		must(t != NULL ? 0 : -1, &e);
		must(work(t, t->schema, 0, 1, 1, &e), &e);
		lake_table_free(t);
		for (enum table_mode asked = 0; asked < TABLE_MODES; asked++) {
			struct schema *other = make_schema(table_mode_name(made), asked);

			e = (struct err)ERR_INIT;
			t = open_table(*state, other, &e);
			assert_int_equal(t != NULL, made == asked);
			if (t == NULL) {
				assert_int_equal(e.kind, ERR_CONFIG);
				assert_non_null(strstr(e.text, table_mode_name(made)));
				assert_non_null(strstr(e.text, table_mode_name(asked)));
			}
			lake_table_free(t);
			schema_release(other);
		}
		schema_release(s);
	}
}

static void rows_go_to_a_file_for_each_partition(void **state)
{
	struct schema *s = make_schema("t", MODE_APPEND);
	struct err e = ERR_INIT;
	struct lake_table *t = open_table_by(*state, s, "id", &e);
	const struct snapshot *made;

	must(t != NULL ? 0 : -1, &e);
	must(work(t, t->schema, 0, 5, 0, &e), &e);
	must(work(t, t->schema, 3, 4, 1, &e), &e);
	made = table_snapshot(t->table);
	assert_int_equal(row_count(t), 9);
	assert_int_equal(made->file_count, 9);
	for (uint32_t i = 0; i < made->file_count; i++) {
		assert_int_equal(made->files[i].row_count, 1);
		assert_non_null(text_map_get(&made->files[i].partition, "id"));
	}
	lake_table_free(t);
	schema_release(s);
}

static void a_table_keeps_the_partitioning_that_it_was_made_with(void **state)
{
	struct schema *s = make_schema("t", MODE_APPEND);
	struct err e = ERR_INIT;
	struct lake_table *t = open_table_by(*state, s, "name", &e);

	must(t != NULL ? 0 : -1, &e);
	must(work(t, t->schema, 0, 5, 1, &e), &e);
	lake_table_free(t);
	t = open_table(*state, s, &e);
	must(t != NULL ? 0 : -1, &e);
	must(work(t, t->schema, 5, 5, 2, &e), &e);
	assert_string_equal(t->schema->partition[0].name, "name");
	lake_table_free(t);
	t = open_table_by(*state, s, "NAME", &e);
	must(t != NULL ? 0 : -1, &e);
	lake_table_free(t);
	assert_null(open_table_by(*state, s, "name,id", &e));
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "partitioned by \"name\", and --partition-by asks for \"name,id\""));
	schema_release(s);
}

static void a_table_without_partitions_gets_none(void **state)
{
	struct schema *s = make_schema("t", MODE_APPEND);
	struct err e = ERR_INIT;
	struct lake_table *t = open_table(*state, s, &e);

	must(t != NULL ? 0 : -1, &e);
	must(work(t, t->schema, 0, 5, 1, &e), &e);
	lake_table_free(t);
	assert_null(open_table_by(*state, s, "id", &e));
	assert_non_null(strstr(e.text, "is not partitioned"));
	schema_release(s);
}

/* Its columns are our own. */
static void a_quarantine_has_no_partitions(void **state)
{
	struct schema *s = make_schema("t", MODE_QUARANTINE);
	struct err e = ERR_INIT;
	struct lake_table *t = open_table_by(*state, s, "day", &e);

	must(t != NULL ? 0 : -1, &e);
	assert_int_equal(t->schema->partition_count, 0);
	lake_table_free(t);
	schema_release(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAKE_TEST(equal_rows_stay_and_no_index_is_made),
		LAKE_TEST(parts_of_a_transaction_appear_at_once),
		LAKE_TEST(a_column_may_come_in_mid_stream),
		LAKE_TEST(a_table_of_another_mode_is_refused),
		LAKE_TEST(rows_go_to_a_file_for_each_partition),
		LAKE_TEST(a_table_keeps_the_partitioning_that_it_was_made_with),
		LAKE_TEST(a_table_without_partitions_gets_none),
		LAKE_TEST(a_quarantine_has_no_partitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
