/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/row_ids.h"

#include "base/memory.h"
#include "merge/pick.h"

#define UNASKED INT64_MIN

/* Those that the files' columns do not tell. Each file's first id is asked for once. */
static void add_implied(int64_t *out, const struct row_ids *ids, const struct row_place *places, uint32_t count)
{
	const struct row_lineage *lineage = ids->lineage;
	uint32_t file_count = ids->places->target_count;
	int64_t *firsts = memory_array(int64_t, file_count);

	for (uint32_t file = 0; file < file_count; file++)
		firsts[file] = UNASKED;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t file = places[i].file;

		if (out[i] >= 0 || file == 0)
			continue;
		if (firsts[file] == UNASKED)
			firsts[file] = lineage->first_row_id(lineage->context, key_index_path(ids->index, file));
		if (firsts[file] >= 0)
			out[i] = firsts[file] + places[i].row;
	}
	memory_free(firsts);
}

int row_ids_at(int64_t *out, const struct row_ids *ids, const struct row_place *places, uint32_t count, struct err *e)
{
	uint32_t *at = memory_array(uint32_t, count);
	struct schema *schema = row_lineage_schema(NULL);
	struct columns rows;
	int rc;

	columns_init(&rows, schema);
	rc = pick_rows(&rows, at, ids->store, ids->places->table, ids->index, schema, places, count, e);
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		bool is_told = at[i] != PICK_NONE && !column_is_null(&rows.columns[0], at[i]);

		out[i] = is_told ? column_int64(&rows.columns[0], at[i]) : -1;
	}
	if (rc == 0)
		add_implied(out, ids, places, count);
	columns_release(&rows);
	schema_release(schema);
	memory_free(at);
	return rc < 0 ? err_wrap(e, "ids of rows") : 0;
}

static bool is_same_key(struct key_hash a, struct key_hash b)
{
	return a.low == b.low && a.high == b.high;
}

/* Where the row of a survivor was, under whatever key. */
static struct row_place base_place(const struct row_ids *ids, const struct fold *fold, uint32_t survivor,
				   struct row_place at)
{
	struct row_place place = { 0 };
	struct key_hash key;

	if (!fold_base_key(fold, fold->last[survivor], &key))
		return place;
	if (is_same_key(key, fold->keys[fold->last[survivor]]))
		return at;
	key_index_find(ids->index, &key, 1, &place);
	return place_is_live(ids->places, place) ? place : (struct row_place){ 0 };
}

static bool has_id(const int64_t *ids, uint32_t count)
{
	while (count > 0 && ids[count - 1] < 0)
		count--;
	return count > 0;
}

int row_ids_of_upserts(int64_t **out, const struct row_ids *ids, const struct fold *fold, const struct row_place *at,
		       const uint32_t *upserts, uint32_t count, struct err *e)
{
	struct row_place *places = memory_array(struct row_place, count);
	int64_t *found = memory_array(int64_t, count);
	bool has_any = false;
	int rc = 0;

	for (uint32_t i = 0; i < count; i++) {
		places[i] = base_place(ids, fold, upserts[i], at[upserts[i]]);
		has_any |= places[i].file != 0;
	}
	if (has_any)
		rc = row_ids_at(found, ids, places, count, e);
	memory_free(places);
	if (rc < 0 || !has_any || !has_id(found, count)) {
		memory_free(found);
		found = NULL;
	}
	*out = found;
	return rc;
}
