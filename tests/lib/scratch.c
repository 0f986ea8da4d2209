/* SPDX-License-Identifier: Apache-2.0 */
#define _XOPEN_SOURCE 700
#include "lib/scratch.h"

#include <assert.h>
#include <dirent.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"

/* What all tests that run at a time may need; containers often have less than this of it. */
#define MEMORY_BYTES ((uint64_t)1 << 30)

static bool has_room(const char *folder)
{
	struct statvfs fs;

	return access(folder, W_OK) == 0 && statvfs(folder, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize >= MEMORY_BYTES;
}

void scratch_make(struct scratch *s)
{
	const char *below = getenv("TMPDIR");

	if (below == NULL)
		below = has_room("/dev/shm") ? "/dev/shm" : "/tmp";
	snprintf(s->path, sizeof(s->path), "%.90s/tailrace-test-XXXXXX", below);
	if (mkdtemp(s->path) == NULL)
		abort();
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void scratch_remove(struct scratch *s)
{
	nftw(s->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const struct scratch *s, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", s->path, name);
	return path;
}

void scratch_write(const struct scratch *s, const char *name, const char *text,
		   size_t size)
{
	FILE *f = fopen(scratch_path(s, name), "wb");

	if (f == NULL || fwrite(text, 1, size, f) != size || fclose(f) != 0)
		abort();
}

char *scratch_read(const struct scratch *s, const char *name, size_t *size)
{
	FILE *f = fopen(scratch_path(s, name), "rb");
	char *text = NULL;
	size_t used = 0, got;

	if (f == NULL)
		return NULL;
	do {
		text = memory_grow(text, char, used + 4097);
		got = fread(text + used, 1, 4096, f);
		used += got;
	} while (got > 0);
	fclose(f);
	text[used] = 0;
	if (size != NULL)
		*size = used;
	return text;
}

int scratch_count(const struct scratch *s, const char *folder, const char *prefix)
{
	DIR *dir = opendir(scratch_path(s, folder));
	const struct dirent *entry;
	int count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
			 strcmp(entry->d_name, ".") != 0 &&
			 strcmp(entry->d_name, "..") != 0;
	if (dir != NULL)
		closedir(dir);
	return count;
}
