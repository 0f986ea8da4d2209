/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/bytes.h"
#include "base/memory.h"

#define NO_FILE UINT32_MAX
#define FOLDER  (UINT32_MAX - 1)

enum call { CALL_NAME, CALL_WRITE, CALL_SYNC, CALL_SYNC_FOLDER, CALL_MARK };

struct event {
	enum call call;
	uint32_t name;        /* NAME, SYNC_FOLDER: index of names; MARK: the mark */
	uint32_t file;        /* NAME: what it stands for from here on; WRITE, SYNC: the file */
	struct buffer bytes;  /* WRITE: all of the file from here on */
};

struct name {
	char *path;        /* below the root; "" is the root itself */
	uint32_t folder;   /* index of names */
	uint32_t now, durable;
};

struct file {
	uint64_t inode;
	const struct buffer *now, *durable; /* of events; NULL: nothing */
};

struct disk {
	char *root;
	struct event *events;
	struct name *names;
	struct file *files;
	uint32_t event_count, name_count, file_count;
	uint32_t adopted; /* the first events: what was there */

	/* replay: */
	enum disk_lie lie;
	uint32_t next, mark;
	uint64_t *seen;
	uint32_t seen_count;
};

void disk_free(struct disk *d)
{
	for (uint32_t i = 0; i < d->event_count; i++)
		buffer_release(&d->events[i].bytes);
	for (uint32_t i = 0; i < d->name_count; i++)
		memory_free(d->names[i].path);
	memory_free(d->events);
	memory_free(d->names);
	memory_free(d->files);
	memory_free(d->seen);
	memory_free(d->root);
	memory_free(d);
}

static struct event *add_event(struct disk *d, enum call call, uint32_t name, uint32_t file)
{
	d->events = memory_grow(d->events, struct event, d->event_count + 1);
	d->events[d->event_count] = (struct event){ .call = call, .name = name, .file = file };
	return &d->events[d->event_count++];
}

/* Index of a path below the root, "" for the root; a new one is added. */
static uint32_t name_index(struct disk *d, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	uint32_t folder;

	for (uint32_t i = 0; i < d->name_count; i++) {
		if (strcmp(d->names[i].path, path) == 0)
			return i;
	}
	parent = memory_copy(path, slash != NULL ? (size_t)(slash - path) : 0);
	folder = name_index(d, parent);
	memory_free(parent);
	d->names = memory_grow(d->names, struct name, d->name_count + 1);
	d->names[d->name_count] =
		(struct name){ memory_copy_text(path), folder, NO_FILE, NO_FILE };
	return d->name_count++;
}

/* The part of the path below the root, or NULL. */
static const char *below_root(const struct disk *d, const char *path)
{
	size_t size = strlen(d->root);

	if (strncmp(path, d->root, size) != 0 || (path[size] != '/' && path[size] != 0))
		return NULL;
	return path[size] == '/' ? path + size + 1 : "";
}

/* The newest one of this number: the system gives the numbers of removed files again. */
static uint32_t file_index(const struct disk *d, uint64_t inode)
{
	uint32_t i = d->file_count;

	while (i > 0 && d->files[i - 1].inode != inode)
		i--;
	return i > 0 ? i - 1 : NO_FILE;
}

static void set_name(struct disk *d, const char *path, uint32_t file)
{
	uint32_t name = name_index(d, path);

	add_event(d, CALL_NAME, name, file);
	d->names[name].now = file;
}

void disk_name(struct disk *d, const char *path, bool is_new_file)
{
	const char *below = below_root(d, path);
	struct stat st;

	if (below == NULL || stat(path, &st) != 0)
		return;
	if (is_new_file) {
		d->files = memory_grow(d->files, struct file, d->file_count + 1);
		d->files[d->file_count++] = (struct file){ .inode = st.st_ino };
	}
	set_name(d, below, file_index(d, st.st_ino));
}

void disk_folder(struct disk *d, const char *path)
{
	const char *below = below_root(d, path);

	if (below != NULL)
		set_name(d, below, FOLDER);
}

void disk_gone(struct disk *d, const char *path)
{
	const char *below = below_root(d, path);

	if (below != NULL)
		set_name(d, below, NO_FILE);
}

static bool is_same(const struct buffer *old, const struct buffer *new)
{
	if (old == NULL)
		return new->size == 0;
	return bytes_equal(buffer_bytes(old), buffer_bytes(new));
}

void disk_written(struct disk *d, int fd)
{
	struct buffer bytes = { 0 };
	const struct buffer *old = NULL;
	struct event *event;
	struct stat st;
	uint32_t file;

	if (fstat(fd, &st) != 0 || (file = file_index(d, st.st_ino)) == NO_FILE)
		return;
	if (st.st_size > 0) {
		char path[64];
		int again;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		again = open(path, O_RDONLY | O_CLOEXEC); /* fd may be for writing only */
		if (pread(again, buffer_grow(&bytes, (size_t)st.st_size), (size_t)st.st_size, 0) !=
		    (ssize_t)st.st_size)
			abort();
		close(again);
	}
	for (uint32_t i = d->event_count; i > 0 && old == NULL; i--) {
		if (d->events[i - 1].call == CALL_WRITE && d->events[i - 1].file == file)
			old = &d->events[i - 1].bytes;
	}
	if (is_same(old, &bytes)) {
		buffer_release(&bytes);
		return;
	}
	event = add_event(d, CALL_WRITE, 0, file);
	event->bytes = bytes;
}

void disk_synced(struct disk *d, int fd)
{
	char link[64], path[512];
	struct stat st;
	ssize_t size;

	if (fstat(fd, &st) != 0)
		return;
	if (!S_ISDIR(st.st_mode)) {
		if (file_index(d, st.st_ino) != NO_FILE)
			add_event(d, CALL_SYNC, 0, file_index(d, st.st_ino));
		return;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	size = readlink(link, path, sizeof(path) - 1);
	path[size > 0 ? size : 0] = 0;
	if (below_root(d, path) != NULL)
		add_event(d, CALL_SYNC_FOLDER, name_index(d, below_root(d, path)), 0);
}

/* What is in the folder already, as if it had been written and synced. */
static void adopt(struct disk *d, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[1024];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		int fd;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR) {
			disk_folder(d, path);
			adopt(d, path);
			continue;
		}
		disk_name(d, path, true);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		disk_written(d, fd);
		disk_synced(d, fd);
		close(fd);
	}
	if (dir != NULL)
		disk_synced(d, dirfd(dir));
	closedir(dir);
}

struct disk *disk_new(const char *root)
{
	struct disk *d = memory_new(struct disk);

	d->root = memory_copy_text(root);
	d->names = memory_new(struct name);
	d->names[0] = (struct name){ memory_copy_text(""), 0, FOLDER, FOLDER };
	d->name_count = 1;
	adopt(d, root);
	d->adopted = d->event_count;
	return d;
}

void disk_mark(struct disk *d, uint32_t mark)
{
	add_event(d, CALL_MARK, mark, 0);
}

static void sync_folder(struct disk *d, uint32_t folder)
{
	for (uint32_t i = 1; i < d->name_count; i++) {
		if (d->names[i].folder == folder)
			d->names[i].durable = d->names[i].now;
	}
}

static void replay(struct disk *d, const struct event *event)
{
	switch (event->call) {
	case CALL_NAME:
		d->names[event->name].now = event->file;
		break;
	case CALL_WRITE:
		d->files[event->file].now = &event->bytes;
		break;
	case CALL_SYNC:
		if (d->lie != DISK_FILES_LIE)
			d->files[event->file].durable = d->files[event->file].now;
		break;
	case CALL_SYNC_FOLDER:
		if (d->lie != DISK_FOLDERS_LIE)
			sync_folder(d, event->name);
		break;
	case CALL_MARK:
		d->mark = event->name;
		break;
	}
}

void disk_rewind(struct disk *d, enum disk_lie lie)
{
	d->next = d->mark = d->seen_count = 0;
	for (uint32_t i = 1; i < d->name_count; i++)
		d->names[i].now = d->names[i].durable = NO_FILE;
	for (uint32_t i = 0; i < d->file_count; i++)
		d->files[i].now = d->files[i].durable = NULL;
	for (d->lie = DISK_HONEST; d->next < d->adopted; d->next++)
		replay(d, &d->events[d->next]);
	d->lie = lie;
}

bool disk_next(struct disk *d)
{
	if (d->next == d->event_count)
		return false;
	replay(d, &d->events[d->next++]);
	return true;
}

uint32_t disk_calls(const struct disk *d)
{
	return d->next;
}

uint32_t disk_marked(const struct disk *d)
{
	return d->mark;
}

/* What the cut leaves at this name. */
static uint32_t left_name(const struct disk *d, uint32_t i, enum disk_names names)
{
	bool is_new = names == DISK_NAMES_ALL || (names == DISK_NAMES_ODD && i % 2 == 1) ||
		      (names == DISK_NAMES_EVEN && i % 2 == 0);

	return is_new ? d->names[i].now : d->names[i].durable;
}

static void left_data(struct buffer *out, const struct file *f, enum disk_data data)
{
	const struct buffer *old = f->durable, *new = f->now;

	buffer_clear(out);
	if (old == new || data == DISK_DATA_OLD) {
		if (old != NULL)
			buffer_bytes_append(out, buffer_bytes(old));
		return;
	}
	buffer_bytes_append(out, buffer_bytes(new));
	if (data == DISK_DATA_TORN)
		out->size /= 2;
	if (data == DISK_DATA_ZEROS && out->size > 0)
		memset(out->data, 0, out->size);
}

/* A hash of the state, and of the mark that it is held against. */
static uint64_t state_hash(const struct disk *d, const uint32_t *left, enum disk_data data)
{
	XXH3_state_t *hash = XXH3_createState();
	struct buffer bytes = { 0 };
	uint64_t result;

	XXH3_64bits_reset(hash);
	XXH3_64bits_update(hash, &d->mark, sizeof(d->mark));
	for (uint32_t i = 1; i < d->name_count; i++) {
		if (left[i] == NO_FILE)
			continue;
		XXH3_64bits_update(hash, d->names[i].path, strlen(d->names[i].path) + 1);
		if (left[i] == FOLDER)
			continue;
		left_data(&bytes, &d->files[left[i]], data);
		XXH3_64bits_update(hash, &bytes.size, sizeof(bytes.size));
		if (bytes.size > 0)
			XXH3_64bits_update(hash, bytes.data, bytes.size);
	}
	result = XXH3_64bits_digest(hash);
	XXH3_freeState(hash);
	buffer_release(&bytes);
	return result;
}

static bool was_seen(struct disk *d, uint64_t hash)
{
	for (uint32_t i = d->seen_count; i > 0; i--) {
		if (d->seen[i - 1] == hash)
			return true;
	}
	d->seen = memory_grow(d->seen, uint64_t, d->seen_count + 1);
	d->seen[d->seen_count++] = hash;
	return false;
}

static void make_file(const char *path, const struct file *f, enum disk_data data)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	struct buffer bytes = { 0 };

	left_data(&bytes, f, data);
	if (fd < 0 || (bytes.size > 0 && write(fd, bytes.data, bytes.size) != (ssize_t)bytes.size))
		abort();
	close(fd);
	buffer_release(&bytes);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

bool disk_cut(struct disk *d, enum disk_data data, enum disk_names names, const char *folder)
{
	uint32_t *left = memory_array(uint32_t, d->name_count);
	bool is_new;

	left[0] = FOLDER;
	for (uint32_t i = 1; i < d->name_count; i++) /* a folder's name comes before those in it */
		left[i] = left[d->names[i].folder] == FOLDER ? left_name(d, i, names) : NO_FILE;
	is_new = !was_seen(d, state_hash(d, left, data));
	if (is_new) {
		char path[1024];

		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		if (mkdir(folder, 0777) != 0)
			abort();
		for (uint32_t i = 1; i < d->name_count; i++) {
			snprintf(path, sizeof(path), "%s/%s", folder, d->names[i].path);
			if (left[i] == FOLDER && mkdir(path, 0777) != 0)
				abort();
			if (left[i] != FOLDER && left[i] != NO_FILE)
				make_file(path, &d->files[left[i]], data);
		}
	}
	memory_free(left);
	return is_new;
}
