/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "change/cell.h"
#include "source/mysql/charset.h"
#include "source/mysql/value.h"

static void release(struct column *c)
{
	memory_free(c->values);
	memory_free(c->valid);
	memory_free(c->heap);
	*c = (struct column){ .storage = c->storage };
}

static void assert_text(struct column *c, const char *expected)
{
	struct bytes cell = column_bytes(c, c->row_count - 1);

	assert_int_equal(cell.size, strlen(expected));
	assert_memory_equal(cell.data, expected, cell.size);
}

static void dates_that_do_not_exist_are_null(void **state)
{
	static const struct calendar bad[] = {
		{ 0, 0, 0, 0, 0, 0, 0 },     { 2024, 0, 1, 0, 0, 0, 0 },  { 2024, 1, 0, 0, 0, 0, 0 },
		{ 2023, 2, 29, 0, 0, 0, 0 }, { 0, 1, 1, 0, 0, 0, 0 },     { 2024, 13, 1, 0, 0, 0, 0 },
		{ 10000, 1, 1, 0, 0, 0, 0 }, { 2024, 4, 31, 0, 0, 0, 0 },
	};
	struct column c = { .storage = STORAGE_INT32 };
	struct calendar leap = { 2024, 2, 29, 0, 0, 0, 0 }, first = { 1970, 1, 1, 0, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cell_date(&c, &bad[i]));
	assert_int_equal(c.null_count, sizeof(bad) / sizeof(bad[0]));
	assert_true(cell_date(&c, &leap));
	assert_true(cell_date(&c, &first));
	assert_int_equal(column_int32(&c, c.row_count - 1), 0);
	release(&c);
}

static void a_time_of_day_is_checked_too(void **state)
{
	struct column c = { .storage = STORAGE_INT64 };
	struct calendar t = { 1969, 12, 31, 23, 59, 59, 999999 };

	(void)state;
	assert_true(cell_timestamp(&c, &t));
	assert_int_equal(column_int64(&c, 0), -1);
	t.hour = 24;
	assert_false(cell_timestamp(&c, &t));
	release(&c);
}

static void decimals_keep_all_their_digits(void **state)
{
	struct column text = { .storage = STORAGE_BYTES }, small = { .storage = STORAGE_INT32 };

	(void)state;
	assert_true(cell_decimal(&text, true, "0012", 4, 3));
	assert_text(&text, "-0.012");
	assert_true(cell_decimal(&text, false, "000", 3, 2));
	assert_text(&text, "0.00");
	assert_true(cell_decimal(&text, true, "12345", 5, 0));
	assert_text(&text, "-12345");
	assert_true(cell_decimal(&small, true, "999999999", 9, 2));
	assert_int_equal(column_int32(&small, 0), -999999999);
	assert_false(cell_decimal(&small, false, "1000000000", 10, 2));
	assert_int_equal(small.row_count, 1);
	release(&text);
	release(&small);
}

static void bad_bytes_become_one_replacement_each(void **state)
{
	struct charset_list *l = charset_list_new();
	const struct charset *utf8 = charset_find(l, "utf8mb4"), *utf16 = charset_find(l, "utf16");
	struct column c = { .storage = STORAGE_BYTES };

	(void)state;
	assert_true(charset_append(utf8, BYTES_OF("h\xc3\xa9"), &c));
	assert_text(&c, "h\xc3\xa9");
	assert_false(charset_append(utf8, BYTES_OF("a\xc3z\xed\xa0\x80"), &c));
	assert_text(&c, "a\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_true(charset_append(utf16, BYTES_OF("\xd8\x3d\xde\x00\0a"), &c));
	assert_text(&c, "\xf0\x9f\x98\x80" "a");
	assert_false(charset_append(utf16, BYTES_OF("\xde\x00\0"), &c));
	assert_text(&c, "\xef\xbf\xbd\xef\xbf\xbd");
	release(&c);
	charset_list_free(l);
}

static void a_char_ends_before_its_spaces(void **state)
{
	struct charset_list *l = charset_list_new();

	(void)state;
	assert_int_equal(charset_trim(charset_find(l, "utf8mb4"), BYTES_OF(" a  ")).size, 2);
	assert_int_equal(charset_trim(charset_find(l, "ucs2"), BYTES_OF("\0a\0 \0 ")).size, 2);
	assert_int_equal(charset_trim(charset_find(l, "utf16le"), BYTES_OF("a\0 \0")).size, 2);
	assert_int_equal(charset_trim(charset_find(l, "utf32"), BYTES_OF("\0\0\0 ")).size, 0);
	assert_int_equal(charset_trim(charset_find(l, "ucs2"), BYTES_OF("\x20\x20")).size, 2);
	charset_list_free(l);
}

static void the_catalog_words_are_read(void **state)
{
	struct mysql_column c = { .name = NULL };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mysql_column_declare(&c, "decimal(10,2) unsigned zerofill", false, 1, &e), 0);
	assert_int_equal(c.precision, 10);
	assert_int_equal(c.scale, 2);
	assert_true(c.is_unsigned);
	assert_int_equal(mysql_column_declare(&c, "enum('a','it''s','x,y',' unsigned')", false, 4, &e), 0);
	assert_int_equal(c.label_count, 4);
	assert_string_equal(c.labels[1], "it's");
	assert_string_equal(c.labels[2], "x,y");
	assert_false(c.is_unsigned);
	mysql_column_release(&c);
	assert_int_equal(mysql_column_declare(&c, "char(5)", false, 4, &e), 0);
	assert_int_equal(c.length, 20);
	assert_int_equal(mysql_column_declare(&c, "uuid", true, 1, &e), 0);
	assert_int_equal(c.extension, MARIADB_UUID);
	assert_int_equal(mysql_column_declare(&c, "hologram(3)", false, 1, &e), -1);
	mysql_column_release(&c);
}

static void names_are_quoted_whole(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	mysql_quote_name(&out, "a`b'c");
	mysql_quote_text(&out, "'");
	assert_buffer_text(out, "`a``b'c`_utf8mb4 X'27'");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dates_that_do_not_exist_are_null),
		cmocka_unit_test(a_time_of_day_is_checked_too),
		cmocka_unit_test(decimals_keep_all_their_digits),
		cmocka_unit_test(bad_bytes_become_one_replacement_each),
		cmocka_unit_test(a_char_ends_before_its_spaces),
		cmocka_unit_test(the_catalog_words_are_read),
		cmocka_unit_test(names_are_quoted_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
