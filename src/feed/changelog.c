/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/changelog.h"

#include <assert.h>
#include <strings.h>

#include "base/text.h"

enum note { OP, SOURCE_TIME, TOPIC, PARTITION, OFFSET, ROW, POSITION, ABSENT, NOTES };

static const struct {
	const char *name;
	enum type type;
	bool is_nullable;
} notes[NOTES] = {
	[OP] = { "_op", TYPE_STRING, false },
	[SOURCE_TIME] = { "_source_time", TYPE_TIMESTAMP, true },
	[TOPIC] = { "_topic", TYPE_STRING, false },
	[PARTITION] = { "_partition", TYPE_INT, false },
	[OFFSET] = { "_offset", TYPE_LONG, false },
	[ROW] = { "_row", TYPE_INT, false },
	[POSITION] = { "_position", TYPE_STRING, true },
	[ABSENT] = { "_absent", TYPE_STRING, true },
};

#define BEFORE "_before_"

static bool is_note(const char *name)
{
	for (size_t i = 0; i < NOTES; i++) {
		if (strcmp(notes[i].name, name) == 0)
			return true;
	}
	return false;
}

void changelog_release(struct changelog *l)
{
	schema_release(l->schema);
	columns_release(&l->rows);
	buffer_release(&l->text);
	*l = (struct changelog){ 0 };
}

/* --- the columns ------------------------------------------------------------------------------ */

/* Readers of Delta do not tell names apart by the case of letters. */
static bool is_taken(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (strcasecmp(s->fields[i].name, name) == 0)
			return true;
	}
	return false;
}

static int add_column(struct schema *s, const char *prefix, const struct field *from, struct err *e)
{
	struct buffer name = { 0 };
	int rc = 0;

	buffer_format(&name, "%s%s", prefix, from->name);
	if (is_taken(s, buffer_string(&name)))
		rc = err_set(e, ERR_CONFIG, "table %s.%s has a column \"%s\", which is the name of one that --mode append adds: "
			     "leave it out by a --schema, or use --mode raw", s->database, s->table, buffer_string(&name));
	schema_add_copy(s, buffer_string(&name), from, true);
	buffer_release(&name);
	return rc;
}

int changelog_schema(struct schema **out, const struct schema *columns, const char *database, const char *table,
		     bool has_before, struct err *e)
{
	struct schema *s = schema_new(database, table);
	int rc = 0;

	s->mode = MODE_APPEND;
	for (uint32_t i = 0; i < NOTES; i++)
		schema_add(s, notes[i].name, notes[i].type, notes[i].is_nullable);
	for (uint32_t i = 0; i < columns->field_count && rc == 0; i++)
		rc = add_column(s, "", &columns->fields[i], e);
	for (uint32_t i = 0; i < columns->field_count && has_before && rc == 0; i++)
		rc = add_column(s, BEFORE, &columns->fields[i], e);
	if (rc < 0)
		schema_release(s);
	else
		*out = s;
	return rc;
}

struct schema *changelog_columns(const struct schema *changelog)
{
	struct schema *s = schema_new(changelog->database, changelog->table);

	for (uint32_t i = 0; i < changelog->field_count; i++) {
		const struct field *from = &changelog->fields[i];

		if (!is_note(from->name) && strncmp(from->name, BEFORE, sizeof(BEFORE) - 1) != 0)
			schema_add_copy(s, from->name, from, true);
	}
	return s;
}

/* --- the rows --------------------------------------------------------------------------------- */

void changelog_enter(struct changelog *l, struct schema *schema)
{
	if (l->schema == schema)
		return;
	schema_release(l->schema);
	columns_release(&l->rows);
	l->schema = schema_share(schema);
	columns_init(&l->rows, schema);
}

void changelog_clear(struct changelog *l)
{
	columns_clear(&l->rows);
}

static void add_text(struct column *c, const char *text)
{
	column_add_bytes(c, text, (uint32_t)strlen(text));
}

static const char *op_of(const struct message *m, uint32_t row)
{
	static const char *const ops[OPS] = { [OP_COPY] = "r", [OP_INSERT] = "c", [OP_UPDATE] = "u", [OP_DELETE] = "d" };

	return m->kind == MESSAGE_TRUNCATE ? "t" : ops[m->rows != NULL ? m->rows[row].op : m->op];
}

/* "binlog.000003:1021:2", the event's place in the log and the row in it; of PostgreSQL the LSN. */
static void add_position(struct changelog *l, const struct message *m, uint32_t row)
{
	const struct origin *o = &m->origin;
	struct column *c = &l->rows.columns[POSITION];

	if (o->log_file == NULL && o->log_offset == 0) {
		column_set_null(c);
		return;
	}
	buffer_clear(&l->text);
	if (o->log_file != NULL) {
		buffer_text(&l->text, o->log_file);
		buffer_char(&l->text, ':');
	}
	text_uint(&l->text, o->log_offset);
	if (o->log_file != NULL) {
		buffer_char(&l->text, ':');
		text_uint(&l->text, (uint64_t)m->log_row + row);
	}
	column_add_bytes(c, l->text.data, (uint32_t)l->text.size);
}

void changelog_note(struct changelog *l, const struct message *m, const struct message_place *at, uint32_t first,
		    uint32_t count)
{
	struct column *c = l->rows.columns;

	for (uint32_t row = first; row < first + count; row++) {
		int64_t time_us = m->rows != NULL ? m->rows[row].time_us : m->origin.time_us;

		add_text(&c[OP], op_of(m, row));
		if (time_us != 0)
			column_add_int64(&c[SOURCE_TIME], time_us);
		else
			column_set_null(&c[SOURCE_TIME]);
		add_text(&c[TOPIC], at->topic);
		column_add_int32(&c[PARTITION], (int32_t)at->partition);
		column_add_int64(&c[OFFSET], at->offset);
		column_add_int32(&c[ROW], (int32_t)row);
		add_position(l, m, row);
	}
}

/* The columns that the rows have from neither image, as a JSON list; false: none such. */
static bool list_absent(struct buffer *out, const struct schema *s, const struct rows *rows)
{
	buffer_clear(out);
	for (uint32_t i = 0; i < s->field_count; i++) {
		if ((rows->after != NULL && field_present(rows->after_present, i)) ||
		    (rows->before != NULL && field_present(rows->before_present, i)))
			continue;
		buffer_char(out, out->size == 0 ? '[' : ',');
		text_json_string(out, s->fields[i].name);
	}
	if (out->size > 0)
		buffer_char(out, ']');
	return out->size > 0;
}

static void note_absent(struct changelog *l, const struct schema *s, const struct rows *rows)
{
	struct column *c = &l->rows.columns[ABSENT];

	if ((rows->before_present == NULL && rows->after_present == NULL) || !list_absent(&l->text, s, rows)) {
		column_append_nulls(c, rows->count);
		return;
	}
	for (uint32_t i = 0; i < rows->count; i++)
		column_add_bytes(c, l->text.data, (uint32_t)l->text.size);
}

/* What an update's message leaves out of the new image it did not change: the old one has it. */
static void add_columns(struct changelog *l, const struct schema *s, const struct rows *rows)
{
	bool has_before = l->schema->field_count > NOTES + s->field_count;

	for (uint32_t i = 0; i < s->field_count; i++) {
		bool is_after = rows->after != NULL && (field_present(rows->after_present, i) || rows->before == NULL);
		struct column *c = &l->rows.columns[NOTES + i];

		column_append_range(c, &(is_after ? rows->after : rows->before)->columns[i], 0, rows->count);
		if (!has_before)
			continue;
		c += s->field_count;
		if (rows->before != NULL)
			column_append_range(c, &rows->before->columns[i], 0, rows->count);
		else
			column_append_nulls(c, rows->count);
	}
}

void changelog_end(struct changelog *l, const struct row_run *run)
{
	uint32_t count = l->rows.columns[OP].row_count;

	assert(run->count == 0 || run->count == count);
	if (run->count > 0) {
		struct rows rows = row_run_rows(run);

		note_absent(l, run->schema, &rows);
		add_columns(l, run->schema, &rows);
	} else {
		for (uint32_t i = ABSENT; i < l->schema->field_count; i++)
			column_append_nulls(&l->rows.columns[i], count);
	}
	l->rows.row_count = count;
}
