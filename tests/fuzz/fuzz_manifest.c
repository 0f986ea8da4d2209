/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest or a manifest list from anybody: refused, or sound enough to be written
 * again, and to be read as the same then.
 */
#include <assert.h>
#include <string.h>

#include "lib/one_object.h"
#include "table/iceberg/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each entry goes into a manifest of its own, unpartitioned, which must give it back. */
static void write_again(struct iceberg_entry *entry)
{
	struct iceberg_manifest_head head = { 3, entry->file.content, "{}", 0, "[]", 0 };
	const struct iceberg_tuple none = { 0 };
	struct iceberg_manifest_reader *r;
	struct iceberg_manifest_writer *w;
	struct iceberg_manifest row;
	struct iceberg_entry back;
	struct one_object one;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	if (head.content == ICEBERG_EQUALITY_DELETES)
		head.content = ICEBERG_POSITION_DELETES;
	if (entry->file.partition.count > 0)
		return;
	w = iceberg_manifest_writer_new(&out, &head, &none);
	assert(iceberg_manifest_writer_add(w, entry, &e) == 0);
	iceberg_manifest_writer_finish(w, 1, &row);
	iceberg_manifest_writer_free(w);
	one = one_object_of(buffer_bytes(&out));
	iceberg_entry_init(&back);
	assert(iceberg_manifest_reader_open(&r, &one.store, "x", &row, NULL, &e) == 0);
	assert(iceberg_manifest_reader_next(r, &back, &e) == 0);
	assert(strcmp(back.file.path, entry->file.path) == 0);
	assert(back.file.lower.count == entry->file.lower.count);
	assert(back.file.record_count == entry->file.record_count);
	assert(iceberg_manifest_reader_next(r, &back, &e) == 1);
	iceberg_manifest_reader_close(r);
	iceberg_entry_release(&back);
	iceberg_manifest_release(&row);
	buffer_release(&out);
}

static void read_list(struct store *store)
{
	struct iceberg_manifests rows;
	const struct iceberg_snapshot_ids ids = { 1, -1, 1, 0 };
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	if (iceberg_manifest_list_read(&rows, store, "x", &e) < 0)
		return;
	if (iceberg_manifest_list_write(&out, 3, &ids, &rows, &e) == 0) {
		struct one_object one = one_object_of(buffer_bytes(&out));
		struct iceberg_manifests back;

		assert(iceberg_manifest_list_read(&back, &one.store, "x", &e) == 0);
		assert(back.count == rows.count);
		iceberg_manifests_release(&back);
	}
	iceberg_manifests_release(&rows);
	buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct one_object one = one_object_of((struct bytes){ data, size });
	const struct iceberg_manifest row = { .sequence_number = 5,
					      .added_snapshot_id = 1,
					      .added_files = -1 };
	struct iceberg_manifest_reader *r;
	struct iceberg_entry entry;
	int64_t next_row_id = 0;
	struct err e = ERR_INIT;

	read_list(&one.store);
	if (iceberg_manifest_reader_open(&r, &one.store, "x", NULL, NULL, &e) < 0)
		return 0;
	iceberg_entry_init(&entry);
	while (iceberg_manifest_reader_next(r, &entry, &e) == 0) {
		if (iceberg_entry_inherit(&entry, &row, &next_row_id, &e) == 0)
			write_again(&entry);
	}
	iceberg_entry_release(&entry);
	iceberg_manifest_reader_close(r);
	return 0;
}
