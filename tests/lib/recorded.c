/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/recorded.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "change/render.h"

bool recorded_file(struct buffer *out, const char *folder, const char *name,
		   const char *suffix)
{
	char path[512];
	uint8_t piece[65536];
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	f = fopen(path, "rb");
	if (f == NULL)
		return false;
	while ((size = fread(piece, 1, sizeof(piece), f)) > 0)
		buffer_append(out, piece, size);
	fclose(f);
	return true;
}

static const char *op_name(const struct rows *rows)
{
	static const char *const names[OPS] = { "copy", "insert", "update", "delete" };

	return rows->is_replace ? "replace" : names[rows->op];
}

static void print_row(struct recorded *r, const char *word, const struct schema *s,
		      const struct columns *c, uint32_t row, const uint8_t *present)
{
	if (c == NULL)
		return;
	buffer_format(&r->out, "  %s ", word);
	render_json_row(&r->out, s, c, row, present);
	buffer_char(&r->out, '\n');
}

static void print_rows(struct recorded *r, const struct change *change)
{
	const struct rows *rows = &change->rows;

	buffer_format(&r->out, "%s %s.%s %u\n", op_name(rows),
		      change->schema->database, change->schema->table, rows->count);
	for (uint32_t i = 0; rows->patched != NULL && i < change->schema->field_count;
	     i++) {
		if (field_present(rows->patched, i))
			buffer_format(&r->out, "  patched %s\n",
				      change->schema->fields[i].name);
	}
	for (uint32_t i = 0; i < rows->count; i++) {
		print_row(r, "-", change->schema, rows->before, i, rows->before_present);
		print_row(r, "+", change->schema, rows->after, i, rows->after_present);
	}
}

static void print_schema(struct recorded *r, const struct schema *s)
{
	buffer_format(&r->out, "schema %s.%s", s->database, s->table);
	for (uint32_t i = 0; i < s->field_count; i++) {
		const struct field *f = &s->fields[i];

		buffer_format(&r->out, "\n  %s %s", f->name, type_name(f->type));
		if (f->type == TYPE_DECIMAL)
			buffer_format(&r->out, "(%u,%u)", f->precision, f->scale);
		buffer_format(&r->out, "%s%s <- %s", f->is_nullable ? "" : " not null",
			      schema_is_key(s, i) ? " key" : "", f->source_type);
	}
	buffer_char(&r->out, '\n');
}

static int take(struct sink *sink, const struct change *change, struct err *e)
{
	struct recorded *r = (struct recorded *)sink;
	struct recorded_table *t;

	(void)e;
	if (change->kind == CHANGE_ROWS && change->rows.op == OP_INSERT) {
		t = recorded_find(r, change->schema->database, change->schema->table);
		if (t->inserted.columns == NULL)
			columns_init(&t->inserted, change->schema);
		if (t->inserted.column_count == change->rows.after->column_count)
			columns_append(&t->inserted, change->rows.after);
	}
	if (!r->prints)
		return 0;
	switch (change->kind) {
	case CHANGE_ROWS:
		print_rows(r, change);
		break;
	case CHANGE_SCHEMA:
		print_schema(r, change->schema);
		break;
	case CHANGE_TRUNCATE:
		buffer_format(&r->out, "truncate %s.%s\n", change->schema->database,
			      change->schema->table);
		break;
	case CHANGE_COMMIT:
		buffer_text(&r->out, "commit ");
		change->position->format(change->position, NULL, &r->out);
		buffer_char(&r->out, '\n');
		break;
	case CHANGE_ROLLBACK:
		buffer_text(&r->out, "rollback\n");
		break;
	case CHANGE_DDL:
	case CHANGE_KINDS:
		break;
	}
	return 0;
}

/* The catalog's words for a column, when the recording has them. */
static bool find_type(struct recorded *r, const char *table, const char *column,
		      char *out, size_t size)
{
	const char *all = buffer_string(&r->types);
	char key[300];
	const char *at;

	snprintf(key, sizeof(key), "\n%s\t%s\t", table, column);
	at = strstr(all, key);
	if (at == NULL)
		return false;
	at += strlen(key);
	snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
	return true;
}

static void refine(struct recorded *r, const char *table, struct mysql_column *c,
		   bool is_mariadb)
{
	struct mysql_column declared = { .name = c->name };
	struct err e = ERR_INIT;
	char words[200];

	if (!find_type(r, table, c->name, words, sizeof(words)) ||
	    c->type == MYSQL_ENUM || c->type == MYSQL_SET)
		return;
	if (mysql_column_declare(&declared, words, is_mariadb, 1, &e) < 0) {
		buffer_format(&r->out, "error %s\n", e.text);
		return;
	}
	c->extension = declared.extension;
	memory_free(c->declared);
	c->declared = memory_copy_text(words);
}

static int table_of(void *context, const struct table_map *map, struct mysql_table **out,
		    struct err *e)
{
	struct recorded *r = context;
	struct recorded_table *old = recorded_find(r, map->database, map->table);
	struct mysql_table *t;
	struct mysql_column *columns;

	if (!map->has_names)
		return err_set(e, ERR_CONFIG, "no names");
	columns = mysql_columns_copy(map);
	for (uint32_t i = 0; i < map->column_count; i++)
		refine(r, map->table, &columns[i],
		       r->decoder != NULL && r->types.size > 0);
	if (mysql_table_new(&t, map->database, map->table, columns, map->column_count,
			    map->key, map->key_count, e) < 0)
		return -1;
	if (old != NULL && schema_equal(old->table->schema, t->schema)) {
		mysql_table_free(t);
		*out = old->table;
		return 0;
	}
	assert(r->table_count < 128);
	r->tables[r->table_count++] = (struct recorded_table){ .table = t };
	*out = t;
	return 0;
}

static int named(void *context, const char *database, const char *table,
		 struct mysql_table **out, struct err *e)
{
	struct recorded_table *t = recorded_find(context, database, table);

	(void)e;
	*out = t != NULL ? t->table : NULL;
	return 0;
}

static int statement(void *context, const char *database, struct bytes sql,
		     const struct origin *origin, struct err *e)
{
	struct recorded *r = context;

	(void)origin;
	(void)e;
	if (r->prints)
		buffer_format(&r->out, "statement in \"%s\": %.*s\n", database,
			      sql.size > 60 ? 60 : (int)sql.size, (const char *)sql.data);
	return 0;
}

static void invalid(void *context, const struct mysql_table *t, uint32_t column,
		    const char *text)
{
	struct recorded *r = context;

	if (r->prints)
		buffer_format(&r->out, "invalid %s.%s: %s\n", t->schema->table,
			      t->columns[column].name, text);
}

static void unhex(struct buffer *out, const char *text)
{
	for (; text[0] != 0 && text[1] != 0; text += 2) {
		char pair[3] = { text[0], text[1], 0 };

		buffer_char(out, (char)strtoul(pair, NULL, 16));
	}
}

static void load_charsets(struct recorded *r, const char *folder)
{
	struct buffer file = { 0 }, answers[2] = { { 0 }, { 0 } };
	struct err e = ERR_INIT;
	char *line, *rest;

	if (!recorded_file(&file, folder, "charsets", ".tsv"))
		return;
	line = strtok_r((char *)(uintptr_t)buffer_string(&file), "\n", &rest);
	for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *inner, *name = strtok_r(line, "\t", &inner);
		struct bytes both[2];
		uint32_t count = 0;

		for (char *hex = strtok_r(NULL, "\t", &inner); hex != NULL && count < 2;
		     hex = strtok_r(NULL, "\t", &inner)) {
			buffer_clear(&answers[count]);
			unhex(&answers[count], hex);
			both[count] = buffer_bytes(&answers[count]);
			count++;
		}
		if (charset_learn(r->charsets, name, both, count, &e) < 0)
			buffer_format(&r->out, "error %s\n", e.text);
	}
	buffer_release(&file);
	buffer_release(&answers[0]);
	buffer_release(&answers[1]);
}

static void load_collations(struct recorded *r, const char *folder)
{
	struct buffer file = { 0 };
	char *line, *rest;

	if (!recorded_file(&file, folder, "collations", ".tsv"))
		return;
	line = strtok_r((char *)(uintptr_t)buffer_string(&file), "\n", &rest);
	for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *tab = strchr(line, '\t');

		charset_bind_collation(r->charsets, (uint16_t)atoi(line), tab + 1);
	}
	buffer_release(&file);
}

void recorded_init(struct recorded *r, const char *folder, bool is_mariadb,
		   bool wants_before)
{
	struct decoder_callbacks callbacks = {
		.table = table_of, .named = named, .statement = statement, .context = r
	};
	struct value_policy policy = { .invalid = invalid, .context = r };

	*r = (struct recorded){ .sink = { .take = take, .wants_before = wants_before },
				.prints = true };
	r->charsets = charset_list_new();
	load_collations(r, folder);
	load_charsets(r, folder);
	r->decoder = decoder_new(is_mariadb, r->charsets, &r->sink, &callbacks, &policy);
}

void recorded_release(struct recorded *r)
{
	decoder_free(r->decoder);
	for (uint32_t i = 0; i < r->table_count; i++) {
		columns_release(&r->tables[i].inserted);
		mysql_table_free(r->tables[i].table);
	}
	charset_list_free(r->charsets);
	buffer_release(&r->out);
	buffer_release(&r->types);
}

struct recorded_table *recorded_find(struct recorded *r, const char *database,
				     const char *table)
{
	for (uint32_t i = r->table_count; i > 0; i--) {
		const struct schema *s = r->tables[i - 1].table->schema;

		if (strcmp(s->database, database) == 0 && strcmp(s->table, table) == 0)
			return &r->tables[i - 1];
	}
	return NULL;
}

void recorded_run(struct recorded *r, struct bytes log)
{
	struct mysql_position start = { .offset = 4 };
	struct reader at = reader_of(log);
	struct err e = ERR_INIT;

	snprintf(start.file, sizeof(start.file), "binlog.000001");
	decoder_set_position(r->decoder, &start);
	reader_skip(&at, 4);
	while (reader_left(&at) > 0) {
		struct reader look = at;
		uint32_t size;

		reader_skip(&look, 9);
		size = reader_u32le(&look);
		if (look.short_read || size > reader_left(&at) || size == 0) {
			buffer_text(&r->out, "error the log is cut short\n");
			return;
		}
		if (decoder_event(r->decoder, reader_bytes(&at, size), &e) < 0) {
			buffer_format(&r->out, "error %s\n", e.text);
			return;
		}
	}
}
