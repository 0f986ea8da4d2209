/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches of changes into a table: the last change per key wins, old places are marked in deletion
 * vectors, new rows go to one new data file. No old data is read but what partial images lack.
 *
 * A table whose schema has an order is merged in event order: the newest event of a key wins in whichever order they
 * come (event_order.h). In any other the order of arrival is the order.
 */
#ifndef MERGE_MERGE_H
#define MERGE_MERGE_H

#include "batch/batch.h"
#include "change/share.h"
#include "merge/key_index.h"
#include "table/row_lineage.h"
#include "table/table.h"

struct merge;

/*
 * For the open `table` in `store` (both borrowed until close). The key index lives at
 * `index_path`; it is brought up to the table's version here, by scanning the key columns of files that it
 * does not know. With a share (borrowed until close; NULL: none) other writers may commit their parts under the same
 * app id meanwhile: the index has the files that concern our part, and a commit goes over theirs.
 */
int merge_open(struct merge **out, struct store *store, struct table *table, struct schema *schema,
	       const char *index_path, const struct share *share, struct err *e);
void merge_close(struct merge *m); /* NULL is fine; what was staged and not committed is dropped */

/* In event order: events longer before the newest one are late, and do not count. Until it is set none is. */
void merge_set_horizon(struct merge *m, int64_t horizon_us);
/* From here on merge_late has what is staged and came too late. */
void merge_keep_late(struct merge *m);
/* Since the last commit: whole rows of the schema, of deletes their key and order. Valid until the next call. */
const struct columns *merge_late(const struct merge *m);
/*
 * Of the batch that was staged last, in event order, by the number of the change: what no event of its key is newer than,
 * whether it came with this batch or was there already; what comes twice in it need not be told twice. Where one that came
 * late was there already and the batch has a newer one, that stands behind it. Valid until the next one is staged.
 */
const uint32_t *merge_newest(const struct merge *m, uint32_t *count);
/* From here on updated rows keep the ids that this gives (borrowed until close): new files bring them along. */
void merge_keep_row_ids(struct merge *m, const struct row_lineage *lineage);

/*
 * Writes the batch's surviving rows and remembers what they replace; nothing is visible yet. May be
 * called again for the next part of a transaction that does not fit into one batch. The batch may be freed
 * after.
 */
int merge_stage(struct merge *m, const struct batch *b, struct err *e);

struct merge_result {
	int64_t version;
	uint64_t rows_added, rows_deleted;
	uint64_t file_bytes; /* of the new data files */
	uint32_t lost;       /* tries that another part's commit was before */
	int64_t lost_us;     /* what they took */
};

/*
 * Publishes all that was staged as one version with this position. ERR_CONFLICT when another writer was faster (with
 * a share: one that had our part meanwhile, or whose change ours cannot go over): close, and begin again from the
 * table's position.
 */
int merge_commit(struct merge *m, const struct batch *last, struct merge_result *out, struct err *e);

/*
 * What stands committed: places[i] of keys[i], file 0: no row; in event order also orders[i * order_words ..] (else NULL) of
 * those that have one.
 */
int merge_find(struct merge *m, const struct key_hash *keys, uint32_t count, struct row_place *places, uint64_t *orders,
	       struct err *e);
/* The rows at such places, as pick_rows. */
int merge_pick(struct merge *m, const struct row_place *places, uint32_t count, struct columns *out, uint32_t *at,
	       struct err *e);
const struct key_shape *merge_shape(const struct merge *m);

/* The schema's rows change: after a batch of the old one was committed. Keys stay. */
void merge_set_schema(struct merge *m, struct schema *schema);
uint64_t merge_index_bytes(const struct merge *m);

#endif
