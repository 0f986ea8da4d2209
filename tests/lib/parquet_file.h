/* SPDX-License-Identifier: Apache-2.0 */
/* A Parquet file in memory, and the rows that it is written from. */
#ifndef LIB_PARQUET_FILE_H
#define LIB_PARQUET_FILE_H

#include "parquet/parquet.h"

struct parquet_file {
	struct schema *schema;
	struct columns rows;
	struct buffer bytes;
};

/* Takes the schema over; no rows, no bytes yet. */
void parquet_file_init(struct parquet_file *f, struct schema *s);
/* Of one nullable field "a". */
void parquet_file_init_one(struct parquet_file *f, enum type type);
void parquet_file_release(struct parquet_file *f);

/* Appends the rows, or these `count` of them. The writer is finished, and closed by the caller. */
struct parquet_writer *parquet_file_write(struct parquet_file *f, const uint32_t *rows, uint32_t count,
					  enum parquet_codec codec);
/* All of them. */
void parquet_file_write_all(struct parquet_file *f);

/* To and from any buffer. */
struct parquet_output parquet_output_to(struct buffer *bytes);
struct parquet_input parquet_input_of(struct buffer *bytes);
/* Must open. */
struct parquet_reader *parquet_file_read(struct buffer *bytes, struct schema *s);

#endif
