/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of rows that data files bring along (table/row_lineage.h). */
#ifndef TABLE_ICEBERG_ROW_IDS_H
#define TABLE_ICEBERG_ROW_IDS_H

#include "store/store.h"

/*
 * Raises *next above each id in a data file's own column, by its path as the table spells it. Reads the whole column; a file
 * without it is only opened, and one that is gone has no rows.
 */
int row_ids_raise(int64_t *next, struct store *store, const char *path, struct err *e);

#endif
