/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/event_order.h"

#include "base/memory.h"
#include "merge/key_order.h"

int event_order_init(struct event_order *o, struct store *store, const struct schema *table, const char *position,
		     struct err *e)
{
	int rc;

	*o = (struct event_order){ .tombstones = tombstones_new(store, table) };
	rc = event_state_parse(&o->state, position, e);
	if (rc == 0)
		tombstones_sweep(o->tombstones, &o->state);
	o->state.clock.horizon_us = INT64_MAX; /* this run says its own */
	return rc;
}

void event_order_release(struct event_order *o)
{
	tombstones_free(o->tombstones);
	event_state_release(&o->state);
	memory_free(o->newest);
}

/* Late events that the index has as their key's newest: they were not late when they came first. */
static void keep_late(struct event_order *o, const struct fold *f, uint32_t words, struct key_index *index)
{
	struct key_hash *keys = memory_array(struct key_hash, f->late_count);
	struct row_place *places = memory_array(struct row_place, f->late_count);
	uint64_t *known = memory_array(uint64_t, (size_t)f->late_count * words);

	for (uint32_t i = 0; i < f->late_count; i++)
		keys[i] = f->keys[f->late[i]];
	key_index_find_ordered(index, keys, f->late_count, places, known);
	for (uint32_t i = 0; i < f->late_count; i++) {
		if (places[i].file != 0 && key_order_compare(f->orders + (size_t)f->late[i] * words, known + (size_t)i * words,
							     words) == 0)
			o->newest[o->newest_count++] = f->late[i];
	}
	memory_free(keys);
	memory_free(places);
	memory_free(known);
}

static void begin_newest(struct event_order *o, const struct fold *f, uint32_t words, struct key_index *index)
{
	memory_free(o->newest);
	o->newest = memory_array(uint32_t, f->late_count + f->last_count);
	o->newest_count = 0;
	if (f->late_count > 0)
		keep_late(o, f, words, index);
}

/* Each event beside the newest of its key until then; known[i * words] is what the index has of last[i], if it is there. */
static void count_events(struct event_counts *counts, const struct fold *f, uint32_t words, const struct row_place *places,
			 const uint64_t *known)
{
	const uint64_t **newest = memory_array(const uint64_t *, f->change_count); /* by the first event of the key */

	counts->late += f->late_count;
	for (uint32_t i = 0; i < f->last_count; i++) {
		if (places[i].file != 0)
			newest[f->first[f->last[i]]] = known + (size_t)i * words;
	}
	for (uint32_t i = 0; i < f->change_count; i++) {
		const uint64_t *order = f->orders + (size_t)i * words, **before;
		int rc;

		if (f->first[i] == FOLD_NONE)
			continue;
		before = &newest[f->first[i]];
		rc = *before != NULL ? key_order_compare(order, *before, words) : 1;
		counts->stale += rc < 0;
		counts->duplicate += rc == 0;
		if (rc > 0)
			*before = order;
	}
	memory_free(newest);
}

void event_order_find(struct event_order *o, struct fold *f, uint32_t words, struct key_index *index,
		      struct row_place *places)
{
	struct key_hash *keys = memory_array(struct key_hash, f->last_count);
	uint64_t *known = memory_array(uint64_t, (size_t)f->last_count * words);
	uint32_t kept = 0;

	begin_newest(o, f, words, index);
	for (uint32_t i = 0; i < f->last_count; i++)
		keys[i] = f->keys[f->last[i]];
	key_index_find_ordered(index, keys, f->last_count, places, known);
	count_events(&o->state.counts, f, words, places, known);
	for (uint32_t i = 0; i < f->last_count; i++) {
		int order = places[i].file == 0 ? 1 : key_order_compare(f->orders + (size_t)f->last[i] * words,
									known + (size_t)i * words, words);

		if (order >= 0)
			o->newest[o->newest_count++] = f->last[i];
		if (order <= 0)
			continue;
		f->last[kept] = f->last[i];
		places[kept++] = places[i];
	}
	f->last_count = kept;
	memory_free(keys);
	memory_free(known);
}
