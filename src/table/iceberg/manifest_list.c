/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/manifest_list.h"

#include <assert.h>

#include "table/iceberg/avro.h"
#include "table/iceberg/record.h"

#define MANIFESTS_MAX	100000u
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(sizeof(enum iceberg_content) == sizeof(int32_t), "a MEMBER_INT");

#define MEMBER(object, number, text, type, place, bits, ...)                             \
	{                                                                                \
		.id = (number), .name = (text), .kind = (type),                          \
		.offset = offsetof(struct object, place), .flags = (bits), __VA_ARGS__   \
	}
#define ROW(...)     MEMBER(iceberg_manifest, __VA_ARGS__, )
#define SUMMARY(...) MEMBER(iceberg_summary, __VA_ARGS__, )

static const struct record_member summary_members[] = {
	SUMMARY(509, "contains_null", MEMBER_BOOL, contains_null, 0),
	SUMMARY(518, "contains_nan", MEMBER_BOOL, contains_nan, MEMBER_OPTIONAL),
	SUMMARY(510, "lower_bound", MEMBER_BYTES, lower, MEMBER_OPTIONAL),
	SUMMARY(511, "upper_bound", MEMBER_BYTES, upper, MEMBER_OPTIONAL),
};

static const struct record_member row_members[] = {
	ROW(500, "manifest_path", MEMBER_TEXT, path, 0),
	ROW(501, "manifest_length", MEMBER_LONG, length, 0),
	ROW(502, "partition_spec_id", MEMBER_INT, spec_id, 0),
	ROW(517, "content", MEMBER_INT, content, MEMBER_ZERO),
	ROW(515, "sequence_number", MEMBER_LONG, sequence_number, MEMBER_ZERO),
	ROW(516, "min_sequence_number", MEMBER_LONG, min_sequence_number, MEMBER_ZERO),
	ROW(503, "added_snapshot_id", MEMBER_LONG, added_snapshot_id, MEMBER_LENIENT),
	ROW(504, "added_files_count", MEMBER_INT, added_files, MEMBER_LENIENT),
	ROW(505, "existing_files_count", MEMBER_INT, existing_files, MEMBER_LENIENT),
	ROW(506, "deleted_files_count", MEMBER_INT, deleted_files, MEMBER_LENIENT),
	ROW(512, "added_rows_count", MEMBER_LONG, added_rows, MEMBER_LENIENT),
	ROW(513, "existing_rows_count", MEMBER_LONG, existing_rows, MEMBER_LENIENT),
	ROW(514, "deleted_rows_count", MEMBER_LONG, deleted_rows, MEMBER_LENIENT),
	ROW(507, "partitions", MEMBER_RECORDS, partitions, MEMBER_OPTIONAL,
	    .element_id = 508, .inner = { summary_members, COUNT_OF(summary_members) },
	    .size = sizeof(struct iceberg_summary)),
	ROW(519, "key_metadata", MEMBER_BYTES, key_metadata, MEMBER_OPTIONAL),
	ROW(520, "first_row_id", MEMBER_LONG, first_row_id, MEMBER_OPTIONAL, .since = 3),
};

static const struct record_table row_table = { row_members, COUNT_OF(row_members) };

void iceberg_manifest_init(struct iceberg_manifest *m)
{
	record_init(&row_table, m);
	m->content = ICEBERG_DATA;
}

void iceberg_manifest_release(struct iceberg_manifest *m)
{
	record_release(&row_table, m);
	m->content = ICEBERG_DATA;
}

static struct buffer copy_buffer(const struct buffer *b)
{
	struct buffer copy = { 0 };

	if (b->data != NULL) {
		buffer_reserve(&copy, 1); /* empty stays empty, not null */
		buffer_bytes_append(&copy, buffer_bytes(b));
	}
	return copy;
}

void iceberg_manifest_copy(struct iceberg_manifest *out, const struct iceberg_manifest *m)
{
	*out = *m;
	out->path = memory_copy_text(m->path);
	out->key_metadata = copy_buffer(&m->key_metadata);
	out->partitions.items = NULL;
	if (m->partitions.count > 0)
		out->partitions.items =
			memory_array(struct iceberg_summary, m->partitions.count);
	for (uint32_t i = 0; i < m->partitions.count; i++) {
		const struct iceberg_summary *from = &m->partitions.items[i];

		out->partitions.items[i] =
			(struct iceberg_summary){ from->contains_null, from->contains_nan,
						  copy_buffer(&from->lower),
						  copy_buffer(&from->upper) };
	}
}

void iceberg_manifests_release(struct iceberg_manifests *m)
{
	for (uint32_t i = 0; i < m->count; i++)
		iceberg_manifest_release(&m->items[i]);
	memory_free(m->items);
	*m = (struct iceberg_manifests){ 0 };
}

int iceberg_manifests_assign(struct iceberg_manifests *manifests, int64_t sequence_number,
			     int64_t *next_row_id, struct err *e)
{
	for (uint32_t i = 0; i < manifests->count; i++) {
		struct iceberg_manifest *m = &manifests->items[i];

		if (m->sequence_number < 0)
			m->sequence_number = sequence_number;
		if (m->min_sequence_number < 0)
			m->min_sequence_number = sequence_number;
		if (next_row_id == NULL || m->content != ICEBERG_DATA ||
		    m->first_row_id >= 0)
			continue;
		m->first_row_id = *next_row_id;
		if (__builtin_add_overflow(*next_row_id, m->added_rows, next_row_id) ||
		    __builtin_add_overflow(*next_row_id, m->existing_rows, next_row_id))
			return err_set(e, ERR_DATA,
				       "manifest \"%s\": too many rows for their ids",
				       m->path);
	}
	return 0;
}

static int put_rows(struct avro_writer *w, const struct record_form *form,
		    const struct iceberg_manifests *manifests, struct err *e)
{
	for (uint32_t i = 0; i < manifests->count; i++) {
		const struct iceberg_manifest *m = &manifests->items[i];

		assert(m->path != NULL && m->sequence_number >= 0 &&
		       m->min_sequence_number >= 0);
		if (m->added_snapshot_id < 0 || m->added_files < 0 ||
		    m->existing_files < 0 || m->deleted_files < 0 || m->added_rows < 0 ||
		    m->existing_rows < 0 || m->deleted_rows < 0)
			return err_set(
				e, ERR_DATA,
				"manifest \"%s\" has no counts of its files: it comes "
				"from a table of version 1, whose manifests must be "
				"rewritten first",
				m->path);
		record_put(&w->block, form, m);
		avro_writer_record(w);
	}
	return 0;
}

int iceberg_manifest_list_write(struct buffer *out, int version,
				const struct iceberg_snapshot_ids *ids,
				const struct iceberg_manifests *manifests, struct err *e)
{
	struct record_form form = { .table = row_table, .version = version };
	char text[5][AVRO_NUMBER_BYTES];
	struct avro_pair pairs[] = {
		{ "snapshot-id", avro_pair_number(text[0], ids->snapshot_id) },
		{ "parent-snapshot-id", avro_pair_number(text[1], ids->parent_id) },
		{ "sequence-number", avro_pair_number(text[2], ids->sequence_number) },
		{ "format-version", avro_pair_number(text[3], version) },
		{ "first-row-id", avro_pair_number(text[4], ids->first_row_id) },
	};
	struct buffer schema = { 0 };
	struct avro_writer w;
	int rc;

	assert(version == 2 || version == 3);
	record_schema(&schema, &form, "manifest_file");
	avro_writer_begin(&w, out, buffer_bytes(&schema), pairs, version == 3 ? 5 : 4);
	rc = put_rows(&w, &form, manifests, e);
	if (rc == 0)
		avro_writer_finish(&w);
	avro_writer_release(&w);
	buffer_release(&schema);
	return rc;
}

static int read_row(struct iceberg_manifests *out, const struct record_plan *plan,
		    struct reader *r, struct err *e)
{
	struct iceberg_manifest *m;

	if (out->count == MANIFESTS_MAX)
		return err_set(e, ERR_DATA, "there are more than %u manifests",
			       MANIFESTS_MAX);
	if ((out->count & (out->count - 1)) == 0) /* a power of two: full */
		out->items = memory_grow(out->items, struct iceberg_manifest,
					 out->count == 0 ? 1 : out->count * 2);
	m = &out->items[out->count++];
	iceberg_manifest_init(m);
	if (record_get(plan, r, m, e) < 0)
		return -1;
	if (m->content > ICEBERG_POSITION_DELETES)
		return err_set(e, ERR_DATA, "its field 517 \"content\" is %d",
			       m->content);
	return 0;
}

int iceberg_manifest_list_read(struct iceberg_manifests *out, struct store *store,
			       const char *key, struct err *e)
{
	struct iceberg_manifests read = { 0 };
	struct record_plan *plan;
	struct avro_reader *a;
	struct reader *r;
	int rc;

	if (avro_reader_open(&a, "manifest list", store, key, e) < 0)
		return -1;
	rc = record_bind(&plan, &row_table, NULL, avro_reader_schema(a),
			 avro_reader_arena(a), e);
	if (rc < 0)
		avro_reader_wrap(a, e);
	while (rc == 0 && (rc = avro_reader_next(a, &r, e)) == 0) {
		rc = read_row(&read, plan, r, e);
		if (rc < 0)
			avro_reader_wrap(a, e);
	}
	avro_reader_close(a);
	if (rc < 0) {
		iceberg_manifests_release(&read);
		return -1;
	}
	*out = read;
	return 0;
}
