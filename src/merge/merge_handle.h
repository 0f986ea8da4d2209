/* SPDX-License-Identifier: Apache-2.0 */
/* Private to merge: what a merge is made of, for staging (merge.c) and committing (merge_commit.c). */
#ifndef MERGE_MERGE_HANDLE_H
#define MERGE_MERGE_HANDLE_H

#include "merge/event_order.h"
#include "merge/merge.h"
#include "merge/pending.h"
#include "merge/places.h"

struct merge {
	struct store *store;
	struct table *table;
	struct schema *schema;
	struct key_shape shape;
	struct key_index *index;
	struct places places;
	struct event_order events; /* of a table in event order: shape.order_words > 0 */
	struct columns late;       /* staged events that came too late; no columns: they are not asked for */
	const struct share *share; /* or NULL */
	const struct row_lineage *lineage; /* or NULL: rows have no ids */

	/* staged, not yet committed: */
	struct data_file *files;
	uint32_t file_count;
	struct pending pending;
	bool truncates;
	uint64_t rows_in, rows_added, rows_changed, rows_deleted;
};

/* Forgets the staged files; what was written of them stays, unnamed. */
void merge_drop_files(struct merge *m);

#endif
