/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/index_file.h"

#include <signal.h>
#include <unistd.h>

#include "lib/scratch.h"
#include "lib/test.h"

char index_path[160], index_files_path[170];

static struct scratch folder;
static uint64_t last = 88172645463325252u;

int index_file_set_up(void **state)
{
	(void)state;
	scratch_make(&folder);
	snprintf(index_path, sizeof(index_path), "%s", scratch_path(&folder, "k.idx"));
	snprintf(index_files_path, sizeof(index_files_path), "%s.files", index_path);
	return 0;
}

int index_file_tear_down(void **state)
{
	(void)state;
	scratch_remove(&folder);
	return 0;
}

int index_file_forget(void **state)
{
	(void)state;
	unlink(index_path);
	unlink(index_files_path);
	return 0;
}

struct key_index *index_file_open(const struct key_shape *shape, const char *table)
{
	struct key_index *x = NULL;
	struct err e = ERR_INIT;

	must(key_index_open(&x, index_path, table, shape, &e), &e);
	return x;
}

void index_file_apply(struct key_index *x, const struct key_hash *keys, uint32_t count,
		      const struct row_place *old, const struct row_place *places)
{
	struct err e = ERR_INIT;

	must(key_index_apply(x, keys, count, old, places, &e), &e);
}

struct key_hash index_key(uint32_t n)
{
	return (struct key_hash){ (uint64_t)(n & 7) << 61 | (uint64_t)n << 40, n };
}

void any_from(uint64_t seed)
{
	last = seed;
}

uint32_t any(uint32_t below)
{
	last ^= last << 13;
	last ^= last >> 7;
	last ^= last << 17;
	return (uint32_t)(last >> 11) % below;
}

void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
}
