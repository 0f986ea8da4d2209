/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in any order, twice, in batches cut anywhere, with restarts between: the table is what their newest ones say. A
 * case is the life of one key; EVENT_CASES says how many are tried in each format. A failure is shrunk to the steps that it needs.
 */
#include "lib/test.h"

#include <unistd.h>

#include "base/memory.h"
#include "lib/event_steps.h"
#include "lib/merge_table.h"

static int64_t value_of(const struct event *v)
{
	return v->rank & 0xff;
}

static struct schema *make_schema(void)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "value", TYPE_LONG, true);
	schema_add(s, "_event_time", TYPE_TIMESTAMP, true);
	schema_add(s, "_event_rank", TYPE_LONG, true);
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	schema_set_order(s, (uint32_t[]){ 2, 3 }, 2);
	return s;
}

static void add_event(struct batch *b, const struct event *v)
{
	const bool is_delete = event_action(v) == EVENT_DELETE;
	const uint8_t present = 1 | 4 | 8;
	struct columns row;

	columns_init(&row, b->schema);
	column_add_int64(&row.columns[0], v->key);
	if (is_delete)
		column_set_null(&row.columns[1]);
	else
		column_add_int64(&row.columns[1], value_of(v));
	column_add_int64(&row.columns[2], v->time_us);
	column_add_int64(&row.columns[3], v->rank);
	columns_end_row(&row);
	batch_add(b, &(struct rows){ .op = is_delete ? OP_DELETE : OP_INSERT, .count = 1,
				     .before = is_delete ? &row : NULL, .before_present = is_delete ? &present : NULL,
				     .after = is_delete ? NULL : &row });
	columns_release(&row);
}

struct run {
	struct merge_table base;
	struct batch *batch;
	char index[160];
	int64_t horizon_us;
	bool has_old_index;
	int commits;
};

static void open_table(struct run *r)
{
	merge_table_open(&r->base);
	merge_set_horizon(r->base.merge, r->horizon_us);
	r->batch = batch_new(r->base.schema);
}

static void close_table(struct run *r)
{
	batch_free(r->batch); /* what was not committed comes again */
	merge_table_close(&r->base);
}

static void begin(struct run *r, int64_t horizon_us)
{
	*r = (struct run){ .horizon_us = horizon_us };
	merge_table_make_of(&r->base, make_schema());
	snprintf(r->index, sizeof(r->index), "%s", scratch_path(&r->base.folder, "index"));
	open_table(r);
}

static void end(struct run *r)
{
	close_table(r);
	merge_table_remove(&r->base);
}

static void commit(struct run *r)
{
	struct err e = ERR_INIT;

	must(merge_table_commit(&r->base, r->batch, ++r->commits, &e), &e);
	r->batch = batch_new(r->base.schema);
}

static void copy_index(const struct run *r, const char *from, const char *to)
{
	char command[1000];

	snprintf(command, sizeof(command), "cp '%s%s' '%s%s' && cp '%s.files%s' '%s.files%s'", r->index, from, r->index, to,
		 r->index, from, r->index, to);
	assert_int_equal(system(command), 0);
}

static void restart(struct run *r, enum step_kind kind)
{
	commit(r);
	close_table(r);
	if (kind == STEP_RESTART_WITHOUT_INDEX)
		unlink(r->index);
	else if (kind == STEP_KEEP_INDEX)
		copy_index(r, "", ".old");
	else if (kind == STEP_RESTART_WITH_OLD_INDEX && r->has_old_index)
		copy_index(r, ".old", "");
	r->has_old_index |= kind == STEP_KEEP_INDEX;
	open_table(r);
}

static void take(struct run *r, const struct step *s)
{
	if (s->kind == STEP_EVENT)
		add_event(r->batch, &s->event);
	else if (s->kind == STEP_COMMIT)
		commit(r);
	else
		restart(r, s->kind);
}

/* The value of each key of the table, -1: not there; a key that is there twice has -2. */
static void read_values(struct run *r, int64_t *values)
{
	for (int64_t key = 0; key < RUN_KEYS; key++)
		values[key] = -1;
	for (uint32_t slot = 0; slot < table_snapshot(r->base.table)->file_count; slot++) {
		struct row_set *dead;
		struct columns rows;

		merge_table_read(&rows, &dead, &r->base, slot);
		for (uint32_t i = 0; i < rows.row_count; i++) {
			int64_t key = column_int64(&rows.columns[0], i);

			if (!row_set_has(dead, i))
				values[key] = values[key] == -1 ? column_int64(&rows.columns[1], i) : -2;
		}
		columns_release(&rows);
		row_set_free(dead);
	}
}

/* What the key's newest event says. */
static int64_t model_of(const struct steps *s, int64_t key)
{
	const struct event *newest = NULL;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct step *step = &s->list[i];

		if (step->kind == STEP_EVENT && step->event.key == key && (newest == NULL || event_is_newer(&step->event, newest)))
			newest = &step->event;
	}
	return newest == NULL || event_action(newest) == EVENT_DELETE ? -1 : value_of(newest);
}

/* Runs the steps; the first key whose row is wrong, or -1. */
static int64_t try_steps(const struct steps *s)
{
	int64_t values[RUN_KEYS], wrong = -1;
	struct run r;

	begin(&r, INT64_MAX);
	for (uint32_t i = 0; i < s->count; i++)
		take(&r, &s->list[i]);
	commit(&r);
	read_values(&r, values);
	for (int64_t key = 0; key < RUN_KEYS && wrong < 0; key++)
		wrong = values[key] != model_of(s, key) ? key : -1;
	end(&r);
	return wrong;
}

static void show(const struct event *v, struct buffer *out)
{
	static const char *const actions[] = { "insert", "update", "delete" };

	buffer_format(out, "%s, value %lld", actions[event_action(v)], (long long)value_of(v));
}

static struct event random_event(int64_t key)
{
	int64_t action = random() % 3;

	return (struct event){
		.key = key,
		.time_us = event_random_time(),
		.rank = action << EVENT_ACTION_SHIFT | (action == EVENT_DELETE ? 0 : random() % 5),
	};
}

static void any_order_and_any_batches_give_the_same_table(void **state)
{
	(void)state;
	steps_run(merge_table_iceberg > 0 ? RUN_KEYS : 2 * RUN_KEYS, random_event, STEP_CRASH, try_steps, show);
}

static void put(struct run *r, enum event_action action, int64_t key, int64_t time_us, int64_t value)
{
	add_event(r->batch, &(struct event){ .key = key, .time_us = time_us, .rank = (int64_t)action << EVENT_ACTION_SHIFT | value });
}

static void assert_value(struct run *r, int64_t key, int64_t value)
{
	int64_t values[RUN_KEYS];

	read_values(r, values);
	assert_int_equal(values[key], value);
}

static void assert_order(const struct run *r, const char *expected)
{
	const char *position = table_snapshot(r->base.table)->position;

	if (strstr(position, expected) == NULL)
		fail_msg("%s is not in %s", expected, position);
}

static void a_deleted_row_does_not_come_back_with_an_index_made_anew(void **state)
{
	struct run r;

	(void)state;
	begin(&r, INT64_MAX);
	put(&r, EVENT_INSERT, 1, 10, 1);
	commit(&r);
	put(&r, EVENT_DELETE, 1, 20, 0);
	restart(&r, STEP_RESTART_WITHOUT_INDEX);
	put(&r, EVENT_UPDATE, 1, 15, 2);
	put(&r, EVENT_DELETE, 2, 30, 0); /* of a row that was never seen */
	restart(&r, STEP_RESTART_WITHOUT_INDEX);
	put(&r, EVENT_INSERT, 2, 29, 3);
	commit(&r);
	assert_value(&r, 1, -1);
	assert_value(&r, 2, -1);
	assert_order(&r, "\"watermark\":30,\"horizon\":null,\"late\":0,\"stale\":2,\"duplicates\":0");
	end(&r);
}

static void what_came_twice_and_what_came_behind_a_newer_one_is_counted(void **state)
{
	struct run r;

	(void)state;
	begin(&r, INT64_MAX);
	put(&r, EVENT_INSERT, 1, 10, 1);
	put(&r, EVENT_INSERT, 1, 10, 1);
	put(&r, EVENT_INSERT, 1, 9, 1);
	commit(&r);
	put(&r, EVENT_INSERT, 1, 10, 1);
	put(&r, EVENT_UPDATE, 1, 8, 1);
	restart(&r, STEP_RESTART);
	put(&r, EVENT_DELETE, 1, 10, 0);
	commit(&r);
	assert_value(&r, 1, -1);
	assert_order(&r, "\"late\":0,\"stale\":2,\"duplicates\":2");
	end(&r);
}

static void what_is_counted_is_the_same_wherever_batches_end(void **state)
{
	static const int64_t times[] = { 10, 20, 30, 25, 25, 30, 40, 15, 40 }; /* stale: 25, 25, 15 */
	struct run r;

	(void)state;
	for (uint32_t size = 1; size <= sizeof(times) / sizeof(times[0]); size++) {
		begin(&r, INT64_MAX);
		for (uint32_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
			put(&r, EVENT_INSERT, 1, times[i], 1);
			if ((i + 1) % size == 0)
				commit(&r);
		}
		commit(&r);
		assert_order(&r, "\"late\":0,\"stale\":3,\"duplicates\":2");
		end(&r);
	}
}

static void an_event_behind_the_horizon_is_late_wherever_batches_end(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 100);
	put(&r, EVENT_INSERT, 1, 900, 1);
	put(&r, EVENT_INSERT, 2, 1000, 1);
	put(&r, EVENT_UPDATE, 1, 899, 2);
	put(&r, EVENT_INSERT, 3, 900, 3); /* on the edge */
	put(&r, EVENT_INSERT, 4, 899, 4); /* before it */
	commit(&r);
	put(&r, EVENT_INSERT, 5, 899, 5);
	put(&r, EVENT_INSERT, 6, 1001, 6);
	put(&r, EVENT_INSERT, 7, 900, 7);
	commit(&r);
	assert_value(&r, 1, 1);
	assert_value(&r, 3, 3);
	assert_value(&r, 4, -1);
	assert_value(&r, 5, -1);
	assert_value(&r, 7, -1);
	assert_order(&r, "\"watermark\":1001,\"horizon\":100,\"late\":4,\"stale\":0");
	end(&r);
}

static void what_was_late_stays_late_under_a_longer_horizon(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 100);
	put(&r, EVENT_INSERT, 1, 900, 1);
	commit(&r);
	put(&r, EVENT_DELETE, 1, 1000, 0);
	commit(&r);
	put(&r, EVENT_INSERT, 2, 2000, 2); /* the tombstone is gone */
	commit(&r);
	r.horizon_us = 100000;
	restart(&r, STEP_RESTART_WITHOUT_INDEX);
	restart(&r, STEP_RESTART_WITHOUT_INDEX);
	put(&r, EVENT_INSERT, 1, 900, 1);
	put(&r, EVENT_INSERT, 3, 1900, 3);
	commit(&r);
	assert_value(&r, 1, -1);
	assert_value(&r, 3, 3);
	assert_order(&r, "\"horizon\":100000,\"late\":1,\"stale\":0,\"duplicates\":0,\"edge\":1900");
	end(&r);
}

static uint32_t count_tombstone_files(struct run *r)
{
	struct store_list files;
	struct err e = ERR_INIT;
	uint32_t count;

	must(store_list(r->base.store, "_tailrace/tombstones", NULL, &files, &e), &e);
	count = (uint32_t)files.count;
	store_list_release(&files);
	return count;
}

static void tombstones_take_few_files_and_leave_with_the_horizon(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 1000);
	for (int64_t i = 0; i < 100; i++) {
		put(&r, EVENT_DELETE, i, i, 0);
		commit(&r);
	}
	assert_in_range(count_tombstone_files(&r), 1, 12);
	for (int64_t i = 0; i < 3; i++) {
		put(&r, EVENT_INSERT, 150, 5000 + i, 1);
		commit(&r);
	}
	assert_int_equal(count_tombstone_files(&r), 0);
	assert_order(&r, "\"tombstones\":[]");
	end(&r);
}

/* Opens the table again when its tombstone files are a day old. */
static void restart_a_day_later(struct run *r)
{
	char *folder = r->base.store->ops->local_path(r->base.store, "_tailrace/tombstones");
	char command[400];

	snprintf(command, sizeof(command), "touch -d '25 hours ago' '%s'/*.parquet", folder);
	assert_int_equal(system(command), 0);
	memory_free(folder);
	close_table(r);
	unlink(r->index);
	open_table(r);
}

static void what_no_commit_names_of_tombstones_goes_a_day_later(void **state)
{
	struct run r;

	(void)state;
	begin(&r, INT64_MAX);
	put(&r, EVENT_DELETE, 1, 10, 0);
	commit(&r);
	put(&r, EVENT_DELETE, 2, 20, 0);
	restart(&r, STEP_RESTART); /* what the first commit named is in the second one's file as well, and stays there */
	assert_int_equal(count_tombstone_files(&r), 2);
	restart_a_day_later(&r);
	assert_int_equal(count_tombstone_files(&r), 1);
	put(&r, EVENT_INSERT, 1, 9, 1);
	put(&r, EVENT_INSERT, 2, 19, 1);
	commit(&r);
	assert_value(&r, 1, -1);
	assert_value(&r, 2, -1);
	end(&r);
}

static void tombstones_that_are_lost_are_missed(void **state)
{
	struct store_list files;
	struct err e = ERR_INIT;
	struct merge *m;
	struct run r;

	(void)state;
	begin(&r, INT64_MAX);
	put(&r, EVENT_DELETE, 1, 10, 0);
	commit(&r);
	merge_close(r.base.merge);
	r.base.merge = NULL;
	unlink(r.index);
	must(store_list(r.base.store, "_tailrace/tombstones", NULL, &files, &e), &e);
	must(store_remove(r.base.store, files.objects[0].key, &e), &e);
	store_list_release(&files);
	assert_int_equal(merge_open(&m, r.base.store, r.base.table, r.base.schema, r.index, NULL, &e), -1);
	assert_non_null(strstr(e.text, "if a file is lost, move the lake table away and run again"));
	end(&r);
}

static void tombstones_of_many_blocks_are_written_together(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 1000000);
	for (int64_t i = 0; i < 70000; i++)
		put(&r, EVENT_DELETE, i, i, 0);
	commit(&r);
	for (int64_t i = 70000; i < 140000; i++)
		put(&r, EVENT_DELETE, i, i, 0);
	put(&r, EVENT_INSERT, 150000, 1069000, 1); /* the first 69000 are past the horizon */
	restart(&r, STEP_RESTART_WITHOUT_INDEX);
	assert_order(&r, "\"rows\":71000,\"newest\":139999}]");
	put(&r, EVENT_INSERT, 69000, 69000, 1);
	put(&r, EVENT_INSERT, 139999, 139998, 1);
	commit(&r);
	assert_order(&r, "\"late\":0,\"stale\":2");
	put(&r, EVENT_DELETE, 1, 69000, 1);
	put(&r, EVENT_INSERT, 150000, 9000000, 1);
	commit(&r);
	assert_order(&r, "\"tombstones\":[]");
	restart(&r, STEP_RESTART_WITHOUT_INDEX);
	end(&r);
}

static void a_truncate_and_rows_with_some_columns_only_are_refused(void **state)
{
	const uint8_t present = 1 | 4 | 8;
	struct err e = ERR_INIT;
	struct columns row;
	struct run r;

	(void)state;
	begin(&r, INT64_MAX);
	batch_truncate(r.batch);
	assert_int_equal(merge_stage(r.base.merge, r.batch, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	end(&r);
	begin(&r, INT64_MAX);
	columns_init(&row, r.base.schema);
	column_add_int64(&row.columns[0], 1);
	column_set_null(&row.columns[1]);
	column_add_int64(&row.columns[2], 1);
	column_add_int64(&row.columns[3], 1);
	columns_end_row(&row);
	batch_add(r.batch, &(struct rows){ .op = OP_INSERT, .count = 1, .after = &row, .after_present = &present });
	assert_int_equal(merge_stage(r.base.merge, r.batch, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	columns_release(&row);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_and_any_batches_give_the_same_table),
		cmocka_unit_test(a_deleted_row_does_not_come_back_with_an_index_made_anew),
		cmocka_unit_test(what_came_twice_and_what_came_behind_a_newer_one_is_counted),
		cmocka_unit_test(what_is_counted_is_the_same_wherever_batches_end),
		cmocka_unit_test(an_event_behind_the_horizon_is_late_wherever_batches_end),
		cmocka_unit_test(what_was_late_stays_late_under_a_longer_horizon),
		cmocka_unit_test(tombstones_take_few_files_and_leave_with_the_horizon),
		cmocka_unit_test(what_no_commit_names_of_tombstones_goes_a_day_later),
		cmocka_unit_test(tombstones_that_are_lost_are_missed),
		cmocka_unit_test(tombstones_of_many_blocks_are_written_together),
		cmocka_unit_test(a_truncate_and_rows_with_some_columns_only_are_refused),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
