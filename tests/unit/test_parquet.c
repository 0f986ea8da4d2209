/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <math.h>

#include "lib/parquet_file.h"

static struct schema *every_type(bool is_nullable)
{
	struct schema *s = schema_new("d", "t");
	static const uint8_t precisions[] = { 9, 18, 38 };

	for (enum type t = 0; t < TYPES; t++) {
		if (t != TYPE_DECIMAL)
			schema_add(s, type_name(t), t, is_nullable);
	}
	for (size_t i = 0; i < 3; i++) {
		struct field *f = schema_add(s, (const char *[]){ "d9", "d18", "d38" }[i], TYPE_DECIMAL,
					     is_nullable);

		f->precision = precisions[i];
		f->scale = 2;
	}
	return s;
}

/* `spread` is how many different values there are: few make dictionaries. */
static void add_value(struct column *c, long spread)
{
	int64_t v = random() % spread;
	char text[64];

	switch (c->storage) {
	case STORAGE_BOOL:
		column_add_bool(c, v & 1);
		break;
	case STORAGE_INT32:
		column_add_int32(c, (int32_t)(v * 7919) - 5);
		break;
	case STORAGE_INT64:
		column_add_int64(c, v * 1000003 - 77);
		break;
	case STORAGE_INT128:
		column_add_int128(c, ((int128_t)v << 70) * (v & 1 ? -1 : 1));
		break;
	case STORAGE_FLOAT:
		column_add_float(c, (float)v / 3);
		break;
	case STORAGE_DOUBLE:
		column_add_double(c, (double)v / 7);
		break;
	case STORAGE_BYTES:
		column_add_bytes(c, text, (uint32_t)snprintf(text, sizeof(text), "%.*s\xc3\xa9%lld",
							     (int)(v % 5), "xxxxx", (long long)v));
		break;
	case STORAGES:
		break;
	}
}

static void fill(struct columns *c, uint32_t rows, long spread, int nulls_in_100)
{
	for (uint32_t row = 0; row < rows; row++) {
		for (uint32_t i = 0; i < c->column_count; i++) {
			if (random() % 100 < nulls_in_100)
				column_set_null(&c->columns[i]);
			else
				add_value(&c->columns[i], spread);
		}
		columns_end_row(c);
	}
}

static void assert_cell(const struct column *a, uint32_t i, const struct column *b, uint32_t j)
{
	size_t size = storage_size(a->storage);

	assert_int_equal(column_is_null(a, i), column_is_null(b, j));
	if (a->storage == STORAGE_BYTES)
		assert_true(bytes_equal(column_bytes(a, i), column_bytes(b, j)));
	else
		assert_memory_equal(a->values + i * size, b->values + j * size, size);
}

static void check_file(struct parquet_file *f, const uint32_t *rows, uint32_t count)
{
	struct parquet_reader *r = parquet_file_read(&f->bytes, f->schema);
	struct err e = ERR_INIT;
	struct columns back;
	int rc;

	columns_init(&back, f->schema);
	assert_int_equal(parquet_reader_rows(r), count);
	while ((rc = parquet_reader_next(r, NULL, 7001, &back, &e)) == 0)
		;
	assert_int_equal(rc, 1);
	assert_int_equal(back.row_count, count);
	for (uint32_t i = 0; i < f->rows.column_count; i++) {
		for (uint32_t row = 0; row < count; row++)
			assert_cell(&f->rows.columns[i], rows != NULL ? rows[row] : row, &back.columns[i],
				    row);
	}
	parquet_reader_close(r);
	columns_release(&back);
}

static void write_and_check(struct parquet_file *f, const uint32_t *rows, uint32_t count,
			    enum parquet_codec codec)
{
	struct parquet_writer *w = parquet_file_write(f, rows, count, codec);

	assert_int_equal(parquet_writer_bytes(w), f->bytes.size);
	parquet_writer_close(w);
	check_file(f, rows, count);
}

static void round_trip(uint32_t count, long spread, int nulls_in_100, enum parquet_codec codec)
{
	struct parquet_file f;

	parquet_file_init(&f, every_type(nulls_in_100 > 0));
	fill(&f.rows, count, spread, nulls_in_100);
	write_and_check(&f, NULL, count, codec);
	parquet_file_release(&f);
}

static void every_type_comes_back(void **state)
{
	static const uint32_t counts[] = { 1, 8, 129, 20000, 20001 };

	(void)state;
	srandom(1);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		round_trip(counts[i], 10, 0, PARQUET_ZSTD);
		round_trip(counts[i], 1 << 30, 0, PARQUET_SNAPPY);
		round_trip(counts[i], 1 << 30, 30, PARQUET_ZSTD);
		round_trip(counts[i], 3, 100, PARQUET_UNCOMPRESSED);
	}
}

static void more_values_than_a_dictionary_holds_come_back(void **state)
{
	(void)state;
	round_trip(90000, 40000, 1, PARQUET_ZSTD);
}

static void chosen_rows_are_written_in_their_order(void **state)
{
	struct parquet_file f;
	uint32_t rows[3000];

	(void)state;
	parquet_file_init(&f, every_type(true));
	fill(&f.rows, 5000, 1 << 20, 10);
	for (uint32_t i = 0; i < 3000; i++)
		rows[i] = (uint32_t)random() % 5000;
	write_and_check(&f, rows, 3000, PARQUET_ZSTD);
	parquet_file_release(&f);
}

static void picked_rows_are_the_rows(void **state)
{
	struct parquet_file f;
	struct parquet_reader *r;
	struct err e = ERR_INIT;
	struct columns back;
	uint32_t rows[700], count = 0;

	(void)state;
	parquet_file_init(&f, every_type(true));
	columns_init(&back, f.schema);
	fill(&f.rows, 65000, 1 << 20, 10);
	parquet_file_write_all(&f);
	for (uint32_t row = 0; row < 65000 && count < 700; row += 1 + (uint32_t)random() % 400)
		rows[count++] = row;
	r = parquet_file_read(&f.bytes, f.schema);
	assert_int_equal(parquet_reader_pick(r, NULL, rows, count, &back, &e), 0);
	assert_int_equal(back.row_count, count);
	for (uint32_t i = 0; i < f.rows.column_count; i++) {
		for (uint32_t n = 0; n < count; n++)
			assert_cell(&f.rows.columns[i], rows[n], &back.columns[i], n);
	}
	rows[0] = 65000;
	assert_int_equal(parquet_reader_pick(r, NULL, rows, 1, &back, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	parquet_reader_close(r);
	columns_release(&back);
	parquet_file_release(&f);
}

static void a_field_that_the_file_lacks_is_null(void **state)
{
	struct schema *old = schema_new("d", "t"), *new = schema_new("d", "t");
	struct parquet_reader *r;
	struct parquet_file f;
	struct err e = ERR_INIT;
	struct columns c;

	(void)state;
	schema_add(old, "a", TYPE_INT, false);
	schema_add(new, "b", TYPE_STRING, true);
	schema_add(new, "a", TYPE_LONG, false); /* and INT reads as LONG */
	parquet_file_init(&f, old);
	column_add_int32(&f.rows.columns[0], -7);
	columns_end_row(&f.rows);
	parquet_file_write_all(&f);
	columns_init(&c, new);
	r = parquet_file_read(&f.bytes, new);
	assert_int_equal(parquet_reader_next(r, NULL, 10, &c, &e), 0);
	assert_true(column_is_null(&c.columns[0], 0));
	assert_int_equal(column_int64(&c.columns[1], 0), -7);
	parquet_reader_close(r);
	columns_release(&c);
	parquet_file_release(&f);
	schema_release(new);
}

static void long_texts_have_a_rounded_bound(void **state)
{
	const struct parquet_bounds *b;
	struct parquet_writer *w;
	struct parquet_file f;

	(void)state;
	parquet_file_init_one(&f, TYPE_STRING);
	column_add_bytes(&f.rows.columns[0], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 36);
	columns_end_row(&f.rows);
	column_add_bytes(&f.rows.columns[0], "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\xf4\x8f\xbf\xbfqq", 37);
	columns_end_row(&f.rows);
	w = parquet_file_write(&f, NULL, 2, PARQUET_ZSTD);
	b = parquet_writer_bounds(w, 0);
	assert_true(b->has_bounds);
	assert_false(b->is_min_exact);
	assert_false(b->is_max_exact);
	assert_int_equal(b->min_text.size, 32);
	/* U+10FFFF cannot be raised: the letter before it is */
	assert_int_equal(b->max_text.size, 31);
	assert_int_equal(b->max_text.data[30], 'z' + 1);
	parquet_writer_close(w);
	parquet_file_release(&f);
}

static void a_nan_takes_the_bounds_away_and_zeros_have_both_signs(void **state)
{
	const struct parquet_bounds *b;
	struct parquet_writer *w;
	struct parquet_file f;

	(void)state;
	parquet_file_init_one(&f, TYPE_DOUBLE);
	column_add_double(&f.rows.columns[0], 0.0);
	columns_end_row(&f.rows);
	w = parquet_file_write(&f, NULL, 1, PARQUET_ZSTD);
	b = parquet_writer_bounds(w, 0);
	assert_true(signbit(b->min_double) != 0);
	assert_true(signbit(b->max_double) == 0);
	parquet_writer_close(w);
	column_add_double(&f.rows.columns[0], NAN);
	columns_end_row(&f.rows);
	w = parquet_file_write(&f, NULL, 2, PARQUET_ZSTD);
	assert_false(parquet_writer_bounds(w, 0)->has_bounds);
	parquet_writer_close(w);
	parquet_file_release(&f);
}

/* Every byte of a small file changed, and every length cut: refused or read, never worse. */
static void damaged_files_are_refused_or_read(void **state)
{
	struct parquet_file f;
	uint32_t refused = 0;

	(void)state;
	parquet_file_init(&f, every_type(true));
	fill(&f.rows, 20, 5, 20);
	parquet_file_write_all(&f);
	for (size_t i = 0; i < 2 * f.bytes.size; i++) {
		struct buffer copy = { 0 };
		struct parquet_reader *r;
		struct err e = ERR_INIT;
		struct columns c;
		int rc;

		buffer_append(&copy, f.bytes.data, i < f.bytes.size ? f.bytes.size : i - f.bytes.size);
		if (i < f.bytes.size)
			copy.data[i] ^= (uint8_t)(1 + random() % 255);
		columns_init(&c, f.schema);
		rc = parquet_reader_open(&r, f.schema, parquet_input_of(&copy), &e);
		if (rc == 0) {
			while ((rc = parquet_reader_next(r, NULL, 1000, &c, &e)) == 0 && c.row_count < 10000)
				;
			parquet_reader_close(r);
		}
		refused += rc < 0;
		if (rc < 0)
			assert_int_equal(e.kind, ERR_DATA);
		columns_release(&c);
		buffer_release(&copy);
	}
	assert_true(refused > f.bytes.size);
	parquet_file_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_back),
		cmocka_unit_test(more_values_than_a_dictionary_holds_come_back),
		cmocka_unit_test(chosen_rows_are_written_in_their_order),
		cmocka_unit_test(picked_rows_are_the_rows),
		cmocka_unit_test(a_field_that_the_file_lacks_is_null),
		cmocka_unit_test(long_texts_have_a_rounded_bound),
		cmocka_unit_test(a_nan_takes_the_bounds_away_and_zeros_have_both_signs),
		cmocka_unit_test(damaged_files_are_refused_or_read),
	};

	return cmocka_run_group_tests_name("parquet", tests, NULL, NULL);
}
