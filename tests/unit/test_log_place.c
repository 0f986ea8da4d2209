/* SPDX-License-Identifier: Apache-2.0 */
/* Places of logs and topics as people write them, against positions as tables have them. */
#include "feed/feed.h"
#include "lib/test.h"
#include "source/mysql/mysql.h"

#define UUID	 "3dc7ac11-e57a-11f1-801b-02fc00000001"
#define WITH(gtids) "{\"server\":\"s\",\"server_id\":1,\"file\":\"mysql-bin.000009\",\"offset\":1000,\"gtids\":\"" gtids "\",\"time_us\":5}"
#define TOPICS	 "{\"topics\":{\"a:b\":[7,-1],\"orders\":[12]},\"begin\":{},\"seen\":{}}"

enum { NO, YES, BAD };

struct place_case {
	const char *position, *place;
	int wanted; /* BAD: ERR_CONFIG */
};

static void assert_cases(const struct place_case *cases, size_t count, int (*has)(bool *, const char *, const char *, struct err *))
{
	for (size_t i = 0; i < count; i++) {
		struct err e = ERR_INIT;
		bool found = false;
		int rc = has(&found, cases[i].position, cases[i].place, &e);

		if (rc < 0 ? cases[i].wanted != BAD || e.kind != ERR_CONFIG : cases[i].wanted != found)
			fail_msg("%s in %s: %d, %s", cases[i].place, cases[i].position, found, e.text);
	}
}

static void a_place_of_a_log_is_told_by_gtid_or_by_file(void **state)
{
	static const struct place_case cases[] = {
		{ WITH(UUID ":1-77"), UUID ":77", YES },
		{ WITH(UUID ":1-77"), UUID ":5-9", YES },
		{ WITH(UUID ":1-77"), UUID ":78", NO },
		{ WITH("0-1-77,5-1-3"), "0-1-77", YES },
		{ WITH("0-1-77,5-1-3"), "0-1-78", NO },
		{ WITH("0-1-77,5-1-3"), "0-1-70,5-1-3", YES },
		{ WITH("0-1-77"), "5-1-3", NO },
		{ WITH(UUID ":1-77"), "mysql-bin.000009:1000", YES },
		{ WITH(UUID ":1-77"), "mysql-bin.000009:1001", NO },
		{ WITH("0-1-77"), "mysql-bin.000008:9999", YES },
		{ WITH(""), "mysql-bin.000010:4", NO },
		{ WITH(""), UUID ":77", BAD },
		{ WITH(""), "0-1-77", BAD },
		{ WITH("0-1-77"), "", BAD },
		{ WITH("0-1-77"), "here", BAD },
		{ WITH("0-1-77"), "mysql-bin.000009:x", BAD },
		{ WITH("0-1-77"), ":5", BAD },
	};

	(void)state;
	assert_cases(cases, sizeof(cases) / sizeof(cases[0]), mysql_position_has);
}

static void a_place_of_a_topic_is_its_partition_and_offset(void **state)
{
	static const struct place_case cases[] = {
		{ TOPICS, "orders:0:11", YES },
		{ TOPICS, "orders:0:12", NO },
		{ TOPICS, "orders:1:0", NO },
		{ TOPICS, "a:b:0:6", YES },
		{ TOPICS, "a:b:1:0", NO },
		{ TOPICS, "other:0:0", NO },
		{ TOPICS, "orders:11", BAD },
		{ TOPICS, "orders", BAD },
		{ TOPICS, ":0:1", BAD },
		{ TOPICS, "orders:-1:1", BAD },
		{ TOPICS, "orders:0:x", BAD },
	};

	(void)state;
	assert_cases(cases, sizeof(cases) / sizeof(cases[0]), feed_position_has);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_of_a_log_is_told_by_gtid_or_by_file),
		cmocka_unit_test(a_place_of_a_topic_is_its_partition_and_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
