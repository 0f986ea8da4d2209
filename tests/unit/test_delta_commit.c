/* SPDX-License-Identifier: Apache-2.0 */
/* A table that is made, committed to and opened again. */
#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/test_lake.h"
#include "lib/test.h"

static void a_new_table_comes_back_as_it_was_made(void **state)
{
	struct test_lake *l = *state;
	struct schema *schema = delta_table_schema();
	struct table *d;
	const struct snapshot *s;

	table_close(delta_table_make(l->store));
	d = delta_table_open(l->store);
	s = table_snapshot(d);
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
	table_close(d);
	schema_release(schema);
}

static void a_missing_table_is_an_empty_snapshot(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_open(l->store);

	assert_int_equal(table_snapshot(d)->version, -1);
	table_close(d);
}

static void added_files_and_the_position_come_back(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	const struct snapshot *s = table_snapshot(d);

	delta_table_add(d, "a", 3, 7);
	assert_int_equal(s->version, 1);
	assert_int_equal(s->file_count, 3);
	assert_string_equal(s->position, "{\"at\":7}");
	table_close(d);
	d = delta_table_open(l->store);
	s = table_snapshot(d);
	assert_int_equal(s->version, 1);
	assert_int_equal(s->txn_version, 1);
	assert_string_equal(s->position, "{\"at\":7}");
	assert_int_equal(s->file_count, 3);
	assert_int_equal(s->files[table_find_file(d, "a2.parquet")].row_count, 100);
	assert_int_equal(table_find_file(d, "b2.parquet"), -1);
	table_close(d);
}

/* A commit that must be done. */
static void commit(struct table *d, struct prepared_commit p)
{
	enum commit_result result = COMMIT_LOST;
	struct err e = ERR_INIT;

	p.operation = "MERGE";
	if (p.position == NULL)
		p.position = "{\"at\":9}";
	must(table_commit(d, &p, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
}

static void refused(struct table *d, struct prepared_commit p, const char *why)
{
	enum commit_result result;
	struct err e = ERR_INIT;
	int64_t version = table_snapshot(d)->version;

	p.operation = "MERGE";
	p.position = "{}";
	assert_int_equal(table_commit(d, &p, &result, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not tell \"%s\"", e.text, why);
	assert_int_equal(table_snapshot(d)->version, version);
}

static uint64_t dead_rows(struct table *d, const char *path)
{
	int64_t slot = table_find_file(d, path);
	struct row_set *rows = NULL;
	struct err e = ERR_INIT;
	uint64_t count;

	assert_true(slot >= 0);
	must(table_read_dv(d, (uint32_t)slot, &rows, &e), &e);
	count = row_set_count(rows);
	row_set_free(rows);
	return count;
}

static void deleted_rows_come_back_as_deletion_vectors(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct row_set *three = delta_table_rows(5, 3), *ten = delta_table_rows(0, 10);
	struct dv_update updates[] = { { 0, three }, { 1, ten } };

	delta_table_add(d, "a", 2, 1);
	commit(d, (struct prepared_commit){ .dvs = updates, .dv_count = 2 });
	assert_int_equal(table_snapshot(d)->file_count, 2);
	assert_string_equal(table_snapshot(d)->files[0].path, "a0.parquet");
	assert_int_equal(dead_rows(d, "a0.parquet"), 3);
	updates[0].rows = ten; /* a second version of the same file's bitmap */
	row_set_union(ten, three);
	commit(d, (struct prepared_commit){ .dvs = updates, .dv_count = 1 });
	table_close(d);
	d = delta_table_open(l->store);
	assert_int_equal(table_snapshot(d)->version, 3);
	assert_int_equal(table_snapshot(d)->file_count, 2);
	assert_int_equal(dead_rows(d, "a0.parquet"), 10);
	assert_int_equal(dead_rows(d, "a1.parquet"), 10);
	assert_int_equal(scratch_count(&l->folder, ".", "deletion_vector_"), 2);
	assert_non_null(
		strstr(table_snapshot(d)->files[0].stats, "\"tightBounds\":false"));
	row_set_free(three);
	row_set_free(ten);
	table_close(d);
}

static void a_file_without_live_rows_leaves_the_table(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct row_set *all = delta_table_rows(0, 100);
	const struct dv_update update = { 1, all };
	struct data_file added[] = { delta_table_file("dead.parquet", 100),
				     delta_table_file("live.parquet", 100) };
	const struct row_set *added_dvs[] = { all, NULL };

	delta_table_add(d, "a", 3, 1);
	commit(d, (struct prepared_commit){ .dvs = &update, .dv_count = 1, .added = added,
					    .added_dvs = added_dvs, .added_count = 2 });
	assert_int_equal(table_snapshot(d)->file_count, 3);
	assert_string_equal(table_snapshot(d)->files[1].path, "a2.parquet");
	assert_int_equal(table_snapshot(d)->files[1].slot, 1);
	assert_string_equal(table_snapshot(d)->files[2].path, "live.parquet");
	assert_int_equal(table_find_file(d, "a2.parquet"), 1);
	assert_int_equal(table_find_file(d, "a1.parquet"), -1);
	table_close(d);
	d = delta_table_open(l->store);
	assert_int_equal(table_snapshot(d)->file_count, 3);
	assert_int_equal(table_find_file(d, "dead.parquet"), -1);
	row_set_free(all);
	table_close(d);
}

static void an_added_file_may_have_dead_rows_at_once(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct row_set *two = delta_table_rows(98, 2);
	struct data_file added = delta_table_file("new.parquet", 100);
	const struct row_set *added_dvs[] = { two };

	commit(d, (struct prepared_commit){ .added = &added, .added_dvs = added_dvs,
					    .added_count = 1 });
	assert_int_equal(dead_rows(d, "new.parquet"), 2);
	table_close(d);
	d = delta_table_open(l->store);
	assert_int_equal(dead_rows(d, "new.parquet"), 2);
	row_set_free(two);
	table_close(d);
}

static void a_truncate_removes_all_before_the_adds(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct data_file added;

	delta_table_add(d, "a", 40, 1);
	added = delta_table_file("new.parquet", 5);
	commit(d, (struct prepared_commit){ .removes_all = true, .added = &added,
					    .added_count = 1 });
	assert_int_equal(table_snapshot(d)->file_count, 1);
	delta_table_add(d, "b", 40, 1);
	assert_int_equal(table_snapshot(d)->file_count, 41);
	assert_int_equal(table_find_file(d, "b39.parquet"), 40);
	table_close(d);
	d = delta_table_open(l->store);
	assert_int_equal(table_snapshot(d)->file_count, 41);
	assert_int_equal(table_find_file(d, "new.parquet"), 0);
	table_close(d);
}

static void what_would_break_the_table_is_not_published(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct row_set *outside = delta_table_rows(99, 2), *few = delta_table_rows(0, 2);
	struct row_set *many = delta_table_rows(0, 5);
	struct dv_update updates[] = { { 0, outside }, { 0, few } };
	struct data_file twice[] = { delta_table_file("b.parquet", 1),
				     delta_table_file("b.parquet", 1) };
	struct data_file known = delta_table_file("a0.parquet", 1);
	struct data_file uncounted = { .path = (char *)(uintptr_t) "c.parquet",
				       .row_count = 3 };

	delta_table_add(d, "a", 1, 1);
	refused(d, (struct prepared_commit){ .dvs = updates, .dv_count = 1 },
		"row 100 of file");
	updates[0].rows = many;
	refused(d, (struct prepared_commit){ .dvs = updates, .dv_count = 2 }, "twice");
	commit(d, (struct prepared_commit){ .dvs = updates, .dv_count = 1 });
	updates[0].rows = few;
	refused(d, (struct prepared_commit){ .dvs = updates, .dv_count = 1 },
		"deleted already");
	refused(d, (struct prepared_commit){ .added = twice, .added_count = 2 }, "twice");
	refused(d, (struct prepared_commit){ .added = &known, .added_count = 1 },
		"already");
	refused(d, (struct prepared_commit){ .added = &uncounted, .added_count = 1 },
		"another number");
	table_close(d);
	row_set_free(outside);
	row_set_free(few);
	row_set_free(many);
}

static void columns_are_added_with_ids_that_stay(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct schema *wanted = delta_table_schema(), *adopted;
	struct buffer protocol = { 0 };
	enum commit_result result;
	struct err e = ERR_INIT;
	int32_t last_id = table_snapshot(d)->last_field_id;

	schema_add(wanted, "at", TYPE_TIMESTAMP_NTZ, true);
	schema_add(wanted, "a b", TYPE_INT, true);
	wanted->fields[0].id = 77;
	adopted = schema_adopt_ids(wanted, table_snapshot(d)->schema, &last_id);
	assert_int_equal(last_id, 5);
	assert_int_equal(adopted->fields[0].id, 1);
	assert_int_equal(adopted->fields[3].id, 4);
	assert_int_equal(adopted->fields[4].id, 5);
	assert_int_equal(
		table_commit(d,
			     &(struct prepared_commit){ .operation = "ADD COLUMNS",
							.schema = wanted },
			     &result, &e),
		-1);
	assert_non_null(strstr(e.text, "field id 77"));
	commit(d, (struct prepared_commit){ .schema = adopted });
	table_close(d);
	d = delta_table_open(l->store);
	assert_true(schema_equal(table_snapshot(d)->schema, wanted));
	assert_int_equal(table_snapshot(d)->schema->fields[4].id, 5);
	table_protocol(d, &protocol);
	assert_buffer_text(
		protocol,
		"reader 3, writer 7, reader features: deletionVectors, "
		"timestampNtz, columnMapping, writer features: deletionVectors, "
		"appendOnly, invariants, timestampNtz, columnMapping");
	schema_release(wanted);
	schema_release(adopted);
	table_close(d);
}

/* With column mapping the log remembers the highest id; another writer may have dropped its column. */
static void the_id_of_a_dropped_column_is_not_given_out_again(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct schema *whole = delta_table_schema(), *less = delta_table_schema(), *wanted;
	enum commit_result result;
	struct err e = ERR_INIT;
	int32_t last_id;

	schema_add(whole, "a b", TYPE_INT, true);
	commit(d, (struct prepared_commit){ .schema = whole });
	commit(d, (struct prepared_commit){ .schema = less });
	table_close(d);
	d = delta_table_open(l->store);
	last_id = table_snapshot(d)->last_field_id;
	assert_int_equal(last_id, 4);
	schema_add(less, "next", TYPE_INT, true);
	assert_int_equal(table_commit(d, &(struct prepared_commit){ .schema = less }, &result, &e), -1);
	assert_non_null(strstr(e.text, "\"next\" cannot have field id 4"));
	wanted = schema_adopt_ids(less, table_snapshot(d)->schema, &last_id);
	assert_int_equal(wanted->fields[3].id, 5);
	commit(d, (struct prepared_commit){ .schema = wanted });
	assert_int_equal(table_snapshot(d)->last_field_id, 5);
	schema_release(whole);
	schema_release(less);
	schema_release(wanted);
	table_close(d);
}

static void a_commit_without_a_position_keeps_the_last(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct prepared_commit p = { .operation = "OPTIMIZE", .invalid_values = 2 };
	enum commit_result result;
	struct err e = ERR_INIT;

	delta_table_add(d, "a", 1, 4);
	assert_int_equal(table_commit(d, &p, &result, &e), 0);
	p.invalid_values = 3;
	assert_int_equal(table_commit(d, &p, &result, &e), 0);
	assert_string_equal(table_snapshot(d)->position, "{\"at\":4}");
	table_close(d);
	d = delta_table_open(l->store);
	assert_string_equal(table_snapshot(d)->position, "{\"at\":4}");
	assert_int_equal(table_snapshot(d)->txn_version, 3);
	assert_int_equal(table_snapshot(d)->invalid_values, 5);
	table_close(d);
}

static void an_earlier_version_can_be_read(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct err e = ERR_INIT;

	delta_table_add(d, "a", 1, 1);
	delta_table_add(d, "b", 1, 2);
	table_close(d);
	assert_int_equal(delta_open_read(&d, l->store, 1, &e), 0);
	assert_int_equal(table_snapshot(d)->file_count, 1);
	assert_string_equal(table_snapshot(d)->position, "{\"at\":1}");
	table_close(d);
	assert_int_equal(delta_open_read(&d, l->store, 3, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "version 3"));
}

static void history_tells_what_was_done(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct history_entry *entries;
	struct err e = ERR_INIT;
	uint32_t count;

	commit(d, (struct prepared_commit){ .rows_in = 5,
					    .rows_changed = 4,
					    .rows_deleted = 1,
					    .source_time_us = 123456,
					    .position = "{\"x\": 1}" });
	assert_int_equal(table_history(d, 10, &entries, &count, &e), 0);
	assert_int_equal(count, 2);
	assert_int_equal(entries[0].version, 1);
	assert_string_equal(entries[0].operation, "MERGE");
	assert_string_equal(entries[0].position, "{\"x\": 1}");
	assert_int_equal(entries[0].rows_in, 5);
	assert_int_equal(entries[0].rows_deleted, 1);
	assert_int_equal(entries[0].source_time_us, 123456);
	assert_true(entries[1].is_ours);
	assert_string_equal(entries[1].operation, "CREATE TABLE");
	assert_null(entries[1].position);
	table_history_free(entries, count);
	table_close(d);
}

static void another_writer_is_noticed_and_caught_up_with(void **state)
{
	struct test_lake *l = *state;
	struct table *a = delta_table_make(l->store), *b = delta_table_open(l->store);
	struct data_file file = delta_table_file("b.parquet", 1);
	struct prepared_commit p = { .operation = "MERGE",
				     .added = &file,
				     .added_count = 1,
				     .position = "{\"at\":2}" };
	enum commit_result result;
	struct err e = ERR_INIT;
	bool changed;

	delta_table_add(a, "a", 2, 1);
	assert_int_equal(table_commit(b, &p, &result, &e), 0);
	assert_int_equal(result, COMMIT_LOST);
	assert_int_equal(table_snapshot(b)->version, 0);
	assert_int_equal(table_refresh(b, &changed, &e), 0);
	assert_true(changed);
	assert_int_equal(table_snapshot(b)->version, 1);
	assert_string_equal(table_snapshot(b)->position, "{\"at\":1}");
	assert_int_equal(table_refresh(b, &changed, &e), 0);
	assert_false(changed);
	assert_int_equal(table_commit(b, &p, &result, &e), 0);
	assert_int_equal(result, COMMIT_DONE);
	assert_int_equal(table_snapshot(b)->txn_version, 2);
	table_close(a);
	table_close(b);
}

/* Spark looks whether a version's name is free, and then renames its entry to it, whatever is there by then. */
static void an_entry_in_the_place_of_ours_is_never_overwritten(void **state)
{
	struct test_lake *l = *state;
	struct table *ours = delta_table_make(l->store), *theirs = delta_table_open(l->store);
	enum commit_result result;
	struct err e = ERR_INIT;
	bool changed;

	delta_table_add(ours, "a", 1, 7);
	must(store_remove(l->store, "_delta_log/00000000000000000001.json", &e), &e);
	delta_table_add(theirs, "b", 2, 8);
	must(table_commit(ours, &(struct prepared_commit){ .operation = "MERGE", .position = "{\"at\":9}" }, &result, &e), &e);
	assert_int_equal(result, COMMIT_LOST);
	must(table_refresh(ours, &changed, &e), &e);
	assert_int_equal(table_snapshot(ours)->version, 1);
	assert_int_equal(table_snapshot(ours)->file_count, 2);
	assert_string_equal(table_snapshot(ours)->position, "{\"at\":8}");
	commit(ours, (struct prepared_commit){ .position = "{\"at\":10}" });
	table_close(ours);
	table_close(theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAKE_TEST(a_new_table_comes_back_as_it_was_made),
		LAKE_TEST(a_missing_table_is_an_empty_snapshot),
		LAKE_TEST(added_files_and_the_position_come_back),
		LAKE_TEST(deleted_rows_come_back_as_deletion_vectors),
		LAKE_TEST(a_file_without_live_rows_leaves_the_table),
		LAKE_TEST(an_added_file_may_have_dead_rows_at_once),
		LAKE_TEST(a_truncate_removes_all_before_the_adds),
		LAKE_TEST(what_would_break_the_table_is_not_published),
		LAKE_TEST(columns_are_added_with_ids_that_stay),
		LAKE_TEST(the_id_of_a_dropped_column_is_not_given_out_again),
		LAKE_TEST(a_commit_without_a_position_keeps_the_last),
		LAKE_TEST(an_earlier_version_can_be_read),
		LAKE_TEST(history_tells_what_was_done),
		LAKE_TEST(another_writer_is_noticed_and_caught_up_with),
		LAKE_TEST(an_entry_in_the_place_of_ours_is_never_overwritten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
