/* SPDX-License-Identifier: Apache-2.0 */
/* A table as information_schema declares it, in words: for sinks that pass statements of DDL on. */
#ifndef SOURCE_MYSQL_DEFINITION_H
#define SOURCE_MYSQL_DEFINITION_H

#include "change/definition.h"
#include "source/mysql/server.h"

/* *found = false: there is no such table (any more), or the user may not see it. Release with table_definition_release. */
int definition_read(struct table_definition *out, bool *found, const struct server *s, const char *database,
		    const char *table, struct connection *c, struct err *e);
/* A statement's text: what is not UTF-8 (a client's own character set) has '?' for each byte beyond ASCII. */
void definition_statement(struct buffer *out, struct bytes sql);

#endif
