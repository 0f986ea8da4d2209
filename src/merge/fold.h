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

/*
 * Which events are too late to count: those longer before the newest one than the horizon. What was too late once stays so
 * under a longer horizon, for the tombstones of its time are gone.
 */
struct event_clock {
	int64_t watermark_us; /* the time of the newest event that ever came; INT64_MIN: none has */
	int64_t horizon_us;   /* INT64_MAX: nothing more becomes late */
	int64_t floor_us;     /* what is before it was too late already; INT64_MIN: nothing was */
};

#define EVENT_CLOCK_INIT { INT64_MIN, INT64_MAX, INT64_MIN }

/* The earliest time that is not too late; INT64_MIN: none is. */
static inline int64_t event_clock_edge(const struct event_clock *c)
{
	int64_t edge;

	if (__builtin_sub_overflow(c->watermark_us, c->horizon_us, &edge))
		edge = INT64_MIN;
	return edge > c->floor_us ? edge : c->floor_us;
}

/* Events that came to nothing. */
struct event_counts {
	uint64_t late;      /* behind the horizon */
	uint64_t stale;     /* a newer one of their key was there before them */
	uint64_t duplicate; /* the newest one of their key then was of the same order */
};

struct fold {
	struct key_hash *keys;       /* of each change */
	uint64_t *orders;            /* of each change, key_shape.order_words each; NULL in the order of arrival */
	struct fold_change *changes;
	uint32_t change_count;
	/*
	 * The changes that count, in arrival order: the last one per key, or in event order the newest. In a multiset: upserts without
	 * a later delete of the same row, and deletes without an earlier upsert; the `previous` of such a
	 * delete is another one, and an upsert comes behind all of its key.
	 */
	uint32_t *last;
	uint32_t last_count;
	uint32_t *first;             /* in event order, of each change: the first one of its key, FOLD_NONE when it is late */
	uint32_t *late;              /* changes that were too late, in arrival order */
	uint32_t late_count;
};

/* In the order of arrival. */
void fold_init(struct fold *f, const struct key_shape *shape, const struct batch *b);
/*
 * In event order: which changes are late depends on those that came before them, wherever batches end. Moves the clock's
 * watermark on. An event has no older one in the batch: `previous` and `moved` are FOLD_NONE.
 */
void fold_init_ordered(struct fold *f, const struct key_shape *shape, const struct batch *b, struct event_clock *clock);
void fold_release(struct fold *f);

/* Numbers keys in the order in which they first come, from 0; how many there are. */
uint32_t fold_numbers(const struct key_hash *keys, uint32_t count, uint32_t *numbers);
/* The numbers of each key's newest, into kept[]; how many. Of those that are equal, the first. */
uint32_t fold_newest(const struct key_hash *keys, const uint64_t *orders, uint32_t words, uint32_t count, uint32_t *kept);

/*
 * The row's change before this one: of the same key, or of the key that it had before a move. FOLD_NONE
 * at a delete, which ends a row, and at the row's first change in the batch.
 */
uint32_t fold_older(const struct fold *f, uint32_t change);
/* The key under which the table has the row, if it has it; false: it is a new one of this batch. */
bool fold_base_key(const struct fold *f, uint32_t change, struct key_hash *out);

#endif
