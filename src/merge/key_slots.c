/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open hash: find, apply, copy. The two slot sizes share every line and differ by a constant; equal
 * rows have hashed keys.
 */
#include "merge/key_slots.h"

#include <assert.h>
#include <string.h>

#include "merge/key_copies.h"

#define AHEAD 32 /* keys between the prefetch of a slot and its use; a power of two */
#define ORDER_ROWS_MIN 1024
#define RADIX_BITS 11
#define NO_SLOT UINT64_MAX

#define ALWAYS_INLINE static inline __attribute__((always_inline))

uint32_t key_slot_size(bool is_whole)
{
	return is_whole ? 16 : 24;
}

/* XXH3 spreads hashed keys already; whole ones are mixed as MurmurHash3 ends (fmix64). */
ALWAYS_INLINE uint64_t bucket_hash(struct key_hash key, bool is_whole)
{
	uint64_t h = key.low;

	if (!is_whole)
		return h;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 33;
}

ALWAYS_INLINE uint64_t bucket_of(const struct key_slots *s, struct key_hash key, bool is_whole)
{
	uint64_t hash = bucket_hash(key, is_whole);

	return (uint64_t)((unsigned __int128)hash * s->head->capacity >> 64);
}

ALWAYS_INLINE uint64_t *slot_at(const struct key_slots *s, uint64_t at, bool is_whole)
{
	return (uint64_t *)(void *)(s->base + at * (is_whole ? 16 : 24));
}

ALWAYS_INLINE uint64_t *order_at(const struct key_slots *s, uint64_t at)
{
	return s->orders + at * s->head->order_words;
}

ALWAYS_INLINE void copy_order(uint64_t *to, const uint64_t *from, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++)
		to[i] = from[i];
}

/* A place as the one word that it is in a slot: file in the low half. */
ALWAYS_INLINE uint64_t place_word(struct row_place p)
{
	return (uint64_t)p.row << 32 | p.file;
}

ALWAYS_INLINE struct row_place word_place(uint64_t word)
{
	return (struct row_place){ .file = (uint32_t)word, .row = (uint32_t)(word >> 32) };
}

ALWAYS_INLINE uint64_t load_word(const uint64_t *slot, bool is_whole)
{
	return slot[is_whole ? 1 : 2];
}

ALWAYS_INLINE void store_word(uint64_t *slot, uint64_t word, bool is_whole)
{
	__atomic_store_n(&slot[is_whole ? 1 : 2], word, __ATOMIC_RELEASE);
}

ALWAYS_INLINE bool is_free(uint64_t word)
{
	return (uint32_t)word == 0;
}

ALWAYS_INLINE bool is_gone(uint64_t word)
{
	return (uint32_t)word == KEY_FILE_GONE;
}

ALWAYS_INLINE bool has_key(const uint64_t *slot, struct key_hash key, bool is_whole)
{
	return slot[0] == key.low && (is_whole || slot[1] == key.high);
}

ALWAYS_INLINE uint64_t next_slot(const struct key_slots *s, uint64_t at)
{
	return at + 1 == s->head->capacity ? 0 : at + 1;
}

/* One pass of a stable radix sort over the bits of the hash from `shift` on. */
static void radix_pass(const uint64_t *hashes, const uint32_t *from, uint32_t *to, uint32_t count,
		       unsigned shift)
{
	uint32_t starts[1 << RADIX_BITS] = { 0 };
	uint32_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		starts[hashes[i] >> shift & ((1 << RADIX_BITS) - 1)]++;
	for (uint32_t d = 0; d < 1 << RADIX_BITS; d++) {
		uint32_t here = starts[d];

		starts[d] = sum;
		sum += here;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = from != NULL ? from[i] : i;

		to[starts[hashes[k] >> shift & ((1 << RADIX_BITS) - 1)]++] = k;
	}
}

uint32_t *key_slots_order(const struct key_slots *s, const struct key_hash *keys, uint32_t count)
{
	uint64_t *hashes;
	uint32_t *half, *order;

	if (!s->is_ordered || count < ORDER_ROWS_MIN)
		return NULL;
	hashes = memory_array(uint64_t, count);
	half = memory_array(uint32_t, count);
	order = memory_array(uint32_t, count);
	for (uint32_t i = 0; i < count; i++)
		hashes[i] = bucket_hash(keys[i], s->is_whole);
	radix_pass(hashes, NULL, half, count, 64 - 2 * RADIX_BITS);
	radix_pass(hashes, half, order, count, 64 - RADIX_BITS);
	memory_free(half);
	memory_free(hashes);
	return order;
}

/* The key's slot, from its bucket on; NO_SLOT: it has none. */
ALWAYS_INLINE uint64_t find_from(const struct key_slots *s, uint64_t at, struct key_hash key, bool is_whole)
{
	for (uint64_t n = s->head->capacity; n > 0; n--) {
		const uint64_t *slot = slot_at(s, at, is_whole);
		uint64_t word = load_word(slot, is_whole);

		if (is_free(word))
			break;
		if (has_key(slot, key, is_whole) && !is_gone(word))
			return at;
		at = next_slot(s, at);
	}
	return NO_SLOT;
}

ALWAYS_INLINE uint32_t nth(const uint32_t *order, uint32_t i)
{
	return order != NULL ? order[i] : i;
}

ALWAYS_INLINE uint64_t fetch_ahead(const struct key_slots *s, struct key_hash key, bool is_whole)
{
	uint64_t at = bucket_of(s, key, is_whole);

	__builtin_prefetch(slot_at(s, at, is_whole));
	if (s->head->order_words > 0)
		__builtin_prefetch(order_at(s, at));
	return at;
}

ALWAYS_INLINE void find_all(const struct key_slots *s, const struct key_hash *keys,
			    const uint32_t *order, uint32_t count, struct row_place *places,
			    uint64_t *orders, bool is_whole)
{
	uint32_t words = s->head->order_words;
	uint64_t ahead[AHEAD];

	for (uint32_t i = 0; i < AHEAD && i < count; i++)
		ahead[i] = fetch_ahead(s, keys[nth(order, i)], is_whole);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = nth(order, i);
		uint64_t at = ahead[i % AHEAD];

		if (count - i > AHEAD)
			ahead[i % AHEAD] =
				fetch_ahead(s, keys[nth(order, i + AHEAD)], is_whole);
		at = find_from(s, at, keys[k], is_whole);
		places[k] = at == NO_SLOT ? (struct row_place){ 0, 0 } :
					    word_place(load_word(slot_at(s, at, is_whole), is_whole));
		if (orders != NULL && at != NO_SLOT)
			copy_order(orders + (size_t)k * words, order_at(s, at), words);
	}
}

void key_slots_find(const struct key_slots *s, const struct key_hash *keys, uint32_t count,
		    struct row_place *places, uint64_t *orders)
{
	uint32_t *order = key_slots_order(s, keys, count);

	if (s->is_whole)
		find_all(s, keys, order, count, places, orders, true);
	else
		find_all(s, keys, order, count, places, orders, false);
	memory_free(order);
}

bool key_slots_next(const struct key_slots *s, struct row_place *at, struct row_place *out)
{
	const struct key_copy *copy;

	if (at->file != KEY_FILE_LINK) {
		*out = *at;
		*at = (struct row_place){ 0, 0 };
		return out->file != 0;
	}
	assert(at->row < s->head->copy_end);
	copy = &s->copies[at->row];
	*out = word_place(copy->place);
	*at = word_place(copy->under);
	return true;
}

/* A removed slot becomes free when nothing can stand behind it, and so do those before it. */
ALWAYS_INLINE void erase(const struct key_slots *s, uint64_t at, bool is_whole)
{
	struct key_map_head *h = s->head;

	h->live_count--;
	if (!is_free(load_word(slot_at(s, next_slot(s, at), is_whole), is_whole))) {
		store_word(slot_at(s, at, is_whole), KEY_FILE_GONE, is_whole);
		h->gone_count++;
		return;
	}
	store_word(slot_at(s, at, is_whole), 0, is_whole);
	for (uint64_t n = h->capacity; n > 0; n--) {
		at = at == 0 ? h->capacity - 1 : at - 1;
		if (!is_gone(load_word(slot_at(s, at, is_whole), is_whole)))
			break;
		store_word(slot_at(s, at, is_whole), 0, is_whole);
		h->gone_count--;
	}
}

ALWAYS_INLINE void fill(const struct key_slots *s, uint64_t at, struct key_hash key, uint64_t word,
			const uint64_t *order, bool is_whole)
{
	uint64_t *slot = slot_at(s, at, is_whole);

	if (is_gone(load_word(slot, is_whole)))
		s->head->gone_count--;
	slot[0] = key.low;
	if (!is_whole)
		slot[1] = key.high;
	if (order != NULL)
		copy_order(order_at(s, at), order, s->head->order_words);
	store_word(slot, word, is_whole);
	s->head->live_count++;
}

/* The key's slot, or NO_SLOT; then `room` is the first slot on the way there that can take it. */
ALWAYS_INLINE uint64_t seek(const struct key_slots *s, uint64_t at, struct key_hash key,
			    uint64_t *room, bool is_whole)
{
	*room = NO_SLOT;
	for (uint64_t n = s->head->capacity; n > 0; n--) {
		const uint64_t *slot = slot_at(s, at, is_whole);
		uint64_t found = load_word(slot, is_whole);

		if (is_free(found) || is_gone(found))
			*room = *room == NO_SLOT ? at : *room;
		else if (has_key(slot, key, is_whole))
			return at;
		if (is_free(found))
			break;
		at = next_slot(s, at);
	}
	return NO_SLOT;
}

ALWAYS_INLINE void put(const struct key_slots *s, uint64_t at, struct key_hash key, uint64_t word,
		       const uint64_t *order, bool is_whole)
{
	uint64_t room, found = seek(s, at, key, &room, is_whole);

	if (found != NO_SLOT && word != 0) {
		if (order != NULL)
			copy_order(order_at(s, found), order, s->head->order_words);
		store_word(slot_at(s, found, is_whole), word, is_whole);
	} else if (found != NO_SLOT) {
		erase(s, found, is_whole);
	} else if (word != 0) {
		assert(room != NO_SLOT);
		fill(s, room, key, word, order, is_whole);
	}
}

/* The newest of equal rows goes, when its place is `old`. */
static void remove_equal(const struct key_slots *s, uint64_t at, uint64_t old)
{
	uint64_t *slot = slot_at(s, at, false);
	struct row_place top = word_place(load_word(slot, false)), under = top, newest;

	key_slots_next(s, &under, &newest);
	if (place_word(newest) != old)
		return;
	if (top.file != KEY_FILE_LINK) {
		erase(s, at, false);
	} else {
		store_word(slot, place_word(under), false);
		key_copies_drop(s->head, s->copies, top.row);
	}
}

/* Puts a row on top of its equal ones, or takes the top one away (`word` 0). */
ALWAYS_INLINE void put_equal(const struct key_slots *s, uint64_t at, struct key_hash key,
			     uint64_t old, uint64_t word)
{
	uint64_t room, found = seek(s, at, key, &room, false);

	if (word == 0) {
		if (found != NO_SLOT)
			remove_equal(s, found, old);
	} else if (found == NO_SLOT) {
		assert(room != NO_SLOT);
		fill(s, room, key, word, NULL, false);
	} else {
		uint64_t *slot = slot_at(s, found, false);
		struct row_place link = { KEY_FILE_LINK, 0 };

		link.row = key_copies_add(s->head, s->copies, word, load_word(slot, false));
		store_word(slot, place_word(link), false);
	}
}

ALWAYS_INLINE void apply_all(const struct key_slots *s, const struct key_hash *keys,
			     const uint32_t *order, uint32_t first, uint32_t count,
			     const struct row_place *old, const struct row_place *places,
			     const uint64_t *orders, bool is_whole)
{
	uint32_t words = s->head->order_words;
	uint64_t ahead[AHEAD];

	for (uint32_t i = 0; i < AHEAD && i < count; i++)
		ahead[i] = fetch_ahead(s, keys[nth(order, first + i)], is_whole);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = nth(order, first + i);
		uint64_t at = ahead[i % AHEAD];
		uint64_t word = places[k].file != 0 ? place_word(places[k]) : 0;

		if (count - i > AHEAD)
			ahead[i % AHEAD] =
				fetch_ahead(s, keys[nth(order, first + i + AHEAD)], is_whole);
		assert(places[k].file <= KEY_TOMBSTONE);
		if (is_whole || !s->is_multiset)
			put(s, at, keys[k], word, orders != NULL ? orders + (size_t)k * words : NULL, is_whole);
		else if (word != 0 || old[k].file != 0)
			put_equal(s, at, keys[k], word != 0 ? 0 : place_word(old[k]), word);
	}
}

void key_slots_apply(const struct key_slots *s, const struct key_hash *keys, const uint32_t *order,
		     uint32_t first, uint32_t count, const struct row_place *old,
		     const struct row_place *places, const uint64_t *orders)
{
	assert((orders != NULL) == (s->head->order_words > 0));
	if (s->is_whole)
		apply_all(s, keys, order, first, count, old, places, orders, true);
	else
		apply_all(s, keys, order, first, count, old, places, orders, false);
}

ALWAYS_INLINE bool is_past(const struct key_slots *s, uint64_t at, uint64_t word)
{
	return (uint32_t)word == KEY_TOMBSTONE && *order_at(s, at) < s->horizon;
}

ALWAYS_INLINE void copy_all(const struct key_slots *to, const struct key_slots *from,
			    bool is_whole)
{
	for (uint64_t i = 0; i < from->head->capacity; i++) {
		const uint64_t *slot = slot_at(from, i, is_whole);
		uint64_t word = load_word(slot, is_whole);
		struct key_hash key = { slot[0], is_whole ? 0 : slot[1] };
		uint64_t at;

		if (is_free(word) || is_gone(word) || is_past(from, i, word))
			continue;
		at = bucket_of(to, key, is_whole);
		while (!is_free(load_word(slot_at(to, at, is_whole), is_whole)))
			at = next_slot(to, at);
		fill(to, at, key, word, from->head->order_words > 0 ? order_at(from, i) : NULL, is_whole);
	}
}

void key_slots_copy(const struct key_slots *to, const struct key_slots *from)
{
	assert(from->head->live_count < to->head->capacity);
	assert(from->head->copy_end <= to->head->copy_capacity);
	if (from->head->copy_end > 0)
		memcpy(to->copies, from->copies, from->head->copy_end * sizeof(*to->copies));
	to->head->copy_end = from->head->copy_end;
	to->head->copy_count = from->head->copy_count;
	to->head->copy_free = from->head->copy_free;
	if (from->is_whole)
		copy_all(to, from, true);
	else
		copy_all(to, from, false);
}

void key_slots_count(const struct key_slots *s)
{
	uint64_t live = 0, gone = 0;

	for (uint64_t i = 0; i < s->head->capacity; i++) {
		uint64_t word = load_word(slot_at(s, i, s->is_whole), s->is_whole);

		live += !is_free(word) && !is_gone(word);
		gone += is_gone(word);
	}
	s->head->live_count = live;
	s->head->gone_count = gone;
	key_copies_count(s->head, s->copies);
	s->head->is_applying = 0;
}
