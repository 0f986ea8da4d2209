/* SPDX-License-Identifier: Apache-2.0 */
/* What is alive in a snapshot, from manifests that are right and from such that lie. */
#include "base/memory.h"
#include "lib/iceberg_entries.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/iceberg/live.h"

#define ROOT "file:///lake/t"

struct world {
	struct scratch folder;
	struct store *store;
	struct iceberg_places places;
	struct iceberg_manifests list;
};

static int setup(void **state)
{
	struct world *w = memory_new(struct world);
	struct err e = ERR_INIT;

	scratch_make(&w->folder);
	w->store = store_open_directory(w->folder.path, false, &e);
	w->places = (struct iceberg_places){ w->store, ROOT, w->store, ROOT };
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	iceberg_manifests_release(&w->list);
	store_close(w->store);
	scratch_remove(&w->folder);
	memory_free(w);
	return 0;
}

static void put(struct world *w, const char *key, struct buffer *data)
{
	enum put_result ignored;
	struct err e = ERR_INIT;

	must(store_put(w->store, key, buffer_bytes(data), false, &ignored, &e), &e);
	buffer_release(data);
}

/* One more manifest, of entries that are released with it. */
static void add_manifest(struct world *w, enum iceberg_content content, struct iceberg_entry *entries, uint32_t count)
{
	static const struct iceberg_tuple no_partition;
	const struct iceberg_manifest_head head = { 3, content, all_types_schema_json, 0, "[]", 0 };
	struct iceberg_manifest *row;
	struct buffer data = { 0 };
	struct iceberg_manifest_writer *writer = iceberg_manifest_writer_new(&data, &head, &no_partition);
	struct err e = ERR_INIT;
	char key[32], uri[64];

	for (uint32_t i = 0; i < count; i++) {
		must(iceberg_manifest_writer_add(writer, &entries[i], &e), &e);
		iceberg_entry_release(&entries[i]);
	}
	w->list.items = memory_grow(w->list.items, struct iceberg_manifest, w->list.count + 1);
	row = &w->list.items[w->list.count];
	iceberg_manifest_init(row);
	iceberg_manifest_writer_finish(writer, 7, row);
	iceberg_manifest_writer_free(writer);
	snprintf(key, sizeof(key), "metadata/m%u.avro", w->list.count++);
	snprintf(uri, sizeof(uri), ROOT "/%s", key);
	row->path = memory_copy_text(uri);
	put(w, key, &data);
}

static int load(struct world *w, struct live *out, struct err *e)
{
	const struct iceberg_snapshot_ids ids = { 7, -1, 1, 0 };
	const struct iceberg_snapshot s = { .id = 7, .parent_id = -1, .manifest_list = ROOT "/metadata/list.avro" };
	struct buffer data = { 0 };
	int64_t next_row_id = 0;

	must(iceberg_manifests_assign(&w->list, 1, &next_row_id, e), e);
	must(iceberg_manifest_list_write(&data, 3, &ids, &w->list, e), e);
	put(w, "metadata/list.avro", &data);
	return live_load(out, &w->places, &s, e);
}

static void assert_refused(struct world *w, enum err_kind kind, const char *sentence)
{
	struct err e = ERR_INIT;
	struct live live;

	assert_int_equal(load(w, &live, &e), -1);
	assert_int_equal(e.kind, kind);
	if (strstr(e.text, sentence) == NULL)
		fail_msg("%s", e.text);
}

static struct iceberg_entry data_entry(const char *path)
{
	struct iceberg_entry entry;

	entry_make(&entry, path);
	return entry;
}

/* A vector of `count` rows in metadata/dv.puffin. */
static struct iceberg_entry vector_entry(const char *for_file, int64_t count)
{
	struct iceberg_entry entry;

	entry_make(&entry, ROOT "/metadata/dv.puffin");
	entry.file.content = ICEBERG_POSITION_DELETES;
	memory_free(entry.file.format);
	entry.file.format = memory_copy_text("PUFFIN");
	entry.file.record_count = count;
	entry.file.referenced_data_file = memory_copy_text(for_file);
	entry.file.content_offset = 4;
	entry.file.content_size = 40;
	return entry;
}

static void files_have_their_deletes_and_row_ids(void **state)
{
	struct world *w = *state;
	struct iceberg_entry files[] = { data_entry(ROOT "/a"), data_entry(ROOT "/b") };
	struct iceberg_entry vectors[] = { vector_entry(ROOT "/b", 3), vector_entry(ROOT "/gone", 9) };
	struct err e = ERR_INIT;
	struct live live;
	int64_t b;

	add_manifest(w, ICEBERG_POSITION_DELETES, vectors, 2); /* before the data: the order does not matter */
	add_manifest(w, ICEBERG_DATA, files, 2);
	must(load(w, &live, &e), &e);
	assert_int_equal(live.file_count, 2);
	b = live_find(&live, ROOT "/b");
	assert_int_equal(live.files[b].first_row_id, 1000);
	assert_int_equal(live.files[b].deletes.cardinality, 3);
	assert_int_equal(live.files[b].deletes.offset, 4);
	assert_null(live.files[live_find(&live, ROOT "/a")].deletes.path);
	assert_int_equal(live_find(&live, ROOT "/gone"), -1);
	live_release(&live);
}

static void a_path_twice_is_refused(void **state)
{
	struct world *w = *state;
	struct iceberg_entry one = data_entry(ROOT "/a"), two = data_entry(ROOT "/a");

	add_manifest(w, ICEBERG_DATA, &one, 1);
	add_manifest(w, ICEBERG_DATA, &two, 1);
	assert_refused(w, ERR_DATA, "file \"" ROOT "/a\" is in the table twice");
}

static void two_vectors_of_a_file_are_refused(void **state)
{
	struct world *w = *state;
	struct iceberg_entry file = data_entry(ROOT "/a"), one = vector_entry(ROOT "/a", 3), two = vector_entry(ROOT "/a", 4);

	add_manifest(w, ICEBERG_DATA, &file, 1);
	add_manifest(w, ICEBERG_POSITION_DELETES, &one, 1);
	add_manifest(w, ICEBERG_POSITION_DELETES, &two, 1);
	assert_refused(w, ERR_DATA, "has two lists of deleted rows");
}

static void more_deletes_than_rows_are_refused(void **state)
{
	struct world *w = *state;
	struct iceberg_entry file = data_entry(ROOT "/a"), vector = vector_entry(ROOT "/a", 1001);

	add_manifest(w, ICEBERG_DATA, &file, 1);
	add_manifest(w, ICEBERG_POSITION_DELETES, &vector, 1);
	assert_refused(w, ERR_DATA, "cannot delete 1001 rows");
}

static void a_vector_of_no_file_is_refused(void **state)
{
	struct world *w = *state;
	struct iceberg_entry vector = vector_entry(NULL, 3);

	add_manifest(w, ICEBERG_POSITION_DELETES, &vector, 1);
	assert_refused(w, ERR_DATA, "says of no file that it is its");
}

static void deletes_by_values_are_refused(void **state)
{
	struct world *w = *state;
	struct iceberg_entry equal = vector_entry(NULL, 3);

	equal.file.content = ICEBERG_EQUALITY_DELETES;
	add_manifest(w, ICEBERG_POSITION_DELETES, &equal, 1);
	assert_refused(w, ERR_CONFIG, "has equality deletes");
}

static void a_list_that_lies_is_refused(void **state)
{
	struct world *w = *state;
	struct iceberg_entry file = data_entry(ROOT "/a");

	add_manifest(w, ICEBERG_DATA, &file, 1);
	w->list.items[0].added_files = 0; /* it says that the manifest is empty */
	assert_refused(w, ERR_DATA, "metadata/m0.avro");
	w->list.items[0].added_files = 1;
	memory_free(w->list.items[0].path);
	w->list.items[0].path = memory_copy_text("file:///elsewhere/metadata/m0.avro");
	assert_refused(w, ERR_CONFIG, "was the directory moved");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(files_have_their_deletes_and_row_ids),
		TEST(a_path_twice_is_refused),
		TEST(two_vectors_of_a_file_are_refused),
		TEST(more_deletes_than_rows_are_refused),
		TEST(a_vector_of_no_file_is_refused),
		TEST(deletes_by_values_are_refused),
		TEST(a_list_that_lies_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
