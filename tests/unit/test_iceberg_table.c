/* SPDX-License-Identifier: Apache-2.0 */
/* A table that Iceberg leads: whose it is, what a commit's outcome was, and where its position is found. */
#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/fault_store.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/iceberg/catalog.h"
#include "table/iceberg/draft.h"
#include "table/iceberg/iceberg.h"

#define APP "tailrace/test/shop.orders"

struct world {
	struct scratch folder;
	struct store *store;
	struct fault_store faults;
};

static int format_version = 3; /* of tables that are made */

static int setup(void **state)
{
	struct world *w = memory_new(struct world);
	struct err e = ERR_INIT;

	format_version = 3;
	scratch_make(&w->folder);
	w->store = store_open_directory(scratch_path(&w->folder, "orders"), true, &e);
	must(w->store != NULL ? 0 : -1, &e);
	fault_store_init(&w->faults, w->store);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	scratch_remove(&w->folder);
	memory_free(w);
	return 0;
}

static int try_open(struct table **out, struct store *store, const char *app_id, struct err *e)
{
	const struct iceberg_settings s = { .namespace = "shop", .name = "orders", .format_version = format_version };

	return iceberg_open(out, store, &s, app_id, e);
}

static struct table *open_table(struct store *store)
{
	struct err e = ERR_INIT;
	struct table *t;

	must(try_open(&t, store, APP, &e), &e);
	return t;
}

static struct table *make_table(struct store *store)
{
	struct table *t = open_table(store);
	struct schema *schema = delta_table_schema();
	enum commit_result result;
	struct err e = ERR_INIT;

	assert_int_equal(table_snapshot(t)->version, -1);
	must(table_create(t, schema, "mysql://db/shop", NULL, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	assert_true(schema_equal(schema, table_snapshot(t)->schema));
	schema_release(schema);
	return t;
}

/* One more file, and half of the first one's rows are dead from the second commit on. */
static int try_commit(struct table *t, int n, enum commit_result *result, struct err *e)
{
	char position[32], path[32];
	struct row_set *dead = delta_table_rows(0, 50);
	struct dv_update update = { 0, dead };
	struct data_file file;
	struct prepared_commit p = { .operation = "MERGE", .added = &file, .added_count = 1, .position = position, .rows_in = 7,
				     .source_time_us = 1700000000000000 };
	int rc;

	snprintf(position, sizeof(position), "{\"at\":%d}", n);
	snprintf(path, sizeof(path), "file%d.parquet", n);
	file = delta_table_file(path, 100);
	if (n == 2) {
		p.dvs = &update;
		p.dv_count = 1;
	}
	rc = table_commit(t, &p, result, e);
	row_set_free(dead);
	return rc;
}

static void commit(struct table *t, int n)
{
	enum commit_result result;
	struct err e = ERR_INIT;

	must(try_commit(t, n, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
}

/* It has this many commits of ours, and what they added. */
static void assert_has(const struct table *t, int commits)
{
	const struct snapshot *s = table_snapshot(t);
	char position[32];

	snprintf(position, sizeof(position), "{\"at\":%d}", commits);
	assert_int_equal(s->txn_version, commits);
	assert_int_equal(s->file_count, commits);
	if (commits > 0)
		assert_string_equal(s->position, position);
	for (uint32_t i = 0; i < s->file_count; i++)
		assert_int_equal(table_find_file(t, s->files[i].path), i);
}

/* A snapshot of somebody else's, with the same rows (expires all others), or with these rows of file 1 deleted, too. */
static void commit_as_another(struct world *w, bool expires, const struct row_set *rows)
{
	char uri[600];
	struct catalog_settings settings = { .namespace = "shop", .name = "orders", .store = w->store, .location = uri };
	const struct iceberg_places places = { w->store, uri, w->store, uri };
	struct catalog_version base, made = { .metadata = NULL };
	struct draft_deleted deleted = { 0, rows };
	struct draft_edit edit = { .keeps_rows = rows == NULL, .deleted = &deleted, .deleted_count = rows != NULL };
	struct iceberg_change_set changes;
	struct err e = ERR_INIT;
	enum commit_result result;
	struct catalog *c;
	struct draft *draft;
	struct live live;
	int64_t ids[8];

	snprintf(uri, sizeof(uri), "file://%s", scratch_path(&w->folder, "orders"));
	must(catalog_open(&c, &settings, &e), &e);
	must(catalog_load(c, &base, &e), &e);
	must(live_load(&live, &places, base.metadata->current, &e), &e);
	while (rows != NULL && strstr(live.files[deleted.file].path, "/file1.parquet") == NULL)
		deleted.file++;
	if (rows != NULL) { /* beside the list that is there, as Spark may */
		memory_free(live.files[deleted.file].deletes.path);
		live.files[deleted.file].deletes.path = NULL;
	}
	edit.schema = base.metadata->schema.columns;
	edit.schema_id = base.metadata->schema.id;
	must(draft_write(&draft, &places, base.metadata, &live, &edit, 1800000000000, &e), &e);
	iceberg_change_set_init(&changes, base.metadata);
	changes.snapshot = draft_snapshot(draft);
	for (; expires && changes.expired_count < base.metadata->snapshot_count; changes.expired_count++)
		ids[changes.expired_count] = base.metadata->by_id[changes.expired_count]->id;
	changes.expired = ids;
	must(catalog_commit(c, &base, &changes, &made, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	draft_free(draft);
	live_release(&live);
	catalog_version_release(&base);
	catalog_version_release(&made);
	catalog_close(c);
}

static void what_was_committed_is_there_when_it_is_opened_again(void **state)
{
	struct world *w = *state;
	struct table *t = make_table(w->store);
	struct err e = ERR_INIT;
	struct row_set *rows;

	for (int n = 1; n <= 3; n++)
		commit(t, n);
	for (int i = 0; i < 2; i++) {
		assert_has(t, 3);
		assert_int_equal(table_snapshot(t)->version, 3);
		must(table_read_dv(t, (uint32_t)table_find_file(t, "file1.parquet"), &rows, &e), &e);
		assert_int_equal(row_set_count(rows), 50);
		row_set_free(rows);
		table_close(t);
		t = open_table(w->store);
	}
	table_close(t);
}

static void versions_are_told_by_their_sequence_numbers(void **state)
{
	struct world *w = *state;
	struct table *t = make_table(w->store), *old;
	struct history_entry *entries;
	struct err e = ERR_INIT;
	uint32_t count;

	commit(t, 1);
	commit(t, 2);
	must(table_open_read(&old, w->store, 1, &e), &e);
	assert_has(old, 1);
	assert_int_equal(table_snapshot(old)->files[0].dead_count, 0);
	table_close(old);
	assert_int_equal(table_open_read(&old, w->store, 9, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	e = (struct err)ERR_INIT;
	commit_as_another(w, false, NULL);
	must(table_open_read(&old, w->store, -1, &e), &e);
	must(table_history(old, 9, &entries, &count, &e), &e);
	assert_int_equal(count, 3);
	assert_false(entries[0].is_ours || entries[0].changes_rows);
	assert_true(entries[1].is_ours && entries[1].rows_in == 7 && entries[1].source_time_us == 1700000000000000);
	assert_string_equal(entries[1].operation, "MERGE");
	table_history_free(entries, count);
	table_close(old);
	table_close(t);
}

static void of_two_writers_one_is_told_that_it_lost(void **state)
{
	struct world *w = *state;
	struct table *a = make_table(w->store), *b = open_table(w->store);
	enum commit_result result;
	struct err e = ERR_INIT;
	bool changed;

	commit(a, 1);
	must(try_commit(b, 1, &result, &e), &e);
	assert_int_equal(result, COMMIT_LOST);
	assert_int_equal(table_snapshot(b)->version, 0);
	must(table_refresh(b, &changed, &e), &e);
	assert_true(changed);
	must(table_refresh(b, &changed, &e), &e);
	assert_false(changed);
	commit(b, 2);
	assert_has(b, 2);
	table_close(a);
	table_close(b);
}

static void somebody_elses_snapshot_is_never_overwritten(void **state)
{
	struct world *w = *state;
	struct table *t = make_table(w->store);
	enum commit_result result;
	struct err e = ERR_INIT;
	bool changed;

	commit(t, 1);
	commit_as_another(w, false, NULL);
	must(try_commit(t, 2, &result, &e), &e);
	assert_int_equal(result, COMMIT_LOST);
	must(table_refresh(t, &changed, &e), &e);
	commit(t, 2);
	assert_int_equal(table_snapshot(t)->version, 3);
	assert_has(t, 2);
	table_close(t);
}

static void a_position_outlives_the_snapshot_that_it_came_with(void **state)
{
	struct world *w = *state;
	struct table *t = make_table(w->store);

	commit(t, 1);
	commit(t, 2);
	table_close(t);
	commit_as_another(w, true, NULL);
	t = open_table(w->store);
	assert_has(t, 2);
	commit(t, 3);
	assert_has(t, 3);
	table_close(t);
}

static uint32_t slot_of_file1(const struct table *t)
{
	return (uint32_t)table_find_file(t, "file1.parquet");
}

/* The rows of file 1 that are dead, by the snapshot and by their lists. */
static void assert_dead(struct table *t, uint32_t count)
{
	struct err e = ERR_INIT;
	struct row_set *rows;

	assert_int_equal(table_snapshot(t)->files[slot_of_file1(t)].dead_count, count);
	must(table_read_dv(t, slot_of_file1(t), &rows, &e), &e);
	assert_int_equal(row_set_count(rows), count);
	row_set_free(rows);
}

static void deletes_of_others_beside_ours_are_joined(void **state)
{
	struct world *w = *state;
	struct row_set *theirs = delta_table_rows(40, 20), *all = delta_table_rows(0, 70);
	struct dv_update update = { 0, all };
	const struct prepared_commit p = { .operation = "MERGE", .dvs = &update, .dv_count = 1 };
	enum commit_result result;
	struct err e = ERR_INIT;
	struct table *t;

	format_version = 2;
	t = make_table(w->store);
	commit(t, 1);
	commit(t, 2);
	table_close(t);
	commit_as_another(w, false, theirs);
	t = open_table(w->store);
	assert_dead(t, 60);
	commit(t, 3);
	assert_dead(t, 60);
	update.slot = slot_of_file1(t);
	must(table_commit(t, &p, &result, &e), &e);
	assert_dead(t, 70);
	table_close(t);
	t = open_table(w->store);
	assert_dead(t, 70);
	table_close(t);
	row_set_free(theirs);
	row_set_free(all);
}

/* Each call of a commit fails in each way: what the table says then is what we were told, and the next start goes on from it. */
static void after_any_fault_the_table_is_before_or_behind_the_commit(void **state)
{
	struct world *w = *state;
	struct table *t = make_table(w->store);
	int commits = 0;

	table_close(t);
	for (int fault = FAULT_IO; fault < FAULTS; fault++) {
		for (int at = 1; at < 40; at++) {
			enum commit_result result = COMMIT_LOST;
			struct err e = ERR_INIT;
			bool reached;
			int rc;

			t = open_table(&w->faults.store);
			fault_store_arm(&w->faults, (enum fault)fault, at);
			rc = try_commit(t, commits + 1, &result, &e);
			reached = w->faults.calls >= at;
			fault_store_arm(&w->faults, FAULT_NONE, 0);
			table_close(t);
			t = open_table(w->store);
			assert_true(table_snapshot(t)->txn_version == commits ||
				    (table_snapshot(t)->txn_version == commits + 1 && (rc < 0 || result == COMMIT_DONE)));
			if (rc == 0)
				assert_int_equal(table_snapshot(t)->txn_version, commits + (result == COMMIT_DONE));
			commits = (int)table_snapshot(t)->txn_version;
			assert_has(t, commits);
			table_close(t);
			if (!reached)
				break;
		}
	}
	assert_true(commits > 6);
}

static void assert_refused(struct world *w, const char *app_id, const char *why)
{
	struct err e = ERR_INIT;
	struct table *t;

	assert_int_equal(try_open(&t, w->store, app_id, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, why));
}

static void a_table_of_somebody_else_is_refused(void **state)
{
	struct world *w = *state;
	enum put_result put;
	struct err e = ERR_INIT;
	struct table *t = make_table(w->store), *delta;

	table_close(t);
	assert_refused(w, "tailrace/other/shop.orders", "is kept by the pipeline");
	assert_int_equal(table_open(&delta, w->store, APP, &e), -1);
	assert_non_null(strstr(e.text, "an Iceberg table is there"));
	must(store_put(w->store, "_delta_log/00000000000000000000.json", bytes_of_text("{}"), true, &put, &e), &e);
	assert_refused(w, APP, "beside each other");
	must(store_remove(w->store, "metadata/v1.metadata.json", &e), &e);
	assert_refused(w, APP, "a Delta table is there");
}

static void a_moved_folder_is_refused(void **state)
{
	struct world *w = *state;
	struct err e = ERR_INIT;
	struct table *t = make_table(w->store);
	char moved[600];

	commit(t, 1);
	table_close(t);
	store_close(w->store);
	snprintf(moved, sizeof(moved), "%s", scratch_path(&w->folder, "moved"));
	assert_int_equal(rename(scratch_path(&w->folder, "orders"), moved), 0);
	w->store = store_open_directory(moved, false, &e);
	must(w->store != NULL ? 0 : -1, &e);
	assert_refused(w, APP, "moved");
	assert_int_equal(table_open_read(&t, w->store, -1, &e), -1);
	assert_non_null(strstr(e.text, "moved"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_committed_is_there_when_it_is_opened_again),
		TEST(versions_are_told_by_their_sequence_numbers),
		TEST(of_two_writers_one_is_told_that_it_lost),
		TEST(somebody_elses_snapshot_is_never_overwritten),
		TEST(a_position_outlives_the_snapshot_that_it_came_with),
		TEST(deletes_of_others_beside_ours_are_joined),
		TEST(after_any_fault_the_table_is_before_or_behind_the_commit),
		TEST(a_table_of_somebody_else_is_refused),
		TEST(a_moved_folder_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
