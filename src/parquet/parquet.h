/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns to and from Parquet (format 2.x file, data page v1). Two levels: whole tables of flat fields
 * (writer, reader below), and single leaves with their levels for nested schemas (parquet/leaf.h), which
 * Delta's checkpoints need.
 */
#ifndef PARQUET_PARQUET_H
#define PARQUET_PARQUET_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "change/columns.h"

enum parquet_codec { /* the format's own numbers */
	PARQUET_UNCOMPRESSED = 0,
	PARQUET_SNAPPY = 1,
	PARQUET_ZSTD = 6,
};

/* What a file's column holds, over all row groups. Bounds are inclusive and true of every live cell. */
struct parquet_bounds {
	uint64_t row_count, null_count;
	bool has_bounds; /* false: all NULL, a NaN seen, or BOOLEAN/BINARY */
	bool is_max_exact, is_min_exact; /* STRING bounds are cut at 32 characters, max rounded up */
	/* As cells of the field's storage; for STRING bytes in `text`. */
	int64_t min_int, max_int;       /* BOOL, INT32, INT64 */
	int128_t min_int128, max_int128;
	double min_double, max_double;  /* FLOAT and DOUBLE; -0.0 as min, +0.0 as max of zeros */
	struct buffer min_text, max_text; /* owned by the writer */
};

/* Where the bytes go: called in order, never twice for a byte. */
struct parquet_output {
	int (*write)(void *context, struct bytes, struct err *);
	void *context;
};

struct parquet_writer;

/* The schema is shared until close. */
struct parquet_writer *parquet_writer_open(struct schema *schema, enum parquet_codec codec,
					   struct parquet_output output);
/*
 * Adds one row group of the chosen rows: `rows[0..count)` are row numbers of `columns` in the order
 * to be written, or NULL for the first `count` rows. count > 0.
 */
int parquet_writer_add(struct parquet_writer *w, const struct columns *columns,
		       const uint32_t *rows, uint32_t count, struct err *e);
/* Writes column and offset indexes and the footer. */
int parquet_writer_finish(struct parquet_writer *w, struct err *e);
uint64_t parquet_writer_rows(const struct parquet_writer *w);
uint64_t parquet_writer_bytes(const struct parquet_writer *w);
/* Per field, valid until close. */
const struct parquet_bounds *parquet_writer_bounds(const struct parquet_writer *w, uint32_t field);
void parquet_writer_close(struct parquet_writer *w); /* NULL is fine */

/* Random access to the file's bytes; `get` appends exactly `size` bytes. */
struct parquet_input {
	int (*get)(void *context, uint64_t offset, uint64_t size, struct buffer *out, struct err *);
	void *context;
	uint64_t size; /* of the file */
};

struct parquet_reader;

/*
 * Reads the footer and matches the schema's fields to the file's flat columns by name. A field that
 * the file lacks reads as NULL (an added column). A file whose column cannot be read as the field's type
 * is ERR_DATA. The schema is shared until close. Foreign files are welcome: every encoding and codec
 * named in docs/types.md; others are ERR_DATA with their number.
 */
int parquet_reader_open(struct parquet_reader **out, struct schema *schema,
			struct parquet_input input, struct err *e);
uint64_t parquet_reader_rows(const struct parquet_reader *r);
/*
 * Appends the next rows to `columns` (made for the schema): at most `limit`. Fields without their bit in
 * `wanted` (NULL = all) are not read and get NULLs. Returns 1 at the end with nothing appended. Does not read row groups as a whole:
 * memory is bounded by a few pages per column and the rows asked for.
 */
int parquet_reader_next(struct parquet_reader *r, const uint8_t *wanted, uint32_t limit,
			struct columns *columns, struct err *e);
/*
 * Appends the rows with these numbers (ascending, from 0 in the file) reading only the pages that
 * hold them, by the offset index when there is one.
 */
int parquet_reader_pick(struct parquet_reader *r, const uint8_t *wanted, const uint32_t *rows,
			uint32_t count, struct columns *columns, struct err *e);
void parquet_reader_close(struct parquet_reader *r); /* NULL is fine */

#endif
