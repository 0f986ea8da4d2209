/* SPDX-License-Identifier: Apache-2.0 */
/* The key index against a plain array of what it should hold, with kills, torn files and full disks. */
#include "lib/test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/index_file.h"
#include "merge/key_slots.h"

#define KEYS 6000 /* of the model */
#define BATCH 700


static struct schema *schema_of(enum type t, uint32_t key_count)
{
	struct schema *s = schema_new("d", "t");
	uint32_t key[] = { 0, 1 };

	schema_add(s, "a", t, false);
	schema_add(s, "b", TYPE_STRING, true);
	schema_set_key(s, key, key_count);
	return s;
}

static struct key_hash key_of(uint32_t n, bool is_whole)
{
	return is_whole ? (struct key_hash){ n * 7919ull, 0 } : index_key(n);
}

static void assert_same(struct key_index *x, const struct row_place *model, bool is_whole)
{
	static struct key_hash keys[KEYS];
	static struct row_place found[KEYS];
	uint64_t live = 0;

	for (uint32_t i = 0; i < KEYS; i++) {
		keys[i] = key_of(i, is_whole);
		live += model[i].file != 0;
	}
	key_index_find(x, keys, KEYS, found);
	for (uint32_t i = 0; i < KEYS; i++) {
		assert_int_equal(found[i].file, model[i].file);
		assert_true(model[i].file == 0 || found[i].row == model[i].row);
	}
	assert_int_equal(key_index_count(x), live);
}

/* A batch of distinct keys into `model`, reproducible from `seed`. */
static void random_batch(struct key_hash *keys, struct row_place *places, struct row_place *model,
			 bool is_whole)
{
	uint32_t start = any(KEYS), step = 1 + 2 * any(50);

	while (KEYS % step == 0 && step > 1)
		step += 2;
	for (uint32_t i = 0; i < BATCH; i++) {
		uint32_t n = (start + i * step) % KEYS;
		bool is_removal = any(3) == 0;

		keys[i] = key_of(n, is_whole);
		places[i] = (struct row_place){ is_removal ? 0 : 1 + any(9), any(1000000) };
		if (places[i].file == 0)
			places[i].row = 0;
		model[n] = places[i];
	}
}

static void check_against_model(bool is_whole)
{
	struct schema *s = schema_of(is_whole ? TYPE_LONG : TYPE_STRING, 1);
	struct row_place *model = memory_array(struct row_place, KEYS);
	struct key_hash keys[BATCH];
	struct row_place places[BATCH];
	struct key_shape shape;
	struct key_index *x;

	key_shape_init(&shape, s);
	assert_int_equal(shape.is_whole, is_whole);
	x = index_file_open(&shape, "t1");
	for (int round = 0; round < 60; round++) {
		random_batch(keys, places, model, is_whole);
		index_file_apply(x, keys, BATCH, NULL, places);
		if (round % 10 == 0)
			assert_same(x, model, is_whole);
		if (round % 20 == 19) {
			key_index_set_version(x, round, 0);
			key_index_close(x);
			x = index_file_open(&shape, "t1");
			assert_int_equal(key_index_version(x), round);
		}
	}
	assert_same(x, model, is_whole);
	key_index_clear(x);
	assert_int_equal(key_index_version(x), -1);
	memset(model, 0, KEYS * sizeof(*model));
	assert_same(x, model, is_whole);
	key_index_close(x);
	memory_free(model);
	schema_release(s);
}

static void whole_keys_match_the_model(void **state)
{
	(void)state;
	check_against_model(true);
}

static void hashed_keys_match_the_model(void **state)
{
	(void)state;
	check_against_model(false);
}

static void a_column_more_keeps_a_row_hash(void **state)
{
	struct schema *a = schema_of(TYPE_INT, 0), *b = schema_of(TYPE_LONG, 0);
	struct key_hash one, two;
	struct columns ca, cb;
	struct key_shape shape;

	(void)state;
	schema_add(b, "c", TYPE_DOUBLE, true);
	columns_init(&ca, a);
	columns_init(&cb, b);
	column_add_int32(&ca.columns[0], -3);
	column_add_bytes(&ca.columns[1], "x", 1);
	columns_end_row(&ca);
	column_add_int64(&cb.columns[0], -3);
	column_add_bytes(&cb.columns[1], "x", 1);
	column_set_null(&cb.columns[2]);
	columns_end_row(&cb);
	key_shape_init(&shape, a);
	key_hash_rows(&shape, &ca, 0, 1, &one);
	key_shape_init(&shape, b);
	key_hash_rows(&shape, &cb, 0, 1, &two);
	assert_memory_equal(&one, &two, sizeof(one));
	columns_release(&ca);
	columns_release(&cb);
	schema_release(a);
	schema_release(b);
}

static void a_null_differs_from_every_value(void **state)
{
	struct schema *s = schema_of(TYPE_INT, 2);
	struct key_hash h[3];
	struct columns c;
	struct key_shape shape;

	(void)state;
	columns_init(&c, s);
	for (int i = 0; i < 3; i++) {
		column_add_int32(&c.columns[0], 1);
		if (i == 0)
			column_set_null(&c.columns[1]);
		else
			column_add_bytes(&c.columns[1], "\0", i == 1 ? 0 : 1);
		columns_end_row(&c);
	}
	key_shape_init(&shape, s);
	assert_false(shape.is_whole);
	key_hash_rows(&shape, &c, 0, 3, h);
	for (int i = 0; i < 3; i++)
		assert_memory_not_equal(&h[i], &h[(i + 1) % 3], sizeof(h[i]));
	columns_release(&c);
	schema_release(s);
}

static void whole_keys_keep_their_sign(void **state)
{
	struct schema *s = schema_of(TYPE_INT, 1);
	struct key_hash h[2];
	struct columns c;
	struct key_shape shape;

	(void)state;
	columns_init(&c, s);
	for (int i = 0; i < 2; i++) {
		column_add_int32(&c.columns[0], -i);
		column_set_null(&c.columns[1]);
		columns_end_row(&c);
	}
	key_shape_init(&shape, s);
	key_hash_rows(&shape, &c, 0, 2, h);
	assert_int_equal(h[0].low, 0);
	assert_int_equal(h[1].low, UINT64_MAX);
	columns_release(&c);
	schema_release(s);
}

/* One key in, version 7, file "a" as number 1; closed or (as after a kill) not. */
static void make_small(const struct key_shape *shape, bool is_closed)
{
	struct key_hash key = { 42, 0 };
	struct row_place place = { 1, 3 };
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct key_index *x = index_file_open(shape, "t");
		struct err e = ERR_INIT;
		uint32_t file;

		key_index_add_file(x, "a b\nc", &file, &e);
		index_file_apply(x, &key, 1, NULL, &place);
		key_index_set_version(x, 7, 0);
		if (is_closed)
			key_index_close(x);
		kill(getpid(), SIGKILL);
	}
	waitpid(child, &status, 0);
}

static bool small_is_there(const struct key_shape *shape, const char *table)
{
	struct key_index *x = index_file_open(shape, table);
	struct key_hash key = { 42, 0 };
	struct row_place place;
	bool is_there;

	key_index_find(x, &key, 1, &place);
	is_there = place.file != 0;
	if (is_there) {
		assert_int_equal(place.row, 3);
		assert_int_equal(key_index_version(x), 7);
		assert_string_equal(key_index_path(x, 1), "a b\nc");
		assert_int_equal(key_index_file(x, "a b\nc"), 1);
	} else {
		assert_int_equal(key_index_version(x), -1);
		assert_int_equal(key_index_count(x), 0);
		assert_int_equal(key_index_file(x, "a b\nc"), 0);
	}
	key_index_close(x);
	return is_there;
}

static void set_other_boot(void)
{
	int boot = open("/proc/sys/kernel/random/boot_id", O_RDONLY), fd = open(index_path, O_RDWR);
	char id[36], head[4096];
	char *at;

	assert_int_equal(read(boot, id, sizeof(id)), sizeof(id));
	assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
	at = memmem(head, sizeof(head), id, sizeof(id));
	assert_non_null(at);
	assert_int_equal(pwrite(fd, at[0] == 'x' ? "y" : "x", 1, at - head), 1);
	close(fd);
	close(boot);
}

static void only_a_closed_index_outlives_a_boot(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct key_shape shape;

	key_shape_init(&shape, s);
	make_small(&shape, false);
	assert_true(small_is_there(&shape, "t"));
	set_other_boot();
	assert_true(small_is_there(&shape, "t"));
	index_file_forget(state);
	make_small(&shape, false);
	set_other_boot();
	assert_false(small_is_there(&shape, "t"));
	schema_release(s);
}

static void another_table_or_shape_opens_empty(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1), *other = schema_of(TYPE_LONG, 2);
	struct key_shape shape, hashed;

	key_shape_init(&shape, s);
	key_shape_init(&hashed, other);
	make_small(&shape, true);
	assert_false(small_is_there(&shape, "u"));
	index_file_forget(state);
	make_small(&shape, true);
	assert_false(small_is_there(&hashed, "t"));
	schema_release(s);
	schema_release(other);
}

static void damaged_files_open_empty(void **state)
{
	static const off_t sizes[] = { 0, 1, 100, 4095, 4096, 20000 };
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct key_shape shape;

	key_shape_init(&shape, s);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		index_file_forget(state);
		make_small(&shape, true);
		assert_int_equal(truncate(index_path, sizes[i]), 0);
		assert_false(small_is_there(&shape, "t"));
	}
	for (off_t at = 0; at < (off_t)offsetof(struct key_map_head, version); at++) {
		uint8_t c = (uint8_t)any(256);
		int fd;

		index_file_forget(state);
		make_small(&shape, true);
		fd = open(index_path, O_RDWR);
		assert_int_equal(pwrite(fd, &c, 1, at), 1);
		close(fd);
		small_is_there(&shape, "t");
	}
	make_small(&shape, true);
	unlink(index_files_path);
	assert_false(small_is_there(&shape, "t"));
	schema_release(s);
}

static void a_torn_last_line_is_cut_off(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct err e = ERR_INIT;
	struct key_shape shape;
	struct key_index *x;
	uint32_t file;
	int fd;

	(void)state;
	key_shape_init(&shape, s);
	make_small(&shape, false);
	fd = open(index_files_path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "2 500 half", 10), 10);
	close(fd);
	assert_true(small_is_there(&shape, "t"));
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_add_file(x, "b", &file, &e), 0);
	assert_int_equal(file, 2);
	key_index_drop_file(x, 2);
	assert_int_equal(key_index_file(x, "b"), 0);
	assert_int_equal(key_index_add_file(x, "b", &file, &e), 0);
	assert_int_equal(file, 3);
	key_index_close(x);
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_file(x, "b"), 3);
	key_index_close(x);
	schema_release(s);
}

static void dropped_files_do_not_fill_the_list(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct err e = ERR_INIT;
	struct key_shape shape;
	struct key_index *x;
	struct stat size;
	char name[32];
	uint32_t file = 0;

	(void)state;
	key_shape_init(&shape, s);
	x = index_file_open(&shape, "t");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "part-%d", i);
		assert_int_equal(key_index_add_file(x, name, &file, &e), 0);
		if (i % 100 != 0)
			key_index_drop_file(x, file);
	}
	key_index_close(x);
	assert_int_equal(stat(index_files_path, &size), 0);
	assert_true(size.st_size < 60000);
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_file(x, "part-4900"), 4901);
	assert_int_equal(key_index_file(x, "part-4901"), 0);
	assert_int_equal(key_index_add_file(x, "z", &file, &e), 0);
	assert_int_equal(file, 5001);
	key_index_close(x);
	schema_release(s);
}

/* Applies batches as versions for ever; the parent kills it. */
static void write_until_killed(const struct key_shape *shape, bool is_whole, uint64_t from)
{
	struct row_place *model = memory_array(struct row_place, KEYS);
	struct key_hash keys[BATCH];
	struct row_place places[BATCH];
	struct key_index *x = index_file_open(shape, "t");

	for (int64_t v = 0;; v++) {
		any_from(from + (uint64_t)v * 1000003);
		random_batch(keys, places, model, is_whole);
		index_file_apply(x, keys, BATCH, NULL, places);
		key_index_set_version(x, v, 0);
	}
}

static void check_kill(const struct key_shape *shape, bool is_whole, int round)
{
	struct row_place *model = memory_array(struct row_place, KEYS);
	struct key_hash keys[BATCH];
	struct row_place places[BATCH];
	uint64_t from = 12345 + (uint64_t)round;
	pid_t child = fork();
	struct key_index *x;
	int64_t version;
	int status;

	if (child == 0)
		write_until_killed(shape, is_whole, from);
	clock_sleep_us(1000 + any(15000));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	x = index_file_open(shape, "t");
	version = key_index_version(x);
	for (int64_t v = 0; v <= version + 1; v++) {
		any_from(from + (uint64_t)v * 1000003);
		random_batch(keys, places, model, is_whole);
	}
	index_file_apply(x, keys, BATCH, NULL, places);
	assert_same(x, model, is_whole);
	key_index_close(x);
	memory_free(model);
}

static void a_killed_version_can_be_applied_again(void **state)
{
	struct schema *whole = schema_of(TYPE_LONG, 1), *text = schema_of(TYPE_STRING, 1);
	struct key_shape shape;

	for (int round = 0; round < 20; round++) {
		index_file_forget(state);
		key_shape_init(&shape, round % 2 == 0 ? whole : text);
		check_kill(&shape, round % 2 == 0, round);
	}
	schema_release(whole);
	schema_release(text);
}

static void a_full_disk_is_an_error(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct key_hash *keys = memory_array(struct key_hash, 20000);
	struct row_place *places = memory_array(struct row_place, 20000);
	struct err e = ERR_INIT;
	struct key_shape shape;
	struct key_index *x;

	(void)state;
	key_shape_init(&shape, s);
	for (uint32_t i = 0; i < 20000; i++) {
		keys[i].low = i;
		places[i] = (struct row_place){ 1, i };
	}
	limit_files(100000);
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_apply(x, keys, 20000, NULL, places, &e), -1);
	assert_int_equal(e.kind, ERR_IO);
	assert_int_equal(key_index_reserve(x, 20000, &e), -1);
	limit_files(RLIM_INFINITY);
	index_file_apply(x, keys, 20000, NULL, places);
	assert_int_equal(key_index_count(x), 20000);
	key_index_close(x);
	memory_free(keys);
	memory_free(places);
	schema_release(s);
}

static void a_filled_reserve_takes_32_bytes_a_row(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct key_hash *keys = memory_array(struct key_hash, 60000);
	struct row_place *places = memory_array(struct row_place, 60000);
	struct err e = ERR_INIT;
	struct key_shape shape;
	struct key_index *x;
	uint64_t reserved;

	(void)state;
	key_shape_init(&shape, s);
	for (uint32_t i = 0; i < 60000; i++) {
		keys[i].low = i;
		places[i] = (struct row_place){ 1, i };
	}
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_reserve(x, 50000, &e), 0);
	reserved = key_index_bytes(x);
	index_file_apply(x, keys, 50000, NULL, places);
	assert_int_equal(key_index_bytes(x), reserved);
	assert_true(reserved <= 50000 * 32);
	for (uint32_t i = 50000; i < 60000; i++) {
		index_file_apply(x, &keys[i], 1, NULL, &places[i]);
		assert_true(key_index_bytes(x) <= i * 32ull);
	}
	memset(places, 0, 60000 * sizeof(*places));
	index_file_apply(x, keys, 60000, NULL, places);
	assert_int_equal(key_index_count(x), 0);
	key_index_close(x);
	memory_free(keys);
	memory_free(places);
	schema_release(s);
}

static void a_second_process_is_kept_out(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct key_index *x, *second = NULL;
	struct err e = ERR_INIT;
	struct key_shape shape;

	(void)state;
	key_shape_init(&shape, s);
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_open(&second, index_path, "t", &shape, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	key_index_close(x);
	schema_release(s);
}

static void table_order_changes_no_answer(void **state)
{
	struct key_map_head head = { .capacity = 8000 };
	struct key_slots s = { .head = &head, .is_whole = true, .is_ordered = true };
	struct key_hash *keys = memory_array(struct key_hash, KEYS);
	struct row_place *places = memory_array(struct row_place, KEYS);
	struct row_place *found = memory_array(struct row_place, KEYS);
	uint32_t *order;

	(void)state;
	s.base = memory_take(8000, key_slot_size(true));
	for (uint32_t i = 0; i < KEYS; i++) {
		keys[i] = key_of(i, true);
		places[i] = (struct row_place){ 1 + i % 5, i };
	}
	order = key_slots_order(&s, keys, KEYS);
	assert_non_null(order);
	key_slots_apply(&s, keys, order, 0, KEYS, NULL, places, NULL);
	assert_int_equal(head.live_count, KEYS);
	key_slots_find(&s, keys, KEYS, found, NULL);
	assert_memory_equal(found, places, KEYS * sizeof(*found));
	s.is_ordered = false;
	key_slots_find(&s, keys, KEYS, found, NULL);
	assert_memory_equal(found, places, KEYS * sizeof(*found));
	memory_free(order);
	memory_free(s.base);
	memory_free(keys);
	memory_free(places);
	memory_free(found);
}

#define ORDERED 5000u

/* Key n has this order; its first word grows with n. */
static void order_of(uint32_t n, uint64_t *order)
{
	order[0] = n + 1;
	order[1] = ~(uint64_t)n;
}

static void apply_ordered(struct key_index *x, bool is_whole)
{
	for (uint32_t n = 0; n < ORDERED; n++) {
		struct row_place place = n % 2 == 0 ? (struct row_place){ KEY_TOMBSTONE, 0 } : (struct row_place){ 1, n };
		struct key_hash key = key_of(n, is_whole);
		struct err e = ERR_INIT;
		uint64_t order[2];

		order_of(n, order);
		must(key_index_apply_ordered(x, &key, 1, NULL, &place, order, &e), &e);
	}
}

/* Keys from `first` on are there, each with its order; the tombstones among those before are gone. */
static void assert_ordered(struct key_index *x, uint32_t first, bool is_whole)
{
	for (uint32_t n = 0; n < ORDERED; n++) {
		struct key_hash key = key_of(n, is_whole);
		uint64_t order[2], expected[2];
		struct row_place place;

		order_of(n, expected);
		key_index_find_ordered(x, &key, 1, &place, order);
		if (n % 2 == 0 && n < first) {
			assert_int_equal(place.file, 0);
			continue;
		}
		assert_int_equal(place.file, n % 2 == 0 ? KEY_TOMBSTONE : 1);
		assert_memory_equal(order, expected, sizeof(order));
	}
}

static void check_orders(bool is_whole)
{
	struct schema *s = schema_of(is_whole ? TYPE_LONG : TYPE_STRING, 1);
	struct key_shape shape;
	struct key_index *x;
	struct err e = ERR_INIT;

	schema_add(s, "c", TYPE_LONG, true);
	schema_add(s, "d", TYPE_LONG, true);
	schema_set_order(s, (uint32_t[]){ 2, 3 }, 2);
	key_shape_init(&shape, s);
	x = index_file_open(&shape, "t");
	apply_ordered(x, is_whole);
	assert_ordered(x, 0, is_whole);
	key_index_set_version(x, 1, 1);
	key_index_close(x);
	x = index_file_open(&shape, "t");
	assert_int_equal(key_index_version(x), 1);
	key_index_set_horizon(x, ORDERED / 2 + 1);
	assert_ordered(x, 0, is_whole);
	must(key_index_reserve(x, 20 * ORDERED, &e), &e);
	assert_ordered(x, ORDERED / 2, is_whole);
	key_index_close(x);
	schema_release(s);
}

static void orders_stay_with_their_keys_and_past_tombstones_leave_at_growth(void **state)
{
	(void)state;
	check_orders(true);
	index_file_forget(NULL);
	check_orders(false);
}

static void an_index_of_another_order_is_made_anew(void **state)
{
	struct schema *s = schema_of(TYPE_LONG, 1);
	struct key_shape shape;
	struct key_index *x;

	(void)state;
	schema_add(s, "c", TYPE_LONG, true);
	schema_add(s, "d", TYPE_LONG, true);
	for (uint32_t field = 2; field < 4; field++) {
		schema_set_order(s, &field, 1);
		key_shape_init(&shape, s);
		x = index_file_open(&shape, "t");
		assert_int_equal(key_index_version(x), -1);
		key_index_set_version(x, 1, 1);
		key_index_close(x);
	}
	schema_release(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		INDEX_TEST(whole_keys_match_the_model),
		INDEX_TEST(hashed_keys_match_the_model),
		INDEX_TEST(a_column_more_keeps_a_row_hash),
		INDEX_TEST(a_null_differs_from_every_value),
		INDEX_TEST(whole_keys_keep_their_sign),
		INDEX_TEST(only_a_closed_index_outlives_a_boot),
		INDEX_TEST(another_table_or_shape_opens_empty),
		INDEX_TEST(damaged_files_open_empty),
		INDEX_TEST(a_torn_last_line_is_cut_off),
		INDEX_TEST(dropped_files_do_not_fill_the_list),
		INDEX_TEST(a_killed_version_can_be_applied_again),
		INDEX_TEST(a_full_disk_is_an_error),
		INDEX_TEST(a_filled_reserve_takes_32_bytes_a_row),
		INDEX_TEST(a_second_process_is_kept_out),
		INDEX_TEST(table_order_changes_no_answer),
		INDEX_TEST(orders_stay_with_their_keys_and_past_tombstones_leave_at_growth),
		INDEX_TEST(an_index_of_another_order_is_made_anew),
	};

	return cmocka_run_group_tests(tests, index_file_set_up, index_file_tear_down);
}
