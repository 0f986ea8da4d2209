/* SPDX-License-Identifier: Apache-2.0 */
/* The little of SQL that must be read to follow a row log: transaction words, TRUNCATE,
 * and names in DDL. */
#ifndef SOURCE_MYSQL_STATEMENT_H
#define SOURCE_MYSQL_STATEMENT_H

#include "base/bytes.h"

#define NAME_BYTES_MAX 257 /* 64 characters of UTF-8, and a NUL */

enum statement_kind {
	STATEMENT_BEGIN, STATEMENT_COMMIT, STATEMENT_ROLLBACK, STATEMENT_SAVEPOINT,
	STATEMENT_ROLLBACK_TO, STATEMENT_XA_START, STATEMENT_XA_END, STATEMENT_XA_COMMIT,
	STATEMENT_XA_ROLLBACK, STATEMENT_TRUNCATE, STATEMENT_OTHER,
};

struct xid {
	uint32_t format;
	uint8_t global_size, branch_size;
	uint8_t data[128]; /* global part, then branch part */
};
bool xid_equal(const struct xid *a, const struct xid *b);

struct table_name {
	char database[NAME_BYTES_MAX]; /* "": the session's */
	char table[NAME_BYTES_MAX];    /* "": every table of the database */
};

struct statement {
	enum statement_kind kind;
	struct xid xid;          /* XA … */
	struct table_name table; /* TRUNCATE */
};

/* MariaDB: without SET STATEMENT … FOR, and without ANALYZE [FORMAT = …] in front of what it runs. */
struct bytes statement_body(struct bytes sql);

/* A statement that is cut short or that we do not know is STATEMENT_OTHER. */
void statement_parse(struct statement *out, struct bytes sql);

/* What a statement does to the rows of a table that are there already. */
enum row_effect {
	ROW_EFFECT_UNCLEAR, /* it does not name the table as its own: a trigger, a function, a view */
	ROW_EFFECT_UPDATE,  /* columns that it does not name stay as they are */
	ROW_EFFECT_REPLACE, /* columns that it does not name go back to their DEFAULT */
};

/* Of the statement `sql`, or its beginning, on `table`. */
enum row_effect statement_row_effect(struct bytes sql, const char *table);

#define DDL_TARGETS_MAX 256

/* What a DDL statement names. Too many names, or a statement of an unknown form:
 * is_unclear. */
struct ddl_targets {
	bool is_ddl;       /* begins with ALTER, CREATE, DROP, RENAME or TRUNCATE */
	bool is_temporary; /* the table is none of the log's */
	bool is_creation;  /* CREATE … */
	bool is_unclear;
	uint32_t count;
	struct table_name names[DDL_TARGETS_MAX];
};

/*
 * The tables of ALTER/CREATE/DROP/RENAME/TRUNCATE TABLE and CREATE/DROP INDEX, the
 * database of DROP and ALTER DATABASE. Other objects (views, users, routines …) name no
 * table: count 0.
 */
void ddl_targets(struct ddl_targets *out, struct bytes sql);

#endif
