/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/pivot.h"

#include <assert.h>

#include "base/memory.h"
#include "merge/fold.h"
#include "merge/key_order.h"
#include "merge/pivot_parts.h"

static const uint64_t *floor_of(const struct pivoting *p, uint32_t key)
{
	return p->floors + (size_t)key * p->words;
}

static bool has_order(const uint64_t *order, uint32_t words)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < words; i++)
		any |= order[i];
	return any != 0;
}

/* Appends the long table's key: that of a change, and an attribute. */
static void add_probe(const struct pivoting *p, struct columns *probe, uint32_t change, const char *attribute)
{
	const struct columns *from = pivot_rows_of(p, change);

	for (uint32_t i = 0; i < p->schema->key_count; i++)
		column_append_range(&probe->columns[i], &from->columns[p->schema->key[i]], p->changes[change].row, 1);
	column_add_bytes(&probe->columns[p->schema->key_count], attribute, (uint32_t)strlen(attribute));
}

/* Looks `count` such keys up. Orders of what is not there are 0. */
static int find_probes(const struct pivoting *p, const struct columns *probe, uint32_t count, struct row_place *places,
		       uint64_t *orders, struct err *e)
{
	struct key_hash *keys = memory_array(struct key_hash, count);
	int rc;

	key_hash_rows(merge_shape(p->long_merge), probe, 0, count, keys);
	memset(orders, 0, (size_t)count * p->words * sizeof(*orders));
	rc = merge_find(p->long_merge, keys, count, places, orders, e);
	memory_free(keys);
	return rc;
}

/* The order of each key's newest event of this mark. */
static int find_marks(const struct pivoting *p, enum long_mark mark, uint64_t *orders, struct err *e)
{
	struct row_place *places = memory_array(struct row_place, p->key_count);
	struct columns probe;
	int rc;

	columns_init(&probe, p->rows->batch->schema);
	for (uint32_t k = 0; k < p->key_count; k++)
		add_probe(p, &probe, p->keys[k].sample, long_mark_names[mark]);
	rc = find_probes(p, &probe, p->key_count, places, orders, e);
	columns_release(&probe);
	memory_free(places);
	return rc;
}

static void lay_out(struct pivoting *p)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < p->events->run_count; i++)
		p->change_count += p->events->runs[i].count;
	p->changes = memory_array(struct fold_change, p->change_count);
	for (uint32_t i = 0; i < p->events->run_count; i++) {
		const struct batch_run *run = &p->events->runs[i];

		for (uint32_t j = 0; j < run->count; j++)
			p->changes[at++] = (struct fold_change){ .row = run->first + j, .op = run->op };
	}
}

/* The keys among the changes, and which of them each row of the batch is of. */
static int number_keys(struct pivoting *p, uint32_t *key_of_change, struct err *e)
{
	struct key_shape shape;
	struct key_hash *keys;
	struct row_place *places;
	uint32_t count = p->change_count, at = 0;
	int rc;

	keys = memory_array(struct key_hash, count);
	key_shape_init(&shape, p->schema);
	for (uint32_t i = 0; i < p->events->run_count; i++) {
		const struct batch_run *run = &p->events->runs[i];

		key_hash_rows(&shape, run->op == BATCH_UPSERT ? &p->events->after : &p->events->before, run->first, run->count,
			      keys + at);
		at += run->count;
	}
	p->key_count = fold_numbers(keys, count, key_of_change);
	p->keys = memory_array(struct pivoted, p->key_count);
	for (uint32_t i = count; i-- > 0;)
		p->keys[key_of_change[i]].sample = i;
	for (uint32_t k = 0; k < p->key_count; k++)
		keys[k] = keys[p->keys[k].sample]; /* samples only rise */
	places = memory_array(struct row_place, p->key_count);
	rc = merge_find(p->shown_merge, keys, p->key_count, places, NULL, e);
	for (uint32_t k = 0; k < p->key_count; k++)
		p->keys[k].place = places[k];
	memory_free(places);
	memory_free(keys);
	return rc;
}

/*
 * Sorts the rows of the batch whose events are their attributes' newest, of all that the long table knows, by key; without
 * those that a delete has overtaken.
 */
static void group_newest(struct pivoting *p, const uint32_t *key_of_change)
{
	const struct batch *b = p->rows->batch;
	uint32_t mark = p->schema->field_count + LONG_DELETE, at = 0, count;
	const uint32_t *newest = merge_newest(p->long_merge, &count);
	uint64_t *order = memory_array(uint64_t, p->words);
	uint8_t *counts = memory_array(uint8_t, count);

	for (uint32_t i = 0; i < count; i++) {
		struct long_origin from = p->rows->origins[newest[i]];
		uint32_t key = key_of_change[from.change];

		key_order_rows(b->schema, &b->after, newest[i], 1, order);
		p->keys[key].is_deleted |= from.attribute == mark;
		counts[i] = from.attribute != mark && key_order_compare(order, floor_of(p, key), p->words) > 0;
		p->keys[key].count += counts[i];
	}
	for (uint32_t k = 0; k < p->key_count; k++) {
		p->keys[k].first = at;
		at += p->keys[k].count;
		p->keys[k].count = 0;
	}
	p->newest = memory_array(uint32_t, at);
	for (uint32_t i = 0; i < count; i++) {
		struct pivoted *key = &p->keys[key_of_change[p->rows->origins[newest[i]].change]];

		if (counts[i])
			p->newest[key->first + key->count++] = newest[i];
	}
	memory_free(order);
	memory_free(counts);
}

/* Whether the field is one of the long table's attributes. */
static bool is_attribute(const struct pivoting *p, uint32_t field)
{
	return !schema_is_key(p->schema, field) && schema_find(p->shown, p->schema->fields[field].name) >= 0;
}

static void add_told(struct pivoting *p, uint32_t key, uint32_t field, struct row_place place)
{
	if (p->told_count == p->told_capacity) {
		p->told_capacity = p->told_capacity > 0 ? p->told_capacity * 2 : 256;
		p->told = memory_grow(p->told, struct told, p->told_capacity);
	}
	if (p->keys[key].told_count++ == 0)
		p->keys[key].first_told = p->told_count;
	p->told[p->told_count++] = (struct told){ key, field, place };
}

/* Room for the questions about one key. */
struct questions {
	struct columns probe;
	uint32_t *attributes;
	struct row_place *places;
	uint64_t *orders;
	uint8_t *is_known; /* of each attribute */
};

static void questions_init(struct questions *q, const struct pivoting *p)
{
	uint32_t most = p->schema->field_count + LONG_MARKS;

	q->attributes = memory_array(uint32_t, most);
	q->places = memory_array(struct row_place, most);
	q->orders = memory_array(uint64_t, (size_t)most * p->words);
	q->is_known = memory_array(uint8_t, most);
	columns_init(&q->probe, p->rows->batch->schema);
	for (uint32_t i = 0; i < most; i++)
		q->is_known[i] = i == p->schema->field_count + LONG_DELETE || (i < p->schema->field_count && !is_attribute(p, i));
}

static void questions_release(struct questions *q)
{
	columns_release(&q->probe);
	memory_free(q->attributes);
	memory_free(q->places);
	memory_free(q->orders);
	memory_free(q->is_known);
}

/* What the batch tells of the key need not be asked for. */
static void mark_known(const struct pivoting *p, const struct pivoted *key, struct questions *q, uint8_t is_known)
{
	for (uint32_t i = 0; i < key->count; i++)
		q->is_known[p->rows->origins[p->newest[key->first + i]].attribute] = is_known;
}

/* Asks the long table for one key's attributes that the batch does not tell. */
static int ask_long(struct pivoting *p, uint32_t key, struct questions *q, struct err *e)
{
	uint32_t fields = p->schema->field_count, asked = 0;

	columns_clear(&q->probe);
	mark_known(p, &p->keys[key], q, 1);
	for (uint32_t a = 0; a < fields + LONG_MARKS; a++) {
		if (q->is_known[a])
			continue;
		add_probe(p, &q->probe, p->keys[key].sample, a < fields ? p->schema->fields[a].name : long_mark_names[a - fields]);
		q->attributes[asked++] = a;
	}
	mark_known(p, &p->keys[key], q, 0);
	if (find_probes(p, &q->probe, asked, q->places, q->orders, e) < 0)
		return -1;
	for (uint32_t i = 0; i < asked; i++) {
		if (q->places[i].file == 0 ||
		    key_order_compare(q->orders + (size_t)i * p->words, floor_of(p, key), p->words) <= 0)
			continue;
		p->keys[key].is_there = true;
		if (q->attributes[i] < fields)
			add_told(p, key, q->attributes[i], q->places[i]);
	}
	return 0;
}

static int ask_for_whole(struct pivoting *p, struct err *e)
{
	struct questions q;
	int rc = 0;

	questions_init(&q, p);
	for (uint32_t k = 0; k < p->key_count && rc == 0; k++) {
		struct pivoted *key = &p->keys[k];

		key->is_whole = key->place.file == 0 || key->is_deleted;
		key->is_there = key->count > 0 || !key->is_whole;
		if (key->is_whole)
			rc = ask_long(p, k, &q, e);
	}
	questions_release(&q);
	return rc;
}

/* Rows of which no insert is known that is newer than their delete. */
static int hide_incomplete(struct pivoting *p, struct err *e)
{
	uint64_t *inserts = memory_array(uint64_t, (size_t)p->key_count * p->words);
	int rc = find_marks(p, LONG_INSERT, inserts, e);

	for (uint32_t k = 0; k < p->key_count && rc == 0; k++) {
		const uint64_t *insert = inserts + (size_t)k * p->words;

		if (!has_order(insert, p->words) || key_order_compare(insert, floor_of(p, k), p->words) < 0)
			p->keys[k].is_there = false;
	}
	memory_free(inserts);
	return rc;
}

static int read_told(struct pivoting *p, struct err *e)
{
	struct row_place *places = memory_array(struct row_place, p->told_count);
	int rc;

	for (uint32_t i = 0; i < p->told_count; i++)
		places[i] = p->told[i].place;
	p->value_rows = memory_array(uint32_t, p->told_count);
	rc = merge_pick(p->long_merge, places, p->told_count, &p->values, p->value_rows, e);
	memory_free(places);
	return rc;
}

/* The rows that are shown so far, of keys that keep what the batch does not tell. */
static int read_base(struct pivoting *p, struct err *e)
{
	struct row_place *places = memory_array(struct row_place, p->key_count);
	int rc;

	for (uint32_t k = 0; k < p->key_count; k++) {
		if (!p->keys[k].is_whole && p->keys[k].is_there && p->keys[k].count > 0)
			places[k] = p->keys[k].place;
	}
	p->base_rows = memory_array(uint32_t, p->key_count);
	rc = merge_pick(p->shown_merge, places, p->key_count, &p->base, p->base_rows, e);
	memory_free(places);
	return rc;
}

static int find_rows(struct pivoting *p, struct err *e)
{
	uint32_t *key_of_change;
	int rc;

	lay_out(p);
	key_of_change = memory_array(uint32_t, p->change_count);
	rc = number_keys(p, key_of_change, e);
	p->floors = memory_array(uint64_t, (size_t)p->key_count * p->words);
	if (rc == 0)
		rc = find_marks(p, LONG_DELETE, p->floors, e);
	if (rc == 0) {
		group_newest(p, key_of_change);
		rc = ask_for_whole(p, e);
	}
	memory_free(key_of_change);
	return rc;
}

static struct batch *new_batch(const struct pivoting *p)
{
	struct batch *b = batch_new(p->shown);

	buffer_bytes_append(&b->position, buffer_bytes(&p->events->position));
	buffer_bytes_append(&b->tag, buffer_bytes(&p->events->tag));
	b->source_time_us = p->events->source_time_us;
	b->sequence = p->events->sequence;
	return b;
}

int pivot(struct batch **out, const struct batch *events, const struct long_rows *rows, struct merge *long_merge,
	  struct merge *shown_merge, struct schema *shown, struct pivot_rules rules, struct err *e)
{
	struct pivoting p = { .events = events, .schema = events->schema, .rows = rows, .long_merge = long_merge,
			      .shown_merge = shown_merge, .shown = shown, .rules = rules, .words = events->schema->order_count };
	struct batch *b = new_batch(&p);
	int rc;

	columns_init(&p.values, rows->batch->schema);
	columns_init(&p.base, shown);
	merge_set_schema(shown_merge, shown);
	rc = find_rows(&p, e);
	if (rc == 0 && rules.hides_incomplete)
		rc = hide_incomplete(&p, e);
	if (rc == 0)
		rc = read_told(&p, e);
	if (rc == 0)
		rc = read_base(&p, e);
	if (rc == 0)
		rc = pivot_put(&p, b, e);
	b->rows_in = events->rows_in;
	columns_release(&p.values);
	columns_release(&p.base);
	memory_free(p.base_rows);
	memory_free(p.value_rows);
	memory_free(p.told);
	memory_free(p.newest);
	memory_free(p.floors);
	memory_free(p.keys);
	memory_free(p.changes);
	if (rc < 0)
		batch_free(b);
	else
		*out = b;
	return rc;
}
