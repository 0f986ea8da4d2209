/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/pick.h"

#include "base/memory.h"
#include "merge/data_file.h"
#include "merge/place_sort.h"

/* The places that are some, each once, in order. numbers[] are theirs in the caller's list. */
static uint32_t sort_wanted(struct row_place *wanted, uint32_t *numbers, const struct row_place *places, uint32_t count)
{
	uint32_t asked = 0, kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (places[i].file == 0)
			continue;
		wanted[asked] = places[i];
		numbers[asked++] = i;
	}
	place_sort(wanted, numbers, asked);
	for (uint32_t i = 0; i < asked; i++) {
		if (kept > 0 && wanted[i].file == wanted[kept - 1].file && wanted[i].row == wanted[kept - 1].row)
			continue;
		wanted[kept] = wanted[i];
		numbers[kept++] = numbers[i];
	}
	return kept;
}

/* The table's file, or one that is staged only. */
static int find_file(struct data_file *out, struct store *store, const struct table *table, const char *path, struct err *e)
{
	int64_t slot = table_find_file(table, path);
	int rc;

	if (slot >= 0) {
		*out = table_snapshot(table)->files[slot];
		return 0;
	}
	*out = (struct data_file){ .path = (char *)(uintptr_t)path };
	rc = store->ops->size(store, path, &out->size_bytes, e);
	return rc > 0 ? err_set(e, ERR_DATA, "data file %s is gone", path) : rc;
}

/* Appends the rows of one file. */
static int pick_file(struct columns *out, struct store *store, const struct data_file *file, struct schema *schema,
		     const struct row_place *wanted, uint32_t count, struct err *e)
{
	struct data_file_reader *reader = NULL;
	uint32_t *rows = memory_array(uint32_t, count);
	int rc;

	for (uint32_t i = 0; i < count; i++)
		rows[i] = wanted[i].row;
	rc = data_file_open(&reader, store, file, schema, e);
	if (rc == 0)
		rc = data_file_pick(reader, rows, count, out, e);
	data_file_close(reader);
	memory_free(rows);
	return rc;
}

int pick_rows(struct columns *out, uint32_t *at, struct store *store, const struct table *table,
	      const struct key_index *index, struct schema *schema, const struct row_place *places, uint32_t count, struct err *e)
{
	struct row_place *wanted = memory_array(struct row_place, count);
	uint32_t *numbers = memory_array(uint32_t, count);
	uint32_t kept = sort_wanted(wanted, numbers, places, count), base = out->row_count, end;
	int rc = 0;

	for (uint32_t i = 0; i < count; i++)
		at[i] = PICK_NONE;
	for (uint32_t i = 0; i < kept; i++)
		at[numbers[i]] = base + i;
	for (uint32_t first = 0; first < kept && rc == 0; first = end) {
		struct data_file file;

		for (end = first; end < kept && wanted[end].file == wanted[first].file; end++)
			;
		rc = find_file(&file, store, table, key_index_path(index, wanted[first].file), e);
		if (rc == 0)
			rc = pick_file(out, store, &file, schema, wanted + first, end - first, e);
	}
	memory_free(wanted);
	memory_free(numbers);
	return rc;
}
