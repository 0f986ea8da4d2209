/* SPDX-License-Identifier: Apache-2.0 */
/* Files lie in slots in the order they came; an open hash finds them by path. */
#include "table/delta/state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

void state_init(struct state *s, bool keeps_tombstones)
{
	*s = (struct state){ .version = -1, .keeps_tombstones = keeps_tombstones };
}

static void file_release(struct data_file *f, struct deletion_vector *dv)
{
	memory_free(f->path);
	memory_free(f->stats);
	memory_free(f->partition.pairs);
	memory_free((char *)(uintptr_t)dv->place);
}

static void tombstone_release(struct tombstone *t)
{
	memory_free(t->path);
	memory_free(t->dv_place);
	memory_free(t->partition.pairs);
}

void state_release(struct state *s)
{
	for (uint32_t i = 0; i < s->file_count; i++)
		file_release(&s->files[i], &s->dvs[i]);
	for (uint32_t i = 0; i < s->tombstone_count; i++)
		tombstone_release(&s->tombstones[i]);
	memory_free(s->files);
	memory_free(s->dvs);
	memory_free(s->tags);
	memory_free(s->is_removed);
	memory_free(s->cells);
	memory_free(s->tombstones);
	memory_free(s->txns);
	arena_release(&s->arena);
	*s = (struct state){ .version = -1 };
}

static uint32_t cell_of(const struct state *s, const char *path)
{
	return (uint32_t)XXH3_64bits(path, strlen(path)) & (s->cell_count - 1);
}

/* The cell that holds the path, or the free one where it would go. */
static uint32_t *cell_find(const struct state *s, const char *path)
{
	uint32_t at = cell_of(s, path);

	for (;; at = (at + 1) & (s->cell_count - 1)) {
		uint32_t slot = s->cells[at];

		if (slot == 0)
			return &s->cells[at];
		if (strcmp(s->files[slot - 1].path, path) == 0)
			return &s->cells[at];
	}
}

/* Makes the hash anew, at most a quarter full; it grows when half full. */
static void cells_fill(struct state *s)
{
	uint32_t count = 64;

	while (count / 4 < s->file_count + 1)
		count *= 2;
	if (count > s->cell_count) {
		memory_free(s->cells);
		s->cells = memory_array(uint32_t, count);
		s->cell_count = count;
	} else {
		memset(s->cells, 0, s->cell_count * sizeof(*s->cells));
	}
	for (uint32_t i = 0; i < s->file_count; i++)
		*cell_find(s, s->files[i].path) = i + 1;
}

int64_t state_find(const struct state *s, const char *path)
{
	return s->cell_count > 0 ? (int64_t)*cell_find(s, path) - 1 : -1;
}

static void slots_grow(struct state *s)
{
	uint32_t old = s->file_capacity, capacity = old > 0 ? old * 2 : 16;

	s->files = memory_grow(s->files, struct data_file, capacity);
	s->dvs = memory_grow(s->dvs, struct deletion_vector, capacity);
	s->tags = memory_grow(s->tags, struct text_map, capacity);
	s->is_removed = memory_grow(s->is_removed, uint8_t, capacity);
	memset(s->is_removed + old, 0, capacity - old);
	s->file_capacity = capacity;
}

static void file_set(struct state *s, uint32_t slot, const struct file_action *a)
{
	text_map_copy(&s->tags[slot], &a->tags, &s->arena);
	s->dvs[slot] = a->dv;
	s->dvs[slot].place = memory_copy_text(a->dv.place);
	s->files[slot] = (struct data_file){
		.path = memory_copy_text(a->path),
		.size_bytes = (uint64_t)a->size_bytes,
		.row_count = a->row_count,
		.dead_count = a->dv.cardinality,
		.modified_at_ms = a->time_ms,
		.stats = memory_copy_text(a->stats),
		.partition = text_map_keep(&a->partition_values),
		.tag = text_map_get(&s->tags[slot], FILE_TAG),
		.slot = slot,
	};
}

static int apply_add(struct state *s, const struct file_action *a, struct err *e)
{
	int64_t slot = state_find(s, a->path);
	struct data_file old = { 0 };
	struct deletion_vector old_dv = { 0 };

	if (slot < 0) {
		if (s->file_count == s->file_capacity)
			slots_grow(s);
		if (s->file_count >= s->cell_count / 2)
			cells_fill(s);
		slot = s->file_count;
		*cell_find(s, a->path) = (uint32_t)slot + 1;
		s->file_count++;
	} else {
		old = s->files[slot];
		old_dv = s->dvs[slot];
		if (!s->is_removed[slot] && !dv_equal(&old_dv, &a->dv))
			return err_set(e, ERR_DATA,
				       "\"%s\" is added with another deletion vector "
				       "but never removed with the old one: its rows "
				       "would be there "
				       "twice",
				       a->path);
		s->removed_count -= s->is_removed[slot];
		s->is_removed[slot] = false;
	}
	file_set(s, (uint32_t)slot, a);
	file_release(&old, &old_dv); /* the action may borrow its texts */
	return 0;
}

static void tombstone_add(struct state *s, const struct file_action *a)
{
	struct tombstone *t;

	if (s->tombstone_count == s->tombstone_capacity) {
		s->tombstone_capacity =
			s->tombstone_capacity > 0 ? s->tombstone_capacity * 2 : 16;
		s->tombstones = memory_grow(s->tombstones, struct tombstone,
					    s->tombstone_capacity);
	}
	t = &s->tombstones[s->tombstone_count++];
	*t = (struct tombstone){
		.path = memory_copy_text(a->path),
		.dv_place = memory_copy_text(a->dv.place),
		.partition = text_map_keep(&a->partition_values),
		.dv = a->dv,
		.time_ms = a->time_ms,
		.size_bytes = a->size_bytes,
		.is_data_change = a->is_data_change,
	};
	t->dv.place = t->dv_place;
}

/*
 * A remove names the logical file: one of another deletion vector is a tombstone of long
 * ago.
 */
static void apply_remove(struct state *s, const struct file_action *a)
{
	int64_t slot = state_find(s, a->path);

	if (s->keeps_tombstones)
		tombstone_add(s, a);
	if (slot >= 0 && !s->is_removed[slot] && dv_equal(&s->dvs[slot], &a->dv)) {
		s->is_removed[slot] = true;
		s->removed_count++;
	}
}

static void apply_txn(struct state *s, const struct txn *t)
{
	uint32_t i = 0;

	while (i < s->txn_count && strcmp(s->txns[i].app_id, t->app_id) != 0)
		i++;
	if (i == s->txn_count) {
		s->txns = memory_grow(s->txns, struct txn, s->txn_count + 1);
		s->txns[i].app_id = arena_text(&s->arena, t->app_id, strlen(t->app_id));
		s->txn_count++;
	}
	s->txns[i].version = t->version;
	s->txns[i].last_updated_ms = t->last_updated_ms;
}

static int apply_other(struct state *s, const struct action *a, struct err *e)
{
	switch (a->kind) {
	case ACTION_PROTOCOL:
		protocol_copy(&s->protocol, &a->protocol, &s->arena);
		s->has_protocol = true;
		return 0;
	case ACTION_METADATA:
		metadata_copy(&s->metadata, &a->metadata, &s->arena);
		s->has_metadata = true;
		return 0;
	case ACTION_TXN:
		apply_txn(s, &a->txn);
		return 0;
	case ACTION_ADD:
		return apply_add(s, &a->file, e);
	case ACTION_NONE:
	case ACTION_COMMIT_INFO:
	case ACTION_REMOVE:
	case ACTION_SIDECAR:
	case ACTION_KINDS:
		break;
	}
	return 0;
}

/* Closes the gaps that removed files leave; the others keep their order. */
static void squeeze(struct state *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->file_count; i++) {
		if (s->is_removed[i]) {
			file_release(&s->files[i], &s->dvs[i]);
			s->is_removed[i] = false;
			continue;
		}
		s->files[kept] = s->files[i];
		s->files[kept].slot = kept;
		s->dvs[kept] = s->dvs[i];
		s->tags[kept++] = s->tags[i];
	}
	s->file_count = kept;
	cells_fill(s);
}

int state_apply(struct state *s, const struct action *actions, uint32_t count,
		int64_t version, struct err *e)
{
	uint32_t metadata_count = 0, protocol_count = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (actions[i].kind == ACTION_REMOVE)
			apply_remove(s, &actions[i].file);
		metadata_count += actions[i].kind == ACTION_METADATA;
		protocol_count += actions[i].kind == ACTION_PROTOCOL;
	}
	if (metadata_count > 1 || protocol_count > 1)
		return err_set(e, ERR_DATA, "more than one metaData or protocol action");
	for (uint32_t i = 0; i < count; i++) {
		if (apply_other(s, &actions[i], e) < 0)
			return -1;
	}
	if (s->removed_count > 0)
		squeeze(s);
	s->removed_count = 0;
	s->version = version;
	return 0;
}

int state_load(struct state *s, const struct action *a, struct err *e)
{
	if (a->kind == ACTION_REMOVE) {
		if (s->keeps_tombstones)
			tombstone_add(s, &a->file);
		return 0;
	}
	if (a->kind == ACTION_ADD && state_find(s, a->file.path) >= 0)
		return err_set(e, ERR_DATA, "it has file \"%s\" twice", a->file.path);
	return apply_other(s, a, e);
}

const struct txn *state_txn(const struct state *s, const char *app_id)
{
	for (uint32_t i = 0; i < s->txn_count; i++) {
		if (strcmp(s->txns[i].app_id, app_id) == 0)
			return &s->txns[i];
	}
	return NULL;
}

/* The same logical file side by side, the newest remove of it first. */
static int tombstone_compare(const void *left, const void *right)
{
	const struct tombstone *a = left, *b = right;
	int order = strcmp(a->path, b->path);

	if (order == 0)
		order = strcmp(a->dv_place != NULL ? a->dv_place : "",
			       b->dv_place != NULL ? b->dv_place : "");
	if (order == 0)
		order = (a->dv.offset > b->dv.offset) - (a->dv.offset < b->dv.offset);
	if (order == 0)
		order = (a->time_ms < b->time_ms) - (a->time_ms > b->time_ms);
	return order;
}

void state_expire_tombstones(struct state *s, int64_t before_ms)
{
	uint32_t kept = 0;

	if (s->tombstone_count == 0)
		return;
	qsort(s->tombstones, s->tombstone_count, sizeof(*s->tombstones),
	      tombstone_compare);
	for (uint32_t i = 0; i < s->tombstone_count; i++) {
		struct tombstone *t = &s->tombstones[i];
		const struct tombstone *last = kept > 0 ? &s->tombstones[kept - 1] : NULL;
		int64_t slot = state_find(s, t->path);

		if (t->time_ms < before_ms ||
		    (slot >= 0 && dv_equal(&s->dvs[slot], &t->dv)) ||
		    (last != NULL && strcmp(last->path, t->path) == 0 &&
		     dv_equal(&last->dv, &t->dv)))
			tombstone_release(t);
		else
			s->tombstones[kept++] = *t;
	}
	s->tombstone_count = kept;
}
