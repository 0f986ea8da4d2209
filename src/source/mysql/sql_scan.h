/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words, quoted parts and marks of a statement, as the server reads it: comments are passed over, but what
 * stands in an executable one is there. ANSI_QUOTES is not known: "…" may be a name.
 */
#ifndef SOURCE_MYSQL_SQL_SCAN_H
#define SOURCE_MYSQL_SQL_SCAN_H

#include "base/bytes.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED, /* in ` or " */
	TOKEN_TEXT,   /* in ' */
	TOKEN_MARK,   /* one byte of anything else */
};

struct token {
	enum token_kind kind;
	struct bytes text; /* without quotes; a doubled quote inside is still doubled */
	char mark;         /* the quote, or the byte of a MARK */
};

/* May be copied, to look ahead. Borrows the statement. */
struct scanner {
	struct reader r; /* behind `now` */
	struct token now;
};

/* At the first token. */
struct scanner scanner_of(struct bytes sql);
void scanner_next(struct scanner *s);

/* Whether a token's text is this word, in any case of letters. */
bool token_reads(const struct token *t, const char *word);
/* The same of the token at hand, which is not quoted. */
bool scanner_is(const struct scanner *s, const char *word);
/* `words` end with NULL. */
bool scanner_is_one_of(const struct scanner *s, const char *const *words);
bool scanner_is_mark(const struct scanner *s, char mark);
/* What is there is stepped over. */
bool scanner_accept(struct scanner *s, const char *word);
bool scanner_accept_mark(struct scanner *s, char mark);
/* As many of these words as there are, and IF [NOT] [EXISTS]. */
void scanner_skip(struct scanner *s, const char *const *words);
void scanner_skip_exists(struct scanner *s);

/*
 * Steps over a name, which goes into `out` with doubled quotes made single; "" when it does not fit. False:
 * it does not fit, or what is there is no name and stays.
 */
bool scanner_name(struct scanner *s, char *out, size_t size);

#endif
