/* SPDX-License-Identifier: Apache-2.0 */
#include "source/file/line_reader.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES  ((size_t)256 << 10)
#define SPARE_BYTES ((size_t)4 << 20) /* a buffer that a long line made larger than this is given back */

void line_reader_release(struct line_reader *l)
{
	buffer_release(&l->data);
}

void line_reader_seek(struct line_reader *l, uint64_t offset, int64_t number, bool is_behind_text)
{
	buffer_clear(&l->data);
	l->at = l->searched = 0;
	l->begin = offset;
	l->number = number;
	l->is_behind_text = is_behind_text;
}

void line_reader_rewind(struct line_reader *l)
{
	l->at = l->searched = 0;
	l->number = 0;
}

uint64_t line_reader_offset(const struct line_reader *l)
{
	return l->begin + l->at;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void drop_taken(struct line_reader *l)
{
	size_t left = l->data.size - l->at;

	if (l->is_held || l->at == 0)
		return;
	memmove(l->data.data, l->data.data + l->at, left);
	l->begin += l->at;
	l->searched -= l->at;
	l->at = 0;
	l->data.size = left;
	if (left == 0 && l->data.capacity > SPARE_BYTES)
		buffer_release(&l->data);
}

static bool has_come(const struct line_reader *l, int wait_ms)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	return l->is_file || poll(&p, 1, wait_ms) > 0;
}

int line_reader_fill(struct line_reader *l, int wait_ms, struct err *e)
{
	ssize_t size;
	uint8_t *into;

	if (l->has_ended || !has_come(l, wait_ms))
		return 1;
	drop_taken(l);
	into = buffer_grow(&l->data, READ_BYTES);
	size = l->is_file ? pread(l->fd, into, READ_BYTES, (off_t)(l->begin + l->data.size - READ_BYTES)) :
			    read(l->fd, into, READ_BYTES);
	l->data.size -= READ_BYTES - (size > 0 ? (size_t)size : 0);
	if (size < 0 && errno != EINTR && errno != EAGAIN)
		return err_system(e, "could not read");
	l->has_ended = size == 0 && !l->is_file;
	return size > 0 ? 0 : 1;
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool is_white(struct bytes b)
{
	for (size_t i = 0; i < b.size; i++) {
		if (b.data[i] != ' ' && b.data[i] != '\t' && b.data[i] != '\r')
			return false;
	}
	return true;
}

/* The text from where the next line begins, `size` bytes without the newline. */
static struct bytes line_at(const struct line_reader *l, size_t size)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	struct bytes line = { l->data.data + l->at, size };

	if (line_reader_offset(l) == 0 && size >= sizeof(mark) && memcmp(line.data, mark, sizeof(mark)) == 0) {
		line.data += sizeof(mark);
		line.size -= sizeof(mark);
	}
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return is_white(line) ? (struct bytes){ line.data, 0 } : line;
}

int line_reader_next(struct line_reader *l, struct bytes *line, struct err *e)
{
	do {
		size_t left = l->data.size - l->searched;
		const uint8_t *newline = left > 0 ? memchr(l->data.data + l->searched, '\n', left) : NULL;
		size_t end = newline != NULL ? (size_t)(newline - l->data.data) : l->data.size;

		if (end - l->at > LINE_BYTES_MAX)
			return err_set(e, ERR_DATA, "line %lld has more than %zu MiB: no message may have that", (long long)l->number + 1,
				       LINE_BYTES_MAX >> 20);
		l->searched = end;
		if (newline == NULL)
			return 1;
		*line = line_at(l, end - l->at);
		l->number += line->size > 0 || !l->is_behind_text;
		l->is_behind_text = false;
		l->at = l->searched = end + 1;
	} while (line->size == 0);
	return 0;
}

struct bytes line_reader_rest(const struct line_reader *l)
{
	return line_at(l, l->data.size - l->at);
}

void line_reader_take_rest(struct line_reader *l)
{
	l->at = l->searched = l->data.size;
	l->number++;
}
