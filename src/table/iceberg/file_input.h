/* SPDX-License-Identifier: Apache-2.0 */
/* A table's data file, for a Parquet reader. */
#ifndef TABLE_ICEBERG_FILE_INPUT_H
#define TABLE_ICEBERG_FILE_INPUT_H

#include "parquet/parquet.h"
#include "table/table.h"

struct file_input { /* borrowed */
	struct store *store;
	const char *key;
};

/* `in` must outlive the reader. */
struct parquet_input file_input_of(const struct file_input *in, uint64_t size_bytes);
/*
 * 0, or ERR_CONFIG: the file of a partitioned table has not the columns in it by which the table is partitioned. Those of other
 * engines have not, and without partitions in Iceberg's metadata its readers would show NULL for them.
 */
int file_input_require_partition(struct store *store, const struct data_file *file, struct schema *schema, struct err *e);

#endif
