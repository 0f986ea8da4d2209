/* SPDX-License-Identifier: Apache-2.0 */
/* Wall and monotonic time, and calendar arithmetic that needs no time zone. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

int64_t clock_now_us(void);        /* microseconds since 1970, UTC */
int64_t clock_monotonic_us(void);  /* for intervals only */
void clock_sleep_us(int64_t us);

/* Days since 1970-01-01 of a proleptic Gregorian date; the date must exist. */
int64_t clock_days(int year, int month, int day);
/* The reverse, for any day in years 1..9999. */
void clock_date(int64_t days, int *year, int *month, int *day);
int clock_days_in_month(int year, int month);

/* "2026-08-01T10:00:00.123456Z" into out (at least 28 bytes). */
const char *clock_format(char *out, size_t size, int64_t us);
/*
 * The reverse, of what people write, too: "2026-08-01", "2026-08-01 10:00", "2026-08-01T12:00:00.5+02:00"; without a zone it
 * is UTC. false: it is no such time.
 */
bool clock_parse(const char *text, int64_t *us);

#endif
