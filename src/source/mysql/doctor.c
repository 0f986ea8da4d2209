/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What will go wrong, before it does: each check is a function that adds lines. A finding is fatal when a run
 * would halt on it at once.
 */
#include "source/mysql/mysql.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "source/mysql/catalog.h"
#include "source/mysql/rights.h"

/* The log should outlive a copy by this much. */
#define RETENTION_S_MIN 86400
#define COPY_ROWS_A_SECOND 200000
#define QUERY_TIMEOUT_S 60
#define EXCESS_NAMED_MAX 8

struct doctor {
	const struct mysql_options *options;
	struct mysql_url url;
	struct selection selection;
	struct connection *connection;
	struct server server;
	struct catalog catalog;
	struct rights rights;
	const struct table_check *target;
	struct findings *findings;
};

/* MySQL keeps a setting over a restart by itself; MariaDB's configuration file must have it too. */
static const char *set_word(const struct doctor *d)
{
	return d->server.is_mariadb ? "SET GLOBAL" : "SET PERSIST";
}

static void check_server(struct doctor *d)
{
	const struct server *s = &d->server;
	struct server one = *s;
	struct err e = ERR_INIT;

	one.has_log = one.logs_rows = true;
	one.is_replica = false;
	if (server_check(&one, &e) < 0)
		findings_add(d->findings, true, "unsupported version: %s", e.text);
	if (!s->has_log)
		findings_add(d->findings, true,
			     "no binary log; mend: put log_bin = binlog into the [mysqld] part of the server's "
			     "configuration and restart it");
	if (!s->logs_rows)
		findings_add(d->findings, true,
			     "binlog_format is not ROW; mend: %s binlog_format = 'ROW';", set_word(d));
	if (s->is_replica && !s->logs_replica_updates)
		findings_add(d->findings, true,
			     "the server is a replica that does not log what it replicates; mend: put %s = ON "
			     "into its configuration and restart it",
			     s->is_mariadb ? "log_slave_updates" : "log_replica_updates");
	if (s->row_image != ROW_IMAGE_FULL)
		findings_add(d->findings, false,
			     "binlog_row_image is %s: each change is completed from the lake table, and tables "
			     "are copied in one snapshot; mend: %s binlog_row_image = 'FULL';",
			     s->row_image == ROW_IMAGE_MINIMAL ? "MINIMAL" : "NOBLOB", set_word(d));
	if (s->row_image != ROW_IMAGE_FULL && s->is_mariadb)
		findings_add(d->findings, false,
			     "MariaDB's partial row images lack VIRTUAL columns, and do not tell a REPLACE by a "
			     "trigger from an update: both halt; mend: SET GLOBAL binlog_row_image = 'FULL';");
	if (s->row_image != ROW_IMAGE_FULL && s->is_mariadb && !s->has_annotations)
		findings_add(d->findings, true,
			     "binlog_annotate_row_events is OFF: without the statement, a partial row image does "
			     "not tell a REPLACE from an update; mend: SET GLOBAL binlog_annotate_row_events = ON;");
	if (!s->has_full_metadata)
		findings_add(d->findings, false,
			     "binlog_row_metadata is not FULL: a table that is altered halts; mend: %s "
			     "binlog_row_metadata = 'FULL';", set_word(d));
	if (s->has_partial_json)
		findings_add(d->findings, false,
			     "binlog_row_value_options has PARTIAL_JSON: tables with JSON are copied in one "
			     "snapshot; mend: SET PERSIST binlog_row_value_options = '';");
	if (!s->has_gtids)
		findings_add(d->findings, false,
			     "gtid_mode is %s: another server cannot take over; mend: SET PERSIST "
			     "enforce_gtid_consistency = ON; then gtid_mode = OFF_PERMISSIVE, ON_PERMISSIVE, ON, one "
			     "after the other", s->gtid_mode[0] != '\0' ? s->gtid_mode : "OFF");
}

static void check_connection(struct doctor *d)
{
	if (connection_is_encrypted(d->connection) || mysql_url_is_local(&d->url))
		return;
	findings_add(d->findings, false,
		     "the connection to %s is neither encrypted nor verified; mend: leave --tls off out, and "
		     "name the authority with --from-ca FILE", d->url.host);
}

static int read_rights(struct doctor *d, struct err *e)
{
	struct answer a = { 0 };
	int rc = connection_ask(d->connection, &a, "SHOW GRANTS", e);

	for (uint32_t i = 0; i < a.row_count; i++) {
		if (answer_text(&a, i, 0) != NULL)
			rights_add(&d->rights, answer_text(&a, i, 0));
	}
	answer_release(&a);
	return rc;
}

static void need(struct doctor *d, const char *right, bool is_fatal, const char *why)
{
	if (!rights_have(&d->rights, right, NULL, NULL))
		findings_add(d->findings, is_fatal,
			     "missing right: %s (%s); mend: GRANT %s ON *.* TO %s;", right, why, right,
			     d->rights.user != NULL ? d->rights.user : "the user");
}

static bool wants_lock(const struct doctor *d)
{
	bool has_keyless = false;

	for (uint32_t i = 0; i < d->catalog.table_count; i++)
		has_keyless |= d->catalog.tables[i].table->schema->key_count == 0;
	if (d->server.is_mariadb)
		return d->server.has_xa && (has_keyless || d->server.row_image != ROW_IMAGE_FULL);
	return has_keyless || !d->server.has_gtids || d->server.row_image != ROW_IMAGE_FULL ||
	       d->server.has_partial_json;
}

static void check_missing_rights(struct doctor *d)
{
	bool has_monitor = rights_have(&d->rights, "BINLOG MONITOR", NULL, NULL) ||
			   rights_have(&d->rights, "REPLICATION CLIENT", NULL, NULL);
	const char *said = NULL;

	need(d, "REPLICATION SLAVE", true, "to read the log");
	if (!has_monitor)
		need(d, d->server.is_mariadb ? "BINLOG MONITOR" : "REPLICATION CLIENT", true,
		     "to see where the log ends");
	if (wants_lock(d))
		need(d, "RELOAD", true, "for the lock of a moment before a snapshot");
	for (uint32_t i = 0; i < d->catalog.table_count; i++) {
		const struct schema *s = d->catalog.tables[i].table->schema;

		if (!rights_have(&d->rights, "SELECT", s->database, s->table) &&
		    (said == NULL || strcmp(said, s->database) != 0)) { /* once per database */
			said = s->database;
			findings_add(d->findings, true,
				     "missing right: SELECT on %s.%s; mend: GRANT SELECT ON `%s`.* TO %s;",
				     s->database, s->table, s->database,
				     d->rights.user != NULL ? d->rights.user : "the user");
		}
		if (!d->catalog.tables[i].is_transactional &&
		    !rights_have(&d->rights, "LOCK TABLES", s->database, s->table) &&
		    s->key_count == 0)
			findings_add(d->findings, true,
				     "missing right: LOCK TABLES for %s.%s, whose engine has no snapshots; mend: "
				     "GRANT LOCK TABLES ON `%s`.* TO %s;", s->database, s->table, s->database,
				     d->rights.user != NULL ? d->rights.user : "the user");
	}
}

static bool is_of_use(const struct doctor *d, const struct right *r)
{
	static const char *const names[] = { "SELECT", "REPLICATION SLAVE", "REPLICATION CLIENT",
					     "BINLOG MONITOR", "LOCK TABLES", "USAGE", "SLAVE MONITOR",
					     "SHOW VIEW", "XA_RECOVER_ADMIN", NULL };

	if (strcasecmp(r->name, "RELOAD") == 0 || strcasecmp(r->name, "FLUSH_TABLES") == 0)
		return wants_lock(d);

	for (const char *const *name = names; *name != NULL; name++) {
		if (strcasecmp(r->name, *name) == 0)
			return true;
	}
	return strncasecmp(r->name, "SELECT (", 8) == 0;
}

static bool same_place(const struct right *a, const struct right *b)
{
	return strcmp(a->database, b->database) == 0 && strcmp(a->table, b->table) == 0;
}

/* All of one place in one line. A user with very many is not ours to strip: it gets a sibling. */
static void find_excess(struct doctor *d, uint32_t first)
{
	const struct right *place = &d->rights.list[first];
	const char *user = d->rights.user != NULL ? d->rights.user : "the user";
	const char *quote = strcmp(place->database, "*") == 0 ? "" : "`";
	struct buffer names = { 0 };
	uint32_t count = 0;

	for (uint32_t i = first; i < d->rights.count; i++) {
		const struct right *r = &d->rights.list[i];

		if (!same_place(r, place) || is_of_use(d, r))
			continue;
		if (count++ < EXCESS_NAMED_MAX)
			buffer_format(&names, "%s%s", count > 1 ? ", " : "", r->name);
	}
	if (count <= EXCESS_NAMED_MAX && strcasecmp(place->name, "ALL PRIVILEGES") != 0)
		findings_add(d->findings, false, "excess rights on %s.%s: %s; mend: REVOKE %s ON %s%s%s.%s FROM %s;",
			     place->database, place->table, buffer_string(&names), buffer_string(&names), quote,
			     place->database, quote, place->table, user);
	else
		findings_add(d->findings, false,
			     "excess rights on %s.%s: %s and more; mend: CREATE USER tailrace IDENTIFIED BY '…'; "
			     "GRANT SELECT, %sREPLICATION SLAVE, %s ON *.* TO tailrace;", place->database,
			     place->table, buffer_string(&names), wants_lock(d) ? "RELOAD, " : "",
			     d->server.is_mariadb ? "BINLOG MONITOR" : "REPLICATION CLIENT");
	buffer_release(&names);
}

static void check_excess_rights(struct doctor *d)
{
	for (uint32_t i = 0; i < d->rights.count; i++) {
		bool is_first = !is_of_use(d, &d->rights.list[i]);

		for (uint32_t k = 0; k < i && is_first; k++)
			is_first = is_of_use(d, &d->rights.list[k]) ||
				   !same_place(&d->rights.list[k], &d->rights.list[i]);
		if (is_first)
			find_excess(d, i);
	}
}

static void check_retention(struct doctor *d)
{
	uint64_t rows = 0, copy_s;

	for (uint32_t i = 0; i < d->catalog.table_count; i++)
		rows += d->catalog.tables[i].rows_estimate;
	copy_s = rows / COPY_ROWS_A_SECOND;
	if (d->server.log_expire_s == 0 || d->server.log_expire_s >= RETENTION_S_MIN + 2 * copy_s)
		return;
	findings_add(d->findings, d->server.log_expire_s < copy_s,
		     "the server keeps its log for %llu s; the copy of about %llu rows may take %llu s, and a "
		     "stop of a day should do no harm; mend: %s binlog_expire_logs_seconds = %llu;",
		     (unsigned long long)d->server.log_expire_s, (unsigned long long)rows,
		     (unsigned long long)copy_s, set_word(d),
		     (unsigned long long)(7 * RETENTION_S_MIN + 2 * copy_s));
}

static void check_server_id(struct doctor *d)
{
	bool is_new = !d->server.is_mariadb && d->server.version >= 80022;
	uint64_t ours = (uint64_t)d->options->server_id;
	struct answer a = { 0 };
	struct err e = ERR_INIT;

	if (ours != 0 && ours == d->server.server_id)
		findings_add(d->findings, true, "server id %llu is the server's own; mend: give another --server-id",
			     (unsigned long long)ours);
	if (connection_ask(d->connection, &a, is_new ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS", &e) == 0) {
		for (uint32_t i = 0; i < a.row_count; i++) {
			if (ours != 0 && answer_uint(&a, i, 0) == ours)
				findings_add(d->findings, true,
					     "server id %llu is in use by another follower of this server; mend: "
					     "end that one, or give another --server-id", (unsigned long long)ours);
		}
	}
	answer_release(&a);
}

static void check_prepared(struct doctor *d)
{
	struct answer a = { 0 };
	struct err e = ERR_INIT;

	if (connection_ask(d->connection, &a, "XA RECOVER", &e) < 0) {
		if (d->server.has_xa)
			need(d, "XA_RECOVER_ADMIN", false, "the server has XA transactions: one that is prepared "
			     "when a copy begins halts at its XA COMMIT, unless the copy can wait for it");
	} else if (a.row_count > 0) {
		findings_add(d->findings, false,
			     "%u XA transactions are prepared and not decided: the first copy of a table waits a "
			     "minute for them, and ends if one of them is still not decided; mend: XA RECOVER; then "
			     "XA COMMIT or XA ROLLBACK for each", a.row_count);
	}
	answer_release(&a);
}

static bool cascades_are_logged(struct doctor *d)
{
	struct answer a = { 0 };
	struct err e = ERR_INIT;
	bool logged = false;

	if (d->server.is_mariadb || d->server.version < 90600)
		return false;
	if (connection_ask(d->connection, &a, "SHOW GLOBAL VARIABLES LIKE 'innodb_native_foreign_keys'",
			   &e) == 0)
		logged = a.row_count > 0 && strcasecmp(answer_text(&a, 0, 1), "OFF") == 0;
	answer_release(&a);
	return logged;
}

static const struct schema *captured_schema(const struct doctor *d, const char *database,
					    const char *table)
{
	for (uint32_t i = 0; i < d->catalog.table_count; i++) {
		const struct schema *s = d->catalog.tables[i].table->schema;

		if (strcmp(s->database, database) == 0 && strcmp(s->table, table) == 0)
			return s;
	}
	return NULL;
}

static int check_cascades(struct doctor *d, struct err *e)
{
	struct answer a = { 0 };

	if (cascades_are_logged(d))
		return 0;
	if (connection_ask(d->connection, &a,
			   "SELECT constraint_schema, table_name, constraint_name, delete_rule, update_rule "
			   "FROM information_schema.referential_constraints WHERE delete_rule IN ('CASCADE', "
			   "'SET NULL', 'SET DEFAULT') OR update_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')",
			   e) < 0)
		return -1;
	for (uint32_t i = 0; i < a.row_count; i++) {
		const char *database = answer_text(&a, i, 0), *table = answer_text(&a, i, 1);

		if (captured_schema(d, database, table) != NULL)
			findings_add(d->findings, false,
				     "table %s.%s: foreign key %s changes rows by itself (ON DELETE %s, ON UPDATE "
				     "%s), which the log does not show; mend: ALTER TABLE `%s`.`%s` DROP FOREIGN KEY "
				     "`%s`; and change those rows by statements", database, table, answer_text(&a, i, 2),
				     answer_text(&a, i, 3), answer_text(&a, i, 4), database, table,
				     answer_text(&a, i, 2));
	}
	answer_release(&a);
	return 0;
}

/* binlog-do-db and binlog-ignore-db: the third and fourth column of the status. */
static void check_filters(struct doctor *d)
{
	bool is_new = !d->server.is_mariadb && d->server.version >= 80200;
	struct answer a = { 0 };
	struct err e = ERR_INIT;

	if (connection_ask(d->connection, &a, is_new ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS",
			   &e) == 0) {
		for (uint32_t column = 2; column < 4; column++) {
			const char *names = answer_text(&a, 0, column);

			if (names != NULL && names[0] != '\0')
				findings_add(d->findings, false,
					     "the server logs only some databases (%s %s); mend: take the filter "
					     "out of its configuration, or capture none of the others",
					     column == 2 ? "binlog-do-db" : "binlog-ignore-db", names);
		}
	}
	answer_release(&a);
}

static void check_keys(struct doctor *d)
{
	for (uint32_t i = 0; i < d->catalog.table_count; i++) {
		const struct schema *s = d->catalog.tables[i].table->schema;

		if (s->key_count == 0)
			findings_add(d->findings, false,
				     "table %s.%s has no key: it is copied in one piece, and an update or delete "
				     "costs a search; mend: ALTER TABLE `%s`.`%s` ADD PRIMARY KEY (…);", s->database,
				     s->table, s->database, s->table);
	}
}

static void check_target(struct doctor *d)
{
	for (uint32_t i = 0; i < d->catalog.table_count && d->target->check != NULL; i++) {
		const struct schema *s = d->catalog.tables[i].table->schema;
		struct err e = ERR_INIT;

		if (d->target->check(d->target->context, s, &e) < 0)
			findings_add(d->findings, true, "table %s.%s: %s", s->database, s->table, e.text);
	}
}

static int examine(struct doctor *d, struct err *e)
{
	struct connection_settings settings = {
		.url = &d->url, .tls = d->options->tls, .ca_file = d->options->ca_file,
		.password_file = d->options->password_file, .read_timeout_s = QUERY_TIMEOUT_S,
	};

	if (mysql_url_parse(&d->url, d->options->url, e) < 0 ||
	    selection_make(&d->selection, &d->url, d->options->tables, d->options->exclude_tables, e) < 0 ||
	    connection_open(&d->connection, &settings, e) < 0 ||
	    server_read(&d->server, d->connection, e) < 0)
		return -1;
	check_connection(d);
	check_server(d);
	if (read_rights(d, e) < 0 ||
	    catalog_read(&d->catalog, &d->server, &d->selection, d->connection, e) < 0)
		return -1;
	check_missing_rights(d);
	check_excess_rights(d);
	check_retention(d);
	check_server_id(d);
	check_prepared(d);
	check_filters(d);
	check_keys(d);
	check_target(d);
	return check_cascades(d, e);
}

int mysql_doctor(const struct mysql_options *options, const struct table_check *target, struct findings *out,
		 struct err *e)
{
	struct doctor d = { .options = options, .target = target, .findings = out };
	struct err stop = ERR_INIT;

	(void)e;
	if (examine(&d, &stop) < 0) /* what stops the examination is a finding too */
		findings_add(out, true, "%s", stop.text);
	connection_close(d.connection);
	rights_release(&d.rights);
	catalog_release(&d.catalog);
	selection_release(&d.selection);
	mysql_url_release(&d.url);
	return 0;
}
