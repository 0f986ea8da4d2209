/* SPDX-License-Identifier: Apache-2.0 */
/* How the JSON values of one member become cells: chosen once from what they are in the message and in the lake. */
#ifndef MESSAGE_WAY_H
#define MESSAGE_WAY_H

#include "base/json.h"
#include "change/columns.h"

/* What a value is in the message. */
enum coding {
	CODING_PLAIN,      /* as JSON has it: numbers, also in texts; dates and times as ISO 8601 has them */
	CODING_BASE64,     /* bytes */
	CODING_BASE64_URL,
	CODING_HEX,        /* with or without 0x */
	CODING_LATIN1,     /* a character for each byte */
	CODING_UNSCALED,   /* base64 of the big-endian two's complement of value * 10^scale */
	CODING_VARIABLE,   /* {"scale":…,"value":unscaled} */
	CODING_WRAPPED,    /* an unsigned number of 64 bits, negative from 2^63 on */
	CODING_BITS,       /* base64 of the little-endian number */
	CODING_TIME,       /* time of day or duration, counted in 10^-unit seconds */
	CODING_TIMESTAMP,  /* since 1970, counted in 10^-unit seconds */
	CODING_ENUM,       /* a label in which a comma has a backslash before it */
	CODING_SET,        /* labels: a text, or a list of them */
	CODING_GEOMETRY,   /* {"wkb":base64,"srid":…} */
	CODING_VECTOR,     /* a list of floats */
	CODINGS,
};

#define TIME_DIGITS_SHORTEST 7u

struct encoding {
	enum coding coding;
	uint8_t scale;       /* UNSCALED */
	uint8_t unit;        /* TIME, TIMESTAMP: 3, 6 or 9 */
	uint8_t time_digits; /* TIME: digits of the fraction, or TIME_DIGITS_SHORTEST */
};

struct way;

/* Why a way could not read a date or time that is well written and does not exist: this very text; it appended NULL. */
extern const char way_no_such_date[];

/*
 * Appends one cell of a value that is not null and returns NULL; or returns why it cannot, to be put behind the
 * value ("is not a number"). Then the column may have the cell or not: the caller cuts the row off.
 */
typedef const char *way_read(const struct way *, const struct json_value *, struct column *);

struct way {
	way_read *read;
	enum type type; /* the field's, with its precision and scale */
	uint8_t precision, scale;
	struct encoding from;
};

/* false when such values do not become cells of this field's type. */
bool way_choose(struct way *w, const struct encoding *from, const struct field *f);
const char *coding_name(enum coding c); /* for sentences: "a time" */

#endif
