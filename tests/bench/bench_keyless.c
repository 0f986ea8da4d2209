/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows a second into a table without a key, by how many of its rows are equal: inserted, a quarter
 * deleted and a quarter updated in commits of 10,000, the index rebuilt. FOLDER and ROWS as arguments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "merge/merge.h"

#define COMMIT_ROWS 10000u

struct fixture {
	char folder[256], index[300];
	struct store *store;
	struct table *table;
	struct merge *merge;
	struct schema *schema;
	uint32_t rows, distinct; /* row i has value i % distinct */
};

static void stop_on(int rc, const struct err *e)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

static void fixture_open(struct fixture *t)
{
	struct err e = ERR_INIT;
	enum commit_result result;

	t->store = store_open_directory(t->folder, true, &e);
	stop_on(t->store == NULL ? -1 : 0, &e);
	stop_on(table_open(&t->table, t->store, "bench", &e), &e);
	if (table_snapshot(t->table)->version < 0)
		stop_on(table_create(t->table, t->schema, "bench", NULL, &result, &e), &e);
	stop_on(merge_open(&t->merge, t->store, t->table, t->schema, t->index, NULL, &e), &e);
}

static void fixture_close(struct fixture *t)
{
	merge_close(t->merge);
	table_close(t->table);
	t->store->ops->close(t->store);
}

static void make_rows(struct columns *c, uint32_t first, uint32_t count, uint32_t distinct, int32_t kind)
{
	columns_clear(c);
	for (uint32_t i = 0; i < count; i++) {
		column_add_int64(&c->columns[0], (first + i) % distinct);
		column_add_int32(&c->columns[1], kind);
		column_add_bytes(&c->columns[2], "a note", 6);
		columns_end_row(c);
	}
}

/* Rows [first, end) in commits of COMMIT_ROWS each; rows a second. */
static double change(struct fixture *t, enum op op, uint32_t first, uint32_t end)
{
	int64_t start = clock_monotonic_us();
	struct merge_result result;
	struct columns old, new;
	struct err e = ERR_INIT;
	double rows = end - first;

	columns_init(&old, t->schema);
	columns_init(&new, t->schema);
	for (; first < end; first += COMMIT_ROWS) {
		uint32_t count = end - first < COMMIT_ROWS ? end - first : COMMIT_ROWS;
		struct batch *b = batch_new(t->schema);

		make_rows(&old, first, count, t->distinct, 1);
		make_rows(&new, first, count, t->distinct, op == OP_UPDATE ? 2 : 1);
		batch_add(b, &(struct rows){ .op = op, .count = count, .before = &old, .after = &new });
		buffer_format(&b->position, "{\"n\":%u}", first);
		stop_on(merge_stage(t->merge, b, &e), &e);
		stop_on(merge_commit(t->merge, b, &result, &e), &e);
		batch_free(b);
	}
	columns_release(&old);
	columns_release(&new);
	return rows * 1e6 / (double)(clock_monotonic_us() - start);
}

static double rebuild(struct fixture *t, uint32_t rows)
{
	int64_t start;

	fixture_close(t);
	unlink(t->index);
	start = clock_monotonic_us();
	fixture_open(t);
	return rows * 1e6 / (double)(clock_monotonic_us() - start);
}

static double bytes_a_row(const struct fixture *t, uint32_t rows)
{
	return (double)merge_index_bytes(t->merge) / rows;
}

static void measure(struct fixture *t, const char *folder, uint32_t rows, uint32_t distinct)
{
	char command[1000];
	uint32_t left = rows - rows / 4;

	snprintf(t->folder, sizeof(t->folder), "%s/bench_keyless.%d", folder, getpid());
	snprintf(t->index, sizeof(t->index), "%s.index", t->folder);
	t->rows = rows;
	t->distinct = distinct;
	fixture_open(t);
	printf("%8u rows, %7u distinct: insert %9.0f/s", rows, distinct, change(t, OP_INSERT, 0, rows));
	printf("  %.1f bytes a row", bytes_a_row(t, rows));
	printf("  rebuild %9.0f/s", rebuild(t, rows));
	printf("  %.1f bytes a row", bytes_a_row(t, rows));
	printf("  delete %8.0f/s", change(t, OP_DELETE, 0, rows / 4));
	printf("  update %8.0f/s", change(t, OP_UPDATE, rows / 4, rows / 2));
	printf("  rebuild %9.0f/s", rebuild(t, left));
	printf("  %.1f bytes a row\n", bytes_a_row(t, left));
	fixture_close(t);
	snprintf(command, sizeof(command), "rm -rf '%s' '%s' '%s.files'", t->folder, t->index, t->index);
	if (system(command) != 0)
		exit(1);
}

int main(int argc, char **argv)
{
	const char *folder = argc > 1 ? argv[1] : "/tmp";
	uint32_t rows = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000;
	const uint32_t distinct[] = { 1, 10, rows / 2, rows };
	struct fixture t = { .schema = schema_new("d", "t") };

	setvbuf(stdout, NULL, _IONBF, 0);
	schema_add(t.schema, "id", TYPE_LONG, false);
	schema_add(t.schema, "kind", TYPE_INT, false);
	schema_add(t.schema, "note", TYPE_STRING, true);
	for (size_t i = 0; i < sizeof(distinct) / sizeof(distinct[0]); i++)
		measure(&t, folder, rows, distinct[i]);
	schema_release(t.schema);
	return 0;
}
