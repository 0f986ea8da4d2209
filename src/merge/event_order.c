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
	o->state.clock.horizon_us = INT64_MAX; /* this run says its own */
	return rc;
}

void event_order_release(struct event_order *o)
{
	tombstones_free(o->tombstones);
	event_state_release(&o->state);
}

void event_order_find(struct event_order *o, struct fold *f, uint32_t words, const struct key_index *index,
		      struct row_place *places)
{
	struct key_hash *keys = memory_array(struct key_hash, f->last_count);
	uint64_t *known = memory_array(uint64_t, (size_t)f->last_count * words);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->last_count; i++)
		keys[i] = f->keys[f->last[i]];
	key_index_find_ordered(index, keys, f->last_count, places, known);
	for (uint32_t i = 0; i < f->last_count; i++) {
		int order = places[i].file == 0 ? 1 : key_order_compare(f->orders + (size_t)f->last[i] * words,
									known + (size_t)i * words, words);

		o->state.counts.stale += order < 0;
		o->state.counts.duplicate += order == 0;
		if (order <= 0)
			continue;
		f->last[kept] = f->last[i];
		places[kept++] = places[i];
	}
	f->last_count = kept;
	memory_free(keys);
	memory_free(known);
}
