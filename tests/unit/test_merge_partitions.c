/* SPDX-License-Identifier: Apache-2.0 */
/* Tables whose rows lie in a file for each tuple of partition values. */
#include "lib/test.h"

#include <unistd.h>

#include "base/memory.h"
#include "lib/merge_table.h"
#include "merge/data_file.h"

#define ROW(...) ((const int64_t[]){ __VA_ARGS__ })
#define ID      0
#define PART    1
#define NO_PART INT64_MIN /* NULL in the partition column */

/* id key, part, name; by part, or by part and name. */
static struct schema *make_schema(bool is_keyed, const char *by)
{
	struct schema *s = schema_new("d", "t");
	struct err e = ERR_INIT;

	schema_add(s, "id", TYPE_LONG, false);
	schema_add(s, "part", TYPE_LONG, true);
	schema_add(s, "name", TYPE_STRING, true);
	if (is_keyed)
		schema_set_key(s, (uint32_t[]){ ID }, 1);
	must(partition_by(s, by, &e), &e);
	return s;
}

struct world {
	struct merge_table t;
	struct batch *batch; /* of the next commit */
	int commits;
};

static void open_table(struct world *w)
{
	merge_table_open(&w->t);
	w->batch = batch_new(w->t.schema);
}

static void close_table(struct world *w)
{
	batch_free(w->batch);
	merge_table_close(&w->t);
}

static int make(void **state, bool is_keyed, const char *by)
{
	struct world *w = memory_new(struct world);

	merge_table_make_of(&w->t, make_schema(is_keyed, by));
	open_table(w);
	*state = w;
	return 0;
}

static int by_part(void **state)
{
	return make(state, true, "part");
}

static int by_name(void **state)
{
	return make(state, true, "name");
}

static int by_part_and_name(void **state)
{
	return make(state, true, "part,name");
}

static int without_a_key(void **state)
{
	return make(state, false, "part");
}

static int teardown(void **state)
{
	struct world *w = *state;

	close_table(w);
	merge_table_remove(&w->t);
	memory_free(w);
	return 0;
}

static void add(struct world *w, enum op op, int64_t id, int64_t part, const char *name)
{
	struct columns one;

	columns_init(&one, w->t.schema);
	column_add_int64(&one.columns[ID], id);
	if (part == NO_PART)
		column_set_null(&one.columns[PART]);
	else
		column_add_int64(&one.columns[PART], part);
	column_add_bytes(&one.columns[2], name, (uint32_t)strlen(name));
	columns_end_row(&one);
	batch_add(w->batch, &(struct rows){ .op = op, .count = 1, .before = op == OP_DELETE ? &one : NULL,
					    .after = op == OP_DELETE ? NULL : &one });
	columns_release(&one);
}

static void commit(struct world *w)
{
	struct err e = ERR_INIT;

	must(merge_table_commit(&w->t, w->batch, ++w->commits, &e), &e);
	w->batch = batch_new(w->t.schema);
}

/* A part of a larger transaction. */
static void stage(struct world *w)
{
	struct err e = ERR_INIT;

	must(merge_stage(w->t.merge, w->batch, &e), &e);
	batch_free(w->batch);
	w->batch = batch_new(w->t.schema);
}

static void assert_rows(struct world *w, const char *expected)
{
	struct buffer text = { 0 };

	merge_table_rows(&text, &w->t);
	assert_buffer_text(text, expected);
}

/* The file as the log has it, without what the log says of its rows. */
static void read_own_cells(struct columns *rows, struct merge_table *t, const struct data_file *f)
{
	struct data_file bare = *f;
	struct data_file_reader *reader;
	struct err e = ERR_INIT;

	bare.partition = (struct text_map){ 0 };
	columns_init(rows, t->schema);
	must(data_file_open(&reader, t->store, &bare, t->schema, &e), &e);
	must(data_file_next(reader, 100000, rows, &e), &e);
	data_file_close(reader);
}

/* Every row of every file, dead or not, has the value that the log says. */
static void check_files(struct merge_table *t)
{
	const struct snapshot *s = table_snapshot(t->table);

	for (uint32_t slot = 0; slot < s->file_count; slot++) {
		const struct data_file *f = &s->files[slot];
		struct columns rows;

		assert_int_equal(f->partition.count, s->schema->partition_count);
		read_own_cells(&rows, t, f);
		for (uint32_t i = 0; i < rows.row_count; i++) {
			const struct column *part = &rows.columns[s->schema->partition[0].field];
			const char *said = text_map_get(&f->partition, "part");

			assert_int_equal(column_is_null(part, i), said == NULL);
			if (said != NULL)
				assert_int_equal(column_int64(part, i), strtoll(said, NULL, 10));
		}
		columns_release(&rows);
	}
}

static void a_file_has_the_rows_of_one_partition(void **state)
{
	struct world *w = *state;

	for (int64_t id = 0; id < 12; id++)
		add(w, OP_INSERT, id, id % 3 == 2 ? NO_PART : id % 3, id % 2 == 0 ? "even" : "odd");
	commit(w);
	assert_int_equal(table_snapshot(w->t.table)->file_count, 6);
	assert_int_equal(table_snapshot(w->t.table)->files[0].row_count, 2);
	assert_string_equal(text_map_get(&table_snapshot(w->t.table)->files[0].partition, "name"), "even");
	check_files(&w->t);
}

static void a_row_that_moves_leaves_nothing_behind(void **state)
{
	struct world *w = *state;

	add(w, OP_INSERT, 1, 1, "a");
	add(w, OP_INSERT, 2, 1, "a");
	add(w, OP_INSERT, 3, 2, "a");
	commit(w);
	add(w, OP_INSERT, 1, 2, "moved");
	add(w, OP_INSERT, 3, NO_PART, "moved");
	add(w, OP_INSERT, 3, 3, "again"); /* only the last counts */
	commit(w);
	assert_rows(w, "{\"id\":1,\"part\":2,\"name\":\"moved\"}\n{\"id\":2,\"part\":1,\"name\":\"a\"}\n"
			"{\"id\":3,\"part\":3,\"name\":\"again\"}\n");
	assert_int_equal(table_snapshot(w->t.table)->file_count, 3); /* one has no row any more */
	check_files(&w->t);
}

/* The values stay with a file whose deletion vector changes, also when all is read again. */
static void values_stay_when_rows_die(void **state)
{
	struct world *w = *state;

	for (int64_t id = 0; id < 9; id++)
		add(w, OP_INSERT, id, id % 3, "a");
	commit(w);
	for (int64_t id = 0; id < 3; id++) {
		add(w, OP_DELETE, id, id % 3, "a");
		commit(w);
		check_files(&w->t);
	}
	close_table(w);
	open_table(w);
	assert_int_equal(table_snapshot(w->t.table)->file_count, 3);
	check_files(&w->t);
}

static void parts_of_a_transaction_move_rows_among_staged_files(void **state)
{
	struct world *w = *state;

	for (int64_t part = 1; part <= 3; part++) {
		add(w, OP_INSERT, 1, part, "moves");
		add(w, OP_INSERT, 10 + part, 2, "stays");
		if (part == 3)
			break;
		stage(w);
	}
	commit(w);
	assert_rows(w, "{\"id\":1,\"part\":3,\"name\":\"moves\"}\n{\"id\":11,\"part\":2,\"name\":\"stays\"}\n"
			"{\"id\":12,\"part\":2,\"name\":\"stays\"}\n{\"id\":13,\"part\":2,\"name\":\"stays\"}\n");
	check_files(&w->t);
}

/* An update of the key and the name only. */
static void add_partial(struct world *w, int64_t id, const char *name)
{
	const uint8_t key_only = 1, key_and_name = 5;
	struct columns one;

	columns_init(&one, w->t.schema);
	merge_table_row(&one, w->t.schema, ROW(id, 77), name);
	batch_add(w->batch, &(struct rows){ .op = OP_UPDATE, .count = 1, .before = &one, .after = &one,
				     .before_present = &key_only, .after_present = &key_and_name });
	columns_release(&one);
}

static void a_partial_image_is_completed_before_its_partition_is_chosen(void **state)
{
	struct world *w = *state;

	add(w, OP_INSERT, 1, 5, "a");
	add(w, OP_INSERT, 2, NO_PART, "a");
	commit(w);
	add_partial(w, 1, "b");
	add_partial(w, 2, "b");
	commit(w);
	assert_rows(w, "{\"id\":1,\"part\":5,\"name\":\"b\"}\n{\"id\":2,\"part\":null,\"name\":\"b\"}\n");
	check_files(&w->t);
}

static void a_new_column_leaves_files_in_their_partitions(void **state)
{
	struct world *w = *state;

	add(w, OP_INSERT, 1, 5, "a");
	add(w, OP_INSERT, 2, NO_PART, "a");
	commit(w);
	batch_free(w->batch);
	merge_table_widen(&w->t, "more", 1);
	w->batch = batch_new(w->t.schema);
	columns_init(&w->batch->backfill, w->t.schema);
	merge_table_row(&w->batch->backfill, w->t.schema, ROW(0, 7, 0), "");
	commit(w);
	assert_rows(w, "{\"id\":1,\"more\":7,\"part\":5,\"name\":\"a\"}\n{\"id\":2,\"more\":7,\"part\":null,\"name\":\"a\"}\n");
	check_files(&w->t);
}

/* What OPTIMIZE of another writer makes: a file without the partition's column, under an encoded name. */
static void rewrite_without_the_column(struct merge_table *t)
{
	char command[1000];
	const struct data_file *old = &table_snapshot(t->table)->files[0];
	struct schema *less = schema_new("d", "t");
	struct store *store = t->store;
	struct data_file new;
	struct err e = ERR_INIT;
	struct columns rows;

	schema_add(less, "id", TYPE_LONG, false);
	schema_add(less, "name", TYPE_STRING, true);
	columns_init(&rows, less);
	column_add_int64(&rows.columns[0], 1);
	column_add_bytes(&rows.columns[1], "a", 1);
	columns_end_row(&rows);
	must(data_file_write(&new, store, less, &rows, NULL, NULL, 1, &e), &e);
	snprintf(command, sizeof(command),
		 "cd '%s' && mkdir 'part=5 !' && mv %s 'part=5 !/x.parquet' && "
		 "(sed -n 's/^{\"add\":/{\"remove\":/p' _delta_log/%020d.json && grep '^{\"add\":' _delta_log/%020d.json | "
		 "sed 's|%s|part=5%%20%%21/x.parquet|; s|\"size\":[0-9]*|\"size\":%llu|') > _delta_log/%020d.json",
		 scratch_path(&t->folder, "table"), new.path, 1, 1, old->path, (unsigned long long)new.size_bytes, 2);
	assert_int_equal(system(command), 0);
	data_file_release(&new);
	columns_release(&rows);
	schema_release(less);
}

static void a_file_without_the_column_has_the_value_of_the_log(void **state)
{
	struct world *w = *state;

	add(w, OP_INSERT, 1, 5, "a");
	commit(w);
	rewrite_without_the_column(&w->t);
	close_table(w);
	open_table(w);
	assert_rows(w, "{\"id\":1,\"part\":5,\"name\":\"a\"}\n");
	add_partial(w, 1, "b");
	commit(w);
	assert_rows(w, "{\"id\":1,\"part\":5,\"name\":\"b\"}\n");
	check_files(&w->t);
}

static void a_zero_byte_is_refused(void **state)
{
	struct world *w = *state;
	struct err e = ERR_INIT;
	struct columns one;

	columns_init(&one, w->t.schema);
	column_add_int64(&one.columns[0], 1);
	column_add_int64(&one.columns[1], 1);
	column_add_bytes(&one.columns[2], "a\0b", 3);
	columns_end_row(&one);
	batch_add(w->batch, &(struct rows){ .op = OP_INSERT, .count = 1, .after = &one });
	assert_int_equal(merge_table_commit(&w->t, w->batch, 1, &e), -1);
	w->batch = batch_new(w->t.schema);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, "zero byte in column \"name\""));
	columns_release(&one);
}

#define KEYS 48

static void random_changes(struct world *w, int64_t *model)
{
	for (long n = random() % 30; n >= 0; n--) {
		int64_t id = random() % KEYS, part = random() % 5 == 0 ? NO_PART : random() % 4;

		if (model[id] >= 0 && random() % 3 == 0) {
			add(w, OP_DELETE, id, 0, "");
			model[id] = -1;
		} else {
			add(w, OP_INSERT, id, part, "x");
			model[id] = part == NO_PART ? 99 : part;
		}
	}
}

static void check_model(struct merge_table *t, const int64_t *model)
{
	int64_t seen[KEYS];

	for (int i = 0; i < KEYS; i++)
		seen[i] = -1;
	for (uint32_t slot = 0; slot < table_snapshot(t->table)->file_count; slot++) {
		struct row_set *dead;
		struct columns rows;

		merge_table_read(&rows, &dead, t, slot);
		for (uint32_t i = 0; i < rows.row_count; i++) {
			int64_t id = column_int64(&rows.columns[ID], i);

			if (row_set_has(dead, i))
				continue;
			assert_int_equal(seen[id], -1);
			seen[id] = column_is_null(&rows.columns[PART], i) ? 99 : column_int64(&rows.columns[PART], i);
		}
		columns_release(&rows);
		row_set_free(dead);
	}
	assert_memory_equal(seen, model, sizeof(seen));
}

static void a_partitioned_table_equals_its_model(void **state)
{
	struct world *w = *state;
	int64_t model[KEYS];

	srandom(5);
	for (int i = 0; i < KEYS; i++)
		model[i] = -1;
	for (int n = 1; n <= 60; n++) {
		random_changes(w, model);
		if (n % 4 == 0) { /* a part of a larger transaction */
			stage(w);
			random_changes(w, model);
		}
		commit(w);
		if (n % 7 == 0) {
			close_table(w);
			if (n % 2 == 0)
				unlink(scratch_path(&w->t.folder, "index"));
			open_table(w);
		}
		check_model(&w->t, model);
	}
	check_files(&w->t);
}

static void equal_rows_without_a_key_are_counted_in_their_partitions(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		add(w, OP_INSERT, 1, 1, "a");
		add(w, OP_INSERT, 1, 2, "a");
	}
	commit(w);
	add(w, OP_DELETE, 1, 1, "a");
	add(w, OP_DELETE, 1, 1, "a");
	add(w, OP_INSERT, 1, 2, "a");
	commit(w);
	assert_rows(w, "{\"id\":1,\"part\":1,\"name\":\"a\"}\n{\"id\":1,\"part\":2,\"name\":\"a\"}\n"
			"{\"id\":1,\"part\":2,\"name\":\"a\"}\n{\"id\":1,\"part\":2,\"name\":\"a\"}\n"
			"{\"id\":1,\"part\":2,\"name\":\"a\"}\n");
	check_files(&w->t);
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_has_the_rows_of_one_partition, by_part_and_name),
		TEST(a_row_that_moves_leaves_nothing_behind, by_part),
		TEST(values_stay_when_rows_die, by_part),
		TEST(parts_of_a_transaction_move_rows_among_staged_files, by_part),
		TEST(a_partial_image_is_completed_before_its_partition_is_chosen, by_part),
		TEST(a_new_column_leaves_files_in_their_partitions, by_part),
		TEST(a_file_without_the_column_has_the_value_of_the_log, by_part),
		TEST(a_zero_byte_is_refused, by_name),
		TEST(a_partitioned_table_equals_its_model, by_part),
		TEST(equal_rows_without_a_key_are_counted_in_their_partitions, without_a_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
