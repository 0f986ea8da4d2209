/* SPDX-License-Identifier: Apache-2.0 */
/* Rows sorted into the data files that they go to: one for each tuple of partition values among them. */
#ifndef MERGE_PARTITIONS_H
#define MERGE_PARTITIONS_H

#include "table/table.h"

struct partition {
	struct text_map values; /* owned; none in a table without partitions, or with tuples */
	struct buffer tuple;    /* owned; the same in the table's own form (table.h) */
	uint32_t first, count;  /* its rows, in `order` */
	uint32_t sample;        /* one of them: its number in the columns */
};

struct partitions {
	const struct columns *columns; /* borrowed */
	struct partition *list;        /* in the order of their first rows */
	uint32_t count;
	uint32_t *order; /* places in the list of rows that was split, partition after partition; NULL: as they were */
	uint32_t *rows;  /* the same as row numbers of `columns` */
	const uint32_t *whole; /* borrowed: the rows as they were, of a table without partitions; may be NULL */
};

/*
 * Splits the rows `rows[0..count)` of `columns`, NULL: the first `count`, as the table (borrowed for the call) is
 * partitioned; the schema is the rows'. They keep their order in each partition, whose files are written one after
 * another: as many partitions as rows cost no more than the rows and their values. The
 * columns and `rows` are borrowed until release, which is due after a failure too. ERR_DATA: a value that no text can
 * stand for.
 */
int partitions_split(struct partitions *out, const struct table *t, const struct schema *s, const struct columns *columns,
		     const uint32_t *rows, uint32_t count, struct err *e);
void partitions_release(struct partitions *p);

/*
 * Writes a partition's rows to a data file, which takes over its values. `ids` are those of all rows that were split, in their
 * order (see data_file_add), or NULL.
 */
int partition_write(struct data_file *out, struct partitions *p, uint32_t number, const int64_t *ids,
		    struct store *store, struct schema *schema, struct err *e);

#endif
