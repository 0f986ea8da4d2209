/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "change/json_patch.h"
#include "source/mysql/json_binary.h"

/* NULL: refused. */
static void assert_patched(const char *document, enum json_operation op, const char *path,
			   const char *value, const char *expected)
{
	struct buffer patch = { 0 }, out = { 0 };
	struct err e = ERR_INIT;
	int rc;

	json_patch_add(&patch, op, bytes_of_text(path), bytes_of_text(value));
	rc = json_patch_apply(&out, bytes_of_text(document), buffer_bytes(&patch), &e);
	assert_int_equal(rc, expected != NULL ? 0 : -1);
	if (expected != NULL)
		assert_string_equal(buffer_string(&out), expected);
	buffer_release(&out);
	buffer_release(&patch);
}

static void a_value_is_replaced_where_it_stands(void **state)
{
	(void)state;
	assert_patched("{\"a\": 1, \"b\": [1, {\"c\": \"}\"}]}", JSON_REPLACE, "$.b[1].c",
		       "null", "{\"a\": 1, \"b\": [1, {\"c\": null}]}");
	assert_patched("{\"a\": 1}", JSON_REPLACE, "$", "[]", "[]");
	assert_patched("{\"b c\": 1}", JSON_REPLACE, "$.\"b c\"", "2", "{\"b c\": 2}");
	assert_patched("{\"q\\\"\": 1}", JSON_REPLACE, "$.\"q\\\"\"", "2",
		       "{\"q\\\"\": 2}");
	assert_patched("{\"a\": 1}", JSON_REPLACE, "$.z", "2", NULL);
	assert_patched("[1, 2, 3]", JSON_REPLACE, "$[last]", "0", "[1, 2, 0]");
	assert_patched("[1, 2, 3]", JSON_REPLACE, "$[last-2]", "0", "[0, 2, 3]");
	assert_patched("[1, 2, 3]", JSON_REPLACE, "$[last-3]", "0", NULL);
	assert_patched("{\"a\": 1}", JSON_REPLACE, "$.a[0]", "2", "{\"a\": 2}");
	assert_patched("{\"a\": 1}", JSON_REMOVE, "$.a[0]", "", NULL);
	assert_patched("[1]", JSON_REPLACE, "$[1]", "2", NULL);
}

static void members_go_where_the_server_puts_them(void **state)
{
	(void)state;
	assert_patched("{}", JSON_INSERT, "$.a", "1", "{\"a\": 1}");
	assert_patched("{\"b\": 1, \"aaa\": 2}", JSON_INSERT, "$.a", "0",
		       "{\"a\": 0, \"b\": 1, \"aaa\": 2}");
	assert_patched("{\"b\": 1, \"aaa\": 2}", JSON_INSERT, "$.cc", "0",
		       "{\"b\": 1, \"cc\": 0, \"aaa\": 2}");
	assert_patched("{\"b\": 1}", JSON_INSERT, "$.zzzz", "0",
		       "{\"b\": 1, \"zzzz\": 0}");
	assert_patched("{\"b\": 1}", JSON_INSERT, "$.b", "0", NULL);
	assert_patched("[1, 2]", JSON_INSERT, "$[0]", "0", "[0, 1, 2]");
	assert_patched("[1, 2]", JSON_INSERT, "$[9]", "3", "[1, 2, 3]");
	assert_patched("[]", JSON_INSERT, "$[0]", "0", "[0]");
}

static void what_is_removed_takes_one_separator_along(void **state)
{
	(void)state;
	assert_patched("[1, 2, 3]", JSON_REMOVE, "$[0]", "", "[2, 3]");
	assert_patched("[1, 2, 3]", JSON_REMOVE, "$[1]", "", "[1, 3]");
	assert_patched("[1, 2, 3]", JSON_REMOVE, "$[2]", "", "[1, 2]");
	assert_patched("[1]", JSON_REMOVE, "$[0]", "", "[]");
	assert_patched("{\"a\": \", \", \"b\": 2}", JSON_REMOVE, "$.b", "",
		       "{\"a\": \", \"}");
	assert_patched("{\"a\": 1}", JSON_REMOVE, "$.a", "", "{}");
	assert_patched("{\"a\": 1}", JSON_REMOVE, "$.b", "", NULL);
}

static void malformed_patches_are_refused(void **state)
{
	static const uint8_t cut[] = { 0, 9, 0, 0, 0, '$' };
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(json_patch_apply(&out, BYTES_OF("{}"),
					  (struct bytes){ cut, sizeof(cut) }, &e),
			 -1);
	assert_patched("{\"a\": 1}", JSON_REPLACE, "a", "2", NULL);
	assert_patched("{\"a\": 1}", JSON_REPLACE, "$.", "2", NULL);
	assert_patched("{\"a\": [1", JSON_REPLACE, "$.a[1]", "2", NULL);
	assert_int_equal(out.size, 0);
	buffer_release(&out);
}

static void assert_double(double v, const char *expected)
{
	struct buffer out = { 0 };

	json_binary_double(&out, v);
	assert_buffer_text(out, expected);
}

static void doubles_look_as_the_server_prints_them(void **state)
{
	(void)state;
	assert_double(0, "0.0");
	assert_double(-0.0, "-0.0");
	assert_double(100000, "100000.0");
	assert_double(1e14, "100000000000000.0");
	assert_double(1e15, "1e15");
	assert_double(123456789012345.0, "123456789012345.0");
	assert_double(-4437468236896924.5, "-4437468236896924.5");
	assert_double(1234567890123456.0, "1.234567890123456e15");
	assert_double(1e-14, "0.00000000000001");
	assert_double(1.5e300, "1.5e300");
	assert_double(5e-324, "5e-324");
	assert_double(0.30000000000000004, "0.30000000000000004");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_replaced_where_it_stands),
		cmocka_unit_test(members_go_where_the_server_puts_them),
		cmocka_unit_test(what_is_removed_takes_one_separator_along),
		cmocka_unit_test(malformed_patches_are_refused),
		cmocka_unit_test(doubles_look_as_the_server_prints_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
