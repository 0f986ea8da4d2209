/* SPDX-License-Identifier: Apache-2.0 */
/* Partition transforms: the values of the spec's own examples (Appendix B, "Truncate Transform Details"). */
#include "table/iceberg/partition.h"

#include "base/memory.h"
#include "lib/test.h"

/* A column of one cell, or of none: NULL. */
struct cell {
	struct field field;
	struct column column;
};

static struct cell cell_of(enum type type)
{
	struct cell c = { .field = { .name = (char *)"c", .type = type, .id = 7 } };

	c.field.precision = type == TYPE_DECIMAL ? 38 : 0;
	c.column.storage = field_storage(&c.field);
	return c;
}

static struct cell number(enum type type, int64_t v)
{
	struct cell c = cell_of(type);

	if (c.column.storage == STORAGE_INT32)
		column_add_int32(&c.column, (int32_t)v);
	else if (c.column.storage == STORAGE_INT64)
		column_add_int64(&c.column, v);
	else
		column_add_int128(&c.column, v);
	return c;
}

static struct cell text(enum type type, const char *v)
{
	struct cell c = cell_of(type);

	column_add_bytes(&c.column, v, (uint32_t)strlen(v));
	return c;
}

static void cell_release(struct cell *c)
{
	memory_free(c->column.values);
	memory_free(c->column.valid);
	memory_free(c->column.heap);
}

static struct iceberg_spec spec_of(const struct field *source, const char *words)
{
	struct iceberg_spec s = { 0 };
	struct err e = ERR_INIT;

	must(iceberg_spec_add(&s, source, words, &e), &e);
	return s;
}

/* Releases the cell. */
static void assert_value(struct cell c, const char *words, const void *bytes, size_t size)
{
	struct iceberg_spec s = spec_of(&c.field, words);
	struct buffer out = { 0 };

	assert_true(iceberg_partition_value(&out, &s.fields[0], &c.field, &c.column, 0));
	assert_int_equal(out.size, size);
	assert_memory_equal(out.data, bytes, size);
	buffer_release(&out);
	iceberg_spec_release(&s);
	cell_release(&c);
}

static void assert_int(struct cell c, const char *words, int32_t v)
{
	assert_value(c, words, &v, sizeof(v));
}

static void assert_long(struct cell c, const char *words, int64_t v)
{
	assert_value(c, words, &v, sizeof(v));
}

/* With this many buckets the value is the hash itself, without its sign. */
static void assert_hash(struct cell c, int32_t hash)
{
	assert_int(c, "bucket[2147483647]", (hash & INT32_MAX) % INT32_MAX);
}

static void hashes_are_those_of_the_spec(void **state)
{
	const int64_t at = INT64_C(1510871468000000); /* 2017-11-16T22:31:08 */

	(void)state;
	assert_hash(number(TYPE_INT, 34), 2017239379);
	assert_hash(number(TYPE_LONG, 34), 2017239379);
	assert_hash(number(TYPE_DECIMAL, 1420), -500754589);
	assert_hash(number(TYPE_DATE, 17486), -653330422);
	assert_hash(number(TYPE_TIMESTAMP, at), -2047944441);
	assert_hash(number(TYPE_TIMESTAMP_NTZ, at + 1), -1207196810);
	assert_hash(text(TYPE_STRING, "iceberg"), 1210000089);
	assert_int_equal((int32_t)iceberg_hash(BYTES_OF("\0\1\2\3")), -188683207);
	assert_int_equal(iceberg_hash(BYTES_OF("")), 0);
	assert_int_equal((int32_t)iceberg_hash(BYTES_OF("\xF7\x9C\x3E\x09\x67\x7C\x4B\xBD\xA4\x79\x3F\x34\x9C\xB7\x85\xE7")),
			 1488055340);
}

static void buckets_are_hashes_without_their_sign(void **state)
{
	(void)state;
	assert_int(text(TYPE_STRING, "iceberg"), "bucket[16]", 1210000089 % 16);
	assert_int(number(TYPE_DATE, 17486), "bucket[16]", (-653330422 & INT32_MAX) % 16);
}

static void numbers_are_truncated_downwards(void **state)
{
	(void)state;
	assert_int(number(TYPE_INT, 1), "truncate[10]", 0);
	assert_int(number(TYPE_INT, -1), "truncate[10]", -10);
	assert_long(number(TYPE_LONG, -10), "truncate[10]", -10);
	assert_long(number(TYPE_LONG, 19), "truncate[10]", 10);
	assert_value(number(TYPE_DECIMAL, 1065), "truncate[50]", "\x04\x1a", 2); /* 10.65 -> 10.50 */
	assert_value(number(TYPE_DECIMAL, -5), "truncate[50]", "\xce", 1);
	/* as Java's numbers, they wrap */
	assert_int(number(TYPE_INT, INT32_MIN), "truncate[10]", 2147483646);
}

static void texts_are_truncated_to_code_points_and_binaries_to_bytes(void **state)
{
	(void)state;
	assert_value(text(TYPE_STRING, "iceberg"), "truncate[3]", "ice", 3);
	assert_value(text(TYPE_STRING, "a\xc3\xb6\xf0\x9f\x98\x80z"), "truncate[3]", "a\xc3\xb6\xf0\x9f\x98\x80", 7);
	assert_value(text(TYPE_STRING, "ab"), "truncate[3]", "ab", 2);
	assert_value(text(TYPE_BINARY, "\1\2\3\4\5"), "truncate[3]", "\1\2\3", 3);
}

static void calendars_count_from_1970_and_downwards(void **state)
{
	const int64_t day = INT64_C(86400000000);

	(void)state;
	assert_int(number(TYPE_DATE, 17486), "year", 47);
	assert_int(number(TYPE_DATE, 17486), "month", 47 * 12 + 10);
	assert_int(number(TYPE_DATE, 17486), "day", 17486);
	assert_int(number(TYPE_TIMESTAMP, INT64_C(1510871468000000)), "hour", 419686);
	assert_int(number(TYPE_TIMESTAMP, -1), "hour", -1);
	assert_int(number(TYPE_TIMESTAMP_NTZ, -1), "day", -1);
	assert_int(number(TYPE_TIMESTAMP_NTZ, -1), "month", -1);
	assert_int(number(TYPE_DATE, -1), "year", -1);
	assert_int(number(TYPE_DATE, 0), "month", 0);
	assert_int(number(TYPE_DATE, 58), "month", 1);          /* 1970-02-28 */
	assert_int(number(TYPE_DATE, 11016), "month", 361);     /* 2000-02-29 */
	assert_int(number(TYPE_DATE, 11017), "month", 362);     /* 2000-03-01 */
	assert_int(number(TYPE_DATE, -719162), "year", -1969);  /* 0001-01-01 */
	assert_int(number(TYPE_TIMESTAMP, 2932896 * day), "year", 8029); /* 9999-12-31 */
}

static void identity_is_the_single_value_of_any_type(void **state)
{
	struct cell c = cell_of(TYPE_BOOLEAN);
	const double tenth = 0.1;

	(void)state;
	column_add_bool(&c.column, true);
	assert_value(c, "identity", "\1", 1);
	c = cell_of(TYPE_DOUBLE);
	column_add_double(&c.column, tenth);
	assert_value(c, "identity", &tenth, sizeof(tenth));
	assert_int(number(TYPE_DATE, -3), "identity", -3);
	assert_long(number(TYPE_TIMESTAMP, -3), "identity", -3);
	assert_value(text(TYPE_STRING, "x"), "identity", "x", 1);
	assert_value(number(TYPE_DECIMAL, 128), "identity", "\0\x80", 2);
	assert_value(number(TYPE_DECIMAL, -128), "identity", "\x80", 1);
	assert_value(number(TYPE_DECIMAL, 0), "identity", "\0", 1);
}

static void null_and_void_have_no_value(void **state)
{
	struct cell c = cell_of(TYPE_INT);
	struct iceberg_spec s = { 0 };
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	must(iceberg_spec_add(&s, &c.field, "bucket[4]", &e), &e);
	must(iceberg_spec_add(&s, &c.field, "void", &e), &e);
	column_set_null(&c.column);
	column_add_int32(&c.column, 1);
	assert_false(iceberg_partition_value(&out, &s.fields[0], &c.field, &c.column, 0));
	assert_false(iceberg_partition_value(&out, &s.fields[1], &c.field, &c.column, 1));
	assert_int_equal(out.size, 0);
	assert_int_equal(s.fields[1].id, 1001);
	assert_string_equal(s.fields[0].name, "c_bucket");
	iceberg_spec_release(&s);
	cell_release(&c);
}

static void assert_refused(enum type type, const char *words, const char *why)
{
	struct cell c = cell_of(type);
	struct iceberg_spec s = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(iceberg_spec_add(&s, &c.field, words, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, why));
	assert_int_equal(s.field_count, 0);
}

static void what_is_no_transform_is_refused(void **state)
{
	static const char *const words[] = { "",          "Day",       "days",	       "bucket",
					     "bucket[]",  "bucket[0]", "bucket[-1]",   "bucket[2147483648]",
					     "bucket[1", "bucket[1]x", "identity[1]", "truncate[1.5]" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_refused(TYPE_INT, words[i], "is no transform");
	assert_refused(TYPE_INT, "day", "of type integer, which has no transform \"day\"");
	assert_refused(TYPE_DATE, "hour", "which has no transform");
	assert_refused(TYPE_DOUBLE, "bucket[2]", "which has no transform");
	assert_refused(TYPE_TIMESTAMP, "truncate[2]", "which has no transform");
}

static void a_name_is_not_taken_twice(void **state)
{
	struct cell c = cell_of(TYPE_INT);
	struct iceberg_spec s = spec_of(&c.field, "bucket[2]");
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(iceberg_spec_add(&s, &c.field, "bucket[3]", &e), -1);
	assert_string_equal(e.text, "two partition fields would be called \"c_bucket\"");
	iceberg_spec_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_the_spec),
		cmocka_unit_test(buckets_are_hashes_without_their_sign),
		cmocka_unit_test(numbers_are_truncated_downwards),
		cmocka_unit_test(texts_are_truncated_to_code_points_and_binaries_to_bytes),
		cmocka_unit_test(calendars_count_from_1970_and_downwards),
		cmocka_unit_test(identity_is_the_single_value_of_any_type),
		cmocka_unit_test(null_and_void_have_no_value),
		cmocka_unit_test(what_is_no_transform_is_refused),
		cmocka_unit_test(a_name_is_not_taken_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
