/* SPDX-License-Identifier: Apache-2.0 */
/* One batch's changes folded to one fate per key. */
#ifndef MERGE_FOLD_H
#define MERGE_FOLD_H

#include "batch/batch.h"
#include "merge/key_index.h"

#define FOLD_NONE UINT32_MAX

/* The n-th change of the batch, in arrival order. */
struct fold_change {
	uint32_t row;      /* of after (UPSERT) or before (DELETE) */
	uint32_t present;  /* as in struct batch_run */
	uint32_t previous; /* the change of the same key that is next older, or FOLD_NONE */
	uint32_t moved;    /* the MOVE that the row came by from another key, or FOLD_NONE */
	enum batch_op op;  /* UPSERT, or DELETE (a MOVE is one) */
};

struct fold {
	struct key_hash *keys;       /* of each change */
	struct fold_change *changes;
	uint32_t change_count;
	/*
	 * The changes that count, in arrival order: the last one per key. In a multiset: upserts without
	 * a later delete of the same row, and deletes without an earlier upsert; the `previous` of such a
	 * delete is another one, and an upsert comes behind all of its key.
	 */
	uint32_t *last;
	uint32_t last_count;
};

void fold_init(struct fold *f, const struct key_shape *shape, const struct batch *b);
void fold_release(struct fold *f);

/*
 * The row's change before this one: of the same key, or of the key that it had before a move. FOLD_NONE
 * at a delete, which ends a row, and at the row's first change in the batch.
 */
uint32_t fold_older(const struct fold *f, uint32_t change);
/* The key under which the table has the row, if it has it; false: it is a new one of this batch. */
bool fold_base_key(const struct fold *f, uint32_t change, struct key_hash *out);

#endif
