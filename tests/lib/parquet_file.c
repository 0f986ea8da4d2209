/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/parquet_file.h"

#include "lib/test.h"

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

struct parquet_output parquet_output_to(struct buffer *bytes)
{
	return (struct parquet_output){ append, bytes };
}

struct parquet_input parquet_input_of(struct buffer *bytes)
{
	return (struct parquet_input){ slice, bytes, bytes->size };
}

void parquet_file_init(struct parquet_file *f, struct schema *s)
{
	*f = (struct parquet_file){ .schema = s };
	columns_init(&f->rows, s);
}

void parquet_file_init_one(struct parquet_file *f, enum type type)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, "a", type, true);
	parquet_file_init(f, s);
}

void parquet_file_release(struct parquet_file *f)
{
	buffer_release(&f->bytes);
	columns_release(&f->rows);
	schema_release(f->schema);
}

struct parquet_writer *parquet_file_write(struct parquet_file *f, const uint32_t *rows, uint32_t count,
					  enum parquet_codec codec)
{
	struct parquet_writer *w = parquet_writer_open(f->schema, codec, parquet_output_to(&f->bytes));
	struct err e = ERR_INIT;

	must(parquet_writer_add(w, &f->rows, rows, count, &e), &e);
	must(parquet_writer_finish(w, &e), &e);
	return w;
}

void parquet_file_write_all(struct parquet_file *f)
{
	parquet_writer_close(parquet_file_write(f, NULL, f->rows.row_count, PARQUET_ZSTD));
}

struct parquet_reader *parquet_file_read(struct buffer *bytes, struct schema *s)
{
	struct parquet_reader *r;
	struct err e = ERR_INIT;

	must(parquet_reader_open(&r, s, parquet_input_of(bytes), &e), &e);
	return r;
}
