/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/calls.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPS_MAX 16

static struct {
	pthread_mutex_t lock;
	struct disk *disk;
	const char *boot;
	int die_at, count;
	struct {
		void *at;
		int fd;
	} maps[MAPS_MAX]; /* written to without a call: looked at with every other one */
} calls = { .lock = PTHREAD_MUTEX_INITIALIZER };

void calls_record(struct disk *d)
{
	calls.disk = d;
}

void calls_die_at(int n)
{
	calls.die_at = n;
	calls.count = 0;
}

bool calls_are_dead(void)
{
	return calls.die_at > 0 && calls.count >= calls.die_at;
}

void calls_set_boot(const char *path)
{
	calls.boot = path;
}

static void look_at_maps(void)
{
	for (int i = 0; i < MAPS_MAX; i++) {
		if (calls.maps[i].at != NULL)
			disk_written(calls.disk, calls.maps[i].fd);
	}
}

/* false: the process is dead, the call fails. */
static bool begin(void)
{
	pthread_mutex_lock(&calls.lock);
	calls.count++;
	if (!calls_are_dead()) {
		if (calls.disk != NULL)
			look_at_maps();
		return true;
	}
	pthread_mutex_unlock(&calls.lock);
	errno = EIO;
	return false;
}

static void end(void)
{
	int saved = errno;

	pthread_mutex_unlock(&calls.lock);
	errno = saved;
}

void calls_mark(uint32_t mark)
{
	if (calls.disk != NULL && begin()) {
		disk_mark(calls.disk, mark);
		end();
	}
}

struct path {
	char text[1024];
};

static const char *full(struct path *out, int folder, const char *path)
{
	char link[64];
	ssize_t size;

	if (path[0] == '/' || folder == AT_FDCWD) {
		snprintf(out->text, sizeof(out->text), "%s", path);
		return out->text;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	size = readlink(link, out->text, sizeof(out->text) - 1);
	size = size > 0 ? size : 0;
	snprintf(out->text + size, sizeof(out->text) - (size_t)size, "/%s", path);
	return out->text;
}

#define WRAP(type, name, ...)              \
	type __real_##name(__VA_ARGS__);   \
	type __wrap_##name(__VA_ARGS__);   \
	type __wrap_##name(__VA_ARGS__)

int __real_openat(int folder, const char *path, int flags, ...);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

static int open_file(int folder, const char *path, int flags, mode_t mode)
{
	bool was_there = (flags & O_CREAT) != 0 && faccessat(folder, path, F_OK, 0) == 0;
	struct path p;
	int fd;

	if ((flags & (O_CREAT | O_TRUNC)) == 0)
		return __real_openat(folder, path, flags);
	if (!begin())
		return -1;
	fd = __real_openat(folder, path, flags, mode);
	if (fd >= 0 && calls.disk != NULL && !was_there)
		disk_name(calls.disk, full(&p, folder, path), true);
	else if (fd >= 0 && calls.disk != NULL)
		disk_written(calls.disk, fd);
	end();
	return fd;
}

static mode_t mode_of(va_list more, int flags)
{
	return (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
	va_list more;
	int fd;

	va_start(more, flags);
	fd = open_file(folder, path, flags, mode_of(more, flags));
	va_end(more);
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list more;
	int fd;

	if (calls.boot != NULL && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
		path = calls.boot;
	va_start(more, flags);
	fd = open_file(AT_FDCWD, path, flags, mode_of(more, flags));
	va_end(more);
	return fd;
}

/* After a call that changed the file's bytes. */
static void written(int fd, bool is_done)
{
	if (is_done && calls.disk != NULL)
		disk_written(calls.disk, fd);
	end();
}

WRAP(ssize_t, write, int fd, const void *data, size_t size)
{
	ssize_t n;

	if (!begin())
		return -1;
	n = __real_write(fd, data, size);
	written(fd, n > 0);
	return n;
}

WRAP(int, ftruncate, int fd, off_t size)
{
	int rc;

	if (!begin())
		return -1;
	rc = __real_ftruncate(fd, size);
	written(fd, rc == 0);
	return rc;
}

WRAP(int, posix_fallocate, int fd, off_t offset, off_t size)
{
	int rc;

	if (!begin())
		return EIO;
	rc = __real_posix_fallocate(fd, offset, size);
	written(fd, rc == 0);
	return rc;
}

WRAP(int, fsync, int fd)
{
	if (!begin())
		return -1;
	if (calls.disk != NULL)
		disk_synced(calls.disk, fd);
	end();
	return 0;
}

WRAP(void *, mmap, void *where, size_t size, int protection, int flags, int fd, off_t offset)
{
	void *at = __real_mmap(where, size, protection, flags, fd, offset);

	pthread_mutex_lock(&calls.lock);
	for (int i = 0; at != MAP_FAILED && (protection & PROT_WRITE) != 0 && fd >= 0; i++) {
		assert(i < MAPS_MAX);
		if (calls.maps[i].at != NULL)
			continue;
		calls.maps[i].at = at;
		calls.maps[i].fd = fd;
		break;
	}
	end();
	return at;
}

WRAP(void *, mremap, void *old, size_t old_size, size_t size, int flags)
{
	void *at;

	pthread_mutex_lock(&calls.lock);
	at = __real_mremap(old, old_size, size, flags);
	for (int i = 0; at != MAP_FAILED && i < MAPS_MAX; i++) {
		if (calls.maps[i].at == old)
			calls.maps[i].at = at;
	}
	end();
	return at;
}

WRAP(int, munmap, void *at, size_t size)
{
	pthread_mutex_lock(&calls.lock);
	for (int i = 0; i < MAPS_MAX; i++) {
		if (calls.maps[i].at != at)
			continue;
		if (calls.disk != NULL)
			disk_written(calls.disk, calls.maps[i].fd);
		calls.maps[i].at = NULL;
	}
	end();
	return __real_munmap(at, size);
}

WRAP(int, msync, void *at, size_t size, int flags)
{
	(void)size;
	(void)flags;
	if (!begin())
		return -1;
	for (int i = 0; calls.disk != NULL && i < MAPS_MAX; i++) {
		if (calls.maps[i].at == at)
			disk_synced(calls.disk, calls.maps[i].fd);
	}
	end();
	return 0;
}

WRAP(int, linkat, int from_folder, const char *from, int folder, const char *to, int flags)
{
	struct path p;
	int rc;

	if (!begin())
		return -1;
	rc = __real_linkat(from_folder, from, folder, to, flags);
	if (rc == 0 && calls.disk != NULL)
		disk_name(calls.disk, full(&p, folder, to), false);
	end();
	return rc;
}

WRAP(int, renameat, int from_folder, const char *from, int folder, const char *to)
{
	struct path p;
	int rc;

	if (!begin())
		return -1;
	rc = __real_renameat(from_folder, from, folder, to);
	if (rc == 0 && calls.disk != NULL) {
		disk_name(calls.disk, full(&p, folder, to), false);
		disk_gone(calls.disk, full(&p, from_folder, from));
	}
	end();
	return rc;
}

WRAP(int, rename, const char *from, const char *to)
{
	return __wrap_renameat(AT_FDCWD, from, AT_FDCWD, to);
}

WRAP(int, unlinkat, int folder, const char *path, int flags)
{
	struct path p;
	int rc;

	if (!begin())
		return -1;
	rc = __real_unlinkat(folder, path, flags);
	if (rc == 0 && calls.disk != NULL)
		disk_gone(calls.disk, full(&p, folder, path));
	end();
	return rc;
}

WRAP(int, unlink, const char *path)
{
	return __wrap_unlinkat(AT_FDCWD, path, 0);
}

WRAP(int, mkdirat, int folder, const char *path, mode_t mode)
{
	struct path p;
	int rc;

	if (!begin())
		return -1;
	rc = __real_mkdirat(folder, path, mode);
	if (rc == 0 && calls.disk != NULL)
		disk_folder(calls.disk, full(&p, folder, path));
	end();
	return rc;
}

WRAP(int, mkdir, const char *path, mode_t mode)
{
	return __wrap_mkdirat(AT_FDCWD, path, mode);
}
