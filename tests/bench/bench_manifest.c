/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest of 100,000 files with counts and bounds of 8 columns: processor seconds to
 * write it, and to read it from a folder. "bench_manifest ENTRIES" takes another number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "table/iceberg/manifest.h"

#define COLUMNS 8

static void stop(const struct err *e)
{
	fprintf(stderr, "bench_manifest: %s\n", e->text);
	exit(1);
}

static void make_entry(struct iceberg_entry *entry)
{
	struct iceberg_file *f = &entry->file;

	iceberg_entry_init(entry);
	f->path = memory_take(1, 100);
	f->format = memory_copy_text("PARQUET");
	f->record_count = 50000;
	for (int32_t id = 1; id <= COLUMNS; id++) {
		iceberg_counts_add(&f->column_sizes, id, id * 1000);
		iceberg_counts_add(&f->value_counts, id, 50000);
		iceberg_counts_add(&f->null_counts, id, 0);
		iceberg_bounds_add(&f->lower, id, BYTES_OF("\1\2\3\4\5\6\7\0"));
		iceberg_bounds_add(&f->upper, id, BYTES_OF("\1\2\3\4\5\6\7\1"));
	}
}

/* What differs from file to file does not compress well: names, sizes, a bound. */
static void change_entry(struct iceberg_entry *entry, uint64_t i)
{
	uint64_t mixed = (i + 1) * 0x9e3779b97f4a7c15u;

	snprintf(entry->file.path, 100,
		 "file:///var/lake/shop/orders/%016llx%016llx.parquet",
		 (unsigned long long)mixed, (unsigned long long)(mixed ^ mixed >> 29));
	entry->file.size_bytes = (int64_t)(mixed >> 40);
	entry->file.lower.items[0].bytes.data[0] = (uint8_t)mixed;
	entry->file.upper.items[0].bytes.data[0] = (uint8_t)(mixed >> 8);
}

static void write_all(struct buffer *out, uint64_t count, struct iceberg_manifest *row)
{
	const struct iceberg_manifest_head head = { 3, ICEBERG_DATA, "{}", 0, "[]", 0 };
	const struct iceberg_tuple none = { 0 };
	struct iceberg_manifest_writer *w =
		iceberg_manifest_writer_new(out, &head, &none);
	struct iceberg_entry entry;
	struct err e = ERR_INIT;

	make_entry(&entry);
	for (uint64_t i = 0; i < count; i++) {
		change_entry(&entry, i);
		if (iceberg_manifest_writer_add(w, &entry, &e) < 0)
			stop(&e);
	}
	iceberg_manifest_writer_finish(w, 1, row);
	iceberg_manifest_writer_free(w);
	iceberg_entry_release(&entry);
}

static uint64_t read_all(struct store *store, const struct iceberg_manifest *row)
{
	struct iceberg_manifest_reader *r;
	struct iceberg_entry entry;
	struct err e = ERR_INIT;
	uint64_t count = 0;
	int rc;

	if (iceberg_manifest_reader_open(&r, store, "m.avro", row, NULL, &e) < 0)
		stop(&e);
	iceberg_entry_init(&entry);
	while ((rc = iceberg_manifest_reader_next(r, &entry, &e)) == 0)
		count++;
	if (rc < 0)
		stop(&e);
	iceberg_entry_release(&entry);
	iceberg_manifest_reader_close(r);
	return count;
}

int main(int argc, char **argv)
{
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
	char folder[] = "/tmp/bench-manifest-XXXXXX";
	struct iceberg_manifest row;
	struct buffer out = { 0 };
	enum put_result result;
	struct store *store;
	struct err e = ERR_INIT;
	clock_t start;

	if (mkdtemp(folder) == NULL ||
	    (store = store_open_directory(folder, false, &e)) == NULL)
		stop(&e);
	start = clock();
	write_all(&out, count, &row);
	printf("write %llu entries, %zu bytes: %.3f s\n", (unsigned long long)count,
	       out.size, (double)(clock() - start) / CLOCKS_PER_SEC);
	if (store->ops->put(store, "m.avro", buffer_bytes(&out), false, &result, &e) < 0)
		stop(&e);
	start = clock();
	count = read_all(store, &row);
	printf("read %llu entries: %.3f s\n", (unsigned long long)count,
	       (double)(clock() - start) / CLOCKS_PER_SEC);
	store->ops->remove(store, "m.avro", &e);
	store_close(store);
	rmdir(folder);
	iceberg_manifest_release(&row);
	buffer_release(&out);
	return 0;
}
