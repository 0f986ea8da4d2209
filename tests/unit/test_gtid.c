/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "source/mysql/gtid.h"

#define A "00000000-0000-0000-0000-00000000000a"
#define B "00000000-0000-0000-0000-00000000000b"

static struct gtid_set parsed(const char *text, bool is_mariadb)
{
	struct gtid_set s = { .is_mariadb = is_mariadb };
	struct err e = ERR_INIT;

	must(gtid_set_parse(&s, is_mariadb, bytes_of_text(text), &e), &e);
	return s;
}

static void assert_set(struct gtid_set *s, const char *expected)
{
	struct buffer out = { 0 };

	gtid_set_format(s, &out);
	assert_buffer_text(out, expected);
}

static void assert_canonical(const char *text, const char *expected, bool is_mariadb)
{
	struct gtid_set s = parsed(text, is_mariadb);

	assert_set(&s, expected);
	gtid_set_release(&s);
}

static void sets_are_written_in_one_way(void **state)
{
	(void)state;
	assert_canonical("", "", false);
	assert_canonical(B ":1-3 ,\n" A ":5", A ":5," B ":1-3", false);
	assert_canonical(A ":4-6:1-3:8", A ":1-6:8", false);
	assert_canonical(A ":1:Tag_1:2-3:5", A ":1:tag_1:2-3:5", false);
	assert_canonical(A ":b:1," A ":a:1," A ":7", A ":7:a:1:b:1", false);
	assert_canonical("0-1-5,3-2-9", "0-1-5,3-2-9", true);
}

static void what_is_no_set_is_refused(void **state)
{
	static const char *const bad[] = {
		"x",        A,           A ":",
		A ":0",     A ":5-3",    A ":1-",
		A ":1-2-3", A ":9tag:1", A ":1:99999999999999999999",
		"0000:1"
	};
	struct gtid_set s = { .is_mariadb = false };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes text = bytes_of_text(bad[i]);

		assert_int_equal(gtid_set_parse(&s, false, text, &e), -1);
	}
	assert_int_equal(gtid_set_parse(&s, true, BYTES_OF("1-2"), &e), -1);
	assert_int_equal(gtid_set_parse(&s, true, BYTES_OF("1-2-3-4"), &e), -1);
}

static void adding_closes_gaps(void **state)
{
	struct gtid_set s = parsed(A ":1-3:5", false);
	struct gtid g = { .number = 4 };

	(void)state;
	g.uuid[15] = 10;
	assert_false(gtid_set_has(&s, &g));
	gtid_set_add(&s, &g);
	assert_true(gtid_set_has(&s, &g));
	assert_set(&s, A ":1-5");
	g.number = 3;
	gtid_set_remove(&s, &g);
	assert_set(&s, A ":1-2:4-5");
	g.number = 1;
	gtid_set_remove(&s, &g);
	assert_set(&s, A ":2:4-5");
	memcpy(g.tag, "t", 2);
	gtid_set_add(&s, &g);
	assert_set(&s, A ":2:4-5:t:1");
	gtid_set_release(&s);
}

static void a_range_swallows_what_it_covers(void **state)
{
	struct gtid_set s = parsed(A ":1:3:5:7:9-20:30", false);
	struct gtid_range r = { .first = 2, .last = 12 };

	(void)state;
	r.uuid[15] = 10;
	gtid_set_add_range(&s, &r);
	assert_set(&s, A ":1-20:30");
	gtid_set_release(&s);
}

static void a_set_contains_its_parts(void **state)
{
	struct gtid_set all = parsed(A ":1-10:t:1-3," B ":5", false),
			part = parsed(A ":2-3:7:t:3", false);
	struct gtid_set other = parsed(A ":9-11", false),
			tagged = parsed(B ":t:5", false);

	(void)state;
	assert_true(gtid_set_contains(&all, &part));
	assert_false(gtid_set_contains(&part, &all));
	assert_false(gtid_set_contains(&all, &other));
	assert_false(gtid_set_contains(&all, &tagged));
	gtid_set_release(&all);
	gtid_set_release(&part);
	gtid_set_release(&other);
	gtid_set_release(&tagged);
}

static void a_domain_has_all_up_to_its_last(void **state)
{
	struct gtid_set s = parsed("0-1-5", true);
	struct gtid g = { .is_mariadb = true, .server = 2, .number = 4 };

	(void)state;
	assert_true(gtid_set_has(&s, &g));
	g.number = 6;
	assert_false(gtid_set_has(&s, &g));
	gtid_set_add(&s, &g);
	assert_set(&s, "0-2-6");
	gtid_set_step_back(&s, &g);
	assert_set(&s, "0-2-5");
	gtid_set_release(&s);
}

static void sets_survive_the_wire(void **state)
{
	static const char *const sets[] = { "", A ":1-4", A ":1-4:7," B ":2",
					    A ":1:tag:3-9," B ":x:1" };
	struct gtid_set s, again = { .is_mariadb = false };
	struct buffer wire = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		s = parsed(sets[i], false);
		buffer_clear(&wire);
		gtid_set_encode(&s, &wire);
		assert_int_equal(gtid_set_decode(&again, buffer_bytes(&wire), &e), 0);
		assert_set(&again, sets[i]);
		gtid_set_release(&s);
	}
	assert_int_equal(
		gtid_set_decode(&again, (struct bytes){ wire.data, wire.size - 1 }, &e),
		-1);
	gtid_set_release(&again);
	buffer_release(&wire);
}

static void an_untagged_set_has_the_old_wire_form(void **state)
{
	struct gtid_set s = parsed(A ":1-4", false);
	struct buffer wire = { 0 };

	(void)state;
	gtid_set_encode(&s, &wire);
	assert_int_equal(wire.size, 8 + 16 + 8 + 16);
	assert_int_equal(wire.data[0], 1);
	assert_int_equal(wire.data[7], 0);
	assert_int_equal(wire.data[40], 5); /* one past the last */
	buffer_release(&wire);
	gtid_set_release(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_written_in_one_way),
		cmocka_unit_test(what_is_no_set_is_refused),
		cmocka_unit_test(adding_closes_gaps),
		cmocka_unit_test(a_range_swallows_what_it_covers),
		cmocka_unit_test(a_set_contains_its_parts),
		cmocka_unit_test(a_domain_has_all_up_to_its_last),
		cmocka_unit_test(sets_survive_the_wire),
		cmocka_unit_test(an_untagged_set_has_the_old_wire_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
