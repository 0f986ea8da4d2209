/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/modify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct type_word {
	const char *word, *declared; /* in a statement, in COLUMN_TYPE */
	bool has_brackets;           /* that matter, or do nothing */
	bool keeps_all;              /* with its sign */
} type_words[] = {
	{ "TINYINT", "tinyint", true, false },     { "INT1", "tinyint", true, false },
	{ "SMALLINT", "smallint", true, false },   { "INT2", "smallint", true, false },
	{ "MEDIUMINT", "mediumint", true, false }, { "INT3", "mediumint", true, false },
	/* the widest of those that are an INT, or a LONG, in the lake */
	{ "INT", "int", true, true },              { "INTEGER", "int", true, true },
	{ "INT4", "int", true, true },             { "BIGINT", "bigint", true, true },
	{ "INT8", "bigint", true, true },
	/* in brackets: to be rounded to so many digits */
	{ "FLOAT", "float", false, true },         { "DOUBLE", "double", false, true },
	/* the lake has its exact digits, and does not let them become fewer */
	{ "DECIMAL", "decimal", true, true },      { "DEC", "decimal", true, true },
	{ "NUMERIC", "decimal", true, true },      { "FIXED", "decimal", true, true },
	{ "VARCHAR", "varchar", true, false },     { "VARBINARY", "varbinary", true, false },
	{ "TINYTEXT", "tinytext", false, false },  { "TINYBLOB", "tinyblob", false, false },
	{ "TEXT", "text", false, false },          { "BLOB", "blob", false, false },
	{ "MEDIUMTEXT", "mediumtext", false, false }, { "MEDIUMBLOB", "mediumblob", false, false },
	{ "LONGTEXT", "longtext", false, true },   { "LONGBLOB", "longblob", false, true },
};

static const struct type_word *find_word(const struct scanner *s)
{
	for (size_t i = 0; i < sizeof(type_words) / sizeof(type_words[0]); i++) {
		if (scanner_is(s, type_words[i].word))
			return &type_words[i];
	}
	return NULL;
}

#define BRACKETS_MAX 24 /* bytes of "(65,30)" */

/* "(10,2)", as COLUMN_TYPE has it, or nothing. */
static bool read_brackets(struct scanner *s, char *out)
{
	size_t used = 0;

	out[0] = 0;
	if (!scanner_is_mark(s, '('))
		return true;
	while (s->now.kind != TOKEN_END && used + s->now.text.size < BRACKETS_MAX) {
		bool is_last = scanner_is_mark(s, ')');

		memcpy(out + used, s->now.text.data, s->now.text.size);
		used += s->now.text.size;
		out[used] = 0;
		scanner_next(s);
		if (is_last)
			return true;
	}
	return false;
}

static bool is_decimal(const struct type_word *w)
{
	return strcmp(w->declared, "decimal") == 0;
}

static bool read_type(struct modify *m, struct scanner *s)
{
	const struct type_word *w = find_word(s);
	char brackets[BRACKETS_MAX], declared[2 * BRACKETS_MAX];
	struct err ignored = ERR_INIT;

	if (w == NULL)
		return false;
	scanner_next(s);
	if (strcmp(w->declared, "double") == 0)
		(void)scanner_accept(s, "PRECISION");
	if (!read_brackets(s, brackets) || (brackets[0] != 0 && !w->has_brackets))
		return false;
	snprintf(declared, sizeof(declared), "%s%s", w->declared, brackets[0] == 0 && is_decimal(w) ? "(10,0)" : brackets);
	if (mysql_column_declare(&m->column, declared, false, 1, &ignored) < 0)
		return false;
	if (mysql_class_of(m->column.type) == CLASS_VARCHAR && brackets[0] != 0)
		m->length = (uint32_t)strtoul(brackets + 1, NULL, 10);
	m->keeps_all = w->keeps_all;
	return true;
}

/* What stands behind the type, up to the comma: the sign; and nothing that makes other rows. */
static bool read_rest(struct modify *m, struct scanner *s)
{
	static const char *const refused[] = { "AS", "GENERATED", "PRIMARY", "UNIQUE", "KEY", "COMPRESSED", NULL };
	int depth = 0;

	for (; s->now.kind != TOKEN_END && !scanner_is_mark(s, ';') && !(depth == 0 && scanner_is_mark(s, ',')); scanner_next(s)) {
		depth += scanner_is_mark(s, '(') - scanner_is_mark(s, ')');
		if (depth == 0 && scanner_is_one_of(s, refused))
			return false;
		if (scanner_is(s, "UNSIGNED") || scanner_is(s, "ZEROFILL"))
			m->column.is_unsigned = true;
	}
	return true;
}

bool modify_parse(struct modify *out, struct scanner s)
{
	char new_name[NAME_BYTES_MAX];
	bool is_change = scanner_accept(&s, "CHANGE");

	*out = (struct modify){ .length = 0 };
	if (!is_change && !scanner_accept(&s, "MODIFY"))
		return false;
	(void)scanner_accept(&s, "COLUMN");
	scanner_skip_exists(&s);
	if (!scanner_name(&s, out->name, sizeof(out->name)) ||
	    (is_change && (!scanner_name(&s, new_name, sizeof(new_name)) || strcmp(new_name, out->name) != 0)))
		return false;
	if (!read_type(out, &s) || !read_rest(out, &s))
		return false;
	out->keeps_all = out->keeps_all && !out->column.is_unsigned;
	return true;
}

/* Of "varchar(20)", 20; of other types 0. */
static uint32_t declared_length(const struct mysql_column *c)
{
	const char *brackets = mysql_class_of(c->type) == CLASS_VARCHAR && c->declared != NULL ? strchr(c->declared, '(') : NULL;

	return brackets != NULL ? (uint32_t)strtoul(brackets + 1, NULL, 10) : 0;
}

bool modify_keeps_rows(const struct modify *m, const struct mysql_column *known, bool is_strict)
{
	if (m->length > 0 && m->length < declared_length(known))
		return false;
	return m->keeps_all || is_strict;
}

static int find_column(const struct mysql_table *t, const char *name)
{
	for (uint32_t i = 0; i < t->column_count; i++) {
		if (strcasecmp(t->columns[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

bool modify_is_done(const struct modify *m, const struct mysql_table *now)
{
	int at = find_column(now, m->name);
	struct field field = { 0 };

	if (at < 0)
		return false;
	if ((mysql_class_of(m->column.type) & CLASS_STRING) != 0)
		return now->schema->fields[at].type == TYPE_STRING || now->schema->fields[at].type == TYPE_BINARY;
	return mysql_column_type(&field, &m->column) && field_same_type(&field, &now->schema->fields[at]);
}
