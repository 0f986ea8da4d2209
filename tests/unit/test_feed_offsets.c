/* SPDX-License-Identifier: Apache-2.0 */
/* The position of a table that comes from topics. */
#include "lib/test.h"

#include "feed/offsets.h"

static void a_position_is_read_back(void **state)
{
	struct offsets o = { 0 }, begin = { 0 }, again = { 0 }, begin_again = { 0 }, copy = { 0 };
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(offsets_get(&o, "t", 0), -1);
	offsets_set(&o, "shop.orders", 2, 9000000000);
	offsets_set(&o, "shop.orders", 0, 5);
	offsets_set(&o, "a \"topic\"", 0, 0);
	offsets_set(&begin, "shop.orders", 1, 3);
	offsets_format(&o, &begin, &text);
	assert_string_equal(buffer_string(&text), "{\"topics\":{\"a \\\"topic\\\"\":[0],\"shop.orders\":[5,-1,9000000000]},"
						  "\"begin\":{\"shop.orders\":[-1,3]}}");
	must(offsets_parse(&again, &begin_again, buffer_string(&text), &e), &e);
	assert_int_equal(offsets_get(&begin_again, "shop.orders", 1), 3);
	assert_int_equal(offsets_get(&again, "shop.orders", 2), 9000000000);
	assert_int_equal(offsets_get(&again, "shop.orders", 1), -1);
	assert_int_equal(offsets_get(&again, "shop.orders", 3), -1);
	offsets_copy(&copy, &again);
	offsets_set(&again, "shop.orders", 0, 6);
	assert_int_equal(offsets_get(&copy, "shop.orders", 0), 5);
	offsets_release(&o);
	offsets_release(&begin);
	offsets_release(&again);
	offsets_release(&begin_again);
	offsets_release(&copy);
	buffer_release(&text);
}

static void a_place_goes_with_its_topic(void **state)
{
	struct offsets o = { 0 }, begin = { 0 }, again = { 0 }, copy = { 0 };
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	offsets_set(&o, "a.jsonl", 0, 7);
	offsets_set(&o, "t", 0, 3);
	offsets_set(&o, "z.jsonl", 0, 1);
	offsets_set_place(&o, "a.jsonl", "{\"bytes\":1}");
	offsets_set_place(&o, "a.jsonl", "{\"bytes\":81}");
	offsets_set_place(&o, "z.jsonl", "{}");
	offsets_format(&o, &begin, &text);
	assert_string_equal(buffer_string(&text), "{\"topics\":{\"a.jsonl\":[7],\"t\":[3],\"z.jsonl\":[1]},\"begin\":{},"
						  "\"places\":{\"a.jsonl\":{\"bytes\":81},\"z.jsonl\":{}}}");
	must(offsets_parse(&again, &begin, buffer_string(&text), &e), &e);
	offsets_copy(&copy, &again);
	assert_string_equal(offsets_place(&copy, "a.jsonl"), "{\"bytes\":81}");
	assert_null(offsets_place(&copy, "t"));
	assert_null(offsets_place(&copy, "another"));
	offsets_release(&o);
	offsets_release(&begin);
	offsets_release(&again);
	offsets_release(&copy);
	buffer_release(&text);
}

static void the_lesser_of_two_offsets_is_kept(void **state)
{
	struct offsets to = { 0 }, from = { 0 };

	(void)state;
	offsets_set(&to, "t", 0, 5);
	offsets_set(&to, "t", 1, 5);
	offsets_set(&from, "t", 0, 3);
	offsets_set(&from, "t", 2, 7);
	offsets_set(&from, "u", 1, -1);
	offsets_least(&to, &from);
	assert_int_equal(offsets_get(&to, "t", 0), 3);
	assert_int_equal(offsets_get(&to, "t", 1), 5);
	assert_int_equal(offsets_get(&to, "t", 2), 7);
	assert_int_equal(offsets_partitions(&to, "u"), 2);
	offsets_release(&to);
	offsets_release(&from);
}

static void what_is_no_position_is_refused(void **state)
{
	static const char *const texts[] = {
		"", "{}", "[]", "{\"topics\":1}", "{\"topics\":{\"t\":[]}}", "{\"topics\":{\"t\":[1,\"2\"]}}",
		"{\"topics\":{\"t\":[-2]}}", "{\"topics\":{\"t\":[1.5]}}", "{\"topics\":{\"t\":[1],\"t\":[2]}}",
		"{\"topics\":{\"t\":[1,2]},\"places\":{\"t\":{}}}", "{\"topics\":{\"t\":[1]},\"places\":{\"u\":{}}}",
		"{\"topics\":{\"t\":[1]},\"places\":{\"t\":1}}", "{\"topics\":{\"t\":[1]},\"places\":[]}",
		"{\"server\":\"uuid\",\"file\":\"binlog.000001\"}", "{\"topics\":{\"t\":[1]},\"begin\":[1]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct offsets o = { 0 }, begin = { 0 };
		struct err e = ERR_INIT;

		assert_int_equal(offsets_parse(&o, &begin, texts[i], &e), -1);
		assert_int_equal(e.kind, ERR_DATA);
		assert_int_equal(o.topic_count, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_position_is_read_back),
		cmocka_unit_test(a_place_goes_with_its_topic),
		cmocka_unit_test(the_lesser_of_two_offsets_is_kept),
		cmocka_unit_test(what_is_no_position_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
