/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes while checkpoints are written and the log behind them is cleaned up. On every state that a
 * strict file system may then show, the table opens at a version not before the last one that was
 * acknowledged, with its files and its position, and takes commits.
 */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <utime.h>

#include "disk/bench.h"
#include "lib/delta_table.h"
#include "table/delta/checkpoint.h"
#include "table/delta/log_clean.h"

#define LAST 7 /* versions, each with a file more and its own number as position */

/* Entries up to this version are old enough to go. */
static void age(const char *folder, int64_t last)
{
	struct utimbuf old = { 1000000000, 1000000000 };
	char key[LOG_KEY_BYTES_MAX], path[512];

	for (int64_t version = 0; version <= last; version++) {
		log_entry_key(key, version);
		snprintf(path, sizeof(path), "%s/%s", folder, key);
		utime(path, &old);
	}
}

static void commit(struct table *d, const char *folder)
{
	int version = (int)table_snapshot(d)->version + 1;
	struct err e = ERR_INIT;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "v%d-", version);
	delta_table_add(d, prefix, 1, version);
	calls_mark((uint32_t)version);
	if (version != 2 && version != 4 && version != LAST)
		return;
	must(checkpoint_write(delta_of(d), &e), &e);
	age(folder, version);
	if (version > 2)
		must(log_clean(delta_of(d), &e), &e);
}

/* The table in the folder, at LAST when it returns. */
static void write_table(const char *folder)
{
	struct err e = ERR_INIT;
	struct store *store = store_open_directory(folder, true, &e);
	struct table *d = delta_table_open(store);

	if (table_snapshot(d)->version < 0) {
		table_close(d);
		d = delta_table_make(store);
	}
	while (table_snapshot(d)->version < LAST)
		commit(d, folder);
	table_close(d);
	store_close(store);
}

static int check_snapshot(const struct snapshot *s, int least, struct err *e)
{
	char position[32] = "nothing";

	if (s->version < least)
		return err_set(e, ERR_DATA, "version %d, %d was acknowledged", (int)s->version,
			       least);
	if (s->version <= 0)
		return 0;
	snprintf(position, sizeof(position), "{\"at\":%d}", (int)s->version);
	if (s->position == NULL || strcmp(s->position, position) != 0)
		return err_set(e, ERR_DATA, "version %d is at %s", (int)s->version,
			       s->position != NULL ? s->position : "nothing");
	if (s->file_count != (uint32_t)s->version)
		return err_set(e, ERR_DATA, "version %d has %u files", (int)s->version,
			       s->file_count);
	return 0;
}

/* Through its reader and its writer. */
static int check_table(const char *folder, int least, struct err *e)
{
	struct store *store = store_open_directory(folder, false, e);
	struct table *d = NULL;
	int rc = delta_open_read(&d, store, -1, e);

	if (rc == 0 && table_snapshot(d)->version < least)
		rc = err_set(e, ERR_DATA, "its reader finds version %d, %d was acknowledged",
			     (int)table_snapshot(d)->version, least);
	table_close(d);
	d = NULL;
	if (rc == 0)
		rc = delta_open(&d, store, TEST_APP, e);
	if (rc == 0)
		rc = check_snapshot(table_snapshot(d), least, e);
	table_close(d);
	store_close(store);
	return rc;
}

static int survive(struct bench *b, uint32_t mark, bool writes_on, struct err *e)
{
	if (check_table(b->after, (int)mark > 0 ? (int)mark : -1, e) < 0)
		return -1;
	if (!writes_on)
		return 0;
	write_table(b->after);
	return check_table(b->after, LAST, e) < 0 ? err_wrap(e, "after the run after it") : 0;
}

static void a_power_cut_at_a_checkpoint_loses_nothing(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	write_table(b.real);
	bench_cut(&b);
	assert_int_equal(scratch_count(&b.folder, "real/_delta_log", "00000000000000000002"), 0);
	bench_search(&b, DISK_HONEST, survive);
	bench_close(&b);
}

static void a_disk_that_lies_is_found_out(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b, NULL);
	write_table(b.real);
	bench_cut(&b);
	assert_true(bench_search(&b, DISK_FILES_LIE, survive));
	assert_true(bench_search(&b, DISK_FOLDERS_LIE, survive));
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_power_cut_at_a_checkpoint_loses_nothing),
		cmocka_unit_test(a_disk_that_lies_is_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
