/* SPDX-License-Identifier: Apache-2.0 */
/* Batches into a table that is only appended to: its rows go to new data files, and nothing is looked up. */
#ifndef MERGE_APPEND_H
#define MERGE_APPEND_H

#include "merge/merge.h"

struct append;

/* For the open `table` in `store`, both borrowed until close, as is the share (NULL: none), see merge_open. */
struct append *append_open(struct store *store, struct table *table, const struct share *share);
void append_close(struct append *a); /* NULL is fine; what was staged and not committed is dropped */

/*
 * Writes the batch's rows, which are whole inserts; nothing is visible yet. May be called again for the next part of
 * a transaction. The batch may be freed after.
 */
int append_stage(struct append *a, const struct batch *b, struct err *e);
/* As merge_commit. */
int append_commit(struct append *a, const struct batch *last, struct merge_result *out, struct err *e);

#endif
