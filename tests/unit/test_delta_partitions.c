/* SPDX-License-Identifier: Apache-2.0 */
/* Partition values in the log and in checkpoints. */
#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/test_lake.h"
#include "lib/test.h"
#include "table/delta/checkpoint.h"
#include "table/delta/log.h"

static struct table *make(struct test_lake *l)
{
	struct schema *schema = delta_table_schema();
	struct table *d = delta_table_open(l->store);
	enum commit_result result;
	struct err e = ERR_INIT;

	must(partition_by(schema, "name,price", &e), &e);
	must(table_create(d, schema, "mysql://db/shop", NULL, &result, &e), &e);
	schema_release(schema);
	return d;
}

static int commit_file(struct table *d, const char *path, struct text_pair *pairs, uint32_t count, struct err *e)
{
	struct data_file file = delta_table_file(path, 100);
	const struct prepared_commit p = { .operation = "MERGE", .added = &file, .added_count = 1, .position = "{}" };
	enum commit_result result;

	file.partition = (struct text_map){ pairs, count };
	return table_commit(d, &p, &result, e);
}

static void kill_rows(struct table *d, const char *path, uint32_t count)
{
	struct row_set *rows = delta_table_rows(0, count);
	struct dv_update update = { (uint32_t)table_find_file(d, path), rows };
	const struct prepared_commit p = { .operation = "MERGE", .dvs = &update, .dv_count = 1, .position = "{}" };
	enum commit_result result;
	struct err e = ERR_INIT;

	must(table_commit(d, &p, &result, &e), &e);
	row_set_free(rows);
}

static const struct data_file *find(const struct table *d, const char *path)
{
	return &table_snapshot(d)->files[table_find_file(d, path)];
}

static void assert_values(const struct data_file *f, const char *name, const char *price)
{
	assert_int_equal(f->partition.count, 2);
	if (name != NULL)
		assert_string_equal(text_map_get(&f->partition, "name"), name);
	else
		assert_null(text_map_get(&f->partition, "name"));
	assert_string_equal(text_map_get(&f->partition, "price"), price);
}

/* a: NULL and 1.00, with dead rows; b: a hostile text and 2.00; c is gone. */
static struct table *make_rich(struct test_lake *l)
{
	struct table *d = make(l);
	struct text_pair a[] = { { "name", NULL }, { "price", "1.00" } };
	struct text_pair b[] = { { "name", "\"a\"=%2F/ü\n" }, { "price", "2.00" } };
	struct err e = ERR_INIT;

	must(commit_file(d, "a", a, 2, &e), &e);
	must(commit_file(d, "b", b, 2, &e), &e);
	must(commit_file(d, "c", b, 2, &e), &e);
	kill_rows(d, "a", 3);
	kill_rows(d, "a", 5);
	kill_rows(d, "c", 100);
	return d;
}

static void assert_rich(const struct table *d)
{
	const struct schema *s = table_snapshot(d)->schema;

	assert_int_equal(s->partition_count, 2);
	assert_string_equal(s->partition[0].name, "name");
	assert_int_equal(s->partition[1].field, 2);
	assert_int_equal(table_snapshot(d)->file_count, 2);
	assert_values(find(d, "a"), NULL, "1.00");
	assert_values(find(d, "b"), "\"a\"=%2F/ü\n", "2.00");
}

static void values_stay_with_their_files(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);

	assert_rich(d);
	table_close(d);
	d = delta_table_open(l->store);
	assert_rich(d);
	table_close(d);
}

/* How often a text is in an object. */
static uint32_t count_in(struct test_lake *l, int64_t version, const char *text)
{
	char key[LOG_KEY_BYTES_MAX];
	struct buffer entry = { 0 };
	struct err e = ERR_INIT;
	uint32_t count = 0;

	log_entry_key(key, version);
	must(store_get(l->store, key, 0, 0, &entry, &e), &e);
	for (const char *at = buffer_string(&entry); (at = strstr(at, text)) != NULL; at++)
		count++;
	buffer_release(&entry);
	return count;
}

static void adds_and_removes_tell_them(void **state)
{
	struct test_lake *l = *state;

	table_close(make_rich(l));
	assert_int_equal(count_in(l, 0, "\"partitionColumns\":[\"name\",\"price\"]"), 1);
	assert_int_equal(count_in(l, 1, "\"partitionValues\":{\"name\":null,\"price\":\"1.00\"}"), 1);
	assert_int_equal(count_in(l, 4, "\"partitionValues\":{\"name\":null,\"price\":\"1.00\"}"), 2); /* remove, add */
	assert_int_equal(count_in(l, 6, "\"partitionValues\":{\"name\":\"\\\"a\\\"=%2F/ü\\n\",\"price\":\"2.00\"}"), 1);
}

static void a_checkpoint_keeps_them(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);
	struct err e = ERR_INIT;
	char key[LOG_KEY_BYTES_MAX];

	must(checkpoint_write(delta_of(d), &e), &e);
	table_close(d);
	for (int64_t v = 0; v < 6; v++) {
		log_entry_key(key, v);
		must(store_remove(l->store, key, &e), &e);
	}
	d = delta_table_open(l->store);
	assert_rich(d);
	assert_int_equal(delta_of(d)->state.tombstone_count, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(delta_of(d)->state.tombstones[i].partition.count, 2);
	table_close(d);
}

static void new_columns_keep_the_partitioning(void **state)
{
	struct test_lake *l = *state;
	struct table *d = make_rich(l);
	int32_t last_id = table_snapshot(d)->last_field_id;
	struct schema *more = delta_table_schema(), *adopted;
	enum commit_result result;
	struct err e = ERR_INIT;

	schema_add(more, "more", TYPE_LONG, true);
	adopted = schema_adopt_ids(more, table_snapshot(d)->schema, &last_id);
	must(table_commit(d, &(struct prepared_commit){ .operation = "ADD COLUMNS", .schema = adopted, .position = "{}" }, &result, &e), &e);
	assert_rich(d);
	assert_int_equal(table_snapshot(d)->schema->field_count, 4);
	table_close(d);
	schema_release(adopted);
	schema_release(more);
}

static void refused(struct table *d, struct text_pair *pairs, uint32_t count, const char *why)
{
	struct err e = ERR_INIT;

	assert_int_equal(commit_file(d, "x", pairs, count, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not tell \"%s\"", e.text, why);
}

static void a_file_without_its_values_is_refused(void **state)
{
	struct text_pair other[] = { { "price", "1.00" }, { "name", "a" } };
	struct text_pair empty[] = { { "name", "" }, { "price", "1.00" } };
	struct table *d = make(*state);

	refused(d, NULL, 0, "values of the table's 2 partition columns");
	refused(d, other, 1, "values of the table's 2 partition columns");
	refused(d, other, 2, "values of the table's 2 partition columns");
	refused(d, empty, 2, "empty text in column \"name\"");
	table_close(d);
}

static void a_partition_column_that_is_none_is_refused(void **state)
{
	struct test_lake *l = *state;
	enum put_result result;
	struct err e = ERR_INIT;
	struct table *d;

	must(store_put(l->store, "_delta_log/00000000000000000000.json",
		       bytes_of_text("{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
				     "{\"metaData\":{\"id\":\"t\",\"format\":{\"provider\":\"parquet\"},\"schemaString\":"
				     "\"{\\\"fields\\\":[]}\",\"partitionColumns\":[\"a\"],\"configuration\":{}}}\n"),
		       true, &result, &e), &e);
	assert_int_equal(delta_open_read(&d, l->store, -1, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, "partitionColumns names \"a\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAKE_TEST(values_stay_with_their_files),
		LAKE_TEST(adds_and_removes_tell_them),
		LAKE_TEST(a_checkpoint_keeps_them),
		LAKE_TEST(new_columns_keep_the_partitioning),
		LAKE_TEST(a_file_without_its_values_is_refused),
		LAKE_TEST(a_partition_column_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
