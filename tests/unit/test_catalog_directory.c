/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iceberg tables in a plain directory: the newest version is found, and only one writer
 * makes the next.
 */
#include <unistd.h>

#include "lib/catalog_changes.h"
#include "lib/fault_store.h"
#include "lib/scratch.h"
#include "lib/test.h"
#include "table/iceberg/catalog_ops.h"

#define LOCATION "file:///lake/shop/orders"

struct world {
	struct scratch folder;
	struct store *store;
	struct fault_store faults;
	struct schema *schema;
	struct catalog *catalog, *other;
};

static struct catalog *open_catalog(struct store *store)
{
	struct catalog_settings s = { .namespace = "shop",
				     .name = "orders",
				     .store = store,
				     .location = LOCATION };
	struct err e = ERR_INIT;
	struct catalog *c;

	must(catalog_open(&c, &s, &e), &e);
	c->pause_us = 1;
	return c;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err e = ERR_INIT;

	scratch_make(&w->folder);
	w->store = store_open_directory(scratch_path(&w->folder, "orders"), true, &e);
	must(w->store != NULL ? 0 : -1, &e);
	fault_store_init(&w->faults, w->store);
	w->schema = catalog_changes_schema();
	w->catalog = open_catalog(&w->faults.store);
	w->other = open_catalog(w->store);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	catalog_close(w->catalog);
	catalog_close(w->other);
	schema_release(w->schema);
	store_close(w->store);
	scratch_remove(&w->folder);
	free(w);
	return 0;
}

static void put(struct world *w, const char *key, const char *text)
{
	enum put_result result;
	struct err e = ERR_INIT;

	must(store_put(w->store, key, bytes_of_text(text), false, &result, &e), &e);
}

static struct catalog_version make(struct world *w, const char *uuid)
{
	struct catalog_version v = { 0 };
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_create(&changes, w->schema, uuid, LOCATION, 3);
	must(catalog_commit(w->catalog, NULL, &changes.set, &v, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	return v;
}

/* Commits a snapshot after `v`, which becomes the new version when it is done. */
static enum commit_result append(struct catalog *c, struct catalog_version *v, int64_t id)
{
	struct catalog_version next = { 0 };
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_append(&changes, v->metadata, id, LOCATION "/metadata/snap.avro");
	must(catalog_commit(c, v, &changes.set, &next, &result, &e), &e);
	if (result == COMMIT_DONE) {
		catalog_version_release(v);
		*v = next;
	}
	return result;
}

static struct catalog_version load(struct catalog *c)
{
	struct catalog_version v = { 0 };
	struct err e = ERR_INIT;

	must(catalog_load(c, &v, &e), &e);
	return v;
}

static void a_table_is_made_and_committed_to(void **state)
{
	struct world *w = *state;
	struct catalog_version v = { 0 }, seen;
	struct err e = ERR_INIT;

	assert_int_equal(catalog_load(w->catalog, &v, &e), 1);
	v = make(w, TABLE_UUID);
	assert_string_equal(v.path, LOCATION "/metadata/v1.metadata.json");
	assert_int_equal(append(w->catalog, &v, 71), COMMIT_DONE);
	seen = load(w->other);
	assert_string_equal(seen.path, LOCATION "/metadata/v2.metadata.json");
	assert_string_equal(seen.metadata->uuid, TABLE_UUID);
	assert_int_equal(seen.metadata->current->id, 71);
	catalog_version_release(&seen);
	catalog_version_release(&v);
}

static void the_slower_of_two_writers_loses(void **state)
{
	struct world *w = *state;
	struct catalog_version mine = make(w, TABLE_UUID), theirs = load(w->other);

	assert_int_equal(append(w->other, &theirs, 1), COMMIT_DONE);
	assert_int_equal(append(w->catalog, &mine, 2), COMMIT_LOST);
	catalog_version_release(&mine);
	mine = load(w->catalog);
	assert_int_equal(append(w->catalog, &mine, 2), COMMIT_DONE);
	assert_string_equal(mine.path, LOCATION "/metadata/v3.metadata.json");
	assert_int_equal(mine.metadata->snapshot_count, 2);
	catalog_version_release(&mine);
	catalog_version_release(&theirs);
}

/* Not every file system lets a rename fail when the name is taken: Hadoop then puts its version over ours. */
static void a_version_in_the_place_of_ours_is_never_overwritten(void **state)
{
	struct world *w = *state;
	struct catalog_version ours = make(w, TABLE_UUID), theirs = load(w->other);

	assert_int_equal(append(w->catalog, &ours, 71), COMMIT_DONE);
	remove(scratch_path(&w->folder, "orders/metadata/v2.metadata.json"));
	assert_int_equal(append(w->other, &theirs, 98), COMMIT_DONE);
	assert_int_equal(append(w->catalog, &ours, 72), COMMIT_LOST);
	catalog_version_release(&ours);
	ours = load(w->catalog);
	assert_int_equal(append(w->catalog, &ours, 71), COMMIT_DONE);
	assert_non_null(iceberg_metadata_snapshot(ours.metadata, 98));
	catalog_version_release(&ours);
	catalog_version_release(&theirs);
}

static void the_newest_version_is_found_whatever_the_hint_says(void **state)
{
	static const char *const hints[] = {
		"1", "1\n",	"2",  "3",  "77",
		"",  "garbage", "-1", "v3", "99999999999999999999999" };
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID), seen;

	append(w->catalog, &v, 1);
	append(w->catalog, &v, 2);
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		put(w, "metadata/version-hint.text", hints[i]);
		seen = load(w->other);
		assert_string_equal(seen.path, LOCATION "/metadata/v3.metadata.json");
		catalog_version_release(&seen);
	}
	remove(scratch_path(&w->folder, "orders/metadata/version-hint.text"));
	seen = load(w->other);
	assert_string_equal(seen.path, LOCATION "/metadata/v3.metadata.json");
	catalog_version_release(&seen);
	catalog_version_release(&v);
}

static void a_writer_mends_the_hint_that_a_killed_one_left_behind(void **state)
{
	struct world *w = *state;
	struct catalog_settings s = { .namespace = "shop", .name = "orders", .store = w->store, .location = LOCATION, .mends = true };
	struct catalog_version v = make(w, TABLE_UUID), next;
	struct buffer hint = { 0 };
	struct err e = ERR_INIT;
	struct catalog *c;

	catalog_version_release(&v);
	put(w, "metadata/version-hint.text", "0");
	v = load(w->other);
	catalog_version_release(&v);
	must(store_get(w->store, "metadata/version-hint.text", 0, 0, &hint, &e), &e);
	assert_buffer_text(hint, "0"); /* who only reads changes nothing */
	buffer_clear(&hint);
	must(catalog_open(&c, &s, &e), &e);
	next = load(c);
	must(store_get(w->store, "metadata/version-hint.text", 0, 0, &hint, &e), &e);
	assert_buffer_text(hint, "1");
	catalog_version_release(&next);
	catalog_close(c);
	buffer_release(&hint);
}

/*
 * Each call of a commit fails in each way; whatever we are told is what the table says.
 */
static void what_a_failing_store_did_is_found_out(void **state)
{
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID);
	int64_t id = 100;

	for (enum fault fault = FAULT_IO; fault < FAULT_CRASH; fault++) {
		for (int at = 1; at < 5; at++) {
			struct catalog_version next = { 0 }, seen;
			struct catalog_changes changes;
			enum commit_result result = COMMIT_LOST;
			struct err e = ERR_INIT;
			bool is_there;
			int rc;

			catalog_changes_append(&changes, v.metadata, ++id,
					       LOCATION "/metadata/snap.avro");
			fault_store_arm(&w->faults, fault, at);
			rc = catalog_commit(w->catalog, &v, &changes.set, &next, &result,
					    &e);
			fault_store_arm(&w->faults, FAULT_NONE, 0);
			seen = load(w->other);
			is_there = iceberg_metadata_snapshot(seen.metadata, id) != NULL;
			if (rc == 0)
				assert_int_equal(is_there, result == COMMIT_DONE);
			else
				assert_true(!is_there || e.kind == ERR_IO);
			catalog_version_release(&next);
			catalog_version_release(&v);
			v = seen;
		}
	}
	catalog_version_release(&v);
}

static void an_outcome_that_stays_unknown_is_said_to_be(void **state)
{
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID), next = { 0 };
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_append(&changes, v.metadata, 5, LOCATION "/metadata/snap.avro");
	fault_store_arm(&w->faults, FAULT_LOST_REQUEST, 2); /* the first looks whether the table is still the same */
	assert_int_equal(catalog_commit(w->catalog, &v, &changes.set, &next, &result, &e), -1);
	assert_int_equal(e.kind, ERR_RETRY);
	assert_non_null(strstr(e.text, "shop.orders in " LOCATION));
	assert_non_null(strstr(e.text, "the outcome of a commit is not known"));
	catalog_version_release(&v);
}

static void nothing_is_written_behind_a_version_that_was_removed(void **state)
{
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID), next = { 0 };
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	remove(scratch_path(&w->folder, "orders/metadata/v1.metadata.json"));
	catalog_changes_append(&changes, v.metadata, 5, LOCATION "/metadata/snap.avro");
	assert_int_equal(catalog_commit(w->catalog, &v, &changes.set, &next, &result, &e), 0);
	assert_int_equal(result, COMMIT_LOST);
	assert_int_not_equal(access(scratch_path(&w->folder, "orders/metadata/v2.metadata.json"), F_OK), 0);
	catalog_version_release(&v);
}

static void a_table_that_was_made_again_is_another_one(void **state)
{
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID);
	struct err e = ERR_INIT;

	remove(scratch_path(&w->folder, "orders/metadata/v1.metadata.json"));
	assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "it was dropped by somebody else"));
	catalog_version_release(&v);
	catalog_close(w->other);
	w->other = w->catalog;
	w->catalog = open_catalog(w->store);
	v = make(w, OTHER_UUID);
	assert_int_equal(catalog_load(w->other, &v, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "dropped and made again"));
	catalog_version_release(&v);
}

static void nothing_is_written_behind_the_version_of_a_table_that_was_made_again(void **state)
{
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID), next;
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	remove(scratch_path(&w->folder, "orders/metadata/v1.metadata.json"));
	catalog_close(w->other);
	w->other = w->catalog;
	w->catalog = open_catalog(w->store);
	next = make(w, OTHER_UUID);
	catalog_version_release(&next);
	catalog_changes_append(&changes, v.metadata, 71, LOCATION "/metadata/snap.avro");
	must(catalog_commit(w->other, &v, &changes.set, &next, &result, &e), &e);
	assert_int_equal(result, COMMIT_LOST);
	assert_int_not_equal(access(scratch_path(&w->folder, "orders/metadata/v2.metadata.json"), F_OK), 0);
	catalog_version_release(&v);
}

static void a_table_of_a_catalog_is_not_read_without_it(void **state)
{
	struct world *w = *state;
	struct catalog_version v;
	struct err e = ERR_INIT;

	put(w, "metadata/00001-" OTHER_UUID ".metadata.json", "{}");
	assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "a catalog keeps this table"));
}

/* Commits a property after `v`, which becomes the new version. */
static void set(struct catalog *c, struct catalog_version *v, const char *key,
		const char *value)
{
	struct catalog_version next;
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;

	catalog_changes_set(&changes, v->metadata, key, value);
	must(catalog_commit(c, v, &changes.set, &next, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	catalog_version_release(v);
	*v = next;
}

static void old_metadata_is_removed_with_its_place_in_the_log(void **state)
{
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID);

	set(w->catalog, &v, "write.metadata.delete-after-commit.enabled", "false");
	set(w->catalog, &v, "write.metadata.previous-versions-max", "2");
	set(w->catalog, &v, "a", "1");
	set(w->catalog, &v, "a", "2");
	assert_int_equal(scratch_count(&w->folder, "orders/metadata", "v"), 6);
	set(w->catalog, &v, "write.metadata.delete-after-commit.enabled", "true");
	set(w->catalog, &v, "a", "3");
	/* v1 and v2 had left the log while nothing was removed. */
	assert_int_equal(scratch_count(&w->folder, "orders/metadata", "v7"), 1);
	assert_int_equal(scratch_count(&w->folder, "orders/metadata", "v5"), 1);
	assert_int_equal(scratch_count(&w->folder, "orders/metadata", "v4"), 0);
	assert_int_equal(scratch_count(&w->folder, "orders/metadata", "v1"), 1);
	catalog_version_release(&v);
}

static void damaged_metadata_is_named(void **state)
{
	struct world *w = *state;
	struct catalog_version v;
	struct err e = ERR_INIT;

	put(w, "metadata/v1.metadata.json", "{\"format-version\":3");
	assert_int_equal(catalog_load(w->catalog, &v, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, LOCATION "/metadata/v1.metadata.json"));
}

static void next_to_compressed_metadata_nothing_is_written(void **state)
{
	struct world *w = *state;
	struct catalog_version v = make(w, TABLE_UUID), next;
	struct catalog_changes changes;
	enum commit_result result;
	struct err e = ERR_INIT;
	char from[256];

	snprintf(from, sizeof(from), "%s",
		 scratch_path(&w->folder, "orders/metadata/v1.metadata.json"));
	rename(from, scratch_path(&w->folder, "orders/metadata/v1.gz.metadata.json"));
	catalog_version_release(&v);
	v = load(w->catalog);
	catalog_changes_append(&changes, v.metadata, 5, LOCATION "/metadata/snap.avro");
	assert_int_equal(catalog_commit(w->catalog, &v, &changes.set, &next, &result, &e),
			 -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "write.metadata.compression-codec"));
	catalog_version_release(&v);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_table_is_made_and_committed_to),
		TEST(the_slower_of_two_writers_loses),
		TEST(a_version_in_the_place_of_ours_is_never_overwritten),
		TEST(the_newest_version_is_found_whatever_the_hint_says),
		TEST(a_writer_mends_the_hint_that_a_killed_one_left_behind),
		TEST(what_a_failing_store_did_is_found_out),
		TEST(an_outcome_that_stays_unknown_is_said_to_be),
		TEST(nothing_is_written_behind_a_version_that_was_removed),
		TEST(a_table_that_was_made_again_is_another_one),
		TEST(nothing_is_written_behind_the_version_of_a_table_that_was_made_again),
		TEST(a_table_of_a_catalog_is_not_read_without_it),
		TEST(old_metadata_is_removed_with_its_place_in_the_log),
		TEST(damaged_metadata_is_named),
		TEST(next_to_compressed_metadata_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
