/* SPDX-License-Identifier: Apache-2.0 */
/* Row sets and their bytes; the spec's own examples of descriptors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/deletion_vector.h"
#include "table/delta/dv_file.h"
#include "table/uuid.h"

static void assert_round_trip(struct row_set *s, uint64_t limit)
{
	struct buffer text = { 0 };
	struct row_set *back = NULL;
	struct err e = ERR_INIT;

	row_set_encode(s, &text);
	must(row_set_decode(&back, buffer_bytes(&text), limit, &e), &e);
	assert_int_equal(row_set_count(back), row_set_count(s));
	assert_true(row_set_contains(back, s));
	row_set_free(back);
	row_set_free(s);
	buffer_release(&text);
}

static void every_kind_of_container_comes_back(void **state)
{
	struct row_set *array = row_set_new(), *bits = row_set_new(),
		       *runs = row_set_new();
	struct row_set *mixed = row_set_new();

	(void)state;
	assert_round_trip(row_set_new(), 0);
	for (uint32_t i = 0; i < 1000; i++)
		row_set_add(array, i * 60);
	for (uint32_t i = 0; i < 30000; i++)
		row_set_add(bits, i * 2);
	for (uint32_t i = 0; i < 200000; i++)
		row_set_add(runs, i);
	for (uint32_t i = 0; i < 6; i++)
		row_set_add(mixed, i * 70001);
	row_set_union(mixed, array);
	row_set_union(mixed, runs);
	assert_round_trip(mixed, 400000);
	assert_round_trip(array, 60000);
	assert_round_trip(bits, 60000);
	assert_round_trip(runs, 200000);
}

static void adding_tells_what_is_new(void **state)
{
	const uint32_t rows[] = { 1, 5, 9 };
	uint32_t out[4], max;
	struct row_set *s = row_set_new(), *copy;

	(void)state;
	assert_false(row_set_max(s, &max));
	row_set_add_sorted(s, rows, 3);
	assert_false(row_set_add(s, 5));
	assert_true(row_set_add(s, 3));
	copy = row_set_copy(s);
	assert_true(row_set_add(copy, 100));
	assert_int_equal(row_set_count(s), 4);
	row_set_rows(s, out);
	assert_int_equal(out[1], 3);
	assert_int_equal(out[3], 9);
	assert_true(row_set_max(copy, &max));
	assert_int_equal(max, 100);
	assert_true(row_set_contains(copy, s));
	assert_false(row_set_contains(s, copy));
	assert_false(row_set_has(s, 100));
	row_set_free(s);
	row_set_free(copy);
}

static void every_shortened_or_altered_bitmap_is_refused_or_sound(void **state)
{
	struct row_set *s = row_set_new();
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		row_set_add(s, i * 3 + (i > 2500 ? 100000 : 0));
	row_set_encode(s, &text);
	for (size_t size = 0; size < text.size; size++) {
		struct row_set *out = NULL;

		assert_int_equal(row_set_decode(&out, (struct bytes){ text.data, size },
						1u << 20, &e),
				 -1);
		assert_int_equal(e.kind, ERR_DATA);
	}
	for (size_t i = 0; i < 60; i++) {
		struct row_set *out = NULL;

		text.data[i] ^= 0x11;
		if (row_set_decode(&out, buffer_bytes(&text), 1u << 20, &e) == 0)
			row_set_free(out);
		text.data[i] ^= 0x11;
	}
	row_set_free(s);
	buffer_release(&text);
}

static void a_row_beyond_the_file_is_refused(void **state)
{
	struct row_set *s = row_set_new(), *out = NULL;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	row_set_add(s, 10);
	row_set_encode(s, &text);
	assert_int_equal(row_set_decode(&out, buffer_bytes(&text), 10, &e), -1);
	assert_non_null(strstr(e.text, "row 10 of a file of 10 rows"));
	row_set_free(s);
	buffer_release(&text);
}

/* PROTOCOL.md, "JSON Example 1". */
static void the_example_of_the_spec_reads_as_told(void **state)
{
	const uint8_t uuid[UUID_BYTES] = {
		0xd2, 0xc6, 0x39, 0xaa, 0x88, 0x16, 0x43, 0x1a,
		0xaa, 0xf6, 0xd3, 0xfe, 0x25, 0x12, 0xff, 0x61
	};
	char text[UUID_TEXT_BYTES + 1];
	struct buffer out = { 0 };

	(void)state;
	uuid_format(text, uuid);
	assert_string_equal(text, "d2c639aa-8816-431a-aaf6-d3fe2512ff61");
	z85_encode(&out, (struct bytes){ uuid, sizeof(uuid) });
	assert_buffer_text(out, "^-aqEH.-t@S}K{vb[*k^");
}

static void an_inline_vector_reads_and_is_checked(void **state)
{
	struct deletion_vector dv = { .storage_type = 'i',
				      .offset = -1,
				      .cardinality = 2 };
	struct buffer data = { 0 }, text = { 0 };
	struct row_set *rows = row_set_new(), *back = NULL;
	struct err e = ERR_INIT;

	(void)state;
	row_set_add(rows, 3);
	row_set_add(rows, 29);
	row_set_encode(rows, &data);
	dv.size_bytes = (uint32_t)data.size;
	while (data.size % 4 != 0)
		buffer_char(&data, 0);
	z85_encode(&text, buffer_bytes(&data));
	dv.place = buffer_string(&text);
	must(dv_read(&back, NULL, &dv, 30, &e), &e);
	assert_true(row_set_contains(back, rows));
	dv.cardinality = 5;
	assert_int_equal(dv_read(&back, NULL, &dv, 30, &e), -1);
	assert_non_null(strstr(e.text, "deletes 2 rows, the log says 5"));
	dv.cardinality = 2;
	dv.place = "wi5b=0000~";
	assert_int_equal(dv_read(&back, NULL, &dv, 30, &e), -1);
	/* "JSON Example 3" of the spec is in an older form with another magic number. */
	dv.place = "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";
	dv.size_bytes = 40;
	assert_int_equal(dv_read(&back, NULL, &dv, 30, &e), -1);
	assert_non_null(strstr(e.text, "magic number"));
	dv.storage_type = 'p';
	assert_int_equal(dv_read(&back, NULL, &dv, 30, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	row_set_free(rows);
	row_set_free(back);
	buffer_release(&data);
	buffer_release(&text);
}

static void z85_is_its_own_inverse(void **state)
{
	uint8_t bytes[8] = { 0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b };
	struct buffer text = { 0 }, back = { 0 };

	(void)state;
	z85_encode(&text, (struct bytes){ bytes, 8 }); /* the example of ZeroMQ RFC 32 */
	assert_true(z85_decode(&back, buffer_bytes(&text)));
	assert_memory_equal(back.data, bytes, 8);
	assert_buffer_text(text, "HelloWorld");
	assert_false(z85_decode(&back, BYTES_OF("Hell")));
	assert_false(z85_decode(&back, BYTES_OF("Hell~")));
	assert_false(z85_decode(&back, BYTES_OF("#####"))); /* more than 32 bits */
	buffer_release(&back);
}

static void a_damaged_file_is_refused(void **state)
{
	struct row_set *rows = row_set_new(), *out = NULL;
	struct deletion_vector first, second;
	struct scratch folder;
	struct dv_pack pack;
	struct store *store;
	struct err e = ERR_INIT;
	char name[96];
	size_t size;
	char *text;

	(void)state;
	scratch_make(&folder);
	store = store_open_directory(folder.path, false, &e);
	dv_pack_init(&pack);
	row_set_add(rows, 1);
	assert_int_equal(dv_pack_add(&pack, rows, &first, &e), 0);
	row_set_add(rows, 7);
	assert_int_equal(dv_pack_add(&pack, rows, &second, &e), 0);
	assert_int_equal(first.offset, 1);
	assert_int_equal(dv_pack_write(&pack, store, &e), 0);
	assert_int_equal(dv_read(&out, store, &first, 8, &e), 0);
	assert_int_equal(row_set_count(out), 1);
	row_set_free(out);
	assert_int_equal(dv_read(&out, store, &second, 8, &e), 0);
	assert_int_equal(row_set_count(out), 2);
	row_set_free(out);
	snprintf(name, sizeof(name), "deletion_vector_%s.bin", pack.uuid);
	text = scratch_read(&folder, name, &size);
	for (size_t at = 1; at < size; at++) {
		text[at] ^= 1;
		scratch_write(&folder, name, text, size);
		text[at] ^= 1;
		if (dv_read(&out, store, at < (size_t)second.offset ? &first : &second, 8,
			    &e) == 0)
			fail_msg("byte %zu is not noticed", at);
		assert_int_equal(e.kind, ERR_DATA);
	}
	scratch_write(&folder, name, text, size - 1);
	assert_int_equal(dv_read(&out, store, &second, 8, &e), -1);
	assert_int_equal(store_remove(store, name, &e), 0);
	assert_int_equal(dv_read(&out, store, &first, 8, &e), -1);
	assert_non_null(strstr(e.text, "it is gone"));
	memory_free(text);
	row_set_free(rows);
	dv_pack_release(&pack);
	store_close(store);
	scratch_remove(&folder);
}

/* Bitmaps of others: github.com/RoaringBitmap/RoaringFormatSpec, testdata. */
static void bitmaps_of_other_libraries_read(void **state)
{
	static const char *const names[] = { "bitmapwithoutruns.bin",
					     "bitmapwithruns.bin" };
	const char *corpora = getenv("CORPORA");

	(void)state;
	if (corpora == NULL) {
		printf("# CORPORA is not set: bitmaps of other libraries are not read\n");
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct scratch folder;
		struct buffer data = { 0 };
		struct row_set *rows = NULL;
		struct err e = ERR_INIT;
		char name[64], *bitmap;
		size_t size;

		snprintf(folder.path, sizeof(folder.path), "%s/roaring", corpora);
		snprintf(name, sizeof(name), "testdata/%s", names[i]);
		bitmap = scratch_read(&folder, name, &size);
		assert_non_null(bitmap);
		buffer_u32le(&data, 1681511377u);
		buffer_u64le(&data, 1);
		buffer_u32le(&data, 0);
		buffer_append(&data, bitmap, size);
		if (row_set_decode(&rows, buffer_bytes(&data), UINT32_MAX, &e) < 0)
			fail_msg("%s: %s", names[i], e.text);
		assert_int_equal(row_set_count(rows), 200100);
		row_set_free(rows);
		memory_free(bitmap);
		buffer_release(&data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_container_comes_back),
		cmocka_unit_test(adding_tells_what_is_new),
		cmocka_unit_test(every_shortened_or_altered_bitmap_is_refused_or_sound),
		cmocka_unit_test(a_row_beyond_the_file_is_refused),
		cmocka_unit_test(the_example_of_the_spec_reads_as_told),
		cmocka_unit_test(an_inline_vector_reads_and_is_checked),
		cmocka_unit_test(z85_is_its_own_inverse),
		cmocka_unit_test(a_damaged_file_is_refused),
		cmocka_unit_test(bitmaps_of_other_libraries_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
