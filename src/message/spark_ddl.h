/* SPDX-License-Identifier: Apache-2.0 */
/* A table's columns as Spark's DDL strings give them: "id BIGINT NOT NULL, amount DECIMAL(12,2), at TIMESTAMP". */
#ifndef MESSAGE_SPARK_DDL_H
#define MESSAGE_SPARK_DDL_H

#include "change/schema.h"

/*
 * Each column is "name type [NOT NULL] [COMMENT 'text']", with or without ':' behind the name; names may be quoted with
 * backticks. A comment becomes the field's source_type: "datetime(6)" there says what a bare number counts. TINYINT and
 * SMALLINT become INT, CHAR(n) and VARCHAR(n) STRING. `out` is the caller's to release and not shared yet. What a lake
 * does not hold, and what is no DDL, is ERR_CONFIG with the character where it begins, counted from 1.
 */
int spark_ddl_parse(struct schema **out, const char *ddl, const char *database, const char *table, struct err *e);
/* The other way: "id BIGINT NOT NULL, amount DECIMAL(12,2)", without the comments. */
void spark_ddl_format(const struct schema *s, struct buffer *out);

#endif
