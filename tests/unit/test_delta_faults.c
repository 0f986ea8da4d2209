/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit whose n-th call to the store fails, for every n and every way to fail: what is
 * found afterwards is the old state or the new one, whole, and the position belongs to
 * it.
 */
#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/fault_store.h"
#include "lib/test.h"
#include "lib/test_lake.h"
#include "table/delta/handle.h"

#define CALLS_MAX 60

struct faulty {
	struct test_lake lake;
	struct fault_store faults;
	struct table *table;
};

static void faulty_open(struct faulty *f)
{
	test_lake_open(&f->lake);
	fault_store_init(&f->faults, f->lake.store);
}

/* With a table at version 1, whose `at`-th call from here on fails so. */
static void faulty_make(struct faulty *f, enum fault fault, int at)
{
	faulty_open(f);
	f->table = delta_table_make(&f->faults.store);
	delta_table_add(f->table, "a", 1, 1);
	fault_store_arm(&f->faults, fault, at);
}

static void faulty_close(struct faulty *f)
{
	table_close(f->table);
	test_lake_close(&f->lake);
}

/*
 * Two files are added, one old file gets a bitmap: 3 files and {"at":2} after 1 and
 * {"at":1}.
 */
static int change(struct table *d, enum commit_result *out, struct err *e)
{
	struct row_set *rows = delta_table_rows(3, 4);
	struct data_file files[] = { delta_table_file("x.parquet", 10),
				     delta_table_file("y.parquet", 20) };
	const struct dv_update update = { 0, rows };
	struct prepared_commit p = { .operation = "MERGE",
				     .added = files,
				     .added_count = 2,
				     .dvs = &update,
				     .dv_count = 1,
				     .position = "{\"at\":2}" };
	int rc = table_commit(d, &p, out, e);

	row_set_free(rows);
	return rc;
}

/* Old or new, and nothing between; returns which. */
static bool is_new_state(struct table *d)
{
	const struct snapshot *s = table_snapshot(d);
	struct row_set *rows = NULL;
	struct err e = ERR_INIT;
	bool is_new = s->version == 2;

	assert_int_equal(s->version, is_new ? 2 : 1);
	assert_int_equal(s->txn_version, is_new ? 2 : 1);
	assert_string_equal(s->position, is_new ? "{\"at\":2}" : "{\"at\":1}");
	assert_int_equal(s->file_count, is_new ? 3 : 1);
	assert_int_equal(table_read_dv(d, 0, &rows, &e), 0);
	assert_int_equal(row_set_count(rows), is_new ? 4 : 0);
	row_set_free(rows);
	return is_new;
}

/* The n-th call fails while committing; true: there was one. */
static bool commit_with_fault(enum fault fault, int at)
{
	enum commit_result result = COMMIT_LOST;
	struct err e = ERR_INIT;
	bool is_new, was_hit;
	struct faulty f;
	int rc;

	faulty_make(&f, fault, at);
	rc = change(f.table, &result, &e);
	was_hit = f.faults.calls >= at;
	fault_store_arm(&f.faults, FAULT_NONE, 0);
	if (rc == 0) {
		assert_int_equal(result, COMMIT_DONE);
		assert_true(is_new_state(f.table));
	} else {
		assert_true(e.kind == ERR_IO || e.kind == ERR_RETRY);
	}
	table_close(f.table);
	f.table = delta_table_open(&f.faults.store);
	is_new = is_new_state(f.table);
	assert_true(rc < 0 || is_new);
	if (!is_new) { /* and the work can be done again */
		assert_int_equal(change(f.table, &result, &e), 0);
		assert_true(is_new_state(f.table));
	}
	faulty_close(&f);
	return was_hit;
}

static void after_any_fault_a_commit_is_whole_or_not_there(void **state)
{
	(void)state;
	for (enum fault fault = FAULT_IO; fault < FAULTS; fault++) {
		int at = 1;

		while (at < CALLS_MAX && commit_with_fault(fault, at))
			at++;
		assert_true(at > 5 && at < CALLS_MAX);
	}
}

static void a_lost_answer_is_found_to_be_a_commit_of_ours(void **state)
{
	enum commit_result result = COMMIT_LOST;
	struct err e = ERR_INIT;
	struct faulty f;
	int lost = 0;

	(void)state;
	for (int at = 1; at < 15; at++) {
		faulty_make(&f, FAULT_LOST_ANSWER, at);
		if (change(f.table, &result, &e) == 0 && f.faults.calls >= at) {
			assert_int_equal(result, COMMIT_DONE);
			lost++;
		}
		faulty_close(&f);
	}
	assert_true(lost >= 1); /* at least the put of the entry */
}

static void a_failed_commit_goes_on_after_a_refresh(void **state)
{
	struct faulty f;
	bool changed;

	(void)state;
	for (int at = 1; at < 15; at++) {
		enum commit_result result = COMMIT_LOST;
		struct err e = ERR_INIT;
		int rc;

		faulty_make(&f, FAULT_RETRY, at);
		rc = change(f.table, &result, &e);
		fault_store_arm(&f.faults, FAULT_NONE, 0);
		if (rc < 0) {
			assert_int_equal(table_refresh(f.table, &changed, &e), 0);
			if (!is_new_state(f.table))
				assert_int_equal(change(f.table, &result, &e), 0);
		}
		assert_int_equal(result, COMMIT_DONE);
		assert_true(is_new_state(f.table));
		faulty_close(&f);
	}
}

/* The commit stands when the checkpoint behind it cannot be written, says so, and a later one is written. */
static void a_failed_checkpoint_is_told_and_made_up_for(void **state)
{
	int failed = 0;

	(void)state;
	for (int at = 1; at < CALLS_MAX; at++) {
		enum commit_result result = COMMIT_LOST;
		struct err e = ERR_INIT;
		struct faulty f;

		faulty_make(&f, FAULT_IO, at);
		delta_of(f.table)->entry_bytes = (uint64_t)1 << 30;
		if (change(f.table, &result, &e) == 0 && f.faults.calls >= at) {
			failed++;
			assert_int_equal(result, COMMIT_DONE);
			assert_non_null(strstr(table_warning(f.table), "made to fail"));
			fault_store_arm(&f.faults, FAULT_NONE, 0);
			delta_table_add(f.table, "b", 1, 3);
			assert_null(table_warning(f.table));
			assert_true(scratch_count(&f.lake.folder, "_delta_log", "_last_check") == 1);
		}
		faulty_close(&f);
	}
	assert_true(failed >= 3);
}

static void after_any_fault_a_new_table_is_whole_or_not_there(void **state)
{
	(void)state;
	for (enum fault fault = FAULT_IO; fault < FAULTS; fault++) {
		for (int at = 1; at < 15; at++) {
			struct schema *schema = delta_table_schema();
			enum commit_result result = COMMIT_LOST;
			struct err e = ERR_INIT;
			struct faulty f;
			int rc;

			faulty_open(&f);
			f.table = delta_table_open(&f.faults.store);
			fault_store_arm(&f.faults, fault, at);
			rc = table_create(f.table, schema, "mysql", "{\"at\":0}", &result, &e);
			fault_store_arm(&f.faults, FAULT_NONE, 0);
			table_close(f.table);
			f.table = delta_table_open(&f.faults.store);
			if (table_snapshot(f.table)->version == 0)
				assert_string_equal(table_snapshot(f.table)->position,
						    "{\"at\":0}");
			else
				assert_int_equal(rc, -1);
			schema_release(schema);
			faulty_close(&f);
		}
	}
}

static void opening_with_a_fault_never_gives_a_wrong_state(void **state)
{
	struct faulty f;
	int at = 1;

	(void)state;
	faulty_make(&f, FAULT_NONE, 0);
	table_close(f.table);
	for (;; at++) {
		struct err e = ERR_INIT;

		fault_store_arm(&f.faults, FAULT_RETRY, at);
		if (delta_open(&f.table, &f.faults.store, TEST_APP, &e) < 0) {
			assert_int_equal(e.kind, ERR_RETRY);
			continue;
		}
		assert_false(is_new_state(f.table));
		if (f.faults.calls < at)
			break;
		table_close(f.table);
	}
	assert_true(at > 4);
	faulty_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_any_fault_a_commit_is_whole_or_not_there),
		cmocka_unit_test(a_lost_answer_is_found_to_be_a_commit_of_ours),
		cmocka_unit_test(a_failed_commit_goes_on_after_a_refresh),
		cmocka_unit_test(a_failed_checkpoint_is_told_and_made_up_for),
		cmocka_unit_test(after_any_fault_a_new_table_is_whole_or_not_there),
		cmocka_unit_test(opening_with_a_fault_never_gives_a_wrong_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
