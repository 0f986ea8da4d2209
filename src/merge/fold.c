/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/fold.h"

#include "base/memory.h"
#include "merge/key_hash.h"
#include "merge/key_order.h"

/* Open hash from key to its newest change; a power of two at least twice the changes. */
struct newest {
	uint32_t *slots; /* change + 1; 0 empty */
	uint64_t mask;
};

static void newest_init(struct newest *n, uint32_t changes)
{
	uint64_t size = 64;

	while (size < (uint64_t)changes * 2)
		size *= 2;
	n->slots = memory_array(uint32_t, size);
	n->mask = size - 1;
}

/* The slot that holds this key's newest change, or the empty one where it belongs. */
static uint32_t *newest_slot(const struct newest *n, const struct key_hash *keys, struct key_hash k)
{
	uint64_t at = key_hash_spread(k) >> 7 & n->mask;

	while (n->slots[at] != 0) {
		const struct key_hash *other = &keys[n->slots[at] - 1];

		if (other->low == k.low && other->high == k.high)
			break;
		at = (at + 1) & n->mask;
	}
	return &n->slots[at];
}

static void lay_out(struct fold *f, const struct key_shape *shape, const struct batch *b)
{
	bool moves = false; /* the change before is a MOVE */
	uint32_t at = 0;

	for (uint32_t i = 0; i < b->run_count; i++) {
		const struct batch_run *run = &b->runs[i];
		const struct columns *rows = run->op == BATCH_UPSERT ? &b->after : &b->before;

		key_hash_rows(shape, rows, run->first, run->count, f->keys + at);
		for (uint32_t j = 0; j < run->count; j++)
			f->changes[at + j] = (struct fold_change){
				.row = run->first + j,
				.present = run->present,
				.previous = FOLD_NONE,
				.moved = j == 0 && moves ? at - 1 : FOLD_NONE,
				.op = run->op == BATCH_UPSERT ? BATCH_UPSERT : BATCH_DELETE,
			};
		moves = run->op == BATCH_MOVE;
		at += run->count;
	}
}

/* The newest change of a key stands for it; the older ones are reached through `previous`. */
static void fold_keyed(struct fold *f, struct newest *n, uint8_t *dropped)
{
	for (uint32_t i = 0; i < f->change_count; i++) {
		uint32_t *slot = newest_slot(n, f->keys, f->keys[i]);

		if (*slot != 0) {
			f->changes[i].previous = *slot - 1;
			dropped[*slot - 1] = 1;
		}
		*slot = i + 1;
	}
}

/* A delete takes back the newest upsert of an equal row in the batch, else one in the table. */
static void fold_multiset(struct fold *f, struct newest *n, uint8_t *dropped)
{
	for (uint32_t i = 0; i < f->change_count; i++) {
		uint32_t *slot = newest_slot(n, f->keys, f->keys[i]);
		uint32_t top = *slot != 0 ? *slot - 1 : FOLD_NONE;

		/* skip what a delete took back; keep one entry so that the slot stays this key's */
		while (top != FOLD_NONE && dropped[top])
			top = f->changes[top].previous;
		if (f->changes[i].op == BATCH_DELETE && top != FOLD_NONE &&
		    f->changes[top].op == BATCH_UPSERT) {
			dropped[top] = 1;
			dropped[i] = 1;
		}
		f->changes[i].previous = top;
		*slot = i + 1;
	}
}

static void begin(struct fold *f, const struct key_shape *shape, const struct batch *b)
{
	*f = (struct fold){ 0 };
	for (uint32_t i = 0; i < b->run_count; i++)
		f->change_count += b->runs[i].count;
	f->keys = memory_array(struct key_hash, f->change_count);
	f->changes = memory_array(struct fold_change, f->change_count);
	f->last = memory_array(uint32_t, f->change_count);
	lay_out(f, shape, b);
}

static void keep_rest(struct fold *f, const uint8_t *dropped)
{
	for (uint32_t i = 0; i < f->change_count; i++) {
		if (!dropped[i])
			f->last[f->last_count++] = i;
	}
}

void fold_init(struct fold *f, const struct key_shape *shape, const struct batch *b)
{
	struct newest newest;
	uint8_t *dropped;

	begin(f, shape, b);
	newest_init(&newest, f->change_count);
	dropped = memory_array(uint8_t, f->change_count);
	if (shape->is_multiset)
		fold_multiset(f, &newest, dropped);
	else
		fold_keyed(f, &newest, dropped);
	keep_rest(f, dropped);
	memory_free(dropped);
	memory_free(newest.slots);
}

static void lay_out_orders(struct fold *f, const struct key_shape *shape, const struct batch *b)
{
	uint64_t *at;

	f->orders = memory_array(uint64_t, (size_t)f->change_count * shape->order_words);
	at = f->orders;
	for (uint32_t i = 0; i < b->run_count; i++) {
		const struct batch_run *run = &b->runs[i];

		key_order_rows(shape->schema, run->op == BATCH_UPSERT ? &b->after : &b->before, run->first, run->count, at);
		at += (size_t)run->count * shape->order_words;
	}
}

/* Whether an event of this time is too late, by the events up to it. */
static bool is_late(struct event_clock *clock, int64_t time_us)
{
	if (time_us > clock->watermark_us)
		clock->watermark_us = time_us;
	return time_us < event_clock_edge(clock);
}

static void drop_late(struct fold *f, uint32_t words, struct event_clock *clock, uint8_t *dropped)
{
	f->late = memory_array(uint32_t, f->change_count);
	for (uint32_t i = 0; i < f->change_count; i++) {
		if (is_late(clock, key_order_time(f->orders + (size_t)i * words))) {
			dropped[i] = 1;
			f->late[f->late_count++] = i;
		}
	}
}

static void fold_ordered(struct fold *f, uint32_t words, struct newest *n, uint8_t *dropped)
{
	f->first = memory_array(uint32_t, f->change_count);
	for (uint32_t i = 0; i < f->change_count; i++) {
		uint32_t *slot, other;
		bool is_newer;

		f->changes[i].moved = FOLD_NONE;
		f->first[i] = dropped[i] ? FOLD_NONE : i;
		if (dropped[i])
			continue;
		slot = newest_slot(n, f->keys, f->keys[i]);
		if (*slot == 0) {
			*slot = i + 1;
			continue;
		}
		other = *slot - 1;
		f->first[i] = f->first[other];
		is_newer = key_order_compare(f->orders + (size_t)i * words, f->orders + (size_t)other * words, words) > 0;
		dropped[is_newer ? other : i] = 1;
		if (is_newer)
			*slot = i + 1;
	}
}

void fold_init_ordered(struct fold *f, const struct key_shape *shape, const struct batch *b, struct event_clock *clock)
{
	struct newest newest;
	uint8_t *dropped;

	begin(f, shape, b);
	lay_out_orders(f, shape, b);
	newest_init(&newest, f->change_count);
	dropped = memory_array(uint8_t, f->change_count);
	drop_late(f, shape->order_words, clock, dropped);
	fold_ordered(f, shape->order_words, &newest, dropped);
	keep_rest(f, dropped);
	memory_free(dropped);
	memory_free(newest.slots);
}

uint32_t fold_numbers(const struct key_hash *keys, uint32_t count, uint32_t *numbers)
{
	struct newest first;
	uint32_t next = 0;

	newest_init(&first, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t *slot = newest_slot(&first, keys, keys[i]);

		if (*slot == 0) {
			*slot = i + 1;
			numbers[i] = next++;
		} else {
			numbers[i] = numbers[*slot - 1];
		}
	}
	memory_free(first.slots);
	return next;
}

uint32_t fold_newest(const struct key_hash *keys, const uint64_t *orders, uint32_t words, uint32_t count, uint32_t *kept)
{
	struct newest newest;
	uint32_t kept_count = 0;

	newest_init(&newest, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t *slot = newest_slot(&newest, keys, keys[i]);

		if (*slot == 0 || key_order_compare(orders + (size_t)i * words, orders + (size_t)(*slot - 1) * words, words) > 0)
			*slot = i + 1;
	}
	for (uint64_t at = 0; at <= newest.mask; at++) {
		if (newest.slots[at] != 0)
			kept[kept_count++] = newest.slots[at] - 1;
	}
	memory_free(newest.slots);
	return kept_count;
}

void fold_release(struct fold *f)
{
	memory_free(f->keys);
	memory_free(f->orders);
	memory_free(f->first);
	memory_free(f->late);
	memory_free(f->changes);
	memory_free(f->last);
	*f = (struct fold){ 0 };
}

uint32_t fold_older(const struct fold *f, uint32_t at)
{
	const struct fold_change *change = &f->changes[at];

	if (change->op == BATCH_DELETE)
		return FOLD_NONE;
	return change->moved != FOLD_NONE ? f->changes[change->moved].previous : change->previous;
}

bool fold_base_key(const struct fold *f, uint32_t at, struct key_hash *out)
{
	for (uint32_t next; (next = fold_older(f, at)) != FOLD_NONE; at = next)
		;
	if (f->changes[at].op == BATCH_DELETE)
		return false;
	if (f->changes[at].moved != FOLD_NONE)
		at = f->changes[at].moved;
	*out = f->keys[at];
	return true;
}
