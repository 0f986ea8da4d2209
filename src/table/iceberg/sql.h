/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One statement at a time against SQLite or PostgreSQL, each its own transaction: what a
 * JDBC catalog needs of them.
 */
#ifndef TABLE_ICEBERG_SQL_H
#define TABLE_ICEBERG_SQL_H

#include <stdbool.h>

#include "base/err.h"
#include "table/iceberg/catalog_url.h"

#define SQL_CELLS_MAX 2

enum sql_result {
	SQL_DONE,
	SQL_TAKEN,     /* a row with this key is there: nothing was changed */
	SQL_UNDEFINED, /* no such table, column or SQLite file: nothing was changed */
	SQL_UNKNOWN,   /* done or not: the connection was lost, *e says how */
};

/* Zeroed before the call. */
struct sql_answer {
	bool has_row;
	char *cells[SQL_CELLS_MAX]; /* of the first row; NULL is NULL; owned */
	uint64_t changed;	    /* rows */
};

struct sql {
	const struct sql_ops *ops;
};

struct sql_ops {
	/*
	 * Values stand for $1, $2, …, which come in this order in the text. Connects when
	 * it has no connection. ERR_RETRY: no connection, or the database is busy;
	 * ERR_CONFIG: it refuses us; ERR_IO: it is broken or full.
	 */
	int (*run)(struct sql *, const char *statement, const char *const *values,
		   int count, struct sql_answer *, enum sql_result *, struct err *);
	/* From now on SQLite's file is made when there is none. */
	void (*allow_create)(struct sql *);
	void (*close)(struct sql *); /* and frees */
};

/* Neither connects. ERR_CONFIG: a URL that is none of theirs. */
int sql_open_sqlite(struct sql **out, const struct catalog_url *url, struct err *e);
int sql_open_postgres(struct sql **out, const struct catalog_url *url, struct err *e);
void sql_answer_release(struct sql_answer *a);

#endif
