/* SPDX-License-Identifier: Apache-2.0 */
/* A table as its source declares it, for messages about the table itself. All texts are owned and UTF-8. */
#ifndef CHANGE_DEFINITION_H
#define CHANGE_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>

struct column_definition {
	char *name;
	char *type;          /* the source's words: "int(10) unsigned", "enum('a','it''s')" */
	char *charset;       /* NULL: it has none */
	char *comment;       /* NULL: none */
	char *default_value; /* the literal's text; NULL: none, an expression, or the time of the change */
	bool default_is_now, is_updated_to_now; /* DEFAULT, ON UPDATE CURRENT_TIMESTAMP */
	bool is_nullable, is_auto_increment;
};

struct table_definition {
	char *charset, *comment; /* NULL: none */
	struct column_definition *columns;
	uint32_t column_count;
	char **key; /* the key's columns in key order */
	uint32_t key_count;
};

void table_definition_release(struct table_definition *t);

enum table_effect {
	TABLE_UNTOUCHED, /* a statement about no table */
	TABLE_CREATED,
	TABLE_ALTERED,
	TABLE_DROPPED,
};

/* A statement that defines. Texts are borrowed. */
struct ddl {
	const char *database;  /* that it is about; "": the server */
	const char *table;     /* NULL: none */
	const char *names;     /* all tables that the statement names, with commas; NULL: that one */
	const char *statement;
	enum table_effect effect;
	const struct table_definition *definition; /* the table from here on; NULL: it is gone, or not known */
	bool is_copy;          /* a copy's account of what is there already */
};

#endif
