/* SPDX-License-Identifier: Apache-2.0 */
/* What the file holds, before anything is taken: the format, the tables, what their values look like. */
#include "base/clock.h"
#include "source/file/file_state.h"

#define WAIT_MS    50
#define QUIET_US   1000000 /* a pipe that is silent for so long behind a line has shown enough */
#define HELD_BYTES ((size_t)1 << 20)

struct feed_message file_message(const struct line_reader *l, struct bytes line)
{
	return (struct feed_message){ .offset = l->number, .time_ms = -1, .time_type = -1, .value = line };
}

/* What is in the buffer. 1: enough was looked at. */
static int look_at_lines(struct file_source *s, struct line_reader *l, struct err *e)
{
	struct bytes line;
	int rc = 0;

	while (l->number < FEED_MESSAGES_LOOKED_AT && (rc = line_reader_next(l, &line, e)) == 0) {
		const struct feed_message m = file_message(l, line);

		if (l->cut_from_bytes == 0 && feed_look(&s->feed, &m, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : l->number >= FEED_MESSAGES_LOOKED_AT;
}

/* Behind the last newline there may be a whole message, too; one that is not is passed over. */
static int look_at_rest(struct file_source *s, const struct line_reader *l, struct err *e)
{
	struct bytes rest = line_reader_rest(l);
	struct feed_message m = file_message(l, rest);

	m.offset++;
	return rest.size > 0 && l->cut_from_bytes == 0 ? feed_look(&s->feed, &m, e) : 0;
}

static int look_at_file(struct file_source *s, struct err *e)
{
	struct line_reader l = { .fd = s->fd, .is_file = true, .cuts_long = s->lines.cuts_long };
	int rc;

	while ((rc = line_reader_fill(&l, 0, e)) == 0 && (rc = look_at_lines(s, &l, e)) == 0)
		;
	if (rc == 1 && l.number < FEED_MESSAGES_LOOKED_AT)
		rc = look_at_rest(s, &l, e);
	line_reader_release(&l);
	return rc < 0 ? -1 : 0;
}

static int look_at_pipe(struct file_source *s, struct err *e)
{
	struct line_reader *l = &s->lines;
	int64_t until_us = INT64_MAX;
	int rc = 0;

	l->is_held = true;
	while (rc == 0 && !s->is_stopping && !l->has_ended && l->data.size < HELD_BYTES && clock_monotonic_us() < until_us) {
		rc = line_reader_fill(l, WAIT_MS, e);
		if (rc == 1) {
			rc = s->feed.sink->idle(s->feed.sink, e);
			continue;
		}
		if (rc == 0)
			rc = look_at_lines(s, l, e);
		if (l->number > 0)
			until_us = clock_monotonic_us() + QUIET_US;
	}
	if (rc == 0 && l->has_ended)
		rc = look_at_rest(s, l, e);
	l->is_held = false;
	line_reader_rewind(l);
	return rc < 0 ? -1 : 0;
}

int file_look(struct file_source *s, struct err *e)
{
	int rc = s->lines.is_file ? look_at_file(s, e) : look_at_pipe(s, e);

	feed_drop_tables(&s->feed, NULL);
	return rc;
}
