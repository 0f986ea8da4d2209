/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/statement.h"

#include <string.h>
#include <strings.h>

#include "source/mysql/sql_scan.h"

/* [database.]table; MySQL also takes ".table". */
static bool read_table(struct scanner *s, struct table_name *out)
{
	out->database[0] = 0;
	(void)scanner_accept_mark(s, '.');
	if (!scanner_name(s, out->table, NAME_BYTES_MAX))
		return false;
	if (!scanner_accept_mark(s, '.'))
		return true;
	memcpy(out->database, out->table, sizeof(out->database));
	return scanner_name(s, out->table, NAME_BYTES_MAX);
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* X'…' or '…' into xid->data at `at`; its size, or -1. */
static int read_xid_part(struct scanner *s, struct xid *xid, size_t at)
{
	bool is_hex = scanner_accept(s, "X");
	size_t size = is_hex ? s->now.text.size / 2 : s->now.text.size;

	if (s->now.kind != TOKEN_TEXT || size > 64)
		return -1;
	for (size_t i = 0; i < size; i++) {
		const uint8_t *c = s->now.text.data + (is_hex ? 2 * i : i);
		int high = is_hex ? hex_value(c[0]) : 0,
		    low = is_hex ? hex_value(c[1]) : 0;

		if (high < 0 || low < 0)
			return -1;
		xid->data[at + i] = is_hex ? (uint8_t)(high * 16 + low) : c[0];
	}
	scanner_next(s);
	return (int)size;
}

static bool read_xid(struct scanner *s, struct xid *xid)
{
	int global, branch = 0;

	*xid = (struct xid){ .format = 1 };
	global = read_xid_part(s, xid, 0);
	if (global < 0)
		return false;
	if (scanner_accept_mark(s, ','))
		branch = read_xid_part(s, xid, (size_t)global);
	if (branch < 0)
		return false;
	xid->global_size = (uint8_t)global;
	xid->branch_size = (uint8_t)branch;
	if (!scanner_accept_mark(s, ','))
		return true;
	xid->format = 0;
	for (size_t i = 0; s->now.kind == TOKEN_WORD && i < s->now.text.size; i++)
		xid->format = xid->format * 10 + (s->now.text.data[i] - (uint32_t)'0');
	return s->now.kind == TOKEN_WORD;
}

bool xid_equal(const struct xid *a, const struct xid *b)
{
	return a->format == b->format && a->global_size == b->global_size &&
	       a->branch_size == b->branch_size &&
	       memcmp(a->data, b->data, (size_t)a->global_size + a->branch_size) == 0;
}

static enum statement_kind parse_xa(struct scanner *s, struct statement *out)
{
	enum statement_kind kind = STATEMENT_OTHER;

	if (scanner_accept(s, "START") || scanner_accept(s, "BEGIN"))
		kind = STATEMENT_XA_START;
	else if (scanner_accept(s, "END"))
		kind = STATEMENT_XA_END;
	else if (scanner_accept(s, "COMMIT"))
		kind = STATEMENT_XA_COMMIT;
	else if (scanner_accept(s, "ROLLBACK"))
		kind = STATEMENT_XA_ROLLBACK;
	return kind != STATEMENT_OTHER && read_xid(s, &out->xid) ? kind : STATEMENT_OTHER;
}

/* What follows the word at hand. */
static struct bytes rest(const struct scanner *s)
{
	return (struct bytes){ s->r.at, reader_left(&s->r) };
}

/* To the FOR that is in no parentheses. */
static bool skip_settings(struct scanner *s)
{
	int depth = 0;

	for (; s->now.kind != TOKEN_END; scanner_next(s)) {
		if (scanner_is_mark(s, '('))
			depth++;
		else if (scanner_is_mark(s, ')'))
			depth--;
		else if (depth == 0 && scanner_is(s, "FOR"))
			return true;
	}
	return false;
}

struct bytes statement_body(struct bytes sql)
{
	static const char *const changes[] = { "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", NULL };
	struct scanner s = scanner_of(sql);
	const uint8_t *at;

	if (scanner_accept(&s, "SET"))
		return scanner_is(&s, "STATEMENT") && skip_settings(&s) ? statement_body(rest(&s)) : sql;
	if (!scanner_is(&s, "ANALYZE"))
		return sql;
	for (int word = 0; word < 4 && s.now.kind != TOKEN_END; word++) { /* ANALYZE FORMAT = JSON */
		at = s.r.at;
		scanner_next(&s);
		if (scanner_is_one_of(&s, changes))
			return (struct bytes){ at, (size_t)(sql.data + sql.size - at) };
	}
	return sql;
}

void statement_parse(struct statement *out, struct bytes sql)
{
	struct scanner s = scanner_of(sql);

	out->kind = STATEMENT_OTHER;
	if (scanner_accept(&s, "BEGIN")) {
		out->kind = STATEMENT_BEGIN;
	} else if (scanner_accept(&s, "COMMIT")) {
		out->kind = STATEMENT_COMMIT;
	} else if (scanner_accept(&s, "SAVEPOINT")) {
		out->kind = STATEMENT_SAVEPOINT;
	} else if (scanner_accept(&s, "ROLLBACK")) {
		out->kind = scanner_is(&s, "TO") ? STATEMENT_ROLLBACK_TO : STATEMENT_ROLLBACK;
	} else if (scanner_accept(&s, "XA")) {
		out->kind = parse_xa(&s, out);
	} else if (scanner_accept(&s, "TRUNCATE")) {
		(void)scanner_accept(&s, "TABLE");
		if (read_table(&s, &out->table))
			out->kind = STATEMENT_TRUNCATE;
	}
}

static bool names_table(struct scanner *s, const char *table)
{
	struct table_name name;

	return read_table(s, &name) && strcasecmp(name.table, table) == 0;
}

/* [LOW_PRIORITY | …] [INTO] table */
static bool writes_into(struct scanner *s, const char *table)
{
	static const char *const words[] = { "LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE", "INTO", NULL };

	scanner_skip(s, words);
	return names_table(s, table);
}

/* … table references, among them the table, SET */
static bool updates(struct scanner *s, const char *table)
{
	while (s->now.kind != TOKEN_END && !scanner_is(s, "SET")) {
		if (names_table(s, table))
			return true;
		if (s->now.kind == TOKEN_MARK || s->now.kind == TOKEN_TEXT)
			scanner_next(s);
	}
	return false;
}

/* DATA … [REPLACE | IGNORE] INTO TABLE table: only with REPLACE does it change rows. */
static bool loads_over(struct scanner *s, const char *table)
{
	while (s->now.kind != TOKEN_END && !scanner_is(s, "INTO")) {
		if (scanner_accept(s, "REPLACE"))
			return scanner_accept(s, "INTO") && scanner_accept(s, "TABLE") && names_table(s, table);
		scanner_next(s);
	}
	return false;
}

/* Other words may stand in front: ANALYZE REPLACE …, SET STATEMENT … FOR REPLACE … */
enum row_effect statement_row_effect(struct bytes sql, const char *table)
{
	struct scanner s = scanner_of(sql);

	for (; s.now.kind != TOKEN_END; scanner_next(&s)) {
		if (scanner_accept(&s, "REPLACE"))
			return writes_into(&s, table) ? ROW_EFFECT_REPLACE : ROW_EFFECT_UNCLEAR;
		if (scanner_accept(&s, "LOAD"))
			return loads_over(&s, table) ? ROW_EFFECT_REPLACE : ROW_EFFECT_UNCLEAR;
		if (scanner_accept(&s, "INSERT"))
			return writes_into(&s, table) ? ROW_EFFECT_UPDATE : ROW_EFFECT_UNCLEAR;
		if (scanner_accept(&s, "UPDATE"))
			return updates(&s, table) ? ROW_EFFECT_UPDATE : ROW_EFFECT_UNCLEAR;
	}
	return ROW_EFFECT_UNCLEAR;
}

static void add_target(struct ddl_targets *t, struct scanner *s)
{
	if (t->count < DDL_TARGETS_MAX && read_table(s, &t->names[t->count]))
		t->count++;
	else
		t->is_unclear = true;
}

/*
 * ALTER TABLE t … RENAME [TO|AS] u: the new name counts as well. So do the other tables of EXCHANGE PARTITION
 * p WITH TABLE u, CONVERT TABLE u TO PARTITION p, CONVERT PARTITION p TO TABLE u.
 */
static void find_others(struct ddl_targets *t, struct scanner *s)
{
	while (s->now.kind != TOKEN_END) {
		if (scanner_accept(s, "TABLE")) {
			add_target(t, s);
			continue;
		}
		if (!scanner_accept(s, "RENAME")) {
			scanner_next(s);
			continue;
		}
		if (scanner_is(s, "COLUMN") || scanner_is(s, "INDEX") || scanner_is(s, "KEY"))
			continue;
		if (!scanner_accept(s, "TO"))
			(void)scanner_accept(s, "AS");
		(void)scanner_accept_mark(s, '=');
		add_target(t, s);
	}
}

static void list_tables(struct ddl_targets *t, struct scanner *s)
{
	do
		add_target(t, s);
	while (scanner_accept_mark(s, ','));
}

static void list_renames(struct ddl_targets *t, struct scanner *s)
{
	do {
		scanner_skip_exists(s);
		add_target(t, s);
		if (scanner_accept(s, "WAIT"))
			scanner_next(s);
		(void)scanner_accept(s, "NOWAIT");
		if (!scanner_accept(s, "TO"))
			t->is_unclear = true;
		add_target(t, s);
	} while (scanner_accept_mark(s, ',') && !t->is_unclear);
}

static void index_table(struct ddl_targets *t, struct scanner *s)
{
	while (s->now.kind != TOKEN_END && !scanner_is(s, "ON"))
		scanner_next(s);
	if (scanner_accept(s, "ON"))
		add_target(t, s);
	else
		t->is_unclear = true;
}

static void database_target(struct ddl_targets *t, struct scanner *s)
{
	scanner_skip_exists(s);
	t->is_unclear = !scanner_name(s, t->names[0].database, NAME_BYTES_MAX);
	t->names[0].table[0] = 0;
	t->count = !t->is_unclear;
}

static void table_targets(struct ddl_targets *t, struct scanner *s, struct bytes verb)
{
	char first = (char)(verb.data[0] & ~0x20);

	scanner_skip_exists(s);
	if (first == 'D')
		list_tables(t, s);
	else if (first == 'R')
		list_renames(t, s);
	else
		add_target(t, s);
	if (first == 'A')
		find_others(t, s);
}

void ddl_targets(struct ddl_targets *out, struct bytes sql)
{
	static const char *const verbs[] = { "ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE", NULL };
	static const char *const between[] = { "OR", "REPLACE", "ONLINE", "OFFLINE", "IGNORE", "UNIQUE", "FULLTEXT",
					       "SPATIAL", "VECTOR", NULL };
	struct scanner s = scanner_of(sql);
	struct bytes verb = s.now.text;
	bool is_truncate = scanner_is(&s, "TRUNCATE");

	out->is_temporary = out->is_unclear = false;
	out->count = 0;
	out->is_ddl = scanner_is_one_of(&s, verbs);
	out->is_creation = scanner_is(&s, "CREATE");
	if (!out->is_ddl)
		return;
	scanner_next(&s);
	scanner_skip(&s, between);
	while (scanner_accept(&s, "TEMPORARY")) {
		out->is_temporary = true;
		scanner_skip(&s, between);
	}
	if (scanner_accept(&s, "TABLE") || scanner_accept(&s, "TABLES") || is_truncate)
		table_targets(out, &s, verb);
	else if (scanner_accept(&s, "INDEX"))
		index_table(out, &s);
	else if (scanner_accept(&s, "DATABASE") || scanner_accept(&s, "SCHEMA"))
		database_target(out, &s);
}
