/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of rows that data files bring along (table/row_lineage.h). */
#ifndef TABLE_ICEBERG_ROW_IDS_H
#define TABLE_ICEBERG_ROW_IDS_H

#include "store/store.h"

/* Raises *next above each id in a data file's own column; a file without it is only opened. Reads the whole column. */
int row_ids_raise(int64_t *next, struct store *store, const char *key, uint64_t size_bytes, struct err *e);

#endif
