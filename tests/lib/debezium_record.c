/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/debezium_record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "lib/recorded.h"
#include "lib/test.h"

#define FOLDER "tests/golden/debezium"

/* The settings of record.py's runs. */
static const struct {
	const char *run, *option, *value;
} settings[] = {
	{ "connect", "time.precision.mode", "connect" },
	{ "connect", "decimal.handling.mode", "string" },
	{ "connect", "bigint.unsigned.handling.mode", "precise" },
	{ "connect", "binary.handling.mode", "base64" },
	{ "doubles", "decimal.handling.mode", "double" },
	{ "doubles", "binary.handling.mode", "base64-url-safe" },
	{ "isostring", "time.precision.mode", "isostring" },
	{ "isostring", "binary.handling.mode", "hex" },
	{ "microseconds", "time.precision.mode", "microseconds" },
	{ "nanoseconds", "time.precision.mode", "nanoseconds" },
};

void lines_open(struct lines *l, const char *kind, const char *run)
{
	char name[80];

	*l = (struct lines){ 0 };
	snprintf(name, sizeof(name), "%s_%s", kind, run);
	assert_true(recorded_file(&l->file, FOLDER, name, ".jsonl"));
	l->at = buffer_string(&l->file);
}

bool lines_next(struct lines *l, struct line *out)
{
	size_t size = strcspn(l->at, "\n");
	json_error_t why;

	if (size == 0) {
		buffer_release(&l->file);
		return false;
	}
	*out = (struct line){ .all = json_loadb(l->at, size, JSON_ALLOW_NUL, &why) };
	assert_non_null(out->all);
	l->at += size + 1;
	out->topic = json_string_value(json_object_get(out->all, "topic"));
	out->key = json_string_value(json_object_get(out->all, "key"));
	out->text = json_string_value(json_object_get(out->all, "value"));
	if (out->text != NULL)
		out->value = json_loads(out->text, JSON_ALLOW_NUL, &why);
	return true;
}

void line_close(struct line *l)
{
	json_decref(l->value);
	json_decref(l->all);
}

json_t *payload_of(json_t *value)
{
	json_t *payload = json_object_get(value, "payload");

	return payload != NULL ? payload : value;
}

const char *text_at(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

int64_t int_at(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

struct debezium_options options_of(const char *kind, const char *run)
{
	struct debezium_options o = { 0 };
	struct err e = ERR_INIT;
	size_t size = strcspn(run, "_");

	option_defaults(debezium_option_table, &o);
	o.topic_prefix = run;
	o.connector = kind;
	o.schemas = run[size] == '_';
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		const struct option *row = debezium_option_table;

		if (strlen(settings[i].run) != size || strncmp(settings[i].run, run, size) != 0)
			continue;
		while (strcmp(row->name, settings[i].option) != 0)
			row++;
		assert_int_equal(option_store(row, &o, settings[i].value, row->name, &e), 0);
	}
	return o;
}

/* From behind the column's name in the statement; NULL: it has no such column. */
static const char *line_of(const char *create, const char *column)
{
	struct buffer start = { 0 };
	const char *at;

	buffer_text(&start, "\n  ");
	mysql_quote_name(&start, column);
	at = strstr(create, buffer_string(&start));
	if (at != NULL)
		at += start.size;
	buffer_release(&start);
	return at;
}

char *words_of(const char *create, const char *column)
{
	static const char *const ends[] = { " DEFAULT", " NOT NULL", " NULL", " CHARACTER SET", " /*", " GENERATED",
					    " INVISIBLE", ",\n", "\n" };
	const char *at = line_of(create, column), *end = NULL;

	if (at == NULL)
		fail_msg("%s has no column \"%s\"", create, column);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		const char *found = strstr(at, ends[i]);

		if (found != NULL && (end == NULL || found < end))
			end = found;
	}
	assert_non_null(end);
	return memory_copy(at + 1, (size_t)(end - at) - 1);
}

/* What the copy showed of a table: SHOW CREATE TABLE. To be freed. */
char *create_of(const char *kind, const char *run, const char *table)
{
	struct lines lines;
	struct line line;
	char start[100], *found = NULL;

	snprintf(start, sizeof(start), "CREATE TABLE `%s` (", table);
	lines_open(&lines, kind, run);
	while (lines_next(&lines, &line)) {
		const char *ddl = text_at(payload_of(line.value), "ddl");

		if (found == NULL && ddl != NULL && strncmp(ddl, start, strlen(start)) == 0)
			found = memory_copy_text(ddl);
		line_close(&line);
	}
	if (found == NULL)
		fail_msg("no statement makes %s", table);
	return found;
}

/* The name that begins at the line; NULL: the columns are over. */
static char *name_at(const char *line)
{
	struct buffer name = { 0 };
	char *copy;

	if (strncmp(line, "  `", 3) != 0)
		return NULL;
	for (const char *at = line + 3; !(at[0] == '`' && at[1] != '`'); at++) {
		at += at[0] == '`';
		buffer_char(&name, *at);
	}
	copy = memory_copy(name.data, name.size);
	buffer_release(&name);
	return copy;
}

static bool is_not_null(const char *create, const char *column)
{
	const char *line = line_of(create, column), *found = strstr(line, " NOT NULL");

	return found != NULL && found < strchr(line, '\n');
}

struct mysql_table *table_of_create(const char *create, const char *database, const char *table,
				    const uint32_t *key, uint32_t key_count, const struct charset *utf8)
{
	struct mysql_column *columns = NULL;
	struct mysql_table *t;
	struct err e = ERR_INIT;
	uint32_t count = 0;
	char *name;

	for (const char *line = strchr(create, '\n') + 1; (name = name_at(line)) != NULL;
	     line = strchr(line, '\n') + 1) {
		struct mysql_column *c;

		columns = memory_grow(columns, struct mysql_column, count + 1);
		c = &columns[count++];
		*c = (struct mysql_column){ .name = name, .declared = words_of(create, name) };
		assert_int_equal(mysql_column_declare(c, c->declared, false, 1, &e), 0);
		c->is_nullable = !is_not_null(create, name);
		if (strstr(c->declared, "char") != NULL || strstr(c->declared, "text") != NULL)
			c->charset = utf8;
	}
	assert_int_equal(mysql_table_new(&t, database, table, columns, count, key, key_count, &e), 0);
	return t;
}

/* 'a''b' or 'ab\0': the text of a literal, from behind its first quote. */
static void read_literal(struct buffer *out, const char *at)
{
	for (; !(at[0] == '\'' && at[1] != '\''); at++) {
		if (at[0] == '\\' && at[1] == '0') {
			buffer_char(out, 0);
			at++;
			continue;
		}
		at += at[0] == '\'';
		buffer_char(out, *at);
	}
}

/* b'100000001': the bits as bytes, the highest first. */
static void read_bits(struct buffer *out, const char *at, uint32_t bits)
{
	uint64_t v = strtoull(at, NULL, 2);

	for (int shift = (int)(bits + 7) / 8 * 8 - 8; shift >= 0; shift -= 8)
		buffer_char(out, (char)(v >> shift));
}

/* value_from_text reads the number of a label, or the bits of a set's. */
static void number_labels(struct buffer *text, const struct mysql_column *c)
{
	const char *list = buffer_string(text);
	uint64_t number = 0;

	for (uint32_t i = 0; i < c->label_count; i++) {
		if (c->type == MYSQL_ENUM && strcmp(list, c->labels[i]) == 0)
			number = i + 1;
		else if (c->type == MYSQL_SET && strstr(list, c->labels[i]) != NULL)
			number |= (uint64_t)1 << i;
	}
	buffer_clear(text);
	buffer_format(text, "%llu", (unsigned long long)number);
}

/* The text of the column's DEFAULT; false: it has none that is a literal. */
static bool default_text(struct buffer *out, const struct mysql_column *c, const char *create)
{
	const char *line = line_of(create, c->name), *at = strstr(line, " DEFAULT ");

	if (at == NULL || at > strchr(line, '\n'))
		return false;
	at += strlen(" DEFAULT ");
	if (*at == '\'')
		read_literal(out, at + 1);
	else if (*at == 'b' && at[1] == '\'')
		read_bits(out, at + 2, c->length);
	else if (strchr("-0123456789", *at) != NULL)
		buffer_append(out, at, strcspn(at, ",\n"));
	else if (strncasecmp(at, "current_timestamp", 17) == 0 && !c->is_nullable)
		buffer_text(out, "0000");
	else
		return false;
	if (strncmp(buffer_string(out), "0000", 4) == 0 && !c->is_nullable) {
		buffer_clear(out);
		buffer_text(out, "1970-01-01 00:00:00");
	}
	if (c->type == MYSQL_ENUM || c->type == MYSQL_SET)
		number_labels(out, c);
	return true;
}

void defaults_of_create(struct mysql_table *t, const char *create)
{
	struct value_policy policy = { .halts = false };
	struct buffer text = { 0 };
	struct columns row;
	struct err e = ERR_INIT;

	columns_init(&row, t->schema);
	for (uint32_t i = 0; i < t->column_count; i++) {
		buffer_clear(&text);
		if (!default_text(&text, &t->columns[i], create))
			column_set_null(&row.columns[i]);
		else if (value_from_text(t, i, buffer_bytes(&text), &row.columns[i], &policy, &e) < 0)
			fail_msg("%s", e.text);
	}
	columns_end_row(&row);
	schema_set_defaults(t->schema, &row);
	buffer_release(&text);
}
