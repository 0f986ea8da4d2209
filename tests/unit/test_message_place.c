/* SPDX-License-Identifier: Apache-2.0 */
/* The order of events at their source, and what a table keeps of it. */
#include "lib/test.h"

#include "base/memory.h"
#include "feed/seen.h"

static struct message event(const char *file, uint64_t offset, const char *gtid, int64_t time_us)
{
	return (struct message){ .log_name = "shop",
				 .origin = { .connector = "mysql", .log_file = file, .log_offset = offset, .gtid = gtid,
					     .time_us = time_us, .server_id = 7 } };
}

static struct log_place place(const struct message *m)
{
	struct log_place p;

	assert_true(message_place(m, &p));
	return p;
}

static bool older(struct message a, struct message b)
{
	struct log_place x = place(&a), y = place(&b);

	return place_is_of_log(&x, &y) && place_is_older(&x, &y);
}

static void file_and_offset_tell_the_order_as_far_as_the_time_agrees(void **state)
{
	(void)state;
	assert_true(older(event("b.999999", 9, NULL, 5), event("b.999999", 10, NULL, 5)));
	assert_true(older(event("b.999999", 9, NULL, 5), event("b.1000000", 4, NULL, 5)));
	assert_false(older(event("b.1000000", 4, NULL, 5), event("b.999999", 9, NULL, 5)));
	assert_false(older(event("b.999999", 9, NULL, 5), event("b.999999", 9, NULL, 5)));
	assert_false(older(event("b.000001", 4, NULL, 6), event("b.000009", 9, NULL, 5)));
	assert_false(older(event("a.000001", 4, NULL, 5), event("b.000009", 9, NULL, 5)));
}

static void a_later_gtid_is_never_older(void **state)
{
	(void)state;
	assert_true(older(event("b.000001", 4, "u-u:8", 5), event("b.000001", 9, "u-u:9", 5)));
	assert_false(older(event("b.000001", 4, "u-u:10", 5), event("b.000009", 9, "u-u:9", 5)));
	assert_false(older(event("b.000001", 4, "v-v:8", 5), event("b.000001", 9, "u-u:9", 5)));
	assert_true(older(event("b.000001", 4, "0-1-8", 5), event("b.000001", 9, "0-2-9", 5)));
	assert_false(older(event("b.000001", 4, "1-1-8", 5), event("b.000001", 9, "0-1-9", 5)));
}

static void lsns_are_compared_behind_the_commits_before_them(void **state)
{
	struct message one = event(NULL, 100, NULL, 9), two = event(NULL, 110, NULL, 5);

	(void)state;
	one.commit_offset = 120; /* began first, committed last */
	two.commit_offset = 90;
	assert_false(older(one, two));
	two.origin.time_us = 4;
	assert_false(older(one, two));
	one.origin.time_us = 4;
	assert_true(older(two, one));
}

static void what_is_not_said_is_not_compared(void **state)
{
	struct message m = event("b.000001", 4, NULL, 5);
	struct log_place p;

	(void)state;
	m.is_snapshot = true;
	assert_false(message_place(&m, &p));
	m = event("b.000001", 4, NULL, 5);
	m.log_name = NULL;
	assert_false(message_place(&m, &p));
	m = event("b.000001", 4, NULL, 0);
	assert_false(message_place(&m, &p));
	m = event(NULL, 4, NULL, 5);
	assert_false(message_place(&m, &p));
}

static bool see(struct seen *s, uint32_t partition, struct message m)
{
	struct log_place p = place(&m);

	return seen_before(seen_at(s, "topic", partition), &p);
}

static void each_partition_keeps_the_newest_place_of_its_logs(void **state)
{
	struct seen s = { 0 }, again;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_false(see(&s, 2, event("b.000001", 9, "u-u:9", 5)));
	assert_true(see(&s, 2, event("b.000001", 4, "u-u:8", 5)));
	assert_false(see(&s, 0, event("b.000001", 4, "u-u:8", 5)));
	assert_false(see(&s, 2, event("b.000001", 3, "v-v:1", 5)));
	assert_true(see(&s, 2, event("b.000001", 4, "u-u:8", 5)));
	seen_at(&s, "topic", 0)->is_whole = true;
	buffer_text(&text, "{\"seen\":");
	seen_format(&s, &text);
	buffer_char(&text, '}');
	assert_string_equal(buffer_string(&text),
			    "{\"seen\":{\"topic\":[[1,[\"mysql\",\"shop\",7,\"u-u\",8,\"b.000001\",0,4,5]],null,"
			    "[0,[\"mysql\",\"shop\",7,\"u-u\",9,\"b.000001\",0,9,5],"
			    "[\"mysql\",\"shop\",7,\"v-v\",1,\"b.000001\",0,3,5]]]}}");
	must(seen_parse(&again, buffer_string(&text), &e), &e);
	seen_release(&s);
	assert_true(seen_at(&again, "topic", 0)->is_whole);
	assert_true(see(&again, 2, event("b.000001", 4, "u-u:8", 5)));
	assert_false(see(&again, 1, event("b.000001", 4, "u-u:8", 5)));
	seen_widened(&again);
	assert_false(seen_at(&again, "topic", 0)->is_whole);
	seen_release(&again);
	buffer_release(&text);
}

static void the_oldest_log_of_too_many_is_forgotten(void **state)
{
	struct seen s = { 0 };
	struct message m = event("b.000001", 9, NULL, 5);

	(void)state;
	for (m.origin.server_id = 0; m.origin.server_id <= SEEN_LOGS_MAX; m.origin.server_id++)
		assert_false(see(&s, 0, m));
	m.origin.log_offset = 4;
	m.origin.server_id = 1;
	assert_true(see(&s, 0, m));
	m.origin.server_id = 0;
	assert_false(see(&s, 0, m));
	seen_release(&s);
}

static void a_position_without_it_has_seen_nothing(void **state)
{
	static const char *const bad[] = { "no JSON", "{\"seen\":[]}", "{\"seen\":{\"t\":[7]}}", "{\"seen\":{\"t\":[[1,[]]]}}",
					   "{\"seen\":{\"t\":[[1,7]]}}" };
	struct seen s;
	struct err e = ERR_INIT;

	(void)state;
	must(seen_parse(&s, "{\"topics\":{}}", &e), &e);
	assert_int_equal(s.topic_count, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = ERR_INIT;
		assert_int_equal(seen_parse(&s, bad[i], &e), -1);
		assert_int_equal(e.kind, ERR_DATA);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_and_offset_tell_the_order_as_far_as_the_time_agrees),
		cmocka_unit_test(a_later_gtid_is_never_older),
		cmocka_unit_test(lsns_are_compared_behind_the_commits_before_them),
		cmocka_unit_test(what_is_not_said_is_not_compared),
		cmocka_unit_test(each_partition_keeps_the_newest_place_of_its_logs),
		cmocka_unit_test(the_oldest_log_of_too_many_is_forgotten),
		cmocka_unit_test(a_position_without_it_has_seen_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
