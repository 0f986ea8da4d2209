/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/stream_ddl.h"

#include <string.h>

#include "source/mysql/definition.h"
#include "source/mysql/sql_scan.h"

static bool has_captured(const struct captured_list *l, const char *database)
{
	for (uint32_t i = 0; i < l->count; i++) {
		if (captured_is(l, &l->tables[i], database, ""))
			return true;
	}
	return false;
}

static int tell(struct stream_tables *t, const struct ddl *ddl, const struct origin *origin, struct err *e)
{
	struct change c = { .kind = CHANGE_DDL, .origin = origin, .ddl = ddl };

	return t->sink->take(t->sink, &c, e);
}

/* Not being able to tell what the table is by now is no reason to stop; a lost connection is. */
static int read_definition(struct stream_tables *t, const struct ddl *ddl, struct table_definition *out, bool *found,
			   struct err *e)
{
	struct err why = ERR_INIT;
	struct connection *c = NULL;
	int rc = connection_open(&c, &t->settings->connection, &why);

	*found = false;
	if (rc == 0)
		rc = definition_read(out, found, t->server, ddl->database, ddl->table, c, &why);
	connection_close(c);
	if (rc == 0 || (why.kind != ERR_RETRY && why.kind != ERR_STOP))
		return 0;
	*e = why;
	return -1;
}

static int tell_table(struct stream_tables *t, struct ddl *ddl, const struct origin *origin, struct err *e)
{
	struct table_definition definition = { 0 };
	bool found;
	int rc;

	if (read_definition(t, ddl, &definition, &found, e) < 0)
		return -1;
	ddl->definition = found ? &definition : NULL;
	rc = tell(t, ddl, origin, e);
	table_definition_release(&definition);
	return rc;
}

/* Each table by itself, as Debezium does: DROP TABLE [IF EXISTS] `db`.`t`. */
static int tell_drops(struct stream_tables *t, const char *database, bool if_exists, const struct ddl_targets *targets,
		      const struct origin *origin, struct err *e)
{
	struct buffer names = { 0 }, sql = { 0 };
	int rc = 0;

	for (uint32_t i = 0; i < targets->count; i++)
		buffer_format(&names, "%s%s", i > 0 ? "," : "", targets->names[i].table);
	for (uint32_t i = 0; i < targets->count && rc == 0; i++) {
		const struct table_name *name = &targets->names[i];
		struct ddl ddl = { .database = name->database[0] != '\0' ? name->database : database, .table = name->table,
				   .names = buffer_string(&names), .effect = TABLE_DROPPED };

		if (!has_captured(t->tables, ddl.database))
			continue;
		buffer_clear(&sql);
		buffer_text(&sql, if_exists ? "DROP TABLE IF EXISTS " : "DROP TABLE ");
		mysql_quote_name(&sql, ddl.database);
		buffer_char(&sql, '.');
		mysql_quote_name(&sql, ddl.table);
		ddl.statement = buffer_string(&sql);
		rc = tell(t, &ddl, origin, e);
	}
	buffer_release(&names);
	buffer_release(&sql);
	return rc;
}

/* Of a renamed table the new name. */
static const struct table_name *named_table(const struct ddl_targets *targets, const struct scanner *verb)
{
	return &targets->names[scanner_is(verb, "RENAME") && targets->count > 1 ? 1 : 0];
}

int stream_ddl(struct stream_tables *t, const char *database, struct bytes sql, const struct ddl_targets *targets,
	       const struct origin *origin, struct err *e)
{
	static const char *const between[] = { "OR", "REPLACE", NULL };
	struct scanner verb = scanner_of(sql), next = verb;
	const struct table_name *name;
	struct buffer text = { 0 };
	struct ddl ddl;
	int rc;

	if (!t->sink->wants_ddl || targets->count == 0)
		return 0;
	name = named_table(targets, &verb);
	ddl = (struct ddl){ .database = name->database[0] != '\0' ? name->database : database };
	scanner_next(&next);
	scanner_skip(&next, between);
	if (scanner_is(&verb, "DROP") && (scanner_accept(&next, "TABLE") || scanner_accept(&next, "TABLES")))
		return tell_drops(t, database, scanner_is(&next, "IF"), targets, origin, e);
	if (!has_captured(t->tables, ddl.database))
		return 0;
	definition_statement(&text, sql);
	ddl.statement = buffer_string(&text);
	if (name->table[0] != '\0') {
		ddl.table = name->table;
		ddl.effect = scanner_is(&verb, "CREATE") && scanner_is(&next, "TABLE") ? TABLE_CREATED : TABLE_ALTERED;
		rc = tell_table(t, &ddl, origin, e);
	} else {
		rc = tell(t, &ddl, origin, e);
	}
	buffer_release(&text);
	return rc;
}
