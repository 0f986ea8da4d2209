/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests and their lists: every member comes back, what is null is inherited, what is
 * wrong is refused.
 */
#include "lib/iceberg_entries.h"
#include "lib/one_object.h"
#include "lib/test.h"
#include "table/iceberg/avro.h"

static const struct iceberg_tuple no_partition;

static struct iceberg_manifest_head head_of(int version, enum iceberg_content content)
{
	return (struct iceberg_manifest_head){ version, content, all_types_schema_json,
					       0,	"[]",	 0 };
}

/* Writes entries of an unpartitioned table; the row is the manifest's. */
static void write_entries(struct buffer *out, int version,
			  const struct iceberg_entry *entries, uint32_t count,
			  struct iceberg_manifest *row)
{
	struct iceberg_manifest_head head = head_of(version, entries[0].file.content);
	struct iceberg_manifest_writer *w;
	struct err e = ERR_INIT;

	if (head.content != ICEBERG_DATA)
		head.content = ICEBERG_POSITION_DELETES;
	w = iceberg_manifest_writer_new(out, &head, &no_partition);
	for (uint32_t i = 0; i < count; i++)
		must(iceberg_manifest_writer_add(w, &entries[i], &e), &e);
	iceberg_manifest_writer_finish(w, 77, row);
	iceberg_manifest_writer_free(w);
	row->path = memory_copy_text("file:///lake/m.avro");
}

/* Reads the object to its end: the entries, or -1. `last` is the last one's. */
static int read_entries(struct one_object *p, const struct iceberg_manifest *row,
			struct iceberg_entry *last, struct err *e)
{
	struct iceberg_manifest_reader *r;
	struct iceberg_entry entry;
	int count = 0, rc;

	if (iceberg_manifest_reader_open(&r, &p->store, "m", row, NULL, e) < 0)
		return -1;
	iceberg_entry_init(&entry);
	while ((rc = iceberg_manifest_reader_next(r, &entry, e)) == 0) {
		count++;
		if (last != NULL) {
			iceberg_entry_release(last);
			*last = entry;
			iceberg_entry_init(&entry);
		}
	}
	iceberg_entry_release(&entry);
	iceberg_manifest_reader_close(r);
	return rc < 0 ? -1 : count;
}

static void every_member_comes_back(void **state)
{
	(void)state;
	for (int version = 2; version <= 3; version++) {
		struct iceberg_entry full, back;
		struct iceberg_manifest row;
		struct buffer out = { 0 };
		struct err e = ERR_INIT;
		struct one_object p;

		entry_make(&full, "file:///lake/é.parquet");
		entry_fill(&full);
		full.file.content = ICEBERG_EQUALITY_DELETES;
		if (version == 2)
			full.file.first_row_id = full.file.content_offset =
				full.file.content_size = -1;
		iceberg_entry_init(&back);
		write_entries(&out, version, &full, 1, &row);
		p = one_object_of(buffer_bytes(&out));
		assert_int_equal(read_entries(&p, &row, &back, &e), 1);
		assert_entries_equal(&full, &back);
		iceberg_manifest_release(&row);
		iceberg_entry_release(&full);
		iceberg_entry_release(&back);
		buffer_release(&out);
	}
}

static void what_is_null_stays_null(void **state)
{
	struct iceberg_entry bare, back;
	struct iceberg_manifest row;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	entry_make(&bare, "file:///lake/a.parquet");
	iceberg_entry_init(&back);
	write_entries(&out, 3, &bare, 1, &row);
	p = one_object_of(buffer_bytes(&out));
	assert_int_equal(read_entries(&p, &row, &back, &e), 1);
	assert_entries_equal(&bare, &back);
	assert_int_equal(back.sequence_number, -1);
	assert_null(back.file.referenced_data_file);
	iceberg_manifest_release(&row);
	iceberg_entry_release(&bare);
	iceberg_entry_release(&back);
	buffer_release(&out);
}

/* Two entries: one with values, one with nulls. */
static void write_partitioned(struct buffer *out, struct iceberg_entry entries[2],
			      struct iceberg_manifest *row)
{
	struct iceberg_manifest_head head = {
		3, ICEBERG_DATA, all_types_schema_json, 0, all_types_spec_json, 5
	};
	struct iceberg_manifest_writer *w;
	struct err e = ERR_INIT;

	w = iceberg_manifest_writer_new(out, &head, &all_types_partition);
	for (int i = 0; i < 2; i++) {
		entry_make(&entries[i], "file:///lake/a.parquet");
		entry_set_partition(&entries[i], i == 1);
		must(iceberg_manifest_writer_add(w, &entries[i], &e), &e);
	}
	iceberg_manifest_writer_finish(w, 77, row);
	iceberg_manifest_writer_free(w);
	row->path = memory_copy_text("file:///lake/m.avro");
}

static void partitions_of_every_type_come_back(void **state)
{
	/* Another order, and a field that the file does not have. */
	struct iceberg_tuple_field fields[] = {
		all_types_partition.fields[9],
		{ 1099, "newer", TYPE_INT, 0, 0 },
		all_types_partition.fields[5],
	};
	struct iceberg_tuple chosen = { fields, 3 };
	struct iceberg_manifest_reader *r;
	struct iceberg_entry entries[2], back;
	struct iceberg_manifest row;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	write_partitioned(&out, entries, &row);
	p = one_object_of(buffer_bytes(&out));
	iceberg_entry_init(&back);
	must(iceberg_manifest_reader_open(&r, &p.store, "m", &row, NULL, &e), &e);
	assert_int_equal(iceberg_manifest_reader_head(r)->spec_id, 5);
	assert_string_equal(iceberg_manifest_reader_head(r)->spec_json,
			    all_types_spec_json);
	for (int i = 0; i < 2; i++) {
		must(iceberg_manifest_reader_next(r, &back, &e), &e);
		assert_entries_equal(&entries[i], &back);
	}
	iceberg_manifest_reader_close(r);
	must(iceberg_manifest_reader_open(&r, &p.store, "m", &row, &chosen, &e), &e);
	must(iceberg_manifest_reader_next(r, &back, &e), &e);
	assert_int_equal(back.file.partition.count, 3);
	assert_true(bytes_equal(buffer_bytes(&back.file.partition.items[0].bytes),
				BYTES_OF("é")));
	assert_true(back.file.partition.items[1].is_null);
	assert_true(bytes_equal(buffer_bytes(&back.file.partition.items[2].bytes),
				BYTES_OF("\xcf\xc7")));
	iceberg_manifest_reader_close(r);
	iceberg_manifest_release(&row);
	iceberg_entry_release(&entries[0]);
	iceberg_entry_release(&entries[1]);
	iceberg_entry_release(&back);
	buffer_release(&out);
}

static void a_copied_partition_is_its_own(void **state)
{
	struct iceberg_entry from, to;

	(void)state;
	entry_make(&from, "file:///lake/a.parquet");
	entry_make(&to, "file:///lake/a.parquet");
	entry_set_partition(&from, false);
	iceberg_values_copy(&to.file.partition, &from.file.partition);
	assert_entries_equal(&from, &to);
	iceberg_values_release(&from.file.partition);
	assert_int_equal(from.file.partition.count, 0);
	assert_int_equal(to.file.partition.items[0].bytes.data[0], 1);
	iceberg_entry_release(&from);
	iceberg_entry_release(&to);
}

static void a_partition_that_does_not_fit_its_spec_is_refused(void **state)
{
	struct iceberg_manifest_head head = head_of(3, ICEBERG_DATA);
	struct iceberg_manifest_writer *w;
	struct iceberg_entry entry;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	w = iceberg_manifest_writer_new(&out, &head, &all_types_partition);
	entry_make(&entry, "file:///lake/a.parquet");
	assert_int_equal(iceberg_manifest_writer_add(w, &entry, &e), -1);
	assert_non_null(strstr(e.text, "a partition has 0 values, its spec 11 fields"));
	entry_set_partition(&entry, false);
	buffer_char(&entry.file.partition.items[1].bytes, 0);
	assert_int_equal(iceberg_manifest_writer_add(w, &entry, &e), -1);
	assert_string_equal(
		e.text, "file \"file:///lake/a.parquet\": partition field 1001: \"int\": "
			"5 bytes are no integer");
	iceberg_entry_release(&entry);
	iceberg_manifest_writer_free(w);
	buffer_release(&out);
}

static void the_row_counts_and_summarizes_its_files(void **state)
{
	struct iceberg_entry entries[3], partitioned[2];
	struct iceberg_manifest row;
	struct buffer out = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		entry_make(&entries[i], "file:///lake/a.parquet");
		entries[i].status = (enum iceberg_status)i;
		entries[i].sequence_number = entries[i].file_sequence_number =
			i == 1 ? -1 : 9 - i;
		entries[i].file.record_count = 10 + i;
	}
	write_entries(&out, 3, entries, 3, &row);
	assert_int_equal(row.length, out.size);
	assert_int_equal(row.existing_files, 1);
	assert_int_equal(row.added_files, 1);
	assert_int_equal(row.deleted_files, 1);
	assert_int_equal(row.existing_rows, 10);
	assert_int_equal(row.added_rows, 11);
	assert_int_equal(row.deleted_rows, 12);
	assert_int_equal(row.sequence_number, -1);
	assert_int_equal(row.min_sequence_number, 9); /* the deleted one's is 7 */
	assert_int_equal(row.partitions.count, 0);
	iceberg_manifest_release(&row);
	buffer_clear(&out);
	write_partitioned(&out, partitioned, &row);
	assert_int_equal(row.partitions.count, 11);
	for (uint32_t i = 0; i < 11; i++) {
		struct iceberg_summary *s = &row.partitions.items[i];

		assert_int_equal(s->contains_null, 1);
		assert_true(bytes_equal(
			buffer_bytes(&s->lower),
			buffer_bytes(&partitioned[0].file.partition.items[i].bytes)));
	}
	for (int i = 0; i < 3; i++)
		iceberg_entry_release(&entries[i]);
	iceberg_entry_release(&partitioned[0]);
	iceberg_entry_release(&partitioned[1]);
	iceberg_manifest_release(&row);
	buffer_release(&out);
}

static void summaries_order_values_by_their_type(void **state)
{
	static const struct {
		enum type type;
		struct bytes smaller, larger;
	} pairs[] = {
		{ TYPE_INT, BYTES_OF("\xff\xff\xff\xff"), BYTES_OF("\1\0\0\0") },
		{ TYPE_LONG, BYTES_OF("\xff\xff\xff\xff"), BYTES_OF("\0\1\0\0\0\0\0\0") },
		{ TYPE_DECIMAL, BYTES_OF("\xff"), BYTES_OF("\1\0") },
		{ TYPE_DECIMAL, BYTES_OF("\x80\0\0"), BYTES_OF("\xff\0") },
		{ TYPE_FLOAT, BYTES_OF("\0\0\xc0\xbf"), BYTES_OF("\0\0\xc0\x3f") },
		{ TYPE_STRING, BYTES_OF(""), BYTES_OF("a") },
		{ TYPE_STRING, BYTES_OF("z"), BYTES_OF("\xc3\xa9") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct iceberg_tuple_field field = { 1000, "p", pairs[i].type, 9, 0 };
		struct iceberg_value smaller = { 0 }, larger = { 0 };
		struct iceberg_summary s = { 0 };

		buffer_bytes_append(&smaller.bytes, pairs[i].smaller);
		buffer_bytes_append(&larger.bytes, pairs[i].larger);
		tuple_summarize(&s, &field, &larger);
		tuple_summarize(&s, &field, &smaller);
		tuple_summarize(&s, &field, &larger);
		assert_true(bytes_equal(buffer_bytes(&s.lower), pairs[i].smaller));
		assert_true(bytes_equal(buffer_bytes(&s.upper), pairs[i].larger));
		assert_int_equal(s.contains_null, 0);
		buffer_release(&s.lower);
		buffer_release(&s.upper);
		buffer_release(&smaller.bytes);
		buffer_release(&larger.bytes);
	}
}

static void a_nan_is_told_and_is_no_bound(void **state)
{
	struct iceberg_tuple_field field = { 1000, "p", TYPE_FLOAT, 0, 0 };
	struct iceberg_value nan = { 0 };
	struct iceberg_summary s = { 0 };

	(void)state;
	buffer_bytes_append(&nan.bytes, BYTES_OF("\0\0\xc0\x7f"));
	tuple_summarize(&s, &field, &nan);
	assert_int_equal(s.contains_nan, 1);
	assert_null(s.lower.data);
	buffer_release(&nan.bytes);
}

/* The example of the spec, "Row lineage example", and its table of manifests. */
static void entries_inherit_what_is_null(void **state)
{
	struct iceberg_manifest row;
	struct iceberg_entry entries[4];
	int64_t next_row_id = 1000;
	struct err e = ERR_INIT;

	(void)state;
	iceberg_manifest_init(&row);
	row.path = memory_copy_text("added1");
	row.sequence_number = 8;
	row.added_snapshot_id = 77;
	row.first_row_id = 1000;
	for (int i = 0; i < 4; i++) {
		entry_make(&entries[i], "data");
		entries[i].file.record_count = 50;
	}
	entries[0].status = ICEBERG_EXISTING;
	entries[0].snapshot_id = 70;
	entries[0].sequence_number = 5;
	entries[0].file_sequence_number = 4;
	entries[0].file.record_count = 25;
	entries[0].file.first_row_id = 800;
	for (int i = 0; i < 3; i++)
		must(iceberg_entry_inherit(&entries[i], &row, &next_row_id, &e), &e);
	assert_int_equal(entries[0].snapshot_id, 70);
	assert_int_equal(entries[0].sequence_number, 5);
	assert_int_equal(entries[0].file_sequence_number, 4);
	assert_int_equal(entries[0].file.first_row_id, 800);
	assert_int_equal(entries[1].snapshot_id, 77);
	assert_int_equal(entries[1].sequence_number, 8);
	assert_int_equal(entries[1].file_sequence_number, 8);
	assert_int_equal(entries[1].file.first_row_id, 1000);
	assert_int_equal(entries[2].file.first_row_id, 1050);
	entries[3].status = ICEBERG_DELETED;
	assert_int_equal(iceberg_entry_inherit(&entries[3], &row, &next_row_id, &e), -1);
	assert_non_null(
		strstr(e.text, "\"data\" is not new in it and has no sequence number"));
	row.sequence_number = 0; /* of version 1 */
	must(iceberg_entry_inherit(&entries[3], &row, &next_row_id, &e), &e);
	assert_int_equal(entries[3].sequence_number, 0);
	assert_int_equal(next_row_id, 1100);
	for (int i = 0; i < 4; i++)
		iceberg_entry_release(&entries[i]);
	iceberg_manifest_release(&row);
}

static void a_table_before_version_3_has_no_row_ids(void **state)
{
	struct iceberg_manifest row;
	struct iceberg_entry entry;
	int64_t next_row_id = -1;
	struct err e = ERR_INIT;

	(void)state;
	iceberg_manifest_init(&row);
	row.sequence_number = 8;
	row.added_snapshot_id = 77;
	entry_make(&entry, "data");
	entry.file.first_row_id = 5;
	must(iceberg_entry_inherit(&entry, &row, &next_row_id, &e), &e);
	assert_int_equal(entry.file.first_row_id, -1);
	iceberg_entry_release(&entry);
}

/* `count` manifests with the spec's numbers, "Row lineage example". */
static struct iceberg_manifests example_manifests(void)
{
	static const struct {
		const char *path;
		int64_t added, existing, first_row_id;
	} rows[] = {
		{ "existing", 75, 0, 925 }, { "added1", 100, 25, -1 },
		{ "added2", 0, 100, -1 },   { "deletes", 7, 0, -1 },
		{ "added3", 125, 25, -1 },
	};
	struct iceberg_manifests m = { memory_array(struct iceberg_manifest, 5), 5 };

	for (uint32_t i = 0; i < m.count; i++) {
		struct iceberg_manifest *row = &m.items[i];

		iceberg_manifest_init(row);
		row->path = memory_copy_text(rows[i].path);
		row->length = 1000 + i;
		row->spec_id = 0;
		row->content = i == 3 ? ICEBERG_POSITION_DELETES : ICEBERG_DATA;
		row->added_snapshot_id = 77;
		row->added_files = 1;
		row->existing_files = row->deleted_files = 0;
		row->deleted_rows = 0;
		row->added_rows = rows[i].added;
		row->existing_rows = rows[i].existing;
		row->first_row_id = rows[i].first_row_id;
	}
	m.items[0].sequence_number = m.items[0].min_sequence_number = 7;
	m.items[1].min_sequence_number = 3;
	m.items[2].partitions.items = memory_array(struct iceberg_summary, 2);
	m.items[2].partitions.count = 2;
	m.items[2].partitions.items[0].contains_nan = -1;
	buffer_text(&m.items[2].partitions.items[1].upper, "z");
	buffer_reserve(&m.items[2].partitions.items[1].lower, 1);
	buffer_text(&m.items[4].key_metadata, "key");
	return m;
}

static void a_commit_gives_new_manifests_their_numbers(void **state)
{
	struct iceberg_manifests m = example_manifests();
	int64_t next_row_id = 1000;
	struct err e = ERR_INIT;

	(void)state;
	must(iceberg_manifests_assign(&m, 8, &next_row_id, &e), &e);
	assert_int_equal(next_row_id, 1375);
	assert_int_equal(m.items[0].first_row_id, 925);
	assert_int_equal(m.items[1].first_row_id, 1000);
	assert_int_equal(m.items[2].first_row_id, 1125);
	assert_int_equal(m.items[3].first_row_id, -1);
	assert_int_equal(m.items[4].first_row_id, 1225);
	assert_int_equal(m.items[0].sequence_number, 7);
	assert_int_equal(m.items[1].sequence_number, 8);
	assert_int_equal(m.items[1].min_sequence_number, 3);
	assert_int_equal(m.items[4].min_sequence_number, 8);
	m.items[4].first_row_id = -1;
	next_row_id = INT64_MAX - 100;
	assert_int_equal(iceberg_manifests_assign(&m, 8, &next_row_id, &e), -1);
	assert_non_null(strstr(e.text, "manifest \"added3\": too many rows"));
	iceberg_manifests_release(&m);
}

static void a_list_comes_back(void **state)
{
	const struct iceberg_snapshot_ids ids = { 77, -1, 8, 1000 };

	(void)state;
	for (int version = 2; version <= 3; version++) {
		struct iceberg_manifests m = example_manifests(), back;
		int64_t next_row_id = 1000;
		struct buffer out = { 0 };
		struct err e = ERR_INIT;
		struct one_object p;

		m.items[0].first_row_id = version == 3 ? 925 : -1;
		must(iceberg_manifests_assign(&m, 8, version == 3 ? &next_row_id : NULL,
					      &e),
		     &e);
		must(iceberg_manifest_list_write(&out, version, &ids, &m, &e), &e);
		p = one_object_of(buffer_bytes(&out));
		must(iceberg_manifest_list_read(&back, &p.store, "m", &e), &e);
		assert_int_equal(back.count, m.count);
		for (uint32_t i = 0; i < m.count; i++) {
			struct iceberg_manifest copy;

			assert_manifests_equal(&m.items[i], &back.items[i]);
			iceberg_manifest_copy(&copy, &m.items[i]);
			assert_manifests_equal(&m.items[i], &copy);
			iceberg_manifest_release(&copy);
		}
		iceberg_manifests_release(&m);
		iceberg_manifests_release(&back);
		buffer_release(&out);
	}
}

static void a_manifest_without_counts_is_not_listed(void **state)
{
	const struct iceberg_snapshot_ids ids = { 77, -1, 8, -1 };
	struct iceberg_manifests m = example_manifests();
	struct buffer out = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	must(iceberg_manifests_assign(&m, 8, NULL, &e), &e);
	m.items[1].existing_rows = -1;
	assert_int_equal(iceberg_manifest_list_write(&out, 2, &ids, &m, &e), -1);
	assert_non_null(strstr(e.text, "manifest \"added1\" has no counts"));
	iceberg_manifests_release(&m);
	buffer_release(&out);
}

static void a_manifest_is_held_to_its_row(void **state)
{
	struct iceberg_manifest row;
	struct iceberg_entry entry;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	entry_make(&entry, "file:///lake/a.parquet");
	write_entries(&out, 3, &entry, 1, &row);
	p = one_object_of(buffer_bytes(&out));
	row.length++;
	assert_int_equal(read_entries(&p, &row, NULL, &e), -1);
	assert_non_null(strstr(e.text, "manifest \"file:///lake/m.avro\" has "));
	assert_non_null(strstr(e.text, " bytes, its list says "));
	row.length--;
	row.added_files = 2;
	assert_int_equal(read_entries(&p, &row, NULL, &e), -1);
	assert_string_equal(
		e.text,
		"manifest \"file:///lake/m.avro\" has 1 entries, its list says 2");
	row.spec_id = 3;
	assert_int_equal(read_entries(&p, &row, NULL, &e), -1);
	assert_string_equal(e.text,
			    "manifest \"m\": its partition spec is 0, its list says 3");
	row.content = ICEBERG_POSITION_DELETES;
	assert_int_equal(read_entries(&p, &row, NULL, &e), -1);
	assert_string_equal(e.text,
			    "manifest \"m\": it holds data, its list says deletes");
	iceberg_manifest_release(&row);
	iceberg_entry_release(&entry);
	buffer_release(&out);
}

static void every_altered_byte_of_a_manifest_is_refused_or_harmless(void **state)
{
	struct iceberg_manifest row;
	struct iceberg_entry entry;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	entry_make(&entry, "file:///lake/a.parquet");
	entry_fill(&entry);
	write_entries(&out, 3, &entry, 1, &row);
	p = one_object_of(buffer_bytes(&out));
	for (size_t i = 0; i < out.size; i += 3) {
		out.data[i] ^= 0x15;
		(void)read_entries(&p, NULL, NULL, &e);
		out.data[i] ^= 0x15;
	}
	iceberg_manifest_release(&row);
	iceberg_entry_release(&entry);
	buffer_release(&out);
}

/*
 * A manifest of one record whose fields are what the text says, around the least that one
 * must have.
 */
static void put_strange(struct buffer *out, const char *fields, struct bytes record)
{
	struct buffer schema = { 0 };
	struct avro_writer w;

	buffer_format(&schema,
		      "{\"type\":\"record\",\"name\":\"manifest_entry\",\"fields\":[%s]}",
		      fields);
	buffer_clear(out);
	avro_writer_begin(&w, out, buffer_bytes(&schema), NULL, 0);
	buffer_bytes_append(&w.block, record);
	avro_writer_record(&w);
	avro_writer_finish(&w);
	avro_writer_release(&w);
	buffer_release(&schema);
}

#define STATUS "{\"name\":\"status\",\"type\":\"int\",\"field-id\":0}"
#define DATA_FILE(x)                                                                     \
	"{\"name\":\"data_file\",\"type\":{\"type\":\"record\",\"name\":\"r2\","         \
	"\"fields\":[" x "]},\"field-id\":2}"
#define PATH "{\"name\":\"file_path\",\"type\":\"string\",\"field-id\":100}"
#define REST                                                                             \
	"{\"name\":\"file_format\",\"type\":\"string\",\"field-id\":101},"               \
	"{\"name\":\"partition\",\"type\":{\"type\":\"record\",\"name\":\"r102\","       \
	"\"fields\":[]},\"field-id\":102},"                                              \
	"{\"name\":\"record_count\",\"type\":\"int\",\"field-id\":103},"                 \
	"{\"name\":\"file_size_in_bytes\",\"type\":[\"long\",\"null\"],\"field-id\":"    \
	"104}"

static void unknown_fields_and_other_orders_are_no_trouble(void **state)
{
	/*
	 * data_file before status, ints for longs, a union with null behind, fields
	 * without an id
	 */
	const struct bytes record = BYTES_OF("\4xx\x04OK\2p\16parquet\12\0\16\2");
	struct iceberg_entry entry;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	put_strange(
		&out,
		"{\"name\":\"note\",\"type\":\"string\"}," DATA_FILE(
			"{\"name\":\"other\",\"type\":\"bytes\",\"field-id\":7000}," PATH
			"," REST) "," STATUS,
		record);
	p = one_object_of(buffer_bytes(&out));
	iceberg_entry_init(&entry);
	if (read_entries(&p, NULL, &entry, &e) != 1)
		fail_msg("%s", e.text);
	assert_int_equal(entry.status, ICEBERG_ADDED);
	assert_string_equal(entry.file.path, "p");
	assert_string_equal(entry.file.format, "PARQUET");
	assert_int_equal(entry.file.record_count, 5);
	assert_int_equal(entry.file.size_bytes, 7);
	assert_int_equal(entry.sequence_number, 0); /* as version 1 has it */
	assert_int_equal(entry.file.content, ICEBERG_DATA);
	iceberg_entry_release(&entry);
	buffer_release(&out);
}

static void strange_manifests_are_refused_by_field(void **state)
{
	static const struct {
		const char *fields;
		struct bytes record;
		const char *words;
	} cases[] = {
		{ STATUS, BYTES_OF("\2"), "its schema has no field 2 \"data_file\"" },
		{ DATA_FILE(REST) "," STATUS, BYTES_OF("\2"),
		  "its schema has no field 100 \"file_path\"" },
		{ STATUS "," STATUS, BYTES_OF("\2\2"), "its schema has two fields 0" },
		{ "{\"name\":\"status\",\"type\":\"string\",\"field-id\":0}",
		  BYTES_OF("\2a"),
		  "its field 0 \"status\" has the unexpected type \"string\"" },
		{ "{\"name\":\"status\",\"type\":[\"null\",\"int\",\"long\"],\"field-"
		  "id\":0}",
		  BYTES_OF("\2a"),
		  "its field 0 \"status\" has the unexpected type \"union\"" },
		{ STATUS "," DATA_FILE(PATH "," REST),
		  BYTES_OF("\6\2p\16PARQUET\12\0\16"), "block at byte" },
		{ STATUS "," DATA_FILE(PATH "," REST),
		  BYTES_OF("\6\2p\16PARQUET\12\0\16"),
		  "record 1: its field 0 \"status\" is 3" },
		{ STATUS "," DATA_FILE(PATH "," REST),
		  BYTES_OF("\2\2p\16PARQUET\11\0\16"),
		  "its field 103 \"record_count\" is negative" },
		{ STATUS "," DATA_FILE(PATH "," REST),
		  BYTES_OF("\2\2p\16PARQUET\12\2\16"),
		  "its field 104 \"file_size_in_bytes\" is null" },
		{ STATUS "," DATA_FILE(PATH "," REST),
		  BYTES_OF("\2\2p\16PARQUET\12\4\16"),
		  "its field 104 \"file_size_in_bytes\" has an unknown branch" },
		{ STATUS "," DATA_FILE(PATH "," REST),
		  BYTES_OF("\2\2\0\16PARQUET\12\0\16"),
		  "its field 100 \"file_path\" is no text" },
		{ STATUS "," DATA_FILE(PATH "," REST), BYTES_OF("\2\2p\16PARQUET\12\0"),
		  "its field 104 \"file_size_in_bytes\" is malformed or cut off" },
		{ STATUS "," DATA_FILE(PATH "," REST),
		  BYTES_OF("\x80\x80\x80\x80\x20\2p\16PARQUET\12\0\16"),
		  "its field 0 \"status\" is no 32-bit number" },
		{ STATUS "," DATA_FILE(
			  "{\"name\":\"content\",\"type\":\"int\",\"field-id\":134}," PATH
			  "," REST),
		  BYTES_OF("\2\2\2p\16PARQUET\12\0\16"),
		  "its field 134 \"content\" is 1 in a manifest of data" },
		{ STATUS "," DATA_FILE("{\"name\":\"column_sizes\",\"type\":{\"type\":"
				       "\"array\",\"items\":\"int\"},"
				       "\"field-id\":108}," PATH "," REST),
		  BYTES_OF("\2"),
		  "its field 108 \"column_sizes\" has the unexpected type \"int\"" },
		{ STATUS "," DATA_FILE("{\"name\":\"split_offsets\",\"type\":{\"type\":"
				       "\"array\",\"items\":\"int\"},"
				       "\"field-id\":132}," PATH "," REST),
		  BYTES_OF("\2\xfe\xff\xff\xff\x0f\2\0\2p\16PARQUET\12\0\16"),
		  "its field 132 \"split_offsets\" is malformed or cut off" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = { 0 };
		struct err e = ERR_INIT;
		struct one_object p;

		put_strange(&out, cases[i].fields, cases[i].record);
		p = one_object_of(buffer_bytes(&out));
		assert_int_equal(read_entries(&p, NULL, NULL, &e), -1);
		assert_int_equal(e.kind, ERR_DATA);
		if (strncmp(e.text, "manifest \"m\"", 12) != 0 ||
		    strstr(e.text, cases[i].words) == NULL)
			fail_msg("\"%s\" does not say: %s", e.text, cases[i].words);
		buffer_release(&out);
	}
}

static void a_list_that_is_none_is_refused(void **state)
{
	struct iceberg_manifests m;
	struct iceberg_manifest row;
	struct iceberg_entry entry;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	entry_make(&entry, "file:///lake/a.parquet");
	write_entries(&out, 3, &entry, 1, &row);
	p = one_object_of(buffer_bytes(&out));
	assert_int_equal(iceberg_manifest_list_read(&m, &p.store, "m", &e), -1);
	assert_string_equal(
		e.text,
		"manifest list \"m\": its schema has no field 500 \"manifest_path\"");
	p.data.data = NULL;
	assert_int_equal(iceberg_manifest_list_read(&m, &p.store, "gone", &e), -1);
	assert_string_equal(e.text, "manifest list \"gone\": it is gone");
	iceberg_manifest_release(&row);
	iceberg_entry_release(&entry);
	buffer_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_comes_back),
		cmocka_unit_test(what_is_null_stays_null),
		cmocka_unit_test(partitions_of_every_type_come_back),
		cmocka_unit_test(a_copied_partition_is_its_own),
		cmocka_unit_test(a_partition_that_does_not_fit_its_spec_is_refused),
		cmocka_unit_test(the_row_counts_and_summarizes_its_files),
		cmocka_unit_test(summaries_order_values_by_their_type),
		cmocka_unit_test(a_nan_is_told_and_is_no_bound),
		cmocka_unit_test(entries_inherit_what_is_null),
		cmocka_unit_test(a_table_before_version_3_has_no_row_ids),
		cmocka_unit_test(a_commit_gives_new_manifests_their_numbers),
		cmocka_unit_test(a_list_comes_back),
		cmocka_unit_test(a_manifest_without_counts_is_not_listed),
		cmocka_unit_test(a_manifest_is_held_to_its_row),
		cmocka_unit_test(every_altered_byte_of_a_manifest_is_refused_or_harmless),
		cmocka_unit_test(unknown_fields_and_other_orders_are_no_trouble),
		cmocka_unit_test(strange_manifests_are_refused_by_field),
		cmocka_unit_test(a_list_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
