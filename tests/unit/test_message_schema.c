/* SPDX-License-Identifier: Apache-2.0 */
/* Columns as a Spark DDL string gives them. */
#include "lib/test.h"

#include "message/spark_ddl.h"

static struct schema *parsed(const char *ddl)
{
	struct schema *s = NULL;
	struct err e = ERR_INIT;

	must(spark_ddl_parse(&s, ddl, "d", "t", &e), &e);
	return s;
}

static void every_spark_type_that_a_lake_holds_is_known(void **state)
{
	static const enum type expected[] = {
		TYPE_BOOLEAN, TYPE_INT,       TYPE_INT,           TYPE_INT,    TYPE_LONG,   TYPE_FLOAT,
		TYPE_DOUBLE,  TYPE_DECIMAL,   TYPE_DATE,          TYPE_TIMESTAMP, TYPE_TIMESTAMP_NTZ,
		TYPE_STRING,  TYPE_STRING,    TYPE_STRING,        TYPE_BINARY,
	};
	struct schema *s = parsed("a boolean, b tinyint, c SMALLINT, d Int, e BIGINT, f FLOAT, g DOUBLE, "
				  "h DECIMAL(12,2), i DATE, j TIMESTAMP, k TIMESTAMP_NTZ, l STRING, m CHAR(3), "
				  "n VARCHAR(20), o BINARY");

	(void)state;
	assert_int_equal(s->field_count, sizeof(expected) / sizeof(expected[0]));
	for (uint32_t i = 0; i < s->field_count; i++)
		assert_int_equal(s->fields[i].type, expected[i]);
	assert_int_equal(s->fields[7].precision, 12);
	assert_int_equal(s->fields[7].scale, 2);
	schema_release(s);
}

static void names_may_be_quoted_and_columns_not_null_with_a_comment(void **state)
{
	struct schema *s = parsed("`we ird``n\xc3\xa4me`: BIGINT NOT NULL COMMENT 'it\\'s',\n\tb DEC NOT  NULL ,c NUMERIC(5)");

	(void)state;
	assert_int_equal(s->field_count, 3);
	assert_string_equal(s->fields[0].name, "we ird`n\xc3\xa4me");
	assert_string_equal(s->fields[0].source_type, "it's");
	assert_false(s->fields[0].is_nullable);
	assert_false(s->fields[1].is_nullable);
	assert_int_equal(s->fields[1].precision, 10);
	assert_int_equal(s->fields[1].scale, 0);
	assert_true(s->fields[2].is_nullable);
	assert_int_equal(s->fields[2].precision, 5);
	schema_release(s);
}

static void what_is_no_lake_type_or_no_ddl_is_refused_with_its_position(void **state)
{
	static const struct {
		const char *ddl, *at;
	} wrong[] = {
		{ "a INT, b ARRAY<INT>", "character 10" }, { "a INTERVAL", "character 3" },
		{ "a VARIANT", "character 3" },            { "a INT b", "character 7" },
		{ "a INT,", "character 7" },               { "", "character 1" },
		{ "a DECIMAL(39,0)", "character 3" },      { "a DECIMAL(5,6)", "character 3" },
		{ "a DECIMAL(5,2,1)", "character 10" },    { "a INT(3)", "character 3" },
		{ "a VARCHAR", "character 3" },            { "a INT NOT", "character 10" },
		{ "a INT, A STRING", "character 8" },      { "`a INT", "character 1" },
		{ "a INT COMMENT x", "character 15" },     { "a INT COMMENT 'x", "character 15" },
		{ "a DECIMAL(5", "character 12" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct schema *s = NULL;
		struct err e = ERR_INIT;

		assert_int_equal(spark_ddl_parse(&s, wrong[i].ddl, "d", "t", &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		if (strstr(e.text, wrong[i].at) == NULL)
			fail_msg("%s: %s", wrong[i].ddl, e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spark_type_that_a_lake_holds_is_known),
		cmocka_unit_test(names_may_be_quoted_and_columns_not_null_with_a_comment),
		cmocka_unit_test(what_is_no_lake_type_or_no_ddl_is_refused_with_its_position),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
