/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iceberg tables of a JDBC catalog in SQLite: its rows and files are those that other
 * programs expect.
 */
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "lib/catalog_changes.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/iceberg/catalog_ops.h"

struct world {
	struct scratch folder;
	struct store *store;
	struct schema *schema;
	sqlite3 *database; /* what another program does to it */
	char url[256], location[256], table[300];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err e = ERR_INIT;

	scratch_make(&w->folder);
	w->store = store_open_directory(scratch_path(&w->folder, "lake"), true, &e);
	must(w->store != NULL ? 0 : -1, &e);
	w->schema = catalog_changes_schema();
	snprintf(w->location, sizeof(w->location), "file://%s",
		 scratch_path(&w->folder, "lake"));
	snprintf(w->table, sizeof(w->table), "%s/shop/orders", w->location);
	snprintf(w->url, sizeof(w->url), "sqlite://%s?catalog=lake",
		 scratch_path(&w->folder, "catalog.db"));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	sqlite3_close(w->database);
	schema_release(w->schema);
	store_close(w->store);
	scratch_remove(&w->folder);
	free(w);
	return 0;
}

static struct catalog *open_catalog(struct world *w)
{
	struct catalog_settings s = { .url = w->url,
				     .namespace = "shop",
				     .name = "orders",
				     .store = w->store,
				     .location = w->location };
	struct err e = ERR_INIT;
	struct catalog *c;

	must(catalog_open(&c, &s, &e), &e);
	c->pause_us = 1;
	return c;
}

static void other_program(struct world *w, const char *statements)
{
	if (w->database == NULL)
		assert_int_equal(sqlite3_open(scratch_path(&w->folder, "catalog.db"),
					      &w->database),
				 SQLITE_OK);
	assert_int_equal(sqlite3_exec(w->database, statements, NULL, NULL, NULL),
			 SQLITE_OK);
}

/* The first cell of the first row; valid until the next call. */
static const char *cell(struct world *w, const char *query)
{
	static char text[512];
	sqlite3_stmt *statement;

	other_program(w, "SELECT 1");
	assert_int_equal(sqlite3_prepare_v2(w->database, query, -1, &statement, NULL),
			 SQLITE_OK);
	snprintf(text, sizeof(text), "%s",
		 sqlite3_step(statement) == SQLITE_ROW &&
				 sqlite3_column_type(statement, 0) != SQLITE_NULL
			 ? (const char *)sqlite3_column_text(statement, 0)
			 : "nothing");
	sqlite3_finalize(statement);
	return text;
}

static enum commit_result make(struct world *w, struct catalog *c, const char *uuid,
			       struct catalog_version *out)
{
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_create(&changes, w->schema, uuid, w->table, 2);
	must(catalog_commit(c, NULL, &changes.set, out, &result, &e), &e);
	return result;
}

static enum commit_result append(struct catalog *c, struct catalog_version *v, int64_t id)
{
	struct catalog_version next = { 0 };
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_append(&changes, v->metadata, id, "file:///snap.avro");
	must(catalog_commit(c, v, &changes.set, &next, &result, &e), &e);
	if (result == COMMIT_DONE) {
		catalog_version_release(v);
		*v = next;
	}
	return result;
}

static void refuses(struct catalog *c, enum err_kind kind, const char *words)
{
	struct catalog_version v = { 0 };
	struct err e = ERR_INIT;

	assert_int_equal(catalog_load(c, &v, &e), -1);
	assert_int_equal(e.kind, kind);
	assert_non_null(strstr(e.text, words));
}

static void rows_and_files_are_those_of_the_jdbc_catalog(void **state)
{
	struct world *w = *state;
	struct catalog *c = open_catalog(w);
	struct catalog_version v = { 0 };
	struct err e = ERR_INIT;
	char first[512];
	struct stat st;

	assert_int_equal(catalog_load(c, &v, &e), 1);
	assert_int_not_equal(stat(scratch_path(&w->folder, "catalog.db"), &st), 0);
	assert_int_equal(make(w, c, TABLE_UUID, &v), COMMIT_DONE);
	assert_string_equal(cell(w, "SELECT catalog_name || '/' || table_namespace || "
				    "'/' || table_name || '/' || "
				    "iceberg_type FROM iceberg_tables WHERE "
				    "previous_metadata_location IS NULL"),
			    "lake/shop/orders/TABLE");
	assert_string_equal(cell(w, "SELECT catalog_name || namespace || property_key || "
				    "property_value FROM "
				    "iceberg_namespace_properties"),
			    "lakeshopexiststrue");
	assert_string_equal(cell(w, "SELECT metadata_location FROM iceberg_tables"),
			    v.path);
	assert_int_equal(strncmp(v.path, w->table, strlen(w->table)), 0);
	assert_int_equal(strncmp(v.path + strlen(w->table), "/metadata/00000-", 16), 0);
	snprintf(first, sizeof(first), "%s", v.path);
	assert_int_equal(append(c, &v, 71), COMMIT_DONE);
	assert_string_equal(cell(w, "SELECT metadata_location FROM iceberg_tables"),
			    v.path);
	assert_string_equal(
		cell(w, "SELECT previous_metadata_location FROM iceberg_tables"), first);
	assert_non_null(strstr(v.path, "/metadata/00001-"));
	assert_int_equal(v.metadata->current->id, 71);
	catalog_version_release(&v);
	catalog_close(c);
}

static void the_slower_of_two_writers_loses_and_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct catalog *c = open_catalog(w), *other = open_catalog(w);
	struct catalog_version mine = { 0 }, theirs = { 0 };
	struct err e = ERR_INIT;

	make(w, c, TABLE_UUID, &mine);
	must(catalog_load(other, &theirs, &e), &e);
	assert_int_equal(append(other, &theirs, 1), COMMIT_DONE);
	assert_int_equal(append(c, &mine, 2), COMMIT_LOST);
	assert_int_equal(scratch_count(&w->folder, "lake/shop/orders/metadata", "0000"),
			 2);
	catalog_version_release(&mine);
	assert_int_equal(make(w, c, OTHER_UUID, &mine), COMMIT_LOST);
	assert_int_equal(scratch_count(&w->folder, "lake/shop/orders/metadata", "0000"),
			 2);
	catalog_version_release(&theirs);
	catalog_close(c);
	catalog_close(other);
}

/* As Java's JdbcCatalog makes it unless jdbc.schema-version is V1. */
static void a_database_without_types_stays_without(void **state)
{
	struct world *w = *state;
	struct catalog *c = open_catalog(w);
	struct catalog_version v = { 0 };

	other_program(
		w,
		"CREATE TABLE iceberg_tables(catalog_name VARCHAR(255) NOT "
		"NULL,table_namespace VARCHAR(255) NOT "
		"NULL,table_name VARCHAR(255) NOT NULL,metadata_location "
		"VARCHAR(1000),previous_metadata_location "
		"VARCHAR(1000),PRIMARY KEY (catalog_name, table_namespace, table_name))");
	assert_int_equal(make(w, c, TABLE_UUID, &v), COMMIT_DONE);
	assert_int_equal(append(c, &v, 1), COMMIT_DONE);
	assert_int_equal(append(c, &v, 2), COMMIT_DONE);
	assert_string_equal(
		cell(w, "SELECT count(*) FROM pragma_table_info('iceberg_tables')"), "5");
	catalog_version_release(&v);
	catalog_close(c);
}

static void what_the_row_says_is_checked(void **state)
{
	struct world *w = *state;
	struct catalog *c = open_catalog(w);
	struct catalog_version v = { 0 }, next;
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	make(w, c, TABLE_UUID, &v);
	other_program(w, "UPDATE iceberg_tables SET iceberg_type = 'VIEW'");
	refuses(c, ERR_CONFIG, "it is a VIEW in the catalog");
	other_program(w, "UPDATE iceberg_tables SET iceberg_type = NULL");
	assert_int_equal(append(c, &v, 1), COMMIT_DONE);
	other_program(w, "UPDATE iceberg_tables SET metadata_location = "
			 "'file:///elsewhere/metadata/1.metadata.json'");
	refuses(c, ERR_CONFIG, "was the directory moved");
	other_program(w, "UPDATE iceberg_tables SET metadata_location = "
			 "'s3://lake/shop/orders/metadata/1.metadata.json'");
	refuses(c, ERR_CONFIG, "does not lie in a local folder");
	other_program(w, "UPDATE iceberg_tables SET metadata_location = "
			 "previous_metadata_location || 'x'");
	refuses(c, ERR_DATA, "there is no such file");
	other_program(w, "UPDATE iceberg_tables SET metadata_location = NULL");
	refuses(c, ERR_DATA, "no metadata_location");
	other_program(w, "DELETE FROM iceberg_tables");
	refuses(c, ERR_CONFIG, "it was dropped by somebody else");
	catalog_changes_append(&changes, v.metadata, 2, "file:///snap.avro");
	assert_int_equal(catalog_commit(c, &v, &changes.set, &next, &result, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_string_equal(cell(w, "SELECT count(*) FROM iceberg_tables"), "0");
	catalog_version_release(&v);
	catalog_close(c);
}

static void all_spellings_of_a_local_path_are_one(void **state)
{
	struct world *w = *state;
	struct catalog *c = open_catalog(w);
	struct catalog_version v = { 0 };
	struct err e = ERR_INIT;

	make(w, c, TABLE_UUID, &v);
	catalog_version_release(&v);
	other_program(w, "UPDATE iceberg_tables SET metadata_location = "
			 "replace(metadata_location, 'file:///', 'file:/')");
	must(catalog_load(c, &v, &e), &e);
	assert_int_equal(append(c, &v, 1), COMMIT_DONE);
	assert_int_equal(strncmp(v.path, "file:/", 6), 0);
	assert_int_not_equal(v.path[6], '/');
	other_program(w, "UPDATE iceberg_tables SET metadata_location = "
			 "replace(metadata_location, 'file:', '')");
	catalog_version_release(&v);
	must(catalog_load(c, &v, &e), &e);
	assert_int_equal(v.metadata->current->id, 1);
	catalog_version_release(&v);
	catalog_close(c);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	struct world *w = *state;
	struct catalog *c = open_catalog(w);

	scratch_write(&w->folder, "catalog.db",
		      "this is a text, and a rather long one at that", 45);
	refuses(c, ERR_CONFIG, "not a database");
	catalog_close(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_and_files_are_those_of_the_jdbc_catalog),
		TEST(the_slower_of_two_writers_loses_and_leaves_nothing),
		TEST(a_database_without_types_stays_without),
		TEST(what_the_row_says_is_checked),
		TEST(all_spellings_of_a_local_path_are_one),
		TEST(a_file_that_is_no_database_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
