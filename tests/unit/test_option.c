/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "base/option.h"

struct values {
	char *text, *choice;
	int64_t count, size_bytes, time_ms;
	bool is_on;
	char *properties;
};

#define OPTION(field) offsetof(struct values, field)

static const struct option table[] = {
	{ "the.text", OPTION_TEXT, OPTION(text), NULL, 0, 0, NULL, "A text" },
	{ "choice", OPTION_CHOICE, OPTION(choice), "null", 0, 0, "null|halt", "A choice" },
	{ "batch.rows_max", OPTION_INT, OPTION(count), "5", -1, 10, NULL, "A count" },
	{ "size", OPTION_BYTES, OPTION(size_bytes), "64MiB", 0, INT64_MAX, NULL, "A size" },
	{ "time", OPTION_DURATION, OPTION(time_ms), "200ms", 10, 86400000, NULL, "A time" },
	{ "on", OPTION_FLAG, OPTION(is_on), NULL, 0, 0, NULL, "A flag" },
	{ "peer", OPTION_PROPERTIES, OPTION(properties), NULL, 0, 0, NULL, "Properties" },
	{ 0 },
};

enum { TEXT, CHOICE, COUNT, SIZE, TIME, ON, PEER };

static void defaults_are_stored(void **state)
{
	struct values v = { 0 };

	(void)state;
	option_defaults(table, &v);
	assert_null(v.text);
	assert_string_equal(v.choice, "null");
	assert_int_equal(v.count, 5);
	assert_int_equal(v.size_bytes, 64 << 20);
	assert_int_equal(v.time_ms, 200);
	option_release(table, &v);
}

static void one_name_has_three_spellings(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	option_flag(&b, &table[COUNT]);
	buffer_char(&b, ' ');
	option_environment(&b, &table[COUNT]);
	assert_buffer_text(b, "--batch-rows-max TAILRACE_BATCH_ROWS_MAX");
}

static void quantities_take_their_units(void **state)
{
	static const struct {
		int option;
		const char *text;
		int64_t value; /* -1: refused */
	} cases[] = {
		{ SIZE, "0", 0 }, { SIZE, "17", 17 }, { SIZE, "1GB", 1000000000 }, { SIZE, "2KiB", 2048 },
		{ SIZE, "", -1 }, { SIZE, "MiB", -1 }, { SIZE, "1 MiB", -1 }, { SIZE, "-1", -1 },
		{ SIZE, "1Mib", -1 }, { SIZE, "9223372036854775807TiB", -1 },
		{ SIZE, "99999999999999999999", -1 },
		{ TIME, "10s", 10000 }, { TIME, "5m", 300000 }, { TIME, "1d", 86400000 },
		{ TIME, "200", -1 }, { TIME, "9ms", -1 }, { TIME, "25h", -1 },
		{ COUNT, "-1", -1 }, { COUNT, "10", 10 }, { COUNT, "11", -2 }, { COUNT, "1e3", -2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct option *o = &table[cases[i].option];
		struct values v = { .count = -2, .size_bytes = -1, .time_ms = -1 };
		struct err e = ERR_INIT;
		int64_t got;
		int rc = option_store(o, &v, cases[i].text, "--it", &e);

		memcpy(&got, (char *)&v + o->offset, sizeof(got));
		assert_int_equal(got, cases[i].value);
		assert_int_equal(e.kind, rc < 0 ? ERR_CONFIG : ERR_NONE);
	}
}

static void a_wrong_value_says_what_is_right_and_stores_nothing(void **state)
{
	struct values v = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	option_defaults(table, &v);
	assert_int_equal(option_store(&table[CHOICE], &v, "nul", "--choice", &e), -1);
	assert_string_equal(e.text, "--choice: \"nul\" is none of null|halt");
	assert_int_equal(option_store(&table[CHOICE], &v, "null|halt", "--choice", &e), -1);
	assert_string_equal(v.choice, "null");
	assert_int_equal(option_store(&table[TEXT], &v, "", "--the-text", &e), -1);
	assert_int_equal(option_store(&table[ON], &v, "yes", "--on", &e), -1);
	assert_int_equal(option_store(&table[ON], &v, "true", "--on", &e), 0);
	assert_true(v.is_on);
	assert_int_equal(option_store(&table[CHOICE], &v, "halt", "--choice", &e), 0);
	assert_string_equal(v.choice, "halt");
	option_release(table, &v);
}

static void properties_add_up(void **state)
{
	struct values v = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(option_store(&table[PEER], &v, "a.b=1", "--peer", &e), 0);
	assert_int_equal(option_store(&table[PEER], &v, "c=x=y\nd=", "--peer", &e), 0);
	assert_string_equal(v.properties, "a.b=1\nc=x=y\nd=");
	assert_int_equal(option_store(&table[PEER], &v, "e", "--peer", &e), -1);
	assert_string_equal(e.text, "--peer: \"e\" is not NAME=VALUE");
	assert_int_equal(option_store(&table[PEER], &v, "f=1\n=2", "--peer", &e), -1);
	assert_string_equal(v.properties, "a.b=1\nc=x=y\nd=");
	assert_string_equal(option_placeholder(&table[PEER]), "NAME=VALUE");
	option_release(table, &v);
}

static void near_names_are_found(void **state)
{
	(void)state;
	assert_int_equal(option_distance("kitten", "sitting"), 3);
	assert_int_equal(option_distance("", "abc"), 3);
	assert_true(option_is_near("--batch-row-max", "--batch-rows-max"));
	assert_true(option_is_near("--frm", "--from"));
	assert_true(option_is_near("desc", "describe"));
	assert_false(option_is_near("--password", "--config"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_stored),
		cmocka_unit_test(one_name_has_three_spellings),
		cmocka_unit_test(quantities_take_their_units),
		cmocka_unit_test(a_wrong_value_says_what_is_right_and_stores_nothing),
		cmocka_unit_test(properties_add_up),
		cmocka_unit_test(near_names_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
