/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of dates and times, from counts and from texts. */
#include "base/clock.h"
#include "base/text.h"
#include "change/cell.h"
#include "message/way_read.h"

#define DAY_MIN  (-719162)  /* 0001-01-01 */
#define DAY_MAX  2932896    /* 9999-12-31 */
#define DAY_US   ((int64_t)86400 * 1000000)

const char way_no_such_date[] = "is a date or time that does not exist";

/* Reads forward through a text; a failed read leaves it where it is. */
struct scan {
	const uint8_t *at, *end;
};

static bool scan_char(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != (uint8_t)c)
		return false;
	s->at++;
	return true;
}

/* Exactly `digits` of them. */
static bool scan_number(struct scan *s, unsigned digits, int *out)
{
	int v = 0;

	if ((size_t)(s->end - s->at) < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		if (s->at[i] < '0' || s->at[i] > '9')
			return false;
		v = v * 10 + (s->at[i] - '0');
	}
	s->at += digits;
	*out = v;
	return true;
}

static bool scan_date(struct scan *s, struct calendar *v)
{
	return scan_number(s, 4, &v->year) && scan_char(s, '-') && scan_number(s, 2, &v->month) &&
	       scan_char(s, '-') && scan_number(s, 2, &v->day);
}

/* ".123456000": digits beyond the sixth must be 0. */
static bool scan_fraction(struct scan *s, int *microsecond)
{
	int digit, unit = 100000;

	*microsecond = 0;
	if (!scan_char(s, '.'))
		return true;
	while (scan_number(s, 1, &digit)) {
		if (unit == 0 && digit != 0)
			return false;
		*microsecond += digit * unit;
		unit /= 10;
	}
	return true;
}

/* At most nine digits; those behind the sixth do not count. */
static bool scan_nanoseconds(struct scan *s, int *microsecond)
{
	int digit, v = 0;
	unsigned count = 0;

	*microsecond = 0;
	if (!scan_char(s, '.'))
		return true;
	for (; count < 9 && scan_number(s, 1, &digit); count++)
		v = v * 10 + digit;
	for (unsigned i = count; i < 9; i++)
		v *= 10;
	*microsecond = v / 1000;
	return count > 0;
}

static bool scan_seconds(struct scan *s, struct calendar *v)
{
	if (!scan_number(s, 2, &v->hour) || !scan_char(s, ':') || !scan_number(s, 2, &v->minute))
		return false;
	return !scan_char(s, ':') || scan_number(s, 2, &v->second);
}

static bool scan_clock(struct scan *s, struct calendar *v)
{
	return scan_seconds(s, v) && scan_fraction(s, &v->microsecond);
}

/* "Z" or nothing is 0; "+02:00", "-0530". */
static bool scan_zone(struct scan *s, int *minutes)
{
	int hour, minute = 0;
	bool is_west;

	*minutes = 0;
	if (scan_char(s, 'Z') || s->at == s->end)
		return true;
	is_west = scan_char(s, '-');
	if ((!is_west && !scan_char(s, '+')) || !scan_number(s, 2, &hour))
		return false;
	if ((scan_char(s, ':') || s->at < s->end) && !scan_number(s, 2, &minute))
		return false;
	*minutes = (hour * 60 + minute) * (is_west ? -1 : 1);
	return true;
}

static struct scan scan_of(const struct json_value *v)
{
	return (struct scan){ v->text.data, v->text.data + v->text.size };
}

static const char *date_text(const struct json_value *v, struct column *c)
{
	struct scan s = scan_of(v);
	struct calendar parts = { 0 };
	int zone;

	if (!scan_date(&s, &parts))
		return "is not a date";
	if (scan_char(&s, 'T') || scan_char(&s, ' ')) {
		if (!scan_clock(&s, &parts) || parts.hour + parts.minute + parts.second + parts.microsecond > 0)
			return "is not a date alone";
	}
	if (!scan_zone(&s, &zone) || s.at < s.end || zone != 0)
		return "is not a date";
	return cell_date(c, &parts) ? NULL : way_no_such_date;
}

const char *read_date(const struct way *w, const struct json_value *v, struct column *c)
{
	int64_t days;

	(void)w;
	if (v->type == JSON_STRING)
		return date_text(v, c);
	if (v->type != JSON_NUMBER || !text_parse_int(v->text, &days))
		return "is not a date";
	if (days < DAY_MIN || days > DAY_MAX)
		return "is a date beyond the years 1 to 9999";
	column_add_int32(c, (int32_t)days);
	return NULL;
}

static const char *timestamp_text(const struct way *w, const struct json_value *v, struct column *c)
{
	struct scan s = scan_of(v);
	struct calendar parts = { 0 };
	int64_t us;
	int zone = 0;

	if (!scan_date(&s, &parts))
		return "is not a timestamp";
	if (s.at < s.end && (!(scan_char(&s, 'T') || scan_char(&s, ' ')) || !scan_clock(&s, &parts)))
		return "is not a timestamp of microseconds";
	(void)scan_char(&s, ' ');
	if (!scan_zone(&s, &zone) || s.at < s.end)
		return "is not a timestamp of microseconds";
	if (zone != 0 && w->type == TYPE_TIMESTAMP_NTZ)
		return "has a time zone, but the column has none";
	if (!cell_timestamp(c, &parts))
		return way_no_such_date;
	us = column_int64(c, c->row_count - 1) - (int64_t)zone * 60 * 1000000;
	memcpy(c->values + (size_t)(c->row_count - 1) * sizeof(us), &us, sizeof(us));
	return NULL;
}

/* A count of 10^-unit seconds in microseconds; false when those do not hold it. */
static bool to_microseconds(int64_t v, uint8_t unit, int64_t *us)
{
	if (unit == 9) {
		*us = v / 1000;
		return v % 1000 == 0;
	}
	return !__builtin_mul_overflow(v, (int64_t)(unit == 3 ? 1000 : 1), us);
}

const char *read_timestamp(const struct way *w, const struct json_value *v, struct column *c)
{
	int64_t count, us;

	if (v->type == JSON_STRING)
		return timestamp_text(w, v, c);
	if (v->type != JSON_NUMBER || !text_parse_int(v->text, &count))
		return "is not a timestamp";
	if (w->from.coding != CODING_TIMESTAMP)
		return "is a bare number: what it counts is not said";
	if (!to_microseconds(count, w->from.unit, &us) || us < DAY_MIN * DAY_US || us >= (DAY_MAX + 1) * DAY_US)
		return "is a timestamp that microseconds of the years 1 to 9999 do not hold (or of another unit)";
	column_add_int64(c, us);
	return NULL;
}

static unsigned shortest_digits(uint32_t microseconds)
{
	unsigned digits = 6;

	while (digits > 0 && microseconds % 10 == 0) {
		microseconds /= 10;
		digits--;
	}
	return digits;
}

/* "[-]H…:MM[:SS[.f…]][Z]" in microseconds. */
static bool time_text(struct bytes text, int64_t *us)
{
	struct scan s = { text.data, text.data + text.size };
	struct calendar v = { 0 };
	bool is_negative = scan_char(&s, '-');
	int hours = 0, digit;

	while (hours < 1000 && scan_number(&s, 1, &digit))
		hours = hours * 10 + digit;
	if (!scan_char(&s, ':') || !scan_number(&s, 2, &v.minute) || (scan_char(&s, ':') && !scan_number(&s, 2, &v.second)))
		return false;
	if (!scan_fraction(&s, &v.microsecond))
		return false;
	(void)scan_char(&s, 'Z');
	*us = (((int64_t)hours * 60 + v.minute) * 60 + v.second) * 1000000 + v.microsecond;
	*us = is_negative ? -*us : *us;
	return s.at == s.end;
}

#define TIME_US_MAX (10000 * (DAY_US / 24))

const char *read_time(const struct way *w, const struct json_value *v, struct column *c)
{
	unsigned digits = w->from.time_digits;
	int64_t count, us;
	uint64_t rest;

	if (v->type == JSON_STRING) {
		if (!time_text(v->text, &us))
			return "is not a time";
	} else if (v->type != JSON_NUMBER || !text_parse_int(v->text, &count)) {
		return "is not a time";
	} else if (!to_microseconds(count, w->from.unit, &us)) {
		return "is a time that microseconds do not hold";
	}
	if (us <= -TIME_US_MAX || us >= TIME_US_MAX)
		return "is a time of 10000 hours or more";
	rest = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
	if (digits == TIME_DIGITS_SHORTEST)
		digits = shortest_digits((uint32_t)(rest % 1000000));
	cell_time(c, us < 0, (uint32_t)(rest / 3600000000u), (uint32_t)(rest / 60000000 % 60),
		  (uint32_t)(rest / 1000000 % 60), (uint32_t)(rest % 1000000), digits);
	return NULL;
}

#define ZONE_MINUTES_MAX (18 * 60)
#define BEYOND_YEARS     "is not in the years 1 to 9999"

static const char *event_time_text(const struct json_value *v, int64_t *us)
{
	struct scan s = scan_of(v);
	struct calendar parts = { 0 };
	int zone = 0;

	if (!scan_date(&s, &parts))
		return "is no time";
	if (s.at == s.end)
		return "is a date without a time of day";
	if (!(scan_char(&s, 'T') || scan_char(&s, ' ')) || !scan_seconds(&s, &parts) ||
	    !scan_nanoseconds(&s, &parts.microsecond))
		return "is no time";
	(void)scan_char(&s, ' ');
	if (s.end - s.at == 3 && memcmp(s.at, "UTC", 3) == 0)
		s.at = s.end;
	if (!scan_zone(&s, &zone) || s.at < s.end || zone > ZONE_MINUTES_MAX || zone < -ZONE_MINUTES_MAX)
		return "is no time";
	if (!calendar_us(&parts, us))
		return way_no_such_date;
	*us -= (int64_t)zone * 60 * 1000000;
	return NULL;
}

/* The digits before the point tell the unit (way_read.h); then the point is moved to where microseconds end. */
static const char *event_time_number(const struct json_value *v, int64_t *us)
{
	struct decimal d;
	int64_t count = 0;
	int digits;

	if (!decimal_scan(&d, v->text))
		return "is no time";
	digits = (int)d.count - d.scale;
	digits += digits <= 11 ? 6 : digits <= 14 ? 3 : digits <= 17 ? 0 : -3;
	if (digits > 18)
		return BEYOND_YEARS;
	for (int i = 0; i < digits; i++)
		count = count * 10 + (i < (int)d.count ? d.digits[i] - '0' : 0);
	*us = d.is_negative ? -count : count;
	return NULL;
}

const char *read_event_time(const struct json_value *v, int64_t *us)
{
	const char *why = v->type == JSON_STRING ? event_time_text(v, us) :
			  v->type == JSON_NUMBER ? event_time_number(v, us) : "is no time";

	if (why == NULL && (*us < DAY_MIN * DAY_US || *us >= (DAY_MAX + 1) * DAY_US))
		return BEYOND_YEARS;
	return why;
}
