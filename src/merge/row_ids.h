/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An updated row keeps its id (table/row_lineage.h). The old place, which the key index knows, tells it: from the file's first
 * id and the row's number, or from the file's own column, which is then all that is read of it.
 */
#ifndef MERGE_ROW_IDS_H
#define MERGE_ROW_IDS_H

#include "merge/fold.h"
#include "merge/places.h"
#include "table/row_lineage.h"

/* Where ids are looked for; everything is borrowed. */
struct row_ids {
	const struct row_lineage *lineage;
	struct store *store;
	struct key_index *index;
	const struct places *places;
};

/*
 * The ids of those survivors of `fold` that are upserts, upserts[i] being a number in fold->last; at[] are the places that the
 * survivors' keys had before. -1: the row is new, or in a file that has no first id yet. *out is NULL when no row
 * has one; else the caller frees it.
 */
int row_ids_of_upserts(int64_t **out, const struct row_ids *ids, const struct fold *fold, const struct row_place *at,
		       const uint32_t *upserts, uint32_t count, struct err *e);
/* Those at places of live files; -1 where a place is none. */
int row_ids_at(int64_t *out, const struct row_ids *ids, const struct row_place *places, uint32_t count, struct err *e);

#endif
