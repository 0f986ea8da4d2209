/* SPDX-License-Identifier: Apache-2.0 */
/* Small Delta tables for tests: a schema, made-up data files, commits that must succeed. */
#ifndef LIB_DELTA_TABLE_H
#define LIB_DELTA_TABLE_H

#include "table/delta/delta.h"

#define TEST_APP "test/shop.orders"

/* id LONG key, name STRING, price DECIMAL(10,2); released by the caller. */
struct schema *delta_table_schema(void);
/* Makes the table, version 0. */
struct table *delta_table_make(struct store *store);
struct table *delta_table_open(struct store *store);
/* A data file that exists only in the log: `path` is the caller's; stats live for the next 7 calls. */
struct data_file delta_table_file(const char *path, uint64_t row_count);
/* Commits `count` files named prefix0, prefix1, … of 100 rows with the position {"at":n}. */
void delta_table_add(struct table *d, const char *prefix, uint32_t count, int position);
struct row_set *delta_table_rows(uint32_t first, uint32_t count); /* first, first + 1, … */

#endif
