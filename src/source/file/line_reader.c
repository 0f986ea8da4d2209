/* SPDX-License-Identifier: Apache-2.0 */
#include "source/file/line_reader.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define READ_BYTES  ((size_t)256 << 10)
#define SPARE_BYTES ((size_t)4 << 20) /* a buffer that a long line made larger than this is given back */

void line_reader_release(struct line_reader *l)
{
	buffer_release(&l->data);
	buffer_release(&l->cut);
}

void line_reader_rewind(struct line_reader *l)
{
	l->at = l->searched = 0;
	l->number = 0;
}

uint64_t line_reader_offset(const struct line_reader *l)
{
	return l->is_cutting ? l->cut_at : l->begin + l->at;
}

struct bytes line_reader_before(const struct line_reader *l, uint64_t offset)
{
	size_t end = (size_t)(offset - l->begin), size = end < LINE_BEFORE_BYTES ? end : LINE_BEFORE_BYTES;

	return (struct bytes){ l->data.data + end - size, size };
}

/* --- reading ---------------------------------------------------------------------------------- */

static int has_changed(struct err *e)
{
	return err_set(e, ERR_DATA, "what was read of it stands there no longer: it was truncated or written anew");
}

int line_reader_seek(struct line_reader *l, uint64_t offset, int64_t number, struct err *e)
{
	size_t size = offset < LINE_BEFORE_BYTES ? (size_t)offset : LINE_BEFORE_BYTES;

	buffer_clear(&l->data);
	l->begin = offset - size;
	l->number = number;
	if (pread(l->fd, buffer_grow(&l->data, size), size, (off_t)l->begin) != (ssize_t)size)
		return has_changed(e);
	l->at = l->searched = size;
	l->is_cutting = false;
	l->is_behind_text = size > 0 && l->data.data[size - 1] != '\n';
	return 0;
}

static void drop_taken(struct line_reader *l)
{
	size_t drop = l->at > LINE_BEFORE_BYTES ? l->at - LINE_BEFORE_BYTES : 0, left = l->data.size - drop;
	struct buffer spare = { 0 };

	if (l->is_held || drop == 0)
		return;
	if (left <= READ_BYTES && l->data.capacity > SPARE_BYTES) {
		buffer_append(&spare, l->data.data + drop, left);
		buffer_release(&l->data);
		l->data = spare;
	} else {
		memmove(l->data.data, l->data.data + drop, left);
	}
	l->data.size = left;
	l->begin += drop;
	l->searched -= drop;
	l->at -= drop;
}

/* Behind what the buffer has, and those bytes once more that are the last in it. */
static int read_file(struct line_reader *l, struct err *e)
{
	size_t had = l->data.size, known = had < LINE_BEFORE_BYTES ? had : LINE_BEFORE_BYTES;
	uint8_t again[LINE_BEFORE_BYTES], *into = buffer_grow(&l->data, READ_BYTES);
	struct iovec parts[] = { { again, known }, { into, READ_BYTES } };
	ssize_t size = preadv(l->fd, parts, 2, (off_t)(l->begin + had - known));

	l->data.size = had;
	if (size < 0)
		return err_system(e, "could not read");
	if ((size_t)size < known || memcmp(again, into - known, known) != 0)
		return has_changed(e);
	l->data.size += (size_t)size - known;
	return l->data.size == had;
}

static int read_pipe(struct line_reader *l, int wait_ms, struct err *e)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	size_t had = l->data.size;
	ssize_t size;

	if (l->has_ended || poll(&p, 1, wait_ms) <= 0)
		return 1;
	size = read(l->fd, buffer_grow(&l->data, READ_BYTES), READ_BYTES);
	l->data.size = had + (size > 0 ? (size_t)size : 0);
	if (size < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : err_system(e, "could not read");
	l->has_ended = size == 0;
	return l->has_ended;
}

int line_reader_fill(struct line_reader *l, int wait_ms, struct err *e)
{
	drop_taken(l);
	return l->is_file ? read_file(l, e) : read_pipe(l, wait_ms, e);
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

/* The line is known up to `end`, and too long. */
static int cut_long(struct line_reader *l, size_t end, struct err *e)
{
	if (!l->cuts_long)
		return err_set(e, ERR_DATA, "line %lld has more than %zu MiB: no message may have that", (long long)l->number + 1,
			       LINE_BYTES_MAX >> 20);
	if (!l->is_cutting) {
		l->cut_at = line_reader_offset(l);
		buffer_clear(&l->cut);
		buffer_append(&l->cut, l->data.data + l->at, LINE_CUT_BYTES);
	}
	l->is_cutting = true;
	l->at = end;
	l->cut_from_bytes = l->begin + end - l->cut_at;
	return 0;
}

int line_reader_next(struct line_reader *l, struct bytes *line, struct err *e)
{
	do {
		size_t left = l->data.size - l->searched;
		const uint8_t *newline = left > 0 ? memchr(l->data.data + l->searched, '\n', left) : NULL;
		size_t end = newline != NULL ? (size_t)(newline - l->data.data) : l->data.size;

		if (!l->is_cutting)
			l->cut_from_bytes = 0;
		if ((l->is_cutting || end - l->at > LINE_BYTES_MAX) && cut_long(l, end, e) < 0)
			return -1;
		l->searched = end;
		if (newline == NULL)
			return 1;
		*line = l->is_cutting ? buffer_bytes(&l->cut) : line_at(l, end - l->at);
		l->is_cutting = false;
		l->number += line->size > 0 || !l->is_behind_text;
		l->is_behind_text = false;
		l->at = l->searched = end + 1;
	} while (line->size == 0);
	return 0;
}

struct bytes line_reader_rest(const struct line_reader *l)
{
	return l->is_cutting ? buffer_bytes(&l->cut) : line_at(l, l->data.size - l->at);
}

void line_reader_take_rest(struct line_reader *l)
{
	l->is_cutting = false;
	l->at = l->searched = l->data.size;
	l->number++;
}
