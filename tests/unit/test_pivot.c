/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events with some of their columns, in any order, twice, in batches cut anywhere, with restarts and with crashes between the
 * commit of the long table and that of the table: each column has what its newest event said, unless a delete is newer.
 */
#include "lib/test.h"

#include <unistd.h>

#include "base/memory.h"
#include "lib/event_steps.h"
#include "lib/merge_table.h"
#include "merge/pivot.h"

#define COLUMNS    3 /* a, b, c */
#define VALUE_BITS 3
#define MASK_SHIFT 16
#define GONE       (-1)

/* Which columns an event has, and their values; 0 is NULL. */
static bool has_column(const struct event *v, int column)
{
	return (v->rank >> (MASK_SHIFT + column) & 1) != 0;
}

static int64_t value_of(const struct event *v, int column)
{
	return v->rank >> (VALUE_BITS * column) & ((1 << VALUE_BITS) - 1);
}

static struct schema *events_schema(void)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "a", TYPE_LONG, true);
	schema_add(s, "b", TYPE_STRING, true);
	schema_add(s, "c", TYPE_DOUBLE, true);
	schema_add(s, EVENT_TIME, TYPE_TIMESTAMP, true);
	schema_add(s, EVENT_RANK, TYPE_LONG, true);
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	schema_set_order(s, (uint32_t[]){ 4, 5 }, 2);
	return s;
}

static void add_value(struct column *c, int64_t value)
{
	char text[32];

	if (value == 0)
		column_set_null(c);
	else if (c->storage == STORAGE_INT64)
		column_add_int64(c, value);
	else if (c->storage == STORAGE_DOUBLE)
		column_add_double(c, (double)value);
	else
		column_add_bytes(c, text, (uint32_t)snprintf(text, sizeof(text), "%lld", (long long)value));
}

static int64_t read_value(const struct column *c, uint32_t row)
{
	if (column_is_null(c, row))
		return 0;
	if (c->storage == STORAGE_INT64)
		return column_int64(c, row);
	return c->storage == STORAGE_DOUBLE ? (int64_t)column_double(c, row) : column_bytes(c, row).data[0] - '0';
}

static void add_event(struct batch *b, const struct event *v)
{
	const bool is_delete = event_action(v) == EVENT_DELETE;
	uint8_t present = 1 | 16 | 32;
	struct columns row;

	columns_init(&row, b->schema);
	column_add_int64(&row.columns[0], v->key);
	for (int i = 0; i < COLUMNS; i++) {
		if (is_delete || !has_column(v, i)) {
			column_set_null(&row.columns[1 + i]);
		} else {
			add_value(&row.columns[1 + i], value_of(v, i));
			present = (uint8_t)(present | 2u << i);
		}
	}
	column_add_int64(&row.columns[4], v->time_us);
	column_add_int64(&row.columns[5], v->rank);
	columns_end_row(&row);
	batch_add(b, &(struct rows){ .op = is_delete ? OP_DELETE : OP_INSERT, .count = 1,
				     .before = is_delete ? &row : NULL, .before_present = is_delete ? &present : NULL,
				     .after = is_delete ? NULL : &row, .after_present = is_delete ? NULL : &present });
	columns_release(&row);
}

struct run {
	struct merge_table tall, shown;
	struct schema *events;
	struct batch *batch;
	struct steps waiting; /* events that no commit of the shown table has yet */
	bool hides, has_old_index;
	int commits;
};

static bool hides_incomplete;

static void begin(struct run *r)
{
	struct schema *tall;
	struct err e = ERR_INIT;

	*r = (struct run){ .events = events_schema(), .hides = hides_incomplete };
	must(long_schema(&tall, r->events, &e), &e);
	merge_table_make_of(&r->tall, tall);
	merge_table_make_of(&r->shown, long_shown(r->events));
	merge_table_open(&r->tall);
	merge_table_open(&r->shown);
	r->batch = batch_new(r->events);
}

static void end(struct run *r)
{
	batch_free(r->batch);
	merge_table_close(&r->tall);
	merge_table_close(&r->shown);
	merge_table_remove(&r->tall);
	merge_table_remove(&r->shown);
	schema_release(r->events);
	memory_free(r->waiting.list);
}

static void commit_tall(struct run *r, struct long_rows *rows)
{
	struct merge_result result;
	struct err e = ERR_INIT;

	buffer_clear(&r->batch->position);
	buffer_format(&r->batch->position, "{\"n\":%d}", ++r->commits);
	unpivot(rows, r->tall.schema, r->batch);
	must(merge_stage(r->tall.merge, rows->batch, &e), &e);
	must(merge_commit(r->tall.merge, rows->batch, &result, &e), &e);
}

static void commit(struct run *r)
{
	const struct pivot_rules rules = { .hides_incomplete = r->hides };
	struct merge_result result;
	struct err e = ERR_INIT;
	struct long_rows rows;
	struct batch *shown;

	commit_tall(r, &rows);
	must(pivot(&shown, r->batch, &rows, r->tall.merge, r->shown.merge, r->shown.schema, rules, &e), &e);
	must(merge_stage(r->shown.merge, shown, &e), &e);
	must(merge_commit(r->shown.merge, shown, &result, &e), &e);
	long_rows_release(&rows);
	batch_free(shown);
	batch_free(r->batch);
	r->batch = batch_new(r->events);
	r->waiting.count = 0;
}

/* Both tables are opened again, and what the shown one has not got comes again. */
static void reopen(struct run *r)
{
	batch_free(r->batch);
	merge_table_close(&r->tall);
	merge_table_close(&r->shown);
	merge_table_open(&r->tall);
	merge_table_open(&r->shown);
	r->batch = batch_new(r->events);
	for (uint32_t i = 0; i < r->waiting.count; i++)
		add_event(r->batch, &r->waiting.list[i].event);
}

static void crash(struct run *r)
{
	struct long_rows rows;

	commit_tall(r, &rows);
	long_rows_release(&rows);
	reopen(r);
}

static void without_index(struct run *r)
{
	commit(r);
	merge_table_close(&r->tall);
	unlink(scratch_path(&r->tall.folder, "index"));
	merge_table_open(&r->tall);
	reopen(r);
}

static void take(struct run *r, const struct step *s)
{
	switch (s->kind) {
	case STEP_EVENT:
		add_event(r->batch, &s->event);
		steps_add(&r->waiting, STEP_EVENT, &s->event);
		break;
	case STEP_CRASH:
		crash(r);
		break;
	case STEP_RESTART:
		reopen(r);
		break;
	case STEP_RESTART_WITHOUT_INDEX:
		without_index(r);
		break;
	default:
		commit(r);
	}
}

/* Per key the three columns, or GONE. A key that is there twice has -2. */
static void read_rows(struct run *r, int64_t (*values)[COLUMNS])
{
	for (int64_t key = 0; key < RUN_KEYS; key++)
		values[key][0] = GONE;
	for (uint32_t slot = 0; slot < table_snapshot(r->shown.table)->file_count; slot++) {
		struct row_set *dead;
		struct columns rows;

		merge_table_read(&rows, &dead, &r->shown, slot);
		for (uint32_t i = 0; i < rows.row_count; i++) {
			int64_t *row = values[column_int64(&rows.columns[0], i)];

			if (row_set_has(dead, i))
				continue;
			for (int c = 0; c < COLUMNS && row[0] >= GONE; c++)
				row[c] = c == 0 && row[0] != GONE ? -2 : read_value(&rows.columns[1 + c], i);
		}
		columns_release(&rows);
		row_set_free(dead);
	}
}

/* The newest of a key's events that `matches`, and is newer than `above`. */
static const struct event *newest(const struct steps *s, int64_t key, const struct event *above,
				  bool (*matches)(const struct event *, int), int with)
{
	const struct event *found = NULL;

	for (uint32_t i = 0; i < s->count; i++) {
		const struct event *v = &s->list[i].event;

		if (s->list[i].kind == STEP_EVENT && v->key == key && matches(v, with) &&
		    (above == NULL || event_is_newer(v, above)) && (found == NULL || event_is_newer(v, found)))
			found = v;
	}
	return found;
}

static bool is_action(const struct event *v, int action)
{
	return event_action(v) == (enum event_action)action;
}

static bool is_upsert(const struct event *v, int unused)
{
	(void)unused;
	return event_action(v) != EVENT_DELETE;
}

static bool tells(const struct event *v, int column)
{
	return event_action(v) != EVENT_DELETE && has_column(v, column);
}

static bool row_is_right(const struct steps *s, int64_t key, const int64_t *row)
{
	const struct event *gone = newest(s, key, NULL, is_action, EVENT_DELETE);
	const struct event *shown = hides_incomplete ? newest(s, key, gone, is_action, EVENT_INSERT) :
						       newest(s, key, gone, is_upsert, 0);

	if (shown == NULL)
		return row[0] == GONE;
	for (int i = 0; i < COLUMNS; i++) {
		const struct event *v = newest(s, key, gone, tells, i);

		if (row[i] != (v != NULL ? value_of(v, i) : 0))
			return false;
	}
	return true;
}

static int64_t try_steps(const struct steps *s)
{
	static int64_t rows[RUN_KEYS][COLUMNS];
	int64_t wrong = -1;
	struct run r;

	begin(&r);
	for (uint32_t i = 0; i < s->count; i++)
		take(&r, &s->list[i]);
	commit(&r);
	read_rows(&r, rows);
	for (int64_t key = 0; key < RUN_KEYS && wrong < 0; key++)
		wrong = row_is_right(s, key, rows[key]) ? -1 : key;
	end(&r);
	return wrong;
}

static void show(const struct event *v, struct buffer *out)
{
	static const char *const actions[] = { "insert", "update", "delete" };

	buffer_text(out, actions[event_action(v)]);
	for (int i = 0; i < COLUMNS && event_action(v) != EVENT_DELETE; i++) {
		if (has_column(v, i))
			buffer_format(out, " %c=%lld", 'a' + i, (long long)value_of(v, i));
	}
}

static struct event random_event(int64_t key)
{
	int64_t action = random() % 3, mask = random() % (1 << COLUMNS), rank = mask << MASK_SHIFT;

	for (int i = 0; i < COLUMNS; i++) {
		if ((mask >> i & 1) != 0)
			rank |= random() % 5 << (VALUE_BITS * i);
	}
	return (struct event){
		.key = key,
		.time_us = event_random_time(),
		.rank = action << EVENT_ACTION_SHIFT | (action == EVENT_DELETE ? 0 : rank),
	};
}

static void each_column_has_what_its_newest_event_said(void **state)
{
	(void)state;
	hides_incomplete = false;
	steps_run(merge_table_iceberg > 0 ? RUN_KEYS : 2 * RUN_KEYS, random_event, STEP_KINDS, try_steps, show);
}

static void rows_without_their_insert_are_hidden_when_asked(void **state)
{
	(void)state;
	hides_incomplete = true;
	steps_run(merge_table_iceberg > 0 ? RUN_KEYS : 2 * RUN_KEYS, random_event, STEP_KINDS, try_steps, show);
}

static void put_a(struct run *r, int64_t key, int64_t time_us, int64_t value)
{
	const struct step s = { STEP_EVENT, { .key = key, .time_us = time_us,
					      .rank = (int64_t)EVENT_UPDATE << EVENT_ACTION_SHIFT | 1 << MASK_SHIFT | value } };

	take(r, &s);
}

/* The batch itself has moved the watermark; the long table has the event since it first came. */
static void what_has_become_late_between_the_two_commits_is_shown(void **state)
{
	static int64_t rows[RUN_KEYS][COLUMNS];
	struct run r;

	(void)state;
	hides_incomplete = false;
	begin(&r);
	merge_set_horizon(r.tall.merge, 100);
	put_a(&r, 1, 900, 3);
	commit(&r);
	put_a(&r, 1, 1000, 4);
	put_a(&r, 2, 2000, 4);
	crash(&r);
	merge_set_horizon(r.tall.merge, 100);
	commit(&r);
	read_rows(&r, rows);
	assert_int_equal(rows[1][0], 4);
	assert_int_equal(rows[2][0], 4);
	end(&r);
}

static void what_is_late_takes_nothing_from_what_was_in_time(void **state)
{
	static int64_t rows[RUN_KEYS][COLUMNS];
	struct run r;

	(void)state;
	hides_incomplete = false;
	for (int crashes = 0; crashes < 2; crashes++) {
		begin(&r);
		put_a(&r, 1, 5, 4);
		commit(&r);
		merge_set_horizon(r.tall.merge, 60);
		put_a(&r, 1, 10, 1);
		put_a(&r, 2, 200, 2);
		put_a(&r, 1, 100, 3); /* newer than the first, and late */
		if (crashes > 0)
			crash(&r);
		merge_set_horizon(r.tall.merge, 60);
		commit(&r);
		read_rows(&r, rows);
		assert_int_equal(rows[1][0], 1);
		assert_int_equal(rows[2][0], 2);
		end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_become_late_between_the_two_commits_is_shown),
		cmocka_unit_test(each_column_has_what_its_newest_event_said),
		cmocka_unit_test(rows_without_their_insert_are_hidden_when_asked),
		cmocka_unit_test(what_is_late_takes_nothing_from_what_was_in_time),
	};

	return merge_table_run(tests, sizeof(tests) / sizeof(tests[0]));
}
