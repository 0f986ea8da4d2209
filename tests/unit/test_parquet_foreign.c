/* SPDX-License-Identifier: Apache-2.0 */
/* Files that contradict themselves, and what the page index says. */
#include "lib/test.h"

#include "base/memory.h"
#include "parquet/chunk.h"
#include "parquet/footer.h"
#include "parquet/leaf.h"

static int append(void *context, struct bytes b, struct err *e)
{
	(void)e;
	buffer_bytes_append(context, b);
	return 0;
}

static int slice(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *e)
{
	const struct buffer *file = context;

	if (offset > file->size || size > file->size - offset)
		return err_set(e, ERR_DATA, "read past the end");
	buffer_append(out, file->data + offset, size);
	return 0;
}

static struct parquet_input input_of(struct buffer *file)
{
	return (struct parquet_input){ slice, file, file->size };
}

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
					      (struct parquet_output){ append, file }, &e), 0);
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
	assert_int_equal(parquet_read_leaves(input_of(&file), 0, wanted, 2, &leaves, &e), 0);
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
	assert_int_equal(parquet_read_leaves(input_of(&file), 0, names, 1, &leaves, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	buffer_release(&file);
}

static struct schema *one_field(enum type type)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, "a", type, true);
	return s;
}

static void write_rows(struct buffer *file, struct schema *s, const struct columns *c)
{
	struct parquet_writer *w = parquet_writer_open(s, PARQUET_ZSTD,
						       (struct parquet_output){ append, file });
	struct err e = ERR_INIT;

	assert_int_equal(parquet_writer_add(w, c, NULL, c->row_count, &e), 0);
	assert_int_equal(parquet_writer_finish(w, &e), 0);
	parquet_writer_close(w);
}

/* The offset index of a file with one page stands before the footer: 19 1c, i64 offset, i32 size, i64 row 0, ends. */
static void a_page_index_that_begins_behind_row_0_is_refused(void **state)
{
	struct schema *s = one_field(TYPE_LONG);
	struct buffer file = { 0 };
	struct parquet_reader *r;
	struct err e = ERR_INIT;
	uint32_t footer, row = 0;
	struct columns c;
	uint8_t *first;

	(void)state;
	columns_init(&c, s);
	column_add_int64(&c.columns[0], 7);
	columns_end_row(&c);
	write_rows(&file, s, &c);
	memcpy(&footer, file.data + file.size - 8, 4);
	first = file.data + file.size - 8 - footer - 3;
	assert_int_equal(*first, 0);
	assert_int_equal(parquet_reader_open(&r, s, input_of(&file), &e), 0);
	assert_int_equal(parquet_reader_pick(r, NULL, &row, 1, &c, &e), 0);
	parquet_reader_close(r);
	*first = 2; /* zigzag of 1 */
	assert_int_equal(parquet_reader_open(&r, s, input_of(&file), &e), 0);
	assert_int_equal(parquet_reader_pick(r, NULL, &row, 1, &c, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	parquet_reader_close(r);
	columns_release(&c);
	buffer_release(&file);
	schema_release(s);
}

static void wide_rows_come_a_page_at_a_time(void **state)
{
	struct schema *s = one_field(TYPE_BINARY);
	struct buffer file = { 0 }, text = { 0 };
	struct parquet_reader *r;
	struct err e = ERR_INIT;
	uint32_t total = 0;
	struct columns c;
	int rc;

	(void)state;
	columns_init(&c, s);
	memset(buffer_grow(&text, 300000), 'x', 300000);
	for (uint32_t i = 0; i < 40; i++) {
		memcpy(text.data, &i, sizeof(i)); /* no two alike */
		column_add_bytes(&c.columns[0], text.data, 300000);
		columns_end_row(&c);
	}
	write_rows(&file, s, &c);
	columns_clear(&c);
	assert_int_equal(parquet_reader_open(&r, s, input_of(&file), &e), 0);
	while ((rc = parquet_reader_next(r, NULL, 65536, &c, &e)) == 0) {
		assert_true(c.columns[0].heap_size <= 1 << 20);
		total += c.row_count;
		columns_clear(&c);
	}
	assert_int_equal(rc, 1);
	assert_int_equal(total, 40);
	parquet_reader_close(r);
	columns_release(&c);
	buffer_release(&file);
	buffer_release(&text);
	schema_release(s);
}

/* Three pages of BIGINT, each of one value (NULL when negative). */
static enum boundary_order order_of(const int64_t pages[3])
{
	struct schema *s = one_field(TYPE_LONG);
	struct chunk chunk = { .field = &s->fields[0], .physical = PHYSICAL_INT64 };
	struct parquet_bounds bounds = { 0 };
	enum boundary_order order;
	struct buffer file = { 0 };
	struct err e = ERR_INIT;
	struct columns c;
	uint64_t at = 0;

	columns_init(&c, s);
	for (uint32_t i = 0; i < 3 * PAGE_ROWS_MAX; i++) {
		if (pages[i / PAGE_ROWS_MAX] < 0)
			column_set_null(&c.columns[0]);
		else
			column_add_int64(&c.columns[0], pages[i / PAGE_ROWS_MAX]);
		columns_end_row(&c);
	}
	assert_int_equal(chunk_write(&chunk, &c.columns[0], NULL, c.row_count,
				     (struct parquet_output){ append, &file }, &at, &bounds, &e), 0);
	assert_int_equal(chunk.page_count, 3);
	order = chunk.order;
	chunk_release(&chunk);
	columns_release(&c);
	buffer_release(&file);
	schema_release(s);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_leaves_with_one_path_the_first_is_read),
		cmocka_unit_test(a_leaf_with_other_rows_than_its_group_is_refused),
		cmocka_unit_test(a_page_index_that_begins_behind_row_0_is_refused),
		cmocka_unit_test(wide_rows_come_a_page_at_a_time),
		cmocka_unit_test(pages_tell_their_order),
	};

	return cmocka_run_group_tests_name("parquet_foreign", tests, NULL, NULL);
}
