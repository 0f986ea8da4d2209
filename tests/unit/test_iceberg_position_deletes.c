/* SPDX-License-Identifier: Apache-2.0 */
/* Position-delete files of version 2: ours, and such as others write. */
#include "lib/parquet_file.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/iceberg/position_deletes.h"

#define PATH_A "file:///lake/t/a.parquet"
#define PATH_B "file:///lake/t/b.parquet"

static struct scratch folder;
static struct store *store;

static int make_folder(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	scratch_make(&folder);
	store = store_open_directory(folder.path, false, &e);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	store_close(store);
	scratch_remove(&folder);
	return 0;
}

/* A file as somebody else may write it. */
static void foreign_begin(struct parquet_file *f)
{
	struct schema *s = schema_new("", "");

	schema_add(s, "file_path", TYPE_STRING, true);
	schema_add(s, "pos", TYPE_LONG, true);
	parquet_file_init(f, s);
}

static void foreign_row(struct parquet_file *f, const char *path, int64_t pos)
{
	struct columns *rows = &f->rows;

	if (path == NULL)
		column_set_null(&rows->columns[0]);
	else
		column_add_bytes(&rows->columns[0], path, (uint32_t)strlen(path));
	column_add_int64(&rows->columns[1], pos);
	columns_end_row(rows);
}

static void foreign_end(struct parquet_file *f, const char *name)
{
	parquet_file_write_all(f);
	scratch_write(&folder, name, (const char *)f->bytes.data, f->bytes.size);
	parquet_file_release(f);
}

static void assert_rows(const struct position_deletes *d, const char *path, uint64_t count,
			uint32_t one_of_them)
{
	const struct row_set *got = position_deletes_find(d, path);

	assert_non_null(got);
	assert_int_equal(row_set_count(got), count);
	assert_true(row_set_has(got, one_of_them));
}

static void rows_come_back_from_more_than_one_row_group(void **state)
{
	struct row_set *rows = row_set_new();
	struct position_deletes_file told;
	struct position_deletes d = { 0 };
	const struct row_set *got;
	struct err e = ERR_INIT;

	(void)state;
	for (uint32_t i = 0; i < 140000; i++)
		row_set_add(rows, 5 + i * 3);
	must(position_deletes_write(&told, store, "a.parquet", PATH_A, rows, &e), &e);
	assert_int_equal(told.record_count, 140000);
	must(position_deletes_read(&d, store, "a.parquet", &e), &e);
	assert_int_equal(d.file_count, 1);
	got = position_deletes_find(&d, PATH_A);
	assert_int_equal(row_set_count(got), 140000);
	assert_true(row_set_contains(got, rows));
	assert_null(position_deletes_find(&d, PATH_B));
	position_deletes_release(&d);
	position_deletes_file_release(&told);
	row_set_free(rows);
}

static void a_manifest_learns_that_the_file_is_of_one_data_file(void **state)
{
	struct row_set *rows = row_set_new();
	struct position_deletes_file told;
	const struct iceberg_metrics *m = &told.metrics;
	struct err e = ERR_INIT;
	uint64_t size;

	(void)state;
	row_set_add(rows, 7);
	row_set_add(rows, 300);
	must(position_deletes_write(&told, store, "a.parquet", PATH_A, rows, &e), &e);
	must(store->ops->size(store, "a.parquet", &size, &e), &e);
	assert_int_equal(told.size_bytes, size);
	assert_int_equal(m->lower.count, 2);
	assert_int_equal(m->lower.items[0].id, 2147483545);
	assert_memory_equal(m->lower.items[0].bytes.data, "\7\0\0\0\0\0\0\0", 8);
	assert_memory_equal(m->upper.items[0].bytes.data, "\x2c\1\0\0\0\0\0\0", 8);
	assert_int_equal(m->lower.items[1].id, 2147483546);
	assert_true(bytes_equal(buffer_bytes(&m->lower.items[1].bytes), BYTES_OF(PATH_A)));
	assert_true(bytes_equal(buffer_bytes(&m->upper.items[1].bytes), BYTES_OF(PATH_A)));
	assert_int_equal(m->value_counts.items[1].count, 2);
	assert_int_equal(m->null_counts.items[1].count, 0);
	position_deletes_file_release(&told);
	row_set_free(rows);
}

static void files_of_many_data_files_in_any_order_are_read(void **state)
{
	struct position_deletes d = { 0 };
	struct parquet_file f;
	struct err e = ERR_INIT;
	char path[40];

	(void)state;
	foreign_begin(&f);
	for (int64_t i = 0; i < 20000;
	     i++) { /* paths in turn: each comes again 4,000 times */
		snprintf(path, sizeof(path), "file:///lake/t/%d.parquet", (int)(4 - i % 5));
		foreign_row(&f, path, i * 2);
	}
	foreign_end(&f, "many.parquet");
	foreign_begin(&f);
	foreign_row(&f, "file:///lake/t/3.parquet", 77);
	foreign_row(&f, "file:///lake/t/3.parquet", 2); /* also in the other file */
	foreign_row(&f, PATH_A, 4294967295);
	foreign_end(&f, "more.parquet");
	must(position_deletes_read(&d, store, "many.parquet", &e), &e);
	must(position_deletes_read(&d, store, "more.parquet", &e), &e);
	assert_int_equal(d.file_count, 6);
	assert_rows(&d, "file:///lake/t/4.parquet", 4000, 39990);
	assert_rows(&d, "file:///lake/t/0.parquet", 4000, 8);
	assert_rows(&d, "file:///lake/t/3.parquet", 4001, 77);
	assert_rows(&d, PATH_A, 1, UINT32_MAX);
	position_deletes_release(&d);
}

static void assert_refused(const char *name, const char *why)
{
	struct position_deletes d = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(position_deletes_read(&d, store, name, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" and not \"%s\"", e.text, why);
	position_deletes_release(&d);
}

static void what_names_no_row_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *path;
		int64_t pos;
		const char *why;
	} cases[] = {
		{ PATH_A, -1, "pos -1 is no row of a file" },
		{ PATH_A, 4294967296, "pos 4294967296 is no row of a file" },
		{ NULL, 1, "has no file_path or no pos" },
		{ "", 1, "a file_path is empty" },
	};
	struct parquet_file other;
	struct parquet_file f;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		foreign_begin(&f);
		foreign_row(&f, PATH_A, 1);
		foreign_row(&f, cases[i].path, cases[i].pos);
		foreign_end(&f, "bad.parquet");
		assert_refused("bad.parquet", cases[i].why);
	}
	parquet_file_init_one(&other, TYPE_LONG);
	column_add_int64(&other.rows.columns[0], 1);
	columns_end_row(&other.rows);
	parquet_file_write_all(&other);
	scratch_write(&folder, "other.parquet", (const char *)other.bytes.data,
		      other.bytes.size);
	parquet_file_release(&other);
	assert_refused("other.parquet", "has no file_path or no pos");
	scratch_write(&folder, "text.parquet", "no Parquet here", 15);
	assert_refused("text.parquet", "position deletes \"text.parquet\": ");
	assert_refused("gone.parquet", "it is gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_from_more_than_one_row_group),
		cmocka_unit_test(a_manifest_learns_that_the_file_is_of_one_data_file),
		cmocka_unit_test(files_of_many_data_files_in_any_order_are_read),
		cmocka_unit_test(what_names_no_row_is_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
