/* SPDX-License-Identifier: Apache-2.0 */
/* A table in a folder of its own that batches are merged into, and what it then holds as text. */
#ifndef LIB_MERGE_TABLE_H
#define LIB_MERGE_TABLE_H

#include "lib/scratch.h"
#include "lib/test.h"
#include "merge/merge.h"
#include "table/table.h"

struct merge_table {
	struct scratch folder;
	struct store *store;
	struct table *table;
	struct merge *merge;
	struct schema *schema; /* of the next batch */
};

/* Of the tables that are opened next: Iceberg's format version, 0: they are Delta's. */
extern int merge_table_iceberg;
/* Runs the tests, which have no state, over a table of each format: Delta, Iceberg 3 and 2. */
int merge_table_run(const struct CMUnitTest *tests, size_t count);

/* d.t with `id` long, the key if it is keyed, and `name` string; no version yet. */
void merge_table_make(struct merge_table *t, bool is_keyed);
/* With this schema, which is taken over. */
void merge_table_make_of(struct merge_table *t, struct schema *s);
void merge_table_remove(struct merge_table *t);
/* Around each use, and again after a failure. Opening fails the test when it cannot; the schema becomes the table's. */
void merge_table_open(struct merge_table *t);
void merge_table_close(struct merge_table *t);
/* From here on the schema has a long column more, at this place among the fields. */
void merge_table_widen(struct merge_table *t, const char *name, uint32_t at);

/* One row: `numbers` fill the long columns from left to right, `name` the other one. */
void merge_table_row(struct columns *c, const struct schema *s, const int64_t *numbers, const char *name);
/* A change of one row in the batch. */
void merge_table_put(struct batch *b, const int64_t *numbers, const char *name);
void merge_table_delete(struct batch *b, const int64_t *numbers, const char *name);
/* Stages and commits the batch, as number `n`; frees it. */
int merge_table_commit(struct merge_table *t, struct batch *b, int n, struct err *e);
int merge_table_position(const struct merge_table *t); /* of the newest version, 0: none */
/* All rows of a file, and which of them are dead. The caller releases. */
void merge_table_read(struct columns *rows, struct row_set **dead, struct merge_table *t, uint32_t slot);
/* The live rows as lines of JSON, sorted. The caller releases. */
void merge_table_rows(struct buffer *out, struct merge_table *t);

#endif
