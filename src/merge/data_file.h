/* SPDX-License-Identifier: Apache-2.0 */
/* One Parquet file of a table in its store. */
#ifndef MERGE_DATA_FILE_H
#define MERGE_DATA_FILE_H

#include "merge/key_index.h"
#include "table/table.h"

/* Row groups of a new file end here at the latest. */
#define ROW_GROUP_ROWS_MAX ((uint32_t)1 << 20)

struct data_file_writer;

/*
 * A new file under a fresh name, which begins with `prefix` ("" or "folder/"). The store is borrowed until close.
 * `has_ids`: with the column of table/row_lineage.h.
 */
int data_file_create(struct data_file_writer **out, struct store *store, const char *prefix, struct schema *schema,
		     bool has_ids, struct err *e);
/*
 * Rows as in parquet_writer_add; more than ROW_GROUP_ROWS_MAX become several row groups. ids[i] is that of the i-th
 * row that is added, -1: it has none; NULL unless the file has the column.
 */
int data_file_add(struct data_file_writer *w, const struct columns *columns, const uint32_t *rows,
		  const int64_t *ids, uint32_t count, struct err *e);
/* Makes the file durable and fills in `out`, whose path and stats are the caller's; it has no partition yet. */
int data_file_finish(struct data_file_writer *w, struct data_file *out, struct err *e);
void data_file_abandon(struct data_file_writer *w); /* frees; an unfinished file vanishes; NULL is fine */

void data_file_release(struct data_file *f); /* path, stats, partition and tuple; a zeroed one is fine */

/* Create, add, finish. */
int data_file_write(struct data_file *out, struct store *store, struct schema *schema,
		    const struct columns *columns, const uint32_t *rows, const int64_t *ids, uint32_t count,
		    struct err *e);

struct data_file_reader;

/* The file and the store are borrowed until close. Cells that the file's partition tells are those of the table's log. */
int data_file_open(struct data_file_reader **out, struct store *store, const struct data_file *file,
		   struct schema *schema, struct err *e);
void data_file_close(struct data_file_reader *r); /* NULL is fine */
/*
 * The keys of the next rows, at most `limit` (keys[] has room); `rows` is scratch of the schema and
 * tells by its row_count how many. It has the cells of the key and of the event order. Returns 1 at the end.
 */
int data_file_keys(struct data_file_reader *r, const struct key_shape *shape, uint32_t limit,
		   struct columns *rows, struct key_hash *keys, struct err *e);
/* As parquet_reader_next, all fields. */
int data_file_next(struct data_file_reader *r, uint32_t limit, struct columns *columns, struct err *e);
/* As parquet_reader_pick. */
int data_file_pick(struct data_file_reader *r, const uint32_t *rows, uint32_t count,
		   struct columns *columns, struct err *e);

#endif
