/* SPDX-License-Identifier: Apache-2.0 */
/* The directory store, and a folder of it as a store. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "lib/scratch.h"
#include "lib/test.h"
#include "store/store.h"

struct both {
	struct scratch folder;
	struct store *root, *below;
};

static int setup(void **state)
{
	struct both *b = calloc(1, sizeof(*b));
	struct err e = ERR_INIT;

	scratch_make(&b->folder);
	b->root = store_open_directory(scratch_path(&b->folder, "a/lake"), true, &e);
	b->below = b->root != NULL ? store_open_below(b->root, "shop/orders", &e) : NULL;
	*state = b;
	return b->below != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	struct both *b = *state;

	store_close(b->below);
	store_close(b->root);
	scratch_remove(&b->folder);
	free(b);
	return 0;
}

static enum put_result put(struct store *s, const char *key, const char *text,
			   bool exclusive)
{
	enum put_result result = PUT_UNKNOWN;
	struct err e = ERR_INIT;

	must(store_put(s, key, bytes_of_text(text), exclusive, &result, &e), &e);
	return result;
}

static void an_object_comes_back_whole_and_in_ranges(void **state)
{
	struct both *b = *state;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;
	uint64_t size;

	assert_int_equal(put(b->below, "x/y.bin", "0123456789", false), PUT_DONE);
	assert_int_equal(store_get(b->below, "x/y.bin", 0, 0, &text, &e), 0);
	assert_int_equal(store_get(b->root, "shop/orders/x/y.bin", 3, 4, &text, &e), 0);
	assert_int_equal(store_get(b->below, "x/y.bin", 8, 0, &text, &e), 0);
	assert_int_equal(store_get(b->below, "x/y.bin", 10, 0, &text, &e), 0);
	assert_int_equal(store_get(b->below, "x/y.bin", 8, 3, &text, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_int_equal(store_get(b->below, "x/n", 0, 0, &text, &e), 1);
	assert_buffer_text(text, "0123456789345689");
	assert_int_equal(b->below->ops->size(b->below, "x/y.bin", &size, &e), 0);
	assert_int_equal(size, 10);
	assert_int_equal(b->below->ops->size(b->below, "x/z", &size, &e), 1);
}

static void an_exclusive_put_never_replaces(void **state)
{
	struct both *b = *state;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(put(b->below, "n", "first", true), PUT_DONE);
	assert_int_equal(put(b->below, "n", "second", true), PUT_EXISTS);
	assert_int_equal(store_get(b->below, "n", 0, 0, &text, &e), 0);
	assert_int_equal(put(b->below, "n", "third", false), PUT_DONE);
	assert_int_equal(store_get(b->below, "n", 0, 0, &text, &e), 0);
	assert_buffer_text(text, "firstthird");
	assert_int_equal(scratch_count(&b->folder, "a/lake/shop/orders", ".tmp-"), 0);
	assert_int_equal(scratch_count(&b->folder, "a/lake", ".tmp-"), 0);
}

static void a_list_is_sorted_and_starts_after_a_name(void **state)
{
	struct both *b = *state;
	struct store_list l;
	struct err e = ERR_INIT;

	put(b->below, "log/b", "", false);
	put(b->below, "log/a", "x", false);
	put(b->below, "log/c", "", false);
	put(b->below, "log/deeper/d", "", false);
	assert_int_equal(store_list(b->below, "log", "a", &l, &e), 0);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.objects[0].key, "log/b");
	assert_string_equal(l.objects[1].key, "log/c");
	store_list_release(&l);
	assert_int_equal(store_list(b->below, "log", NULL, &l, &e), 0);
	assert_int_equal(l.count, 3);
	assert_int_equal(l.objects[0].size, 1);
	assert_true(l.objects[0].modified_at_us > 1600000000000000);
	store_list_release(&l);
	assert_int_equal(store_list(b->below, "nowhere", NULL, &l, &e), 0);
	assert_int_equal(l.count, 0);
	store_list_release(&l);
	assert_int_equal(store_list(b->below, "", NULL, &l, &e), 0);
	assert_int_equal(l.count, 0);
	store_list_release(&l);
}

static void a_writer_shows_its_object_only_when_finished(void **state)
{
	struct both *b = *state;
	struct store_writer *w, *aborted;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	w = store_writer_open(b->below, "data", &e);
	aborted = b->below->ops->writer_open(b->below, "other", &e);
	assert_int_equal(store_writer_write(w, BYTES_OF("one "), &e), 0);
	assert_int_equal(b->below->ops->writer_write(w, BYTES_OF("two"), &e), 0);
	assert_int_equal(store_get(b->below, "data", 0, 0, &text, &e), 1);
	assert_int_equal(store_writer_finish(w, &e), 0);
	store_writer_abort(aborted);
	store_writer_abort(NULL);
	assert_int_equal(store_sync_folder(b->below, "", &e), 0);
	assert_int_equal(store_get(b->below, "data", 0, 0, &text, &e), 0);
	assert_buffer_text(text, "one two");
	assert_int_equal(scratch_count(&b->folder, "a/lake/shop/orders", ""), 1);
}

static void a_folder_that_was_removed_is_made_again(void **state)
{
	struct both *b = *state;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	put(b->below, "log/n", "old", false);
	assert_int_equal(store_remove(b->below, "log/n", &e), 0);
	assert_int_equal(rmdir(scratch_path(&b->folder, "a/lake/shop/orders/log")), 0);
	assert_int_equal(rmdir(scratch_path(&b->folder, "a/lake/shop/orders")), 0);
	put(b->below, "log/n", "new", true);
	assert_int_equal(store_get(b->below, "log/n", 0, 0, &text, &e), 0);
	assert_buffer_text(text, "new");
}

static void removing_twice_is_fine(void **state)
{
	struct both *b = *state;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	put(b->below, "n", "x", false);
	assert_int_equal(store_remove(b->below, "n", &e), 0);
	assert_int_equal(store_remove(b->below, "n", &e), 0);
	assert_int_equal(store_get(b->below, "n", 0, 0, &text, &e), 1);
}

static void keys_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const keys[] = { "../x", "/etc/passwd", "a/../b", "a//b", "a/",
					    "",	    ".",	   "a/.",    "a\nb" };
	struct both *b = *state;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		assert_false(store_key_is_safe(keys[i]));
		assert_int_equal(store_get(b->root, keys[i], 0, 0, &text, &e), -1);
		assert_int_equal(e.kind, ERR_DATA);
	}
	assert_null(store_open_below(b->root, "..", &e));
	assert_true(store_key_is_safe("_delta_log/..hidden"));
}

static void leftovers_of_killed_runs_are_swept_after_an_hour(void **state)
{
	struct both *b = *state;
	struct utimbuf old = { 1000000000, 1000000000 };
	struct store_list l;
	struct err e = ERR_INIT;

	put(b->below, "n", "x", false);
	scratch_write(&b->folder, "a/lake/shop/orders/.tmp-1", "", 0);
	scratch_write(&b->folder, "a/lake/shop/orders/.tmp-2", "", 0);
	utime(scratch_path(&b->folder, "a/lake/shop/orders/.tmp-1"), &old);
	assert_int_equal(store_list(b->below, "", NULL, &l, &e), 0);
	assert_int_equal(l.count, 1);
	store_list_release(&l);
	assert_int_equal(scratch_count(&b->folder, "a/lake/shop/orders", ".tmp-"), 1);
}

static void a_failure_reads_as_a_sentence_with_its_path(void **state)
{
	struct both *b = *state;
	enum put_result result;
	struct err e = ERR_INIT;

	put(b->below, "file", "x", false);
	assert_int_equal(
		store_put(b->below, "file/inside", BYTES_OF("x"), true, &result, &e), -1);
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.text, "a/lake/shop/orders/file"));
	assert_non_null(strstr(e.text, "Not a directory"));
	assert_null(store_open_directory(scratch_path(&b->folder, "none"), false, &e));
	assert_int_equal(e.kind, ERR_CONFIG);
}

/* A limit on the size of files stands for a full disk. */
static void what_does_not_fit_leaves_nothing_behind(void **state)
{
	struct both *b = *state;
	struct bytes large = { calloc(1, 10000), 10000 };
	struct store_writer *w;
	enum put_result result;
	struct rlimit before, small;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	put(b->below, "log/0", "old", false);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small = (struct rlimit){ 4096, before.rlim_max };
	setrlimit(RLIMIT_FSIZE, &small);
	assert_int_equal(store_put(b->below, "log/0", large, false, &result, &e), -1);
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.text, "shop/orders/log/0\": File too large"));
	w = store_writer_open(b->below, "log/1", &e);
	assert_int_equal(store_writer_write(w, large, &e), 0); /* still in its buffer */
	assert_int_equal(store_writer_finish(w, &e), -1);
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(scratch_count(&b->folder, "a/lake/shop/orders/log", ""), 1);
	assert_int_equal(store_get(b->below, "log/0", 0, 0, &text, &e), 0);
	assert_buffer_text(text, "old");
	free((void *)(uintptr_t)large.data);
}

struct racer {
	struct store *store;
	int won;
};

static void *race(void *context)
{
	struct racer *r = context;
	struct err e = ERR_INIT;
	char key[16];

	for (int i = 0; i < 20; i++) {
		enum put_result result = PUT_UNKNOWN;

		snprintf(key, sizeof(key), "new%d/n", i % 5 * 100 + i);
		if (store_put(r->store, key, BYTES_OF("x"), true, &result, &e) == 0)
			r->won += result == PUT_DONE;
	}
	return NULL;
}

static void of_many_writers_one_wins(void **state)
{
	struct both *b = *state;
	struct racer racers[4];
	pthread_t threads[4];
	int won = 0;

	for (int i = 0; i < 4; i++) {
		racers[i] = (struct racer){ b->below, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		won += racers[i].won;
	}
	assert_int_equal(won, 20);
}

static void names_become_key_parts_that_stay_different(void **state)
{
	static const struct {
		const char *name, *part;
	} cases[] = {
		{ "orders", "orders" },	  { "Order-Lines_2", "Order-Lines_2" },
		{ "_x", "%5Fx" },	  { ".x", "%2Ex" },
		{ "a/b c", "a%2Fb%20c" }, { "", "%" },
		{ "%", "%25" },		  { "\xc3\xa9", "%C3%A9" },
	};
	char name[300];
	struct buffer a = { 0 }, b = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer part = { 0 };

		store_key_part(&part, cases[i].name);
		assert_true(store_key_is_safe(buffer_string(&part)));
		assert_buffer_text(part, cases[i].part);
	}
	memset(name, 'x', sizeof(name));
	name[250] = 0;
	store_key_part(&a, name);
	name[249] = 'y';
	store_key_part(&b, name);
	assert_int_equal(a.size, 133);
	assert_string_not_equal(buffer_string(&a), buffer_string(&b));
	buffer_release(&a);
	buffer_release(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_object_comes_back_whole_and_in_ranges),
		TEST(an_exclusive_put_never_replaces),
		TEST(a_list_is_sorted_and_starts_after_a_name),
		TEST(a_writer_shows_its_object_only_when_finished),
		TEST(a_folder_that_was_removed_is_made_again),
		TEST(removing_twice_is_fine),
		TEST(keys_that_lead_elsewhere_are_refused),
		TEST(leftovers_of_killed_runs_are_swept_after_an_hour),
		TEST(a_failure_reads_as_a_sentence_with_its_path),
		TEST(what_does_not_fit_leaves_nothing_behind),
		TEST(of_many_writers_one_wins),
		cmocka_unit_test(names_become_key_parts_that_stay_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
