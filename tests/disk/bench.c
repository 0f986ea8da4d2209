/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/bench.h"

#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>

/* Without POWER_CUTS=all: of the states after a call one in eleven is looked at, of those one in eight written on. */
#define LOOKED_AT_EVERY 11
#define WRITES_ON_EVERY 8

/* A number that no state has seen. */
static void boot_anew(struct bench *b)
{
	static unsigned boots;
	char text[32];

	snprintf(text, sizeof(text), "boot %u", ++boots);
	scratch_write(&b->folder, "boot", text, strlen(text));
	snprintf(b->boot, sizeof(b->boot), "%s", scratch_path(&b->folder, "boot"));
	calls_set_boot(b->boot);
}

void bench_open(struct bench *b, const char *state)
{
	char command[512];

	scratch_make(&b->folder);
	snprintf(b->real, sizeof(b->real), "%s", scratch_path(&b->folder, "real"));
	snprintf(b->after, sizeof(b->after), "%s", scratch_path(&b->folder, "after"));
	if (state == NULL)
		snprintf(command, sizeof(command), "mkdir '%s'", b->real);
	else
		snprintf(command, sizeof(command), "cp -r '%s' '%s'", state, b->real);
	assert_int_equal(system(command), 0);
	boot_anew(b);
	b->disk = disk_new(b->real);
	calls_record(b->disk);
}

void bench_cut(struct bench *b)
{
	calls_record(NULL);
	boot_anew(b);
}

void bench_close(struct bench *b)
{
	calls_record(NULL);
	calls_set_boot(NULL);
	disk_free(b->disk);
	scratch_remove(&b->folder);
}

bool bench_wants_all(void)
{
	const char *wanted = getenv("POWER_CUTS");

	return wanted != NULL && strcmp(wanted, "all") == 0;
}

bool bench_search(struct bench *b, enum disk_lie lie, bench_survive *survive)
{
	bool all = bench_wants_all();
	unsigned states = 0;

	disk_rewind(b->disk, lie);
	while (disk_next(b->disk)) {
		for (int i = 0; i < DISK_DATAS * DISK_NAMES; i++) {
			struct err e = ERR_INIT;

			if (!all && (disk_calls(b->disk) + (unsigned)i) % LOOKED_AT_EVERY != 0)
				continue;
			if (!disk_cut(b->disk, i / DISK_NAMES, i % DISK_NAMES, b->after))
				continue;
			states++;
			if (survive(b, disk_marked(b->disk),
				    all || states % WRITES_ON_EVERY == 0, &e) == 0)
				continue;
			if (lie != DISK_HONEST)
				return true;
			fail_msg("after call %u, data %d, names %d: %s",
				 disk_calls(b->disk), i / DISK_NAMES, i % DISK_NAMES, e.text);
		}
	}
	print_message("# %u calls, %u states\n", disk_calls(b->disk), states);
	return false;
}
