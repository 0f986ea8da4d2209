/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server is asked for DEFAULT(column), which takes a row of the table: any row, or for a nullable column
 * the one of NULLs that an outer join makes. Only a NOT NULL column of an empty table is left to the text of
 * information_schema.
 */
#include "source/mysql/defaults.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/text.h"

static bool is_number(const char *text)
{
	size_t digits = strspn(text += *text == '-' || *text == '+', "0123456789.");

	if (digits == 0)
		return false;
	if (text[digits] == 'e' || text[digits] == 'E') {
		text += digits + 1;
		digits = strspn(text += *text == '-' || *text == '+', "0123456789");
	}
	return digits > 0 && text[digits] == '\0';
}

/* Behind the quoted text that begins at `text`, or NULL. */
static const char *skip_quoted(const char *text)
{
	if (*text++ != '\'')
		return NULL;
	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (*text == '\'' && *++text != '\'')
			return text;
	}
	return NULL;
}

/* MariaDB has the DEFAULT as SQL: a number, 'text', b'101', x'4f', 0x4f; anything else is an expression. */
static bool is_literal_sql(const char *text)
{
	const char *end;

	if (strncasecmp(text, "0x", 2) == 0)
		return text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0';
	if (strncasecmp(text, "b'", 2) == 0 || strncasecmp(text, "x'", 2) == 0)
		text++;
	end = skip_quoted(text);
	return end != NULL ? *end == '\0' : is_number(text);
}

/* CURRENT_TIMESTAMP or current_timestamp(3); MySQL marks it as an expression, or not, depending on its version. */
static bool is_now(const struct mysql_column *c, const char *text)
{
	return (mysql_class_of(c->type) & (CLASS_DATETIME | CLASS_TIMESTAMP)) != 0 &&
	       strncasecmp(text, "CURRENT_TIMESTAMP", 17) == 0 &&
	       text[17 + strspn(text + 17, "(0123456)")] == '\0';
}

static bool is_computed(const char *text, const char *extra, bool is_mariadb)
{
	if (is_mariadb)
		return !is_literal_sql(text);
	return extra != NULL && strcasestr(extra, "DEFAULT_GENERATED") != NULL;
}

void column_default_read(struct column_default *out, const struct mysql_column *c, const char *text,
			 const char *extra, bool is_mariadb)
{
	*out = (struct column_default){ .kind = DEFAULT_LITERAL };
	if (c->is_generated)
		out->kind = DEFAULT_GENERATED;
	else if (text == NULL || (is_mariadb && strcasecmp(text, "NULL") == 0))
		out->kind = c->is_nullable ? DEFAULT_NULL : DEFAULT_NONE;
	else if (is_now(c, text))
		out->kind = DEFAULT_NOW;
	else if (is_computed(text, extra, is_mariadb))
		out->kind = DEFAULT_COMPUTED;
	else
		out->text = memory_copy_text(text);
}

/* Without MariaDB's quotes; false where it has escapes. */
static bool unquote(struct buffer *out, const char *text, bool is_mariadb)
{
	if (!is_mariadb || *text != '\'') {
		buffer_text(out, text);
		return true;
	}
	for (text++; *text != '\0'; text++) {
		if (*text == '\\')
			return false;
		if (*text == '\'' && *++text == '\0')
			break;
		buffer_char(out, *text);
	}
	return true;
}

static bool label_literal(const struct mysql_column *c, const char *text, struct buffer *out)
{
	for (uint32_t i = 0; i < c->label_count; i++) {
		if (strcmp(c->labels[i], text) == 0) {
			buffer_format(out, "%u", i + 1);
			return true;
		}
	}
	return false;
}

static void cast_literal(struct buffer *out, const char *text, const char *type, uint32_t digits)
{
	buffer_text(out, "CAST(");
	mysql_quote_text(out, text);
	buffer_format(out, " AS %s", type);
	if (digits > 0)
		buffer_format(out, "(%u)", digits);
	buffer_char(out, ')');
}

static bool number_literal(const struct mysql_column *c, const char *text, struct buffer *out)
{
	if (!is_number(text))
		return false;
	if (c->type == MYSQL_NEWDECIMAL)
		buffer_format(out, "CAST(%s AS DECIMAL(%u,%u))", text, c->precision, c->scale);
	else
		buffer_text(out, text);
	if (c->type == MYSQL_FLOAT || c->type == MYSQL_DOUBLE)
		buffer_text(out, "*1e0"); /* -0 keeps its sign */
	return true;
}

static bool plain_literal(const struct mysql_column *c, const char *text, struct buffer *out)
{
	switch (mysql_class_of(c->type)) {
	case CLASS_INTEGER:
	case CLASS_YEAR:
	case CLASS_DECIMAL:
	case CLASS_REAL:
		return number_literal(c, text, out);
	case CLASS_DATE:
		cast_literal(out, text, "DATE", 0);
		return true;
	case CLASS_DATETIME:
		cast_literal(out, text, "DATETIME", c->fraction_digits);
		return true;
	case CLASS_TIME:
		cast_literal(out, text, "TIME", c->fraction_digits);
		return true;
	case CLASS_ENUM:
		return label_literal(c, text, out);
	case CLASS_CHAR:
	case CLASS_VARCHAR:
		break;
	default:
		return false;
	}
	if (c->charset == NULL || c->extension != MYSQL_PLAIN)
		return false;
	buffer_text(out, "CONVERT(");
	mysql_quote_text(out, text);
	buffer_format(out, " USING %s)", charset_name(c->charset));
	return true;
}

bool defaults_literal(const struct mysql_column *c, const char *text, bool is_mariadb, struct buffer *out)
{
	struct buffer plain = { 0 };
	bool is_simple = unquote(&plain, text, is_mariadb) && plain_literal(c, buffer_string(&plain), out);

	buffer_release(&plain);
	return is_simple;
}

static void from_table(struct buffer *sql, const struct schema *s)
{
	mysql_quote_name(sql, s->database);
	buffer_char(sql, '.');
	mysql_quote_name(sql, s->table);
}

/* The literals' columns, from the table if `is_empty` is false, else those that can be had without a row. */
static int make_query(struct buffer *sql, const struct mysql_table *t, const struct column_default *list,
		      bool is_mariadb, bool is_empty, struct err *e)
{
	const char *separator = "SELECT ";
	struct buffer operand = { 0 };
	bool is_simple = true;

	for (uint32_t i = 0; i < t->column_count && is_simple; i++) {
		if (list[i].kind != DEFAULT_LITERAL)
			continue;
		buffer_text(sql, separator);
		separator = ", ";
		if (is_empty && !t->columns[i].is_nullable) {
			is_simple = defaults_literal(&t->columns[i], list[i].text, is_mariadb, sql);
			if (!is_simple)
				err_set(e, ERR_CONFIG, "the DEFAULT of column \"%s\" (%s) cannot be read while the "
					"table is empty; run the server and its applications with "
					"binlog_row_image = FULL", t->columns[i].name, t->columns[i].declared);
			continue;
		}
		buffer_clear(&operand);
		buffer_text(&operand, "DEFAULT(`tailrace_table`.");
		mysql_quote_name(&operand, t->columns[i].name);
		buffer_char(&operand, ')');
		value_select_of(t, i, buffer_string(&operand), sql);
	}
	buffer_release(&operand);
	buffer_text(sql, is_empty ? " FROM (SELECT 1) AS `tailrace_row` LEFT JOIN " : " FROM ");
	from_table(sql, t->schema);
	buffer_text(sql, is_empty ? " AS `tailrace_table` ON FALSE" : " AS `tailrace_table` LIMIT 1");
	return is_simple ? 0 : -1;
}

static int take_answer(struct defaults *out, const struct mysql_table *t, const struct column_default *list,
		       const struct answer *a, const struct value_policy *policy, struct err *e)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < t->column_count; i++) {
		struct column *c = &out->row.columns[i];
		struct bytes cell = { NULL, 0 };

		if (list[i].kind == DEFAULT_LITERAL)
			cell = answer_bytes(a, 0, next++);
		if (cell.data == NULL && list[i].kind == DEFAULT_LITERAL && !t->schema->fields[i].is_nullable)
			return err_set(e, ERR_CONFIG, "the DEFAULT of column \"%s\" (%s) cannot be read",
				       t->columns[i].name, t->columns[i].declared);
		if (cell.data == NULL)
			column_set_null(c);
		else if (value_from_text(t, i, cell, c, policy, e) < 0)
			return -1;
	}
	columns_end_row(&out->row);
	return 0;
}

int defaults_load(struct defaults *out, const struct mysql_table *t, const struct column_default *list,
		  bool is_mariadb, const struct value_policy *policy, struct connection *c, struct err *e)
{
	struct defaults d = { .is_loaded = true };
	struct buffer sql = { 0 };
	struct answer a = { 0 };
	bool has_literals = false;
	int rc = 0;

	for (uint32_t i = 0; i < t->column_count; i++)
		has_literals |= list[i].kind == DEFAULT_LITERAL;
	for (int is_empty = 0; is_empty < 2 && has_literals && rc == 0 && a.row_count == 0; is_empty++) {
		buffer_clear(&sql);
		rc = make_query(&sql, t, list, is_mariadb, is_empty == 1, e);
		if (rc == 0)
			rc = connection_ask(c, &a, buffer_string(&sql), e);
	}
	columns_init(&d.row, t->schema);
	if (rc == 0)
		rc = take_answer(&d, t, list, &a, policy, e);
	answer_release(&a);
	buffer_release(&sql);
	if (rc < 0)
		defaults_release(&d);
	else
		*out = d;
	return rc < 0 ? err_wrap(e, "table %s.%s", t->schema->database, t->schema->table) : 0;
}

/* A value that the schema cannot have is not counted among the rows'. */
static const struct value_policy unheard = { .halts = false };

/* One by one: what cannot be read is left out, with a reason for the log. */
static int load_each(struct columns *row, const struct mysql_table *t, const struct column_default *list,
		     bool is_mariadb, struct connection *c, struct err *e)
{
	struct column_default *one = memory_array(struct column_default, t->column_count + 1);
	int rc = 0;

	for (uint32_t i = 0; i < t->column_count && rc == 0; i++) {
		struct defaults d = { 0 };
		struct err why = ERR_INIT;

		one[i] = list[i];
		rc = list[i].kind == DEFAULT_LITERAL ? defaults_load(&d, t, one, is_mariadb, &unheard, c, &why) : 0;
		if (rc < 0 && why.kind != ERR_CONFIG && why.kind != ERR_DATA) {
			*e = why;
			break;
		}
		if (rc < 0)
			log_debug("a DEFAULT is left out of the schema", "table=%s.%s column=%u", t->schema->database,
				  t->schema->table, i);
		rc = 0;
		if (d.is_loaded)
			column_append_range(&row->columns[i], &d.row.columns[i], 0, 1);
		else
			column_set_null(&row->columns[i]);
		one[i] = (struct column_default){ 0 };
		defaults_release(&d);
	}
	memory_free(one);
	return rc;
}

/* No DEFAULT was found for the column: one that the lake does not have, or the time of the change, is 0. */
static bool is_zero(const struct mysql_table *t, uint32_t column, enum default_kind kind)
{
	return kind == DEFAULT_NOW || (kind == DEFAULT_LITERAL && !t->columns[column].is_nullable &&
				       (mysql_class_of(t->columns[column].type) & CLASS_CALENDAR) != 0);
}

int defaults_describe(struct columns *out, const struct mysql_table *t, const struct column_default *list,
		      bool is_mariadb, struct connection *c, struct err *e)
{
	struct defaults all = { 0 };
	struct err why = ERR_INIT;
	struct columns row;
	int rc = defaults_load(&all, t, list, is_mariadb, &unheard, c, &why);

	columns_init(&row, t->schema);
	for (uint32_t i = 0; i < t->column_count && rc == 0; i++)
		column_append_range(&row.columns[i], &all.row.columns[i], 0, 1);
	defaults_release(&all);
	if (rc < 0 && (why.kind == ERR_CONFIG || why.kind == ERR_DATA))
		rc = load_each(&row, t, list, is_mariadb, c, &why);
	if (rc < 0) {
		columns_release(&row);
		*e = why;
		return -1;
	}
	columns_init(out, t->schema);
	for (uint32_t i = 0; i < t->column_count; i++) {
		if (!column_is_null(&row.columns[i], 0) || !is_zero(t, i, list[i].kind))
			column_append_range(&out->columns[i], &row.columns[i], 0, 1);
		else if (out->columns[i].storage == STORAGE_INT32)
			column_add_int32(&out->columns[i], 0);
		else
			column_add_int64(&out->columns[i], 0);
	}
	columns_release(&row);
	columns_end_row(out);
	return 0;
}

void defaults_release(struct defaults *d)
{
	columns_release(&d->row);
	*d = (struct defaults){ 0 };
}
