/* SPDX-License-Identifier: Apache-2.0 */
/* Which tables are captured: the URL's names, narrowed by --tables and --exclude-tables. */
#ifndef SOURCE_MYSQL_SELECTION_H
#define SOURCE_MYSQL_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "source/mysql/url.h"

struct selection_pattern {
	char *database, *table; /* with '*' */
	char *text;             /* as the user wrote it */
	bool was_used;          /* some table matched it */
};

struct selection_list {
	struct selection_pattern *patterns;
	uint32_t count;
};

struct selection {
	struct selection_list names;    /* the URL's; empty: every database */
	struct selection_list tables;   /* empty: all */
	struct selection_list excluded;
};

/*
 * `tables` and `excluded` are comma-separated "db.table" with '*', or NULL; a pattern without a dot is a
 * table of any database. ERR_CONFIG: nothing at all is chosen, or an empty pattern.
 */
int selection_make(struct selection *out, const struct mysql_url *url, const char *tables,
		   const char *excluded, struct err *e);
void selection_release(struct selection *s);
/* System schemas never match. Notes which patterns were of use. */
bool selection_has(struct selection *s, const char *database, const char *table);
/* Whether some table of this database may match. */
bool selection_touches(const struct selection *s, const char *database);
/* ERR_CONFIG names the first pattern that matched no table. */
int selection_check(const struct selection *s, struct err *e);

#endif
