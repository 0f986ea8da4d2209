/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to merge: the open hash itself, linear probing over mapped slots.
 *
 * Stores are ordered, so that a kill leaves every slot whole: a new slot's key and order first, then file and row
 * as one word; a replaced or removed place is that one word. A replaced place whose order alone got in is as good as
 * one that did not get in at all: what came with it is brought in again, by events that are no older.
 */
#ifndef MERGE_KEY_SLOTS_H
#define MERGE_KEY_SLOTS_H

#include "merge/key_index.h"
#include "merge/key_map.h"

struct key_slots { /* borrows the map; made anew for each call */
	struct key_map_head *head;
	uint8_t *base;
	uint64_t *orders;
	struct key_copy *copies;
	uint64_t horizon; /* key_slots_copy leaves tombstones behind whose order's first word is less */
	bool is_whole, is_multiset;
	bool is_ordered; /* batches go through the table in its order */
};

uint32_t key_slot_size(bool is_whole);
/* The keys' numbers in table order, or NULL when their own order is as good. memory_free it. */
uint32_t *key_slots_order(const struct key_slots *s, const struct key_hash *keys, uint32_t count);

/* As key_index_find_ordered; `orders` may be NULL. In a multiset: where key_slots_next begins. */
void key_slots_find(const struct key_slots *s, const struct key_hash *keys, uint32_t count,
		    struct row_place *places, uint64_t *orders);
bool key_slots_next(const struct key_slots *s, struct row_place *at, struct row_place *out);
/*
 * Keys [first, first + count) of `order` (NULL: as they are) as key_index_apply_ordered says; `orders` is NULL unless
 * slots have one. There must be as
 * many free slots, and in a multiset free copies too. Keeps the head's counts.
 */
void key_slots_apply(const struct key_slots *s, const struct key_hash *keys, const uint32_t *order,
		     uint32_t first, uint32_t count, const struct row_place *old,
		     const struct row_place *places, const uint64_t *orders);
/* Adds the live slots and the copies of one table to another, which is empty and has room. */
void key_slots_copy(const struct key_slots *to, const struct key_slots *from);
/* Corrects the head's counts after a kill. */
void key_slots_count(const struct key_slots *s);

#endif
