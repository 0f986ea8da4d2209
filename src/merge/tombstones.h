/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleted keys with the order of the event that deleted them, of a table that is merged in event order: a late insert must
 * not bring the row back, nor may an index that is made anew. They lie in Parquet files beside the table, under
 * _tailrace/, where no engine's VACUUM looks, and each commit names those that count (event_state.h).
 */
#ifndef MERGE_TOMBSTONES_H
#define MERGE_TOMBSTONES_H

#include "merge/event_state.h"
#include "merge/key_index.h"
#include "store/store.h"

struct tombstones;

/* For a table of this schema in `store`; the store is borrowed until close. */
struct tombstones *tombstones_new(struct store *store, const struct schema *table);
void tombstones_free(struct tombstones *t); /* NULL is fine; what was not written is dropped */

/* The table has got more columns. */
void tombstones_set_table(struct tombstones *t, const struct schema *table);

/* Row `row` of deleted rows (all fields of the table's schema) is one, from the next tombstones_write on. */
void tombstones_add(struct tombstones *t, const struct columns *before, uint32_t row);
/*
 * Writes those that were added, together with files that are small beside them, and brings the state's list up to date;
 * files of events before `edge_us` leave it. What has left it stays in the store until tombstones_settle.
 */
int tombstones_write(struct tombstones *t, struct event_state *state, int64_t edge_us, struct err *e);
/* The commit with the state's list stands: what the one before it named and it does not is removed. */
void tombstones_settle(struct tombstones *t);

/*
 * Removes what killed runs have left: files that the state does not name, and that are too old to be of a commit which somebody
 * is about to make.
 */
void tombstones_sweep(struct tombstones *t, const struct event_state *state);

/* Hands on a file's keys and orders, block by block; they are valid during the call. */
typedef int tombstones_take(void *context, const struct key_hash *keys, const uint64_t *orders, uint32_t count,
			    struct err *e);
int tombstones_read(struct tombstones *t, const struct tombstone_file *file, tombstones_take *take, void *context,
		    struct err *e);

#endif
