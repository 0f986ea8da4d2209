/* SPDX-License-Identifier: Apache-2.0 */
#include "store/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

void folders_init(struct folders *f, int root, const char *path)
{
	*f = (struct folders){ .root = root, .path = path };
	pthread_mutex_init(&f->lock, NULL);
}

void folders_release(struct folders *f)
{
	for (size_t i = 0; i < f->count; i++)
		memory_free(f->durable[i]);
	memory_free(f->durable);
	pthread_mutex_destroy(&f->lock);
}

char *folder_of(const char *key)
{
	const char *slash = strrchr(key, '/');

	return slash != NULL ? memory_copy(key, (size_t)(slash - key))
			     : memory_copy_text(".");
}

static int fail(const struct folders *f, const char *what, const char *folder,
		struct err *e)
{
	return err_system(e, "%s \"%s/%s\"", what, f->path, folder);
}

int folders_sync(const struct folders *f, const char *folder, struct err *e)
{
	int fd = openat(f->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return fail(f, "open folder", folder, e);
	rc = fsync(fd);
	if (rc < 0)
		rc = fail(f, "sync folder", folder, e);
	close(fd);
	return rc;
}

/* Where the folder stands in `durable`, or would. */
static size_t place_of(const struct folders *f, const char *folder, bool *is_there)
{
	size_t low = 0, high = f->count;

	*is_there = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(f->durable[middle], folder);

		*is_there |= order == 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void remember(struct folders *f, const char *folder)
{
	bool is_there;
	size_t at = place_of(f, folder, &is_there);

	if (is_there)
		return;
	f->durable = memory_grow(f->durable, char *, f->count + 1);
	memmove(f->durable + at + 1, f->durable + at,
		(f->count - at) * sizeof(*f->durable));
	f->durable[at] = memory_copy_text(folder);
	f->count++;
}

static int make(struct folders *f, const char *folder, bool is_gone, struct err *e)
{
	bool is_durable;
	char *parent;
	int rc;

	place_of(f, folder, &is_durable);
	if (strcmp(folder, ".") == 0 || (is_durable && !is_gone))
		return 0;
	parent = folder_of(folder);
	rc = make(f, parent, is_gone, e);
	if (rc == 0 && mkdirat(f->root, folder, 0777) < 0 && errno != EEXIST)
		rc = fail(f, "make folder", folder, e);
	if (rc == 0)
		rc = folders_sync(f, parent, e);
	if (rc == 0)
		remember(f, folder);
	memory_free(parent);
	return rc;
}

int folders_make(struct folders *f, const char *folder, bool is_gone, struct err *e)
{
	int rc;

	pthread_mutex_lock(&f->lock);
	rc = make(f, folder, is_gone, e);
	pthread_mutex_unlock(&f->lock);
	return rc;
}

static int sync_path(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_system(e, "open folder \"%s\"", path);
	rc = fsync(fd);
	if (rc < 0)
		rc = err_system(e, "sync folder \"%s\"", path);
	close(fd);
	return rc;
}

int folder_make_root(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	bool is_there = access(path, F_OK) == 0;
	char *parent;
	int rc = 0;

	parent = slash == NULL	? memory_copy_text(".")
		 : slash == path ? memory_copy_text("/")
				 : memory_copy(path, (size_t)(slash - path));
	if (slash != NULL && slash[1] == 0 && slash != path) /* "lake/" */
		rc = folder_make_root(parent, e);
	else if (!is_there && folder_make_root(parent, e) < 0)
		rc = -1;
	else if (!is_there && mkdir(path, 0777) < 0 && errno != EEXIST)
		rc = err_system(e, "make folder \"%s\"", path);
	else if (!is_there || access(parent, R_OK | W_OK) == 0) /* else we did not make it */
		rc = sync_path(parent, e);
	memory_free(parent);
	return rc;
}
