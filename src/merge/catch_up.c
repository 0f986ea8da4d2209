/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/catch_up.h"

#include "base/memory.h"
#include "merge/data_file.h"
#include "merge/fold.h"
#include "merge/key_order.h"

#define SCAN_ROWS 65536u

/* One block of rows of a file, or of tombstones, on its way into the index. */
struct block {
	struct key_hash *keys;
	struct row_place *places;
	uint64_t *orders; /* NULL in the order of arrival */
	uint32_t count;
};

static void block_init(struct block *b, uint32_t order_words)
{
	*b = (struct block){ .keys = memory_array(struct key_hash, SCAN_ROWS), .places = memory_array(struct row_place, SCAN_ROWS) };
	if (order_words > 0)
		b->orders = memory_array(uint64_t, (size_t)SCAN_ROWS * order_words);
}

static void block_release(struct block *b)
{
	memory_free(b->keys);
	memory_free(b->places);
	memory_free(b->orders);
}

/*
 * What the index knows of an order that is newer stays: a row that another engine put there again has the order that it
 * had. The place of a tombstone does not replace one: a row that is dead counts as none, one that is not must be known.
 */
static void join_known(const struct catch_up *c, struct block *b)
{
	uint32_t words = c->shape->order_words;
	struct row_place *places = memory_array(struct row_place, b->count);
	uint64_t *orders = memory_array(uint64_t, (size_t)b->count * words);

	key_index_find_ordered(c->index, b->keys, b->count, places, orders);
	for (uint32_t i = 0; i < b->count; i++) {
		uint64_t *order = b->orders + (size_t)i * words;

		if (places[i].file == 0)
			continue;
		if (b->places[i].file == KEY_TOMBSTONE)
			b->places[i] = places[i];
		if (key_order_compare(order, orders + (size_t)i * words, words) < 0)
			memcpy(order, orders + (size_t)i * words, words * sizeof(*order));
	}
	memory_free(places);
	memory_free(orders);
}

static int learn(const struct catch_up *c, struct block *b, struct err *e)
{
	if (b->orders != NULL)
		join_known(c, b);
	return key_index_apply_ordered(c->index, b->keys, b->count, NULL, b->places, b->orders, e);
}

/* The rows of a block that are not dead; `first` is its first row's number in the file. */
static void keep_live(const struct catch_up *c, struct block *b, const struct columns *rows, const struct row_set *dead,
		      uint32_t file, uint32_t first)
{
	uint32_t words = c->shape->order_words;

	if (b->orders != NULL)
		key_order_rows(c->schema, rows, 0, rows->row_count, b->orders);
	b->count = 0;
	for (uint32_t i = 0; i < rows->row_count; i++) {
		if (row_set_has(dead, first + i))
			continue;
		b->keys[b->count] = b->keys[i];
		if (b->orders != NULL)
			memmove(b->orders + (size_t)b->count * words, b->orders + (size_t)i * words, words * sizeof(*b->orders));
		b->places[b->count++] = (struct row_place){ file, first + i };
	}
}

/* Gives the index the keys of a file's live rows. */
static int scan_file(const struct catch_up *c, const struct data_file *file, uint32_t slot, struct err *e)
{
	uint32_t number = key_index_file(c->index, file->path), first = 0;
	struct data_file_reader *reader = NULL;
	struct row_set *dead = NULL;
	struct columns rows;
	struct block block;
	int rc = -1;

	block_init(&block, c->shape->order_words);
	columns_init(&rows, c->schema);
	if (table_read_dv(c->table, slot, &dead, e) < 0 ||
	    (number == 0 && key_index_add_file(c->index, file->path, &number, e) < 0) ||
	    data_file_open(&reader, c->store, file, c->schema, e) < 0)
		goto out;
	while ((rc = data_file_keys(reader, c->shape, SCAN_ROWS, &rows, block.keys, e)) == 0) {
		keep_live(c, &block, &rows, dead, number, first);
		first += rows.row_count;
		if (learn(c, &block, e) < 0) {
			rc = -1;
			goto out;
		}
	}
	rc = rc > 0 ? 0 : rc;
out:
	data_file_close(reader);
	row_set_free(dead);
	columns_release(&rows);
	block_release(&block);
	return rc < 0 ? err_wrap(e, "key index: data file %s", file->path) : 0;
}

/* A file of tombstones may have a key more than once. */
static int take_tombstones(void *context, const struct key_hash *keys, const uint64_t *orders, uint32_t count,
			   struct err *e)
{
	const struct catch_up *c = context;
	uint32_t words = c->shape->order_words;
	uint32_t *kept = memory_array(uint32_t, count);
	struct block block;
	int rc;

	block_init(&block, words);
	block.count = fold_newest(keys, orders, words, count, kept);
	for (uint32_t i = 0; i < block.count; i++) {
		block.keys[i] = keys[kept[i]];
		block.places[i] = (struct row_place){ KEY_TOMBSTONE, 0 };
		memcpy(block.orders + (size_t)i * words, orders + (size_t)kept[i] * words, words * sizeof(*orders));
	}
	rc = learn(c, &block, e);
	block_release(&block);
	memory_free(kept);
	return rc;
}

static int scan_tombstones(const struct catch_up *c, struct err *e)
{
	for (uint32_t i = 0; c->state != NULL && i < c->state->file_count; i++) {
		if (tombstones_read(c->tombstones, &c->state->files[i], take_tombstones, (void *)(uintptr_t)c, e) < 0)
			return err_wrap(e, "key index");
	}
	return 0;
}

/*
 * Whether every commit after the version is ours. We never bring a dead row back; another writer's RESTORE
 * does, in files that the index has as whole.
 */
static int only_ours_since(const struct catch_up *c, int64_t version, bool *out, struct err *e)
{
	int64_t wanted = table_snapshot(c->table)->version - version;
	uint32_t limit = wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX, count;
	struct history_entry *entries;

	if (table_history(c->table, limit, &entries, &count, e) < 0)
		return -1;
	*out = count == wanted;
	for (uint32_t i = 0; i < count; i++)
		*out = *out && entries[i].is_ours;
	table_history_free(entries, count);
	return 0;
}

/* Whether the index lacks a file whose rows it should know. A multiset is not searched beside other writers. */
static bool is_wanted(const struct catch_up *c, uint32_t slot)
{
	const struct data_file *f = &table_snapshot(c->table)->files[slot];

	if (c->share != NULL && c->shape->is_multiset)
		return false;
	return !key_index_has_file(c->index, f->path) &&
	       (c->share == NULL || c->share->concerns(c->share, f->tag));
}

int index_catch_up(const struct catch_up *c, struct err *e)
{
	const struct snapshot *s = table_snapshot(c->table);
	int64_t version = key_index_version(c->index);
	bool is_replaced = version == s->version && key_index_commit(c->index) != s->txn_version;
	bool is_new = version < 0 || version > s->version || is_replaced, is_ours = true;
	uint64_t rows = 0;

	if (version == s->version && !is_replaced && c->share == NULL)
		return 0;
	if (!is_new && only_ours_since(c, version, &is_ours, e) < 0)
		return -1;
	is_new = is_new || !is_ours;
	if (is_new)
		key_index_clear(c->index);
	for (uint32_t i = 0; i < s->file_count; i++) {
		if (is_wanted(c, i))
			rows += s->files[i].row_count - s->files[i].dead_count;
	}
	if (key_index_reserve(c->index, key_index_count(c->index) + rows, e) < 0)
		return -1;
	for (uint32_t i = 0; i < s->file_count; i++) {
		if (is_wanted(c, i) && scan_file(c, &s->files[i], i, e) < 0)
			return -1;
	}
	if (scan_tombstones(c, e) < 0)
		return -1;
	if (is_new && key_index_fit(c->index, e) < 0)
		return -1;
	key_index_set_version(c->index, s->version, s->txn_version);
	return 0;
}
