/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one encoder from a source's parsed value to a cell. The copy (text from a query) and the log
 * (bytes of an event) both end here, so a value becomes the same cell on either way.
 */
#ifndef CHANGE_CELL_H
#define CHANGE_CELL_H

#include "change/columns.h"

/* Calendar parts as the source has them; nothing is checked yet. */
struct calendar {
	int year, month, day, hour, minute, second;
	int microsecond;
};

/* Microseconds since 1970-01-01 00:00:00; false: not in the years 1 to 9999, or no such date or time. */
bool calendar_us(const struct calendar *v, int64_t *out);

/*
 * Each appends one cell to `c` and returns true; or appends NULL and returns false when the lake's
 * type cannot hold the value (zero or partial date, year 0, a date that does not exist). The caller
 * counts it or halts (--invalid-values).
 */
bool cell_date(struct column *c, const struct calendar *v);      /* STORAGE_INT32 */
bool cell_timestamp(struct column *c, const struct calendar *v); /* STORAGE_INT64 */

/*
 * A decimal from its digits. `digits` are ASCII '0'..'9' without sign and point, most significant
 * first, of which the last `scale` are fraction; the column's storage is INT32, INT64, INT128 or BYTES
 * (then the canonical text "-12.30" is appended). Leading zeros are fine.
 * Returns false without appending when the digits do not fit the storage.
 */
bool cell_decimal(struct column *c, bool is_negative, const char *digits, size_t count, uint8_t scale);

/* A TIME as text "[-]HH:MM:SS[.ffffff]" with `fraction_digits` digits, hours up to 838. */
void cell_time(struct column *c, bool is_negative, uint32_t hours, uint32_t minutes,
	       uint32_t seconds, uint32_t microseconds, unsigned fraction_digits);

#endif
