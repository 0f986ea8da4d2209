/* SPDX-License-Identifier: Apache-2.0 */
/* What the key index is to be told once a commit stands. */
#ifndef MERGE_PENDING_H
#define MERGE_PENDING_H

#include "merge/key_index.h"

/* A zeroed one is empty. */
struct pending {
	struct key_hash *keys;
	struct row_place *old, *new;
	uint64_t *orders; /* of each key, as many words as the index has; NULL in the order of arrival */
	uint32_t count, capacity;
};

void pending_release(struct pending *p);
/* `order` has `words` words; NULL, and 0, in the order of arrival. */
void pending_add(struct pending *p, struct key_hash key, struct row_place old, struct row_place new, const uint64_t *order,
		 uint32_t words);
/* Tells the index, in the order of the additions; empty after. */
int pending_apply(struct pending *p, struct key_index *index, struct err *e);

#endif
