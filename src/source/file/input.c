/* SPDX-License-Identifier: Apache-2.0 */
/* The file that a path names, and the table that its name names. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "source/file/file_state.h"

int file_open(struct file_source *s, struct err *e)
{
	bool is_stdin = strcmp(s->options->path, "-") == 0;
	struct stat st;

	s->what = is_stdin ? "standard input" : s->options->path;
	s->fd = is_stdin ? STDIN_FILENO : open(s->options->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return err_set(e, ERR_CONFIG, "--from: could not open \"%s\": %s", s->what, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFIG, "--from: \"%s\" is a folder, not a file", s->what);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	s->lines.fd = s->fd;
	s->lines.is_file = S_ISREG(st.st_mode) && !is_stdin;
	s->source.is_once = !s->lines.is_file;
	return 0;
}

void file_close(struct file_source *s)
{
	line_reader_release(&s->lines);
	if (s->fd > STDIN_FILENO)
		close(s->fd);
	memory_free(s->name);
}

uint64_t file_size(const struct file_source *s)
{
	struct stat st;

	return fstat(s->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

bool file_is_replaced(const struct file_source *s)
{
	struct stat st;

	return s->lines.is_file && stat(s->options->path, &st) == 0 && (st.st_dev != s->device || st.st_ino != s->inode);
}

/* Without an extension that says no more than what the lines are. */
static void cut_extension(char *name)
{
	static const char *const extensions[] = { ".jsonl", ".ndjson", ".json", ".log", ".txt" };
	size_t size = strlen(name);

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		size_t length = strlen(extensions[i]);

		if (size > length && strcmp(name + size - length, extensions[i]) == 0) {
			name[size - length] = '\0';
			return;
		}
	}
}

int file_add_topic(struct file_source *s, struct err *e)
{
	const char *path = s->options->path, *slash = strrchr(path, '/');
	const char *name = strcmp(path, "-") == 0 ? "stdin" : slash != NULL ? slash + 1 : path;
	char *table = memory_copy_text(name), *dot;

	if (!text_is_utf8(bytes_of_text(name))) {
		memory_free(table);
		return err_set(e, ERR_CONFIG, "--from: the name of \"%s\" is not UTF-8", path);
	}
	s->name = memory_copy_text(name);
	cut_extension(table);
	dot = strchr(table, '.');
	if (dot != NULL && dot == strrchr(table, '.') && dot > table && dot[1] != '\0') {
		*dot = '\0';
		feed_add_topic(&s->feed, name, 1, table, dot + 1);
	} else {
		for (; dot != NULL; dot = strchr(dot, '.'))
			*dot = '_';
		feed_add_topic(&s->feed, name, 1, "topics", table);
	}
	memory_free(table);
	return 0;
}
