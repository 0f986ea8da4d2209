/* SPDX-License-Identifier: Apache-2.0 */
/* A column's new type in an ALTER TABLE: MODIFY c type …, CHANGE c c type …. */
#ifndef SOURCE_MYSQL_MODIFY_H
#define SOURCE_MYSQL_MODIFY_H

#include "source/mysql/sql_scan.h"
#include "source/mysql/statement.h"
#include "source/mysql/value.h"

struct modify {
	char name[NAME_BYTES_MAX];
	struct mysql_column column; /* type, sign, precision and scale of a number; no texts, nothing to release */
	uint32_t length;            /* VARCHAR(n), VARBINARY(n); else 0 */
	bool keeps_all;             /* no value of a type of this kind is outside of it */
};

/*
 * `s` is at MODIFY or CHANGE. False: another name, a type of which we do not know what it does to the rows that are there, or
 * more than a type (a generated column, a key).
 */
bool modify_parse(struct modify *out, struct scanner s);
/*
 * Whether the rows that are there keep their values, where the column is `known` so far or by now. `is_strict`: a value that
 * does not fit would have failed the statement; but for blanks at the end of a text, which are cut off silently.
 */
bool modify_keeps_rows(const struct modify *m, const struct mysql_column *known, bool is_strict);
/* Whether the column is by now what the statement made of it, as far as the lake can tell. */
bool modify_is_done(const struct modify *m, const struct mysql_table *now);

#endif
