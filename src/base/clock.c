/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_sleep_us(int64_t us)
{
	struct timespec t = { us / 1000000, (us % 1000000) * 1000 };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/*
 * Both directions count in 400-year eras whose years begin on 1 March, so that the leap day is a
 * year's last day.
 */
int64_t clock_days(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void clock_date(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

int clock_days_in_month(int year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month < 1 || month > 12)
		return 0;
	return month == 2 && is_leap ? 29 : days[month - 1];
}

const char *clock_format(char *out, size_t size, int64_t us)
{
	int64_t day_us = (int64_t)86400 * 1000000;
	int64_t days = us >= 0 ? us / day_us : -((-us + day_us - 1) / day_us);
	int64_t rest = us - days * day_us;
	int64_t seconds = rest / 1000000;
	int year, month, day;

	clock_date(days, &year, &month, &day);
	snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day,
		 (int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60),
		 (int)(rest % 1000000));
	return out;
}

/* Moves on behind a number of this many digits. */
static bool take_number(const char **at, int digits, int *out)
{
	*out = 0;
	for (int i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*out = *out * 10 + (**at - '0');
	}
	return true;
}

static bool take_char(const char **at, char c)
{
	bool is_there = **at == c;

	*at += is_there;
	return is_there;
}

static bool take_date(const char **at, int64_t *days)
{
	int year, month, day;

	if (!take_number(at, 4, &year) || !take_char(at, '-') || !take_number(at, 2, &month) || !take_char(at, '-') ||
	    !take_number(at, 2, &day) || year < 1 || day < 1 || day > clock_days_in_month(year, month))
		return false;
	*days = clock_days(year, month, day);
	return true;
}

/* ":30.25", or nothing. */
static bool take_seconds(const char **at, int64_t *us)
{
	int second, digit, unit = 100000;

	if (!take_char(at, ':'))
		return true;
	if (!take_number(at, 2, &second) || second > 59)
		return false;
	*us += (int64_t)second * 1000000;
	if (!take_char(at, '.'))
		return true;
	for (; **at >= '0' && **at <= '9' && take_number(at, 1, &digit); unit /= 10)
		*us += digit * unit;
	return true;
}

static bool take_time(const char **at, int64_t *us)
{
	int hour, minute;

	if (!take_number(at, 2, &hour) || !take_char(at, ':') || !take_number(at, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*us = ((int64_t)hour * 60 + minute) * 60 * 1000000;
	return take_seconds(at, us);
}

static bool take_zone(const char **at, int64_t *us)
{
	int sign = **at == '-' ? -1 : 1, hour, minute = 0;

	*us = 0;
	if (take_char(at, 'Z') || **at == '\0')
		return true;
	if ((!take_char(at, '+') && !take_char(at, '-')) || !take_number(at, 2, &hour))
		return false;
	(void)take_char(at, ':');
	if (**at != '\0' && !take_number(at, 2, &minute))
		return false;
	*us = sign * ((int64_t)hour * 60 + minute) * 60 * 1000000;
	return hour < 24 && minute < 60;
}

bool clock_parse(const char *text, int64_t *us)
{
	int64_t days, time = 0, zone = 0;

	if (!take_date(&text, &days))
		return false;
	if (*text != '\0' && ((!take_char(&text, 'T') && !take_char(&text, ' ')) || !take_time(&text, &time) ||
			      !take_zone(&text, &zone) || *text != '\0'))
		return false;
	*us = days * 86400 * 1000000 + time - zone;
	return true;
}
