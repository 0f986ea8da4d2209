/* SPDX-License-Identifier: Apache-2.0 */
/* The captured tables during a run: what they look like, and how far each of them is. */
#ifndef SOURCE_MYSQL_CAPTURED_H
#define SOURCE_MYSQL_CAPTURED_H

#include <stdatomic.h>

#include "change/lost_values.h"
#include "source/mysql/catalog.h"
#include "source/mysql/copy_progress.h"

/* The table as an older part of the log has it: without columns that were added since. */
struct layout {
	struct mysql_table *table;
	uint32_t *fields; /* of the newest schema, per field of this one */
};

struct captured {
	struct catalog_table now;
	struct schema *first_schema; /* as the pipeline learned it at open; shared */
	struct layout **layouts;     /* kept until close: the decoder refers to them */
	uint32_t layout_count;
	struct mysql_table **old;    /* replaced by newer definitions; kept the same way */
	uint32_t old_count;
	struct schema *announced;    /* the schema that the sink has; borrowed from the above */
	bool *lacks;                 /* fields of first_schema that the sink's table has not yet; or NULL */
	struct defaults defaults;    /* of `now`, loaded when first needed */
	struct mysql_position defaults_at; /* where the server's log ended after that */
	bool has_defaults_at;        /* until the stream has passed that; kept over a restart */

	struct mysql_position at;    /* the table has everything up to here (and its copy) */
	bool has_position, is_passed; /* the stream is past `at` */
	struct copy_progress copy;   /* is_open: the copy of which `at` is the start is under way */
	struct mysql_position copied_through;
	bool has_copied_through;     /* the table equals the source only from there on */

	struct lost_values lost;
	_Atomic uint64_t rows_copied, rows_expected;
};

struct captured_list {
	struct captured *tables;
	uint32_t count;
	struct captured *recent;
	bool folds_names; /* the server's: "T" is "t" in a statement */
};

/* Takes the catalog's tables over; the catalog keeps its character sets. */
void captured_take(struct captured_list *l, struct catalog *c);
void captured_release(struct captured_list *l);
/* By names, or NULL. */
struct captured *captured_find(struct captured_list *l, const char *database, const char *table);
/* The table that has this schema, and the older layout that it is of (NULL: the newest). */
struct captured *captured_of(struct captured_list *l, const struct schema *s,
			     const struct layout **layout);
/* Whether a statement's names are those of `t`; `table` "": any of the database. */
bool captured_is(const struct captured_list *l, const struct captured *t, const char *database,
		 const char *table);

/* Whether the sink's table has no column of this name yet. */
bool captured_lacks(const struct captured *t, const char *name);

/*
 * A table's text of an earlier run: {"server":…, "copy":{…}, "copied_through":{…},
 * "defaults_at":{…}}. ERR_DATA: it is not one of ours; the text names the table.
 */
int captured_resume(struct captured *t, const char *text, bool is_mariadb, struct err *e);
/*
 * What mysql_position_format adds for a table of the list (context): ,"copy":{…} while its copy is under
 * way, ,"copied_through":{…} and ,"defaults_at":{…} until the stream has passed those.
 */
void captured_format(void *list, const struct schema *table, struct buffer *out);
/* Counts a value that became NULL; remembers and logs the first of its column. */
void captured_note_invalid(struct captured *t, uint32_t column, const char *text,
			   const char *position);
/* The stream has everything up to `now`: updates is_passed, has_copied_through and has_defaults_at. */
void captured_pass(struct captured_list *l, const struct mysql_position *now);

/* A newer definition (layout_extends): the old one stays for the decoder's sake. */
void captured_replace(struct captured *t, struct catalog_table *newer);

#endif
