/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "target/table_names.h"

static void add(struct table_names *n, const char *database, const char *table)
{
	struct schema *s = schema_new(database, table);

	table_names_add(n, s);
	schema_release(s);
}

static void assert_found(const struct table_names *n, const char *database, const char *table, uint32_t number)
{
	struct schema *s = schema_new(database, table);

	assert_int_equal(table_names_find(n, s), number);
	schema_release(s);
}

static void a_table_is_found_by_both_names(void **state)
{
	struct table_names n = { 0 };
	char name[20];

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t%u", i / 2);
		add(&n, i % 2 == 0 ? "a" : "b", name);
	}
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "t%u", i / 2);
		assert_found(&n, i % 2 == 0 ? "a" : "b", name, i);
	}
	table_names_release(&n);
}

static void of_two_with_the_same_names_the_first_is_found(void **state)
{
	struct table_names n = { 0 };

	(void)state;
	add(&n, "shop", "orders");
	add(&n, "shop", "orders");
	add(&n, "shop", "lines");
	assert_found(&n, "shop", "orders", 0);
	assert_found(&n, "shop", "lines", 2);
	table_names_release(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_found_by_both_names),
		cmocka_unit_test(of_two_with_the_same_names_the_first_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
