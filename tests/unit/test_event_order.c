/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events in any order, twice, in batches cut anywhere, with restarts between: the table is what their newest ones say. A
 * case is the life of one key; EVENT_CASES says how many are tried in each format. A failure is shrunk to the steps that it needs.
 */
#include "lib/test.h"

#include <unistd.h>

#include "base/memory.h"
#include "lib/merge_table.h"

#define RUN_KEYS     200 /* cases that share a table */
#define EVENTS_MAX   8   /* of a key */
#define SHOWN        4000

enum event_op { INSERT, UPDATE, DELETE };

struct event {
	int64_t key, time_us, rank; /* the rank tells operation and value: events that are equal in order are equal */
};

enum step_kind { EVENT, COMMIT, RESTART, RESTART_WITHOUT_INDEX, RESTART_WITH_OLD_INDEX, KEEP_INDEX };

struct step {
	enum step_kind kind;
	struct event event;
};

struct steps {
	struct step *list;
	uint32_t count;
};

static void add_step(struct steps *s, enum step_kind kind, const struct event *event)
{
	s->list = memory_grow(s->list, struct step, s->count + 1);
	s->list[s->count++] = (struct step){ kind, event != NULL ? *event : (struct event){ 0 } };
}

static enum event_op op_of(const struct event *v)
{
	return (enum event_op)(v->rank >> 8);
}

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
	const bool is_delete = op_of(v) == DELETE;
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
	if (kind == RESTART_WITHOUT_INDEX)
		unlink(r->index);
	else if (kind == KEEP_INDEX)
		copy_index(r, "", ".old");
	else if (kind == RESTART_WITH_OLD_INDEX && r->has_old_index)
		copy_index(r, ".old", "");
	r->has_old_index |= kind == KEEP_INDEX;
	open_table(r);
}

static void take(struct run *r, const struct step *s)
{
	if (s->kind == EVENT)
		add_event(r->batch, &s->event);
	else if (s->kind == COMMIT)
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

static bool is_newer(const struct event *a, const struct event *b)
{
	return a->time_us != b->time_us ? a->time_us > b->time_us : a->rank > b->rank;
}

/* What the key's newest event says. */
static int64_t model_of(const struct steps *s, int64_t key)
{
	const struct event *newest = NULL;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct step *step = &s->list[i];

		if (step->kind == EVENT && step->event.key == key && (newest == NULL || is_newer(&step->event, newest)))
			newest = &step->event;
	}
	return newest == NULL || op_of(newest) == DELETE ? -1 : value_of(newest);
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

static void show(const struct steps *s, struct buffer *out)
{
	static const char *const kinds[] = { "event", "commit", "restart", "restart without index", "restart with old index",
					     "keep index" };
	static const char *const ops[] = { "insert", "update", "delete" };

	for (uint32_t i = 0; i < s->count && out->size < SHOWN; i++) {
		const struct step *step = &s->list[i];

		buffer_format(out, "\n  %s", kinds[step->kind]);
		if (step->kind == EVENT)
			buffer_format(out, ": %s of key %lld at %lld to %lld", ops[op_of(&step->event)],
				      (long long)step->event.key, (long long)step->event.time_us,
				      (long long)value_of(&step->event));
	}
}

/* Leaves out every step without which it still fails. */
static void shrink(struct steps *s)
{
	uint32_t width = s->count / 2;

	while (width > 0) {
		bool is_less = false;

		for (uint32_t at = 0; at + width <= s->count;) {
			struct steps less = { memory_copy(s->list, s->count * sizeof(*s->list)), s->count - width };

			memmove(less.list + at, less.list + at + width, (less.count - at) * sizeof(*less.list));
			if (try_steps(&less) >= 0) {
				memory_free(s->list);
				*s = less;
				is_less = true;
			} else {
				memory_free(less.list);
				at += width;
			}
		}
		width = is_less && width == 1 ? 1 : width / 2;
	}
}

static void assert_converges(struct steps *s)
{
	struct buffer text = { 0 };

	if (try_steps(s) >= 0) {
		shrink(s);
		show(s, &text);
		fail_msg("the table is not what the newest events say:%s", buffer_string(&text));
	}
}

static struct event random_event(int64_t key)
{
	static const int64_t times[] = { -62135596800000000, -1, 0, 1, 1735689602000000, 1735689602000001, 253402300799999999 };
	long op = random() % 3;

	return (struct event){
		.key = key,
		.time_us = times[random() % 7],
		.rank = op << 8 | (op == DELETE ? 0 : random() % 5),
	};
}

static void random_steps(struct steps *out)
{
	struct steps events = { 0 };

	for (int64_t key = 0; key < RUN_KEYS; key++) {
		for (long n = 1 + random() % EVENTS_MAX; n > 0; n--) {
			struct event v = random_event(key);

			for (long copies = random() % 4 == 0 ? 2 : 1; copies > 0; copies--)
				add_step(&events, EVENT, &v);
		}
	}
	for (uint32_t left = events.count; left > 0; left--) {
		uint32_t at = (uint32_t)random() % left;

		add_step(out, EVENT, &events.list[at].event);
		events.list[at] = events.list[left - 1];
		if (random() % 60 == 0)
			add_step(out, COMMIT, NULL);
		if (random() % 250 == 0)
			add_step(out, RESTART + (enum step_kind)(random() % 4), NULL);
	}
	memory_free(events.list);
}

static void any_order_and_any_batches_give_the_same_table(void **state)
{
	const char *wanted = getenv("EVENT_CASES");
	long cases = wanted != NULL ? atol(wanted) : merge_table_iceberg > 0 ? RUN_KEYS : 2 * RUN_KEYS;

	(void)state;
	srandom(7);
	for (long done = 0; done < cases; done += RUN_KEYS) {
		struct steps steps = { 0 };

		random_steps(&steps);
		assert_converges(&steps);
		memory_free(steps.list);
	}
}

static void put(struct run *r, enum event_op op, int64_t key, int64_t time_us, int64_t value)
{
	add_event(r->batch, &(struct event){ .key = key, .time_us = time_us, .rank = (int64_t)op << 8 | value });
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
	put(&r, INSERT, 1, 10, 1);
	commit(&r);
	put(&r, DELETE, 1, 20, 0);
	restart(&r, RESTART_WITHOUT_INDEX);
	put(&r, UPDATE, 1, 15, 2);
	put(&r, DELETE, 2, 30, 0); /* of a row that was never seen */
	restart(&r, RESTART_WITHOUT_INDEX);
	put(&r, INSERT, 2, 29, 3);
	commit(&r);
	assert_value(&r, 1, -1);
	assert_value(&r, 2, -1);
	assert_order(&r, "\"watermark\":30,\"late\":0,\"stale\":2,\"duplicates\":0");
	end(&r);
}

static void what_came_twice_and_what_was_overtaken_is_counted(void **state)
{
	struct run r;

	(void)state;
	begin(&r, INT64_MAX);
	put(&r, INSERT, 1, 10, 1);
	put(&r, INSERT, 1, 10, 1);
	put(&r, INSERT, 1, 9, 1);
	commit(&r);
	put(&r, INSERT, 1, 10, 1);
	put(&r, UPDATE, 1, 8, 1);
	restart(&r, RESTART);
	put(&r, DELETE, 1, 10, 0);
	commit(&r);
	assert_value(&r, 1, -1);
	assert_order(&r, "\"late\":0,\"stale\":2,\"duplicates\":2");
	end(&r);
}

static void an_event_behind_the_horizon_is_late_wherever_batches_end(void **state)
{
	struct run r;

	(void)state;
	begin(&r, 100);
	put(&r, INSERT, 1, 900, 1);
	put(&r, INSERT, 2, 1000, 1);
	put(&r, UPDATE, 1, 899, 2);
	put(&r, INSERT, 3, 900, 3); /* on the edge */
	put(&r, INSERT, 4, 899, 4); /* before it */
	commit(&r);
	put(&r, INSERT, 5, 899, 5);
	put(&r, INSERT, 6, 1001, 6);
	put(&r, INSERT, 7, 900, 7);
	commit(&r);
	assert_value(&r, 1, 1);
	assert_value(&r, 3, 3);
	assert_value(&r, 4, -1);
	assert_value(&r, 5, -1);
	assert_value(&r, 7, -1);
	assert_order(&r, "\"watermark\":1001,\"late\":4,\"stale\":0");
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
		put(&r, DELETE, i, i, 0);
		commit(&r);
	}
	assert_in_range(count_tombstone_files(&r), 1, 12);
	for (int64_t i = 0; i < 3; i++) {
		put(&r, INSERT, 150, 5000 + i, 1);
		commit(&r);
	}
	assert_int_equal(count_tombstone_files(&r), 0);
	assert_order(&r, "\"tombstones\":[]");
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
		cmocka_unit_test(what_came_twice_and_what_was_overtaken_is_counted),
		cmocka_unit_test(an_event_behind_the_horizon_is_late_wherever_batches_end),
		cmocka_unit_test(tombstones_take_few_files_and_leave_with_the_horizon),
		cmocka_unit_test(a_truncate_and_rows_with_some_columns_only_are_refused),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
