/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key index: opening, room and growth, and the files' numbers. Its table is searched and written in
 * key_slots.c.
 */
#include "merge/key_index.h"

#include <stdio.h>
#include <unistd.h>

#include "merge/key_files.h"
#include "merge/key_hash.h"
#include "merge/key_map.h"
#include "merge/key_slots.h"

/* Full at 4/5; a new table is 4/5 / 1.4 = 4/7 full: 28 bytes a whole key at most. */
#define LOAD_NUMERATOR 4
#define LOAD_DENOMINATOR 5
#define GROWTH_NUMERATOR 7
#define GROWTH_DENOMINATOR 5
#define FIT_SLACK 16 /* key_index_fit: less than one slot in so many is not worth a new file */
/* Rows between two checks for room; a table may be this many slots too large for its rows. */
#define APPLY_ROWS 1024

struct key_index {
	struct key_map map;
	struct key_files files;
	struct key_shape shape;
	uint64_t horizon;
	size_t ordered_bytes; /* a larger map is read forward, not at random */
};

static char *files_name(const char *path)
{
	size_t size = strlen(path) + sizeof(".files");
	char *out = memory_array(char, size);

	snprintf(out, size, "%s.files", path);
	return out;
}

static struct key_slots slots_of(const struct key_index *x)
{
	return (struct key_slots){ .head = x->map.head, .base = x->map.slots, .orders = x->map.orders,
				   .copies = x->map.copies, .horizon = x->horizon, .is_whole = x->shape.is_whole,
				   .is_multiset = x->shape.is_multiset,
				   .is_ordered = x->map.size > x->ordered_bytes };
}

static void count_slots(struct key_index *x)
{
	struct key_slots s = slots_of(x);

	key_slots_count(&s);
}

static size_t memory_half(void)
{
	return (size_t)sysconf(_SC_PHYS_PAGES) / 2 * (size_t)sysconf(_SC_PAGESIZE);
}

void key_index_clear(struct key_index *x)
{
	key_map_clear(&x->map);
	key_files_clear(&x->files, x->map.head->generation);
}

int key_index_open(struct key_index **out, const char *path, const char *table_id,
		   const struct key_shape *shape, struct err *e)
{
	struct key_map_head wanted = { .slot_size = key_slot_size(shape->is_whole),
				       .order_words = shape->order_words,
				       .shape = key_shape_print(shape) };
	struct key_hash table = key_text_hash(table_id);
	struct key_index *x = memory_new(struct key_index);
	char *name = files_name(path);
	bool is_new;
	int rc;

	*x = (struct key_index){ .shape = *shape, .ordered_bytes = memory_half() };
	wanted.table[0] = table.low;
	wanted.table[1] = table.high;
	rc = key_map_open(&x->map, path, &wanted, &is_new, e);
	if (rc == 0) {
		rc = key_files_open(&x->files, name, e);
		if (rc < 0)
			key_map_close(&x->map, false);
	}
	memory_free(name);
	if (rc < 0) {
		memory_free(x);
		return rc;
	}
	if (is_new || !key_files_load(&x->files, x->map.head->generation, x->map.head->file_last))
		key_index_clear(x);
	else if (x->map.head->is_applying)
		count_slots(x);
	*out = x;
	return 0;
}

void key_index_close(struct key_index *x)
{
	if (x == NULL)
		return;
	key_map_close(&x->map, key_files_sync(&x->files));
	key_files_close(&x->files);
	memory_free(x);
}

int64_t key_index_version(const struct key_index *x)
{
	return x->map.head->version;
}

int64_t key_index_commit(const struct key_index *x)
{
	return x->map.head->commit;
}

void key_index_set_version(struct key_index *x, int64_t version, int64_t commit)
{
	x->map.head->commit = commit;
	if (version >= 0)
		x->map.head->file_whole = x->files.last;
	atomic_store_explicit(&x->map.head->version, version, memory_order_release);
}

bool key_index_has_file(const struct key_index *x, const char *path)
{
	uint32_t number = key_files_number(&x->files, path);

	return number != 0 && number <= x->map.head->file_whole;
}

uint32_t key_index_file(const struct key_index *x, const char *path)
{
	return key_files_number(&x->files, path);
}

int key_index_add_file(struct key_index *x, const char *path, uint32_t *out, struct err *e)
{
	if (key_files_add(&x->files, path, out, e) < 0)
		return -1;
	x->map.head->file_last = x->files.last;
	return 0;
}

const char *key_index_path(const struct key_index *x, uint32_t file)
{
	return key_files_path(&x->files, file);
}

void key_index_drop_file(struct key_index *x, uint32_t file)
{
	key_files_drop(&x->files, file);
}

void key_index_find_ordered(struct key_index *x, const struct key_hash *keys, uint32_t count,
			    struct row_place *places, uint64_t *orders)
{
	struct key_slots s = slots_of(x);

	key_map_expect(&x->map, count);
	key_slots_find(&s, keys, count, places, orders);
}

void key_index_find(struct key_index *x, const struct key_hash *keys, uint32_t count,
		    struct row_place *places)
{
	key_index_find_ordered(x, keys, count, places, NULL);
}

bool key_index_next(const struct key_index *x, struct row_place *at, struct row_place *out)
{
	struct key_slots s = slots_of(x);

	return key_slots_next(&s, at, out);
}

/* Slots for this many keys with room for one more round of key_index_apply. */
static uint64_t capacity_for(uint64_t keys)
{
	uint64_t slots = (keys + APPLY_ROWS) / LOAD_NUMERATOR * LOAD_DENOMINATOR + LOAD_DENOMINATOR;

	return slots < KEY_MAP_SLOTS_MIN ? KEY_MAP_SLOTS_MIN : slots;
}

/* Writes the live slots into a new file: one pass over either, in the order of the hash. */
static int resize(struct key_index *x, uint64_t capacity, uint64_t copy_capacity, struct err *e)
{
	struct key_map next;
	struct key_slots from = slots_of(x), to;

	if (key_map_make_next(&next, &x->map, capacity, copy_capacity, e) < 0)
		return -1;
	to = from;
	to.head = next.head;
	to.base = next.slots;
	to.orders = next.orders;
	to.copies = next.copies;
	key_slots_copy(&to, &from);
	next.head->is_applying = x->map.head->is_applying;
	return key_map_replace(&x->map, &next, e);
}

static int make_copy_room(struct key_index *x, uint32_t rows, struct err *e)
{
	uint64_t wanted = (uint64_t)x->map.head->copy_count + rows;

	if (wanted <= x->map.head->copy_capacity)
		return 0;
	wanted = (wanted / GROWTH_DENOMINATOR + 1) * GROWTH_NUMERATOR;
	return key_map_add_copies(&x->map, wanted, e);
}

static int make_room(struct key_index *x, uint32_t rows, struct err *e)
{
	const struct key_map_head *h = x->map.head;
	uint64_t capacity;

	if (h->live_count + h->gone_count + rows <=
	    h->capacity / LOAD_DENOMINATOR * LOAD_NUMERATOR)
		return 0;
	capacity = capacity_for(h->live_count + rows);
	return resize(x, capacity / GROWTH_DENOMINATOR * GROWTH_NUMERATOR, h->copy_capacity, e);
}

int key_index_reserve(struct key_index *x, uint64_t keys, struct err *e)
{
	uint64_t capacity = capacity_for(keys);

	if (capacity <= x->map.head->capacity)
		return 0;
	return resize(x, capacity, x->map.head->copy_capacity, e);
}

int key_index_fit(struct key_index *x, struct err *e)
{
	const struct key_map_head *h = x->map.head;
	uint64_t capacity = capacity_for(h->live_count);

	if (capacity >= h->capacity - h->capacity / FIT_SLACK)
		return 0;
	return resize(x, capacity, h->copy_end, e);
}

/* Keys that take a slot of their own, as far as the caller knows the old places. */
static uint32_t count_new(const struct row_place *old, const struct row_place *places, uint32_t count)
{
	uint32_t new_count = 0;

	for (uint32_t i = 0; i < count; i++)
		new_count += places[i].file != 0 && (old == NULL || old[i].file == 0);
	return new_count;
}

int key_index_apply_ordered(struct key_index *x, const struct key_hash *keys, uint32_t count,
			    const struct row_place *old, const struct row_place *places, const uint64_t *orders,
			    struct err *e)
{
	struct key_slots s = slots_of(x);
	uint32_t *order = key_slots_order(&s, keys, count);
	int rc = 0;

	if (!x->shape.is_multiset) /* whose rows may all be equal */
		rc = make_room(x, count_new(old, places, count), e); /* in one step for all */
	if (rc == 0)
		key_map_expect(&x->map, count);
	for (uint32_t first = 0; rc == 0 && first < count; first += APPLY_ROWS) {
		uint32_t rows = count - first < APPLY_ROWS ? count - first : APPLY_ROWS;

		rc = make_room(x, rows, e);
		if (rc == 0 && x->shape.is_multiset)
			rc = make_copy_room(x, rows, e);
		if (rc == 0) {
			s = slots_of(x);
			x->map.head->is_applying = 1;
			key_slots_apply(&s, keys, order, first, rows, old, places, orders);
			x->map.head->is_applying = 0;
		}
	}
	memory_free(order);
	return rc;
}

int key_index_apply(struct key_index *x, const struct key_hash *keys, uint32_t count,
		    const struct row_place *old, const struct row_place *places, struct err *e)
{
	return key_index_apply_ordered(x, keys, count, old, places, NULL, e);
}

void key_index_set_horizon(struct key_index *x, uint64_t horizon)
{
	x->horizon = horizon;
}

uint64_t key_index_count(const struct key_index *x)
{
	return x->map.head->live_count + x->map.head->copy_count;
}

uint64_t key_index_bytes(const struct key_index *x)
{
	return x->map.size;
}
