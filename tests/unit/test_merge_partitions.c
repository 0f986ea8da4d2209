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

static void make(struct merge_table *t, bool is_keyed, const char *by)
{
	merge_table_make_of(t, make_schema(is_keyed, by));
	merge_table_open(t);
}

static void end(struct merge_table *t)
{
	merge_table_close(t);
	merge_table_remove(t);
}

static void add(struct batch *b, enum op op, int64_t id, int64_t part, const char *name)
{
	struct columns one;

	columns_init(&one, b->schema);
	column_add_int64(&one.columns[ID], id);
	if (part == NO_PART)
		column_set_null(&one.columns[PART]);
	else
		column_add_int64(&one.columns[PART], part);
	column_add_bytes(&one.columns[2], name, (uint32_t)strlen(name));
	columns_end_row(&one);
	batch_add(b, &(struct rows){ .op = op, .count = 1, .before = op == OP_DELETE ? &one : NULL,
				     .after = op == OP_DELETE ? NULL : &one });
	columns_release(&one);
}

static void commit(struct merge_table *t, struct batch *b, int n)
{
	struct err e = ERR_INIT;

	must(merge_table_commit(t, b, n, &e), &e);
}

static void assert_rows(struct merge_table *t, const char *expected)
{
	struct buffer text = { 0 };

	merge_table_rows(&text, t);
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
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true, "part,name");
	b = batch_new(t.schema);
	for (int64_t id = 0; id < 12; id++)
		add(b, OP_INSERT, id, id % 3 == 2 ? NO_PART : id % 3, id % 2 == 0 ? "even" : "odd");
	commit(&t, b, 1);
	assert_int_equal(table_snapshot(t.table)->file_count, 6);
	assert_int_equal(table_snapshot(t.table)->files[0].row_count, 2);
	assert_string_equal(text_map_get(&table_snapshot(t.table)->files[0].partition, "name"), "even");
	check_files(&t);
	end(&t);
}

static void a_row_that_moves_leaves_nothing_behind(void **state)
{
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true, "part");
	b = batch_new(t.schema);
	add(b, OP_INSERT, 1, 1, "a");
	add(b, OP_INSERT, 2, 1, "a");
	add(b, OP_INSERT, 3, 2, "a");
	commit(&t, b, 1);
	b = batch_new(t.schema);
	add(b, OP_INSERT, 1, 2, "moved");
	add(b, OP_INSERT, 3, NO_PART, "moved");
	add(b, OP_INSERT, 3, 3, "again"); /* only the last counts */
	commit(&t, b, 2);
	assert_rows(&t, "{\"id\":1,\"part\":2,\"name\":\"moved\"}\n{\"id\":2,\"part\":1,\"name\":\"a\"}\n"
			"{\"id\":3,\"part\":3,\"name\":\"again\"}\n");
	assert_int_equal(table_snapshot(t.table)->file_count, 3); /* one has no row any more */
	check_files(&t);
	end(&t);
}

/* The values stay with a file whose deletion vector changes, also when all is read again. */
static void values_stay_when_rows_die(void **state)
{
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true, "part");
	b = batch_new(t.schema);
	for (int64_t id = 0; id < 9; id++)
		add(b, OP_INSERT, id, id % 3, "a");
	commit(&t, b, 1);
	for (int64_t id = 0; id < 3; id++) {
		b = batch_new(t.schema);
		add(b, OP_DELETE, id, id % 3, "a");
		commit(&t, b, 2);
		check_files(&t);
	}
	merge_table_close(&t);
	merge_table_open(&t);
	assert_int_equal(table_snapshot(t.table)->file_count, 3);
	check_files(&t);
	end(&t);
}

static void parts_of_a_transaction_move_rows_among_staged_files(void **state)
{
	struct merge_table t;
	struct err e = ERR_INIT;
	struct batch *b;

	(void)state;
	make(&t, true, "part");
	for (int64_t part = 1; part <= 3; part++) {
		b = batch_new(t.schema);
		add(b, OP_INSERT, 1, part, "moves");
		add(b, OP_INSERT, 10 + part, 2, "stays");
		if (part == 3)
			break;
		must(merge_stage(t.merge, b, &e), &e);
		batch_free(b);
	}
	commit(&t, b, 1);
	assert_rows(&t, "{\"id\":1,\"part\":3,\"name\":\"moves\"}\n{\"id\":11,\"part\":2,\"name\":\"stays\"}\n"
			"{\"id\":12,\"part\":2,\"name\":\"stays\"}\n{\"id\":13,\"part\":2,\"name\":\"stays\"}\n");
	check_files(&t);
	end(&t);
}

/* An update of the key and the name only. */
static void add_partial(struct batch *b, int64_t id, const char *name)
{
	const uint8_t key_only = 1, key_and_name = 5;
	struct columns one;

	columns_init(&one, b->schema);
	merge_table_row(&one, b->schema, ROW(id, 77), name);
	batch_add(b, &(struct rows){ .op = OP_UPDATE, .count = 1, .before = &one, .after = &one,
				     .before_present = &key_only, .after_present = &key_and_name });
	columns_release(&one);
}

static void a_partial_image_is_completed_before_its_partition_is_chosen(void **state)
{
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true, "part");
	b = batch_new(t.schema);
	add(b, OP_INSERT, 1, 5, "a");
	add(b, OP_INSERT, 2, NO_PART, "a");
	commit(&t, b, 1);
	b = batch_new(t.schema);
	add_partial(b, 1, "b");
	add_partial(b, 2, "b");
	commit(&t, b, 2);
	assert_rows(&t, "{\"id\":1,\"part\":5,\"name\":\"b\"}\n{\"id\":2,\"part\":null,\"name\":\"b\"}\n");
	check_files(&t);
	end(&t);
}

static void a_new_column_leaves_files_in_their_partitions(void **state)
{
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true, "part");
	b = batch_new(t.schema);
	add(b, OP_INSERT, 1, 5, "a");
	add(b, OP_INSERT, 2, NO_PART, "a");
	commit(&t, b, 1);
	merge_table_widen(&t, "more", 1);
	b = batch_new(t.schema);
	columns_init(&b->backfill, t.schema);
	merge_table_row(&b->backfill, t.schema, ROW(0, 7, 0), "");
	commit(&t, b, 2);
	assert_rows(&t, "{\"id\":1,\"more\":7,\"part\":5,\"name\":\"a\"}\n{\"id\":2,\"more\":7,\"part\":null,\"name\":\"a\"}\n");
	check_files(&t);
	end(&t);
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
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, true, "part");
	b = batch_new(t.schema);
	add(b, OP_INSERT, 1, 5, "a");
	commit(&t, b, 1);
	rewrite_without_the_column(&t);
	merge_table_close(&t);
	merge_table_open(&t);
	assert_rows(&t, "{\"id\":1,\"part\":5,\"name\":\"a\"}\n");
	b = batch_new(t.schema);
	add_partial(b, 1, "b");
	commit(&t, b, 2);
	assert_rows(&t, "{\"id\":1,\"part\":5,\"name\":\"b\"}\n");
	check_files(&t);
	end(&t);
}

static void a_zero_byte_is_refused(void **state)
{
	struct merge_table t;
	struct err e = ERR_INIT;
	struct columns one;
	struct batch *b;

	(void)state;
	make(&t, true, "name");
	b = batch_new(t.schema);
	columns_init(&one, t.schema);
	column_add_int64(&one.columns[0], 1);
	column_add_int64(&one.columns[1], 1);
	column_add_bytes(&one.columns[2], "a\0b", 3);
	columns_end_row(&one);
	batch_add(b, &(struct rows){ .op = OP_INSERT, .count = 1, .after = &one });
	assert_int_equal(merge_table_commit(&t, b, 1, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, "zero byte in column \"name\""));
	columns_release(&one);
	end(&t);
}

#define KEYS 48

static void random_changes(struct batch *b, int64_t *model)
{
	for (long n = random() % 30; n >= 0; n--) {
		int64_t id = random() % KEYS, part = random() % 5 == 0 ? NO_PART : random() % 4;

		if (model[id] >= 0 && random() % 3 == 0) {
			add(b, OP_DELETE, id, 0, "");
			model[id] = -1;
		} else {
			add(b, OP_INSERT, id, part, "x");
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
	struct merge_table t;
	int64_t model[KEYS];
	struct err e = ERR_INIT;

	(void)state;
	srandom(5);
	for (int i = 0; i < KEYS; i++)
		model[i] = -1;
	make(&t, true, "part");
	for (int n = 1; n <= 60; n++) {
		struct batch *b = batch_new(t.schema);

		random_changes(b, model);
		if (n % 4 == 0) { /* a part of a larger transaction */
			must(merge_stage(t.merge, b, &e), &e);
			batch_free(b);
			b = batch_new(t.schema);
			random_changes(b, model);
		}
		commit(&t, b, n);
		if (n % 7 == 0) {
			merge_table_close(&t);
			if (n % 2 == 0)
				unlink(scratch_path(&t.folder, "index"));
			merge_table_open(&t);
		}
		check_model(&t, model);
	}
	check_files(&t);
	end(&t);
}

static void equal_rows_without_a_key_are_counted_in_their_partitions(void **state)
{
	struct merge_table t;
	struct batch *b;

	(void)state;
	make(&t, false, "part");
	b = batch_new(t.schema);
	for (int i = 0; i < 3; i++) {
		add(b, OP_INSERT, 1, 1, "a");
		add(b, OP_INSERT, 1, 2, "a");
	}
	commit(&t, b, 1);
	b = batch_new(t.schema);
	add(b, OP_DELETE, 1, 1, "a");
	add(b, OP_DELETE, 1, 1, "a");
	add(b, OP_INSERT, 1, 2, "a");
	commit(&t, b, 2);
	assert_rows(&t, "{\"id\":1,\"part\":1,\"name\":\"a\"}\n{\"id\":1,\"part\":2,\"name\":\"a\"}\n"
			"{\"id\":1,\"part\":2,\"name\":\"a\"}\n{\"id\":1,\"part\":2,\"name\":\"a\"}\n"
			"{\"id\":1,\"part\":2,\"name\":\"a\"}\n");
	check_files(&t);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_has_the_rows_of_one_partition),
		cmocka_unit_test(a_row_that_moves_leaves_nothing_behind),
		cmocka_unit_test(values_stay_when_rows_die),
		cmocka_unit_test(parts_of_a_transaction_move_rows_among_staged_files),
		cmocka_unit_test(a_partial_image_is_completed_before_its_partition_is_chosen),
		cmocka_unit_test(a_new_column_leaves_files_in_their_partitions),
		cmocka_unit_test(a_file_without_the_column_has_the_value_of_the_log),
		cmocka_unit_test(a_zero_byte_is_refused),
		cmocka_unit_test(a_partitioned_table_equals_its_model),
		cmocka_unit_test(equal_rows_without_a_key_are_counted_in_their_partitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
