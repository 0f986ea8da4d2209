/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partial images made whole: what a change does not carry comes from older changes of the same key in the
 * batch, then from the row's present place, read by point reads. JSON patches are applied on the way.
 */
#ifndef MERGE_COMPLETE_H
#define MERGE_COMPLETE_H

#include "merge/fold.h"
#include "merge/places.h"

/*
 * Makes `out` with one whole row per survivor: survivors[i] indexes fold->last. A survivor that lacks
 * fields which neither the batch nor the table has is ERR_DATA. The caller releases `out`, also after a
 * failure.
 */
int complete_rows(struct columns *out, struct store *store, struct key_index *index,
		  const struct places *places, const struct batch *b, const struct fold *fold,
		  const uint32_t *survivors, uint32_t count, struct err *e);

/*
 * Overtaken updates (change.h) of rows that the table has no more become deletes, which do nothing:
 * places[i] is where the table has the key of fold->last[i], file 0: nowhere. A key that such an update
 * moved is ERR_CONFIG: which row's values it takes along cannot be told.
 */
int complete_overtaken(struct fold *fold, const struct batch *b, const struct row_place *places,
		       struct err *e);

#endif
