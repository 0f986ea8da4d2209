/* SPDX-License-Identifier: Apache-2.0 */
/* The mapped file: made, believed or not, grown into a new one, closed clean. */
#include "merge/key_map.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define HEAD_SIZE 4096
#define LAYOUT 4
#define CAPACITY_MAX ((uint64_t)1 << 40)
#define COPIES_MAX UINT32_MAX

static const char magic[8] = "TRKEYIDX";
static_assert(sizeof(struct key_map_head) <= HEAD_SIZE, "the head is one page");

static void read_boot(char out[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, 39) : 0;

	memset(out + (n > 0 ? n : 0), 0, (size_t)(40 - (n > 0 ? n : 0)));
	if (fd >= 0)
		close(fd);
}

static uint64_t new_generation(void)
{
	uint64_t v = 0;
	ssize_t n = getrandom(&v, sizeof(v), 0);

	assert(n == (ssize_t)sizeof(v));
	return v;
}

/* key_map_expect: fewer slots than one in so many pages are left to single faults. */
#define PAGES_PER_SLOT_MAX    8
#define MAP_AT_ONCE_BYTES_MAX ((size_t)4 << 30)

#ifndef MADV_POPULATE_WRITE /* Linux 5.14; older kernels refuse it, which is no harm */
#define MADV_POPULATE_WRITE 23
#endif

/* Of a file whose slots are those of this head. */
static size_t map_size(const struct key_map_head *h, uint64_t capacity, uint64_t copy_capacity)
{
	return HEAD_SIZE + (size_t)capacity * (h->slot_size + h->order_words * sizeof(uint64_t)) +
	       (size_t)copy_capacity * sizeof(struct key_copy);
}

static int map_file(struct key_map *m, size_t size, struct err *e)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);

	if (at == MAP_FAILED)
		return err_system(e, "map \"%s\"", m->path);
	m->head = at;
	m->slots = (uint8_t *)at + HEAD_SIZE;
	m->size = size;
	m->is_populated = false;
	return 0;
}

/* Once the head says how many slots stand before them. */
static void find_parts(struct key_map *m)
{
	const struct key_map_head *h = m->head;

	m->orders = (void *)(m->slots + (size_t)h->capacity * h->slot_size);
	m->copies = (void *)(m->orders + (size_t)h->capacity * h->order_words);
}

void key_map_expect(struct key_map *m, uint32_t count)
{
	if (m->is_populated || count < m->size / HEAD_SIZE / PAGES_PER_SLOT_MAX || m->size > MAP_AT_ONCE_BYTES_MAX)
		return;
	(void)madvise(m->head, m->size, MADV_POPULATE_WRITE);
	m->is_populated = true;
}

static void unmap_file(struct key_map *m)
{
	if (m->head != NULL)
		munmap(m->head, m->size);
	m->head = NULL;
}

static void release(struct key_map *m)
{
	unmap_file(m);
	if (m->fd >= 0)
		close(m->fd);
	memory_free(m->path);
	*m = (struct key_map){ .fd = -1 };
}

/* What of a head stays the same for the life of the index; the magic makes it count. */
static void write_head(struct key_map *m, const struct key_map_head *from, uint64_t capacity,
		       uint64_t copy_capacity)
{
	struct key_map_head *h = m->head;

	*h = (struct key_map_head){ .layout = LAYOUT, .slot_size = from->slot_size,
				    .order_words = from->order_words,
				    .shape = from->shape, .generation = from->generation,
				    .capacity = capacity, .version = from->version, .commit = from->commit,
				    .copy_capacity = (uint32_t)copy_capacity,
				    .file_last = from->file_last,
				    .file_whole = from->file_whole };
	memcpy(h->table, from->table, sizeof(h->table));
	find_parts(m);
	read_boot(h->boot);
	atomic_thread_fence(memory_order_release);
	memcpy(h->magic, magic, sizeof(magic));
}

/* Disk space is taken here: a full disk is this error, never a SIGBUS at a store. */
static int fill_file(struct key_map *m, const struct key_map_head *from, uint64_t capacity,
		     uint64_t copy_capacity, struct err *e)
{
	size_t size = map_size(from, capacity, copy_capacity);
	int failed = ftruncate(m->fd, 0) != 0 ? errno : posix_fallocate(m->fd, 0, (off_t)size);

	if (failed != 0) {
		errno = failed;
		return err_system(e, "make \"%s\" of %zu bytes", m->path, size);
	}
	if (map_file(m, size, e) < 0)
		return -1;
	write_head(m, from, capacity, copy_capacity);
	return 0;
}

/* Takes the lock; the file must still be the one of that name (a rename may have come between). */
static int lock_file(const struct key_map *m, struct err *e)
{
	struct stat opened, named;

	if (flock(m->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EWOULDBLOCK)
			return err_set(e, ERR_CONFIG, "\"%s\" is in use by another process",
				       m->path);
		return err_system(e, "lock \"%s\"", m->path);
	}
	if (fstat(m->fd, &opened) != 0 || stat(m->path, &named) != 0)
		return err_system(e, "stat \"%s\"", m->path);
	if (opened.st_ino != named.st_ino || opened.st_dev != named.st_dev)
		return err_set(e, ERR_CONFIG, "\"%s\" is in use by another process", m->path);
	return 0;
}

static bool head_is_ours(const struct key_map_head *h, const struct key_map_head *wanted,
			 uint64_t size)
{
	return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->layout == LAYOUT &&
	       h->slot_size == wanted->slot_size && h->order_words == wanted->order_words &&
	       h->shape == wanted->shape &&
	       memcmp(h->table, wanted->table, sizeof(h->table)) == 0 &&
	       h->capacity >= KEY_MAP_SLOTS_MIN && h->capacity <= CAPACITY_MAX &&
	       map_size(h, h->capacity, h->copy_capacity) == size &&
	       h->live_count <= h->capacity && h->gone_count <= h->capacity - h->live_count &&
	       h->copy_end <= h->copy_capacity && h->copy_free <= h->copy_end;
}

/* Reads the head from the file, not from a map: the file may be shorter than a page. */
static bool is_believed(const struct key_map *m, const struct key_map_head *wanted)
{
	struct key_map_head h;
	struct stat s;
	char boot[40];

	if (fstat(m->fd, &s) != 0 || pread(m->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return false;
	if (!head_is_ours(&h, wanted, (uint64_t)s.st_size))
		return false;
	read_boot(boot);
	return h.is_clean == 1 || (boot[0] != '\0' && memcmp(boot, h.boot, sizeof(boot)) == 0);
}

/* From here on a power cut must find the mark gone: it is on disk before any slot is written. */
static int adopt(struct key_map *m, struct err *e)
{
	struct stat s;

	if (fstat(m->fd, &s) != 0)
		return err_system(e, "stat \"%s\"", m->path);
	if (map_file(m, (size_t)s.st_size, e) < 0)
		return -1;
	find_parts(m);
	m->head->is_clean = 0;
	read_boot(m->head->boot);
	if (msync(m->head, HEAD_SIZE, MS_SYNC) != 0)
		return err_system(e, "write \"%s\"", m->path);
	return 0;
}

static char *next_path(const char *path)
{
	size_t size = strlen(path) + sizeof(".new");
	char *out = memory_array(char, size);

	snprintf(out, size, "%s.new", path);
	return out;
}

int key_map_open(struct key_map *m, const char *path, const struct key_map_head *wanted,
		 bool *is_new, struct err *e)
{
	struct key_map_head head = { .slot_size = wanted->slot_size, .order_words = wanted->order_words,
				     .shape = wanted->shape, .generation = new_generation(), .version = -1 };
	int rc;

	*m = (struct key_map){ .path = memory_copy_text(path) };
	m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (m->fd < 0)
		rc = err_system(e, "open \"%s\"", path);
	else
		rc = lock_file(m, e);
	if (rc == 0) {
		char *left = next_path(path);

		unlink(left); /* of a growth that was killed */
		memory_free(left);
		*is_new = !is_believed(m, wanted);
		memcpy(head.table, wanted->table, sizeof(head.table));
		rc = *is_new ? fill_file(m, &head, KEY_MAP_SLOTS_MIN, 0, e) : adopt(m, e);
	}
	if (rc < 0)
		release(m);
	return rc;
}

void key_map_close(struct key_map *m, bool is_clean)
{
	if (is_clean && msync(m->head, m->size, MS_SYNC) == 0) {
		m->head->is_clean = 1;
		msync(m->head, HEAD_SIZE, MS_SYNC);
	}
	release(m);
}

void key_map_clear(struct key_map *m)
{
	struct key_map_head *h = m->head;
	struct key_map_head from = { .slot_size = h->slot_size, .order_words = h->order_words,
				     .shape = h->shape, .generation = new_generation(), .version = -1 };
	size_t size = map_size(h, KEY_MAP_SLOTS_MIN, 0);
	uint64_t capacity = KEY_MAP_SLOTS_MIN, copy_capacity = 0;

	memcpy(from.table, h->table, sizeof(from.table));
	memset(h->magic, 0, sizeof(h->magic)); /* killed within: opens empty */
	atomic_thread_fence(memory_order_release);
	if (size < m->size && ftruncate(m->fd, (off_t)size) == 0) {
		munmap((uint8_t *)m->head + (size + HEAD_SIZE - 1) / HEAD_SIZE * HEAD_SIZE,
		       m->size - size);
		m->size = size;
	} else {
		capacity = h->capacity;
		copy_capacity = h->copy_capacity;
	}
	memset(m->slots, 0, m->size - HEAD_SIZE);
	write_head(m, &from, capacity, copy_capacity);
}

int key_map_make_next(struct key_map *next, const struct key_map *m, uint64_t capacity,
		      uint64_t copy_capacity, struct err *e)
{
	int rc;

	*next = (struct key_map){ .path = next_path(m->path) };
	if (capacity > CAPACITY_MAX) {
		next->fd = -1;
		rc = err_set(e, ERR_IO, "\"%s\": too many keys", m->path);
		goto out;
	}
	next->fd = open(next->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (next->fd < 0) {
		rc = err_system(e, "open \"%s\"", next->path);
		goto out;
	}
	rc = lock_file(next, e);
	if (rc == 0)
		rc = fill_file(next, m->head, capacity, copy_capacity, e);
out:
	if (rc < 0) {
		unlink(next->path);
		release(next);
	}
	return rc;
}

int key_map_replace(struct key_map *m, struct key_map *next, struct err *e)
{
	if (rename(next->path, m->path) != 0) {
		err_system(e, "rename \"%s\" to \"%s\"", next->path, m->path);
		unlink(next->path);
		release(next);
		return -1;
	}
	memory_free(next->path);
	next->path = memory_copy_text(m->path);
	release(m);
	*m = *next;
	return 0;
}

/* The head comes first: where it says more than the file has, the file is not believed. */
int key_map_add_copies(struct key_map *m, uint64_t copy_capacity, struct err *e)
{
	struct key_map_head *h = m->head;
	uint32_t before = h->copy_capacity;
	size_t size = map_size(h, h->capacity, copy_capacity);
	void *at;
	int failed;

	if (copy_capacity > COPIES_MAX)
		return err_set(e, ERR_IO, "\"%s\": too many equal rows", m->path);
	h->copy_capacity = (uint32_t)copy_capacity;
	atomic_thread_fence(memory_order_release);
	failed = posix_fallocate(m->fd, 0, (off_t)size);
	at = failed == 0 ? mremap(h, m->size, size, MREMAP_MAYMOVE) : MAP_FAILED;
	if (at == MAP_FAILED) {
		errno = failed != 0 ? failed : errno;
		err_system(e, "grow \"%s\" to %zu bytes", m->path, size);
		if (ftruncate(m->fd, (off_t)m->size) == 0)
			h->copy_capacity = before;
		return -1;
	}
	m->head = at;
	m->slots = (uint8_t *)at + HEAD_SIZE;
	m->size = size;
	find_parts(m);
	return 0;
}
