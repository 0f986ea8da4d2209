/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading just enough of a statement to know whether it may change rows without the log showing them.
 * What is not recognized halts; nothing here decides what a table looks like (the TABLE_MAP does).
 */
#include "source/mysql/layout.h"

#include "source/mysql/modify.h"
#include "source/mysql/sql_scan.h"

/* Behind the comma that closes this specification of an ALTER TABLE; false: at the end of the statement. */
static bool skip_specification(struct scanner *s)
{
	int depth = 0;

	for (;; scanner_next(s)) {
		if (s->now.kind == TOKEN_END || (depth == 0 && scanner_is_mark(s, ';')))
			return false;
		if (scanner_is_mark(s, '('))
			depth++;
		else if (scanner_is_mark(s, ')'))
			depth--;
		else if (depth == 0 && scanner_accept_mark(s, ','))
			return true;
	}
}

/*
 * ADD [COLUMN] is for the next TABLE_MAP to judge; indexes and constraints change no row, but ADD PRIMARY
 * KEY changes what identifies one.
 */
static bool judge_add(struct scanner *s)
{
	static const char *const constraints[] = { "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", NULL };
	static const char *const refused[] = { "PRIMARY", "PERIOD", "SYSTEM", NULL };

	if (scanner_accept(s, "CONSTRAINT") && !scanner_is_one_of(s, constraints))
		scanner_next(s);
	return !scanner_is_one_of(s, refused);
}

/* [IF EXISTS] name: no index that identifies rows. */
static bool judge_dropped_index(struct scanner *s, bool key_is_primary)
{
	scanner_skip_exists(s);
	return key_is_primary && !token_reads(&s->now, "PRIMARY");
}

static bool judge_drop(struct scanner *s, bool key_is_primary)
{
	if (scanner_accept(s, "INDEX") || scanner_accept(s, "KEY") || scanner_accept(s, "CONSTRAINT"))
		return judge_dropped_index(s, key_is_primary);
	return scanner_is(s, "FOREIGN") || scanner_is(s, "CHECK");
}

/* ENGINE [=] e: the rows move along, unless the engine keeps none. */
static bool judge_engine(struct scanner *s)
{
	(void)scanner_accept_mark(s, '=');
	return !scanner_is(s, "BLACKHOLE");
}

static const char *const modifying[] = { "MODIFY", "CHANGE", NULL };

/* ALTER [COLUMN] c SET DEFAULT …, ALTER INDEX i VISIBLE: for rows to come, or for no row at all. */
static bool judge_specification(struct scanner s, bool key_is_primary)
{
	static const char *const harmless[] = {
		"ALTER", "COMMENT", "ALGORITHM", "LOCK", "AUTO_INCREMENT", "ROW_FORMAT",
		"KEY_BLOCK_SIZE", "STATS_PERSISTENT", "STATS_AUTO_RECALC", "STATS_SAMPLE_PAGES", "FORCE",
		"DISABLE", "ENABLE", "WITHOUT", "WITH", "NOWAIT", "WAIT", "AVG_ROW_LENGTH", "MAX_ROWS",
		"MIN_ROWS", "COMPRESSION", "ENCRYPTION", "CHECKSUM", "DELAY_KEY_WRITE", "PACK_KEYS",
		"ORDER", "PARTITION", "REORGANIZE", "REBUILD", "COALESCE", "ANALYZE", "OPTIMIZE", "CHECK", NULL,
	};
	struct modify modified;

	if (scanner_accept(&s, "ADD"))
		return judge_add(&s);
	if (scanner_accept(&s, "DROP"))
		return judge_drop(&s, key_is_primary);
	if (scanner_accept(&s, "ENGINE"))
		return judge_engine(&s);
	if (scanner_accept(&s, "RENAME"))
		return scanner_is(&s, "INDEX") || scanner_is(&s, "KEY");
	if (scanner_is_one_of(&s, modifying))
		return modify_parse(&modified, s);
	return scanner_is_one_of(&s, harmless);
}

static bool skip_name(struct scanner *s)
{
	if (s->now.kind == TOKEN_END || s->now.kind == TOKEN_MARK)
		return false;
	scanner_next(s);
	return true;
}

/* Behind ALTER TABLE and the table's name, where the specifications begin. */
static bool skip_alter_table(struct scanner *s)
{
	static const char *const before[] = { "ONLINE", "OFFLINE", NULL }; /* IGNORE drops rows */

	if (!scanner_accept(s, "ALTER"))
		return false;
	scanner_skip(s, before);
	if (!scanner_accept(s, "TABLE"))
		return false;
	scanner_skip_exists(s);
	return skip_name(s) && (!scanner_accept_mark(s, '.') || skip_name(s));
}

enum ddl_verdict ddl_judge_alter(struct bytes alter, bool key_is_primary)
{
	struct scanner s = scanner_of(alter);

	if (!skip_alter_table(&s))
		return DDL_HALTS;
	do {
		if (!judge_specification(s, key_is_primary))
			return DDL_HALTS;
	} while (skip_specification(&s));
	return DDL_HARMLESS;
}

/* ALTER [COLUMN] [IF EXISTS] c, and what says all of a column anew. */
static bool read_altered_column(struct scanner s, char *name)
{
	static const char *const others[] = { "INDEX", "CHECK", "CONSTRAINT", NULL };
	struct modify modified;

	if (scanner_is_one_of(&s, modifying) && modify_parse(&modified, s)) {
		memcpy(name, modified.name, sizeof(modified.name));
		return true;
	}
	if (!scanner_accept(&s, "ALTER") || scanner_is_one_of(&s, others))
		return false;
	(void)scanner_accept(&s, "COLUMN");
	scanner_skip_exists(&s);
	name[0] = 0;
	(void)scanner_name(&s, name, NAME_BYTES_MAX);
	return true;
}

bool ddl_changed_default(struct bytes sql, uint32_t n, char *name)
{
	struct scanner s = scanner_of(sql);

	if (!skip_alter_table(&s))
		return false;
	do {
		if (read_altered_column(s, name) && n-- == 0)
			return true;
	} while (skip_specification(&s));
	return false;
}

bool ddl_modified(struct bytes sql, uint32_t n, struct modify *out)
{
	struct scanner s = scanner_of(sql);

	if (!skip_alter_table(&s))
		return false;
	do {
		if (modify_parse(out, s) && n-- == 0)
			return true;
	} while (skip_specification(&s));
	return false;
}

/* CREATE … IF NOT EXISTS of what is there changes nothing, but is logged. */
static bool judge_create(struct scanner *s)
{
	static const char *const kinds[] = { "UNIQUE", "FULLTEXT", "SPATIAL", "ONLINE", "OFFLINE", NULL };

	scanner_skip(s, kinds);
	if (scanner_is(s, "INDEX") || scanner_is(s, "DATABASE") || scanner_is(s, "SCHEMA"))
		return true;
	return scanner_accept(s, "TABLE") && scanner_is(s, "IF");
}

enum ddl_verdict ddl_judge(struct bytes sql, bool key_is_primary)
{
	struct scanner s = scanner_of(sql);
	bool is_harmless = false;

	if (scanner_accept(&s, "ALTER"))
		is_harmless = scanner_is(&s, "DATABASE") || scanner_is(&s, "SCHEMA") ||
			      ddl_judge_alter(sql, key_is_primary) == DDL_HARMLESS;
	else if (scanner_accept(&s, "CREATE"))
		is_harmless = judge_create(&s);
	else if (scanner_accept(&s, "DROP"))
		is_harmless = scanner_accept(&s, "INDEX") && judge_dropped_index(&s, key_is_primary);
	return is_harmless ? DDL_HARMLESS : DDL_HALTS;
}

bool statement_is_dml(struct bytes sql)
{
	static const char *const verbs[] = { "INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "WITH",
					     "DO", "SELECT", "HANDLER", "IMPORT", NULL };
	struct scanner s = scanner_of(sql);

	return scanner_is_one_of(&s, verbs);
}

bool statement_names(struct bytes sql, const char *name)
{
	struct scanner s = scanner_of(sql);

	for (; s.now.kind != TOKEN_END; scanner_next(&s)) {
		if (s.now.kind != TOKEN_MARK && token_reads(&s.now, name))
			return true;
	}
	return false;
}
