/* SPDX-License-Identifier: Apache-2.0 */
/* Values as bytes and back: Appendix D of the spec. */
#include <math.h>

#include "lib/test.h"
#include "table/iceberg/single_value.h"

static void assert_encoded(const struct field *f, struct single_value v, const char *bytes,
			   size_t size)
{
	struct single_value back;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	single_value_encode(&out, f, &v);
	assert_int_equal(out.size, size);
	assert_memory_equal(out.data, bytes, size);
	must(single_value_decode(&back, f, buffer_bytes(&out), &e), &e);
	assert_int_equal(single_value_compare(f, &back, &v), 0);
	buffer_release(&out);
}

#define ENCODED(f, v, text) \
	assert_encoded((f), (struct single_value)v, (text), sizeof(text) - 1)
#define INTEGER(v) { .integer = (v) }
#define REAL(v)    { .real = (v) }

static void every_type_has_the_bytes_of_the_spec(void **state)
{
	struct field boolean = { .type = TYPE_BOOLEAN }, i = { .type = TYPE_INT },
		     l = { .type = TYPE_LONG }, fl = { .type = TYPE_FLOAT },
		     d = { .type = TYPE_DOUBLE }, date = { .type = TYPE_DATE },
		     ts = { .type = TYPE_TIMESTAMP }, text = { .type = TYPE_STRING };

	(void)state;
	ENCODED(&boolean, INTEGER(0), "\0");
	ENCODED(&boolean, INTEGER(1), "\1");
	ENCODED(&i, INTEGER(-2), "\xfe\xff\xff\xff");
	ENCODED(&i, INTEGER(INT32_MAX), "\xff\xff\xff\x7f");
	ENCODED(&l, INTEGER(INT64_MIN), "\0\0\0\0\0\0\0\x80");
	ENCODED(&date, INTEGER(-1), "\xff\xff\xff\xff");
	ENCODED(&ts, INTEGER(1000000), "\x40\x42\x0f\0\0\0\0\0");
	ENCODED(&fl, REAL(-1.5), "\0\0\xc0\xbf");
	ENCODED(&d, REAL(-0.0), "\0\0\0\0\0\0\0\x80");
	assert_encoded(&text, (struct single_value){ .bytes = BYTES_OF("caf\xc3\xa9") },
		       "caf\xc3\xa9", 5);
}

/* "14.20" and the edges of one byte; the widest decimals. */
static void decimals_take_the_fewest_bytes(void **state)
{
	struct field d = { .type = TYPE_DECIMAL, .precision = 38, .scale = 2 };
	int128_t wide = (int128_t)1000000000000000000 * 1000000000000000000 * 100 - 1;
	struct single_value widest[] = { { .integer = wide }, { .integer = -wide } }, back;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	ENCODED(&d, INTEGER(0), "\0");
	ENCODED(&d, INTEGER(1420), "\x05\x8c");
	ENCODED(&d, INTEGER(127), "\x7f");
	ENCODED(&d, INTEGER(128), "\0\x80");
	ENCODED(&d, INTEGER(-128), "\x80");
	ENCODED(&d, INTEGER(-129), "\xff\x7f");
	for (size_t i = 0; i < 2; i++) {
		buffer_clear(&out);
		single_value_encode(&out, &d, &widest[i]);
		assert_int_equal(out.size, 16);
		must(single_value_decode(&back, &d, buffer_bytes(&out), &e), &e);
		assert_true(back.integer == widest[i].integer);
	}
	buffer_release(&out);
}

static void what_was_written_before_a_widening_is_read(void **state)
{
	struct field l = { .type = TYPE_LONG }, d = { .type = TYPE_DOUBLE };
	struct single_value v;
	struct err e = ERR_INIT;

	(void)state;
	must(single_value_decode(&v, &l, BYTES_OF("\xfe\xff\xff\xff"), &e), &e);
	assert_true(v.integer == -2);
	must(single_value_decode(&v, &d, BYTES_OF("\0\0\xc0\xbf"), &e), &e);
	assert_true(v.real == -1.5);
}

static void other_sizes_are_refused(void **state)
{
	struct single_value v;
	struct err e = ERR_INIT;

	(void)state;
	for (enum type t = 0; t < TYPES; t++) {
		struct field f = { .name = (char[]){ "c" }, .type = t, .precision = 38 };

		if (t == TYPE_STRING || t == TYPE_BINARY)
			continue;
		assert_int_equal(single_value_decode(&v, &f, (struct bytes){ NULL, 0 }, &e),
				 -1);
		assert_int_equal(
			single_value_decode(&v, &f, BYTES_OF("12345678901234567"), &e), -1);
		assert_non_null(strstr(e.text, ": 17 bytes are no "));
		assert_int_equal(e.kind, ERR_DATA);
	}
}

static void zeros_are_ordered_by_their_sign(void **state)
{
	struct field d = { .type = TYPE_DOUBLE };
	struct single_value minus = { .real = -0.0 }, plus = { .real = 0.0 };

	(void)state;
	assert_true(single_value_compare(&d, &minus, &plus) < 0);
	assert_true(single_value_compare(&d, &plus, &minus) > 0);
	assert_int_equal(single_value_compare(&d, &plus, &plus), 0);
}

static void cells_of_every_storage_are_values(void **state)
{
	static const enum type types[] = { TYPE_BOOLEAN, TYPE_INT,    TYPE_LONG,
					   TYPE_FLOAT,   TYPE_DOUBLE, TYPE_STRING,
					   TYPE_DECIMAL };
	struct schema *s = schema_new("d", "t");
	struct columns c;

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		schema_add(s, "c", types[i], true);
	s->fields[6].precision = 38;
	columns_init(&c, s);
	column_add_bool(&c.columns[0], true);
	column_add_int32(&c.columns[1], -7);
	column_add_int64(&c.columns[2], INT64_MIN);
	column_add_float(&c.columns[3], 0.5f);
	column_add_double(&c.columns[4], -2.5);
	column_add_bytes(&c.columns[5], "ab", 2);
	column_add_int128(&c.columns[6], (int128_t)INT64_MAX * 1000);
	columns_end_row(&c);
	assert_true(single_value_of(&s->fields[0], &c.columns[0], 0).integer == 1);
	assert_true(single_value_of(&s->fields[1], &c.columns[1], 0).integer == -7);
	assert_true(single_value_of(&s->fields[2], &c.columns[2], 0).integer == INT64_MIN);
	assert_true(single_value_of(&s->fields[3], &c.columns[3], 0).real == 0.5);
	assert_true(single_value_of(&s->fields[4], &c.columns[4], 0).real == -2.5);
	assert_true(bytes_equal(single_value_of(&s->fields[5], &c.columns[5], 0).bytes,
				BYTES_OF("ab")));
	assert_true(single_value_of(&s->fields[6], &c.columns[6], 0).integer ==
		    (int128_t)INT64_MAX * 1000);
	columns_release(&c);
	schema_release(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_the_bytes_of_the_spec),
		cmocka_unit_test(decimals_take_the_fewest_bytes),
		cmocka_unit_test(what_was_written_before_a_widening_is_read),
		cmocka_unit_test(other_sizes_are_refused),
		cmocka_unit_test(zeros_are_ordered_by_their_sign),
		cmocka_unit_test(cells_of_every_storage_are_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
