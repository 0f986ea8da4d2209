/* SPDX-License-Identifier: Apache-2.0 */
#include "message/spark_ddl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

struct ddl {
	const char *text, *at;
	struct buffer word; /* the last name or text */
};

/* Spark's word, what it becomes and how many numbers in parentheses it may and must have. */
static const struct ddl_type {
	const char *word;
	enum type type;
	uint8_t numbers_max, numbers_min;
} types[] = {
	{ "boolean", TYPE_BOOLEAN, 0, 0 },
	{ "tinyint", TYPE_INT, 0, 0 },
	{ "byte", TYPE_INT, 0, 0 },
	{ "smallint", TYPE_INT, 0, 0 },
	{ "short", TYPE_INT, 0, 0 },
	{ "int", TYPE_INT, 0, 0 },
	{ "integer", TYPE_INT, 0, 0 },
	{ "bigint", TYPE_LONG, 0, 0 },
	{ "long", TYPE_LONG, 0, 0 },
	{ "float", TYPE_FLOAT, 0, 0 },
	{ "real", TYPE_FLOAT, 0, 0 },
	{ "double", TYPE_DOUBLE, 0, 0 },
	{ "decimal", TYPE_DECIMAL, 2, 0 },
	{ "dec", TYPE_DECIMAL, 2, 0 },
	{ "numeric", TYPE_DECIMAL, 2, 0 },
	{ "date", TYPE_DATE, 0, 0 },
	{ "timestamp", TYPE_TIMESTAMP, 0, 0 },
	{ "timestamp_ltz", TYPE_TIMESTAMP, 0, 0 },
	{ "timestamp_ntz", TYPE_TIMESTAMP_NTZ, 0, 0 },
	{ "string", TYPE_STRING, 0, 0 },
	{ "char", TYPE_STRING, 1, 1 },
	{ "character", TYPE_STRING, 1, 1 },
	{ "varchar", TYPE_STRING, 1, 1 },
	{ "binary", TYPE_BINARY, 0, 0 },
};

static int ddl_fail(const struct ddl *d, const char *at, const char *what, struct err *e)
{
	return err_set(e, ERR_CONFIG, "schema: %s at character %zu: \"%.20s\"", what, (size_t)(at - d->text) + 1, at);
}

static void skip_space(struct ddl *d)
{
	while (*d->at != 0 && strchr(" \t\r\n", *d->at) != NULL)
		d->at++;
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c < 0;
}

static bool take_char(struct ddl *d, char c)
{
	skip_space(d);
	if (*d->at != c)
		return false;
	d->at++;
	return true;
}

static bool take_word(struct ddl *d)
{
	skip_space(d);
	buffer_clear(&d->word);
	while (is_word_byte(*d->at))
		buffer_char(&d->word, *d->at++);
	return d->word.size > 0;
}

/* Takes the word only if it is this one. */
static bool take_keyword(struct ddl *d, const char *word)
{
	const char *start = d->at;

	if (take_word(d) && strcasecmp(buffer_string(&d->word), word) == 0)
		return true;
	d->at = start;
	return false;
}

static int take_name(struct ddl *d, struct err *e)
{
	const char *start;

	skip_space(d);
	start = d->at;
	if (*d->at != '`')
		return take_word(d) ? 0 : ddl_fail(d, start, "a column name is expected", e);
	buffer_clear(&d->word);
	for (d->at++; *d->at != 0; d->at++) {
		if (*d->at == '`' && *++d->at != '`')
			return d->word.size > 0 ? 0 : ddl_fail(d, start, "an empty column name", e);
		buffer_char(&d->word, *d->at);
	}
	return ddl_fail(d, start, "a name without its closing backtick", e);
}

static int take_literal(struct ddl *d, struct err *e)
{
	const char *start;
	char quote;

	skip_space(d);
	start = d->at;
	quote = *d->at;
	if (quote != '\'' && quote != '"')
		return ddl_fail(d, start, "a text in quotes is expected", e);
	buffer_clear(&d->word);
	for (d->at++; *d->at != 0 && *d->at != quote; d->at++) {
		if (*d->at == '\\' && d->at[1] != 0)
			d->at++;
		buffer_char(&d->word, *d->at);
	}
	if (*d->at == 0)
		return ddl_fail(d, start, "a text without its closing quote", e);
	d->at++;
	return 0;
}

static int take_number(struct ddl *d, uint32_t *out, struct err *e)
{
	const char *start;
	uint32_t v = 0;

	skip_space(d);
	start = d->at;
	while (*d->at >= '0' && *d->at <= '9' && v < 100000000)
		v = v * 10 + (uint32_t)(*d->at++ - '0');
	*out = v;
	return d->at > start ? 0 : ddl_fail(d, start, "a number is expected", e);
}

/* "(a[,b])" or nothing. */
static int take_numbers(struct ddl *d, uint32_t numbers[2], unsigned *count, struct err *e)
{
	const char *start = d->at;

	*count = 0;
	if (!take_char(d, '('))
		return 0;
	do {
		if (*count == 2)
			return ddl_fail(d, start, "too many numbers", e);
		if (take_number(d, &numbers[(*count)++], e) < 0)
			return -1;
	} while (take_char(d, ','));
	return take_char(d, ')') ? 0 : ddl_fail(d, d->at, "')' is expected", e);
}

static int take_type(struct ddl *d, struct field *f, struct err *e)
{
	const struct ddl_type *t = NULL;
	uint32_t numbers[2] = { 10, 0 };
	unsigned count;
	const char *start;

	skip_space(d);
	start = d->at;
	if (!take_word(d))
		return ddl_fail(d, start, "a type is expected", e);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && t == NULL; i++)
		t = strcasecmp(buffer_string(&d->word), types[i].word) == 0 ? &types[i] : NULL;
	if (t == NULL)
		return ddl_fail(d, start, "a type that a lake's column cannot have", e);
	if (take_numbers(d, numbers, &count, e) < 0)
		return -1;
	if (count > t->numbers_max || count < t->numbers_min)
		return ddl_fail(d, start, "a type with too many or too few numbers", e);
	f->type = t->type;
	if (t->type != TYPE_DECIMAL)
		return 0;
	if (numbers[0] < 1 || numbers[0] > 38 || numbers[1] > numbers[0])
		return ddl_fail(d, start, "DECIMAL has 1 to 38 digits, no more of them behind the point", e);
	f->precision = (uint8_t)numbers[0];
	f->scale = (uint8_t)numbers[1];
	return 0;
}

/* Spark tells names apart without regard to case. */
static bool is_known(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (strcasecmp(s->fields[i].name, name) == 0)
			return true;
	}
	return false;
}

static int take_column(struct ddl *d, struct schema *s, struct err *e)
{
	const char *start;
	struct field *f;

	skip_space(d);
	start = d->at;
	if (take_name(d, e) < 0)
		return -1;
	if (is_known(s, buffer_string(&d->word)))
		return ddl_fail(d, start, "a column for the second time", e);
	f = schema_add(s, buffer_string(&d->word), TYPE_STRING, true);
	(void)take_char(d, ':');
	if (take_type(d, f, e) < 0)
		return -1;
	if (take_keyword(d, "not")) {
		if (!take_keyword(d, "null"))
			return ddl_fail(d, d->at, "NULL is expected behind NOT", e);
		f->is_nullable = false;
	}
	if (take_keyword(d, "comment")) {
		if (take_literal(d, e) < 0)
			return -1;
		f->source_type = memory_copy_text(buffer_string(&d->word));
	}
	return 0;
}

int spark_ddl_parse(struct schema **out, const char *ddl, const char *database, const char *table, struct err *e)
{
	struct ddl d = { .text = ddl, .at = ddl };
	struct schema *s = schema_new(database, table);
	int rc;

	do
		rc = take_column(&d, s, e);
	while (rc == 0 && take_char(&d, ','));
	skip_space(&d);
	if (rc == 0 && *d.at != 0)
		rc = ddl_fail(&d, d.at, "',' or the end is expected", e);
	buffer_release(&d.word);
	if (rc < 0)
		schema_release(s);
	else
		*out = s;
	return rc;
}

static bool is_plain_name(const char *name)
{
	for (const char *c = name; *c != 0; c++) {
		if (!isalnum((unsigned char)*c) && *c != '_')
			return false;
	}
	return *name != 0;
}

static void append_name(struct buffer *out, const char *name)
{
	if (is_plain_name(name)) {
		buffer_text(out, name);
		return;
	}
	buffer_char(out, '`');
	for (const char *c = name; *c != 0; c++) {
		if (*c == '`')
			buffer_char(out, '`');
		buffer_char(out, *c);
	}
	buffer_char(out, '`');
}

void spark_ddl_format(const struct schema *s, struct buffer *out)
{
	static const char *const words[TYPES] = {
		[TYPE_BOOLEAN] = "BOOLEAN", [TYPE_INT] = "INT",
		[TYPE_LONG] = "BIGINT",     [TYPE_FLOAT] = "FLOAT",
		[TYPE_DOUBLE] = "DOUBLE",   [TYPE_DECIMAL] = "DECIMAL",
		[TYPE_DATE] = "DATE",       [TYPE_TIMESTAMP] = "TIMESTAMP",
		[TYPE_TIMESTAMP_NTZ] = "TIMESTAMP_NTZ", [TYPE_STRING] = "STRING",
		[TYPE_BINARY] = "BINARY",
	};

	for (uint32_t i = 0; i < s->field_count; i++) {
		const struct field *f = &s->fields[i];

		buffer_text(out, i > 0 ? ", " : "");
		append_name(out, f->name);
		buffer_format(out, " %s", words[f->type]);
		if (f->type == TYPE_DECIMAL)
			buffer_format(out, "(%u,%u)", f->precision, f->scale);
		buffer_text(out, f->is_nullable ? "" : " NOT NULL");
	}
}
