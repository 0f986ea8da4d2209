/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of DDL in the log, for a sink that passes them on. */
#ifndef SOURCE_MYSQL_STREAM_DDL_H
#define SOURCE_MYSQL_STREAM_DDL_H

#include "source/mysql/stream_tables.h"

/*
 * A statement about a database that has captured tables, or about tables of it. What a table is from there on is read
 * from the server: it may be a later state. `database` is the session's.
 */
int stream_ddl(struct stream_tables *t, const char *database, struct bytes sql, const struct ddl_targets *targets,
	       const struct origin *origin, struct err *e);

#endif
