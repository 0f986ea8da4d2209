/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a copy finds, told as statements that would make it: for a sink that passes DDL on. The order is Debezium's: the
 * server's character set, what is dropped, then per database what is created.
 */
#include "source/mysql/copy.h"

#include <string.h>

#include "source/mysql/definition.h"

struct telling {
	struct copy *copy;
	struct connection *connection;
	const struct origin *origin;
	struct buffer sql;
	bool is_all; /* every table is copied: the databases are told of, too */
};

static int tell(struct telling *t, const char *database, const char *table, enum table_effect effect,
		const struct table_definition *definition, struct err *e)
{
	struct ddl ddl = { .database = database, .table = table, .statement = buffer_string(&t->sql), .effect = effect,
			   .definition = definition, .is_copy = true };
	struct change c = { .kind = CHANGE_DDL, .origin = t->origin, .ddl = &ddl };
	int rc = t->copy->sink->take(t->copy->sink, &c, e);

	buffer_clear(&t->sql);
	return rc;
}

static int tell_server(struct telling *t, struct err *e)
{
	struct answer a = { 0 };
	int rc = connection_ask(t->connection, &a, "SELECT @@character_set_server, @@collation_server", e);

	if (rc == 0) {
		buffer_format(&t->sql, "SET character_set_server=%s, collation_server=%s", answer_text(&a, 0, 0),
			      answer_text(&a, 0, 1));
		rc = tell(t, "", NULL, TABLE_UNTOUCHED, NULL, e);
	}
	answer_release(&a);
	return rc;
}

static int tell_drop(struct telling *t, const struct schema *s, struct err *e)
{
	buffer_text(&t->sql, "DROP TABLE IF EXISTS ");
	mysql_quote_name(&t->sql, s->database);
	buffer_char(&t->sql, '.');
	mysql_quote_name(&t->sql, s->table);
	return tell(t, s->database, s->table, TABLE_DROPPED, NULL, e);
}

static int tell_database(struct telling *t, const char *database, struct err *e)
{
	struct answer a = { 0 };
	int rc;

	buffer_text(&t->sql, "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata "
			     "WHERE schema_name = ");
	mysql_quote_text(&t->sql, database);
	rc = connection_ask(t->connection, &a, buffer_string(&t->sql), e);
	buffer_clear(&t->sql);
	if (rc == 0 && a.row_count == 0)
		rc = err_set(e, ERR_RETRY, "database %s vanished while it was read", database);
	for (int i = 0; i < 3 && rc == 0; i++) {
		static const char *const verbs[] = { "DROP DATABASE IF EXISTS ", "CREATE DATABASE ", "USE " };

		buffer_text(&t->sql, verbs[i]);
		mysql_quote_name(&t->sql, database);
		if (i == 1)
			buffer_format(&t->sql, " CHARSET %s COLLATE %s", answer_text(&a, 0, 0), answer_text(&a, 0, 1));
		rc = tell(t, database, NULL, TABLE_UNTOUCHED, NULL, e);
	}
	answer_release(&a);
	return rc;
}

static int tell_create(struct telling *t, const struct schema *s, struct err *e)
{
	struct table_definition definition;
	struct answer a = { 0 };
	bool found = false;
	int rc = definition_read(&definition, &found, t->copy->server, s->database, s->table, t->connection, e);

	if (rc < 0)
		return -1;
	buffer_text(&t->sql, "SHOW CREATE TABLE ");
	mysql_quote_name(&t->sql, s->database);
	buffer_char(&t->sql, '.');
	mysql_quote_name(&t->sql, s->table);
	rc = connection_ask(t->connection, &a, buffer_string(&t->sql), e);
	buffer_clear(&t->sql);
	if (rc == 0) {
		definition_statement(&t->sql, answer_bytes(&a, 0, 1));
		rc = tell(t, s->database, s->table, TABLE_CREATED, found ? &definition : NULL, e);
	}
	answer_release(&a);
	table_definition_release(&definition);
	return rc;
}

static int tell_all(struct telling *t, struct err *e)
{
	const struct captured_list *l = t->copy->tables;
	const char *database = "";

	if (t->is_all && tell_server(t, e) < 0)
		return -1;
	for (uint32_t i = 0; i < l->count; i++) {
		if (copy_wants_snapshot(t->copy, &l->tables[i]) && tell_drop(t, l->tables[i].first_schema, e) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < l->count; i++) {
		const struct schema *s = l->tables[i].first_schema;

		if (t->is_all && strcmp(s->database, database) != 0 && tell_database(t, s->database, e) < 0)
			return -1;
		database = s->database;
		if (copy_wants_snapshot(t->copy, &l->tables[i]) && tell_create(t, s, e) < 0)
			return -1;
	}
	return 0;
}

int copy_definitions(struct copy *c, struct connection *connection, const struct mysql_position *at, struct err *e)
{
	struct origin origin = { .connector = c->server->is_mariadb ? "mariadb" : "mysql", .log_file = at->file,
				 .log_offset = at->offset };
	struct telling t = { .copy = c, .connection = connection, .origin = &origin, .is_all = true };
	int rc;

	if (!c->sink->wants_ddl)
		return 0;
	for (uint32_t i = 0; i < c->tables->count; i++)
		t.is_all &= copy_wants_snapshot(c, &c->tables->tables[i]);
	rc = tell_all(&t, e);
	buffer_release(&t.sql);
	return rc;
}
