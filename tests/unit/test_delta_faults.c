/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit whose n-th call to the store fails, for every n and every way to fail: what is
 * found afterwards is the old state or the new one, whole, and the position belongs to
 * it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/fault_store.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/delta/handle.h"

#define CALLS_MAX 60

struct lake {
	struct scratch folder;
	struct store *store;
	struct fault_store faults;
};

static void lake_open(struct lake *l)
{
	struct err e = ERR_INIT;

	scratch_make(&l->folder);
	l->store = store_open_directory(l->folder.path, true, &e);
	assert_non_null(l->store);
	fault_store_init(&l->faults, l->store);
}

static void lake_close(struct lake *l)
{
	store_close(l->store);
	scratch_remove(&l->folder);
}

/*
 * Two files are added, one old file gets a bitmap: 3 files and {"at":2} after 1 and
 * {"at":1}.
 */
static int change(struct delta *d, enum commit_result *out, struct err *e)
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
	int rc = delta_commit(d, &p, out, e);

	row_set_free(rows);
	return rc;
}

/* Old or new, and nothing between; returns which. */
static bool is_new_state(struct delta *d)
{
	const struct snapshot *s = delta_snapshot(d);
	struct row_set *rows = NULL;
	struct err e = ERR_INIT;
	bool is_new = s->version == 2;

	assert_int_equal(s->version, is_new ? 2 : 1);
	assert_int_equal(s->txn_version, is_new ? 2 : 1);
	assert_string_equal(s->position, is_new ? "{\"at\":2}" : "{\"at\":1}");
	assert_int_equal(s->file_count, is_new ? 3 : 1);
	assert_int_equal(delta_read_dv(d, 0, &rows, &e), 0);
	assert_int_equal(row_set_count(rows), is_new ? 4 : 0);
	row_set_free(rows);
	return is_new;
}

/* The n-th call fails while committing; true: there was one. */
static bool commit_with_fault(enum fault fault, int at)
{
	struct lake l;
	struct delta *d;
	enum commit_result result = COMMIT_LOST;
	struct err e = ERR_INIT;
	bool is_new, was_hit;
	int rc;

	lake_open(&l);
	d = delta_table_make(&l.faults.store);
	delta_table_add(d, "a", 1, 1);
	fault_store_arm(&l.faults, fault, at);
	rc = change(d, &result, &e);
	was_hit = l.faults.calls >= at;
	fault_store_arm(&l.faults, FAULT_NONE, 0);
	if (rc == 0) {
		assert_int_equal(result, COMMIT_DONE);
		assert_true(is_new_state(d));
	} else {
		assert_true(e.kind == ERR_IO || e.kind == ERR_RETRY);
	}
	delta_close(d);
	d = delta_table_open(&l.faults.store);
	is_new = is_new_state(d);
	assert_true(rc < 0 || is_new);
	if (!is_new) { /* and the work can be done again */
		assert_int_equal(change(d, &result, &e), 0);
		assert_true(is_new_state(d));
	}
	delta_close(d);
	lake_close(&l);
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
	struct lake l;
	struct delta *d;
	enum commit_result result = COMMIT_LOST;
	struct err e = ERR_INIT;
	int lost = 0;

	(void)state;
	for (int at = 1; at < 15; at++) {
		lake_open(&l);
		d = delta_table_make(&l.faults.store);
		delta_table_add(d, "a", 1, 1);
		fault_store_arm(&l.faults, FAULT_LOST_ANSWER, at);
		if (change(d, &result, &e) == 0 && l.faults.calls >= at) {
			assert_int_equal(result, COMMIT_DONE);
			lost++;
		}
		delta_close(d);
		lake_close(&l);
	}
	assert_true(lost >= 1); /* at least the put of the entry */
}

static void a_failed_commit_goes_on_after_a_refresh(void **state)
{
	struct lake l;
	bool changed;

	(void)state;
	for (int at = 1; at < 15; at++) {
		enum commit_result result = COMMIT_LOST;
		struct err e = ERR_INIT;
		struct delta *d;
		int rc;

		lake_open(&l);
		d = delta_table_make(&l.faults.store);
		delta_table_add(d, "a", 1, 1);
		fault_store_arm(&l.faults, FAULT_RETRY, at);
		rc = change(d, &result, &e);
		fault_store_arm(&l.faults, FAULT_NONE, 0);
		if (rc < 0) {
			assert_int_equal(delta_refresh(d, &changed, &e), 0);
			if (!is_new_state(d))
				assert_int_equal(change(d, &result, &e), 0);
		}
		assert_int_equal(result, COMMIT_DONE);
		assert_true(is_new_state(d));
		delta_close(d);
		lake_close(&l);
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
		struct lake l;
		struct delta *d;

		lake_open(&l);
		d = delta_table_make(&l.faults.store);
		delta_table_add(d, "a", 1, 1);
		d->entry_bytes = (uint64_t)1 << 30;
		fault_store_arm(&l.faults, FAULT_IO, at);
		if (change(d, &result, &e) == 0 && l.faults.calls >= at) {
			failed++;
			assert_int_equal(result, COMMIT_DONE);
			assert_non_null(strstr(delta_warning(d), "made to fail"));
			fault_store_arm(&l.faults, FAULT_NONE, 0);
			delta_table_add(d, "b", 1, 3);
			assert_null(delta_warning(d));
			assert_true(scratch_count(&l.folder, "_delta_log", "_last_check") == 1);
		}
		delta_close(d);
		lake_close(&l);
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
			struct lake l;
			struct delta *d;
			int rc;

			lake_open(&l);
			d = delta_table_open(&l.faults.store);
			fault_store_arm(&l.faults, fault, at);
			rc = delta_create(d, schema, "mysql", "{\"at\":0}", &result, &e);
			fault_store_arm(&l.faults, FAULT_NONE, 0);
			delta_close(d);
			d = delta_table_open(&l.faults.store);
			if (delta_snapshot(d)->version == 0)
				assert_string_equal(delta_snapshot(d)->position,
						    "{\"at\":0}");
			else
				assert_int_equal(rc, -1);
			delta_close(d);
			schema_release(schema);
			lake_close(&l);
		}
	}
}

static void opening_with_a_fault_never_gives_a_wrong_state(void **state)
{
	struct lake l;
	struct delta *d;
	int at = 1;

	(void)state;
	lake_open(&l);
	d = delta_table_make(l.store);
	delta_table_add(d, "a", 1, 1);
	delta_close(d);
	for (;; at++) {
		struct err e = ERR_INIT;

		fault_store_arm(&l.faults, FAULT_RETRY, at);
		if (delta_open(&d, &l.faults.store, TEST_APP, &e) < 0) {
			assert_int_equal(e.kind, ERR_RETRY);
			continue;
		}
		assert_false(is_new_state(d));
		delta_close(d);
		if (l.faults.calls < at)
			break;
	}
	assert_true(at > 4);
	lake_close(&l);
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

	scratch_in_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
