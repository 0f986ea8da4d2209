/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that stay with a row when it is updated (Iceberg, "Row Lineage"), for tables whose format gives them. */
#ifndef TABLE_ROW_LINEAGE_H
#define TABLE_ROW_LINEAGE_H

#include "change/schema.h"

/*
 * The column of a data file whose rows bring their ids along. A NULL in it, and any row of a file without it: the file's
 * first id plus the row's number.
 */
#define ROW_ID_NAME  "_row_id"
#define ROW_ID_FIELD 2147483540

/* The fields and the partitioning of `s` (NULL: none), without a key, and that column as the last one. Released by the caller. */
struct schema *row_lineage_schema(const struct schema *s);

struct row_lineage {
	/* The first id of a live data file, by its path as the table spells it; -1: it has none, or none yet. */
	int64_t (*first_row_id)(void *context, const char *path);
	void *context;
};

#endif
