/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <math.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

static void utf8_refuses_surrogates_and_overlong_forms(void **state)
{
	(void)state;
	assert_true(text_is_utf8(BYTES_OF("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80")));
	assert_false(text_is_utf8(BYTES_OF("\xed\xa0\x80")));
	assert_false(text_is_utf8(BYTES_OF("\xc0\x80")));
	assert_false(text_is_utf8(BYTES_OF("\xf4\x90\x80\x80")));
	assert_false(text_is_utf8(BYTES_OF("12345678\xe2\x82")));
}

static void json_text_is_escaped(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	text_json(&b, BYTES_OF("a\"b\\c\n\x01\0z"));
	assert_buffer_text(b, "\"a\\\"b\\\\c\\n\\u0001\\u0000z\"");
}

static void doubles_are_shortest_and_exact(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	text_double(&b, 0.1);
	buffer_char(&b, ' ');
	text_double(&b, 1.0 / 3);
	buffer_char(&b, ' ');
	text_double(&b, -INFINITY);
	buffer_char(&b, ' ');
	text_float(&b, 0.1f);
	buffer_char(&b, ' ');
	text_float(&b, 16777217.0f);
	buffer_char(&b, ' ');
	text_double(&b, 5e-324);
	buffer_char(&b, ' ');
	text_float(&b, 1e-45f);
	buffer_char(&b, ' ');
	text_double(&b, -0.0);
	assert_buffer_text(b, "0.1 0.3333333333333333 -Infinity 0.1 16777216 5e-324 1e-45 -0");
}

static void integers_keep_their_ends(void **state)
{
	struct buffer b = { 0 };
	int64_t v;
	uint64_t u;

	(void)state;
	text_int(&b, INT64_MIN);
	assert_true(text_parse_int(buffer_bytes(&b), &v));
	assert_true(v == INT64_MIN);
	assert_false(text_parse_int(BYTES_OF("9223372036854775808"), &v));
	assert_true(text_parse_uint(BYTES_OF("18446744073709551615"), &u));
	assert_false(text_parse_uint(BYTES_OF("18446744073709551616"), &u));
	assert_false(text_parse_uint(BYTES_OF(""), &u));
	assert_false(text_parse_int(BYTES_OF("-"), &v));
	buffer_release(&b);
}

static void base64_pads(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	text_base64(&b, BYTES_OF("f"));
	text_base64(&b, BYTES_OF("fo"));
	text_base64(&b, BYTES_OF("foo"));
	assert_buffer_text(b, "Zg==Zm8=Zm9v");
}

static void glob_knows_only_the_star(void **state)
{
	(void)state;
	assert_true(text_glob("shop.*", "shop.orders"));
	assert_true(text_glob("*.o*s", "shop.orders"));
	assert_false(text_glob("shop.order", "shop.orders"));
	assert_false(text_glob("shop?orders", "shop.orders"));
	assert_true(text_glob("*", ""));
}

static void dates_round_trip_over_all_years(void **state)
{
	(void)state;
	assert_int_equal(clock_days(1970, 1, 1), 0);
	assert_int_equal(clock_days(2000, 3, 1), 11017);
	for (int64_t day = clock_days(1, 1, 1); day <= clock_days(9999, 12, 31); day += 13) {
		int y, m, d;

		clock_date(day, &y, &m, &d);
		assert_true(d >= 1 && d <= clock_days_in_month(y, m));
		assert_int_equal(clock_days(y, m, d), day);
	}
}

static void instants_before_1970_have_positive_fractions(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(clock_format(text, sizeof(text), -1), "1969-12-31T23:59:59.999999Z");
}

static void times_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text, *is; /* NULL: refused */
	} cases[] = {
		{ "2026-08-01", "2026-08-01T00:00:00.000000Z" },
		{ "2026-08-01 10:00", "2026-08-01T10:00:00.000000Z" },
		{ "2026-08-01T10:00:30Z", "2026-08-01T10:00:30.000000Z" },
		{ "2026-08-01T10:00:30.5+02:00", "2026-08-01T08:00:30.500000Z" },
		{ "2026-08-01T10:00:30.1234569-0130", "2026-08-01T11:30:30.123456Z" },
		{ "2026-01-01 00:00+01", "2025-12-31T23:00:00.000000Z" },
		{ "0001-01-01", "0001-01-01T00:00:00.000000Z" },
		{ "", NULL },
		{ "yesterday", NULL },
		{ "2026-02-29", NULL },
		{ "2026-13-01", NULL },
		{ "2026-08-01 24:00", NULL },
		{ "2026-08-01 10", NULL },
		{ "2026-08-01 10:00:60", NULL },
		{ "2026-08-01T10:00:00 ", NULL },
		{ "2026-08-01Z", NULL },
		{ "2026-08-01 10:00+2", NULL },
		{ "0000-01-01", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[32];
		int64_t us;
		bool is_time = clock_parse(cases[i].text, &us);

		if (is_time != (cases[i].is != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (is_time)
			assert_string_equal(clock_format(text, sizeof(text), us), cases[i].is);
	}
}

static void context_goes_in_front_of_an_error(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ERR_DATA, "byte %d is wrong", 7), -1);
	assert_int_equal(err_wrap(&e, "table %s", "t"), -1);
	assert_string_equal(e.text, "table t: byte 7 is wrong");
	assert_int_equal(e.kind, ERR_DATA);
}

static void log_values_are_quoted_and_cut(void **state)
{
	char text[16];

	(void)state;
	assert_string_equal(log_quote(text, sizeof(text), "a\n\"b"), "\"a\\x0a\\\"b\"");
	assert_string_equal(log_quote(text, sizeof(text), "0123456789abcdef"),
			    "\"0123456789\xe2\x80\xa6\"");
}

static void an_error_is_one_line(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&e, ERR_DATA, "column \"%s\"", "a\nb\x1b[1m"), -1);
	assert_int_equal(err_wrap(&e, "table \"%s\"", "naïve\tone"), -1);
	assert_string_equal(e.text, "table \"naïve?one\": column \"a?b?[1m\"");
}

static void a_plain_text_has_no_control_characters(void **state)
{
	char out[8];

	(void)state;
	assert_string_equal(text_plain(out, sizeof(out), "a\x1b[2J\n\x7f"), "a?[2J??");
	assert_string_equal(text_plain(out, sizeof(out), "12345678"), "1234567");
	assert_string_equal(text_plain(out, sizeof(out), "é"), "é");
	assert_string_equal(text_plain(out, sizeof(out), NULL), "");
}

static void texts_are_cut_between_characters_and_raised(void **state)
{
	struct buffer text = { 0 };

	(void)state;
	assert_int_equal(text_prefix(BYTES_OF("a\xc3\xa9\xf4\x8f\xbf\xbfz"), 2), 3);
	assert_int_equal(text_prefix(BYTES_OF("a\xc3\xa9\xf4\x8f\xbf\xbfz"), 3), 7);
	assert_int_equal(text_prefix(BYTES_OF("ab"), 9), 2);
	buffer_text(&text, "a\xed\x9f\xbf"); /* no character stands between U+D7FF and U+E000 */
	assert_true(text_raise(&text));
	assert_buffer_text(text, "a\xee\x80\x80");
	buffer_text(&text, "a\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf");
	assert_true(text_raise(&text));
	assert_buffer_text(text, "b");
	buffer_text(&text, "\xf4\x8f\xbf\xbf");
	assert_false(text_raise(&text));
	assert_int_equal(text.size, 0);
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_refuses_surrogates_and_overlong_forms),
		cmocka_unit_test(json_text_is_escaped),
		cmocka_unit_test(doubles_are_shortest_and_exact),
		cmocka_unit_test(integers_keep_their_ends),
		cmocka_unit_test(base64_pads),
		cmocka_unit_test(glob_knows_only_the_star),
		cmocka_unit_test(dates_round_trip_over_all_years),
		cmocka_unit_test(instants_before_1970_have_positive_fractions),
		cmocka_unit_test(times_are_read_as_people_write_them),
		cmocka_unit_test(context_goes_in_front_of_an_error),
		cmocka_unit_test(log_values_are_quoted_and_cut),
		cmocka_unit_test(an_error_is_one_line),
		cmocka_unit_test(a_plain_text_has_no_control_characters),
		cmocka_unit_test(texts_are_cut_between_characters_and_raised),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
