/* SPDX-License-Identifier: Apache-2.0 */
/* Equal rows in the key index against a plain stack of places for each key, with kills and a full disk. */
#include "lib/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/index_file.h"
#include "merge/key_slots.h"

#define KEYS 200
#define BATCH 700
#define MANY 100000u

static struct key_shape shape;

struct stack { /* rows of one key, the newest last */
	uint32_t *rows;
	uint32_t count, capacity;
};

struct changes {
	struct key_hash keys[BATCH];
	struct row_place old[BATCH], new[BATCH];
};

/* A few keys have most of the rows. */
static uint32_t any_key(void)
{
	return any(2) == 0 ? any(3) : any(KEYS);
}

static struct row_place place_of(uint32_t row)
{
	return (struct row_place){ 1 + row % 7, row };
}

static void push(struct stack *s, uint32_t row)
{
	if (s->count == s->capacity) {
		s->capacity = s->capacity * 2 + 8;
		s->rows = memory_grow(s->rows, uint32_t, s->capacity);
	}
	s->rows[s->count++] = row;
}

static void stacks_free(struct stack *model)
{
	for (int i = 0; i < KEYS; i++)
		memory_free(model[i].rows);
	memory_free(model);
}

/* BATCH changes with row numbers from `row` on; `grows` of 10 are additions. */
static void random_changes(struct changes *c, struct stack *model, uint32_t row, uint32_t grows)
{
	for (uint32_t i = 0; i < BATCH; i++) {
		uint32_t n = any_key();
		struct stack *s = &model[n];

		c->keys[i] = index_key(n);
		c->old[i] = c->new[i] = (struct row_place){ 0, 0 };
		if (any(10) < grows) {
			c->new[i] = place_of(row + i);
			push(s, row + i);
		} else if (s->count > 0) {
			c->old[i] = place_of(s->rows[--s->count]);
		}
	}
}

/* The walk over each key is its stack from the top down, and nothing else is there. */
static void assert_same(struct key_index *x, const struct stack *model)
{
	uint64_t count = 0;

	for (uint32_t n = 0; n < KEYS; n++) {
		struct key_hash key = index_key(n);
		struct row_place at, found;

		key_index_find(x, &key, 1, &at);
		for (uint32_t i = model[n].count; i > 0; i--) {
			assert_true(key_index_next(x, &at, &found));
			assert_int_equal(found.row, model[n].rows[i - 1]);
			assert_int_equal(found.file, place_of(found.row).file);
		}
		assert_false(key_index_next(x, &at, &found));
		count += model[n].count;
	}
	assert_int_equal(key_index_count(x), count);
}

static void rebuild(struct key_index *x, const struct stack *model)
{
	key_index_clear(x);
	for (uint32_t n = 0; n < KEYS; n++) {
		struct key_hash key = index_key(n);

		for (uint32_t i = 0; i < model[n].count; i++) {
			struct row_place place = place_of(model[n].rows[i]);

			index_file_apply(x, &key, 1, NULL, &place);
		}
	}
}

static void equal_rows_match_the_model(void **state)
{
	struct stack *model = memory_array(struct stack, KEYS);
	struct changes *c = memory_new(struct changes);
	struct key_index *x = index_file_open(&shape, "t");
	struct err e = ERR_INIT;

	(void)state;
	for (uint32_t round = 0; round < 120; round++) {
		random_changes(c, model, round * BATCH, round / 20 % 2 == 0 ? 8 : 3);
		index_file_apply(x, c->keys, BATCH, c->old, c->new);
		assert_same(x, model);
		if (round % 10 == 9) {
			key_index_set_version(x, round, 0);
			key_index_close(x);
			x = index_file_open(&shape, "t");
			assert_int_equal(key_index_version(x), round);
			assert_same(x, model);
		}
		if (round % 30 == 17)
			rebuild(x, model);
		if (round % 15 == 3)
			assert_int_equal(key_index_reserve(x, 30000, &e), 0);
		if (round % 15 == 8)
			assert_int_equal(key_index_fit(x, &e), 0);
	}
	assert_same(x, model);
	key_index_close(x);
	memory_free(c);
	stacks_free(model);
}

/* So no search is longer, and no step does more, because there are more of them. */
static void any_number_of_equal_rows_stands_in_one_slot(void **state)
{
	struct key_map_head head = { .capacity = KEY_MAP_SLOTS_MIN, .copy_capacity = MANY - 1 };
	struct key_slots s = { .head = &head, .is_multiset = true };
	struct key_hash *keys = memory_array(struct key_hash, MANY);
	struct row_place *places = memory_array(struct row_place, MANY);
	struct row_place *none = memory_array(struct row_place, MANY), at, found;

	(void)state;
	s.base = memory_take(KEY_MAP_SLOTS_MIN, key_slot_size(false));
	s.copies = memory_array(struct key_copy, MANY - 1);
	for (int round = 0; round < 2; round++) {
		uint32_t *order;

		for (uint32_t i = 0; i < MANY; i++) {
			keys[i] = (struct key_hash){ 5, 6 };
			places[i] = (struct row_place){ 1, i };
		}
		s.is_ordered = round == 1;
		order = key_slots_order(&s, keys, MANY);
		key_slots_apply(&s, keys, order, 0, MANY, NULL, places, NULL);
		assert_int_equal(head.live_count, 1);
		assert_int_equal(head.copy_count, MANY - 1);
		key_slots_find(&s, keys, 1, &at, NULL);
		for (uint32_t i = MANY; i > 0; i--) {
			assert_true(key_slots_next(&s, &at, &found));
			assert_int_equal(found.row, i - 1);
			places[MANY - i] = found;
		}
		assert_false(key_slots_next(&s, &at, &found));
		key_slots_apply(&s, keys, order, 0, MANY, places, none, NULL);
		assert_int_equal(head.live_count, 0);
		assert_int_equal(head.copy_count, 0);
		memory_free(order);
	}
	memory_free(s.base);
	memory_free(s.copies);
	memory_free(keys);
	memory_free(places);
	memory_free(none);
}

static void only_the_newest_place_can_be_removed(void **state)
{
	struct key_hash same[] = { { 5, 6 }, { 5, 6 }, { 9, 9 } };
	struct row_place places[] = { { 1, 1 }, { 1, 2 }, { 1, 1 } }, none = { 0, 0 };
	struct key_index *x = index_file_open(&shape, "t");

	(void)state;
	index_file_apply(x, same, 3, NULL, places);
	index_file_apply(x, same, 1, &places[0], &none);
	assert_int_equal(key_index_count(x), 3);
	index_file_apply(x, same, 1, &places[1], &none);
	index_file_apply(x, same, 1, &places[1], &none);
	assert_int_equal(key_index_count(x), 2);
	index_file_apply(x, same, 1, &places[0], &none);
	index_file_apply(x, same, 1, &places[0], &none);
	assert_int_equal(key_index_count(x), 1);
	key_index_close(x);
}

static void an_equal_row_takes_32_bytes_at_most(void **state)
{
	static const uint32_t distinct[] = { 1, 10, MANY / 10, MANY / 2, MANY };
	struct key_hash *keys = memory_array(struct key_hash, MANY);
	struct row_place *places = memory_array(struct row_place, MANY);
	struct err e = ERR_INIT;

	for (size_t d = 0; d < sizeof(distinct) / sizeof(distinct[0]); d++) {
		struct key_index *x;

		index_file_forget(state);
		x = index_file_open(&shape, "t");
		for (uint32_t i = 0; i < MANY; i++) {
			uint64_t n = i % distinct[d];

			keys[i] = (struct key_hash){ n * 0x9e3779b97f4a7c15u, n };
			places[i] = (struct row_place){ 1, i };
		}
		assert_int_equal(key_index_reserve(x, MANY, &e), 0);
		index_file_apply(x, keys, MANY, NULL, places);
		assert_int_equal(key_index_fit(x, &e), 0);
		assert_int_equal(key_index_count(x), MANY);
		assert_true(key_index_bytes(x) <= MANY * 32);
		key_index_close(x);
	}
	memory_free(keys);
	memory_free(places);
}

static void a_full_disk_leaves_equal_rows_as_they_are(void **state)
{
	struct stack *model = memory_array(struct stack, KEYS);
	struct key_hash *keys = memory_array(struct key_hash, MANY);
	struct row_place *places = memory_array(struct row_place, MANY);
	struct key_index *x = index_file_open(&shape, "t");
	struct err e = ERR_INIT;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		keys[i] = index_key(4);
		places[i] = place_of(i);
	}
	limit_files(200000);
	assert_int_equal(key_index_apply(x, keys, MANY, NULL, places, &e), -1);
	assert_int_equal(e.kind, ERR_IO);
	limit_files(RLIM_INFINITY);
	assert_in_range(key_index_count(x), 1024, 10000);
	key_index_set_version(x, 3, 0);
	for (uint32_t i = 0; i < key_index_count(x); i++)
		push(&model[4], i);
	assert_same(x, model);
	key_index_close(x);
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_version(x), 3);
	assert_same(x, model);
	key_index_close(x);
	memory_free(keys);
	memory_free(places);
	stacks_free(model);
}

/* Versions of random changes, one after the other, as far as a seed and a number tell. */
static void changes_of_version(struct changes *c, struct stack *model, uint64_t from, int64_t version)
{
	any_from(from + (uint64_t)version * 1000003);
	random_changes(c, model, (uint32_t)version * BATCH, version / 8 % 2 == 0 ? 8 : 4);
}

static void write_until_killed(uint64_t from)
{
	struct stack *model = memory_array(struct stack, KEYS);
	struct changes *c = memory_new(struct changes);
	struct key_index *x = index_file_open(&shape, "t");

	for (int64_t v = 0;; v++) {
		changes_of_version(c, model, from, v);
		index_file_apply(x, c->keys, BATCH, c->old, c->new);
		key_index_set_version(x, v, 0);
	}
}

/* Every row of the model is among its equal ones, but for those that are unsure. */
static void assert_has_all(struct key_index *x, const struct stack *model, const uint8_t *unsure,
			   uint32_t row_end)
{
	uint8_t *seen = memory_array(uint8_t, row_end);

	for (uint32_t n = 0; n < KEYS; n++) {
		struct key_hash key = index_key(n);
		struct row_place at, found;

		key_index_find(x, &key, 1, &at);
		while (key_index_next(x, &at, &found)) {
			assert_true(found.row < row_end);
			assert_true(seen[found.row]++ < 2);
		}
		for (uint32_t i = 0; i < model[n].count; i++)
			assert_true(seen[model[n].rows[i]] || unsure[model[n].rows[i]]);
	}
	memory_free(seen);
}

static void check_kill(uint64_t from)
{
	struct stack *model = memory_array(struct stack, KEYS);
	struct changes *c = memory_new(struct changes);
	pid_t child = fork();
	struct key_index *x;
	uint8_t *unsure; /* rows that the version amid which the child died adds or removes */
	int64_t version;
	uint32_t row_end;
	int status;

	if (child == 0)
		write_until_killed(from);
	clock_sleep_us(1000 + any(15000));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	x = index_file_open(&shape, "t");
	version = key_index_version(x);
	row_end = (uint32_t)(version + 2) * BATCH;
	unsure = memory_array(uint8_t, row_end);
	for (int64_t v = 0; v <= version + 1; v++)
		changes_of_version(c, model, from, v);
	for (uint32_t i = 0; i < BATCH; i++) {
		const struct row_place *place = c->old[i].file != 0 ? &c->old[i] : &c->new[i];

		if (place->file != 0)
			unsure[place->row] = 1;
	}
	assert_has_all(x, model, unsure, row_end);
	memset(unsure, 0, row_end);
	memset(c->old, 0, sizeof(c->old));
	index_file_apply(x, c->keys, BATCH, c->old, c->new); /* as a data file that is scanned again */
	assert_has_all(x, model, unsure, row_end);
	key_index_close(x);
	memory_free(unsure);
	memory_free(c);
	stacks_free(model);
}

static void a_kill_loses_no_equal_row(void **state)
{
	for (uint64_t round = 0; round < 20; round++) {
		index_file_forget(state);
		check_kill(4711 + round);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(equal_rows_match_the_model),
		INDEX_TEST(any_number_of_equal_rows_stands_in_one_slot),
		INDEX_TEST(only_the_newest_place_can_be_removed),
		INDEX_TEST(an_equal_row_takes_32_bytes_at_most),
		INDEX_TEST(a_full_disk_leaves_equal_rows_as_they_are),
		INDEX_TEST(a_kill_loses_no_equal_row),
	};
	struct schema *s = schema_new("d", "t");
	int failed;

	schema_add(s, "a", TYPE_STRING, false);
	key_shape_init(&shape, s);
	failed = cmocka_run_group_tests_name("key copies", tests, index_file_set_up, index_file_tear_down);
	schema_release(s);
	return failed;
}
