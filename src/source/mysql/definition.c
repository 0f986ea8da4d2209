/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/definition.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "source/mysql/defaults.h"

static void where_table(struct buffer *sql, const char *database, const char *table)
{
	buffer_text(sql, " WHERE table_schema = ");
	mysql_quote_text(sql, database);
	buffer_text(sql, " AND table_name = ");
	mysql_quote_text(sql, table);
}

static int ask(struct connection *c, struct answer *a, struct buffer *sql, struct err *e)
{
	int rc = connection_ask(c, a, buffer_string(sql), e);

	buffer_clear(sql);
	return rc;
}

static char *text_or_null(const char *text)
{
	return text != NULL && *text != '\0' ? memory_copy_text(text) : NULL;
}

/* MariaDB has the DEFAULT as SQL: without its quotes; escapes stay, as in SHOW CREATE TABLE. */
static char *plain_text(const char *text, bool is_mariadb)
{
	struct buffer plain = { 0 };
	char *copy;

	if (!is_mariadb || *text != '\'')
		return memory_copy_text(text);
	for (text++; *text != '\0'; text++) {
		if (*text == '\'' && *++text != '\'')
			break;
		buffer_char(&plain, *text);
	}
	copy = memory_copy_text(buffer_string(&plain));
	buffer_release(&plain);
	return copy;
}

static void read_default(struct column_definition *out, const char *text, const char *extra, bool is_mariadb)
{
	struct mysql_column c = { .is_nullable = out->is_nullable };
	struct err ignored = ERR_INIT;
	struct column_default d;

	/* of a type that we do not know no DEFAULT is the time */
	c.is_generated = strcasestr(extra, " GENERATED") != NULL;
	(void)mysql_column_declare(&c, out->type, is_mariadb, 1, &ignored);
	column_default_read(&d, &c, text, extra, is_mariadb);
	out->default_is_now = d.kind == DEFAULT_NOW;
	if (d.kind == DEFAULT_LITERAL)
		out->default_value = plain_text(d.text, is_mariadb);
	memory_free(d.text);
	mysql_column_release(&c);
}

/* name, type, nullable, character set, comment, default, extra */
static void read_column(struct column_definition *out, const struct answer *a, uint32_t row, bool is_mariadb)
{
	const char *extra = answer_text(a, row, 6);

	*out = (struct column_definition){
		.name = memory_copy_text(answer_text(a, row, 0)),
		.type = memory_copy_text(answer_text(a, row, 1)),
		.is_nullable = strcasecmp(answer_text(a, row, 2), "YES") == 0,
		.charset = text_or_null(answer_text(a, row, 3)),
		.comment = text_or_null(answer_text(a, row, 4)),
		.is_auto_increment = extra != NULL && strcasestr(extra, "auto_increment") != NULL,
		.is_updated_to_now = extra != NULL && strcasestr(extra, "on update") != NULL,
	};
	read_default(out, answer_text(a, row, 5), extra != NULL ? extra : "", is_mariadb);
}

static int read_columns(struct table_definition *out, const char *database, const char *table, bool is_mariadb,
			struct connection *c, struct err *e)
{
	struct buffer sql = { 0 };
	struct answer a = { 0 };
	int rc;

	buffer_text(&sql, "SELECT column_name, column_type, is_nullable, character_set_name, column_comment, "
			  "column_default, extra FROM information_schema.columns");
	where_table(&sql, database, table);
	buffer_text(&sql, " ORDER BY ordinal_position");
	rc = ask(c, &a, &sql, e);
	if (rc == 0) {
		out->columns = memory_array(struct column_definition, a.row_count + 1);
		out->column_count = a.row_count;
		for (uint32_t i = 0; i < a.row_count; i++)
			read_column(&out->columns[i], &a, i, is_mariadb);
	}
	answer_release(&a);
	buffer_release(&sql);
	return rc;
}

/* Columns of SHOW INDEX. */
enum {
	SHOWN_NON_UNIQUE = 1,
	SHOWN_INDEX = 2,
	SHOWN_COLUMN = 4,
	SHOWN_PREFIX = 7,
	SHOWN_NULL = 9,
};

static bool may_be_key(const struct answer *a, uint32_t row)
{
	const char *null = answer_text(a, row, SHOWN_NULL);

	return answer_uint(a, row, SHOWN_NON_UNIQUE) == 0 && answer_text(a, row, SHOWN_COLUMN) != NULL &&
	       answer_text(a, row, SHOWN_PREFIX) == NULL && (null == NULL || strcmp(null, "YES") != 0);
}

static bool is_same_index(const struct answer *a, uint32_t row, uint32_t other)
{
	const char *name = answer_text(a, row, SHOWN_INDEX), *other_name = answer_text(a, other, SHOWN_INDEX);

	return name != NULL && other_name != NULL && strcmp(name, other_name) == 0;
}

/* The number of rows from `row` on that are of its index; *is_fit: it identifies rows for us. */
static uint32_t index_size(const struct answer *a, uint32_t row, bool *is_fit)
{
	uint32_t size = 1;

	*is_fit = may_be_key(a, row);
	for (; row + size < a->row_count && is_same_index(a, row, row + size); size++)
		*is_fit = *is_fit && may_be_key(a, row + size);
	return size;
}

/* The primary key, which comes first, or the first unique key that identifies rows for us: as the catalog has it. */
static int read_key(struct table_definition *out, const char *database, const char *table, struct connection *c,
		    struct err *e)
{
	struct buffer sql = { 0 };
	struct answer a = { 0 };
	bool is_fit = false;
	int rc;

	buffer_text(&sql, "SHOW INDEX FROM ");
	mysql_quote_name(&sql, database);
	buffer_char(&sql, '.');
	mysql_quote_name(&sql, table);
	rc = ask(c, &a, &sql, e);
	for (uint32_t row = 0, size; rc == 0 && row < a.row_count && !is_fit; row += size) {
		size = index_size(&a, row, &is_fit);
		if (!is_fit)
			continue;
		out->key = memory_array(char *, size);
		out->key_count = size;
		for (uint32_t i = 0; i < size; i++)
			out->key[i] = memory_copy_text(answer_text(&a, row + i, SHOWN_COLUMN));
	}
	answer_release(&a);
	buffer_release(&sql);
	return rc;
}

static int read_table(struct table_definition *out, bool *found, const struct server *s, const char *database,
		      const char *table, struct connection *c, struct err *e)
{
	struct buffer sql = { 0 };
	struct answer a = { 0 };
	int rc;

	buffer_format(&sql, "SELECT table_comment, character_set_name FROM information_schema.tables LEFT JOIN "
			    "information_schema.collation_character_set_applicability a ON a.%s = table_collation",
		      s->is_mariadb && s->version >= 101001 ? "full_collation_name" : "collation_name");
	where_table(&sql, database, table);
	buffer_text(&sql, " AND table_type = 'BASE TABLE'");
	rc = ask(c, &a, &sql, e);
	*found = rc == 0 && a.row_count > 0;
	if (*found) {
		out->comment = text_or_null(answer_text(&a, 0, 0));
		out->charset = text_or_null(answer_text(&a, 0, 1));
	}
	answer_release(&a);
	buffer_release(&sql);
	return rc;
}

int definition_read(struct table_definition *out, bool *found, const struct server *s, const char *database,
		    const char *table, struct connection *c, struct err *e)
{
	int rc;

	*out = (struct table_definition){ 0 };
	rc = read_table(out, found, s, database, table, c, e);
	if (rc == 0 && *found)
		rc = read_columns(out, database, table, s->is_mariadb, c, e);
	if (rc == 0 && *found)
		rc = read_key(out, database, table, c, e);
	if (rc < 0)
		table_definition_release(out);
	return rc < 0 ? err_wrap(e, "table %s.%s", database, table) : 0;
}

void definition_statement(struct buffer *out, struct bytes sql)
{
	bool is_utf8 = text_is_utf8(sql);

	for (size_t i = 0; i < sql.size; i++)
		buffer_char(out, is_utf8 || sql.data[i] < 0x80 ? (char)sql.data[i] : '?');
}
