/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes the benchmark's rows: bench_parquet FILE [ROWS]; prints "name value unit". */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "parquet/parquet.h"

static int write_file(void *context, struct bytes b, struct err *e)
{
	if (fwrite(b.data, 1, b.size, context) != b.size)
		return err_system(e, "write");
	return 0;
}

static int read_file(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *e)
{
	if (fseek(context, (long)offset, SEEK_SET) != 0 ||
	    fread(buffer_grow(out, size), 1, size, context) != size)
		return err_system(e, "read");
	return 0;
}

static struct schema *bench_schema(void)
{
	struct schema *s = schema_new("bench", "t");

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "customer", TYPE_INT, true);
	schema_add(s, "status", TYPE_INT, true);
	schema_add(s, "amount", TYPE_DECIMAL, true)->precision = 10;
	s->fields[3].scale = 2;
	schema_add(s, "created", TYPE_TIMESTAMP_NTZ, true);
	schema_add(s, "state", TYPE_STRING, true);
	schema_add(s, "name", TYPE_STRING, true);
	schema_add(s, "score", TYPE_DOUBLE, true);
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	return s;
}

static void fill(struct columns *c, uint32_t rows)
{
	static const char *const states[] = { "new", "paid", "packed", "shipped", "delivered", "returned" };

	for (uint32_t i = 0; i < rows; i++) {
		const char *state = states[random() % 6];
		char name[64];
		int size = snprintf(name, sizeof(name), "customer %06lx%06lx", random() & 0xffffff,
				    random() & 0xffffff);

		column_add_int64(&c->columns[0], i + 1);
		column_add_int32(&c->columns[1], (int32_t)(random() % 1000000));
		column_add_int32(&c->columns[2], (int32_t)(random() % 8));
		column_add_int64(&c->columns[3], random() % 10000000);
		column_add_int64(&c->columns[4], 1785578400000000 + (int64_t)i * 1000 * (random() % 3));
		column_add_bytes(&c->columns[5], state, (uint32_t)strlen(state));
		column_add_bytes(&c->columns[6], name, (uint32_t)size);
		column_add_double(&c->columns[7], (double)(random() % 100000) / 100);
		columns_end_row(c);
	}
}

static double encode(const char *path, struct schema *s, const struct columns *c, struct err *e)
{
	FILE *file = fopen(path, "wb");
	int64_t start = clock_monotonic_us();
	struct parquet_writer *w = parquet_writer_open(s, PARQUET_ZSTD,
						       (struct parquet_output){ write_file, file });

	if (parquet_writer_add(w, c, NULL, c->row_count, e) < 0 || parquet_writer_finish(w, e) < 0)
		fprintf(stderr, "%s\n", e->text);
	printf("encoded_bytes %llu bytes\n", (unsigned long long)parquet_writer_bytes(w));
	parquet_writer_close(w);
	fclose(file);
	return (double)(clock_monotonic_us() - start) / 1e6;
}

static double decode(const char *path, struct schema *s, uint32_t rows, struct err *e)
{
	FILE *file = fopen(path, "rb");
	int64_t start = clock_monotonic_us();
	struct parquet_input input = { read_file, file, 0 };
	struct parquet_reader *r;
	struct columns c;
	uint64_t total = 0;

	fseek(file, 0, SEEK_END);
	input.size = (uint64_t)ftell(file);
	columns_init(&c, s);
	if (parquet_reader_open(&r, s, input, e) < 0)
		fprintf(stderr, "%s\n", e->text);
	while (parquet_reader_next(r, NULL, 65536, &c, e) == 0) {
		total += c.row_count;
		columns_clear(&c);
	}
	if (total != rows)
		fprintf(stderr, "read %llu rows: %s\n", (unsigned long long)total, e->text);
	parquet_reader_close(r);
	columns_release(&c);
	fclose(file);
	return (double)(clock_monotonic_us() - start) / 1e6;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "/tmp/bench.parquet";
	uint32_t rows = argc > 2 ? (uint32_t)atoi(argv[2]) : 1000000;
	struct schema *s = bench_schema();
	struct err e = ERR_INIT;
	struct columns c;

	columns_init(&c, s);
	fill(&c, rows);
	printf("encode %.0f rows/s\n", rows / encode(path, s, &c, &e));
	printf("decode %.0f rows/s\n", rows / decode(path, s, rows, &e));
	columns_release(&c);
	schema_release(s);
	return e.kind != ERR_NONE;
}
