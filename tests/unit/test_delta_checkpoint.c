/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: written when due, read back to the same state, damaged ones passed over or
 * refused; the log's clean-up.
 */
#include <utime.h>

#include "base/clock.h"
#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/test_lake.h"
#include "lib/test.h"
#include "table/delta/checkpoint.h"
#include "table/delta/log_clean.h"

static void remove_entries(struct test_lake *l, int64_t first, int64_t last)
{
	struct err e = ERR_INIT;
	char key[LOG_KEY_BYTES_MAX];

	for (int64_t v = first; v <= last; v++) {
		log_entry_key(key, v);
		must(store_remove(l->store, key, &e), &e);
	}
}

/* A table with all that a checkpoint can hold, at version 3. */
static struct table *make_rich(struct test_lake *l)
{
	struct table *d = delta_table_make(l->store);
	struct row_set *rows = delta_table_rows(1, 5), *all = delta_table_rows(0, 100);
	struct dv_update updates[] = { { 1, rows }, { 2, all } };
	struct prepared_commit p = { .operation = "MERGE", .dvs = updates, .dv_count = 2,
				     .position = "{\"at\":2}" };
	enum commit_result result;
	struct err e = ERR_INIT;

	delta_table_add(d, "a", 3, 1);
	must(table_commit(d, &p, &result, &e), &e);
	delta_table_add(d, "b", 1, 3);
	row_set_free(rows);
	row_set_free(all);
	return d;
}

static void assert_rich(struct table *d)
{
	const struct snapshot *s = table_snapshot(d);
	struct schema *schema = delta_table_schema();
	struct row_set *rows = NULL;
	struct err e = ERR_INIT;

	assert_int_equal(s->version, 3);
	assert_int_equal(s->txn_version, 3);
	assert_int_equal(s->file_count, 3);
	assert_string_equal(s->position, "{\"at\":3}");
	assert_string_equal(s->source_name, "mysql://db/shop");
	assert_true(schema_equal(s->schema, schema));
	assert_int_equal(s->files[table_find_file(d, "b0.parquet")].row_count, 100);
	must(table_read_dv(d, (uint32_t)table_find_file(d, "a1.parquet"), &rows, &e), &e);
	assert_int_equal(row_set_count(rows), 5);
	assert_int_equal(delta_of(d)->state.tombstone_count, 2);
	row_set_free(rows);
	schema_release(schema);
}

static void a_checkpoint_reads_back_to_the_same_state(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);
	struct err e = ERR_INIT;

	assert_rich(d);
	must(checkpoint_write(delta_of(d), &e), &e);
	assert_rich(d);
	table_close(d);
	remove_entries(l, 0, 2); /* now only the checkpoint tells */
	d = delta_table_open(l->store);
	assert_rich(d);
	assert_int_equal(delta_of(d)->checkpoint_version, 3);
	table_close(d);
	remove_entries(l, 3, 3); /* and the side copy the position */
	d = delta_table_open(l->store);
	assert_rich(d);
	table_close(d);
}

/* The loser of a race wrote its own over the winner's, and was killed before it could mend that. */
static void a_side_copy_of_a_commit_that_lost_is_mended_behind_a_checkpoint_too(void **state)
{
	static const char lost[] = "{\"appId\":\"" TEST_APP "\",\"version\":1,\"txnId\":\"other\","
				   "\"invalidValues\":0,\"position\":{\"at\":9}}";
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct err e = ERR_INIT;

	delta_table_add(d, "a", 1, 5);
	must(checkpoint_write(delta_of(d), &e), &e);
	table_close(d);
	scratch_write(&l->folder, "_tailrace/positions/00000000000000000001.json", lost, sizeof(lost) - 1);
	d = delta_table_open(l->store);
	assert_string_equal(table_snapshot(d)->position, "{\"at\":5}");
	table_close(d);
}

static void a_checkpoint_of_another_writer_counts(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store), *other;
	struct err e = ERR_INIT;
	bool changed;

	other = delta_table_open(l->store);
	delta_table_add(d, "a", 1, 5);
	must(table_refresh(other, &changed, &e), &e);
	must(checkpoint_write(delta_of(d), &e), &e);
	delta_table_add(d, "b", 1, 6);
	must(table_refresh(other, &changed, &e), &e);
	assert_true(changed);
	assert_int_equal(table_snapshot(other)->version, 2);
	assert_int_equal(delta_of(other)->checkpoint_version, 1);
	assert_int_equal(delta_of(other)->entry_bytes, 0);
	table_close(other);
	table_close(d);
}

static void whose_a_file_is_stays_known(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct data_file file = delta_table_file("a.parquet", 100);
	struct row_set *three = delta_table_rows(5, 3);
	struct dv_update update = { 0, three };
	enum commit_result result;
	struct err e = ERR_INIT;

	must(table_commit(d, &(struct prepared_commit){ .operation = "MERGE", .added = &file, .added_count = 1,
							.tag = "one of \"two\"" }, &result, &e), &e);
	must(table_commit(d, &(struct prepared_commit){ .operation = "MERGE", .dvs = &update, .dv_count = 1 }, &result, &e), &e);
	delta_table_add(d, "b", 1, 1);
	must(checkpoint_write(delta_of(d), &e), &e);
	table_close(d);
	d = delta_table_open(l->store);
	assert_string_equal(table_snapshot(d)->files[0].tag, "one of \"two\"");
	assert_null(table_snapshot(d)->files[1].tag);
	row_set_free(three);
	table_close(d);
}

static void a_stale_or_wrong_hint_does_no_harm(void **state)
{
	static const char *const hints[] = { "{\"version\":2}",
					     "{\"version\":99,\"size\":1}", "garbage",
					     "" };
	struct test_lake *l = *state;
	struct table *d = make_rich(l);
	enum put_result result;
	struct err e = ERR_INIT;

	must(checkpoint_write(delta_of(d), &e), &e);
	table_close(d);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		struct bytes hint = bytes_of_text(hints[i]);

		must(store_put(l->store, "_delta_log/_last_checkpoint", hint, false,
			       &result, &e),
		     &e);
		d = delta_table_open(l->store);
		assert_rich(d);
		table_close(d);
	}
	must(store_remove(l->store, "_delta_log/_last_checkpoint", &e), &e);
	d = delta_table_open(l->store);
	assert_rich(d);
	table_close(d);
}

/* Opens the table with each cut of the checkpoint 3; `check` sees what came of it. */
static void cut_checkpoint(struct test_lake *l, void (*check)(struct table *d, const struct err *e))
{
	static const char name[] = "_delta_log/00000000000000000003.checkpoint.parquet";
	size_t size;
	char *text = scratch_read(&l->folder, name, &size);

	for (size_t cut = 0; cut < size; cut += 1 + size / 200) {
		struct err e = ERR_INIT;
		struct table *d = NULL;

		scratch_write(&l->folder, name, text, cut);
		if (delta_open(&d, l->store, TEST_APP, &e) < 0)
			assert_non_null(strstr(e.text, name));
		check(d, &e);
		table_close(d);
	}
	memory_free(text);
}

static void assert_refused(struct table *d, const struct err *e)
{
	assert_null(d);
	assert_int_equal(e->kind, ERR_DATA);
	assert_non_null(strstr(e->text, "restore a file from a backup"));
}

static void a_damaged_checkpoint_without_the_log_behind_it_is_refused(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);
	struct err e = ERR_INIT;

	must(checkpoint_write(delta_of(d), &e), &e);
	table_close(d);
	remove_entries(l, 0, 1);
	cut_checkpoint(l, assert_refused);
	remove_entries(l, 2, 3); /* nothing but the checkpoint: not a folder without a table */
	cut_checkpoint(l, assert_refused);
}

static void assert_passed_over(struct table *d, const struct err *e)
{
	if (d == NULL)
		fail_msg("%s", e->text);
	assert_rich(d);
	assert_non_null(strstr(table_warning(d), "3.checkpoint.parquet\" is damaged"));
}

static void a_damaged_checkpoint_is_passed_over_while_the_log_reaches_back(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);
	struct err e = ERR_INIT;

	must(checkpoint_write(delta_of(d), &e), &e);
	table_close(d);
	cut_checkpoint(l, assert_passed_over);
	d = delta_table_open(l->store);
	must(checkpoint_write(delta_of(d), &e), &e); /* the next one mends it */
	table_close(d);
	d = delta_table_open(l->store);
	assert_rich(d);
	assert_null(table_warning(d));
	table_close(d);
}

static void of_two_damaged_checkpoints_both_are_passed_over(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct err e = ERR_INIT;

	for (int v = 1; v <= 6; v++) {
		delta_table_add(d, v < 6 ? "" : "x", v < 6 ? 0 : 1, v);
		if (v % 2 == 0)
			must(checkpoint_write(delta_of(d), &e), &e);
	}
	table_close(d);
	scratch_write(&l->folder, "_delta_log/00000000000000000006.checkpoint.parquet", "", 0);
	scratch_write(&l->folder, "_delta_log/00000000000000000004.checkpoint.parquet", "PAR1", 4);
	remove_entries(l, 0, 2); /* the one of 2 is good */
	d = delta_table_open(l->store);
	assert_int_equal(table_snapshot(d)->version, 6);
	assert_int_equal(table_snapshot(d)->file_count, 1);
	assert_non_null(strstr(table_warning(d), "6.checkpoint.parquet"));
	table_close(d);
}

static void an_earlier_version_is_read_past_a_checkpoint(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);
	struct err e = ERR_INIT;

	must(checkpoint_write(delta_of(d), &e), &e);
	delta_table_add(d, "c", 1, 4);
	table_close(d);
	must(delta_open_read(&d, l->store, 1, &e), &e);
	assert_int_equal(table_snapshot(d)->file_count, 3);
	table_close(d);
	must(delta_open_read(&d, l->store, 4, &e), &e);
	assert_int_equal(table_snapshot(d)->file_count, 4);
	table_close(d);
	remove_entries(l, 0, 2);
	assert_int_equal(delta_open_read(&d, l->store, 1, &e), -1);
}

static void many_bytes_of_log_make_a_checkpoint_due(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);

	for (int i = 1; delta_of(d)->checkpoint_version < 0 && i < 20; i++) {
		char prefix[16];

		snprintf(prefix, sizeof(prefix), "p%d_", i);
		delta_table_add(d, prefix, 1000, i);
		assert_null(table_warning(d));
	}
	assert_true(delta_of(d)->checkpoint_version > 1 && delta_of(d)->checkpoint_version < 19);
	assert_int_equal(scratch_count(&l->folder, "_delta_log", "_last_checkpoint"), 1);
	table_close(d);
	d = delta_table_open(l->store);
	assert_int_equal(table_snapshot(d)->file_count,
			 1000 * table_snapshot(d)->version);
	assert_int_equal(delta_of(d)->entry_bytes, 0);
	table_close(d);
}

static void tombstones_leave_when_they_expire_or_the_file_comes_back(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);

	assert_int_equal(delta_of(d)->state.tombstone_count, 2);
	state_expire_tombstones(&delta_of(d)->state, clock_now_us() / 1000 - 60000);
	assert_int_equal(delta_of(d)->state.tombstone_count, 2);
	state_expire_tombstones(&delta_of(d)->state, clock_now_us() / 1000 + 60000);
	assert_int_equal(delta_of(d)->state.tombstone_count, 0);
	table_close(d);
}

static void age(struct test_lake *l, int64_t version, int days)
{
	time_t t = (time_t)(clock_now_us() / 1000000 - days * 86400);
	struct utimbuf times = { t, t };
	char key[LOG_KEY_BYTES_MAX];

	log_entry_key(key, version);
	utime(scratch_path(&l->folder, key), &times);
}

static void the_log_is_kept_from_the_last_old_checkpoint_on(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	struct err e = ERR_INIT;

	for (int v = 1; v < 10; v++) {
		delta_table_add(d, v < 9 ? "" : "x", v < 9 ? 0 : 1, v);
		if (v == 3 || v == 5 || v == 8)
			must(checkpoint_write(delta_of(d), &e), &e);
	}
	must(log_clean(delta_of(d), &e), &e);
	assert_int_equal(scratch_count(&l->folder, "_delta_log", "0"), 13);
	for (int v = 0; v < 7; v++)
		age(l, v, 31);
	must(log_clean(delta_of(d), &e), &e); /* entries 5..9, checkpoints 5 and 8 */
	assert_int_equal(scratch_count(&l->folder, "_delta_log", "0"), 7);
	assert_int_equal(scratch_count(&l->folder, "_delta_log", "00000000000000000005."),
			 2);
	table_close(d);
	must(delta_open_read(&d, l->store, 6, &e), &e);
	table_close(d);
	d = delta_table_open(l->store);
	assert_int_equal(table_snapshot(d)->version, 9);
	assert_int_equal(table_snapshot(d)->file_count, 1);
	table_close(d);
}

static void retention_follows_the_tables_settings(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = { { "interval 2 days", 172800000 },
		      { "interval 1 week", 604800000 },
		      { "interval 36 hours", 129600000 } };
	struct text_pair pair = { "delta.logRetentionDuration", NULL };
	struct state s = { .metadata.configuration = { &pair, 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pair.value = cases[i].text;
		assert_true(log_retention_ms(&s, RETENTION_LOG) == cases[i].ms);
	}
	assert_true(log_retention_ms(&s, RETENTION_REMOVES) == 604800000);
	pair.value = "a while"; /* not understood: everything is kept */
	assert_true(log_retention_ms(&s, RETENTION_LOG) > 1000000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAKE_TEST(a_checkpoint_reads_back_to_the_same_state),
		LAKE_TEST(a_side_copy_of_a_commit_that_lost_is_mended_behind_a_checkpoint_too),
		LAKE_TEST(a_checkpoint_of_another_writer_counts),
		LAKE_TEST(whose_a_file_is_stays_known),
		LAKE_TEST(a_stale_or_wrong_hint_does_no_harm),
		LAKE_TEST(a_damaged_checkpoint_without_the_log_behind_it_is_refused),
		LAKE_TEST(a_damaged_checkpoint_is_passed_over_while_the_log_reaches_back),
		LAKE_TEST(of_two_damaged_checkpoints_both_are_passed_over),
		LAKE_TEST(an_earlier_version_is_read_past_a_checkpoint),
		LAKE_TEST(many_bytes_of_log_make_a_checkpoint_due),
		LAKE_TEST(tombstones_leave_when_they_expire_or_the_file_comes_back),
		LAKE_TEST(the_log_is_kept_from_the_last_old_checkpoint_on),
		cmocka_unit_test(retention_follows_the_tables_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
