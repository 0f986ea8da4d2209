/* SPDX-License-Identifier: Apache-2.0 */
/* What the log's actions add up to ("Action Reconciliation"). */
#ifndef TABLE_DELTA_STATE_H
#define TABLE_DELTA_STATE_H

#include "table/delta/action.h"

#define FILE_TAG "tailrace.part" /* the tag of an add that is data_file.tag */

struct tombstone { /* a remove that vacuum must still know of */
	char *path, *dv_place;
	struct text_map partition;
	struct deletion_vector dv; /* place is dv_place */
	int64_t time_ms, size_bytes;
	bool is_data_change;
};

struct state {
	int64_t version; /* -1: nothing yet */
	bool has_protocol, has_metadata, keeps_tombstones;
	struct protocol protocol;
	struct metadata metadata;
	struct txn *txns;
	uint32_t txn_count;
	struct data_file *files; /* by slot */
	struct deletion_vector *dvs; /* by slot; their places are owned */
	struct text_map *tags;   /* by slot */
	uint8_t *is_removed;     /* by slot; only while an entry is applied */
	uint32_t file_count, file_capacity;
	uint32_t removed_count;  /* slots with is_removed */
	uint32_t *cells;         /* path -> slot + 1, open addressing; 0 = free */
	uint32_t cell_count;
	struct tombstone *tombstones;
	uint32_t tombstone_count, tombstone_capacity;
	struct arena arena;      /* protocol, metadata, txns, tags */
};

void state_init(struct state *s, bool keeps_tombstones);
void state_release(struct state *s);

/*
 * Applies one log entry: its order of actions does not matter. ERR_DATA when it contradicts itself or what
 * is there: then the state is not to be used any more.
 */
int state_apply(struct state *s, const struct action *actions, uint32_t count, int64_t version,
		struct err *e);
/* One row of a checkpoint: everything in it is already reconciled. */
int state_load(struct state *s, const struct action *a, struct err *e);

int64_t state_find(const struct state *s, const char *path); /* slot, or -1 */
const struct txn *state_txn(const struct state *s, const char *app_id); /* NULL: none */
/* Forgets tombstones older than this, those of files that came back, and double ones. */
void state_expire_tombstones(struct state *s, int64_t before_ms);

#endif
