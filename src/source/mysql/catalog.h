/* SPDX-License-Identifier: Apache-2.0 */
/* The captured tables as information_schema has them now. */
#ifndef SOURCE_MYSQL_CATALOG_H
#define SOURCE_MYSQL_CATALOG_H

#include "source/mysql/defaults.h"
#include "source/mysql/selection.h"
#include "source/mysql/server.h"
#include "source/mysql/value.h"

struct catalog_table {
	struct mysql_table *table;
	uint64_t rows_estimate;
	uint32_t row_bytes_estimate;
	bool key_is_primary;     /* else: a unique key whose columns are all NOT NULL */
	bool is_transactional;   /* InnoDB: a consistent snapshot holds for it */
	bool has_blobs, has_json;
	struct column_default *defaults; /* per column; default_count as many as there are columns */
	uint32_t default_count;
};

struct catalog {
	struct catalog_table *tables;
	uint32_t table_count;
	struct charset_list *charsets;
};

/*
 * Reads every table of the selection. ERR_CONFIG: a pattern matches nothing, or a table has a type that we
 * do not know. The selection notes which patterns were of use.
 */
int catalog_read(struct catalog *out, const struct server *s, struct selection *selection,
		 struct connection *c, struct err *e);
/*
 * One table anew; *found = false when it is not there. `charsets` learns what the table needs. Release
 * with catalog_table_release.
 */
int catalog_read_table(struct catalog_table *out, bool *found, struct charset_list *charsets,
		       const struct server *s, const char *database, const char *name,
		       struct connection *c, struct err *e);
/* Gives the table's schema, which nobody shares yet, the DEFAULTs that can be read. */
int catalog_add_defaults(struct catalog_table *t, const struct server *s, struct connection *c, struct err *e);
void catalog_table_release(struct catalog_table *t);
void catalog_release(struct catalog *c);

/* Loads the set of a collation id, for columns that only the log has told us of. */
int catalog_load_charset(struct charset_list *charsets, const char *name, struct connection *c,
			 struct err *e);

#endif
