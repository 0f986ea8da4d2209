/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "parquet/parquet.h"

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

static void write_rows(struct buffer *file, struct schema *s, const struct columns *c,
		       const uint32_t *rows, uint32_t count, enum parquet_codec codec)
{
	struct parquet_writer *w = parquet_writer_open(s, codec, (struct parquet_output){ append, file });
	struct err e = ERR_INIT;

	assert_int_equal(parquet_writer_add(w, c, rows, count, &e), 0);
	assert_int_equal(parquet_writer_finish(w, &e), 0);
	assert_int_equal(parquet_writer_bytes(w), file->size);
	parquet_writer_close(w);
}

static void check_file(struct buffer *file, struct schema *s, const struct columns *c,
		       const uint32_t *rows, uint32_t count)
{
	struct parquet_reader *r;
	struct err e = ERR_INIT;
	struct columns back;
	int rc;

	columns_init(&back, s);
	assert_int_equal(parquet_reader_open(&r, s, input_of(file), &e), 0);
	assert_int_equal(parquet_reader_rows(r), count);
	while ((rc = parquet_reader_next(r, NULL, 7001, &back, &e)) == 0)
		;
	assert_int_equal(rc, 1);
	assert_int_equal(back.row_count, count);
	for (uint32_t i = 0; i < c->column_count; i++) {
		for (uint32_t row = 0; row < count; row++)
			assert_cell(&c->columns[i], rows != NULL ? rows[row] : row, &back.columns[i], row);
	}
	parquet_reader_close(r);
	columns_release(&back);
}

static void round_trip(uint32_t count, long spread, int nulls_in_100, enum parquet_codec codec)
{
	struct schema *s = every_type(nulls_in_100 > 0);
	struct buffer file = { 0 };
	struct columns c;

	columns_init(&c, s);
	fill(&c, count, spread, nulls_in_100);
	write_rows(&file, s, &c, NULL, count, codec);
	check_file(&file, s, &c, NULL, count);
	buffer_release(&file);
	columns_release(&c);
	schema_release(s);
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
	struct schema *s = every_type(true);
	struct buffer file = { 0 };
	uint32_t rows[3000];
	struct columns c;

	(void)state;
	columns_init(&c, s);
	fill(&c, 5000, 1 << 20, 10);
	for (uint32_t i = 0; i < 3000; i++)
		rows[i] = (uint32_t)random() % 5000;
	write_rows(&file, s, &c, rows, 3000, PARQUET_ZSTD);
	check_file(&file, s, &c, rows, 3000);
	buffer_release(&file);
	columns_release(&c);
	schema_release(s);
}

static void picked_rows_are_the_rows(void **state)
{
	struct schema *s = every_type(true);
	struct buffer file = { 0 };
	struct parquet_reader *r;
	struct err e = ERR_INIT;
	struct columns c, back;
	uint32_t rows[700], count = 0;

	(void)state;
	columns_init(&c, s);
	columns_init(&back, s);
	fill(&c, 65000, 1 << 20, 10);
	write_rows(&file, s, &c, NULL, 65000, PARQUET_ZSTD);
	for (uint32_t row = 0; row < 65000 && count < 700; row += 1 + (uint32_t)random() % 400)
		rows[count++] = row;
	assert_int_equal(parquet_reader_open(&r, s, input_of(&file), &e), 0);
	assert_int_equal(parquet_reader_pick(r, NULL, rows, count, &back, &e), 0);
	assert_int_equal(back.row_count, count);
	for (uint32_t i = 0; i < c.column_count; i++) {
		for (uint32_t n = 0; n < count; n++)
			assert_cell(&c.columns[i], rows[n], &back.columns[i], n);
	}
	rows[0] = 65000;
	assert_int_equal(parquet_reader_pick(r, NULL, rows, 1, &back, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	parquet_reader_close(r);
	buffer_release(&file);
	columns_release(&c);
	columns_release(&back);
	schema_release(s);
}

static void a_field_that_the_file_lacks_is_null(void **state)
{
	struct schema *old = schema_new("d", "t"), *new = schema_new("d", "t");
	struct buffer file = { 0 };
	struct parquet_reader *r;
	struct err e = ERR_INIT;
	struct columns c;

	(void)state;
	schema_add(old, "a", TYPE_INT, false);
	schema_add(new, "b", TYPE_STRING, true);
	schema_add(new, "a", TYPE_LONG, false); /* and INT reads as LONG */
	columns_init(&c, old);
	column_add_int32(&c.columns[0], -7);
	columns_end_row(&c);
	write_rows(&file, old, &c, NULL, 1, PARQUET_ZSTD);
	columns_release(&c);
	columns_init(&c, new);
	assert_int_equal(parquet_reader_open(&r, new, input_of(&file), &e), 0);
	assert_int_equal(parquet_reader_next(r, NULL, 10, &c, &e), 0);
	assert_true(column_is_null(&c.columns[0], 0));
	assert_int_equal(column_int64(&c.columns[1], 0), -7);
	parquet_reader_close(r);
	buffer_release(&file);
	columns_release(&c);
	schema_release(old);
	schema_release(new);
}

static const struct parquet_bounds *bounds_after(struct parquet_writer **w, struct schema *s,
						 const struct columns *c, struct buffer *file)
{
	struct err e = ERR_INIT;

	*w = parquet_writer_open(s, PARQUET_ZSTD, (struct parquet_output){ append, file });
	assert_int_equal(parquet_writer_add(*w, c, NULL, c->row_count, &e), 0);
	assert_int_equal(parquet_writer_finish(*w, &e), 0);
	return parquet_writer_bounds(*w, 0);
}

static void long_texts_have_a_rounded_bound(void **state)
{
	struct schema *s = schema_new("d", "t");
	const struct parquet_bounds *b;
	struct parquet_writer *w;
	struct buffer file = { 0 };
	struct columns c;

	(void)state;
	schema_add(s, "a", TYPE_STRING, true);
	columns_init(&c, s);
	column_add_bytes(&c.columns[0], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 36);
	columns_end_row(&c);
	column_add_bytes(&c.columns[0], "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\xf4\x8f\xbf\xbfqq", 37);
	columns_end_row(&c);
	b = bounds_after(&w, s, &c, &file);
	assert_true(b->has_bounds);
	assert_false(b->is_min_exact);
	assert_false(b->is_max_exact);
	assert_int_equal(b->min_text.size, 32);
	/* U+10FFFF cannot be raised: the letter before it is */
	assert_int_equal(b->max_text.size, 31);
	assert_int_equal(b->max_text.data[30], 'z' + 1);
	parquet_writer_close(w);
	buffer_release(&file);
	columns_release(&c);
	schema_release(s);
}

static void a_nan_takes_the_bounds_away_and_zeros_have_both_signs(void **state)
{
	struct schema *s = schema_new("d", "t");
	const struct parquet_bounds *b;
	struct parquet_writer *w;
	struct buffer file = { 0 };
	struct columns c;

	(void)state;
	schema_add(s, "a", TYPE_DOUBLE, true);
	columns_init(&c, s);
	column_add_double(&c.columns[0], 0.0);
	columns_end_row(&c);
	b = bounds_after(&w, s, &c, &file);
	assert_true(signbit(b->min_double) != 0);
	assert_true(signbit(b->max_double) == 0);
	parquet_writer_close(w);
	column_add_double(&c.columns[0], NAN);
	columns_end_row(&c);
	buffer_clear(&file);
	b = bounds_after(&w, s, &c, &file);
	assert_false(b->has_bounds);
	parquet_writer_close(w);
	buffer_release(&file);
	columns_release(&c);
	schema_release(s);
}

/* Every byte of a small file changed, and every length cut: refused or read, never worse. */
static void damaged_files_are_refused_or_read(void **state)
{
	struct schema *s = every_type(true);
	struct buffer file = { 0 };
	struct columns c;
	uint32_t refused = 0;

	(void)state;
	columns_init(&c, s);
	fill(&c, 20, 5, 20);
	write_rows(&file, s, &c, NULL, 20, PARQUET_ZSTD);
	for (size_t i = 0; i < 2 * file.size; i++) {
		struct buffer copy = { 0 };
		struct parquet_reader *r;
		struct err e = ERR_INIT;
		int rc;

		buffer_append(&copy, file.data, i < file.size ? file.size : i - file.size);
		if (i < file.size)
			copy.data[i] ^= (uint8_t)(1 + random() % 255);
		columns_clear(&c);
		rc = parquet_reader_open(&r, s, input_of(&copy), &e);
		if (rc == 0) {
			while ((rc = parquet_reader_next(r, NULL, 1000, &c, &e)) == 0 && c.row_count < 10000)
				;
			parquet_reader_close(r);
		}
		refused += rc < 0;
		if (rc < 0)
			assert_int_equal(e.kind, ERR_DATA);
		/* a half-read row is not counted in every column */
		columns_release(&c);
		columns_init(&c, s);
		buffer_release(&copy);
	}
	assert_true(refused > file.size);
	buffer_release(&file);
	columns_release(&c);
	schema_release(s);
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
