/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, one by one, into rows for the sink. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "feed/feed_parts.h"
#include "feed/options.h"

static int at_message(const struct feed *f, const struct feed_message *m, struct err *e)
{
	struct buffer place = { 0 };

	f->ops->place(f, m, &place);
	err_wrap(e, "%s", buffer_string(&place));
	buffer_release(&place);
	return -1;
}

/* The topic's input; 1: no message of it has shown a format yet. */
static int find_input(struct feed *f, const struct feed_message *m, struct input **out, struct err *e)
{
	struct feed_topic *t = &f->topics[m->topic];
	struct input_options options = f->input_options;

	if (t->input == NULL && options.format == FORMATS) {
		if (m->value.data == NULL)
			return 1;
		options.format = format_detect(m->value);
		if (options.format == FORMATS)
			return err_set(e, ERR_DATA, "this is no change message of a format that we know (--input-format); it "
				       "begins \"%.*s\"", (int)(m->value.size < 60 ? m->value.size : 60),
				       (const char *)m->value.data);
		log_info("messages have this format", "topic=%s format=%s", f->topics[m->topic].name,
			 format_name(options.format));
	}
	if (t->input == NULL)
		t->input = input_new(&options);
	*out = t->input;
	return 0;
}

/* 1: the message is of no table. */
static int read_message(struct feed *f, const struct feed_message *m, struct input **input,
			struct message *out, struct err *e)
{
	int rc = find_input(f, m, input, e);

	if (rc != 0)
		return rc;
	if (input_read(*input, m->key, m->value, out, e) < 0)
		return -1;
	if (out->tells_columns) {
		f->topics[m->topic].tells = true;
		f->schema_changes++;
	}
	return out->kind == MESSAGE_ROWS || out->kind == MESSAGE_TRUNCATE ? 0 : 1;
}

/*
 * A tombstone stands right behind the delete of its key, and says nothing more. When there is nothing right before it in the
 * partition, compaction has left it of the two. One that comes again stands behind another message: it has no place in the
 * log to be compared, and its row may have come back since.
 */
static int read_tombstone(struct feed *f, const struct feed_message *m, struct input *input,
			  struct message *said, struct err *e)
{
	if (f->mode != MODE_MERGE || f->sink == NULL ||
	    offsets_get(&f->next, f->topics[m->topic].name, m->partition) == m->offset)
		return 1;
	return input_delete(input, m->key, said, e);
}

/* 1: there are no rows in it. */
static int read_rows(struct feed *f, const struct feed_message *m, struct input **input,
		     struct message *said, struct err *e)
{
	int rc;

	*said = (struct message){ .kind = MESSAGE_SIDE };
	rc = read_message(f, m, input, said, e);
	return rc == 1 && said->kind == MESSAGE_TOMBSTONE ? read_tombstone(f, m, *input, said, e) : rc;
}

/*
 * Reads a message; *table is NULL when there is nothing in it for one, else what the input reads are its columns.
 * `is_bad`: a failure is the message's own.
 */
static int read_for_table(struct feed *f, const struct feed_message *m, struct input **input,
			  struct message *said, struct feed_table **table, bool *is_bad, struct err *e)
{
	int rc = read_rows(f, m, input, said, e);

	*table = NULL;
	*is_bad = rc < 0;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	*table = feed_table_of(f, m->topic, said->database, said->table);
	rc = feed_table_seek(f, *table, e);
	if (rc == 0 && said->kind == MESSAGE_ROWS)
		rc = feed_table_tell(f, *table, *input, said, e);
	if (rc == 1) {
		rc = read_rows(f, m, input, said, e);
		*is_bad = rc < 0;
	}
	for (int again = 0; rc == 0 && said->kind == MESSAGE_ROWS; again++) {
		rc = feed_table_meet(f, *table, *input, said, again > 0, e);
		if (rc <= 0)
			break;
		rc = read_rows(f, m, input, said, e);
		*is_bad = rc < 0;
	}
	return rc < 0 ? -1 : 0;
}

int feed_look(struct feed *f, const struct feed_message *m, struct err *e)
{
	struct feed_table *t;
	struct message said;
	struct input *input;

	bool is_bad;

	if (read_for_table(f, m, &input, &said, &t, &is_bad, e) == 0) {
		if (t != NULL)
			t->is_inferred |= said.is_inferred;
		return 0;
	}
	/* what cannot be read may be something that the tables are past; feed_take will see */
	return e->kind == ERR_DATA ? 0 : at_message(f, m, e);
}

static int send_changes(struct feed *f, struct err *e)
{
	struct change c = { .kind = CHANGE_ROWS, .schema = f->changelog.schema, .origin = &f->run_origin };
	int rc;

	changelog_end(&f->changelog, &f->run);
	c.rows = (struct rows){ .op = OP_INSERT, .count = f->changelog.rows.row_count, .after = &f->changelog.rows };
	rc = f->sink->take(f->sink, &c, e);
	changelog_clear(&f->changelog);
	return rc;
}

/* Events that are ordered as rows say all of their row, and an update that lacks a column is older than it. */
static bool has_whole_rows(const struct feed *f)
{
	return f->input_options.by_event && !f->run_table->schema->is_by_column;
}

int feed_flush(struct feed *f, struct err *e)
{
	struct change c = { .kind = CHANGE_ROWS, .origin = &f->run_origin };
	int rc = raw_flush(f, e);

	if (rc < 0 || f->run.count == 0)
		return rc;
	if (f->mode == MODE_APPEND) {
		rc = send_changes(f, e);
	} else {
		c.schema = f->run_table->schema;
		c.rows = row_run_rows(&f->run);
		if (c.rows.op == OP_INSERT || c.rows.op == OP_COPY || has_whole_rows(f))
			c.rows.after_present = NULL; /* what is left out is NULL */
		rc = f->sink->take(f->sink, &c, e);
	}
	row_run_clear(&f->run);
	return rc;
}

/*
 * A new row without one of the table's columns: it is older than the column, and has NULL there, as long as its
 * partition has not shown a row with all of them. After that the column was dropped, or left out by mistake; in event
 * order it may still be older.
 */
static int check_lacking(const struct feed *f, struct feed_table *t, const struct feed_message *m,
			 bool is_dropped, struct err *e)
{
	const uint8_t *present = row_run_rows(&f->run).after_present;
	const char *lacking = NULL;

	for (uint32_t i = 0; i < t->columns->field_count; i++) {
		const struct field *field = &t->columns->fields[i];

		if (field_present(present, i))
			continue;
		if (is_dropped || !field->is_nullable)
			return err_set(e, ERR_DATA, "a new row of table %s.%s leaves out column \"%s\"%s (was it dropped at the "
				       "source? then name the other columns in --schema, and " READ_ANEW("the lake table") ")",
				       t->database, t->table, field->name, field->is_nullable ? "" : ", which is NOT NULL");
		lacking = field->name;
	}
	if (!t->is_warned && lacking != NULL)
		log_warn("rows that are older than a column have NULL there", "table=%s.%s column=%s topic=%s partition=%u "
			 "offset=%lld", t->database, t->table, lacking, f->topics[m->topic].name, m->partition,
			 (long long)m->offset);
	t->is_warned |= lacking != NULL;
	return 0;
}

/* The columns that the message's rows have, the last ones of the run. */
static int check_whole(struct feed *f, struct feed_table *t, const struct feed_message *m, struct err *e)
{
	const struct row_run *r = &f->run;
	struct seen_partition *p;

	if (r->count == 0 || r->op == OP_DELETE || (r->op == OP_UPDATE && r->after_is_partial && !has_whole_rows(f)))
		return 0;
	p = seen_at(&t->seen, f->topics[m->topic].name, m->partition);
	if (r->after_is_partial)
		return check_lacking(f, t, m, p->is_whole && !f->input_options.by_event, e);
	p->is_whole = true;
	return 0;
}

void feed_note_lost(void *feed, const char *column, const char *value)
{
	struct feed *f = feed;
	struct buffer at = { 0 };

	buffer_format(&at, "%s:%u:%lld", f->topics[f->taking->topic].name, f->taking->partition,
		      (long long)f->taking->offset);
	lost_values_note(&f->run_table->lost, f->run_table->schema, column, value, buffer_string(&at));
	buffer_release(&at);
}

/* Tells the changelog of what the run has got of the message since `count`. */
static void note_rows(struct feed *f, const struct feed_message *m, const struct message *said,
		      uint32_t count, uint32_t *row)
{
	const struct message_place at = { f->topics[m->topic].name, m->partition, m->offset };

	if (f->mode == MODE_APPEND)
		changelog_note(&f->changelog, said, &at, *row, f->run.count - count);
	*row += f->run.count - count;
}

static int take_rows(struct feed *f, struct feed_table *t, struct input *input,
		     const struct feed_message *m, const struct message *said, bool *is_bad, struct err *e)
{
	uint32_t count, row = 0;
	int rc;

	if (f->run_table != t && feed_flush(f, e) < 0)
		return -1;
	f->run_table = t;
	f->taking = m;
	f->run_origin = (struct origin){ .time_us = said->origin.time_us };
	if (f->mode == MODE_APPEND)
		changelog_enter(&f->changelog, t->schema);
	while (count = f->run.count, (rc = input_rows(input, &f->run, e)) == 1) {
		note_rows(f, m, said, count, &row);
		if (feed_flush(f, e) < 0)
			return -1;
	}
	*is_bad = rc < 0;
	if (rc == 0)
		note_rows(f, m, said, count, &row);
	if (rc == 0 && f->mode == MODE_MERGE)
		rc = check_whole(f, t, m, e);
	return rc == 0 && f->run.count >= FEED_RUN_ROWS_MAX ? feed_flush(f, e) : rc;
}

static int take_truncate(struct feed *f, const struct feed_table *t, const struct feed_message *m,
			 const struct message *said, struct err *e)
{
	const struct message_place at = { f->topics[m->topic].name, m->partition, m->offset };
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_TRUNCATE, .schema = t->schema, .origin = &origin };

	if (feed_flush(f, e) < 0)
		return -1;
	if (f->mode == MODE_MERGE)
		return f->sink->take(f->sink, &c, e);
	changelog_enter(&f->changelog, t->schema);
	changelog_note(&f->changelog, said, &at, 0, 1);
	return send_changes(f, e);
}

/* Its partition has shown a later event of the same log: an older row must not come back. Event order sees to that itself. */
static bool came_before(struct feed *f, struct feed_table *t, const struct feed_message *m,
			const struct message *said)
{
	struct log_place at;

	if (f->mode != MODE_MERGE || f->input_options.by_event || !message_place(said, &at) ||
	    !seen_before(seen_at(&t->seen, f->topics[m->topic].name, m->partition), &at))
		return false;
	f->replayed++;
	return true;
}

static bool has_message(const struct feed *f, const struct feed_table *t, const struct feed_message *m)
{
	return m->offset < offsets_get(&t->has, f->topics[m->topic].name, m->partition);
}

/* Of a message that its table is past: the quarantine need not be past it, too, and lacks it if its rows are bad. */
static int pass(const struct feed *f, struct input *input, const struct feed_message *m, const struct message *said,
		bool *is_bad, struct err *e)
{
	int rc = 0;

	if (said->kind == MESSAGE_ROWS && f->messages_table != NULL && !has_message(f, f->messages_table, m))
		rc = input_try_rows(input, e);
	*is_bad = rc < 0;
	return rc;
}

static int take_changes(struct feed *f, const struct feed_message *m, bool *is_bad, struct err *e)
{
	struct feed_table *t;
	struct message said;
	struct input *input;

	if (read_for_table(f, m, &input, &said, &t, is_bad, e) < 0)
		return -1;
	if (t == NULL)
		return 0;
	if (said.origin.time_us > f->time_us)
		f->time_us = said.origin.time_us;
	if (t->schema == NULL && f->mode == MODE_MERGE) /* a table that is made empty before it was there */
		return 0;
	if (t->schema == NULL && feed_table_begin(f, t, e) < 0)
		return -1;
	if (feed_announce(f, t, e) < 0)
		return -1;
	if (has_message(f, t, m))
		return pass(f, input, m, &said, is_bad, e);
	if (came_before(f, t, m, &said))
		return 0;
	return said.kind == MESSAGE_TRUNCATE ? take_truncate(f, t, m, &said, e) :
					       take_rows(f, t, input, m, &said, is_bad, e);
}

static void pass_offset(struct feed *f, const struct feed_message *m)
{
	offsets_set(&f->next, f->topics[m->topic].name, m->partition, m->offset + 1);
}

int feed_refuse(struct feed *f, const struct feed_message *m, const char *why, struct err *e)
{
	pass_offset(f, m);
	return raw_refuse(f, m, why, e) < 0 ? at_message(f, m, e) : 0;
}

int feed_take(struct feed *f, const struct feed_message *m, struct err *e)
{
	bool is_bad = false;
	int rc = f->mode == MODE_RAW ? raw_take(f, m, e) : take_changes(f, m, &is_bad, e);

	if (rc < 0 && is_bad && e->kind == ERR_DATA && f->messages_table != NULL) {
		const struct err why = *e;

		*e = (struct err)ERR_INIT;
		return feed_refuse(f, m, why.text, e);
	}
	pass_offset(f, m);
	return rc < 0 ? at_message(f, m, e) : 0;
}
