/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Column bytes to UTF-8, as the server itself maps them. The Unicode sets and ASCII are
 * arithmetic; the others are tables that are asked of the server once (every code,
 * CONVERTed to utf8mb4), so that the mapping is the server's own and not one that
 * resembles it.
 */
#ifndef SOURCE_MYSQL_CHARSET_H
#define SOURCE_MYSQL_CHARSET_H

#include "base/bytes.h"
#include "base/err.h"
#include "change/columns.h"

struct charset; /* immutable once made */

/* The set of a name ("latin1", "utf8mb3", "utf16le" …), or NULL when its table was not
 * loaded yet. */
struct charset_list; /* program lifetime: sets by name, collation id to set */
struct charset_list *charset_list_new(void); /* knows the arithmetic sets */
void charset_list_free(struct charset_list *l);
const struct charset *charset_find(const struct charset_list *l, const char *name);
const char *charset_name(const struct charset *c);

/*
 * Loading a table: run each statement of charset_questions and give the single-cell
 * results (raw bytes) to charset_learn in order. ERR_CONFIG: a set that we do not know
 * how to ask for.
 */
int charset_questions(const char *name, struct buffer *statements /* NUL-separated */,
		      uint32_t *count, struct err *e);
int charset_learn(struct charset_list *l, const char *name, const struct bytes *answers,
		  uint32_t count, struct err *e);

/* collation id -> set, from the server's information_schema.collations. */
void charset_bind_collation(struct charset_list *l, uint16_t id,
			    const char *charset_name);
/* The name bound to a collation id, or NULL. */
const char *charset_of_collation(const struct charset_list *l, uint16_t id);

/*
 * Appends the text as one UTF-8 cell. A byte sequence that the set does not have becomes
 * U+FFFD and false is returned (it is counted as an invalid value, never dropped
 * silently).
 */
bool charset_append(const struct charset *s, struct bytes text, struct column *c);
/* Without the spaces at the end, as the server prints a CHAR. */
struct bytes charset_trim(const struct charset *s, struct bytes text);

#endif
