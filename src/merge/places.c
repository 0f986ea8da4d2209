/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/places.h"

#include <assert.h>

#include "base/memory.h"
#include "merge/place_sort.h"

/* Bitmaps of more bytes than this are read again rather than kept from commit to commit. */
#define KEPT_BYTES_MAX ((uint64_t)32 << 20)

void places_init(struct places *p, struct table *table, const struct key_index *index)
{
	*p = (struct places){ .table = table, .index = index };
}

static void release_rows(struct file_rows *files, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		row_set_free(files[i].dead);
	memory_free(files);
}

static void drop_staged(struct places *p)
{
	release_rows(p->staged, p->staged_count);
	p->staged = NULL;
	p->staged_count = 0;
}

void places_release(struct places *p)
{
	drop_staged(p);
	release_rows(p->slots, p->slot_count);
	memory_free(p->target);
	*p = (struct places){ 0 };
}

static void set_target(struct places *p, uint32_t file, int32_t target)
{
	if (file >= p->target_count) {
		uint32_t count = file + 64;

		p->target = memory_grow(p->target, int32_t, count);
		memset(p->target + p->target_count, 0, (count - p->target_count) * sizeof(int32_t));
		p->target_count = count;
	}
	p->target[file] = target;
}

static void forget_targets(struct places *p)
{
	for (uint32_t i = 0; i < p->target_count; i++)
		p->target[i] = 0;
}

void places_reload(struct places *p)
{
	const struct snapshot *s = table_snapshot(p->table);

	drop_staged(p);
	release_rows(p->slots, p->slot_count);
	p->slots = memory_array(struct file_rows, s->file_count);
	p->slot_count = s->file_count;
	forget_targets(p);
	for (uint32_t slot = 0; slot < s->file_count; slot++) {
		uint32_t file = key_index_file(p->index, s->files[slot].path);

		if (file != 0)
			set_target(p, file, (int32_t)slot + 1);
	}
}

static uint64_t kept_bytes(const struct places *p)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < p->slot_count; i++) {
		if (p->slots[i].dead != NULL)
			bytes += row_set_count(p->slots[i].dead) * 2;
	}
	return bytes;
}

/* The table has these marks now. */
static void settle(struct file_rows *rows)
{
	rows->known = rows->dead != NULL ? row_set_count(rows->dead) : 0;
	rows->is_touched = false;
}

void places_commit(struct places *p)
{
	uint32_t count = table_snapshot(p->table)->file_count;

	/* files that left the table moved others to their slots */
	if (count != p->slot_count + p->staged_count || kept_bytes(p) > KEPT_BYTES_MAX) {
		places_reload(p);
		return;
	}
	for (uint32_t i = 0; i < p->slot_count; i++)
		settle(&p->slots[i]);
	p->slots = memory_grow(p->slots, struct file_rows, count);
	for (uint32_t i = 0; i < p->target_count; i++) {
		if (p->target[i] < 0)
			p->target[i] = (int32_t)p->slot_count - p->target[i];
	}
	for (uint32_t i = 0; i < p->staged_count; i++) {
		settle(&p->staged[i]);
		p->slots[p->slot_count + i] = p->staged[i];
	}
	p->slot_count = count;
	memory_free(p->staged);
	p->staged = NULL;
	p->staged_count = 0;
}

/* Every file's bitmap goes to the slot that the file has now. */
static int move_to_slots(struct places *p, struct file_rows *slots, struct err *e)
{
	for (uint32_t file = 1; file < p->target_count; file++) {
		const char *path = p->target[file] > 0 ? key_index_path(p->index, file) : NULL;
		int64_t slot = path != NULL ? table_find_file(p->table, path) : -1;
		struct file_rows *rows;

		if (path == NULL)
			continue;
		rows = &p->slots[p->target[file] - 1];
		p->target[file] = (int32_t)slot + 1;
		if (slot >= 0) {
			slots[slot] = *rows;
			rows->dead = NULL;
		} else if (rows->is_touched) {
			return err_set(e, ERR_CONFLICT, "another writer removed data file %s, which has rows of ours", path);
		}
	}
	return 0;
}

/* A row that both marked is one that both replace, or take for a deleted row's: one of them must look again. */
static int join_marks(struct places *p, uint32_t slot, struct err *e)
{
	const struct data_file *f = &table_snapshot(p->table)->files[slot];
	struct file_rows *rows = &p->slots[slot];
	uint64_t apart = row_set_count(rows->dead) + f->dead_count - rows->known;
	struct row_set *theirs;

	if (table_read_dv(p->table, slot, &theirs, e) < 0)
		return -1;
	row_set_union(rows->dead, theirs);
	row_set_free(theirs);
	if (row_set_count(rows->dead) != apart)
		return err_set(e, ERR_CONFLICT, "another writer deleted the same row of data file %s", f->path);
	rows->known = f->dead_count;
	return 0;
}

int places_follow(struct places *p, struct err *e)
{
	const struct snapshot *s = table_snapshot(p->table);
	struct file_rows *slots = memory_array(struct file_rows, s->file_count);
	int rc = move_to_slots(p, slots, e);

	release_rows(p->slots, p->slot_count);
	p->slots = slots;
	p->slot_count = s->file_count;
	for (uint32_t slot = 0; slot < s->file_count && rc == 0; slot++) {
		struct file_rows *rows = &p->slots[slot];

		/* marks only become more: as many are the same ones */
		if (rows->dead == NULL || rows->known == s->files[slot].dead_count)
			continue;
		if (rows->is_touched) {
			rc = join_marks(p, slot, e);
			continue;
		}
		row_set_free(rows->dead);
		*rows = (struct file_rows){ 0 };
	}
	return rc;
}

void places_forget(struct places *p)
{
	drop_staged(p);
	for (uint32_t i = 0; i < p->slot_count; i++)
		p->slots[i].is_touched = false;
	forget_targets(p);
}

void places_stage(struct places *p, uint32_t index_file)
{
	p->staged = memory_grow(p->staged, struct file_rows, p->staged_count + 1);
	p->staged[p->staged_count++] = (struct file_rows){ 0 };
	set_target(p, index_file, -(int32_t)p->staged_count);
}

bool place_is_live(const struct places *p, struct row_place place)
{
	return place.file != 0 && place.file < p->target_count && p->target[place.file] != 0;
}

/* A live file, its bitmap loaded if need be. */
static int load_rows(struct places *p, uint32_t file, struct file_rows **out, struct err *e)
{
	int32_t target = p->target[file];
	struct file_rows *rows = target > 0 ? &p->slots[target - 1] : &p->staged[-target - 1];

	if (rows->dead == NULL) {
		if (target < 0)
			rows->dead = row_set_new();
		else if (table_read_dv(p->table, (uint32_t)target - 1, &rows->dead, e) < 0)
			return -1;
		rows->known = row_set_count(rows->dead);
	}
	*out = rows;
	return 0;
}

/* The bitmap of a live file, which is about to change. */
static int dead_rows(struct places *p, uint32_t file, struct row_set **out, struct err *e)
{
	struct file_rows *rows;

	if (load_rows(p, file, &rows, e) < 0)
		return -1;
	rows->is_touched = true;
	*out = rows->dead;
	return 0;
}

int places_drop_dead(struct places *p, struct row_place *places, uint32_t count, struct err *e)
{
	for (uint32_t i = 0; i < count; i++) {
		struct file_rows *rows = NULL;

		if (place_is_live(p, places[i]) && load_rows(p, places[i].file, &rows, e) < 0)
			return -1;
		if (rows == NULL || row_set_has(rows->dead, places[i].row))
			places[i] = (struct row_place){ 0 };
	}
	return 0;
}

int places_mark_one(struct places *p, struct row_place place, bool *was_live, struct err *e)
{
	struct row_set *dead;

	*was_live = false;
	if (!place_is_live(p, place))
		return 0;
	if (dead_rows(p, place.file, &dead, e) < 0)
		return -1;
	*was_live = row_set_add(dead, place.row);
	return 0;
}

int places_mark(struct places *p, struct row_place *dead, uint32_t count, uint64_t *added, struct err *e)
{
	uint32_t *rows = memory_array(uint32_t, count);
	uint32_t first = 0;
	int rc = 0;

	place_sort(dead, NULL, count);
	while (first < count && rc == 0) {
		struct row_set *set = NULL;
		uint32_t end = first;

		for (; end < count && dead[end].file == dead[first].file; end++)
			rows[end - first] = dead[end].row;
		if (place_is_live(p, dead[first]))
			rc = dead_rows(p, dead[first].file, &set, e);
		if (set != NULL) {
			uint64_t before = row_set_count(set);

			row_set_add_sorted(set, rows, end - first);
			*added += row_set_count(set) - before;
		}
		first = end;
	}
	memory_free(rows);
	return rc;
}
