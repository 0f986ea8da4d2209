/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests/golden/debezium/record.py recorded of the real Debezium: its messages, the settings of each run, and the
 * tables as its copy showed them (SHOW CREATE TABLE).
 */
#ifndef TESTS_LIB_DEBEZIUM_RECORD_H
#define TESTS_LIB_DEBEZIUM_RECORD_H

#include <jansson.h>

#include "message/debezium.h"
#include "source/mysql/value.h"

/* A recorded message; `value` NULL: a tombstone. Texts live until line_close. */
struct line {
	json_t *all, *value; /* value: with its schema, if it has one */
	const char *topic, *key, *text;
};

struct lines {
	struct buffer file;
	const char *at;
};

/* "mysql", "types": mysql_types.jsonl. To be read to its end, which releases it. */
void lines_open(struct lines *l, const char *kind, const char *run);
bool lines_next(struct lines *l, struct line *out);
void line_close(struct line *l);

/* The value without its schema. */
json_t *payload_of(json_t *value);
const char *text_at(json_t *object, const char *name);
int64_t int_at(json_t *object, const char *name);

/* To be released with debezium_option_table. `run` is kept: it is the topics' prefix. */
struct debezium_options options_of(const char *kind, const char *run);

/* The statement that makes the table. To be freed. */
char *create_of(const char *kind, const char *run, const char *table);
/* The catalog's words for a column ("int unsigned"). To be freed. */
char *words_of(const char *create, const char *column);
/* The table, as the catalog would have told us. */
struct mysql_table *table_of_create(const char *create, const char *database, const char *table,
				    const uint32_t *key, uint32_t key_count, const struct charset *utf8);
/* Gives the schema the DEFAULTs that the statement has. */
void defaults_of_create(struct mysql_table *t, const char *create);

#endif
