/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/merge.h"

#include <assert.h>

#include "base/memory.h"
#include "merge/catch_up.h"
#include "merge/complete.h"
#include "merge/data_file.h"
#include "merge/fold.h"
#include "merge/merge_handle.h"
#include "merge/partitions.h"
#include "merge/pick.h"
#include "merge/rewrite.h"
#include "merge/row_ids.h"

static int catch_up(struct merge *m, struct err *e)
{
	const struct catch_up c = {
		.store = m->store,
		.table = m->table,
		.schema = m->schema,
		.shape = &m->shape,
		.index = m->index,
		.share = m->share,
		.tombstones = m->events.tombstones,
		.state = m->shape.order_words > 0 ? &m->events.state : NULL,
	};

	return index_catch_up(&c, e);
}

int merge_open(struct merge **out, struct store *store, struct table *table, struct schema *schema,
	       const char *index_path, const struct share *share, struct err *e)
{
	const struct snapshot *s = table_snapshot(table);
	struct merge *m = memory_new(struct merge);

	m->store = store;
	m->table = table;
	m->share = share;
	m->schema = schema_share(schema);
	key_shape_init(&m->shape, m->schema);
	if ((m->shape.order_words > 0 && event_order_init(&m->events, store, schema, s->position, e) < 0) ||
	    key_index_open(&m->index, index_path, s->table_id, &m->shape, e) < 0 || catch_up(m, e) < 0) {
		merge_close(m);
		return -1;
	}
	places_init(&m->places, table, m->index);
	places_reload(&m->places);
	*out = m;
	return 0;
}

void merge_drop_files(struct merge *m)
{
	for (uint32_t i = 0; i < m->file_count; i++)
		data_file_release(&m->files[i]);
	m->file_count = 0;
}

void merge_close(struct merge *m)
{
	if (m == NULL)
		return;
	merge_drop_files(m);
	memory_free(m->files);
	pending_release(&m->pending);
	event_order_release(&m->events);
	columns_release(&m->late);
	places_release(&m->places);
	key_index_close(m->index);
	schema_release(m->schema);
	memory_free(m);
}

void merge_set_schema(struct merge *m, struct schema *schema)
{
	struct schema *old = m->schema;

	m->schema = schema_share(schema);
	key_shape_init(&m->shape, m->schema);
	if (m->shape.order_words > 0)
		tombstones_set_table(m->events.tombstones, m->schema);
	if (m->late.column_count > 0 && m->schema != old) { /* a batch of the old one was committed, and these with it */
		columns_release(&m->late);
		columns_init(&m->late, m->schema);
	}
	schema_release(old);
}

void merge_keep_late(struct merge *m)
{
	if (m->late.column_count == 0)
		columns_init(&m->late, m->schema);
}

const struct columns *merge_late(const struct merge *m)
{
	return &m->late;
}

const uint32_t *merge_newest(const struct merge *m, uint32_t *count)
{
	*count = m->events.newest_count;
	return m->events.newest;
}

/* The fold's late events, as they came. */
static void keep_late(struct merge *m, const struct batch *b, const struct fold *f)
{
	for (uint32_t i = 0; i < f->late_count && m->late.column_count > 0; i++) {
		const struct fold_change *change = &f->changes[f->late[i]];
		const struct columns *from = change->op == BATCH_UPSERT ? &b->after : &b->before;

		for (uint32_t c = 0; c < m->late.column_count; c++)
			column_append_range(&m->late.columns[c], &from->columns[c], change->row, 1);
		columns_end_row(&m->late);
	}
}

void merge_set_horizon(struct merge *m, int64_t horizon_us)
{
	m->events.state.clock.horizon_us = horizon_us;
}

void merge_keep_row_ids(struct merge *m, const struct row_lineage *lineage)
{
	m->lineage = lineage;
}

int merge_find(struct merge *m, const struct key_hash *keys, uint32_t count, struct row_place *places, uint64_t *orders,
	       struct err *e)
{
	assert(m->pending.count == 0);
	key_index_find_ordered(m->index, keys, count, places, orders);
	return places_drop_dead(&m->places, places, count, e);
}

int merge_pick(struct merge *m, const struct row_place *places, uint32_t count, struct columns *out, uint32_t *at,
	       struct err *e)
{
	return pick_rows(out, at, m->store, m->table, m->index, m->schema, places, count, e);
}

const struct key_shape *merge_shape(const struct merge *m)
{
	return &m->shape;
}

uint64_t merge_index_bytes(const struct merge *m)
{
	return key_index_bytes(m->index);
}

/* The index is to be told of the fold's change. */
static void remember(struct merge *m, const struct fold *f, uint32_t change, struct row_place old, struct row_place new)
{
	uint32_t words = m->shape.order_words;

	pending_add(&m->pending, f->keys[change], old, new, words > 0 ? f->orders + (size_t)change * words : NULL, words);
}

/*
 * The next part of a transaction must see this one's keys, so they go into the index before the commit.
 * Until then the index matches no version: after a crash it is made anew.
 */
static int begin_next_part(struct merge *m, struct err *e)
{
	if (m->pending.count == 0)
		return 0;
	key_index_set_version(m->index, -1, 0);
	return pending_apply(&m->pending, m->index, e);
}

static void stage_truncate(struct merge *m)
{
	merge_drop_files(m);
	m->pending.count = 0;
	m->truncates = true;
	places_forget(&m->places);
	key_index_clear(m->index);
}

/* Marks the next place of equal rows that is not dead yet; what it passes leaves the index. */
static int take_equal(struct merge *m, const struct fold *f, uint32_t change, struct row_place *at, struct err *e)
{
	struct row_place place, none = { 0 };
	bool was_live = false;

	while (!was_live) {
		if (!key_index_next(m->index, at, &place))
			return err_set(e, ERR_DATA,
				       "a deleted row of this table without a key is not in the lake "
				       "table: they have diverged; copy the table again");
		if (places_mark_one(&m->places, place, &was_live, e) < 0)
			return -1;
		remember(m, f, change, place, none);
	}
	return 0;
}

/* Where the folded changes' keys are now. */
static void find_keyed(struct merge *m, struct fold *f, struct row_place *places)
{
	struct key_hash *keys;

	if (m->shape.order_words > 0) {
		event_order_find(&m->events, f, m->shape.order_words, m->index, places);
		return;
	}
	keys = memory_array(struct key_hash, f->last_count);
	for (uint32_t i = 0; i < f->last_count; i++)
		keys[i] = f->keys[f->last[i]];
	key_index_find(m->index, keys, f->last_count, places);
	memory_free(keys);
}

/* Finds where the folded changes' keys are now and marks those rows dead. */
static int replace_keyed(struct merge *m, struct fold *f, struct row_place *places, struct err *e)
{
	struct row_place *dead = memory_array(struct row_place, f->last_count);
	uint64_t marked = 0;
	uint32_t dead_count = 0;
	int rc;

	find_keyed(m, f, places);
	rc = places_drop_dead(&m->places, places, f->last_count, e);
	for (uint32_t i = 0; i < f->last_count; i++) {
		if (places[i].file != 0)
			dead[dead_count++] = places[i];
	}
	if (rc == 0)
		rc = places_mark(&m->places, dead, dead_count, &marked, e);
	m->rows_deleted += marked;
	memory_free(dead);
	return rc;
}

/* Takes one row for each delete. The next delete of an equal row goes on where the last one stopped. */
static int take_multiset(struct merge *m, const struct fold *f, struct err *e)
{
	struct key_hash *keys = memory_array(struct key_hash, f->last_count);
	struct row_place *first = memory_array(struct row_place, f->last_count);
	struct row_place *at = memory_array(struct row_place, f->change_count);
	uint32_t asked = 0, next = 0;
	int rc = 0;

	for (uint32_t i = 0; i < f->last_count; i++) {
		const struct fold_change *change = &f->changes[f->last[i]];

		if (change->op == BATCH_DELETE && change->previous == FOLD_NONE)
			keys[asked++] = f->keys[f->last[i]];
	}
	key_index_find(m->index, keys, asked, first);
	for (uint32_t i = 0; i < f->last_count && rc == 0; i++) {
		uint32_t change = f->last[i], previous = f->changes[change].previous;

		if (f->changes[change].op != BATCH_DELETE)
			continue;
		if (m->share != NULL) {
			rc = err_set(e, ERR_CONFIG, "a row of a table without a key is deleted, and it may be any of the group's "
				     "workers that has it: let one process read this table's topic, without --group");
			break;
		}
		at[change] = previous == FOLD_NONE ? first[next++] : at[previous];
		rc = take_equal(m, f, change, &at[change], e);
		m->rows_deleted++;
	}
	memory_free(keys);
	memory_free(first);
	memory_free(at);
	return rc;
}

/* NULL: the table's rows have no ids, or a column of the source bears their name. */
static const struct row_lineage *lineage_of(const struct merge *m)
{
	return schema_find(m->schema, ROW_ID_NAME) < 0 ? m->lineage : NULL;
}

/* The ids of rows that are updates; NULL: none is, or they have none. */
static int find_ids(int64_t **out, struct merge *m, const struct fold *f, const struct row_place *places,
		    const uint32_t *upserts, uint32_t count, struct err *e)
{
	const struct row_ids ids = { lineage_of(m), m->store, m->index, &m->places };

	*out = NULL;
	if (ids.lineage == NULL || m->shape.is_multiset)
		return 0;
	return row_ids_of_upserts(out, &ids, f, places, upserts, count, e);
}

static void add_file(struct merge *m, const struct data_file *file, uint32_t number)
{
	m->files = memory_grow(m->files, struct data_file, m->file_count + 1);
	m->files[m->file_count++] = *file;
	places_stage(&m->places, number);
}

/* Writes a data file for each partition and remembers its rows' places; upserts[] are indexes of the fold's last. */
static int write_partitions(struct merge *m, const struct fold *f, const uint32_t *upserts, const int64_t *ids,
			    const struct row_place *places, struct partitions *p, struct err *e)
{
	for (uint32_t n = 0; n < p->count; n++) {
		struct data_file file = { 0 };
		uint32_t number;

		if (partition_write(&file, p, n, ids, m->store, m->schema, e) < 0)
			return -1;
		if (key_index_add_file(m->index, file.path, &number, e) < 0) {
			data_file_release(&file);
			return -1;
		}
		add_file(m, &file, number);
		for (uint32_t row = 0; row < p->list[n].count; row++) {
			uint32_t at = upserts[p->order != NULL ? p->order[p->list[n].first + row] : row];

			remember(m, f, f->last[at], places[at], (struct row_place){ number, row });
			m->rows_changed += places[at].file != 0;
		}
		m->rows_added += p->list[n].count;
	}
	return 0;
}

static int write_upserts(struct merge *m, const struct batch *b, const struct fold *f, const uint32_t *upserts,
			 uint32_t count, const struct row_place *places, struct err *e)
{
	uint32_t *rows = memory_array(uint32_t, count);
	struct columns whole = { 0 };
	struct partitions parts = { 0 };
	int64_t *ids = NULL;
	int rc = find_ids(&ids, m, f, places, upserts, count, e);

	for (uint32_t i = 0; i < count; i++)
		rows[i] = f->changes[f->last[upserts[i]]].row;
	if (rc == 0 && b->presence_count > 0)
		rc = complete_rows(&whole, m->store, m->index, &m->places, b, f, upserts, count, e);
	if (rc == 0)
		rc = whole.row_count > 0 ? partitions_split(&parts, m->table, m->schema, &whole, NULL, count, e) :
					   partitions_split(&parts, m->table, m->schema, &b->after, rows, count, e);
	if (rc == 0)
		rc = write_partitions(m, f, upserts, ids, places, &parts, e);
	partitions_release(&parts);
	columns_release(&whole);
	memory_free(ids);
	memory_free(rows);
	return rc;
}

/* A deleted key has no place any more; in event order a tombstone, wherever the row is. */
static void remember_delete(struct merge *m, const struct batch *b, const struct fold *f, uint32_t change,
			    struct row_place old)
{
	const struct row_place none = { 0 }, tombstone = { KEY_TOMBSTONE, 0 };

	if (m->shape.order_words > 0) {
		tombstones_add(m->events.tombstones, &b->before, f->changes[change].row);
		remember(m, f, change, old, tombstone);
	} else if (old.file != 0) {
		remember(m, f, change, old, none);
	}
}

/* Writes the surviving upserts and remembers the index's new places, and those that deletes left. */
static int write_rows(struct merge *m, const struct batch *b, const struct fold *f,
		      const struct row_place *places, struct err *e)
{
	uint32_t *upserts = memory_array(uint32_t, f->last_count);
	uint32_t count = 0;
	int rc = 0;

	for (uint32_t i = 0; i < f->last_count; i++) {
		if (f->changes[f->last[i]].op == BATCH_UPSERT)
			upserts[count++] = i;
		else
			remember_delete(m, b, f, f->last[i], places[i]);
	}
	if (count > 0)
		rc = write_upserts(m, b, f, upserts, count, places, e);
	memory_free(upserts);
	return rc;
}

/*
 * Every row so far gets the new fields' value: old files are replaced by rewritten ones, in the commit
 * that brings the schema. The index is made on the way.
 */
static int stage_backfill(struct merge *m, const struct batch *b, struct err *e)
{
	const struct snapshot *s = table_snapshot(m->table);

	assert(m->file_count == 0 && m->pending.count == 0);
	key_index_clear(m->index);
	places_forget(&m->places);
	m->truncates = true;
	for (uint32_t slot = 0; slot < s->file_count; slot++) {
		struct row_set *dead = NULL;
		struct data_file file;
		uint32_t number;
		int rc = table_read_dv(m->table, slot, &dead, e);

		if (rc == 0)
			rc = rewrite_file(&file, &number, m->store, &s->files[slot], dead, s->schema,
					  m->schema, &b->backfill, &m->shape, lineage_of(m), m->index, e);
		row_set_free(dead);
		if (rc < 0)
			return err_wrap(e, "new columns: data file %s", s->files[slot].path);
		if (rc == 0) {
			table_tuple_of_file(m->table, slot, &file.tuple);
			add_file(m, &file, number);
		}
	}
	return 0;
}

/* What has no order among a key's events. */
static int check_events(const struct batch *b, struct err *e)
{
	if (b->truncates_first)
		return err_set(e, ERR_CONFIG, "the table was truncated at its source, and a truncate does not say which of the "
			       "events are older: with --order event delete the rows, or make the table anew");
	if (b->presence_count > 0)
		return err_set(e, ERR_CONFIG, "a row came with some of its columns only: events that are ordered by their time "
			       "must have whole rows");
	return 0;
}

int merge_stage(struct merge *m, const struct batch *b, struct err *e)
{
	struct row_place *places = NULL;
	struct fold f = { 0 };
	int rc;

	if (m->shape.order_words > 0 && check_events(b, e) < 0)
		return -1;
	if (b->truncates_first)
		stage_truncate(m);
	else if (b->backfill.row_count > 0 && stage_backfill(m, b, e) < 0)
		return -1;
	if (begin_next_part(m, e) < 0)
		return -1;
	m->rows_in += b->rows_in;
	if (m->shape.order_words > 0) {
		fold_init_ordered(&f, &m->shape, b, &m->events.state.clock);
		keep_late(m, b, &f);
	} else {
		fold_init(&f, &m->shape, b);
	}
	places = memory_array(struct row_place, f.last_count);
	rc = m->shape.is_multiset ? take_multiset(m, &f, e) : replace_keyed(m, &f, places, e);
	if (rc == 0 && b->presence_count > 0)
		rc = complete_overtaken(&f, b, places, e);
	if (rc == 0)
		rc = write_rows(m, b, &f, places, e);
	memory_free(places);
	fold_release(&f);
	return rc;
}
