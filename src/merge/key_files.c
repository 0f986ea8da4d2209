/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of data files: an append-only text file, an array by number and a hash by path. */
#include "merge/key_files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "base/text.h"
#include "merge/key_hash.h"
#include "merge/key_map.h"

#define HEAD_FORMAT "tailrace-files %016" PRIx64 "\n"
#define HEAD_SIZE 32
#define SLOTS_MIN 64
#define LINES_MIN 1024 /* a shorter file is not worth a rewrite */

static bool write_all(int fd, const void *data, size_t size)
{
	const uint8_t *at = data;

	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n <= 0)
			return false;
		at += n;
		size -= (size_t)n;
	}
	return true;
}

static void format_line(struct buffer *out, uint32_t number, const char *path)
{
	buffer_format(out, "%" PRIu32 " %zu ", number, strlen(path));
	buffer_text(out, path);
	buffer_char(out, '\n');
}

static char *new_name(const char *name)
{
	size_t size = strlen(name) + sizeof(".new");
	char *out = memory_array(char, size);

	snprintf(out, size, "%s.new", name);
	return out;
}

static bool write_line(struct key_files *f, uint32_t number, const char *path)
{
	struct buffer line = { 0 };
	off_t end = lseek(f->fd, 0, SEEK_END);
	bool ok;

	format_line(&line, number, path);
	ok = write_all(f->fd, line.data, line.size);
	/* Half a line must not stand before the next one; if it does, the next load sees it. */
	if (!ok && ftruncate(f->fd, end) == 0)
		f->line_count--;
	f->line_count++;
	buffer_release(&line);
	return ok;
}

/* Index of the first live file whose number is not below. */
static uint32_t live_find(const struct key_files *f, uint32_t number)
{
	uint32_t low = 0, high = f->live_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (f->live[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *key_files_path(const struct key_files *f, uint32_t number)
{
	uint32_t at = live_find(f, number);

	if (at == f->live_count || f->live[at].number != number)
		return NULL;
	return f->live[at].path;
}

/* The path's slot, or the free one where it belongs. */
static uint32_t slot_of(const struct key_files *f, const char *path)
{
	uint32_t mask = f->slot_count - 1;
	uint32_t at = (uint32_t)key_text_hash(path).low & mask;

	while (f->slots[at] != 0 && strcmp(key_files_path(f, f->slots[at]), path) != 0)
		at = (at + 1) & mask;
	return at;
}

static void rehash(struct key_files *f, uint32_t slot_count)
{
	memory_free(f->slots);
	f->slots = memory_array(uint32_t, slot_count);
	f->slot_count = slot_count;
	for (uint32_t i = 0; i < f->live_count; i++)
		f->slots[slot_of(f, f->live[i].path)] = f->live[i].number;
}

uint32_t key_files_number(const struct key_files *f, const char *path)
{
	return f->slots[slot_of(f, path)];
}

/* Numbers come in rising order: the new one is the last. */
static void live_add(struct key_files *f, uint32_t number, struct bytes path)
{
	if (f->live_count == f->live_capacity) {
		f->live_capacity = f->live_capacity > 0 ? f->live_capacity * 2 : 64;
		f->live = memory_grow(f->live, struct key_file, f->live_capacity);
	}
	f->live[f->live_count].number = number;
	f->live[f->live_count++].path = memory_copy(path.data, path.size);
	f->last = number;
	if (f->live_count > f->slot_count / 2)
		rehash(f, f->slot_count * 2);
	else
		f->slots[slot_of(f, f->live[f->live_count - 1].path)] = number;
}

/* Takes a slot out and moves what stands behind it, so that no probe ends too early. */
static void slot_remove(struct key_files *f, uint32_t at)
{
	uint32_t mask = f->slot_count - 1;

	f->slots[at] = 0;
	for (at = (at + 1) & mask; f->slots[at] != 0; at = (at + 1) & mask) {
		uint32_t number = f->slots[at];

		f->slots[at] = 0;
		f->slots[slot_of(f, key_files_path(f, number))] = number;
	}
}

static void live_remove(struct key_files *f, uint32_t at)
{
	slot_remove(f, slot_of(f, f->live[at].path));
	memory_free(f->live[at].path);
	f->live_count--;
	memmove(&f->live[at], &f->live[at + 1], (f->live_count - at) * sizeof(*f->live));
}

/* Writes what is live, and the highest number, to a new file; a refusal leaves the old one. */
static void rewrite_sparse(struct key_files *f)
{
	struct buffer text = { 0 };
	char *name;
	int fd;

	if (f->line_count < LINES_MIN || f->line_count / 4 < f->live_count)
		return;
	name = new_name(f->name);
	buffer_format(&text, HEAD_FORMAT, f->generation);
	for (uint32_t i = 0; i < f->live_count; i++)
		format_line(&text, f->live[i].number, f->live[i].path);
	if (key_files_path(f, f->last) == NULL)
		format_line(&text, f->last, "");
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (fd >= 0 && write_all(fd, text.data, text.size) && rename(name, f->name) == 0) {
		close(f->fd);
		f->fd = fd;
		f->line_count = f->live_count + 1;
	} else if (fd >= 0) {
		close(fd);
		unlink(name);
	}
	memory_free(name);
	buffer_release(&text);
}

int key_files_add(struct key_files *f, const char *path, uint32_t *out, struct err *e)
{
	uint32_t number = key_files_number(f, path);

	if (number == 0) {
		if (path[0] == '\0' || f->last >= KEY_FILE_LINK - 1)
			return err_set(e, ERR_IO, "\"%s\": no number left for file \"%s\"",
				       f->name, path);
		number = f->last + 1;
		if (!write_line(f, number, path))
			return err_system(e, "write \"%s\"", f->name);
		live_add(f, number, bytes_of_text(path));
	}
	*out = number;
	return 0;
}

void key_files_drop(struct key_files *f, uint32_t number)
{
	uint32_t at = live_find(f, number);

	if (at == f->live_count || f->live[at].number != number)
		return;
	/* When the line is refused the path lives on in the file: a number that no slot refers to. */
	write_line(f, number, "");
	live_remove(f, at);
	rewrite_sparse(f);
}

static bool read_number(struct reader *r, uint32_t *out)
{
	const uint8_t *start = r->at;
	const uint8_t *end = memchr(start, ' ', reader_left(r));
	uint64_t v;

	if (end == NULL)
		return false;
	if (!text_parse_uint((struct bytes){ start, (size_t)(end - start) }, &v) || v > UINT32_MAX)
		return false;
	reader_skip(r, (size_t)(end - start) + 1);
	*out = (uint32_t)v;
	return true;
}

/* One line; false at the end, a torn line included. */
static bool load_line(struct key_files *f, struct reader *r)
{
	uint32_t number, size, at;
	struct bytes path;

	if (!read_number(r, &number) || !read_number(r, &size))
		return false;
	path = reader_bytes(r, size);
	if (reader_u8(r) != '\n' || r->short_read || number == 0)
		return false;
	if (size > 0) {
		if (number <= f->last || memchr(path.data, 0, size) != NULL)
			return false;
		live_add(f, number, path);
		return true;
	}
	at = live_find(f, number);
	if (at < f->live_count && f->live[at].number == number)
		live_remove(f, at);
	if (number > f->last)
		f->last = number;
	return true;
}

static bool read_all(int fd, struct buffer *out)
{
	struct stat s;
	ssize_t n;

	if (fstat(fd, &s) != 0 || s.st_size > UINT32_MAX)
		return false;
	buffer_reserve(out, (size_t)s.st_size + 1);
	n = pread(fd, out->data, (size_t)s.st_size, 0);
	if (n < 0)
		return false;
	out->size = (size_t)n;
	return true;
}

static void forget(struct key_files *f)
{
	for (uint32_t i = 0; i < f->live_count; i++)
		memory_free(f->live[i].path);
	f->live_count = 0;
	f->line_count = 0;
	f->last = 0;
	rehash(f, SLOTS_MIN);
}

bool key_files_load(struct key_files *f, uint64_t generation, uint32_t last)
{
	struct buffer text = { 0 };
	char head[HEAD_SIZE + 1];
	struct reader r;
	bool ok = false;

	forget(f);
	f->generation = generation;
	snprintf(head, sizeof(head), HEAD_FORMAT, generation);
	if (!read_all(f->fd, &text))
		goto out;
	r = reader_of(buffer_bytes(&text));
	if (!bytes_equal(reader_bytes(&r, HEAD_SIZE), (struct bytes){ (uint8_t *)head, HEAD_SIZE }))
		goto out;
	for (;;) {
		const uint8_t *line = r.at;

		if (load_line(f, &r)) {
			f->line_count++;
		} else {
			ok = ftruncate(f->fd, line - text.data) == 0 && f->last >= last;
			break;
		}
	}
	if (ok)
		rewrite_sparse(f);
out:
	buffer_release(&text);
	return ok;
}

void key_files_clear(struct key_files *f, uint64_t generation)
{
	char head[HEAD_SIZE + 1];

	forget(f);
	f->generation = generation;
	snprintf(head, sizeof(head), HEAD_FORMAT, generation);
	if (ftruncate(f->fd, 0) == 0)
		write_all(f->fd, head, HEAD_SIZE);
}

int key_files_open(struct key_files *f, const char *name, struct err *e)
{
	*f = (struct key_files){ .fd = -1 };
	f->fd = open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (f->fd < 0)
		return err_system(e, "open \"%s\"", name);
	f->name = memory_copy_text(name);
	rehash(f, SLOTS_MIN);
	return 0;
}

bool key_files_sync(struct key_files *f)
{
	return fsync(f->fd) == 0;
}

void key_files_close(struct key_files *f)
{
	for (uint32_t i = 0; i < f->live_count; i++)
		memory_free(f->live[i].path);
	memory_free(f->live);
	memory_free(f->slots);
	memory_free(f->name);
	if (f->name != NULL)
		close(f->fd);
}
