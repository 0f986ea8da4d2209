/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the table that the log describes is the one that we know. */
#ifndef SOURCE_MYSQL_LAYOUT_H
#define SOURCE_MYSQL_LAYOUT_H

#include "source/mysql/captured.h"
#include "source/mysql/modify.h"

enum layout_fit {
	LAYOUT_SAME,    /* the log's columns are ours */
	LAYOUT_OLDER,   /* ours, without some that may be added in mid-stream, and of narrower types */
	LAYOUT_UNKNOWN, /* it has more or other columns: ask the catalog anew */
};

/*
 * With FULL metadata by names; without, by their number. UNKNOWN puts what differs into *e.
 */
enum layout_fit layout_compare(const struct catalog_table *known, const struct table_map *map,
			       struct err *e);
/* Whether existing rows got NULL or one literal when this column was added; ERR_CONFIG: something else. */
int layout_may_add(const struct catalog_table *t, uint32_t column, struct err *e);
/* Whether `newer` is `known` with nothing but such columns added and types widened. ERR_CONFIG says what else differs. */
int layout_extends(const struct catalog_table *known, const struct catalog_table *newer, struct err *e);
/* The table as the map has it; made once and kept in `t`. */
int layout_older(struct captured *t, const struct table_map *map, struct mysql_table **out,
		 struct err *e);

/* What a statement in the log means for the captured tables. */
enum ddl_verdict {
	DDL_HARMLESS, /* the rows and their layout stay as they are, or the next TABLE_MAP tells */
	DDL_HALTS,
};
/* `alter` is the text of an ALTER TABLE; `key_is_primary` that of its table. */
enum ddl_verdict ddl_judge_alter(struct bytes alter, bool key_is_primary);
/*
 * Any statement of DDL that names a captured table or its database: harmless are those about indexes, and the
 * creation of what is there already.
 */
enum ddl_verdict ddl_judge(struct bytes sql, bool key_is_primary);
/*
 * Of harmless ones: the n-th column, from 0, that an ALTER TABLE gives another DEFAULT (ALTER [COLUMN] c SET
 * DEFAULT …, MODIFY c …); `name` has NAME_BYTES_MAX. False: there are fewer.
 */
bool ddl_changed_default(struct bytes sql, uint32_t n, char *name);
/* The same of columns that get another type: what modify.h can judge. */
bool ddl_modified(struct bytes sql, uint32_t n, struct modify *out);
/* INSERT, UPDATE, DELETE, REPLACE, LOAD, CALL, WITH, or CREATE TABLE … SELECT logged as text. */
bool statement_is_dml(struct bytes sql);
/* Whether `name` stands in the statement as a word, quoted or not (text in quotes counts: better safe). */
bool statement_names(struct bytes sql, const char *name);

#endif
