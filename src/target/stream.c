/* SPDX-License-Identifier: Apache-2.0 */
#include "target/stream.h"

#include <assert.h>
#include <errno.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "change/render.h"

struct stream_target {
	struct target target; /* first */
	FILE *out;            /* NULL: only counts */
	struct buffer line;
	uint64_t seen;        /* rows of the open transaction since it (last) began */
	uint64_t printed;     /* rows of it that are out: more than seen while it is sent again */
	struct target_counts counts;
};

static struct stream_target *stream_of(struct sink *s)
{
	return (struct stream_target *)s;
}

static void origin_json(struct buffer *out, const struct origin *o, uint64_t log_offset)
{
	char when[32];

	if (o->log_file != NULL) {
		buffer_text(out, ",\"at\":{\"file\":");
		text_json_string(out, o->log_file);
		buffer_format(out, ",\"offset\":%llu", (unsigned long long)log_offset);
		if (o->gtid != NULL) {
			buffer_text(out, ",\"gtid\":");
			text_json_string(out, o->gtid);
		}
		buffer_char(out, '}');
	}
	if (o->time_us > 0)
		buffer_format(out, ",\"ts\":\"%s\"", clock_format(when, sizeof(when), o->time_us));
}

static void image_json(struct buffer *out, const char *name, const struct schema *s,
		       const struct columns *rows, uint32_t row, const uint8_t *present)
{
	buffer_format(out, ",\"%s\":", name);
	if (rows == NULL)
		buffer_text(out, "null");
	else
		render_json_row(out, s, rows, row, present);
}

static void table_json(struct buffer *out, char op, const struct schema *s)
{
	struct buffer name = { 0 };

	buffer_format(&name, "%s.%s", s->database, s->table);
	buffer_clear(out);
	buffer_format(out, "{\"op\":\"%c\",\"table\":", op);
	text_json(out, buffer_bytes(&name));
	buffer_release(&name);
}

static int print_line(struct stream_target *t, const struct origin *o, uint64_t log_offset, struct err *e)
{
	origin_json(&t->line, o, log_offset);
	buffer_text(&t->line, "}\n");
	if (fwrite(t->line.data, 1, t->line.size, t->out) != t->line.size)
		return err_system(e, "could not write to standard output");
	return 0;
}

static int take_rows(struct stream_target *t, const struct change *c, struct err *e)
{
	static const char letters[OPS] = { [OP_COPY] = 'r', [OP_INSERT] = 'c', [OP_UPDATE] = 'u', [OP_DELETE] = 'd' };
	const struct rows *rows = &c->rows;
	uint64_t log_offset = c->origin->log_offset;

	for (uint32_t row = 0, event = 0; row < rows->count; row++) {
		if (event < rows->event_count && rows->events[event].first == row)
			log_offset = rows->events[event++].offset;
		if (t->seen++ < t->printed)
			continue;
		t->printed++;
		t->counts.rows++;
		if (t->out == NULL)
			continue;
		table_json(&t->line, letters[rows->op], c->schema);
		image_json(&t->line, "before", c->schema, rows->before, row, rows->before_present);
		image_json(&t->line, "after", c->schema, rows->after, row, rows->after_present);
		if (print_line(t, c->origin, log_offset, e) < 0)
			return -1;
	}
	return 0;
}

static int take_commit(struct stream_target *t, const struct change *c, struct err *e)
{
	t->seen = t->printed = 0;
	t->counts.transactions++;
	t->counts.source_time_us = c->position->committed_at_us;
	(void)e;
	return 0;
}

static int stream_take(struct sink *sink, const struct change *c, struct err *e)
{
	struct stream_target *t = stream_of(sink);

	switch (c->kind) {
	case CHANGE_ROWS:
		return take_rows(t, c, e);
	case CHANGE_TRUNCATE:
		if (t->out == NULL)
			return 0;
		table_json(&t->line, 't', c->schema);
		return print_line(t, c->origin, c->origin->log_offset, e);
	case CHANGE_SCHEMA:
	case CHANGE_DDL:
		return 0;
	case CHANGE_COMMIT:
		return take_commit(t, c, e);
	case CHANGE_ROLLBACK: /* what is out stays out: the same rows are coming again */
		t->seen = 0;
		return 0;
	case CHANGE_KINDS:
		break;
	}
	assert(!"a kind of change");
	return -1;
}

static int stream_flush(struct target *target, struct err *e)
{
	struct stream_target *t = (struct stream_target *)target;

	if (t->out != NULL && fflush(t->out) != 0)
		return err_system(e, "could not write to standard output");
	return 0;
}

static int stream_idle(struct sink *sink, struct err *e)
{
	return stream_flush(&stream_of(sink)->target, e);
}

static int stream_resume(struct target *t, struct schema *schema, char **position, bool **lacks,
			 struct err *e)
{
	(void)t, (void)schema, (void)e;
	*position = NULL;
	*lacks = NULL;
	return 0;
}

static int stream_start(struct target *t, char **position, struct err *e)
{
	(void)t, (void)e;
	*position = NULL;
	return 0;
}

static void stream_close(struct target *target)
{
	struct stream_target *t = (struct stream_target *)target;

	buffer_release(&t->line);
	memory_free(t);
}

struct target *stdout_target_new(FILE *out)
{
	static const struct target_ops ops = {
		.resume = stream_resume,
		.stream_start = stream_start,
		.flush = stream_flush,
		.close = stream_close,
	};
	struct stream_target *t = memory_new(struct stream_target);

	t->target = (struct target){
		.sink = { .take = stream_take, .idle = stream_idle, .wants_before = out != NULL,
			  .wants_exact_copy = true },
		.ops = &ops,
	};
	t->out = out;
	return &t->target;
}

struct target *null_target_new(void)
{
	return stdout_target_new(NULL);
}

void stream_target_counts(const struct target *t, struct target_counts *out)
{
	*out = ((const struct stream_target *)t)->counts;
}
