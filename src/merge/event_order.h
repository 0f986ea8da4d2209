/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event order: of a key's events the newest one counts, in whichever order they come, and once it is a delete its tombstone
 * does. Which it is, the key index tells; no data is read.
 */
#ifndef MERGE_EVENT_ORDER_H
#define MERGE_EVENT_ORDER_H

#include "merge/event_state.h"
#include "merge/tombstones.h"

struct event_order {
	struct event_state state; /* with what is staged */
	struct tombstones *tombstones;
	/*
	 * Of the last fold: the changes than which the index has no newer event of their key, those that came late (again) first:
	 * what overtook one of them in the batch stands behind it.
	 */
	uint32_t *newest;
	uint32_t newest_count;
};

/* Of the table's newest position; the store is borrowed until release. Released in any case. ERR_DATA: it is damaged. */
int event_order_init(struct event_order *o, struct store *store, const struct schema *table, const char *position,
		     struct err *e);
void event_order_release(struct event_order *o);

/*
 * Where the fold's keys are, places[i] of last[i]. Those that are no newer than what the index has of their key leave the
 * fold; `newest` has those that stay, and those that are there already. Counts its events that came to nothing as they came
 * one by one, so wherever batches end.
 */
void event_order_find(struct event_order *o, struct fold *f, uint32_t words, struct key_index *index,
		      struct row_place *places);

#endif
