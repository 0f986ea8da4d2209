/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/iceberg_entries.h"

#include "base/memory.h"
#include "lib/test.h"

static const struct iceberg_tuple_field all_types[] = {
	{ 1000, "boolean", TYPE_BOOLEAN, 0, 0 },
	{ 1001, "int", TYPE_INT, 0, 0 },
	{ 1002, "long", TYPE_LONG, 0, 0 },
	{ 1003, "float", TYPE_FLOAT, 0, 0 },
	{ 1004, "double", TYPE_DOUBLE, 0, 0 },
	{ 1005, "decimal", TYPE_DECIMAL, 9, 2 },
	{ 1006, "date", TYPE_DATE, 0, 0 },
	{ 1007, "instant", TYPE_TIMESTAMP, 0, 0 },
	{ 1008, "wall clock", TYPE_TIMESTAMP_NTZ, 0, 0 },
	{ 1009, "1é", TYPE_STRING, 0, 0 },
	{ 1010, "binary", TYPE_BINARY, 0, 0 },
};
#define ALL_TYPES (sizeof(all_types) / sizeof(all_types[0]))
const struct iceberg_tuple all_types_partition = { all_types, ALL_TYPES };

static const struct bytes all_values[ALL_TYPES] = {
	BYTES_OF("\1"),
	BYTES_OF("\xf9\xff\xff\xff"),
	BYTES_OF("\7\0\0\0\0\0\0\0"),
	BYTES_OF("\0\0\xc0\x3f"),
	BYTES_OF("\0\0\0\0\0\0\2\xc0"),
	BYTES_OF("\xcf\xc7"),
	BYTES_OF("\xff\xff\xff\xff"),
	BYTES_OF("\1\0\0\0\0\0\0\0"),
	BYTES_OF("\xff\xff\xff\xff\xff\xff\xff\xff"),
	BYTES_OF("\xc3\xa9"),
	BYTES_OF("\0\xff"),
};

const char all_types_schema_json[] =
	"{\"type\":\"struct\",\"schema-id\":0,\"fields\":["
	"{\"id\":1,\"name\":\"boolean\",\"required\":false,\"type\":\"boolean\"},"
	"{\"id\":2,\"name\":\"int\",\"required\":false,\"type\":\"int\"},"
	"{\"id\":3,\"name\":\"long\",\"required\":false,\"type\":\"long\"},"
	"{\"id\":4,\"name\":\"float\",\"required\":false,\"type\":\"float\"},"
	"{\"id\":5,\"name\":\"double\",\"required\":false,\"type\":\"double\"},"
	"{\"id\":6,\"name\":\"decimal\",\"required\":false,\"type\":\"decimal(9, 2)\"},"
	"{\"id\":7,\"name\":\"date\",\"required\":false,\"type\":\"date\"},"
	"{\"id\":8,\"name\":\"instant\",\"required\":false,\"type\":\"timestamptz\"},"
	"{\"id\":9,\"name\":\"wall clock\",\"required\":false,\"type\":\"timestamp\"},"
	"{\"id\":10,\"name\":\"1\\u00e9\",\"required\":false,\"type\":\"string\"},"
	"{\"id\":11,\"name\":\"binary\",\"required\":false,\"type\":\"binary\"}]}";

/* clang-format off */
#define SPEC_FIELD(source, id, name)                                          \
	"{\"source-id\":" #source ",\"field-id\":" #id ",\"name\":\"" name     \
	"\",\"transform\":\"identity\"}"
const char all_types_spec_json[] = "["
	SPEC_FIELD(1, 1000, "boolean") "," SPEC_FIELD(2, 1001, "int") ","
	SPEC_FIELD(3, 1002, "long") "," SPEC_FIELD(4, 1003, "float") ","
	SPEC_FIELD(5, 1004, "double") "," SPEC_FIELD(6, 1005, "decimal") ","
	SPEC_FIELD(7, 1006, "date") "," SPEC_FIELD(8, 1007, "instant") ","
	SPEC_FIELD(9, 1008, "wall clock") "," SPEC_FIELD(10, 1009, "1\\u00e9") ","
	SPEC_FIELD(11, 1010, "binary") "]";
/* clang-format on */

void entry_make(struct iceberg_entry *entry, const char *path)
{
	iceberg_entry_init(entry);
	entry->file.path = memory_copy_text(path);
	entry->file.format = memory_copy_text("PARQUET");
	entry->file.record_count = 1000;
	entry->file.size_bytes = 4096;
}

void entry_fill(struct iceberg_entry *entry)
{
	struct iceberg_file *f = &entry->file;

	entry->status = ICEBERG_EXISTING;
	entry->snapshot_id = 8744736658442914487;
	entry->sequence_number = 3;
	entry->file_sequence_number = 4;
	for (int32_t id = 1; id <= 3; id++) {
		iceberg_counts_add(&f->column_sizes, id, id * 100);
		iceberg_counts_add(&f->value_counts, id, 1000);
		iceberg_counts_add(&f->null_counts, id, id - 1);
		iceberg_counts_add(&f->nan_counts, id, 0);
	}
	iceberg_bounds_add(&f->lower, 1, BYTES_OF("\1\0\0\0"));
	iceberg_bounds_add(&f->lower, 3, BYTES_OF(""));
	iceberg_bounds_add(&f->upper, 1, BYTES_OF("\xff\0\0\0"));
	iceberg_bounds_add(&f->upper, 3, BYTES_OF("zz"));
	buffer_text(&f->key_metadata, "key");
	f->split_offsets.items = memory_array(int64_t, 2);
	f->split_offsets.items[0] = 4;
	f->split_offsets.items[1] = INT64_C(1) << 40;
	f->split_offsets.count = 2;
	f->equality_ids.items = memory_array(int32_t, 1);
	f->equality_ids.items[0] = 2147483546;
	f->equality_ids.count = 1;
	f->sort_order_id = 0;
	f->first_row_id = 0;
	f->referenced_data_file = memory_copy_text("file:///lake/a.parquet");
	f->content_offset = 4;
	f->content_size = 44;
}

void entry_set_partition(struct iceberg_entry *entry, bool are_null)
{
	struct iceberg_values *values = &entry->file.partition;

	values->items = memory_array(struct iceberg_value, ALL_TYPES);
	values->count = ALL_TYPES;
	for (uint32_t i = 0; i < ALL_TYPES; i++) {
		values->items[i].is_null = are_null;
		if (!are_null)
			buffer_bytes_append(&values->items[i].bytes, all_values[i]);
	}
}

static void assert_texts_equal(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a != NULL)
		assert_string_equal(a, b);
}

static void assert_buffers_equal(const struct buffer *a, const struct buffer *b)
{
	assert_int_equal(a->data == NULL, b->data == NULL);
	assert_true(bytes_equal(buffer_bytes(a), buffer_bytes(b)));
}

static void assert_counts_equal(const struct iceberg_counts *a,
				const struct iceberg_counts *b)
{
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		assert_int_equal(a->items[i].id, b->items[i].id);
		assert_int_equal(a->items[i].count, b->items[i].count);
	}
}

static void assert_bounds_equal(const struct iceberg_bounds *a,
				const struct iceberg_bounds *b)
{
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		assert_int_equal(a->items[i].id, b->items[i].id);
		assert_buffers_equal(&a->items[i].bytes, &b->items[i].bytes);
	}
}

static void assert_partitions_equal(const struct iceberg_values *a,
				    const struct iceberg_values *b)
{
	assert_int_equal(a->count, b->count);
	for (uint32_t i = 0; i < a->count; i++) {
		assert_int_equal(a->items[i].is_null, b->items[i].is_null);
		assert_true(bytes_equal(buffer_bytes(&a->items[i].bytes),
					buffer_bytes(&b->items[i].bytes)));
	}
}

static void assert_files_equal(const struct iceberg_file *a, const struct iceberg_file *b)
{
	assert_int_equal(a->content, b->content);
	assert_texts_equal(a->path, b->path);
	assert_texts_equal(a->format, b->format);
	assert_partitions_equal(&a->partition, &b->partition);
	assert_int_equal(a->record_count, b->record_count);
	assert_int_equal(a->size_bytes, b->size_bytes);
	assert_counts_equal(&a->column_sizes, &b->column_sizes);
	assert_counts_equal(&a->value_counts, &b->value_counts);
	assert_counts_equal(&a->null_counts, &b->null_counts);
	assert_counts_equal(&a->nan_counts, &b->nan_counts);
	assert_bounds_equal(&a->lower, &b->lower);
	assert_bounds_equal(&a->upper, &b->upper);
	assert_buffers_equal(&a->key_metadata, &b->key_metadata);
	assert_int_equal(a->split_offsets.count, b->split_offsets.count);
	for (uint32_t i = 0; i < a->split_offsets.count; i++)
		assert_int_equal(a->split_offsets.items[i], b->split_offsets.items[i]);
	assert_int_equal(a->equality_ids.count, b->equality_ids.count);
	for (uint32_t i = 0; i < a->equality_ids.count; i++)
		assert_int_equal(a->equality_ids.items[i], b->equality_ids.items[i]);
	assert_int_equal(a->sort_order_id, b->sort_order_id);
	assert_int_equal(a->first_row_id, b->first_row_id);
	assert_texts_equal(a->referenced_data_file, b->referenced_data_file);
	assert_int_equal(a->content_offset, b->content_offset);
	assert_int_equal(a->content_size, b->content_size);
}

void assert_entries_equal(const struct iceberg_entry *a, const struct iceberg_entry *b)
{
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->snapshot_id, b->snapshot_id);
	assert_int_equal(a->sequence_number, b->sequence_number);
	assert_int_equal(a->file_sequence_number, b->file_sequence_number);
	assert_files_equal(&a->file, &b->file);
}

void assert_manifests_equal(const struct iceberg_manifest *a,
			    const struct iceberg_manifest *b)
{
	assert_texts_equal(a->path, b->path);
	assert_int_equal(a->length, b->length);
	assert_int_equal(a->spec_id, b->spec_id);
	assert_int_equal(a->content, b->content);
	assert_int_equal(a->sequence_number, b->sequence_number);
	assert_int_equal(a->min_sequence_number, b->min_sequence_number);
	assert_int_equal(a->added_snapshot_id, b->added_snapshot_id);
	assert_int_equal(a->added_files, b->added_files);
	assert_int_equal(a->existing_files, b->existing_files);
	assert_int_equal(a->deleted_files, b->deleted_files);
	assert_int_equal(a->added_rows, b->added_rows);
	assert_int_equal(a->existing_rows, b->existing_rows);
	assert_int_equal(a->deleted_rows, b->deleted_rows);
	assert_int_equal(a->partitions.count, b->partitions.count);
	for (uint32_t i = 0; i < a->partitions.count; i++) {
		assert_int_equal(a->partitions.items[i].contains_null,
				 b->partitions.items[i].contains_null);
		assert_int_equal(a->partitions.items[i].contains_nan,
				 b->partitions.items[i].contains_nan);
		assert_buffers_equal(&a->partitions.items[i].lower,
				     &b->partitions.items[i].lower);
		assert_buffers_equal(&a->partitions.items[i].upper,
				     &b->partitions.items[i].upper);
	}
	assert_buffers_equal(&a->key_metadata, &b->key_metadata);
	assert_int_equal(a->first_row_id, b->first_row_id);
}
