/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests that others wrote (tests/golden/iceberg/record.py) read as they should, and
 * ours are what they were: tests/e2e/iceberg_manifests.t gives the same files to readers
 * of others. With --write our files are made anew.
 */
#include <libdeflate.h>

#include "base/memory.h"
#include "lib/iceberg_entries.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/iceberg/avro_schema.h"

static const char foreign[] = "tests/golden/iceberg/foreign",
		  ours[] = "tests/golden/iceberg/ours";

/* Where iceberg_manifests.t puts what the files point to. */
#define LOCATION "file:///tmp/tailrace-iceberg"
#define SCHEMA_JSON                                                                      \
	"{\"type\":\"struct\",\"schema-id\":0,\"fields\":["                              \
	"{\"id\":1,\"name\":\"id\",\"required\":false,\"type\":\"long\"},"               \
	"{\"id\":2,\"name\":\"s\",\"required\":false,\"type\":\"string\"}]}"
#define ROWS	     1000
#define DELETED_ROWS 3

struct produced { /* a file of ours, before it is compared or written */
	char name[40];
	struct buffer bytes;
};

static bool is_writing; /* set by main, before the tests */

/*
 * The header as it is, the blocks' counts, and their records inflated: what does not
 * depend on libdeflate's version.
 */
static void flatten(struct buffer *out, struct bytes file)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	struct reader r = reader_of(file);
	static uint8_t raw[1 << 20];

	reader_skip(&r, 4);
	for (uint64_t count = avro_read_count(&r); count > 0;
	     count = avro_read_count(&r)) {
		for (; count > 0; count--) {
			avro_read_bytes(&r);
			avro_read_bytes(&r);
		}
	}
	reader_skip(&r, 16);
	buffer_append(out, file.data, (size_t)(r.at - file.data));
	while (reader_left(&r) > 0) {
		int64_t count = avro_read_long(&r);
		struct bytes packed = avro_read_bytes(&r);
		size_t size = 0;

		assert_int_equal(libdeflate_deflate_decompress(d, packed.data,
							       packed.size, raw,
							       sizeof(raw), &size),
				 LIBDEFLATE_SUCCESS);
		buffer_format(out, "[%d]", (int)count);
		buffer_append(out, raw, size);
		reader_skip(&r, 16);
	}
	assert_false(r.short_read);
	libdeflate_free_decompressor(d);
}

/* The size of the file that readers are given: with another libdeflate ours is another.
 */
static int64_t hold_to_golden(struct produced *p)
{
	struct buffer now = { 0 }, then = { 0 };
	struct scratch folder;
	char *text;
	size_t size;

	snprintf(folder.path, sizeof(folder.path), "%s", ours);
	if (is_writing)
		scratch_write(&folder, p->name, (const char *)p->bytes.data,
			      p->bytes.size);
	text = scratch_read(&folder, p->name, &size);
	assert_non_null(text);
	flatten(&now, buffer_bytes(&p->bytes));
	flatten(&then, (struct bytes){ (const uint8_t *)text, size });
	if (!bytes_equal(buffer_bytes(&now), buffer_bytes(&then)))
		fail_msg("%s/%s differs; run this program with --write and look at the "
			 "difference",
			 ours, p->name);
	memory_free(text);
	buffer_release(&now);
	buffer_release(&then);
	buffer_release(&p->bytes);
	return (int64_t)size;
}

static void data_entry(struct iceberg_entry *entry, int version)
{
	struct iceberg_file *f = &entry->file;
	char path[80];

	snprintf(path, sizeof(path), LOCATION "/v%d/data/a.parquet", version);
	entry_make(entry, path);
	entry->snapshot_id = 1;
	f->record_count = ROWS;
	f->size_bytes = 16384;
	for (int32_t id = 1; id <= 2; id++) {
		iceberg_counts_add(&f->value_counts, id, ROWS);
		iceberg_counts_add(&f->null_counts, id, 0);
	}
	iceberg_bounds_add(&f->lower, 1, BYTES_OF("\0\0\0\0\0\0\0\0"));
	iceberg_bounds_add(&f->lower, 2, BYTES_OF("s0"));
	iceberg_bounds_add(&f->upper, 1, BYTES_OF("\xe7\3\0\0\0\0\0\0"));
	iceberg_bounds_add(&f->upper, 2, BYTES_OF("s999"));
}

/* A deletion vector in version 3, a file of positions in version 2. */
static void deletes_entry(struct iceberg_entry *entry, int version)
{
	struct iceberg_file *f = &entry->file;
	char path[80];

	entry_make(entry, version == 3 ? LOCATION "/v3/data/d.puffin"
				       : LOCATION "/v2/data/d.parquet");
	entry->snapshot_id = 1;
	f->content = ICEBERG_POSITION_DELETES;
	f->record_count = DELETED_ROWS;
	snprintf(path, sizeof(path), LOCATION "/v%d/data/a.parquet", version);
	f->referenced_data_file = memory_copy_text(path);
	f->size_bytes = 16384;
	if (version == 3) {
		memory_free(f->format);
		f->format = memory_copy_text("PUFFIN");
		f->size_bytes = 1024;
		f->content_offset = 4;
		f->content_size = 40 + 2 * DELETED_ROWS;
	}
}

static struct iceberg_manifest make_manifest(struct produced *p, int version,
					     struct iceberg_entry *entry)
{
	bool is_data = entry->file.content == ICEBERG_DATA;
	const struct iceberg_manifest_head head = {
		version,     is_data ? ICEBERG_DATA : ICEBERG_POSITION_DELETES,
		SCHEMA_JSON, 0,
		"[]",	     0
	};
	const struct iceberg_tuple none = { 0 };
	struct iceberg_manifest_writer *w;
	struct iceberg_manifest row;
	struct err e = ERR_INIT;
	char path[100];

	snprintf(p->name, sizeof(p->name), "v%d_%s.avro", version,
		 is_data ? "data" : "deletes");
	w = iceberg_manifest_writer_new(&p->bytes, &head, &none);
	must(iceberg_manifest_writer_add(w, entry, &e), &e);
	iceberg_manifest_writer_finish(w, 1, &row);
	iceberg_manifest_writer_free(w);
	snprintf(path, sizeof(path), LOCATION "/v%d/metadata/%s", version, p->name);
	row.path = memory_copy_text(path);
	iceberg_entry_release(entry);
	return row;
}

static void make_list(struct produced *p, int version, int64_t sequence_number,
		      struct iceberg_manifests *rows)
{
	const struct iceberg_snapshot_ids ids = { 1, -1, sequence_number,
						  version == 3 ? 0 : -1 };
	int64_t next_row_id = 0;
	struct err e = ERR_INIT;

	must(iceberg_manifests_assign(rows, sequence_number,
				      version == 3 ? &next_row_id : NULL, &e),
	     &e);
	must(iceberg_manifest_list_write(&p->bytes, version, &ids, rows, &e), &e);
}

static void our_files_are_what_they_were(void **state)
{
	(void)state;
	for (int version = 2; version <= 3; version++) {
		struct produced data = { 0 }, deletes = { 0 }, list = { 0 };
		struct iceberg_manifest rows[2];
		struct iceberg_manifests both = { rows, 2 };
		struct iceberg_entry entry;

		data_entry(&entry, version);
		rows[0] = make_manifest(&data, version, &entry);
		deletes_entry(&entry, version);
		rows[1] = make_manifest(&deletes, version, &entry);
		rows[0].length = hold_to_golden(&data);
		rows[1].length = hold_to_golden(&deletes);
		snprintf(list.name, sizeof(list.name), "v%d_list.avro", version);
		make_list(&list, version, 1, &both);
		hold_to_golden(&list);
		iceberg_manifest_release(&rows[0]);
		iceberg_manifest_release(&rows[1]);
	}
}

static void our_partitions_are_what_they_were(void **state)
{
	const struct iceberg_manifest_head head = {
		2, ICEBERG_DATA, all_types_schema_json, 0, all_types_spec_json, 1
	};
	struct iceberg_manifest_writer *w;
	struct iceberg_manifest row;
	struct iceberg_manifests one = { &row, 1 };
	struct iceberg_entry entry;
	struct produced p = { .name = "partitions.avro" };
	struct produced list = { .name = "partitions_list.avro" };
	struct err e = ERR_INIT;

	(void)state;
	w = iceberg_manifest_writer_new(&p.bytes, &head, &all_types_partition);
	for (int i = 0; i < 2; i++) {
		entry_make(&entry, LOCATION "/a.parquet");
		entry_fill(&entry);
		entry_set_partition(&entry, i == 1);
		must(iceberg_manifest_writer_add(w, &entry, &e), &e);
		iceberg_entry_release(&entry);
	}
	iceberg_manifest_writer_finish(w, 1, &row);
	iceberg_manifest_writer_free(w);
	row.path = memory_copy_text(LOCATION "/partitions/metadata/partitions.avro");
	row.length = hold_to_golden(&p);
	make_list(&list, 2, 5, &one);
	hold_to_golden(&list);
	iceberg_manifest_release(&row);
}

static struct store *open_foreign(void)
{
	struct err e = ERR_INIT;
	struct store *store = store_open_directory(foreign, false, &e);

	if (store == NULL)
		fail_msg("%s", e.text);
	return store;
}

/* The list, and the first entry of a manifest, with what it inherits from its row. */
static void read_foreign(const char *name, const char *manifest, uint32_t row_number,
			 struct iceberg_manifests *rows, struct iceberg_entry *entry)
{
	struct store *store = open_foreign();
	struct iceberg_manifest_reader *r;
	struct err e = ERR_INIT;
	int64_t next_row_id;
	char key[80];

	snprintf(key, sizeof(key), "%s_list.avro", name);
	must(iceberg_manifest_list_read(rows, store, key, &e), &e);
	assert_in_range(row_number, 0, rows->count - 1);
	next_row_id = rows->items[row_number].first_row_id;
	snprintf(key, sizeof(key), "%s_%s.avro", name, manifest);
	must(iceberg_manifest_reader_open(&r, store, key, &rows->items[row_number], NULL,
					  &e),
	     &e);
	iceberg_entry_init(entry);
	must(iceberg_manifest_reader_next(r, entry, &e), &e);
	must(iceberg_entry_inherit(entry, &rows->items[row_number], &next_row_id, &e),
	     &e);
	iceberg_manifest_reader_close(r);
	store_close(store);
}

static void files_of_pyiceberg_read(void **state)
{
	static const char *const names[] = { "pyiceberg_null", "pyiceberg_deflate",
					     "pyiceberg_zstandard" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct iceberg_manifests rows;
		struct iceberg_entry entry;
		const struct iceberg_file *f = &entry.file;

		read_foreign(names[i], "0", 0, &rows, &entry);
		assert_int_equal(rows.count, 1);
		assert_int_equal(rows.items[0].added_rows, 300);
		assert_int_equal(entry.status, ICEBERG_ADDED);
		assert_int_equal(entry.snapshot_id, 77);
		assert_int_equal(entry.sequence_number, 5);
		assert_string_equal(f->path, "file:///lake/a.parquet");
		assert_string_equal(f->format, "PARQUET");
		assert_int_equal(f->record_count, 100);
		assert_int_equal(f->column_sizes.items[0].count, 800);
		assert_int_equal(f->nan_counts.count, 0);
		assert_int_equal(f->upper.items[0].bytes.data[0], 99);
		assert_int_equal(f->split_offsets.items[0], 4);
		assert_int_equal(f->sort_order_id, 0);
		iceberg_entry_release(&entry);
		iceberg_manifests_release(&rows);
	}
}

static void a_table_of_version_1_reads(void **state)
{
	struct iceberg_manifests rows;
	struct iceberg_entry entry;

	(void)state;
	read_foreign("spark_v1", "0", 0, &rows, &entry);
	assert_int_equal(rows.items[0].sequence_number, 0);
	assert_int_equal(rows.items[0].content, ICEBERG_DATA);
	assert_int_equal(rows.items[0].added_rows, 2);
	assert_int_equal(entry.sequence_number, 0);
	assert_int_equal(entry.file_sequence_number, 0);
	assert_int_equal(entry.file.record_count, 2);
	assert_int_equal(entry.file.first_row_id, -1);
	iceberg_entry_release(&entry);
	iceberg_manifests_release(&rows);
}

static void deletes_of_spark_read(void **state)
{
	(void)state;
	for (int version = 2; version <= 3; version++) {
		struct iceberg_manifests rows;
		struct iceberg_entry data, deletes;
		char name[20];

		snprintf(name, sizeof(name), "spark_v%d", version);
		read_foreign(name, "0", 0, &rows, &data);
		assert_int_equal(rows.count, 2);
		assert_int_equal(data.sequence_number, 1);
		assert_int_equal(data.file.record_count, 100);
		assert_int_equal(data.file.first_row_id, version == 3 ? 0 : -1);
		assert_int_equal(data.file.value_counts.count, 2);
		iceberg_manifests_release(&rows);
		read_foreign(name, "1", 1, &rows, &deletes);
		assert_int_equal(rows.items[1].content, ICEBERG_POSITION_DELETES);
		assert_int_equal(deletes.file.content, ICEBERG_POSITION_DELETES);
		assert_int_equal(deletes.sequence_number, 2);
		assert_int_equal(deletes.file.record_count, 14);
		assert_string_equal(deletes.file.format,
				    version == 3 ? "PUFFIN" : "PARQUET");
		if (version == 3) {
			assert_string_equal(deletes.file.referenced_data_file,
					    data.file.path);
			assert_int_equal(deletes.file.content_offset, 4);
			assert_in_range(deletes.file.content_size, 40, 100);
		}
		iceberg_manifests_release(&rows);
		iceberg_entry_release(&data);
		iceberg_entry_release(&deletes);
	}
}

/*
 * The Java library tells the same values twice: as Avro in the manifest, as single values
 * in the list's bounds.
 */
static void partitions_of_spark_read(void **state)
{
	struct iceberg_manifests rows;
	struct iceberg_entry entry;

	(void)state;
	read_foreign("spark_types", "0", 1, &rows, &entry);
	assert_int_equal(rows.count, 2);
	assert_int_equal(entry.file.partition.count, 11);
	assert_int_equal(rows.items[1].partitions.count, 11);
	for (uint32_t i = 0; i < 11; i++) {
		const struct iceberg_value *v = &entry.file.partition.items[i];
		const struct iceberg_summary *s = &rows.items[1].partitions.items[i];

		assert_false(v->is_null);
		assert_int_equal(s->contains_null, 0);
		assert_int_equal(s->contains_nan, 0);
		assert_true(
			bytes_equal(buffer_bytes(&v->bytes), buffer_bytes(&s->lower)));
		assert_true(
			bytes_equal(buffer_bytes(&v->bytes), buffer_bytes(&s->upper)));
	}
	iceberg_entry_release(&entry);
	iceberg_manifests_release(&rows);
	read_foreign("spark_types", "1", 0, &rows, &entry);
	for (uint32_t i = 0; i < 11; i++)
		assert_true(entry.file.partition.items[i].is_null);
	iceberg_entry_release(&entry);
	iceberg_manifests_release(&rows);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_files_are_what_they_were),
		cmocka_unit_test(our_partitions_are_what_they_were),
		cmocka_unit_test(files_of_pyiceberg_read),
		cmocka_unit_test(a_table_of_version_1_reads),
		cmocka_unit_test(deletes_of_spark_read),
		cmocka_unit_test(partitions_of_spark_read),
	};

	is_writing = argc == 2 && strcmp(argv[1], "--write") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
