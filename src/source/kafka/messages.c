/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, one by one, into rows for the sink. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "broker/consumer.h"
#include "source/kafka/kafka_state.h"

static bool is_named(const struct kafka_table *t, const char *database, const char *table)
{
	return strcmp(t->table, table) == 0 && strcmp(t->database, database) == 0;
}

struct kafka_table *kafka_table_named(const struct kafka_source *s, const char *database, const char *table)
{
	for (uint32_t i = 0; i < s->table_count; i++) {
		if (is_named(s->tables[i], database, table))
			return s->tables[i];
	}
	return NULL;
}

struct kafka_table *kafka_table_find(struct kafka_source *s, const char *database, const char *table)
{
	struct kafka_table *t = kafka_table_named(s, database, table);

	if (t != NULL)
		return t;
	t = memory_new(struct kafka_table);
	t->database = memory_copy_text(database);
	t->table = memory_copy_text(table);
	t->is_from = memory_array(bool, s->topic_count);
	s->tables = memory_grow(s->tables, struct kafka_table *, s->table_count + 1);
	s->tables[s->table_count++] = t;
	return t;
}

static int at_message(const struct kafka_source *s, const struct consumer_message *m, struct err *e)
{
	return err_wrap(e, "topic %s, partition %u, offset %lld", s->names[m->topic].name, m->partition,
			(long long)m->offset);
}

/* The topic's input; 1: no message of it has shown a format yet. */
static int find_input(struct kafka_source *s, const struct consumer_message *m, struct input **out, struct err *e)
{
	struct kafka_topic *t = &s->topics[m->topic];
	struct input_options options = s->input_options;

	if (t->input == NULL && options.format == FORMATS) {
		if (m->value.data == NULL)
			return 1;
		options.format = format_detect(m->value);
		if (options.format == FORMATS)
			return err_set(e, ERR_DATA, "this is no change message of a format that we know (--input-format); it "
				       "begins \"%.*s\"", (int)(m->value.size < 60 ? m->value.size : 60),
				       (const char *)m->value.data);
		log_info("the topic's messages have this format", "topic=%s format=%s", s->names[m->topic].name,
			 format_name(options.format));
	}
	if (t->input == NULL)
		t->input = input_new(&options);
	*out = t->input;
	return 0;
}

/* 1: the message is of no table. */
static int read_message(struct kafka_source *s, const struct consumer_message *m, struct input **input,
			struct message *out, struct err *e)
{
	int rc = find_input(s, m, input, e);

	if (rc != 0)
		return rc;
	if (input_read(*input, m->key, m->value, out, e) < 0)
		return -1;
	if (out->tells_columns) {
		s->topics[m->topic].tells = true;
		s->schema_changes++;
	}
	return out->kind == MESSAGE_ROWS || out->kind == MESSAGE_TRUNCATE ? 0 : 1;
}

#define TOPIC_NAME_MAX 249 /* Kafka's own limit */

/*
 * A table's name for a topic: a '.' in a folder's name is %2E, which some readers of Delta take for a '.' again. Kafka has no
 * two topics whose names differ only in '.' and '_'.
 */
static const char *topic_table(char out[TOPIC_NAME_MAX + 1], const char *topic)
{
	snprintf(out, TOPIC_NAME_MAX + 1, "%s", topic);
	for (char *c = out; *c != '\0'; c++)
		*c = *c == '.' ? '_' : *c;
	return out;
}

struct kafka_table *kafka_table_of(struct kafka_source *s, uint32_t topic, const char *database, const char *table)
{
	struct kafka_table **last = &s->topics[topic].table;
	const char *named = s->options->table;
	char first[256], by_topic[TOPIC_NAME_MAX + 1];

	if (named == NULL) {
		database = *database != '\0' ? database : "topics";
		table = *table != '\0' ? table : topic_table(by_topic, s->names[topic].name);
	}
	if (*last != NULL && (named != NULL || is_named(*last, database, table)))
		return *last;
	if (named != NULL) {
		snprintf(first, sizeof(first), "%.*s", (int)strcspn(named, "."), named);
		database = first;
		table = strchr(named, '.') + 1;
	}
	*last = kafka_table_find(s, database, table);
	(*last)->is_from[topic] = true;
	return *last;
}

/*
 * A tombstone stands right behind the delete of its key, and says nothing more. When there is nothing right before it in the
 * partition, compaction has left it of the two. One that comes again stands behind another message: it has no place in the
 * log to be compared, and its row may have come back since.
 */
static int read_tombstone(struct kafka_source *s, const struct consumer_message *m, struct input *input,
			  struct message *said, struct err *e)
{
	if (s->mode != MODE_MERGE || s->sink == NULL ||
	    offsets_get(&s->next, s->names[m->topic].name, m->partition) == m->offset)
		return 1;
	return input_delete(input, m->key, said, e);
}

/* 1: there are no rows in it. */
static int read_rows(struct kafka_source *s, const struct consumer_message *m, struct input **input,
		     struct message *said, struct err *e)
{
	int rc;

	*said = (struct message){ .kind = MESSAGE_SIDE };
	rc = read_message(s, m, input, said, e);
	return rc == 1 && said->kind == MESSAGE_TOMBSTONE ? read_tombstone(s, m, *input, said, e) : rc;
}

/*
 * Reads a message; *table is NULL when there is nothing in it for one, else what the input reads are its columns.
 * `is_bad`: a failure is the message's own.
 */
static int read_for_table(struct kafka_source *s, const struct consumer_message *m, struct input **input,
			  struct message *said, struct kafka_table **table, bool *is_bad, struct err *e)
{
	int rc = read_rows(s, m, input, said, e);

	*table = NULL;
	*is_bad = rc < 0;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	*table = kafka_table_of(s, m->topic, said->database, said->table);
	rc = kafka_table_seek(s, *table, e);
	if (rc == 0 && said->kind == MESSAGE_ROWS)
		rc = kafka_table_tell(s, *table, *input, said, e);
	if (rc == 1) {
		rc = read_rows(s, m, input, said, e);
		*is_bad = rc < 0;
	}
	for (int again = 0; rc == 0 && said->kind == MESSAGE_ROWS; again++) {
		rc = kafka_table_meet(s, *table, *input, said, again > 0, e);
		if (rc <= 0)
			break;
		rc = read_rows(s, m, input, said, e);
		*is_bad = rc < 0;
	}
	return rc < 0 ? -1 : 0;
}

int kafka_look(struct kafka_source *s, const struct consumer_message *m, struct err *e)
{
	struct kafka_table *t;
	struct message said;
	struct input *input;

	bool is_bad;

	if (read_for_table(s, m, &input, &said, &t, &is_bad, e) == 0) {
		if (t != NULL)
			t->is_inferred |= said.is_inferred;
		return 0;
	}
	/* what cannot be read may be something that the tables are past; kafka_take will see */
	return e->kind == ERR_DATA ? 0 : at_message(s, m, e);
}

static int send_changes(struct kafka_source *s, struct err *e)
{
	struct change c = { .kind = CHANGE_ROWS, .schema = s->changelog.schema, .origin = &s->run_origin };
	int rc;

	changelog_end(&s->changelog, &s->run);
	c.rows = (struct rows){ .op = OP_INSERT, .count = s->changelog.rows.row_count, .after = &s->changelog.rows };
	rc = s->sink->take(s->sink, &c, e);
	changelog_clear(&s->changelog);
	return rc;
}

int kafka_flush(struct kafka_source *s, struct err *e)
{
	struct change c = { .kind = CHANGE_ROWS, .origin = &s->run_origin };
	int rc = raw_flush(s, e);

	if (rc < 0 || s->run.count == 0)
		return rc;
	if (s->mode == MODE_APPEND) {
		rc = send_changes(s, e);
	} else {
		c.schema = s->run_table->schema;
		c.rows = row_run_rows(&s->run);
		if (c.rows.op == OP_INSERT || c.rows.op == OP_COPY)
			c.rows.after_present = NULL; /* what is left out is NULL */
		rc = s->sink->take(s->sink, &c, e);
	}
	row_run_clear(&s->run);
	return rc;
}

int kafka_table_start(struct kafka_source *s, struct kafka_table *t, const struct table_start *start, struct err *e)
{
	struct offsets begun = { 0 };
	int rc;

	t->is_open = t->is_final = true;
	if (start->position == NULL)
		return 0;
	t->is_announced = start->lacks == NULL; /* the target has it with these columns */
	rc = kafka_position_parse(&t->has, &begun, &t->seen, &t->lost, start->position, e);
	kafka_begin_found(s, &t->has, &begun);
	offsets_release(&begun);
	if (rc < 0)
		return -1;
	if (s->options->group != NULL)
		lost_values_told(&t->lost);
	if (start->lacks != NULL)
		seen_widened(&t->seen);
	return kafka_share_check(s, t, e);
}

int kafka_check_gap(const struct kafka_source *s, const struct kafka_table *t, struct err *e)
{
	for (uint32_t i = 0; i < t->has.topic_count; i++) {
		const struct topic_offsets *has = &t->has.topics[i];

		for (uint32_t p = 0; p < has->partitions; p++) {
			int64_t begin = offsets_get(&s->begin, has->topic, p);

			if (has->next[p] >= 0 && begin > has->next[p])
				return err_set(e, ERR_DATA, "table %s.%s stands at offset %lld of topic %s, partition %u, which keeps "
					       "nothing before %lld (retention); " READ_WHAT_IS_LEFT("the lake table"), t->database,
					       t->table, (long long)has->next[p], has->topic, p, (long long)begin);
		}
	}
	return 0;
}

/* A table that was not known when the partitions were assigned. */
static int check_ends(const struct kafka_source *s, const struct kafka_table *t, struct err *e)
{
	for (uint32_t topic = 0; topic < s->topic_count; topic++) {
		const char *name = s->names[topic].name;

		for (uint32_t p = 0; p < s->topics[topic].partitions; p++) {
			int64_t first, end;

			if (offsets_get(&t->has, name, p) > 0 &&
			    (consumer_range(s->consumer, topic, p, &first, &end, e) < 0 ||
			     kafka_check_end(t, name, p, end, e) < 0))
				return -1;
		}
	}
	return 0;
}

/* The target opens a table that it hears of for the first time, and gets every new schema. */
int kafka_announce(struct kafka_source *s, struct kafka_table *t, struct err *e)
{
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_SCHEMA, .schema = t->schema, .origin = &origin };
	int rc = 0;

	if (t->is_announced)
		return 0;
	if (!t->is_open) {
		struct table_start start = { 0 };

		rc = s->sink->open_table(s->sink, t->schema, &start.position, &start.lacks, e);
		if (rc == 0)
			rc = kafka_table_start(s, t, &start, e);
		memory_free(start.position);
		memory_free(start.lacks);
		if (rc == 0)
			rc = kafka_check_gap(s, t, e);
		if (rc == 0)
			rc = check_ends(s, t, e);
	}
	if (rc == 0 && !t->is_announced)
		rc = s->sink->take(s->sink, &c, e);
	t->is_announced = rc == 0;
	return rc;
}

/*
 * A new row without one of the table's columns: it is older than the column, and has NULL there, as long as its
 * partition has not shown a row with all of them. After that the column was dropped, or left out by mistake.
 */
static int check_lacking(const struct kafka_source *s, struct kafka_table *t, const struct consumer_message *m,
			 bool is_dropped, struct err *e)
{
	const uint8_t *present = row_run_rows(&s->run).after_present;
	const char *lacking = NULL;

	for (uint32_t i = 0; i < t->columns->field_count; i++) {
		const struct field *f = &t->columns->fields[i];

		if (field_present(present, i))
			continue;
		if (is_dropped || !f->is_nullable)
			return err_set(e, ERR_DATA, "a new row of table %s.%s leaves out column \"%s\"%s (was it dropped at the "
				       "source? then name the other columns in --schema, and " READ_ANEW("the lake table") ")",
				       t->database, t->table, f->name, f->is_nullable ? "" : ", which is NOT NULL");
		lacking = f->name;
	}
	if (!t->is_warned && lacking != NULL)
		log_warn("rows that are older than a column have NULL there", "table=%s.%s column=%s topic=%s partition=%u "
			 "offset=%lld", t->database, t->table, lacking, s->names[m->topic].name, m->partition,
			 (long long)m->offset);
	t->is_warned |= lacking != NULL;
	return 0;
}

/* The columns that the message's rows have, the last ones of the run. */
static int check_whole(struct kafka_source *s, struct kafka_table *t, const struct consumer_message *m,
		       struct err *e)
{
	const struct row_run *r = &s->run;
	struct seen_partition *p;

	if (r->count == 0 || r->op == OP_DELETE || (r->op == OP_UPDATE && r->after_is_partial))
		return 0;
	p = seen_at(&t->seen, s->names[m->topic].name, m->partition);
	if (r->after_is_partial)
		return check_lacking(s, t, m, p->is_whole, e);
	p->is_whole = true;
	return 0;
}

void kafka_note_lost(void *source, const char *column, const char *value)
{
	struct kafka_source *s = source;
	struct buffer at = { 0 };

	buffer_format(&at, "%s:%u:%lld", s->names[s->taking->topic].name, s->taking->partition,
		      (long long)s->taking->offset);
	lost_values_note(&s->run_table->lost, s->run_table->schema, column, value, buffer_string(&at));
	buffer_release(&at);
}

/* Tells the changelog of what the run has got of the message since `count`. */
static void note_rows(struct kafka_source *s, const struct consumer_message *m, const struct message *said,
		      uint32_t count, uint32_t *row)
{
	const struct message_place at = { s->names[m->topic].name, m->partition, m->offset };

	if (s->mode == MODE_APPEND)
		changelog_note(&s->changelog, said, &at, *row, s->run.count - count);
	*row += s->run.count - count;
}

static int take_rows(struct kafka_source *s, struct kafka_table *t, struct input *input,
		     const struct consumer_message *m, const struct message *said, bool *is_bad, struct err *e)
{
	uint32_t count, row = 0;
	int rc;

	if (s->run_table != t && kafka_flush(s, e) < 0)
		return -1;
	s->run_table = t;
	s->taking = m;
	s->run_origin = (struct origin){ .time_us = said->origin.time_us };
	if (s->mode == MODE_APPEND)
		changelog_enter(&s->changelog, t->schema);
	while (count = s->run.count, (rc = input_rows(input, &s->run, e)) == 1) {
		note_rows(s, m, said, count, &row);
		if (kafka_flush(s, e) < 0)
			return -1;
	}
	*is_bad = rc < 0;
	if (rc == 0)
		note_rows(s, m, said, count, &row);
	if (rc == 0 && s->mode == MODE_MERGE)
		rc = check_whole(s, t, m, e);
	return rc == 0 && s->run.count >= RUN_ROWS_MAX ? kafka_flush(s, e) : rc;
}

static int take_truncate(struct kafka_source *s, const struct kafka_table *t, const struct consumer_message *m,
			 const struct message *said, struct err *e)
{
	const struct message_place at = { s->names[m->topic].name, m->partition, m->offset };
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_TRUNCATE, .schema = t->schema, .origin = &origin };

	if (kafka_flush(s, e) < 0)
		return -1;
	if (s->mode == MODE_MERGE)
		return s->sink->take(s->sink, &c, e);
	changelog_enter(&s->changelog, t->schema);
	changelog_note(&s->changelog, said, &at, 0, 1);
	return send_changes(s, e);
}

/* Its partition has shown a later event of the same log: an older row must not come back. */
static bool came_before(struct kafka_source *s, struct kafka_table *t, const struct consumer_message *m,
			const struct message *said)
{
	struct log_place at;

	if (s->mode != MODE_MERGE || !message_place(said, &at) ||
	    !seen_before(seen_at(&t->seen, s->names[m->topic].name, m->partition), &at))
		return false;
	s->replayed++;
	return true;
}

static int take_changes(struct kafka_source *s, const struct consumer_message *m, bool *is_bad, struct err *e)
{
	struct kafka_table *t;
	struct message said;
	struct input *input;

	if (read_for_table(s, m, &input, &said, &t, is_bad, e) < 0)
		return -1;
	if (t == NULL)
		return 0;
	if (said.origin.time_us > s->time_us)
		s->time_us = said.origin.time_us;
	if (t->schema == NULL) /* a table that is made empty before it was there */
		return 0;
	if (kafka_announce(s, t, e) < 0)
		return -1;
	if (m->offset < offsets_get(&t->has, s->names[m->topic].name, m->partition) || came_before(s, t, m, &said))
		return 0;
	return said.kind == MESSAGE_TRUNCATE ? take_truncate(s, t, m, &said, e) :
					       take_rows(s, t, input, m, &said, is_bad, e);
}

int kafka_take(struct kafka_source *s, const struct consumer_message *m, struct err *e)
{
	bool is_bad = false;
	int rc = s->mode == MODE_RAW ? raw_take(s, m, e) : take_changes(s, m, &is_bad, e);

	offsets_set(&s->next, s->names[m->topic].name, m->partition, m->offset + 1);
	if (rc < 0 && is_bad && e->kind == ERR_DATA && s->messages_table != NULL) {
		const struct err why = *e;

		*e = (struct err)ERR_INIT;
		rc = raw_refuse(s, m, why.text, e);
	}
	return rc < 0 ? at_message(s, m, e) : 0;
}
