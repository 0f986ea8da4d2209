/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/statement.h"

#include <string.h>
#include <strings.h>

enum token_kind {
	TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_MARK,
};

struct token {
	enum token_kind kind;
	struct bytes text; /* without quotes; a doubled quote inside is still doubled */
	char mark;         /* the quote, or the punctuation */
};

struct scanner {
	struct reader r;
	struct token now;
};

static uint8_t peek(const struct reader *r, size_t ahead)
{
	struct reader look = *r;

	reader_skip(&look, ahead);
	return reader_u8(&look);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(uint8_t c)
{
	return c == '_' || c == '$' || c >= 0x80 || (c >= '0' && c <= '9') ||
	       (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void skip_line(struct reader *r)
{
	while (reader_left(r) > 0 && reader_u8(r) != '\n')
		;
}

static void skip_comment(struct reader *r)
{
	reader_skip(r, 2);
	while (reader_left(r) > 1 && !(peek(r, 0) == '*' && peek(r, 1) == '/'))
		reader_skip(r, 1);
	reader_skip(r, reader_left(r) < 2 ? reader_left(r) : 2);
}

/* Comments that begin with "!50100" or "M!" hold SQL: only their frame is stepped over.
 */
static bool skip_executable(struct reader *r)
{
	size_t frame = peek(r, 2) == '!'                        ? 3
		       : peek(r, 2) == 'M' && peek(r, 3) == '!' ? 4
								: 0;

	if (frame == 0)
		return false;
	reader_skip(r, frame);
	while (peek(r, 0) >= '0' && peek(r, 0) <= '9')
		reader_skip(r, 1);
	return true;
}

static void skip_blank(struct reader *r)
{
	while (reader_left(r) > 0) {
		uint8_t c = peek(r, 0), next = peek(r, 1);

		if (is_space(c))
			reader_skip(r, 1);
		else if (c == '#' || (c == '-' && next == '-' &&
				      (is_space(peek(r, 2)) || reader_left(r) == 2)))
			skip_line(r);
		else if (c == '*' && next == '/') /* the end of an executable comment */
			reader_skip(r, 2);
		else if (c != '/' || next != '*')
			return;
		else if (!skip_executable(r))
			skip_comment(r);
	}
}

static void scan_quoted(struct scanner *s, uint8_t quote)
{
	const uint8_t *start;
	bool has_escapes = quote != '`';

	reader_skip(&s->r, 1);
	start = s->r.at;
	while (reader_left(&s->r) > 0 &&
	       !(peek(&s->r, 0) == quote && peek(&s->r, 1) != quote)) {
		bool is_pair = peek(&s->r, 0) == quote ||
			       (has_escapes && peek(&s->r, 0) == '\\');

		reader_skip(&s->r, is_pair && reader_left(&s->r) > 1 ? 2 : 1);
	}
	s->now.kind = quote == '\'' ? TOKEN_TEXT : TOKEN_QUOTED;
	s->now.mark = (char)quote;
	s->now.text = (struct bytes){ start, (size_t)(s->r.at - start) };
	reader_skip(&s->r, reader_left(&s->r) > 0);
}

static void next(struct scanner *s)
{
	const uint8_t *start;
	uint8_t c;

	skip_blank(&s->r);
	s->now = (struct token){ .kind = TOKEN_END };
	if (reader_left(&s->r) == 0)
		return;
	start = s->r.at;
	c = peek(&s->r, 0);
	if (c == '`' || c == '"' || c == '\'') {
		scan_quoted(s, c);
		return;
	}
	if (!is_word(c)) {
		s->now = (struct token){ .kind = TOKEN_MARK, .mark = (char)c };
		reader_skip(&s->r, 1);
		return;
	}
	while (reader_left(&s->r) > 0 && is_word(peek(&s->r, 0)))
		reader_skip(&s->r, 1);
	s->now.kind = TOKEN_WORD;
	s->now.text = (struct bytes){ start, (size_t)(s->r.at - start) };
}

static struct scanner scan(struct bytes sql)
{
	struct scanner s = { .r = reader_of(sql) };

	next(&s);
	return s;
}

static bool is(const struct scanner *s, const char *word)
{
	return s->now.kind == TOKEN_WORD && s->now.text.size == strlen(word) &&
	       strncasecmp((const char *)s->now.text.data, word, s->now.text.size) == 0;
}

static bool accept(struct scanner *s, const char *word)
{
	if (!is(s, word))
		return false;
	next(s);
	return true;
}

static bool accept_mark(struct scanner *s, char mark)
{
	if (s->now.kind != TOKEN_MARK || s->now.mark != mark)
		return false;
	next(s);
	return true;
}

/* A name into `out` (NAME_BYTES_MAX), doubled quotes made single. One that has no place there is
 * stepped over. */
static bool read_name(struct scanner *s, char *out)
{
	size_t used = 0;

	if (s->now.kind != TOKEN_WORD && s->now.kind != TOKEN_QUOTED)
		return false;
	for (size_t i = 0; i < s->now.text.size; i++) {
		uint8_t c = s->now.text.data[i];

		if (used == NAME_BYTES_MAX - 1 || c == 0) {
			used = 0;
			break;
		}
		out[used++] = (char)c;
		if (s->now.kind == TOKEN_QUOTED && c == (uint8_t)s->now.mark)
			i++;
	}
	out[used] = 0;
	next(s);
	return used > 0;
}

/* [database.]table; MySQL also takes ".table". */
static bool read_table(struct scanner *s, struct table_name *out)
{
	out->database[0] = 0;
	(void)accept_mark(s, '.');
	if (!read_name(s, out->table))
		return false;
	if (!accept_mark(s, '.'))
		return true;
	memcpy(out->database, out->table, sizeof(out->database));
	return read_name(s, out->table);
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
	bool is_hex = accept(s, "X");
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
	next(s);
	return (int)size;
}

static bool read_xid(struct scanner *s, struct xid *xid)
{
	int global, branch = 0;

	*xid = (struct xid){ .format = 1 };
	global = read_xid_part(s, xid, 0);
	if (global < 0)
		return false;
	if (accept_mark(s, ','))
		branch = read_xid_part(s, xid, (size_t)global);
	if (branch < 0)
		return false;
	xid->global_size = (uint8_t)global;
	xid->branch_size = (uint8_t)branch;
	if (!accept_mark(s, ','))
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

	if (accept(s, "START") || accept(s, "BEGIN"))
		kind = STATEMENT_XA_START;
	else if (accept(s, "END"))
		kind = STATEMENT_XA_END;
	else if (accept(s, "COMMIT"))
		kind = STATEMENT_XA_COMMIT;
	else if (accept(s, "ROLLBACK"))
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

	for (; s->now.kind != TOKEN_END; next(s)) {
		if (s->now.kind == TOKEN_MARK && s->now.mark == '(')
			depth++;
		else if (s->now.kind == TOKEN_MARK && s->now.mark == ')')
			depth--;
		else if (depth == 0 && is(s, "FOR"))
			return true;
	}
	return false;
}

struct bytes statement_body(struct bytes sql)
{
	static const char *const changes[] = { "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH" };
	struct scanner s = scan(sql);
	const uint8_t *at;

	if (accept(&s, "SET"))
		return is(&s, "STATEMENT") && skip_settings(&s) ? statement_body(rest(&s)) : sql;
	if (!is(&s, "ANALYZE"))
		return sql;
	for (int word = 0; word < 4 && s.now.kind != TOKEN_END; word++) { /* ANALYZE FORMAT = JSON */
		at = s.r.at;
		next(&s);
		for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
			if (is(&s, changes[i]))
				return (struct bytes){ at, (size_t)(sql.data + sql.size - at) };
		}
	}
	return sql;
}

void statement_parse(struct statement *out, struct bytes sql)
{
	struct scanner s = scan(sql);

	out->kind = STATEMENT_OTHER;
	if (accept(&s, "BEGIN")) {
		out->kind = STATEMENT_BEGIN;
	} else if (accept(&s, "COMMIT")) {
		out->kind = STATEMENT_COMMIT;
	} else if (accept(&s, "SAVEPOINT")) {
		out->kind = STATEMENT_SAVEPOINT;
	} else if (accept(&s, "ROLLBACK")) {
		out->kind = is(&s, "TO") ? STATEMENT_ROLLBACK_TO : STATEMENT_ROLLBACK;
	} else if (accept(&s, "XA")) {
		out->kind = parse_xa(&s, out);
	} else if (accept(&s, "TRUNCATE")) {
		(void)accept(&s, "TABLE");
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
	while (accept(s, "LOW_PRIORITY") || accept(s, "HIGH_PRIORITY") || accept(s, "DELAYED") ||
	       accept(s, "IGNORE") || accept(s, "INTO"))
		;
	return names_table(s, table);
}

/* … table references, among them the table, SET */
static bool updates(struct scanner *s, const char *table)
{
	while (s->now.kind != TOKEN_END && !is(s, "SET")) {
		if (names_table(s, table))
			return true;
		if (s->now.kind == TOKEN_MARK || s->now.kind == TOKEN_TEXT)
			next(s);
	}
	return false;
}

/* DATA … [REPLACE | IGNORE] INTO TABLE table: only with REPLACE does it change rows. */
static bool loads_over(struct scanner *s, const char *table)
{
	while (s->now.kind != TOKEN_END && !is(s, "INTO")) {
		if (accept(s, "REPLACE"))
			return accept(s, "INTO") && accept(s, "TABLE") && names_table(s, table);
		next(s);
	}
	return false;
}

/* Other words may stand in front: ANALYZE REPLACE …, SET STATEMENT … FOR REPLACE … */
enum row_effect statement_row_effect(struct bytes sql, const char *table)
{
	struct scanner s = scan(sql);

	for (; s.now.kind != TOKEN_END; next(&s)) {
		if (accept(&s, "REPLACE"))
			return writes_into(&s, table) ? ROW_EFFECT_REPLACE : ROW_EFFECT_UNCLEAR;
		if (accept(&s, "LOAD"))
			return loads_over(&s, table) ? ROW_EFFECT_REPLACE : ROW_EFFECT_UNCLEAR;
		if (accept(&s, "INSERT"))
			return writes_into(&s, table) ? ROW_EFFECT_UPDATE : ROW_EFFECT_UNCLEAR;
		if (accept(&s, "UPDATE"))
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

static void skip_exists(struct scanner *s)
{
	if (!accept(s, "IF"))
		return;
	(void)accept(s, "NOT");
	(void)accept(s, "EXISTS");
}

/*
 * ALTER TABLE t … RENAME [TO|AS] u: the new name counts as well. So do the other tables of EXCHANGE PARTITION
 * p WITH TABLE u, CONVERT TABLE u TO PARTITION p, CONVERT PARTITION p TO TABLE u.
 */
static void find_others(struct ddl_targets *t, struct scanner *s)
{
	while (s->now.kind != TOKEN_END) {
		if (accept(s, "TABLE")) {
			add_target(t, s);
			continue;
		}
		if (!accept(s, "RENAME")) {
			next(s);
			continue;
		}
		if (is(s, "COLUMN") || is(s, "INDEX") || is(s, "KEY"))
			continue;
		if (!accept(s, "TO"))
			(void)accept(s, "AS");
		(void)accept_mark(s, '=');
		add_target(t, s);
	}
}

static void list_tables(struct ddl_targets *t, struct scanner *s)
{
	do
		add_target(t, s);
	while (accept_mark(s, ','));
}

static void list_renames(struct ddl_targets *t, struct scanner *s)
{
	do {
		skip_exists(s);
		add_target(t, s);
		if (accept(s, "WAIT"))
			next(s);
		(void)accept(s, "NOWAIT");
		if (!accept(s, "TO"))
			t->is_unclear = true;
		add_target(t, s);
	} while (accept_mark(s, ',') && !t->is_unclear);
}

static void index_table(struct ddl_targets *t, struct scanner *s)
{
	while (s->now.kind != TOKEN_END && !is(s, "ON"))
		next(s);
	if (accept(s, "ON"))
		add_target(t, s);
	else
		t->is_unclear = true;
}

static void database_target(struct ddl_targets *t, struct scanner *s)
{
	skip_exists(s);
	t->is_unclear = !read_name(s, t->names[0].database);
	t->names[0].table[0] = 0;
	t->count = !t->is_unclear;
}

static void table_targets(struct ddl_targets *t, struct scanner *s, struct bytes verb)
{
	char first = (char)(verb.data[0] & ~0x20);

	skip_exists(s);
	if (first == 'D')
		list_tables(t, s);
	else if (first == 'R')
		list_renames(t, s);
	else
		add_target(t, s);
	if (first == 'A')
		find_others(t, s);
}

static bool is_ddl_word(const struct scanner *s)
{
	return is(s, "ALTER") || is(s, "CREATE") || is(s, "DROP") || is(s, "RENAME") ||
	       is(s, "TRUNCATE");
}

/* Words that may stand between the verb and the kind of object. */
static bool accept_modifier(struct ddl_targets *t, struct scanner *s)
{
	static const char *const words[] = { "OR",       "REPLACE", "ONLINE",
					     "OFFLINE",  "IGNORE",  "UNIQUE",
					     "FULLTEXT", "SPATIAL", "VECTOR" };

	if (accept(s, "TEMPORARY")) {
		t->is_temporary = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (accept(s, words[i]))
			return true;
	}
	return false;
}

void ddl_targets(struct ddl_targets *out, struct bytes sql)
{
	struct scanner s = scan(sql);
	struct bytes verb = s.now.text;
	bool is_truncate = is(&s, "TRUNCATE");

	out->is_temporary = out->is_unclear = false;
	out->count = 0;
	out->is_ddl = is_ddl_word(&s);
	out->is_creation = is(&s, "CREATE");
	if (!out->is_ddl)
		return;
	next(&s);
	while (accept_modifier(out, &s))
		;
	if (accept(&s, "TABLE") || accept(&s, "TABLES") || is_truncate)
		table_targets(out, &s, verb);
	else if (accept(&s, "INDEX"))
		index_table(out, &s);
	else if (accept(&s, "DATABASE") || accept(&s, "SCHEMA"))
		database_target(out, &s);
}
