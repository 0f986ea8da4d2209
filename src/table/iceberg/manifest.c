/* SPDX-License-Identifier: Apache-2.0 */
/* Entries: their members, what they own, what they inherit. */
#include "table/iceberg/manifest.h"

#include <assert.h>

#include "table/iceberg/manifest_form.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(sizeof(enum iceberg_content) == sizeof(int32_t), "a MEMBER_INT");
_Static_assert(sizeof(enum iceberg_status) == sizeof(int32_t), "a MEMBER_INT");

#define MEMBER(object, number, text, type, place, ...)                                   \
	{                                                                                \
		.id = (number), .name = (text), .kind = (type),                          \
		.offset = offsetof(struct object, place), __VA_ARGS__                    \
	}

#define PAIR(pair, object, key_id, value_id, type, value)                                \
	static const struct record_member pair[] = {                                     \
		MEMBER(object, key_id, "key", MEMBER_INT, id, .since = 1),               \
		MEMBER(object, value_id, "value", type, value, .flags = MEMBER_ANY),     \
	}

PAIR(column_size_pair, iceberg_count, 117, 118, MEMBER_LONG, count);
PAIR(value_count_pair, iceberg_count, 119, 120, MEMBER_LONG, count);
PAIR(null_count_pair, iceberg_count, 121, 122, MEMBER_LONG, count);
PAIR(nan_count_pair, iceberg_count, 138, 139, MEMBER_LONG, count);
PAIR(lower_pair, iceberg_bound, 126, 127, MEMBER_BYTES, bytes);
PAIR(upper_pair, iceberg_bound, 129, 130, MEMBER_BYTES, bytes);

#define FILE_MEMBER(number, text, type, place, bits, version)                            \
	MEMBER(iceberg_file, number, text, type, place, .flags = (bits),                 \
	       .since = (version))
#define FILE_LIST(number, text, type, place, bits, element)                              \
	MEMBER(iceberg_file, number, text, type, place, .flags = (bits),                 \
	       .element_id = (element))
#define FILE_MAP(number, text, place, pair, object)                                      \
	MEMBER(iceberg_file, number, text, MEMBER_RECORDS, place,                        \
	       .flags = MEMBER_OPTIONAL | MEMBER_MAP, .inner = { pair, COUNT_OF(pair) }, \
	       .size = sizeof(struct object))

static const struct record_member file_members[] = {
	FILE_MEMBER(134, "content", MEMBER_INT, content, MEMBER_ZERO, 2),
	FILE_MEMBER(100, "file_path", MEMBER_TEXT, path, 0, 1),
	FILE_MEMBER(101, "file_format", MEMBER_TEXT, format, 0, 1),
	FILE_MEMBER(102, "partition", MEMBER_TUPLE, partition, 0, 1),
	FILE_MEMBER(103, "record_count", MEMBER_LONG, record_count, 0, 1),
	FILE_MEMBER(104, "file_size_in_bytes", MEMBER_LONG, size_bytes, 0, 1),
	FILE_MAP(108, "column_sizes", column_sizes, column_size_pair, iceberg_count),
	FILE_MAP(109, "value_counts", value_counts, value_count_pair, iceberg_count),
	FILE_MAP(110, "null_value_counts", null_counts, null_count_pair, iceberg_count),
	FILE_MAP(137, "nan_value_counts", nan_counts, nan_count_pair, iceberg_count),
	FILE_MAP(125, "lower_bounds", lower, lower_pair, iceberg_bound),
	FILE_MAP(128, "upper_bounds", upper, upper_pair, iceberg_bound),
	FILE_MEMBER(131, "key_metadata", MEMBER_BYTES, key_metadata, MEMBER_OPTIONAL, 1),
	FILE_LIST(132, "split_offsets", MEMBER_LONGS, split_offsets,
		  MEMBER_OPTIONAL | MEMBER_ANY, 133),
	FILE_LIST(135, "equality_ids", MEMBER_INTS, equality_ids, MEMBER_OPTIONAL, 136),
	FILE_MEMBER(140, "sort_order_id", MEMBER_INT, sort_order_id, MEMBER_OPTIONAL, 1),
	FILE_MEMBER(142, "first_row_id", MEMBER_LONG, first_row_id, MEMBER_OPTIONAL, 3),
	FILE_MEMBER(143, "referenced_data_file", MEMBER_TEXT, referenced_data_file,
		    MEMBER_OPTIONAL, 2),
	FILE_MEMBER(144, "content_offset", MEMBER_LONG, content_offset, MEMBER_OPTIONAL,
		    3),
	FILE_MEMBER(145, "content_size_in_bytes", MEMBER_LONG, content_size,
		    MEMBER_OPTIONAL, 3),
};

#define ENTRY_MEMBER(number, text, type, place, bits, version)                           \
	MEMBER(iceberg_entry, number, text, type, place, .flags = (bits),                \
	       .since = (version))

static const struct record_member entry_members[] = {
	ENTRY_MEMBER(0, "status", MEMBER_INT, status, 0, 1),
	ENTRY_MEMBER(1, "snapshot_id", MEMBER_LONG, snapshot_id, MEMBER_OPTIONAL, 1),
	ENTRY_MEMBER(3, "sequence_number", MEMBER_LONG, sequence_number,
		     MEMBER_OPTIONAL | MEMBER_ZERO, 2),
	ENTRY_MEMBER(4, "file_sequence_number", MEMBER_LONG, file_sequence_number,
		     MEMBER_OPTIONAL | MEMBER_ZERO, 2),
	MEMBER(iceberg_entry, 2, "data_file", MEMBER_RECORD, file,
	       .inner = { file_members, COUNT_OF(file_members) }),
};

const struct record_table manifest_entry_table = { entry_members,
						   COUNT_OF(entry_members) };

static void set_defaults(struct iceberg_entry *entry)
{
	entry->status = ICEBERG_ADDED;
	entry->file.content = ICEBERG_DATA;
}

void iceberg_entry_init(struct iceberg_entry *entry)
{
	record_init(&manifest_entry_table, entry);
	set_defaults(entry);
}

void iceberg_entry_release(struct iceberg_entry *entry)
{
	record_release(&manifest_entry_table, entry);
	set_defaults(entry);
}

static int inherit_sequence(int64_t *number, const struct iceberg_entry *entry,
			    const struct iceberg_manifest *row, struct err *e)
{
	if (*number >= 0)
		return 0;
	/* Manifests of version 1 are all 0, whatever the status. */
	if (entry->status != ICEBERG_ADDED && row->sequence_number != 0)
		return err_set(e, ERR_DATA,
			       "manifest \"%s\": \"%s\" is not new in it and has no "
			       "sequence number",
			       row->path, entry->file.path);
	*number = row->sequence_number;
	return 0;
}

int iceberg_entry_inherit(struct iceberg_entry *entry, const struct iceberg_manifest *row,
			  int64_t *next_row_id, struct err *e)
{
	struct iceberg_file *f = &entry->file;

	if (entry->snapshot_id < 0)
		entry->snapshot_id = row->added_snapshot_id;
	if (inherit_sequence(&entry->sequence_number, entry, row, e) < 0 ||
	    inherit_sequence(&entry->file_sequence_number, entry, row, e) < 0)
		return -1;
	if (row->content != ICEBERG_DATA || row->first_row_id < 0) {
		f->first_row_id = -1;
	} else if (f->first_row_id < 0 && entry->status != ICEBERG_DELETED) {
		f->first_row_id = *next_row_id;
		if (__builtin_add_overflow(*next_row_id, f->record_count, next_row_id))
			return err_set(e, ERR_DATA,
				       "manifest \"%s\": too many rows for their ids",
				       row->path);
	}
	return 0;
}
