/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes, after each call that changes a file. On every state that a strict file system may then
 * show, both tables open, equal the model at the position that they name, have lost nothing that was
 * acknowledged, and a next run goes on to the end.
 */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "disk/bench.h"
#include "disk/power_lake.h"

/* What is done to it here. */
static const struct power_lake lake = { .format = "delta" };
#define LAST POWER_LAST

static int check_lake(const char *folder, int acknowledged, struct err *e)
{
	return power_lake_check(&lake, folder, acknowledged, e);
}

static int write_lake(const char *folder, int last, struct err *e)
{
	return power_lake_write(&lake, folder, last, e);
}

/* --- the cuts --------------------------------------------------------------------------------- */

static void record(struct bench *b, int last)
{
	struct err e = ERR_INIT;

	bench_open(b, NULL);
	must(write_lake(b->real, last, &e), &e);
	bench_cut(b);
}

static int survive(struct bench *b, uint32_t mark, bool writes_on, struct err *e)
{
	if (check_lake(b->after, (int)mark, e) < 0)
		return -1;
	if (!writes_on)
		return 0;
	if (write_lake(b->after, LAST, e) < 0)
		return err_wrap(e, "the run after it");
	if (check_lake(b->after, LAST, e) < 0)
		return err_wrap(e, "after the run after it");
	return 0;
}

static void a_power_cut_after_any_call_loses_nothing(void **state)
{
	struct bench b;

	(void)state;
	record(&b, LAST);
	bench_search(&b, DISK_HONEST, survive);
	bench_close(&b);
}

/* Replayed to its end, with nothing lost, the recording is the folder: no call goes by unseen. */
static void the_recording_is_whole(void **state)
{
	char command[512];
	struct bench b;

	(void)state;
	record(&b, LAST);
	disk_rewind(b.disk, DISK_HONEST);
	while (disk_next(b.disk))
		;
	assert_true(disk_cut(b.disk, DISK_DATA_NEW, DISK_NAMES_ALL, b.after));
	snprintf(command, sizeof(command), "diff -r '%s' '%s'", b.real, b.after);
	assert_int_equal(system(command), 0);
	bench_close(&b);
}

/* Had the syncs no effect, this test would see it. */
static void a_disk_that_lies_is_found_out(void **state)
{
	struct bench b;

	(void)state;
	record(&b, 2);
	assert_true(bench_search(&b, DISK_FILES_LIE, survive));
	assert_true(bench_search(&b, DISK_FOLDERS_LIE, survive));
	bench_close(&b);
}

/* --- after a cut, or a kill ------------------------------------------------------------------- */

static int only_read(struct bench *b, uint32_t mark, bool writes_on, struct err *e)
{
	(void)writes_on;
	return check_lake(b->after, (int)mark, e);
}

/* The run after a cut, from this state, is cut itself. */
static void cut_again(const struct bench *first, uint32_t mark)
{
	struct err e = ERR_INIT;
	struct bench b;

	bench_open(&b, first->after);
	calls_mark(mark);
	must(write_lake(b.real, 4, &e), &e);
	bench_cut(&b);
	bench_search(&b, DISK_HONEST, only_read);
	bench_close(&b);
}

static void a_power_cut_in_the_run_after_one_loses_nothing(void **state)
{
	unsigned every = bench_wants_all() ? 20 : 700, states = 0;
	struct bench b;

	(void)state;
	record(&b, 3);
	disk_rewind(b.disk, DISK_HONEST);
	while (disk_next(b.disk)) {
		for (int i = 0; i < DISK_DATAS * DISK_NAMES; i++) {
			if (disk_cut(b.disk, i / DISK_NAMES, i % DISK_NAMES, b.after) &&
			    ++states % every == 0)
				cut_again(&b, disk_marked(b.disk));
		}
	}
	bench_close(&b);
}

/*
 * What a killed run made, and had not synced, is built upon by the next one: it must not go away under it.
 * The cut is at the next one's end; with POWER_CUTS=all anywhere in both.
 */
static void a_power_cut_after_a_run_after_a_kill_loses_nothing(void **state)
{
	int step = bench_wants_all() ? 1 : 5;
	bool was_killed = true;

	(void)state;
	for (int n = 1; was_killed; n += step) {
		struct err e = ERR_INIT;
		struct bench b;

		bench_open(&b, NULL);
		calls_die_at(n);
		write_lake(b.real, 1, &e);
		was_killed = calls_are_dead();
		calls_die_at(0);
		e = ERR_INIT;
		if (write_lake(b.real, 1, &e) < 0)
			fail_msg("killed at call %d: %s", n, e.text);
		bench_cut(&b);
		if (bench_wants_all())
			bench_search(&b, DISK_HONEST, only_read);
		disk_rewind(b.disk, DISK_HONEST);
		while (disk_next(b.disk))
			;
		disk_cut(b.disk, DISK_DATA_OLD, DISK_NAMES_NONE, b.after);
		if (check_lake(b.after, 1, &e) < 0)
			fail_msg("killed at call %d: %s", n, e.text);
		bench_close(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_power_cut_after_any_call_loses_nothing),
		cmocka_unit_test(a_power_cut_after_a_run_after_a_kill_loses_nothing),
		cmocka_unit_test(a_power_cut_in_the_run_after_one_loses_nothing),
		cmocka_unit_test(the_recording_is_whole),
		cmocka_unit_test(a_disk_that_lies_is_found_out),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
