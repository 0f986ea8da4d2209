/* SPDX-License-Identifier: Apache-2.0 */
/* A commit's turn among those of other writers of the same table (change/share.h). */
#ifndef MERGE_TURN_H
#define MERGE_TURN_H

#include "merge/merge.h"

/* What is staged, and how it gets into the table. Everything is borrowed until turn_take returns. */
struct turn {
	struct table *table;
	const struct share *share;   /* NULL: nobody else writes, one try */
	const struct schema *schema; /* of the rows */
	const char *position;        /* of our part */
	bool replaces_all;           /* no other commit may come before it */
	void *staged;
	/* The snapshot has moved on, by parts of others: puts what is staged over it. NULL: that is the same to it. */
	int (*follow)(void *staged, struct err *e);
	int (*commit)(void *staged, const char *position, enum commit_result *out, struct err *e);
};

/*
 * Commits, over what others committed, until no other one is faster; counts into `lost` and `lost_us`. ERR_CONFLICT: one
 * that had our part, or that ours cannot go over, was before.
 */
int turn_take(const struct turn *t, struct merge_result *out, struct err *e);

#endif
