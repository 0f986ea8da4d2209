/* SPDX-License-Identifier: Apache-2.0 */
/* A data file's live rows into a new file of the same partition, with new fields filled in. */
#ifndef MERGE_REWRITE_H
#define MERGE_REWRITE_H

#include "change/columns.h"
#include "merge/key_index.h"
#include "table/row_lineage.h"
#include "table/table.h"

/*
 * Writes the rows of `file` that are not in `dead` under the new schema; fields that `old` does not have
 * get the cells of `backfill`'s only row. The index learns the new places under a new file number, which is
 * *number. With a lineage (NULL: none) rows keep their ids. Returns 1 when no row is left: nothing was written.
 */
int rewrite_file(struct data_file *out, uint32_t *number, struct store *store,
		 const struct data_file *file, const struct row_set *dead, const struct schema *old,
		 struct schema *new, const struct columns *backfill, const struct key_shape *shape,
		 const struct row_lineage *lineage, struct key_index *index, struct err *e);

#endif
