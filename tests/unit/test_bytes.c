/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "base/memory.h"

static void reader_stops_at_the_end(void **state)
{
	const uint8_t three_bytes[] = { 1, 2, 3 };
	struct reader r = reader_of((struct bytes){ three_bytes, 3 });

	(void)state;
	assert_int_equal(reader_u32le(&r), 0);
	assert_true(r.short_read);
	assert_ptr_equal(r.at, three_bytes);
	assert_int_equal(reader_u8(&r), 0); /* the flag sticks */
}

static void reader_reads_both_byte_orders(void **state)
{
	const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6 };
	struct reader r = reader_of((struct bytes){ bytes, 6 });

	(void)state;
	assert_int_equal(reader_uint_be(&r, 3), 0x010203);
	assert_int_equal(reader_u24le(&r), 0x060504);
	assert_false(r.short_read);
	assert_int_equal(reader_left(&r), 0);
}

static void lenenc_has_four_widths_and_two_holes(void **state)
{
	const uint8_t bytes[] = { 250, 0xfc, 1, 1, 0xfd, 1, 0, 1, 0xfe, 1, 0, 0, 0, 0, 0, 0, 1, 0xfb };
	struct reader r = reader_of((struct bytes){ bytes, sizeof(bytes) });

	(void)state;
	assert_int_equal(reader_lenenc(&r), 250);
	assert_int_equal(reader_lenenc(&r), 257);
	assert_int_equal(reader_lenenc(&r), 65537);
	assert_true(reader_lenenc(&r) == (1ull << 56 | 1));
	assert_int_equal(reader_lenenc(&r), 0);
	assert_true(r.short_read);
}

static void varint_round_trips(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 16383, 16384, 1ull << 62, UINT64_MAX };
	struct buffer b = { 0 };
	struct reader r;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		buffer_varint(&b, values[i]);
	r = reader_of(buffer_bytes(&b));
	for (size_t i = 0; i < 8; i++)
		assert_true(reader_varint(&r) == values[i]);
	assert_false(r.short_read);
	assert_int_equal(reader_left(&r), 0);
	buffer_release(&b);
}

static void varint_longer_than_ten_bytes_is_refused(void **state)
{
	uint8_t bytes[11];
	struct reader r = reader_of((struct bytes){ bytes, sizeof(bytes) });

	(void)state;
	memset(bytes, 0x80, sizeof(bytes));
	assert_int_equal(reader_varint(&r), 0);
	assert_true(r.short_read);
}

static void buffer_formats_behind_what_is_there(void **state)
{
	struct buffer b = { 0 };

	(void)state;
	buffer_text(&b, "a=");
	buffer_format(&b, "%d,%s", 42, "x");
	buffer_char(&b, ';');
	assert_buffer_text(b, "a=42,x;");
}

static void arena_is_full_at_its_limit(void **state)
{
	struct arena a = { .limit = 100 };

	(void)state;
	assert_non_null(arena_take(&a, 10, 9, 1));
	assert_null(arena_take(&a, 11, 1, 1));
	arena_reset(&a);
	assert_non_null(arena_take(&a, 11, 1, 1));
	arena_release(&a);
}

static void arena_blocks_do_not_overlap(void **state)
{
	struct arena a = { 0 };
	char *pieces[200];

	(void)state;
	for (int i = 0; i < 200; i++) {
		pieces[i] = arena_take(&a, 500, 1, 8);
		memset(pieces[i], i, 500);
	}
	for (int i = 0; i < 200; i++)
		assert_int_equal((unsigned char)pieces[i][499], i);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_stops_at_the_end),
		cmocka_unit_test(reader_reads_both_byte_orders),
		cmocka_unit_test(lenenc_has_four_widths_and_two_holes),
		cmocka_unit_test(varint_round_trips),
		cmocka_unit_test(varint_longer_than_ten_bytes_is_refused),
		cmocka_unit_test(buffer_formats_behind_what_is_there),
		cmocka_unit_test(arena_is_full_at_its_limit),
		cmocka_unit_test(arena_blocks_do_not_overlap),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
