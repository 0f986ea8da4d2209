/* SPDX-License-Identifier: Apache-2.0 */
/* Files that contradict themselves, and what the page index says. */
#include "lib/test.h"

#include "base/memory.h"
#include "lib/parquet_file.h"
#include "parquet/chunk.h"
#include "parquet/footer.h"
#include "parquet/leaf.h"
#include "parquet/page_head.h"
#include "parquet/pages.h"

/* One row of required BIGINTs, as many leaves as names. */
static void write_leaves(struct buffer *file, const char *const *names, uint32_t count, uint32_t rows)
{
	struct parquet_node nodes[5] = { { "schema", PARQUET_REQUIRED, count, PARQUET_STRUCT, TYPE_LONG } };
	struct parquet_leaf leaves[4];
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < count; i++) {
		nodes[i + 1] = (struct parquet_node){ .name = names[i], .type = TYPE_LONG };
		leaves[i] = (struct parquet_leaf){ .path = (char *)(uintptr_t)names[i],
						   .type = TYPE_LONG,
						   .entry_count = 1,
						   .cells = { .storage = STORAGE_INT64 } };
		column_add_int64(&leaves[i].cells, i);
	}
	assert_int_equal(parquet_write_leaves(nodes, count + 1, leaves, count, rows, PARQUET_SNAPPY,
					      parquet_output_to(file), &e), 0);
	for (uint32_t i = 0; i < count; i++)
		memory_free(leaves[i].cells.values);
}

static void of_leaves_with_one_path_the_first_is_read(void **state)
{
	static const char *const twice[] = { "a", "a", "a", "b" }, *const wanted[] = { "a", "b" };
	struct buffer file = { 0 };
	struct parquet_leaves leaves;
	struct err e = ERR_INIT;

	(void)state;
	write_leaves(&file, twice, 4, 1);
	assert_int_equal(parquet_read_leaves(parquet_input_of(&file), 0, wanted, 2, &leaves, &e), 0);
	assert_int_equal(leaves.leaf_count, 2);
	assert_int_equal(column_int64(&leaves.leaves[0].cells, 0), 0);
	assert_string_equal(leaves.leaves[1].path, "b");
	parquet_leaves_release(&leaves);
	buffer_release(&file);
}

static void a_leaf_with_other_rows_than_its_group_is_refused(void **state)
{
	static const char *const names[] = { "a" };
	struct buffer file = { 0 };
	struct parquet_leaves leaves;
	struct err e = ERR_INIT;

	(void)state;
	write_leaves(&file, names, 1, 2);
	assert_int_equal(parquet_read_leaves(parquet_input_of(&file), 0, names, 1, &leaves, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	buffer_release(&file);
}

/* The offset index of a file with one page stands before the footer: 19 1c, i64 offset, i32 size, i64 row 0, ends. */
static void a_page_index_that_begins_behind_row_0_is_refused(void **state)
{
	struct parquet_reader *r;
	struct parquet_file f;
	struct err e = ERR_INIT;
	uint32_t footer, row = 0;
	uint8_t *first;

	(void)state;
	parquet_file_init_one(&f, TYPE_LONG);
	column_add_int64(&f.rows.columns[0], 7);
	columns_end_row(&f.rows);
	parquet_file_write_all(&f);
	memcpy(&footer, f.bytes.data + f.bytes.size - 8, 4);
	first = f.bytes.data + f.bytes.size - 8 - footer - 3;
	assert_int_equal(*first, 0);
	r = parquet_file_read(&f.bytes, f.schema);
	assert_int_equal(parquet_reader_pick(r, NULL, &row, 1, &f.rows, &e), 0);
	parquet_reader_close(r);
	*first = 2; /* zigzag of 1 */
	r = parquet_file_read(&f.bytes, f.schema);
	assert_int_equal(parquet_reader_pick(r, NULL, &row, 1, &f.rows, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	parquet_reader_close(r);
	parquet_file_release(&f);
}

static void wide_rows_come_a_page_at_a_time(void **state)
{
	struct buffer text = { 0 };
	struct parquet_reader *r;
	struct parquet_file f;
	struct err e = ERR_INIT;
	uint32_t total = 0;
	int rc;

	(void)state;
	parquet_file_init_one(&f, TYPE_BINARY);
	memset(buffer_grow(&text, 300000), 'x', 300000);
	for (uint32_t i = 0; i < 40; i++) {
		memcpy(text.data, &i, sizeof(i)); /* no two alike */
		column_add_bytes(&f.rows.columns[0], text.data, 300000);
		columns_end_row(&f.rows);
	}
	parquet_file_write_all(&f);
	columns_clear(&f.rows);
	r = parquet_file_read(&f.bytes, f.schema);
	while ((rc = parquet_reader_next(r, NULL, 65536, &f.rows, &e)) == 0) {
		assert_true(f.rows.columns[0].heap_size <= 1 << 20);
		total += f.rows.row_count;
		columns_clear(&f.rows);
	}
	assert_int_equal(rc, 1);
	assert_int_equal(total, 40);
	parquet_reader_close(r);
	buffer_release(&text);
	parquet_file_release(&f);
}

/* Three pages of BIGINT, each of one value (NULL when negative). */
static enum boundary_order order_of(const int64_t pages[3])
{
	struct chunk chunk = { .physical = PHYSICAL_INT64 };
	struct parquet_bounds bounds = { 0 };
	enum boundary_order order;
	struct parquet_file f;
	struct err e = ERR_INIT;
	uint64_t at = 0;

	parquet_file_init_one(&f, TYPE_LONG);
	chunk.field = &f.schema->fields[0];
	for (uint32_t i = 0; i < 3 * PAGE_ROWS_MAX; i++) {
		if (pages[i / PAGE_ROWS_MAX] < 0)
			column_set_null(&f.rows.columns[0]);
		else
			column_add_int64(&f.rows.columns[0], pages[i / PAGE_ROWS_MAX]);
		columns_end_row(&f.rows);
	}
	must(chunk_write(&chunk, &f.rows.columns[0], NULL, f.rows.row_count, parquet_output_to(&f.bytes),
			 &at, &bounds, &e), &e);
	assert_int_equal(chunk.page_count, 3);
	order = chunk.order;
	chunk_release(&chunk);
	parquet_file_release(&f);
	return order;
}

static void pages_tell_their_order(void **state)
{
	(void)state;
	assert_int_equal(order_of((int64_t[]){ 1, 2, 3 }), BOUNDARY_ASCENDING);
	assert_int_equal(order_of((int64_t[]){ 3, 2, 1 }), BOUNDARY_DESCENDING);
	assert_int_equal(order_of((int64_t[]){ 3, 1, 2 }), BOUNDARY_UNORDERED);
	assert_int_equal(order_of((int64_t[]){ 4, -1, 5 }), BOUNDARY_ASCENDING);
	assert_int_equal(order_of((int64_t[]){ -1, -1, -1 }), BOUNDARY_UNORDERED);
}

/* 2 GiB - 1, it says, of a few bytes: nobody takes memory for it. */
static void a_page_that_claims_what_its_bytes_cannot_become_is_refused(void **state)
{
	static const int codecs[] = { PARQUET_UNCOMPRESSED, PARQUET_SNAPPY, 2 /* gzip */, PARQUET_ZSTD };
	const struct file_leaf leaf = { .physical = PHYSICAL_INT64 };
	struct buffer file = { 0 };

	(void)state;
	page_head(&file, PAGE_DATA, 1, ENCODING_PLAIN, INT32_MAX, BYTES_OF("12345678"));
	buffer_text(&file, "12345678");
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		struct file_chunk chunk = { .codec = codecs[i], .value_count = 1, .size = file.size };
		struct err e = ERR_INIT;
		struct pages p = { 0 };

		pages_open(&p, parquet_input_of(&file), &leaf, &chunk);
		assert_int_equal(pages_next(&p, &e), -1);
		assert_string_equal(e.text, "a page's sizes contradict each other: 8 bytes for 2147483647");
		assert_null(p.data.data);
		pages_release(&p);
	}
	buffer_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_leaves_with_one_path_the_first_is_read),
		cmocka_unit_test(a_leaf_with_other_rows_than_its_group_is_refused),
		cmocka_unit_test(a_page_index_that_begins_behind_row_0_is_refused),
		cmocka_unit_test(wide_rows_come_a_page_at_a_time),
		cmocka_unit_test(pages_tell_their_order),
		cmocka_unit_test(a_page_that_claims_what_its_bytes_cannot_become_is_refused),
	};

	return cmocka_run_group_tests_name("parquet_foreign", tests, NULL, NULL);
}
