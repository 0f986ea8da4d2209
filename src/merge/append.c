/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/append.h"

#include <assert.h>

#include "base/memory.h"
#include "merge/data_file.h"
#include "merge/partitions.h"
#include "merge/turn.h"

struct append {
	struct store *store;
	struct table *table;
	const struct share *share; /* or NULL */

	/* staged, not yet committed: */
	struct data_file *files;
	uint32_t file_count;
	uint64_t rows, file_bytes;
};

struct append *append_open(struct store *store, struct table *table, const struct share *share)
{
	struct append *a = memory_new(struct append);

	a->store = store;
	a->table = table;
	a->share = share;
	return a;
}

static void drop_files(struct append *a)
{
	for (uint32_t i = 0; i < a->file_count; i++)
		data_file_release(&a->files[i]);
	a->file_count = 0;
	a->rows = a->file_bytes = 0;
}

void append_close(struct append *a)
{
	if (a == NULL)
		return;
	drop_files(a);
	memory_free(a->files);
	memory_free(a);
}

static void add_file(struct append *a, const struct data_file *file)
{
	a->files = memory_grow(a->files, struct data_file, a->file_count + 1);
	a->files[a->file_count++] = *file;
	a->rows += file->row_count;
	a->file_bytes += file->size_bytes;
}

int append_stage(struct append *a, const struct batch *b, struct err *e)
{
	struct partitions parts;
	int rc;

	assert(b->before.row_count == 0 && b->presence_count == 0 && !b->truncates_first && b->backfill.row_count == 0);
	if (b->after.row_count == 0)
		return 0;
	rc = partitions_split(&parts, a->table, b->schema, &b->after, NULL, b->after.row_count, e);
	for (uint32_t i = 0; rc == 0 && i < parts.count; i++) {
		struct data_file file;

		rc = partition_write(&file, &parts, i, NULL, a->store, b->schema, e);
		if (rc == 0)
			add_file(a, &file);
	}
	partitions_release(&parts);
	return rc;
}

/* What a turn is taken with. */
struct staged {
	struct append *append;
	const struct batch *last;
};

static int commit(void *argument, const char *position, enum commit_result *out, struct err *e)
{
	const struct staged *staged = argument;
	const struct batch *last = staged->last;
	struct append *a = staged->append;
	const struct schema *old = table_snapshot(a->table)->schema;
	bool new_schema = !schema_equal(old, last->schema);
	const struct prepared_commit p = {
		.operation = new_schema ? schema_operation(old, last->schema) : "WRITE",
		.schema = new_schema ? last->schema : NULL,
		.added = a->files,
		.added_count = a->file_count,
		.position = position,
		.rows_in = a->rows,
		.source_time_us = last->source_time_us,
	};

	return table_commit(a->table, &p, out, e);
}

int append_commit(struct append *a, const struct batch *last, struct merge_result *out, struct err *e)
{
	struct staged staged = { a, last };
	const struct turn turn = {
		.table = a->table,
		.share = a->share,
		.schema = last->schema,
		.position = buffer_string((struct buffer *)&last->position),
		.staged = &staged,
		.commit = commit,
	};

	*out = (struct merge_result){ .rows_added = a->rows, .file_bytes = a->file_bytes };
	if (turn_take(&turn, out, e) < 0)
		return -1;
	out->version = table_snapshot(a->table)->version;
	drop_files(a);
	return 0;
}
