/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a commit costs the Iceberg face of a table of 100 and of 10,000 files: one file is added, and rows of five are deleted.
 * "bench_follow" makes the faces in a scratch folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "table/iceberg/follow.h"

#define COMMITS 20u
#define TOUCHED 5u
#define ROWS    100000u

/* A leader that is nothing but a list of files. */
struct leader {
	struct table table; /* first */
	uint32_t capacity;
};

static int read_dv(struct table *t, uint32_t slot, struct row_set **out, struct err *e)
{
	(void)e;
	*out = row_set_new();
	for (uint32_t row = 0; row < t->snapshot.files[slot].dead_count; row++)
		(void)row_set_add(*out, row * 7);
	return 0;
}

static const struct table_ops ops = { .read_dv = read_dv };

static void add_file(struct leader *l)
{
	struct snapshot *s = &l->table.snapshot;
	char name[48];

	if (s->file_count == l->capacity) {
		l->capacity = l->capacity * 2 + 64;
		s->files = memory_grow(s->files, struct data_file, l->capacity);
	}
	snprintf(name, sizeof(name), "%032x.parquet", s->file_count);
	s->files[s->file_count] = (struct data_file){
		.path = memory_copy_text(name),
		.size_bytes = ROWS * 10,
		.row_count = ROWS,
		.stats = memory_copy_text("{\"numRecords\":100000,\"minValues\":{\"id\":1},\"maxValues\":{\"id\":9},\"nullCount\":{\"id\":0}}"),
		.slot = s->file_count,
	};
	s->file_count++;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void must(int rc, const struct err *e)
{
	if (rc == 0)
		return;
	fprintf(stderr, "%s\n", e->text);
	exit(1);
}

/* The median time of a commit, in milliseconds. */
static double measure(const char *folder, uint32_t files)
{
	struct schema *schema = schema_new("bench", "t");
	struct leader l = { .table = { .ops = &ops } };
	const struct follow_settings settings = { NULL, "bench", "t", 3 };
	struct follow *follow = NULL;
	double times[COMMITS];
	struct err e = ERR_INIT;
	struct store *store;
	char path[256];

	snprintf(path, sizeof(path), "%s/%u", folder, files);
	store = store_open_directory(path, true, &e);
	must(store == NULL, &e);
	schema_add(schema, "id", TYPE_LONG, false);
	l.table.snapshot = (struct snapshot){ .table_id = (char *)(uintptr_t)"bench", .schema = schema };
	for (uint32_t i = 0; i < files; i++)
		add_file(&l);
	must(follow_open(&follow, store, &settings, &e), &e);
	must(follow_up(follow, &l.table, &e), &e);
	for (uint32_t i = 0; i < COMMITS; i++) {
		double begin;

		add_file(&l);
		for (uint32_t k = 0; k < TOUCHED; k++)
			l.table.snapshot.files[(i * 31 + k * 17) % files].dead_count += 10;
		l.table.snapshot.version++;
		begin = now_ms();
		must(follow_up(follow, &l.table, &e), &e);
		times[i] = now_ms() - begin;
	}
	follow_close(follow);
	store_close(store);
	for (uint32_t i = 0; i < l.table.snapshot.file_count; i++) {
		memory_free(l.table.snapshot.files[i].path);
		memory_free(l.table.snapshot.files[i].stats);
	}
	memory_free(l.table.snapshot.files);
	schema_release(schema);
	qsort(times, COMMITS, sizeof(times[0]), compare);
	return times[COMMITS / 2];
}

int main(void)
{
	char folder[] = "/tmp/bench_follow.XXXXXX", command[64];
	double few, many;

	if (mkdtemp(folder) == NULL)
		return 1;
	few = measure(folder, 100);
	many = measure(folder, 10000);
	printf("%-34s %14.2f %-9s %7s   %s\n", "follow_of_100_files", few, "ms", "-", "<= 50");
	printf("%-34s %14.2f %-9s %7.2f   %s\n", "follow_of_10000_files", many, "ms", many / few, "<= 2 x the time with 100 files");
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command) != 0;
}
