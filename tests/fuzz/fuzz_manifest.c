/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest or a manifest list from anybody: refused, or sound enough to be written
 * again, and to be read as the same then.
 */
#include <assert.h>
#include <string.h>

#include "table/iceberg/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct one_object {
	struct store store;
	struct bytes data;
};

static int get(struct store *s, const char *key, uint64_t offset, uint64_t size,
	       struct buffer *out, struct err *e)
{
	struct bytes data = ((struct one_object *)(void *)s)->data;

	(void)key;
	if (offset > data.size || size > data.size - offset)
		return err_set(e, ERR_DATA, "out of range");
	buffer_append(out, data.data + offset, size > 0 ? size : data.size - offset);
	return 0;
}

static int object_size(struct store *s, const char *key, uint64_t *out, struct err *e)
{
	(void)key;
	(void)e;
	*out = ((struct one_object *)(void *)s)->data.size;
	return 0;
}

static const struct store_ops ops = { .get = get, .size = object_size };

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
	one = (struct one_object){ { &ops }, buffer_bytes(&out) };
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
		struct one_object one = { { &ops }, buffer_bytes(&out) };
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
	struct one_object one = { { &ops }, { data, size } };
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
