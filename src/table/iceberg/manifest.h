/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a table, as its manifests list them (spec, "Manifests"). A manifest is one
 * Avro file of entries that have one partition spec and one content: data or deletes.
 */
#ifndef TABLE_ICEBERG_MANIFEST_H
#define TABLE_ICEBERG_MANIFEST_H

#include "table/iceberg/bounds.h"
#include "table/iceberg/manifest_list.h"

enum iceberg_status { ICEBERG_EXISTING, ICEBERG_ADDED, ICEBERG_DELETED };

struct iceberg_ints {
	int32_t *items;
	uint32_t count;
};
struct iceberg_longs {
	int64_t *items;
	uint32_t count;
};

struct iceberg_file { /* -1, NULL and empty lists are null; lists by column id are sorted by it */
	enum iceberg_content content;
	char *path;   /* an absolute URI */
	char *format; /* "PARQUET", "PUFFIN", ...: upper case, whoever wrote it */
	struct iceberg_values partition;
	int64_t record_count, size_bytes;
	struct iceberg_counts column_sizes, value_counts, null_counts, nan_counts;
	struct iceberg_bounds lower, upper;
	struct buffer key_metadata;
	struct iceberg_longs split_offsets;
	struct iceberg_ints equality_ids;
	int32_t sort_order_id;
	int64_t first_row_id;       /* version 3; null: inherited */
	char *referenced_data_file; /* of deletes for this one file */
	int64_t content_offset;     /* version 3: of a deletion vector in its file */
	int64_t content_size;
};

/* It owns what it points to: memory_* for lists and texts, buffers. */
struct iceberg_entry {
	enum iceberg_status status;
	int64_t snapshot_id, sequence_number, file_sequence_number; /* null: inherited */
	struct iceberg_file file;
};

/* All null or empty: ADDED, of data. */
void iceberg_entry_init(struct iceberg_entry *entry);
/* As init leaves it. To keep an entry: assign it, then init the one that it came from. */
void iceberg_entry_release(struct iceberg_entry *entry);

/* A manifest's key-values. Borrowed. */
struct iceberg_manifest_head {
	int version;		      /* written: 2, 3; read: 1, 2, 3 */
	enum iceberg_content content; /* DATA or POSITION_DELETES */
	const char *schema_json;
	int32_t schema_id;     /* -1: not told */
	const char *spec_json; /* the spec's list of fields */
	int32_t spec_id;
};

/* Writes a manifest into memory. */
struct iceberg_manifest_writer;

/*
 * `out` must be empty and outlive the writer; what head and partition point to must
 * outlive it, too.
 */
struct iceberg_manifest_writer *
iceberg_manifest_writer_new(struct buffer *out, const struct iceberg_manifest_head *head,
			    const struct iceberg_tuple *partition);
/*
 * The entry is written as it is: null is what readers inherit. ERR_DATA: the partition's
 * values do not fit the spec, or more rows than can be counted. An entry that is not
 * ADDED must have its sequence numbers, its content must be the manifest's.
 */
int iceberg_manifest_writer_add(struct iceberg_manifest_writer *w,
				const struct iceberg_entry *entry, struct err *e);
/*
 * Completes the bytes and makes the manifest's row for the list, all but path and
 * key_metadata: `row` is new or released. Its sequence_number is -1; min_sequence_number
 * is the least that a live entry has of its own, -1 when all inherit.
 */
void iceberg_manifest_writer_finish(struct iceberg_manifest_writer *w,
				    int64_t snapshot_id, struct iceberg_manifest *row);
void iceberg_manifest_writer_free(struct iceberg_manifest_writer *w); /* NULL is fine */

/* Reads one, of any version; memory is a block of it and an entry. */
struct iceberg_manifest_reader;

/*
 * `row` (NULL: not known) is the manifest's in its list: length, content and spec are held to
 * it, and at the end the counts of files. `partition` (NULL: the order in the file) is the
 * spec that values come in the order of; what the file lacks is null. Both must outlive
 * the reader. ERR_DATA names the object, the block, the record, the field.
 */
int iceberg_manifest_reader_open(struct iceberg_manifest_reader **out,
				 struct store *store, const char *key,
				 const struct iceberg_manifest *row,
				 const struct iceberg_tuple *partition,
				 struct err *e);
const struct iceberg_manifest_head *
iceberg_manifest_reader_head(const struct iceberg_manifest_reader *r); /* until close */
/*
 * The next entry, as written; the entry's old contents are released. Returns 1 at the
 * end.
 */
int iceberg_manifest_reader_next(struct iceberg_manifest_reader *r,
				 struct iceberg_entry *entry, struct err *e);
void iceberg_manifest_reader_close(struct iceberg_manifest_reader *r); /* NULL is fine */

/*
 * Gives an entry what it inherits from its manifest's row ("Inheritance"): snapshot id,
 * sequence numbers and, in a manifest of data, first_row_id. Entries must come in the
 * file's order; `*next_row_id` begins as row->first_row_id. ERR_DATA: an entry that is
 * not ADDED has no sequence number of its own.
 */
int iceberg_entry_inherit(struct iceberg_entry *entry, const struct iceberg_manifest *row,
			  int64_t *next_row_id, struct err *e);

#endif
