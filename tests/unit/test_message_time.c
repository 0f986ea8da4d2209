/* SPDX-License-Identifier: Apache-2.0 */
/* The times of events: texts with and without a zone, and counts whose magnitude tells the unit. */
#include "lib/test.h"

#include "message/way_read.h"

/* NULL, or why it is none. */
static const char *read_json(const char *json, int64_t *us)
{
	struct json_parser p = { 0 };
	struct json_value v;
	struct err e = ERR_INIT;
	const char *why;

	must(json_parse(&p, bytes_of_text(json), &v, &e), &e);
	why = read_event_time(&v, us);
	json_parser_release(&p);
	return why;
}

struct good {
	const char *json;
	int64_t us;
};

static void assert_good(const struct good *good, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t us;
		const char *why = read_json(good[i].json, &us);

		if (why != NULL || us != good[i].us)
			fail_msg("%s: %s, %lld", good[i].json, why != NULL ? why : "read", why != NULL ? 0 : (long long)us);
	}
}

static void texts_are_utc_unless_they_have_a_zone(void **state)
{
	static const struct good good[] = {
		{ "\"2025-01-01 00:00:02\"", 1735689602000000 },
		{ "\"2025-01-01T00:00:02\"", 1735689602000000 },
		{ "\"2025-01-01T00:00:02Z\"", 1735689602000000 },
		{ "\"2025-01-01 00:00:02 UTC\"", 1735689602000000 },
		{ "\"2025-01-01 02:00:02+02:00\"", 1735689602000000 },
		{ "\"2025-01-01 02:00:02 +0200\"", 1735689602000000 },
		{ "\"2025-01-01 02:00:02+02\"", 1735689602000000 },
		{ "\"2024-12-31T18:30:02-05:30\"", 1735689602000000 },
		{ "\"2025-01-01T00:00\"", 1735689600000000 },
		{ "\"2025-01-01T00:00:02.5\"", 1735689602500000 },
		{ "\"2025-01-01T00:00:02.123456789Z\"", 1735689602123456 },
		{ "\"1969-12-31T23:59:59.999999999\"", -1 },
		{ "\"0001-01-01 00:00:00\"", -62135596800000000 },
		{ "\"9999-12-31 23:59:59.999999\"", 253402300799999999 },
	};

	(void)state;
	assert_good(good, sizeof(good) / sizeof(good[0]));
}

static void the_magnitude_of_a_number_tells_its_unit(void **state)
{
	static const struct good good[] = {
		{ "1735689602", 1735689602000000 },
		{ "1735689602.25", 1735689602250000 },
		{ "1735689602.123456789", 1735689602123456 },
		{ "1.735689602e9", 1735689602000000 },
		{ "1735689602123", 1735689602123000 },
		{ "1735689602123.5", 1735689602123500 },
		{ "1735689602123456", 1735689602123456 },
		{ "1735689602123456789", 1735689602123456 },
		{ "0", 0 },
		{ "-0.5", -500000 },
		{ "0.0000001", 0 },
		{ "99999999999", 99999999999000000 },
		{ "100000000000", 100000000000000 },
		{ "99999999999999", 99999999999999000 },
		{ "100000000000000", 100000000000000 },
		{ "99999999999999999", 99999999999999999 },
		{ "100000000000000000", 100000000000000 },
		{ "-62135596800", -62135596800000000 },
		{ "-1735689602123", -1735689602123000 },
	};

	(void)state;
	assert_good(good, sizeof(good) / sizeof(good[0]));
}

static void what_is_no_time_is_said(void **state)
{
	static const struct {
		const char *json, *why;
	} bad[] = {
		{ "\"yesterday\"", "is no time" },
		{ "\"\"", "is no time" },
		{ "\"20250101\"", "is no time" },
		{ "\"1735689602\"", "is no time" },
		{ "\"2025-01-01\"", "is a date without a time of day" },
		{ "\"2025-01-01 \"", "is no time" },
		{ "\"2025-01-01X00:00:02\"", "is no time" },
		{ "\"2025-01-01 00\"", "is no time" },
		{ "\"2025-01-01 00:00:02.\"", "is no time" },
		{ "\"2025-01-01 00:00:02.1234567890\"", "is no time" },
		{ "\"2025-01-01 00:00:02+19:00\"", "is no time" },
		{ "\"2025-01-01 00:00:02 CET\"", "is no time" },
		{ "\"2025-02-29 00:00:02\"", "is a date or time that does not exist" },
		{ "\"2025-01-01 24:00:00\"", "is a date or time that does not exist" },
		{ "\"0000-00-00 00:00:00\"", "is a date or time that does not exist" },
		{ "\"0001-01-01 00:00:00+01:00\"", "is not in the years 1 to 9999" },
		{ "\"9999-12-31 23:59:59-01:00\"", "is not in the years 1 to 9999" },
		{ "999999999999999999999", "is not in the years 1 to 9999" },
		{ "9999999999999999999999999999", "is not in the years 1 to 9999" },
		{ "-99999999999", "is not in the years 1 to 9999" },
		{ "1e999", "is not in the years 1 to 9999" },
		{ "true", "is no time" },
		{ "[1735689602]", "is no time" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int64_t us;
		const char *why = read_json(bad[i].json, &us);

		if (why == NULL || strcmp(why, bad[i].why) != 0)
			fail_msg("%s: %s", bad[i].json, why != NULL ? why : "read");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_utc_unless_they_have_a_zone),
		cmocka_unit_test(the_magnitude_of_a_number_tells_its_unit),
		cmocka_unit_test(what_is_no_time_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
