/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor_lake.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "store/store.h"
#include "table/table.h"

/* Below this the disk counts as nearly full. */
#define FREE_BYTES_LEAST (UINT64_C(1) << 30)

static void check_space(struct findings *out, const char *path)
{
	struct statvfs s;
	uint64_t free_bytes;

	if (statvfs(path, &s) < 0)
		return;
	free_bytes = (uint64_t)s.f_bavail * s.f_frsize;
	if (free_bytes < FREE_BYTES_LEAST)
		findings_add(out, false, "%s: %llu MiB free; mend: make room before the copy", path,
			     (unsigned long long)(free_bytes >> 20));
}

/* Writes and removes nothing but the store's own probe of exclusive creation. */
static void check_writing(struct findings *out, const char *path)
{
	struct err e = ERR_INIT;
	struct store *store;

	if (access(path, W_OK | X_OK) < 0) {
		findings_add(out, true, "not writable: %s: %s; mend: chown or chmod it for this user", path,
			     strerror(errno));
		return;
	}
	store = store_open_directory(path, true, &e);
	if (store == NULL) {
		findings_add(out, true, "unusable: %s", e.text);
	}
	store_close(store);
}

static void check_table(struct findings *out, const char *path)
{
	struct store *store;
	struct table *table = NULL;
	struct err e = ERR_INIT;

	store = store_open_directory(path, false, &e);
	if (store != NULL && table_open_read(&table, store, -1, &e) == 0 &&
	    table_snapshot(table)->version >= 0 && table_snapshot(table)->source_name == NULL)
		findings_add(out, false,
			     "%s is a table that tailrace did not make; a source table of "
			     "that name is refused; mend: move it away", path);
	else if (e.kind != ERR_NONE)
		findings_add(out, false, "%s: %s", path, e.text);
	table_close(table);
	store_close(store);
}

/* Folders two below the lake that have a log: <lake>/<database>/<table>. */
static void check_tables(struct findings *out, const char *path, unsigned depth)
{
	DIR *folder = opendir(path);
	struct buffer child = { 0 };

	for (struct dirent *d; folder != NULL && (d = readdir(folder)) != NULL;) {
		struct stat s;

		if (d->d_name[0] == '.' || d->d_name[0] == '_')
			continue;
		buffer_clear(&child);
		buffer_format(&child, "%s/%s", path, d->d_name);
		if (stat(buffer_string(&child), &s) < 0 || !S_ISDIR(s.st_mode))
			continue;
		if (depth == 0)
			check_tables(out, buffer_string(&child), 1);
		else
			check_table(out, buffer_string(&child));
	}
	if (folder != NULL)
		closedir(folder);
	buffer_release(&child);
}

/* The nearest folder above that exists. */
static char *existing_parent(const char *path)
{
	char *parent = memory_copy_text(path);

	while (access(parent, F_OK) < 0) {
		char *slash = strrchr(parent, '/');

		if (slash == NULL || slash == parent) {
			memory_free(parent);
			return memory_copy_text(slash == NULL ? "." : "/");
		}
		*slash = 0;
	}
	return parent;
}

int doctor_lake(struct findings *out, const char *path, struct err *e)
{
	struct stat s;
	char *parent;

	if (stat(path, &s) == 0) {
		if (!S_ISDIR(s.st_mode))
			return err_set(e, ERR_CONFIG, "--to: \"%s\" is not a directory", path);
		check_writing(out, path);
		check_space(out, path);
		check_tables(out, path, 0);
		return 0;
	}
	parent = existing_parent(path);
	if (access(parent, W_OK | X_OK) < 0) {
		findings_add(out, true, "cannot be made: %s: %s: %s; mend: mkdir it for this user", path, parent,
			     strerror(errno));
	}
	check_space(out, parent);
	memory_free(parent);
	return 0;
}
