/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas as Iceberg spells them (Iceberg spec, "Schemas and Data Types", Appendix C). A column's `doc` is the source's
 * word for its type; `identifier-field-ids` is the key where the spec allows that. What it has no place for stands in
 * the table's properties, under the names that a Delta table of ours has in its configuration: "tailrace.key" (a JSON array
 * of names), "tailrace.database", "tailrace.table" and, unless it is "merge", "tailrace.mode".
 */
#ifndef TABLE_ICEBERG_SCHEMA_ICEBERG_H
#define TABLE_ICEBERG_SCHEMA_ICEBERG_H

#include "base/bytes.h"
#include "base/err.h"
#include "change/schema.h"

struct json_value;

#define ICEBERG_COLUMNS_MAX 4096 /* MySQL's own limit */

struct iceberg_schema {
	int32_t id;
	struct schema *columns; /* those of our types; the others are left out */
	char *unread;           /* owned: a sentence about the first that was left out; NULL: all are here */
};

void iceberg_schema_release(struct iceberg_schema *s);
/* 0, or ERR_CONFIG with the sentence: for whoever needs all columns. */
int iceberg_schema_require(const struct iceberg_schema *s, struct err *e);
/* Database and table are empty, the key is that of identifier-field-ids. ERR_DATA: a schema as the spec forbids it. */
int iceberg_schema_parse(struct iceberg_schema *out, const struct json_value *j, struct err *e);
/* Appends the JSON of a schema with this id. */
void iceberg_schema_format(struct buffer *out, const struct schema *s, int32_t id);
/* The greatest id of its columns, 0 when there is none. */
int32_t iceberg_schema_max_id(const struct schema *s);

#define SCHEMA_MARKS 6 /* properties that a schema has at most */

struct schema_mark {
	const char *key;
	struct buffer value; /* text */
};

/* The properties of the table that say the rest of its schema; how many. The caller releases the values. */
uint32_t iceberg_schema_marks(struct schema_mark marks[SCHEMA_MARKS], const struct schema *s);
/* Puts a property of the table into a parsed schema that nobody shares yet; one that is no mark changes nothing. */
int iceberg_schema_set_mark(struct schema *s, const char *key, const char *value, struct err *e);

#endif
