/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table's DEFAULTs: what a row has in the columns that the log leaves out (partial images of an INSERT)
 * and what the rows so far have in an added column.
 */
#ifndef SOURCE_MYSQL_DEFAULTS_H
#define SOURCE_MYSQL_DEFAULTS_H

#include "source/mysql/connection.h"
#include "source/mysql/value.h"

enum default_kind {
	DEFAULT_NULL,      /* nullable, with DEFAULT NULL or none */
	DEFAULT_LITERAL,   /* one value for all rows */
	DEFAULT_NOW,       /* the time of the change: only the row's image tells */
	DEFAULT_COMPUTED,  /* an expression: likewise */
	DEFAULT_NONE,      /* NOT NULL without one */
	DEFAULT_GENERATED, /* no DEFAULT but a column that the server computes */
};

struct column_default {
	enum default_kind kind;
	char *text; /* of a literal, as information_schema has it; owned */
};

/* From information_schema's column_default (NULL for NULL) and extra; `c` is complete. */
void column_default_read(struct column_default *out, const struct mysql_column *c, const char *text,
			 const char *extra, bool is_mariadb);

/* The literals as cells; a zeroed one is valid and not loaded. */
struct defaults {
	struct columns row; /* one row of the table's schema; NULL where there is no literal */
	bool is_loaded;
};

/*
 * Asks the server for the literals of `list` (one entry per column), as cells of the same bytes as a copy
 * would have read them. ERR_CONFIG names a column whose value cannot be had: the table is empty, and the
 * literal's text is not simple enough to be read by us.
 */
int defaults_load(struct defaults *out, const struct mysql_table *t, const struct column_default *list,
		  bool is_mariadb, const struct value_policy *policy, struct connection *c, struct err *e);
void defaults_release(struct defaults *d);

/*
 * The row for schema.defaults. A DEFAULT that cannot be read is not known there, and does not fail. `list` as for
 * defaults_load.
 */
int defaults_describe(struct columns *out, const struct mysql_table *t, const struct column_default *list,
		      bool is_mariadb, struct connection *c, struct err *e);

/*
 * A literal of a NOT NULL column as an expression whose result is the text that value_from_text reads.
 * False: not simple enough.
 */
bool defaults_literal(const struct mysql_column *c, const char *text, bool is_mariadb, struct buffer *out);

#endif
