/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/catch_up.h"

#include "base/memory.h"
#include "merge/data_file.h"

#define SCAN_ROWS 65536u

/* Gives the index the keys of a file's live rows. */
static int scan_file(const struct catch_up *c, const struct data_file *file, uint32_t slot, struct err *e)
{
	struct key_hash *keys = memory_array(struct key_hash, SCAN_ROWS);
	struct row_place *places = memory_array(struct row_place, SCAN_ROWS);
	struct data_file_reader *reader = NULL;
	struct row_set *dead = NULL;
	struct columns rows;
	uint32_t number = key_index_file(c->index, file->path), row = 0;
	int rc = -1;

	columns_init(&rows, c->schema);
	if (table_read_dv(c->table, slot, &dead, e) < 0 ||
	    (number == 0 && key_index_add_file(c->index, file->path, &number, e) < 0) ||
	    data_file_open(&reader, c->store, file, c->schema, e) < 0)
		goto out;
	while ((rc = data_file_keys(reader, c->shape, SCAN_ROWS, &rows, keys, e)) == 0) {
		uint32_t live = 0;

		for (uint32_t i = 0; i < rows.row_count; i++, row++) {
			if (row_set_has(dead, row))
				continue;
			keys[live] = keys[i];
			places[live++] = (struct row_place){ number, row };
		}
		if (key_index_apply(c->index, keys, live, NULL, places, e) < 0) {
			rc = -1;
			goto out;
		}
	}
	rc = rc > 0 ? 0 : rc;
out:
	data_file_close(reader);
	row_set_free(dead);
	columns_release(&rows);
	memory_free(keys);
	memory_free(places);
	return rc < 0 ? err_wrap(e, "key index: data file %s", file->path) : 0;
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
	if (is_new && key_index_fit(c->index, e) < 0)
		return -1;
	key_index_set_version(c->index, s->version, s->txn_version);
	return 0;
}
