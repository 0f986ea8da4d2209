/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/stream_tables.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "source/mysql/layout.h"
#include "source/mysql/stream_ddl.h"

static int load_charset(void *context, uint16_t collation, struct err *e)
{
	struct stream_tables *t = context;
	const char *name = charset_of_collation(t->charsets, collation);
	struct connection *c;
	int rc;

	if (name == NULL || strcmp(name, "binary") == 0 || charset_find(t->charsets, name) != NULL)
		return 0;
	if (connection_open(&c, &t->settings->connection, e) < 0)
		return -1;
	rc = catalog_load_charset(t->charsets, name, c, e);
	connection_close(c);
	return rc;
}

/* The catalog is asked again, once per definition: the log has columns, or DEFAULTs, that we do not know. */
static int read_newer(struct stream_tables *t, struct captured *table, struct err *e)
{
	const struct schema *s = table->first_schema;
	struct catalog_table newer = { 0 };
	struct connection *c;
	bool found = false;
	int rc;

	if (connection_open(&c, &t->settings->connection, e) < 0)
		return -1;
	rc = catalog_read_table(&newer, &found, t->charsets, t->server, s->database, s->table, c, e);
	if (rc == 0 && !found)
		rc = err_set(e, ERR_CONFIG, "it was dropped meanwhile");
	if (rc == 0 && t->settings->with_defaults)
		rc = catalog_add_defaults(&newer, t->server, c, e);
	connection_close(c);
	if (rc == 0)
		rc = layout_extends(&table->now, &newer, e);
	if (rc == 0)
		captured_replace(table, &newer);
	catalog_table_release(&newer);
	return rc;
}

static int find_layout(struct stream_tables *t, struct captured *table, const struct table_map *map,
		       struct mysql_table **out, struct err *e)
{
	struct err difference = ERR_INIT;
	enum layout_fit fit = layout_compare(&table->now, map, &difference);

	if (fit == LAYOUT_UNKNOWN) {
		if (read_newer(t, table, e) < 0)
			return -1;
		fit = layout_compare(&table->now, map, e);
	}
	if (fit == LAYOUT_UNKNOWN)
		return -1;
	if (fit == LAYOUT_OLDER)
		return layout_older(table, map, out, e);
	*out = table->now.table;
	return 0;
}

static int table_of_map(void *context, const struct table_map *map, struct mysql_table **out,
			struct err *e)
{
	struct stream_tables *t = context;
	struct captured *table = captured_find(t->tables, map->database, map->table);

	*out = NULL;
	if (table == NULL)
		return 0;
	if (find_layout(t, table, map, out, e) == 0)
		return 0;
	if (e->kind == ERR_RETRY || e->kind == ERR_STOP)
		return -1;
	return err_wrap(e, "table %s.%s was altered; " COPY_ANEW, map->database, map->table);
}

static int table_named(void *context, const char *database, const char *name,
		       struct mysql_table **out, struct err *e)
{
	struct stream_tables *t = context;
	struct captured *table = captured_find(t->tables, database, name);

	(void)e;
	*out = table != NULL ? table->now.table : NULL;
	return 0;
}

static int halt(const struct captured *t, struct bytes sql, const struct origin *origin, struct err *e)
{
	return err_set(e, ERR_CONFIG,
		       "table %s.%s: the log has, at %s:%llu, a statement that cannot be followed; " COPY_ANEW
		       ": %.*s", t->first_schema->database, t->first_schema->table,
		       origin->log_file != NULL ? origin->log_file : "?",
		       (unsigned long long)origin->log_offset, (int)(sql.size < 160 ? sql.size : 160),
		       (const char *)sql.data);
}

static bool has_ddl_already(const struct captured *t, const struct origin *origin);
static bool is_before(const struct origin *origin, const struct mysql_position *at);

/* The schema tells the new DEFAULTs from here on. What the server has by now may be another table: that is met later. */
static int renew_schema(struct stream_tables *t, struct captured *table, struct err *e)
{
	struct err why = ERR_INIT;

	if (read_newer(t, table, &why) == 0 || (why.kind != ERR_RETRY && why.kind != ERR_STOP))
		return 0;
	*e = why;
	return -1;
}

/*
 * Values that are put in for the log's rows must be those of the time of the rows, and the server knows
 * the present DEFAULTs only. So they are of no use for rows before a statement that changed them, nor, behind
 * it, for the rows that an added column found.
 */
static int change_defaults(struct stream_tables *s, struct captured *t, struct bytes sql, const struct origin *origin,
			   struct err *e)
{
	char column[NAME_BYTES_MAX];
	uint32_t n = 0;

	for (; ddl_changed_default(sql, n, column); n++) {
		if (captured_lacks(t, column))
			return halt(t, sql, origin, e);
	}
	if (n == 0)
		return 0;
	if (t->has_defaults_at && is_before(origin, &t->defaults_at))
		return halt(t, sql, origin, e);
	defaults_release(&t->defaults);
	return s->settings->with_defaults ? renew_schema(s, t, e) : 0;
}

static const struct mysql_column *find_column(const struct captured *t, const char *name)
{
	for (uint32_t i = 0; i < t->now.table->column_count; i++) {
		if (strcasecmp(t->now.table->columns[i].name, name) == 0)
			return &t->now.table->columns[i];
	}
	return NULL;
}

/*
 * Columns get other types: the rows that are there must keep their values, which only the statement tells, and what the server
 * has by now must be what it made of them: types in between, of which later ones may have cut something off, are not known.
 */
static int change_types(struct stream_tables *s, struct captured *t, struct bytes sql, const struct origin *origin, struct err *e)
{
	uint64_t mode = decoder_sql_mode(s->decoder);
	bool is_strict = (mode & SQL_MODE_STRICT_ALL) != 0 ||
			 ((mode & SQL_MODE_STRICT_TRANS) != 0 && t->now.is_transactional);
	struct modify m;
	uint32_t count = 0;

	for (; ddl_modified(sql, count, &m); count++) {
		const struct mysql_column *known = find_column(t, m.name);

		if (known == NULL || !modify_keeps_rows(&m, known, is_strict))
			return halt(t, sql, origin, e);
	}
	if (count == 0)
		return 0;
	if (read_newer(s, t, e) < 0)
		return e->kind == ERR_RETRY || e->kind == ERR_STOP ? -1 :
		       err_wrap(e, "table %s.%s was altered; " COPY_ANEW, t->first_schema->database, t->first_schema->table);
	for (uint32_t n = 0; n < count; n++) {
		if (ddl_modified(sql, n, &m) && !modify_is_done(&m, t->now.table))
			return halt(t, sql, origin, e);
	}
	return 0;
}

static int judge_target(struct stream_tables *t, const struct table_name *name, const char *database,
			struct bytes sql, const struct origin *origin, struct err *e)
{
	const char *where = name->database[0] != '\0' ? name->database : database;

	for (uint32_t i = 0; i < t->tables->count; i++) {
		struct captured *table = &t->tables->tables[i];

		if (!captured_is(t->tables, table, where, name->table) || has_ddl_already(table, origin))
			continue;
		if (ddl_judge(sql, table->now.key_is_primary) == DDL_HALTS)
			return halt(table, sql, origin, e);
		if (change_defaults(t, table, sql, origin, e) < 0 || change_types(t, table, sql, origin, e) < 0)
			return -1;
	}
	return 0;
}

/* What the log then says of that name may be said of either. */
static int judge_temporary(struct stream_tables *t, const struct table_name *name, const char *database,
			   struct bytes sql, const struct origin *origin, struct err *e)
{
	const char *where = name->database[0] != '\0' ? name->database : database;
	const struct captured *table = captured_find(t->tables, where, name->table);

	return table == NULL || has_ddl_already(table, origin) ? 0 : halt(table, sql, origin, e);
}

static bool is_before(const struct origin *origin, const struct mysql_position *at)
{
	struct gtid_set one = { .is_mariadb = at->gtids.is_mariadb };
	struct err ignored = ERR_INIT;
	bool has;

	if (origin->gtid == NULL || at->gtids.count == 0)
		return origin->log_file != NULL &&
		       place_compare(origin->log_file, origin->log_offset, at->file, at->offset) < 0;
	has = gtid_set_parse(&one, one.is_mariadb, bytes_of_text(origin->gtid),
			     &ignored) == 0 && gtid_set_contains(&at->gtids, &one);
	gtid_set_release(&one);
	return has;
}

/* A statement before the table's own position is part of what was copied. */
static bool has_ddl_already(const struct captured *t, const struct origin *origin)
{
	return !t->is_passed && is_before(origin, &t->at);
}

/* Changes logged as text: their rows are not in the log. */
static int judge_dml(struct stream_tables *t, const char *database, struct bytes sql,
		     const struct origin *origin, struct err *e)
{
	for (uint32_t i = 0; i < t->tables->count; i++) {
		const struct captured *table = &t->tables->tables[i];
		const char *ours = table->first_schema->database;

		if ((captured_is(t->tables, table, database, "") || statement_names(sql, ours)) &&
		    !has_ddl_already(table, origin))
			return err_set(e, ERR_CONFIG,
				       "the log has, at %s:%llu, a change of database %s as a statement instead "
				       "of rows; run the server and its applications with binlog_format = ROW, "
				       "and copy the tables anew: %.*s",
				       origin->log_file != NULL ? origin->log_file : "?",
				       (unsigned long long)origin->log_offset, ours,
				       (int)(sql.size < 160 ? sql.size : 160), (const char *)sql.data);
	}
	return 0;
}

/* The copy has told of what the statement made of its table. */
static bool is_copied(struct stream_tables *t, const struct ddl_targets *targets, const char *database,
		      const struct origin *origin)
{
	const struct table_name *name = &targets->names[0];
	const struct captured *table;

	if (targets->count == 0)
		return false;
	table = captured_find(t->tables, name->database[0] != '\0' ? name->database : database, name->table);
	return table != NULL && has_ddl_already(table, origin);
}

static int statement(void *context, const char *database, struct bytes sql,
		     const struct origin *origin, struct err *e)
{
	struct stream_tables *t = context;
	struct ddl_targets *targets;
	int rc = 0;

	if (statement_is_dml(sql))
		return judge_dml(t, database, sql, origin, e);
	targets = memory_new(struct ddl_targets);
	ddl_targets(targets, sql);
	for (uint32_t i = 0; i < targets->count && targets->is_temporary && targets->is_creation && rc == 0; i++)
		rc = judge_temporary(t, &targets->names[i], database, sql, origin, e);
	if (targets->is_ddl && !targets->is_temporary) {
		for (uint32_t i = 0; i < targets->count && rc == 0; i++)
			rc = judge_target(t, &targets->names[i], database, sql, origin, e);
		if (rc == 0 && targets->is_unclear)
			rc = judge_dml(t, database, sql, origin, e);
		if (rc == 0 && !is_copied(t, targets, database, origin))
			rc = stream_ddl(t, database, sql, targets, origin, e);
	}
	memory_free(targets);
	return rc;
}

static bool has_already(void *context, const struct mysql_table *table, const struct gtid *gtid,
			const char *file, uint64_t offset)
{
	struct stream_tables *t = context;
	const struct layout *layout;
	struct captured *own = captured_of(t->tables, table->schema, &layout);

	if (own == NULL || own->is_passed || !own->has_position)
		return false;
	if (gtid != NULL && own->at.gtids.count > 0)
		return gtid_set_has(&own->at.gtids, gtid);
	if (place_compare(file, offset, own->at.file, own->at.offset) < 0)
		return true;
	own->is_passed = gtid == NULL;
	return false;
}

static void note_invalid(void *context, const struct mysql_table *table, uint32_t column,
			 const char *text)
{
	struct stream_tables *t = context;
	const struct mysql_position *p = decoder_position(t->decoder);
	const struct layout *layout;
	struct captured *own = captured_of(t->tables, table->schema, &layout);
	char where[300];

	if (own == NULL)
		return;
	snprintf(where, sizeof(where), "%s:%llu", p->file, (unsigned long long)p->offset);
	captured_note_invalid(own, layout != NULL ? layout->fields[column] : column, text, where);
}

int stream_tables_defaults(void *context, struct captured *table, struct err *e)
{
	struct stream_tables *t = context;
	struct value_policy policy;
	struct connection *c;
	int rc;

	if (connection_open(&c, &t->settings->connection, e) < 0)
		return -1;
	stream_tables_policy(t, &policy);
	rc = defaults_load(&table->defaults, table->now.table, table->now.defaults, t->server->is_mariadb,
			   &policy, c, e);
	if (rc == 0) {
		mysql_position_release(&table->defaults_at);
		table->defaults_at = (struct mysql_position){ 0 };
		rc = server_position(&table->defaults_at, t->server, c, e);
		table->has_defaults_at = rc == 0;
	}
	connection_close(c);
	if (rc < 0)
		defaults_release(&table->defaults);
	return rc;
}

void stream_tables_callbacks(struct stream_tables *t, struct decoder_callbacks *out)
{
	*out = (struct decoder_callbacks){
		.charset = load_charset,
		.table = table_of_map,
		.named = table_named,
		.statement = statement,
		.has_already = has_already,
		.context = t,
	};
}

void stream_tables_policy(struct stream_tables *t, struct value_policy *out)
{
	*out = (struct value_policy){ .halts = t->settings->invalid_halts, .invalid = note_invalid,
				      .context = t };
}
