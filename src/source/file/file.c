/* SPDX-License-Identifier: Apache-2.0 */
#include "source/file/file.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "feed/options.h"
#include "source/file/file_state.h"

#define WAIT_MS 50

static struct file_source *source_of(const struct source *s)
{
	return (struct file_source *)(uintptr_t)s;
}

/* --- what the feed asks ----------------------------------------------------------------------- */

static struct file_source *owner_of(const struct feed *f)
{
	return (struct file_source *)(uintptr_t)((const char *)f - offsetof(struct file_source, feed));
}

static void say_place(const struct feed *f, const struct feed_message *m, struct buffer *out)
{
	buffer_format(out, "%s, line %lld", owner_of(f)->what, (long long)m->offset);
}

/* Lines without a message are behind it as well. */
static void mark(struct feed *f)
{
	const struct file_source *s = owner_of(f);
	struct buffer place = { 0 };

	if (s->taken_bytes < s->lines.begin)
		return; /* it was marked when the long line behind it began, and is not read any more */
	offsets_set(&f->next, s->name, 0, s->taken_lines + 1);
	if (!s->lines.is_file)
		return;
	file_place_format(&s->lines, s->taken_bytes, &place);
	offsets_set_place(&f->next, s->name, buffer_string(&place));
	buffer_release(&place);
}

/* What comes through a pipe has other lines each time: none of them is there already. */
static int table_opened(struct feed *f, struct feed_table *t, struct err *e)
{
	const struct file_source *s = owner_of(f);
	struct line_reader there = { .fd = s->fd };
	struct buffer who = { 0 };
	int rc;

	if (!s->lines.is_file) {
		offsets_set(&t->has, s->name, 0, -1);
		return 0;
	}
	buffer_format(&who, "table %s.%s", t->database, t->table);
	rc = file_place_seek(s, &there, &t->has, buffer_string(&who), e);
	buffer_release(&who);
	line_reader_release(&there);
	return rc;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int source_open(struct source *source, const struct sink *to, struct err *e)
{
	static const struct feed_ops ops = { .place = say_place, .mark = mark, .opened = table_opened };
	struct file_source *s = source_of(source);

	if (feed_open(&s->feed, &ops, s->options->feed, to, e) < 0 || file_open(s, e) < 0 || file_add_topic(s, e) < 0)
		return -1;
	s->lines.cuts_long = s->feed.mode != MODE_RAW && strcmp(s->options->feed->bad_message, "quarantine") == 0;
	if (*s->options->has_read)
		return err_set(e, ERR_IO, "%s cannot be read again, and what was read of it is not all committed", s->what);
	if (s->lines.is_file && s->feed.mode != MODE_RAW && file_look(s, e) < 0)
		return err_wrap(e, "%s", s->what);
	return feed_looked(&s->feed, e);
}

static uint32_t source_table_count(const struct source *source)
{
	return source_of(source)->feed.first_count;
}

static struct schema *source_table(const struct source *source, uint32_t i)
{
	return source_of(source)->feed.first[i];
}

static void source_progress(const struct source *source, uint32_t i, struct table_progress *out)
{
	(void)source, (void)i;
	*out = (struct table_progress){ 0 };
}

/* --- running ---------------------------------------------------------------------------------- */

static void note_taken(struct file_source *s)
{
	s->taken_bytes = line_reader_offset(&s->lines);
	s->taken_lines = s->lines.number;
}

/* The line that `lines` is behind. */
static int take(struct file_source *s, struct bytes line, struct err *e)
{
	const struct feed_message m = file_message(&s->lines, line);
	char why[120];
	int rc;

	if (s->lines.cut_from_bytes > 0) {
		snprintf(why, sizeof(why), "the line has %llu bytes, more than %zu MiB: its first %zu KiB are kept",
			 (unsigned long long)s->lines.cut_from_bytes, LINE_BYTES_MAX >> 20, LINE_CUT_BYTES >> 10);
		rc = feed_refuse(&s->feed, &m, why, e);
	} else {
		rc = feed_take(&s->feed, &m, e);
	}
	if (rc == 0)
		note_taken(s);
	return rc;
}

/* The whole lines of the buffer that begin before byte `end`. */
static int take_lines(struct file_source *s, uint64_t end, struct err *e)
{
	uint64_t before = s->taken_bytes;
	struct bytes line;
	int rc = 0;

	while (line_reader_offset(&s->lines) < end && (rc = line_reader_next(&s->lines, &line, e)) == 0) {
		if (take(s, line, e) < 0)
			return -1;
	}
	if (rc < 0)
		return err_wrap(e, "%s", s->what);
	note_taken(s);
	return s->taken_bytes > before ? feed_commit(&s->feed, e) : 0;
}

/* Nothing more will come, or is waited for: what has no newline is a line if it is a message, or else an unfinished one. */
static int take_rest(struct file_source *s, struct err *e)
{
	struct bytes rest = line_reader_rest(&s->lines);
	struct json_parser parser = { 0 };
	struct err ignored = ERR_INIT;
	struct json_value value;
	bool is_whole;

	if (rest.size == 0)
		return 0;
	is_whole = s->lines.cut_from_bytes == 0 && json_parse(&parser, rest, &value, &ignored) == 0;
	json_parser_release(&parser);
	if (!is_whole && s->lines.is_file) {
		log_warn("the last line has no newline and is no whole message: it is left for the next run", "file=%s line=%lld",
			 s->what, (long long)s->lines.number + 1);
		return 0;
	}
	line_reader_take_rest(&s->lines);
	return take(s, rest, e) < 0 ? -1 : feed_commit(&s->feed, e);
}

#define NO_END UINT64_MAX

static int halt_replaced(const struct file_source *s, struct err *e)
{
	return err_set(e, ERR_DATA, "%s is another file now; the one before was read to its end, line %lld: read the new one under a name of "
		       "its own", s->what, (long long)s->taken_lines);
}

/* To byte `end`, or to where nothing more comes. */
static int follow(struct file_source *s, uint64_t end, struct err *e)
{
	while (!s->is_stopping && line_reader_offset(&s->lines) < end) {
		bool was_replaced = end == NO_END && file_is_replaced(s);
		int rc = line_reader_fill(&s->lines, WAIT_MS, e);

		s->is_gone = rc < 0 || (rc == 1 && was_replaced);
		if (rc < 0)
			return err_wrap(e, "%s, behind line %lld", s->what, (long long)s->taken_lines);
		if (rc == 0) {
			if (take_lines(s, end, e) < 0)
				return -1;
			continue;
		}
		if (s->is_gone)
			return halt_replaced(s, e);
		if (s->lines.has_ended || end != NO_END)
			return take_rest(s, e);
		if (s->feed.sink->idle(s->feed.sink, e) < 0)
			return -1;
		if (s->lines.is_file)
			clock_sleep_us(WAIT_MS * 1000);
	}
	return 0;
}

/* Before a halt: what was taken and cannot be read again is committed. */
static void settle(struct file_source *s)
{
	struct sink *sink = s->feed.sink;
	struct err ignored = ERR_INIT;
	int rc = feed_commit(&s->feed, &ignored);

	while (rc == 0 && !s->is_stopping && sink->durable != NULL && sink->durable(sink) < s->feed.commits) {
		rc = sink->idle(sink, &ignored);
		clock_sleep_us(WAIT_MS * 1000);
	}
}

/* Where everything that the tables lack begins. */
static int take_starts(struct file_source *s, const struct table_start *starts, const char *stream_start, struct err *e)
{
	struct offsets begun = { 0 };

	for (uint32_t i = 0; i < s->feed.table_count; i++) {
		struct feed_table *t = s->feed.tables[i];

		if (feed_table_start(&s->feed, t, starts[i].position, starts[i].lacks != NULL, e) < 0 ||
		    table_opened(&s->feed, t, e) < 0)
			return -1;
	}
	if (stream_start != NULL && offsets_parse(&s->feed.next, &begun, stream_start, e) < 0)
		return -1;
	offsets_least(&s->feed.begun, &begun);
	offsets_release(&begun);
	if (s->lines.is_file && file_place_seek(s, &s->lines, &s->feed.next, "the low-water mark", e) < 0)
		return -1;
	note_taken(s);
	return 0;
}

static int source_run(struct source *source, const struct table_start *starts, const char *stream_start,
		      bool until_now, struct sink *sink, struct err *e)
{
	struct file_source *s = source_of(source);
	uint64_t end = until_now && s->lines.is_file ? file_size(s) : NO_END;
	int rc;

	s->feed.sink = sink;
	*s->options->has_read = !s->lines.is_file;
	rc = take_starts(s, starts, stream_start, e);
	if (rc == 0) /* the next run goes on from here */
		rc = feed_commit(&s->feed, e);
	if (rc == 0 && !s->lines.is_file && s->feed.mode != MODE_RAW)
		rc = file_look(s, e);
	if (rc == 0)
		rc = take_lines(s, end, e);
	if (rc == 0)
		rc = follow(s, end, e);
	if (rc < 0 && e->kind == ERR_DATA && (s->is_gone || !s->lines.is_file))
		settle(s);
	feed_tell_replayed(&s->feed, true);
	return rc;
}

static void source_stop(struct source *source)
{
	source_of(source)->is_stopping = true;
}

static void source_close(struct source *source)
{
	struct file_source *s = source_of(source);

	feed_close(&s->feed);
	file_close(s);
	memory_free(s);
}

struct source *file_source_new(const struct file_source_options *o)
{
	static const struct source_ops ops = {
		.open = source_open,
		.table_count = source_table_count,
		.table = source_table,
		.progress = source_progress,
		.run = source_run,
		.stop = source_stop,
		.close = source_close,
	};
	struct file_source *s = memory_new(struct file_source);

	s->source.ops = &ops;
	s->options = o;
	s->fd = -1;
	return &s->source;
}
