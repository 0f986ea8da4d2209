/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of cells, for way.c's table. */
#ifndef MESSAGE_WAY_READ_H
#define MESSAGE_WAY_READ_H

#include "message/way.h"

/* Digits of a decimal number: "-12.30" is 1230 with 2 of them behind the point. */
#define DECIMAL_DIGITS_MAX 200u
struct decimal {
	bool is_negative;
	unsigned count;
	int scale;
	char digits[DECIMAL_DIGITS_MAX];
};

/* Appends it to a DECIMAL or STRING column; way_read's result. */
const char *decimal_add(const struct way *w, const struct decimal *d, struct column *c);
/*
 * Of a number's text, with or without an exponent. Scanned, the scale may be negative: 1E3 is 1 with -3; parsed, it is
 * not: 1000 with 0.
 */
bool decimal_scan(struct decimal *d, struct bytes text);
bool decimal_parse(struct decimal *d, struct bytes text);
/* Appends a signed 64-bit number to a column of any numeric type; way_read's result. */
const char *integer_add(const struct way *w, int64_t v, struct column *c);

const char *unsigned_add(const struct way *w, uint64_t v, struct column *c);

/*
 * The time of an event in microseconds since 1970 UTC; way_read's result. A text is a date and a time of day with at most
 * nine digits of its second, of which those behind the sixth do not count; without a zone it is UTC. A number's
 * magnitude tells its unit: below 10^11 seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds.
 */
const char *read_event_time(const struct json_value *v, int64_t *us);

way_read read_boolean, read_integer, read_float, read_double, read_decimal, read_string;
way_read read_base64, read_base64_url, read_hex, read_latin1, read_unscaled, read_variable, read_bits, read_wrapped;
way_read read_date, read_timestamp, read_time, read_enum, read_set, read_geometry, read_vector;

#endif
