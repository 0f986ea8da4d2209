/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory as a store. An object is written under a temporary name (".tmp-" and random
 * digits) in its own folder, synced, and then gets its name by link(), which fails when
 * the name is taken, or by rename(). A failed fsync is final: the kernel may have dropped
 * the pages, and a second one lies.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "store/folders.h"
#include "store/store.h"

#define TEMPORARY           ".tmp-"
#define TEMPORARY_AGE_S_MAX 3600
#define WRITER_BUFFER_BYTES ((size_t)256 << 10)

struct directory {
	struct store store;
	int fd;
	char *path; /* for messages and local_path */
	struct folders folders;
	atomic_bool is_probed;
};

struct directory_writer {
	struct store_writer writer;
	struct directory *directory;
	int fd;
	char *key, *temporary;
	struct buffer pending;
};

static const struct store_ops directory_ops;

static struct directory *directory_of(struct store *s)
{
	return (struct directory *)(void *)s;
}

static int fail(const struct directory *d, const char *what, const char *key,
		struct err *e)
{
	return err_system(e, "%s \"%s/%s\"", what, d->path, key);
}

static int check_key(const struct directory *d, const char *key, struct err *e)
{
	if (store_key_is_safe(key))
		return 0;
	return err_set(e, ERR_DATA, "\"%s\" is no safe name of an object in \"%s\"", key,
		       d->path);
}

static char *temporary_beside(const char *key)
{
	const char *slash = strrchr(key, '/');
	int folder_size = slash != NULL ? (int)(slash - key) + 1 : 0;
	size_t size = (size_t)folder_size + sizeof(TEMPORARY) + 16;
	char *name = memory_take(size, 1);
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = (uint64_t)clock_monotonic_us() ^ (uint64_t)getpid() << 40;
	snprintf(name, size, "%.*s" TEMPORARY "%016" PRIx64, folder_size, key, random);
	return name;
}

/* Opens a fresh file under a temporary name beside `key`; the name is the caller's. */
static int open_temporary(struct directory *d, const char *key, char **name,
			  struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	char *folder = folder_of(key);
	int fd = -1, rc = 0;

	*name = temporary_beside(key);
	for (int i = 0; i < 2; i++) {
		bool is_gone = i > 0; /* somebody removed the folder meanwhile */

		rc = folders_make(&d->folders, folder, is_gone, e);
		fd = rc == 0 ? openat(d->fd, *name, flags, 0666) : -1;
		if (rc < 0 || fd >= 0 || errno != ENOENT)
			break;
	}
	memory_free(folder);
	if (fd >= 0)
		return fd;
	if (rc == 0)
		fail(d, "create", *name, e);
	memory_free(*name);
	*name = NULL;
	return -1;
}

static int write_all(int fd, struct bytes data)
{
	while (data.size > 0) {
		ssize_t n = write(fd, data.data, data.size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data.data += n;
		data.size -= (size_t)n;
	}
	return 0;
}

/* Gives the temporary file its name. PUT_EXISTS only with `exclusive`. */
static int give_name(struct directory *d, const char *temporary, const char *key,
		     bool exclusive, enum put_result *out, struct err *e)
{
	*out = PUT_DONE;
	if (!exclusive) {
		if (renameat(d->fd, temporary, d->fd, key) == 0)
			return 0;
		return fail(d, "rename to", key, e);
	}
	if (linkat(d->fd, temporary, d->fd, key, 0) < 0) {
		if (errno != EEXIST)
			return fail(d, "link", key, e);
		*out = PUT_EXISTS;
	}
	unlinkat(d->fd, temporary, 0);
	return 0;
}

/*
 * Some network and FUSE file systems overwrite, or refuse, where link() must find the
 * name taken.
 */
static int probe(struct directory *d, struct err *e)
{
	enum put_result result = PUT_DONE;
	char *first = NULL, *second = NULL;
	int a, b = -1, rc = -1;

	if (atomic_load(&d->is_probed))
		return 0;
	a = open_temporary(d, "x", &first, e);
	if (a >= 0)
		b = open_temporary(d, "x", &second, e);
	if (b < 0)
		goto out;
	if (linkat(d->fd, first, d->fd, second, 0) == 0 || errno != EEXIST) {
		err_set(e, ERR_CONFIG,
			"\"%s\": its file system cannot create a name exclusively "
			"(hard links are needed): two writers could overwrite each other",
			d->path);
		goto out;
	}
	unlinkat(d->fd, second, 0);
	if (give_name(d, first, second, true, &result, e) < 0) {
		e->kind = ERR_CONFIG;
		goto out;
	}
	atomic_store(&d->is_probed, true);
	rc = 0;
out:
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	if (first != NULL)
		unlinkat(d->fd, first, 0);
	if (second != NULL)
		unlinkat(d->fd, second, 0);
	memory_free(first);
	memory_free(second);
	return rc;
}

static int directory_get(struct store *s, const char *key, uint64_t offset, uint64_t size,
			 struct buffer *out, struct err *e)
{
	struct directory *d = directory_of(s);
	size_t start = out->size;
	struct stat st;
	int fd, rc = 0;

	if (check_key(d, key, e) < 0)
		return -1;
	fd = openat(d->fd, key, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 1 : fail(d, "open", key, e);
	if (fstat(fd, &st) < 0) {
		rc = fail(d, "stat", key, e);
	} else if (offset > (uint64_t)st.st_size ||
		   size > (uint64_t)st.st_size - offset) {
		rc = err_set(e, ERR_DATA, "\"%s/%s\" has %lld bytes, not the %" PRIu64
			     " at %" PRIu64 " that were asked for", d->path, key,
			     (long long)st.st_size, size, offset);
	} else if (size == 0) {
		size = (uint64_t)st.st_size - offset;
	}
	while (rc == 0 && size > 0) {
		uint8_t *at = buffer_grow(out, size);
		ssize_t n = pread(fd, at, size, (off_t)offset);

		out->size -= size - (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno != EINTR)
			rc = fail(d, "read", key, e);
		else if (n == 0)
			rc = err_set(e, ERR_RETRY,
				     "\"%s/%s\" became shorter while it was read",
				     d->path, key);
		if (n > 0) {
			size -= (uint64_t)n;
			offset += (uint64_t)n;
		}
	}
	close(fd);
	if (rc < 0)
		out->size = start;
	return rc;
}

static int directory_size(struct store *s, const char *key, uint64_t *out, struct err *e)
{
	struct directory *d = directory_of(s);
	struct stat st;

	if (check_key(d, key, e) < 0)
		return -1;
	if (fstatat(d->fd, key, &st, 0) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 1 : fail(d, "stat", key, e);
	*out = (uint64_t)st.st_size;
	return 0;
}

static int directory_put(struct store *s, const char *key, struct bytes data,
			 bool exclusive, enum put_result *out, struct err *e)
{
	struct directory *d = directory_of(s);
	char *temporary, *folder;
	int fd, rc = 0;

	if (check_key(d, key, e) < 0 || (exclusive && probe(d, e) < 0))
		return -1;
	fd = open_temporary(d, key, &temporary, e);
	if (fd < 0)
		return -1;
	if (write_all(fd, data) < 0)
		rc = fail(d, "write", key, e);
	else if (fsync(fd) < 0)
		rc = fail(d, "sync", key, e);
	close(fd);
	if (rc == 0)
		rc = give_name(d, temporary, key, exclusive, out, e);
	if (rc < 0)
		unlinkat(d->fd, temporary, 0);
	memory_free(temporary);
	if (rc < 0)
		return -1;
	folder = folder_of(key);
	if (folders_sync(&d->folders, folder, e) < 0)
		*out = PUT_UNKNOWN;
	memory_free(folder);
	return 0;
}

/* A leftover of a run that was killed: removed once nobody can still be writing it. */
static void sweep(int folder_fd, const char *name)
{
	struct stat st;

	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) &&
	    st.st_mtime < clock_now_us() / 1000000 - TEMPORARY_AGE_S_MAX)
		unlinkat(folder_fd, name, 0);
}

static void list_add(struct store_list *l, size_t *capacity, const char *folder,
		     const char *name, const struct stat *st)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	struct store_object *o;

	if (l->count == *capacity) {
		*capacity = *capacity > 0 ? *capacity * 2 : 16;
		l->objects = memory_grow(l->objects, struct store_object, *capacity);
	}
	o = &l->objects[l->count++];
	o->key = memory_take(size, 1);
	snprintf(o->key, size, "%s%s%s", folder, folder[0] != 0 ? "/" : "", name);
	o->size = (uint64_t)st->st_size;
	o->modified_at_us =
		(int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000;
}

static int directory_list(struct store *s, const char *folder, const char *after,
			  struct store_list *out, struct err *e)
{
	struct directory *d = directory_of(s);
	struct store_list l = { 0 };
	const struct dirent *entry;
	size_t capacity = 0;
	struct stat st;
	DIR *dir;
	int fd;

	*out = l;
	if (folder[0] != 0 && check_key(d, folder, e) < 0)
		return -1;
	fd = openat(d->fd, folder[0] != 0 ? folder : ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : fail(d, "open folder", folder, e);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return fail(d, "open folder", folder, e);
	}
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strncmp(name, TEMPORARY, strlen(TEMPORARY)) == 0)
			sweep(fd, name);
		else if ((after == NULL || strcmp(name, after) > 0) &&
			 entry->d_type != DT_DIR && fstatat(fd, name, &st, 0) == 0 &&
			 S_ISREG(st.st_mode))
			list_add(&l, &capacity, folder, name, &st);
	}
	if (errno != 0) {
		fail(d, "list folder", folder, e);
		closedir(dir);
		store_list_release(&l);
		return -1;
	}
	closedir(dir);
	if (l.count > 0)
		qsort(l.objects, l.count, sizeof(*l.objects), store_list_compare);
	*out = l;
	return 0;
}

static int directory_remove(struct store *s, const char *key, struct err *e)
{
	struct directory *d = directory_of(s);

	if (check_key(d, key, e) < 0)
		return -1;
	if (unlinkat(d->fd, key, 0) < 0 && errno != ENOENT && errno != ENOTDIR)
		return fail(d, "remove", key, e);
	return 0;
}

static struct store_writer *directory_writer_open(struct store *s, const char *key,
						  struct err *e)
{
	struct directory *d = directory_of(s);
	struct directory_writer *w;
	char *temporary;
	int fd;

	if (check_key(d, key, e) < 0)
		return NULL;
	fd = open_temporary(d, key, &temporary, e);
	if (fd < 0)
		return NULL;
	w = memory_new(struct directory_writer);
	w->writer.ops = &directory_ops;
	w->directory = d;
	w->fd = fd;
	w->key = memory_copy_text(key);
	w->temporary = temporary;
	return &w->writer;
}

static struct directory_writer *writer_of(struct store_writer *writer)
{
	return (struct directory_writer *)(void *)writer;
}

static int writer_drain(struct directory_writer *w, struct err *e)
{
	int rc = write_all(w->fd, buffer_bytes(&w->pending));

	buffer_clear(&w->pending);
	return rc < 0 ? fail(w->directory, "write", w->key, e) : 0;
}

static int directory_writer_write(struct store_writer *writer, struct bytes data,
				  struct err *e)
{
	struct directory_writer *w = writer_of(writer);

	buffer_bytes_append(&w->pending, data);
	return w->pending.size >= WRITER_BUFFER_BYTES ? writer_drain(w, e) : 0;
}

static void writer_free(struct directory_writer *w)
{
	close(w->fd);
	buffer_release(&w->pending);
	memory_free(w->key);
	memory_free(w->temporary);
	memory_free(w);
}

static void directory_writer_abort(struct store_writer *writer)
{
	struct directory_writer *w = writer_of(writer);

	if (w == NULL)
		return;
	unlinkat(w->directory->fd, w->temporary, 0);
	writer_free(w);
}

static int directory_writer_finish(struct store_writer *writer, struct err *e)
{
	struct directory_writer *w = writer_of(writer);
	enum put_result result;
	int rc = writer_drain(w, e);

	if (rc == 0 && fsync(w->fd) < 0)
		rc = fail(w->directory, "sync", w->key, e);
	if (rc == 0)
		rc = give_name(w->directory, w->temporary, w->key, false, &result, e);
	if (rc < 0)
		unlinkat(w->directory->fd, w->temporary, 0);
	writer_free(w);
	return rc;
}

static int directory_sync_folder(struct store *s, const char *folder, struct err *e)
{
	struct directory *d = directory_of(s);

	if (folder[0] == 0)
		return folders_sync(&d->folders, ".", e);
	return check_key(d, folder, e) < 0 ? -1 : folders_sync(&d->folders, folder, e);
}

static char *directory_local_path(struct store *s, const char *key)
{
	const struct directory *d = directory_of(s);
	size_t size = strlen(d->path) + strlen(key) + 2;
	char *path = memory_take(size, 1);

	snprintf(path, size, "%s/%s", d->path, key);
	return path;
}

static void directory_close(struct store *s)
{
	struct directory *d = directory_of(s);

	close(d->fd);
	folders_release(&d->folders);
	memory_free(d->path);
	memory_free(d);
}

static const struct store_ops directory_ops = {
	.get = directory_get,
	.size = directory_size,
	.put = directory_put,
	.list = directory_list,
	.remove = directory_remove,
	.writer_open = directory_writer_open,
	.writer_write = directory_writer_write,
	.writer_finish = directory_writer_finish,
	.writer_abort = directory_writer_abort,
	.sync_folder = directory_sync_folder,
	.local_path = directory_local_path,
	.close = directory_close,
};

struct store *store_open_directory(const char *path, bool create, struct err *e)
{
	struct directory *d;
	int fd;

	if (path[0] == 0) {
		err_set(e, ERR_CONFIG, "the lake's folder has an empty name");
		return NULL;
	}
	if (create && folder_make_root(path, e) < 0) {
		e->kind = ERR_CONFIG;
		return NULL;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		err_system(e, "open folder \"%s\"", path);
		e->kind = ERR_CONFIG;
		return NULL;
	}
	d = memory_new(struct directory);
	d->store.ops = &directory_ops;
	d->fd = fd;
	d->path = memory_copy_text(path);
	folders_init(&d->folders, fd, d->path);
	if (create && probe(d, e) < 0) {
		if (e->kind == ERR_IO)
			e->kind = ERR_CONFIG;
		directory_close(&d->store);
		return NULL;
	}
	return &d->store;
}
