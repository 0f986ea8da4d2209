/* SPDX-License-Identifier: Apache-2.0 */
/* Dates and times of day as ISO 8601 texts. */
#include "message/put.h"

#define DAY_US ((int64_t)86400 * 1000000)

/* The proleptic Gregorian calendar, counted in years that begin with March, so that the leap day is the last. */
uint8_t *put_date(uint8_t *at, int32_t days)
{
	int64_t shifted = (int64_t)days + 719468; /* since 0000-03-01 */
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	uint32_t day_of_era = (uint32_t)(shifted - era * 146097);
	uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint32_t month = (5 * day_of_year + 2) / 153; /* 0: March */
	uint32_t day = day_of_year - (153 * month + 2) / 5 + 1;
	int64_t year = (int64_t)year_of_era + era * 400 + (month >= 10);
	uint32_t shown = year < 0 ? 0 : year > 9999 ? 9999 : (uint32_t)year;

	at = put_two(at, shown / 100);
	at = put_two(at, shown % 100);
	*at++ = '-';
	at = put_two(at, month < 10 ? month + 3 : month - 9);
	*at++ = '-';
	return put_two(at, day);
}

uint8_t *put_clock(uint8_t *at, int64_t us, unsigned fraction_digits)
{
	uint32_t seconds = (uint32_t)(us / 1000000), fraction = (uint32_t)(us % 1000000);

	at = put_two(at, seconds / 3600);
	*at++ = ':';
	at = put_two(at, seconds / 60 % 60);
	*at++ = ':';
	at = put_two(at, seconds % 60);
	if (fraction_digits == 0 || (fraction_digits == PUT_FRACTION_SHORTEST && fraction == 0))
		return at;
	*at++ = '.';
	put_two(at, fraction / 10000);
	put_two(at + 2, fraction / 100 % 100);
	put_two(at + 4, fraction % 100);
	if (fraction_digits != PUT_FRACTION_SHORTEST)
		return at + fraction_digits;
	for (at += 6; at[-1] == '0';)
		at--;
	return at;
}

uint8_t *put_timestamp(uint8_t *at, int64_t us, unsigned fraction_digits)
{
	int64_t days = us / DAY_US - (us % DAY_US < 0);

	at = put_date(at, (int32_t)days);
	*at++ = 'T';
	at = put_clock(at, us - days * DAY_US, fraction_digits);
	*at++ = 'Z';
	return at;
}
