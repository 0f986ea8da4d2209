/* SPDX-License-Identifier: Apache-2.0 */
/* What a character set is inside, for the files that build and apply it. */
#ifndef SOURCE_MYSQL_CHARSET_TABLE_H
#define SOURCE_MYSQL_CHARSET_TABLE_H

#include "source/mysql/charset.h"

enum charset_kind {
	CHARSET_UTF8,     /* utf8mb3 and utf8mb4: checked, then taken as it is */
	CHARSET_ASCII,
	CHARSET_UCS2,
	CHARSET_UTF16,
	CHARSET_UTF16LE,
	CHARSET_UTF32,
	CHARSET_TABLE,    /* the server's answers */
};

#define CHARSET_NO_CODE 0xffffffffu /* the set has no such code */
#define CHARSET_PLANE   65536u      /* codes of two bytes */
#define GB18030_BMP_CODES 39420u    /* 0x81308130 .. 0x8431a439 */

struct charset {
	char name[32];
	enum charset_kind kind;
	bool keeps_ascii;     /* bytes below 0x80 are ASCII */
	uint32_t single[256]; /* CHARSET_TABLE: code point, CHARSET_NO_CODE, or
				 CHARSET_LEAD */
	uint32_t *pair;       /* [first << 8 | second]; NULL: none */
	uint32_t *triple;     /* after 0x8f: [second << 8 | third] */
	uint32_t *
		four; /* gb18030's four-byte codes of the basic plane, by linear number */
};

#define CHARSET_LEAD 0xfffffffeu /* in `single`: the first byte of a longer code */

/* The code points of `text`, one call each; a code that does not exist is
 * CHARSET_NO_CODE. */
uint32_t charset_next(const struct charset *s, struct reader *r);

/* One more set of the list, known from now on; the caller fills it. */
struct charset *charset_add(struct charset_list *l, const char *name,
			    enum charset_kind kind);

#endif
