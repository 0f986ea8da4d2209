/* SPDX-License-Identifier: Apache-2.0 */
/* Single rows out of data files. */
#ifndef MERGE_PICK_H
#define MERGE_PICK_H

#include "merge/key_index.h"
#include "table/table.h"

#define PICK_NONE UINT32_MAX

/*
 * Appends the rows at these places to `out`, which was made for `schema`; at[i] is the number there of places[i], PICK_NONE
 * where the place is none, or the same as an earlier one. Reads the pages that hold them.
 */
int pick_rows(struct columns *out, uint32_t *at, struct store *store, const struct table *table,
	      const struct key_index *index, struct schema *schema, const struct row_place *places, uint32_t count, struct err *e);

#endif
