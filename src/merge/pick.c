/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/pick.h"

#include <stdlib.h>

#include "base/memory.h"
#include "merge/data_file.h"

struct wanted {
	struct row_place place;
	uint32_t number; /* of the place in the caller's list */
};

static int compare_wanted(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->place.file != y->place.file)
		return x->place.file < y->place.file ? -1 : 1;
	return x->place.row < y->place.row ? -1 : x->place.row > y->place.row;
}

static uint32_t sort_wanted(struct wanted *wanted, const struct row_place *places, uint32_t count)
{
	uint32_t asked = 0, kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (places[i].file != 0)
			wanted[asked++] = (struct wanted){ places[i], i };
	}
	if (asked > 0)
		qsort(wanted, asked, sizeof(*wanted), compare_wanted);
	for (uint32_t i = 0; i < asked; i++) {
		if (i == 0 || compare_wanted(&wanted[i], &wanted[kept - 1]) != 0)
			wanted[kept++] = wanted[i];
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

/* Reads the rows of one file, wanted[0..count), and numbers them. */
static int pick_file(struct columns *out, uint32_t *at, struct store *store, const struct data_file *file,
		     struct schema *schema, const struct wanted *wanted, uint32_t count, struct err *e)
{
	struct data_file_reader *reader = NULL;
	uint32_t *rows = memory_array(uint32_t, count);
	int rc;

	for (uint32_t i = 0; i < count; i++) {
		rows[i] = wanted[i].place.row;
		at[wanted[i].number] = out->row_count + i;
	}
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
	struct wanted *wanted = memory_array(struct wanted, count);
	uint32_t kept = sort_wanted(wanted, places, count), end;
	int rc = 0;

	for (uint32_t i = 0; i < count; i++)
		at[i] = PICK_NONE;
	for (uint32_t first = 0; first < kept && rc == 0; first = end) {
		uint32_t number = wanted[first].place.file;
		struct data_file file;

		for (end = first; end < kept && wanted[end].place.file == number; end++)
			;
		rc = find_file(&file, store, table, key_index_path(index, number), e);
		if (rc == 0)
			rc = pick_file(out, at, store, &file, schema, wanted + first, end - first, e);
	}
	memory_free(wanted);
	return rc;
}
