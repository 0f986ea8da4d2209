/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a table with an Iceberg face keep their ids when they are updated, and no two rows ever have the same. */
#include "lib/test.h"

#include <stdio.h>

#include "base/memory.h"
#include "lib/merge_table.h"
#include "merge/data_file.h"
#include "table/iceberg/follow.h"

#define ROW(...) ((const int64_t[]){ __VA_ARGS__ })

struct faced { /* a table and its face */
	struct merge_table t;
	struct follow *face;
	struct row_lineage lineage;
	struct batch *batch; /* of the next commit */
	int commits;
};

static int64_t first_row_id(void *context, const char *path)
{
	struct faced *f = context;
	struct err e = ERR_INIT;
	int64_t id;

	must(follow_first_row_id(f->face, path, &id, &e), &e);
	return id;
}

/* As lake_table.c does it: the face has what the table has before rows are updated. */
static void begin(struct faced *f)
{
	const struct follow_settings settings = { .namespace = "d", .name = "t", .format_version = 3 };
	struct err e = ERR_INIT;

	merge_table_open(&f->t);
	must(follow_open(&f->face, f->t.store, &settings, &e), &e);
	must(follow_up(f->face, f->t.table, &e), &e);
	f->lineage = (struct row_lineage){ first_row_id, f };
	merge_keep_row_ids(f->t.merge, &f->lineage);
	f->batch = batch_new(f->t.schema);
}

static void end(struct faced *f)
{
	batch_free(f->batch);
	follow_close(f->face);
	merge_table_close(&f->t);
}

static void commit(struct faced *f)
{
	struct err e = ERR_INIT;

	must(merge_table_commit(&f->t, f->batch, ++f->commits, &e), &e);
	must(follow_up(f->face, f->t.table, &e), &e);
	f->batch = batch_new(f->t.schema);
}

static void stage(struct faced *f)
{
	struct err e = ERR_INIT;

	must(merge_stage(f->t.merge, f->batch, &e), &e);
	batch_free(f->batch);
	f->batch = batch_new(f->t.schema);
}

static void put(struct faced *f, int64_t key, const char *name)
{
	merge_table_put(f->batch, &key, name);
}

static void move(struct faced *f, int64_t from, int64_t to)
{
	struct columns before, after;

	columns_init(&before, f->t.schema);
	columns_init(&after, f->t.schema);
	merge_table_row(&before, f->t.schema, &from, "x");
	merge_table_row(&after, f->t.schema, &to, "x");
	batch_add(f->batch, &(struct rows){ .op = OP_UPDATE, .count = 1, .before = &before, .after = &after });
	columns_release(&before);
	columns_release(&after);
}

/* "key=id " of the live rows of a file, by the format's rules. */
static void file_ids(struct buffer *out, struct faced *f, uint32_t slot)
{
	const struct snapshot *s = table_snapshot(f->t.table);
	struct schema *schema = row_lineage_schema(s->schema);
	struct data_file_reader *reader;
	struct row_set *dead;
	struct columns rows;
	struct err e = ERR_INIT;
	const struct column *ids;
	int rc;

	columns_init(&rows, schema);
	must(table_read_dv(f->t.table, slot, &dead, &e), &e);
	must(data_file_open(&reader, f->t.store, &s->files[slot], schema, &e), &e);
	while ((rc = data_file_next(reader, 100000, &rows, &e)) == 0)
		;
	must(rc, &e);
	ids = &rows.columns[rows.column_count - 1];
	for (uint32_t i = 0; i < rows.row_count; i++) {
		int64_t id = column_is_null(ids, i) ? first_row_id(f, s->files[slot].path) + i : column_int64(ids, i);

		if (!row_set_has(dead, i))
			buffer_format(out, "%lld=%lld ", (long long)column_int64(&rows.columns[0], i), (long long)id);
	}
	data_file_close(reader);
	row_set_free(dead);
	columns_release(&rows);
	schema_release(schema);
}

static void assert_ids(struct faced *f, const char *expected)
{
	struct buffer text = { 0 };

	for (uint32_t slot = 0; slot < table_snapshot(f->t.table)->file_count; slot++)
		file_ids(&text, f, slot);
	assert_buffer_text(text, expected);
}

/* 1 to 4, with the ids 0 to 3. */
static int setup(void **state)
{
	struct faced *f = memory_new(struct faced);

	merge_table_make(&f->t, true);
	begin(f);
	for (int64_t id = 1; id <= 4; id++)
		put(f, id, "first");
	commit(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct faced *f = *state;

	end(f);
	merge_table_remove(&f->t);
	memory_free(f);
	return 0;
}

static void updated_rows_keep_their_ids_and_new_ones_get_new_ones(void **state)
{
	struct faced *f = *state;

	put(f, 2, "second");
	put(f, 5, "new");
	commit(f);
	assert_ids(f, "1=0 3=2 4=3 2=1 5=5 ");
	put(f, 5, "updated");
	put(f, 2, "third");
	commit(f);
	assert_ids(f, "1=0 3=2 4=3 5=5 2=1 ");
}

static void a_row_that_is_deleted_and_inserted_is_a_new_one(void **state)
{
	struct faced *f = *state;

	merge_table_delete(f->batch, ROW(3), "first");
	put(f, 3, "again");
	put(f, 4, "updated");
	commit(f);
	assert_ids(f, "1=0 2=1 3=4 4=3 ");
}

static void a_row_takes_its_id_to_another_key(void **state)
{
	struct faced *f = *state;

	move(f, 1, 9);
	put(f, 1, "new");
	move(f, 2, 8);
	move(f, 3, 2);
	move(f, 8, 3);
	commit(f);
	assert_ids(f, "4=3 9=0 1=5 2=2 3=1 ");
}

static void a_row_keeps_its_id_through_the_parts_of_a_transaction(void **state)
{
	struct faced *f = *state;

	for (int part = 0; part < 2; part++) {
		put(f, 1, "part");
		put(f, 6, "part");
		stage(f);
	}
	put(f, 4, "last");
	put(f, 1, "last");
	commit(f);
	assert_ids(f, "2=1 3=2 6=5 4=3 1=0 ");
}

static void rows_that_get_a_column_with_a_value_keep_their_ids(void **state)
{
	struct faced *f = *state;

	put(f, 2, "second");
	put(f, 5, "new");
	merge_table_delete(f->batch, ROW(1), "first");
	commit(f);
	batch_free(f->batch);
	merge_table_widen(&f->t, "more", 2);
	f->batch = batch_new(f->t.schema);
	columns_init(&f->batch->backfill, f->t.schema);
	merge_table_row(&f->batch->backfill, f->t.schema, ROW(0, 7), "");
	merge_table_put(f->batch, ROW(3, 8), "updated");
	commit(f);
	assert_ids(f, "4=3 2=1 5=5 3=2 ");
}

static void a_face_made_anew_gives_no_id_that_a_file_has_already(void **state)
{
	struct faced *f = *state;
	char command[600];

	put(f, 4, "second");
	put(f, 5, "new");
	commit(f);
	end(f);
	snprintf(command, sizeof(command), "rm -r '%s/" FACE_FOLDER "'", scratch_path(&f->t.folder, "table"));
	assert_int_equal(system(command), 0);
	begin(f);
	assert_ids(f, "1=4 2=5 3=6 4=3 5=9 ");
	put(f, 5, "updated");
	put(f, 6, "new");
	put(f, 4, "third");
	commit(f);
	assert_ids(f, "1=4 2=5 3=6 5=9 6=11 4=3 ");
}

/* Whether the newest file's bytes name the column. */
static bool newest_has_column(struct faced *f)
{
	const struct snapshot *s = table_snapshot(f->t.table);
	const struct data_file *file = &s->files[s->file_count - 1];
	struct buffer bytes = { 0 };
	struct err e = ERR_INIT;
	bool found;

	must(f->t.store->ops->get(f->t.store, file->path, 0, file->size_bytes, &bytes, &e), &e);
	found = memmem(bytes.data, bytes.size, ROW_ID_NAME, strlen(ROW_ID_NAME)) != NULL;
	buffer_release(&bytes);
	return found;
}

static void a_file_has_the_column_only_where_rows_bring_ids_along(void **state)
{
	struct faced *f = *state;

	assert_false(newest_has_column(f));
	put(f, 4, "second");
	commit(f);
	assert_true(newest_has_column(f));
	merge_keep_row_ids(f->t.merge, NULL);
	put(f, 3, "second");
	commit(f);
	assert_false(newest_has_column(f));
}

static int setup_with_such_a_column(void **state)
{
	struct faced *f = memory_new(struct faced);
	struct schema *s = schema_new("d", "t");

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, ROW_ID_NAME, TYPE_LONG, true);
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	merge_table_make_of(&f->t, s);
	begin(f);
	*state = f;
	return 0;
}

static void a_source_column_of_the_name_is_the_source_s(void **state)
{
	static const char *const expected[] = { "{\"id\":1,\"_row_id\":71}\n", "{\"id\":1,\"_row_id\":72}\n" };
	struct faced *f = *state;

	for (int n = 0; n < 2; n++) {
		struct buffer text = { 0 };

		merge_table_put(f->batch, ROW(1, 71 + n), NULL);
		commit(f);
		merge_table_rows(&text, &f->t);
		assert_buffer_text(text, expected[n]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(updated_rows_keep_their_ids_and_new_ones_get_new_ones),
		TEST(a_row_that_is_deleted_and_inserted_is_a_new_one),
		TEST(a_row_takes_its_id_to_another_key),
		TEST(a_row_keeps_its_id_through_the_parts_of_a_transaction),
		TEST(rows_that_get_a_column_with_a_value_keep_their_ids),
		TEST(a_face_made_anew_gives_no_id_that_a_file_has_already),
		TEST(a_file_has_the_column_only_where_rows_bring_ids_along),
		cmocka_unit_test_setup_teardown(a_source_column_of_the_name_is_the_source_s, setup_with_such_a_column,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
