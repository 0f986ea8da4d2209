/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading just enough of a statement to know whether it may change rows without the log showing them.
 * What is not recognized halts; nothing here decides what a table looks like (the TABLE_MAP does).
 */
#include "source/mysql/layout.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_NAME, TOKEN_SIGN };

struct token {
	enum token_kind kind;
	struct bytes text; /* a WORD as written; a NAME without its quotes; a SIGN is one byte */
};

struct lexer {
	const char *at, *end;
};

static bool is_word(unsigned char c)
{
	return isalnum(c) || c == '_' || c == '$' || c >= 0x80;
}

/* Comments are skipped; the inside of a version comment is code, as the server reads it. */
static bool skip_comment(struct lexer *l)
{
	size_t left = (size_t)(l->end - l->at);
	const char *stop;

	if (left >= 2 && memcmp(l->at, "*/", 2) == 0) {
		l->at += 2;
		return true;
	}
	if (left >= 1 && (*l->at == '#' || (left >= 3 && memcmp(l->at, "--", 2) == 0 &&
					    isspace((unsigned char)l->at[2])))) {
		stop = memchr(l->at, '\n', left);
		l->at = stop != NULL ? stop + 1 : l->end;
		return true;
	}
	if (left < 2 || memcmp(l->at, "/*", 2) != 0)
		return false;
	if (left >= 3 && (l->at[2] == '!' || (left >= 4 && memcmp(l->at, "/*M!", 4) == 0))) {
		l->at += l->at[2] == '!' ? 3 : 4;
		while (l->at < l->end && isdigit((unsigned char)*l->at))
			l->at++;
		return true;
	}
	stop = memmem(l->at + 2, left - 2, "*/", 2);
	l->at = stop != NULL ? stop + 2 : l->end;
	return true;
}

static struct token quoted(struct lexer *l)
{
	char quote = *l->at++;
	const char *start = l->at;
	struct token t = { TOKEN_NAME, { (const uint8_t *)start, 0 } };

	for (; l->at < l->end; l->at++) {
		if (*l->at == '\\' && quote != '`' && l->at + 1 < l->end) {
			l->at++;
		} else if (*l->at == quote) {
			if (l->at + 1 == l->end || l->at[1] != quote)
				break;
			l->at++;
		}
	}
	t.text.size = (size_t)(l->at - start);
	if (l->at < l->end)
		l->at++;
	return t;
}

static struct token next(struct lexer *l)
{
	const char *start;

	while (l->at < l->end && (isspace((unsigned char)*l->at) || skip_comment(l))) {
		if (l->at < l->end && isspace((unsigned char)*l->at))
			l->at++;
	}
	if (l->at >= l->end)
		return (struct token){ TOKEN_END, { NULL, 0 } };
	if (*l->at == '`' || *l->at == '"' || *l->at == '\'')
		return quoted(l);
	start = l->at;
	while (l->at < l->end && is_word((unsigned char)*l->at))
		l->at++;
	if (l->at > start)
		return (struct token){ TOKEN_WORD, { (const uint8_t *)start, (size_t)(l->at - start) } };
	l->at++;
	return (struct token){ TOKEN_SIGN, { (const uint8_t *)start, 1 } };
}

static struct lexer lexer_of(struct bytes sql)
{
	return (struct lexer){ (const char *)sql.data, (const char *)sql.data + sql.size };
}

static bool is(struct token t, const char *word)
{
	return t.kind == TOKEN_WORD && t.text.size == strlen(word) &&
	       strncasecmp((const char *)t.text.data, word, t.text.size) == 0;
}

static bool is_sign(struct token t, char c)
{
	return t.kind == TOKEN_SIGN && *t.text.data == c;
}

static bool is_one_of(struct token t, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (is(t, *words))
			return true;
	}
	return false;
}

/* To the comma or the end of the statement that closes this specification of an ALTER TABLE. */
static bool skip_specification(struct lexer *l)
{
	int depth = 0;

	for (;;) {
		struct token t = next(l);

		if (t.kind == TOKEN_END || (depth == 0 && is_sign(t, ';')))
			return false;
		if (is_sign(t, '('))
			depth++;
		else if (is_sign(t, ')'))
			depth--;
		else if (depth == 0 && is_sign(t, ','))
			return true;
	}
}

/*
 * ADD [COLUMN] is for the next TABLE_MAP to judge; indexes and constraints change no row, but ADD PRIMARY
 * KEY changes what identifies one.
 */
static bool judge_add(struct lexer *l)
{
	static const char *const refused[] = { "PRIMARY", "PERIOD", "SYSTEM", NULL };
	struct token t = next(l);

	if (is(t, "CONSTRAINT")) {
		t = next(l);
		if (!is(t, "PRIMARY") && !is(t, "UNIQUE") && !is(t, "FOREIGN") && !is(t, "CHECK"))
			t = next(l);
	}
	return !is_one_of(t, refused);
}

/* [IF EXISTS] name: no index that identifies rows. */
static bool judge_dropped_index(struct lexer *l, bool key_is_primary)
{
	struct token t = next(l);

	if (is(t, "IF")) {
		(void)next(l);
		t = next(l);
	}
	return key_is_primary && !(t.text.size == 7 && strncasecmp((const char *)t.text.data, "PRIMARY", 7) == 0);
}

static bool judge_drop(struct lexer *l, bool key_is_primary)
{
	struct token t = next(l);

	if (is(t, "INDEX") || is(t, "KEY") || is(t, "CONSTRAINT"))
		return judge_dropped_index(l, key_is_primary);
	return is(t, "FOREIGN") || is(t, "CHECK");
}

/* ENGINE [=] e: the rows move along, unless the engine keeps none. */
static bool judge_engine(struct lexer *l)
{
	struct token t = next(l);

	return !is(is_sign(t, '=') ? next(l) : t, "BLACKHOLE");
}

/* ALTER [COLUMN] c SET DEFAULT …, ALTER INDEX i VISIBLE: for rows to come, or for no row at all. */
static bool judge_specification(struct lexer *l, bool key_is_primary)
{
	static const char *const harmless[] = {
		"ALTER", "COMMENT", "ALGORITHM", "LOCK", "AUTO_INCREMENT", "ROW_FORMAT",
		"KEY_BLOCK_SIZE", "STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "FORCE",
		"DISABLE", "ENABLE", "WITHOUT", "WITH", "NOWAIT", "WAIT", "AVG_ROW_LENGTH", "MAX_ROWS",
		"MIN_ROWS", "COMPRESSION", "ENCRYPTION", "CHECKSUM", "DELAY_KEY_WRITE", "PACK_KEYS",
		"ORDER", "PARTITION", "REORGANIZE", "REBUILD", "COALESCE", "ANALYZE", "OPTIMIZE", "CHECK", NULL,
	};
	struct token t = next(l);

	if (is(t, "ADD"))
		return judge_add(l);
	if (is(t, "DROP"))
		return judge_drop(l, key_is_primary);
	if (is(t, "ENGINE"))
		return judge_engine(l);
	if (is(t, "RENAME")) {
		t = next(l);
		return is(t, "INDEX") || is(t, "KEY");
	}
	return is_one_of(t, harmless);
}

/* Behind the table's name: [db .] table. */
static bool skip_name(struct lexer *l)
{
	struct token t = next(l);
	struct lexer ahead;

	if (t.kind != TOKEN_WORD && t.kind != TOKEN_NAME)
		return false;
	ahead = *l;
	if (!is_sign(next(&ahead), '.'))
		return true;
	t = next(&ahead);
	*l = ahead;
	return t.kind == TOKEN_WORD || t.kind == TOKEN_NAME;
}

/* Behind ALTER TABLE and the table's name, where the specifications begin. */
static bool skip_alter_table(struct lexer *l)
{
	static const char *const before[] = { "ONLINE", "OFFLINE", NULL }; /* IGNORE drops rows */
	struct lexer ahead;
	struct token t;

	if (!is(next(l), "ALTER"))
		return false;
	t = next(l);
	while (is_one_of(t, before))
		t = next(l);
	if (!is(t, "TABLE"))
		return false;
	ahead = *l;
	if (is(next(&ahead), "IF")) {
		(void)next(&ahead);
		*l = ahead;
	}
	return skip_name(l);
}

enum ddl_verdict ddl_judge_alter(struct bytes alter, bool key_is_primary)
{
	struct lexer l = lexer_of(alter), ahead;

	if (!skip_alter_table(&l))
		return DDL_HALTS;
	do {
		ahead = l;
		if (!judge_specification(&ahead, key_is_primary))
			return DDL_HALTS;
	} while (skip_specification(&l));
	return DDL_HARMLESS;
}

static void copy_name(char *out, struct bytes text)
{
	size_t used = 0;

	for (size_t i = 0; i < text.size && used < NAME_BYTES_MAX - 1; i++) {
		out[used++] = (char)text.data[i];
		i += text.data[i] == '`'; /* doubled inside quotes, and nowhere else */
	}
	out[used] = 0;
}

/* ALTER [COLUMN] [IF EXISTS] c */
static bool read_altered_column(struct lexer l, char *name)
{
	static const char *const others[] = { "INDEX", "CHECK", "CONSTRAINT", NULL };
	struct token t;

	if (!is(next(&l), "ALTER"))
		return false;
	t = next(&l);
	if (is_one_of(t, others))
		return false;
	if (is(t, "COLUMN"))
		t = next(&l);
	if (is(t, "IF")) {
		(void)next(&l);
		t = next(&l);
	}
	copy_name(name, t.text);
	return true;
}

bool ddl_changed_default(struct bytes sql, uint32_t n, char *name)
{
	struct lexer l = lexer_of(sql);

	if (!skip_alter_table(&l))
		return false;
	do {
		if (read_altered_column(l, name) && n-- == 0)
			return true;
	} while (skip_specification(&l));
	return false;
}

/* CREATE … IF NOT EXISTS of what is there changes nothing, but is logged. */
static bool judge_create(struct lexer *l, struct token t)
{
	static const char *const kinds[] = { "UNIQUE", "FULLTEXT", "SPATIAL", "ONLINE", "OFFLINE", NULL };

	while (is_one_of(t, kinds))
		t = next(l);
	if (is(t, "INDEX") || is(t, "DATABASE") || is(t, "SCHEMA"))
		return true;
	return is(t, "TABLE") && is(next(l), "IF");
}

enum ddl_verdict ddl_judge(struct bytes sql, bool key_is_primary)
{
	struct lexer l = lexer_of(sql);
	struct token verb = next(&l), t = next(&l);
	bool is_harmless = false;

	if (is(verb, "ALTER") && (is(t, "DATABASE") || is(t, "SCHEMA")))
		is_harmless = true;
	else if (is(verb, "ALTER"))
		return ddl_judge_alter(sql, key_is_primary);
	else if (is(verb, "CREATE"))
		is_harmless = judge_create(&l, t);
	else if (is(verb, "DROP"))
		is_harmless = is(t, "INDEX") && judge_dropped_index(&l, key_is_primary);
	return is_harmless ? DDL_HARMLESS : DDL_HALTS;
}

bool statement_is_dml(struct bytes sql)
{
	static const char *const verbs[] = { "INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "WITH",
					     "DO", "SELECT", "HANDLER", "IMPORT", NULL };
	struct lexer l = lexer_of(sql);

	return is_one_of(next(&l), verbs);
}

bool statement_names(struct bytes sql, const char *name)
{
	struct lexer l = lexer_of(sql);
	size_t size = strlen(name);

	for (struct token t = next(&l); t.kind != TOKEN_END; t = next(&l)) {
		if (t.kind != TOKEN_SIGN && t.text.size == size &&
		    strncasecmp((const char *)t.text.data, name, size) == 0)
			return true;
	}
	return false;
}
