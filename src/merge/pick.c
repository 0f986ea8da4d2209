/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/pick.h"

#include "base/memory.h"
#include "base/thread.h"
#include "merge/data_file.h"
#include "merge/place_sort.h"

#define PARALLEL_ROWS_MIN 8192u /* fewer are picked by the caller's thread alone */

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

/* A part of the places, of whole files. */
struct part {
	struct columns *out;
	struct store *store;
	const struct table *table;
	const struct key_index *index;
	struct schema *schema;
	const struct row_place *wanted;
	uint32_t count;
	int rc;
	struct err failure;
};

static void *pick_part(void *argument)
{
	struct part *p = argument;

	for (uint32_t first = 0, end; first < p->count && p->rc == 0; first = end) {
		struct data_file file;

		for (end = first; end < p->count && p->wanted[end].file == p->wanted[first].file; end++)
			;
		p->rc = find_file(&file, p->store, p->table, key_index_path(p->index, p->wanted[first].file), &p->failure);
		if (p->rc == 0)
			p->rc = pick_file(p->out, p->store, &file, p->schema, p->wanted + first, end - first, &p->failure);
	}
	return NULL;
}

/* Where the second of two parts begins, at a file's first place; `count`: one part is enough. */
static uint32_t halve(const struct row_place *wanted, uint32_t count)
{
	uint32_t half = count / 2;

	if (count < PARALLEL_ROWS_MIN)
		return count;
	while (half < count && wanted[half].file == wanted[half - 1].file)
		half++;
	return half;
}

/* Many rows are picked by two threads: what they read may be the whole of a large table. */
static int pick_parts(struct part whole, struct err *e)
{
	uint32_t half = halve(whole.wanted, whole.count);
	struct part first = whole, second = whole;
	struct columns behind = { 0 };
	bool is_started = false;
	pthread_t thread;

	first.count = half;
	second.wanted += half;
	second.count -= half;
	if (second.count > 0) {
		columns_init(&behind, whole.schema);
		second.out = &behind;
		is_started = thread_start(&thread, pick_part, &second) == 0;
	}
	pick_part(&first);
	if (is_started)
		pthread_join(thread, NULL);
	else
		pick_part(&second);
	if (first.rc == 0 && second.rc == 0 && second.count > 0)
		columns_append(whole.out, &behind);
	columns_release(&behind);
	if (first.rc == 0 && second.rc == 0)
		return 0;
	*e = first.rc != 0 ? first.failure : second.failure;
	return -1;
}

int pick_rows(struct columns *out, uint32_t *at, struct store *store, const struct table *table,
	      const struct key_index *index, struct schema *schema, const struct row_place *places, uint32_t count, struct err *e)
{
	struct row_place *wanted = memory_array(struct row_place, count);
	uint32_t *numbers = memory_array(uint32_t, count);
	uint32_t kept = sort_wanted(wanted, numbers, places, count), base = out->row_count;
	struct part whole = { .out = out, .store = store, .table = table, .index = index, .schema = schema,
			      .wanted = wanted, .count = kept, .failure = ERR_INIT };
	int rc;

	for (uint32_t i = 0; i < count; i++)
		at[i] = PICK_NONE;
	for (uint32_t i = 0; i < kept; i++)
		at[numbers[i]] = base + i;
	rc = pick_parts(whole, e);
	memory_free(wanted);
	memory_free(numbers);
	return rc;
}
