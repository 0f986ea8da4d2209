/* SPDX-License-Identifier: Apache-2.0 */
/* Partitioned tables of Iceberg alone, and the partitions of a face: which files have which values, and under which spec. */
#include "table/iceberg/partitioning.h"

#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/iceberg_face.h"
#include "lib/test.h"
#include "table/iceberg/iceberg.h"

struct world {
	struct scratch folder;
	struct store *store;
	struct leader leader;
	struct follow *face;
	struct face seen;
};

static int setup(void **state)
{
	struct world *w = memory_new(struct world);
	struct err e = ERR_INIT;

	scratch_make(&w->folder);
	w->store = store_open_directory(w->folder.path, true, &e);
	leader_init(&w->leader, w->store);
	w->face = face_open(w->store, 3);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	face_release(&w->seen);
	follow_close(w->face);
	leader_release(&w->leader);
	store_close(w->store);
	scratch_remove(&w->folder);
	memory_free(w);
	return 0;
}

/* --- what users ask for ----------------------------------------------------------------------- */

static void columns_and_transforms_are_asked_for(void **state)
{
	struct schema *s = delta_table_schema();
	struct buffer words = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	must(iceberg_partition_by(s, "NAME, bucket( 16 ,id),truncate(4,name),identity(price),truncate(50,price)", &e), &e);
	for (uint32_t i = 0; i < s->partition_count; i++) {
		buffer_format(&words, "%s%s=", i > 0 ? " " : "", s->partition[i].name);
		partition_words(&words, s, &s->partition[i]);
	}
	assert_buffer_text(words, "name=name id_bucket=bucket(16,id) name_trunc=truncate(4,name) price=price price_trunc=truncate(50,price)");
	schema_release(s);
}

static void what_a_table_cannot_be_partitioned_by_is_refused(void **state)
{
	static const char *const cases[][2] = {
		{ "none", "no column \"none\"" },	  { "bucket(4,none)", "no column \"none\"" },
		{ "", "no column \"\"" },		  { "id,", "no column \"\"" },
		{ "day(id)", "has no transform \"day\"" }, { "apples(id)", "\"apples\" is no transform" },
		{ "void(id)", "\"void\" is no transform" }, { "bucket(id)", "\"bucket\" is no transform" },
		{ "bucket(0,id)", "is no transform" },	  { "bucket(-1,id)", "is no transform" },
		{ "truncate(4294967297,id)", "is no transform" }, { "bucket(4,id", "no column" },
		{ "id)", "no column \"id)\"" },		  { "()", "is no transform" },
		{ "id,ID", "two partition fields" },	  { "bucket(2,id),bucket(4,id)", "two partition fields" },
		{ "year(,id)", "is no transform" },	  { "truncate(3,price_trunc)", "has the name of a partition field" },
		{ "real", "is double" },		  { "bucket(3,real)", "has no transform" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct schema *s = delta_table_schema();
		struct err e = ERR_INIT;

		schema_add(s, "price_trunc_trunc", TYPE_LONG, true);
		schema_add(s, "price_trunc", TYPE_LONG, true);
		schema_add(s, "real", TYPE_DOUBLE, true);
		if (iceberg_partition_by(s, cases[i][0], &e) == 0 || strstr(e.text, cases[i][1]) == NULL)
			fail_msg("%s: %s", cases[i][0], e.text);
		assert_int_equal(e.kind, ERR_CONFIG);
		schema_release(s);
	}
}

/* Spark calls it "id_bucket_4". */
static void what_a_field_is_called_does_not_count(void **state)
{
	struct schema *lake = delta_table_schema(), *wanted = delta_table_schema();
	struct err e = ERR_INIT;

	(void)state;
	schema_add_partition(lake, 0, "bucket[4]", "shard");
	must(iceberg_partition_by(wanted, "bucket(4,id)", &e), &e);
	assert_true(schema_partition_equal(lake, wanted));
	schema_add_partition(lake, 1, "identity", "name");
	assert_false(schema_partition_equal(lake, wanted));
	schema_release(lake);
	schema_release(wanted);
}

static void delta_has_no_transforms(void **state)
{
	struct schema *s = delta_table_schema();
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(partition_by(s, "bucket(4", &e), -1);
	assert_non_null(strstr(e.text, "Delta has no transforms"));
	schema_release(s);
}

/* --- tuples ----------------------------------------------------------------------------------- */

static void assert_text(const struct iceberg_value *v, const char *text)
{
	assert_int_equal(v->is_null, text == NULL);
	if (text != NULL) {
		assert_int_equal(v->bytes.size, strlen(text));
		assert_memory_equal(v->bytes.data, text, v->bytes.size);
	}
}

static void a_tuple_comes_back_as_it_was(void **state)
{
	struct iceberg_value items[] = { { .is_null = true }, { .bytes = { 0 } }, { .bytes = { 0 } } };
	const struct iceberg_values values = { items, 3 };
	const struct iceberg_spec other = { 0 };
	struct iceberg_values back;
	struct buffer tuple = { 0 };
	int32_t id;

	(void)state;
	buffer_text(&items[2].bytes, "two words");
	partitioning_of_values(&tuple, 7, &values);
	partitioning_read(&id, &back, &other, buffer_bytes(&tuple));
	assert_int_equal(id, 7);
	assert_int_equal(back.count, 3);
	assert_text(&back.items[0], NULL);
	assert_text(&back.items[1], "");
	assert_text(&back.items[2], "two words");
	iceberg_values_release(&back);
	buffer_release(&items[2].bytes);
	buffer_release(&tuple);
}

static void without_a_tuple_all_is_null(void **state)
{
	struct iceberg_partition_field fields[] = { { .transform = TRANSFORM_VOID }, { .transform = TRANSFORM_VOID } };
	const struct iceberg_spec spec = { 3, fields, 2 };
	struct iceberg_values values;
	int32_t id;

	(void)state;
	partitioning_read(&id, &values, &spec, (struct bytes){ 0 });
	assert_int_equal(id, 3);
	assert_int_equal(values.count, 2);
	assert_true(values.items[0].is_null && values.items[1].is_null);
	iceberg_values_release(&values);
}

/* --- a table of Iceberg alone ----------------------------------------------------------------- */

static struct table *open_alone(struct world *w)
{
	const struct iceberg_settings s = { .namespace = "shop", .name = "orders", .format_version = 3 };
	struct err e = ERR_INIT;
	struct table *t;

	must(iceberg_open(&t, w->store, &s, "tailrace/test", &e), &e);
	return t;
}

static struct table *make_alone(struct world *w, const char *by)
{
	struct schema *schema = delta_table_schema();
	struct table *t = open_alone(w);
	enum commit_result result;
	struct err e = ERR_INIT;

	must(iceberg_partition_by(schema, by, &e), &e);
	must(table_create(t, schema, "mysql://db/shop", NULL, &result, &e), &e);
	assert_true(schema_partition_equal(schema, table_snapshot(t)->schema));
	schema_release(schema);
	return t;
}

/* A file of rows of this name and number. */
static void commit_file(struct table *t, const char *path, int64_t id, const char *name)
{
	struct data_file file = delta_table_file(path, 100);
	struct prepared_commit p = { .operation = "MERGE", .added = &file, .added_count = 1, .position = "{}" };
	struct schema *schema = table_snapshot(t)->schema;
	enum commit_result result;
	struct err e = ERR_INIT;
	struct columns row;

	columns_init(&row, schema);
	column_add_int64(&row.columns[0], id);
	column_add_bytes(&row.columns[1], name, (uint32_t)strlen(name));
	column_set_null(&row.columns[2]);
	columns_end_row(&row);
	t->ops->tuple_of_row(t, schema, &row, 0, &file.tuple);
	must(table_commit(t, &p, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	buffer_release(&file.tuple);
	columns_release(&row);
}

static void delete_rows(struct table *t, const char *path, uint32_t count)
{
	struct row_set *rows = delta_table_rows(0, count);
	struct dv_update update = { (uint32_t)table_find_file(t, path), rows };
	const struct prepared_commit p = { .operation = "MERGE", .dvs = &update, .dv_count = 1, .position = "{}" };
	enum commit_result result;
	struct err e = ERR_INIT;

	must(table_commit(t, &p, &result, &e), &e);
	row_set_free(rows);
}

/* What manifests say of the files, as of a table in `folder`. */
static void see(struct world *w, const char *folder)
{
	char uri[600];
	struct catalog_settings settings = { .namespace = "n", .name = "t", .store = w->store, .location = uri };
	const struct iceberg_places places = { w->store, uri, w->store, uri };
	struct err e = ERR_INIT;
	struct catalog *c;

	snprintf(uri, sizeof(uri), "file://%s", folder);
	face_release(&w->seen);
	must(catalog_open(&c, &settings, &e), &e);
	must(catalog_load(c, &w->seen.version, &e), &e);
	must(live_load(&w->seen.live, &places, w->seen.version.metadata->current, &e), &e);
	catalog_close(c);
}

static void files_keep_their_values_and_their_deletes_have_them(void **state)
{
	struct world *w = *state;
	struct table *t = make_alone(w, "truncate(3,name),truncate(10,id)");
	struct buffer tuple = { 0 };

	commit_file(t, "a.parquet", -1, "日本語の");
	commit_file(t, "b.parquet", 25, "");
	delete_rows(t, "a.parquet", 5);
	table_close(t);
	t = open_alone(w);
	delete_rows(t, "b.parquet", 7);
	see(w, w->folder.path);
	assert_int_equal(w->seen.version.metadata->last_partition_id, 1001);
	for (uint32_t i = 0; i < w->seen.live.file_count; i++) {
		const struct live_file *f = &w->seen.live.files[i];
		bool is_a = f->deletes.cardinality == 5;

		assert_int_equal(f->partition.count, 2);
		assert_text(&f->partition.items[0], is_a ? "日本語" : "");
		assert_memory_equal(f->partition.items[1].bytes.data, is_a ? "\xf6\xff\xff\xff\xff\xff\xff\xff" : "\x14\0\0\0\0\0\0\0", 8);
	}
	for (uint32_t i = 0; i < w->seen.live.manifests.count; i++) {
		const struct iceberg_manifest *m = &w->seen.live.manifests.items[i];

		assert_int_equal(m->partitions.count, 2); /* of data and of deletes */
		assert_int_equal(m->partitions.items[0].contains_null, 0);
		assert_non_null(m->partitions.items[1].lower.data);
	}
	t->ops->tuple_of_file(t, (uint32_t)table_find_file(t, "a.parquet"), &tuple);
	assert_int_equal(tuple.size, 4 + 1 + 4 + 9 + 1 + 4 + 8);
	buffer_release(&tuple);
	table_close(t);
}

static void a_column_with_a_fields_name_is_refused(void **state)
{
	struct world *w = *state;
	struct table *t = make_alone(w, "bucket(3,id)");
	struct prepared_commit p = { .operation = "ADD COLUMNS", .position = "{}" };
	enum commit_result result;
	struct err e = ERR_INIT;
	int32_t last_id = 3;
	struct schema *wider = delta_table_schema();

	schema_add(wider, "id_bucket", TYPE_INT, true);
	p.schema = schema_adopt_ids(wider, table_snapshot(t)->schema, &last_id);
	assert_int_equal(table_commit(t, &p, &result, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "column \"id_bucket\" has the name of a partition field (bucket[3])"));
	schema_release(p.schema);
	schema_release(wider);
	table_close(t);
}

/* --- a face ----------------------------------------------------------------------------------- */

static struct text_map value_of(const char *text)
{
	struct text_pair pair = { "name", text };

	return text_map_keep(&(struct text_map){ &pair, 1 });
}

static void follow(struct world *w)
{
	struct err e = ERR_INIT;

	must(follow_up(w->face, &w->leader.table, &e), &e);
	face_release(&w->seen);
	face_read(&w->seen, w->store, w->folder.path);
	assert_face_equal(w->store, w->folder.path, &w->leader);
}

static void partition_leader(struct world *w)
{
	struct err e = ERR_INIT;

	must(partition_by(w->leader.table.snapshot.schema, "name", &e), &e);
}

static void a_face_has_its_leaders_partitions(void **state)
{
	static const char *const texts[] = { "a", NULL, "", "ü" }; /* Delta's "" is NULL */
	struct world *w = *state;

	partition_leader(w);
	leader_add(&w->leader, 4);
	for (uint32_t i = 0; i < 4; i++)
		w->leader.files[i].partition = value_of(texts[i]);
	follow(w);
	assert_string_equal(w->seen.version.metadata->spec->fields[0].words, "identity");
	assert_int_equal(w->seen.live.manifests.items[0].partitions.items[0].contains_null, 1);
	for (uint32_t i = 0; i < 4; i++) {
		assert_text(&w->seen.live.files[i].partition.items[0], i == 2 ? NULL : texts[i]);
		memory_free(w->leader.files[i].partition.pairs);
	}
}

static void a_face_that_was_made_without_partitions_stays_so(void **state)
{
	struct world *w = *state;

	leader_add(&w->leader, 1);
	follow(w);
	partition_leader(w); /* as an older tailrace had not seen it */
	leader_add(&w->leader, 1);
	leader_delete(&w->leader, 0, 3);
	follow(w);
	assert_int_equal(w->seen.version.metadata->spec->field_count, 0);
	assert_int_equal(w->seen.live.files[1].partition.count, 0);
}

static void a_field_that_the_leader_does_not_tell_is_refused(void **state)
{
	struct world *w = *state;
	struct schema *s = w->leader.table.snapshot.schema;
	struct text_map texts = value_of("a");
	struct iceberg_spec spec = { 0 };
	struct iceberg_values values;
	struct err e = ERR_INIT;

	partition_leader(w);
	must(iceberg_spec_add(&spec, &s->fields[0], "void", &e), &e);
	must(partitioning_of_texts(&values, &spec, s, &texts, &e), &e);
	assert_text(&values.items[0], NULL);
	iceberg_values_release(&values);
	must(iceberg_spec_add(&spec, &s->fields[1], "bucket[3]", &e), &e);
	assert_int_equal(partitioning_of_texts(&values, &spec, s, &texts, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "\"name_bucket\" (bucket[3])"));
	iceberg_values_release(&values);
	iceberg_spec_release(&spec);
	memory_free(texts.pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_and_transforms_are_asked_for),
		cmocka_unit_test(what_a_table_cannot_be_partitioned_by_is_refused),
		cmocka_unit_test(what_a_field_is_called_does_not_count),
		cmocka_unit_test(delta_has_no_transforms),
		cmocka_unit_test(a_tuple_comes_back_as_it_was),
		cmocka_unit_test(without_a_tuple_all_is_null),
		cmocka_unit_test_setup_teardown(files_keep_their_values_and_their_deletes_have_them, setup, teardown),
		cmocka_unit_test_setup_teardown(a_column_with_a_fields_name_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_face_has_its_leaders_partitions, setup, teardown),
		cmocka_unit_test_setup_teardown(a_face_that_was_made_without_partitions_stays_so, setup, teardown),
		cmocka_unit_test_setup_teardown(a_field_that_the_leader_does_not_tell_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
