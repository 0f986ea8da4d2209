/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "table/iceberg/avro.h"
#include "table/iceberg/manifest_form.h"

struct iceberg_manifest_writer {
	struct buffer *out;
	struct iceberg_manifest_head head;
	struct record_form form;
	struct avro_writer avro;
	struct iceberg_manifest row; /* counted and summarized so far */
};

static void begin(struct iceberg_manifest_writer *w)
{
	const struct iceberg_manifest_head *h = &w->head;
	char text[3][AVRO_NUMBER_BYTES];
	struct avro_pair pairs[] = {
		{ "schema", bytes_of_text(h->schema_json) },
		{ "schema-id", avro_pair_number(text[0], h->schema_id) },
		{ "partition-spec", bytes_of_text(h->spec_json) },
		{ "partition-spec-id", avro_pair_number(text[1], h->spec_id) },
		{ "format-version", avro_pair_number(text[2], h->version) },
		{ "content",
		  bytes_of_text(h->content == ICEBERG_DATA ? "data" : "deletes") },
	};
	struct buffer schema = { 0 };

	record_schema(&schema, &w->form, "manifest_entry");
	avro_writer_begin(&w->avro, w->out, buffer_bytes(&schema), pairs,
			  sizeof(pairs) / sizeof(pairs[0]));
	buffer_release(&schema);
}

static void begin_row(struct iceberg_manifest_writer *w, uint32_t partition_count)
{
	struct iceberg_manifest *row = &w->row;

	iceberg_manifest_init(row);
	row->content = w->head.content;
	row->spec_id = w->head.spec_id;
	row->added_files = row->existing_files = row->deleted_files = 0;
	row->added_rows = row->existing_rows = row->deleted_rows = 0;
	if (partition_count > 0)
		row->partitions.items =
			memory_array(struct iceberg_summary, partition_count);
	row->partitions.count = partition_count;
}

struct iceberg_manifest_writer *
iceberg_manifest_writer_new(struct buffer *out, const struct iceberg_manifest_head *head,
			    const struct iceberg_tuple *partition)
{
	struct iceberg_manifest_writer *w = memory_new(struct iceberg_manifest_writer);

	assert(head->version == 2 || head->version == 3);
	w->out = out;
	w->head = *head;
	w->form = (struct record_form){ manifest_entry_table, head->version, *partition };
	begin(w);
	begin_row(w, partition->count);
	return w;
}

static int count(struct iceberg_manifest *row, const struct iceberg_entry *entry,
		 struct err *e)
{
	int32_t *const files[] = { &row->existing_files, &row->added_files,
				   &row->deleted_files };
	int64_t *const rows[] = { &row->existing_rows, &row->added_rows,
				  &row->deleted_rows };
	int64_t sequence = entry->sequence_number;

	if (__builtin_add_overflow(*rows[entry->status], entry->file.record_count,
				   rows[entry->status]))
		return err_set(e, ERR_DATA, "the rows of a manifest cannot be counted");
	++*files[entry->status];
	if (entry->status != ICEBERG_DELETED && sequence >= 0 &&
	    (row->min_sequence_number < 0 || sequence < row->min_sequence_number))
		row->min_sequence_number = sequence;
	return 0;
}

int iceberg_manifest_writer_add(struct iceberg_manifest_writer *w,
				const struct iceberg_entry *entry, struct err *e)
{
	const struct iceberg_file *f = &entry->file;

	assert(f->path != NULL && f->format != NULL && f->record_count >= 0 &&
	       f->size_bytes >= 0);
	assert((f->content == ICEBERG_DATA) == (w->head.content == ICEBERG_DATA));
	assert(entry->status == ICEBERG_ADDED ||
	       (entry->sequence_number >= 0 && entry->file_sequence_number >= 0));
	if (tuple_check(&w->form.partition, &f->partition, e) < 0 ||
	    count(&w->row, entry, e) < 0)
		return err_wrap(e, "file \"%s\"", f->path);
	record_put(&w->avro.block, &w->form, entry);
	avro_writer_record(&w->avro);
	for (uint32_t i = 0; i < f->partition.count; i++)
		tuple_summarize(&w->row.partitions.items[i], &w->form.partition.fields[i],
				&f->partition.items[i]);
	return 0;
}

void iceberg_manifest_writer_finish(struct iceberg_manifest_writer *w,
				    int64_t snapshot_id, struct iceberg_manifest *row)
{
	avro_writer_finish(&w->avro);
	w->row.length = (int64_t)w->out->size;
	w->row.added_snapshot_id = snapshot_id;
	*row = w->row;
	iceberg_manifest_init(&w->row);
}

void iceberg_manifest_writer_free(struct iceberg_manifest_writer *w)
{
	if (w == NULL)
		return;
	iceberg_manifest_release(&w->row);
	avro_writer_release(&w->avro);
	memory_free(w);
}
