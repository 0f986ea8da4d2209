/* SPDX-License-Identifier: Apache-2.0 */
/* Which manifests a commit writes anew, which it leaves, and which it puts together. */
#include "lib/iceberg_face.h"
#include "lib/test.h"
#include "table/iceberg/draft.h"

/* The face follows, and is seen anew. */
static void follow(struct face_world *w)
{
	struct err e = ERR_INIT;

	must(follow_up(w->face, &w->leader.table, &e), &e);
	face_release(&w->seen);
	face_read(&w->seen, w->store, w->folder.path);
	assert_face_equal(w->store, w->folder.path, &w->leader);
}

static const struct iceberg_manifests *manifests(const struct face_world *w)
{
	return &w->seen.live.manifests;
}

/* How many manifests of now were there before. */
static uint32_t count_kept(const struct iceberg_manifests *before, const struct iceberg_manifests *now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < before->count; i++) {
		for (uint32_t k = 0; k < now->count; k++)
			kept += strcmp(before->items[i].path, now->items[k].path) == 0;
	}
	return kept;
}

static const char *summary(const struct face_world *w, const char *key)
{
	const char *text = iceberg_snapshot_summary(w->seen.version.metadata->current, key);

	return text != NULL ? text : "";
}

static void only_touched_manifests_are_written_anew(void **state)
{
	struct face_world *w = *state;
	struct face before;

	for (int i = 0; i < 4; i++) {
		leader_add(&w->leader, 2);
		follow(w);
	}
	leader_delete(&w->leader, 0, 5);
	follow(w);
	assert_int_equal(manifests(w)->count, 5);
	face_read(&before, w->store, w->folder.path);
	leader_delete(&w->leader, 0, 6); /* another vector for its one */
	follow(w);
	assert_int_equal(count_kept(&before.live.manifests, manifests(w)), 4);
	assert_string_equal(summary(w, "added-dvs"), "1");
	assert_string_equal(summary(w, "removed-dvs"), "1");
	assert_string_equal(summary(w, "total-position-deletes"), "2");
	face_release(&before);
	face_read(&before, w->store, w->folder.path);
	leader_remove(&w->leader, 7);
	follow(w);
	assert_int_equal(count_kept(&before.live.manifests, manifests(w)), manifests(w)->count - 1);
	assert_string_equal(summary(w, "operation"), "delete");
	assert_string_equal(summary(w, "total-data-files"), "7");
	face_release(&before);
}

static void a_manifest_of_nothing_goes(void **state)
{
	struct face_world *w = *state;

	leader_add(&w->leader, 1);
	follow(w);
	leader_remove(&w->leader, 0);
	follow(w); /* tells what went */
	assert_int_equal(manifests(w)->count, 1);
	leader_add(&w->leader, 1);
	follow(w);
	assert_int_equal(manifests(w)->count, 1);
}

static void too_many_manifests_are_put_together(void **state)
{
	struct face_world *w = *state;
	uint32_t most = 0;
	int64_t next_row_id = 0;

	for (int i = 0; i < DRAFT_MANIFESTS_MAX + 30; i++) {
		leader_add(&w->leader, 1);
		follow(w);
		most = manifests(w)->count > most ? manifests(w)->count : most;
	}
	assert_int_equal(most, DRAFT_MANIFESTS_MAX);
	assert_true(manifests(w)->count < DRAFT_MANIFESTS_MAX);
	for (uint32_t i = 0; i < w->leader.table.snapshot.file_count; i++) { /* nobody's row ids changed */
		char uri[300];

		snprintf(uri, sizeof(uri), "file://%s/%s", w->folder.path, w->leader.files[i].path);
		assert_int_equal(w->seen.live.files[live_find(&w->seen.live, uri)].first_row_id, next_row_id);
		next_row_id += 100;
	}
	assert_int_equal(w->seen.version.metadata->next_row_id, next_row_id);
}

static void rows_that_a_file_has_not_are_refused(void **state)
{
	struct face_world *w = *state;
	struct err e = ERR_INIT;

	leader_add(&w->leader, 1);
	leader_delete(&w->leader, 0, 100);
	assert_int_equal(follow_up(w->face, &w->leader.table, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, "commit refused: row 100 of file"));
	assert_int_equal(scratch_count(&w->folder, FACE_FOLDER "/metadata", "v"), 1 + 1); /* the first version, and the hint */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, face_world_setup, face_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_touched_manifests_are_written_anew),
		TEST(a_manifest_of_nothing_goes),
		TEST(too_many_manifests_are_put_together),
		TEST(rows_that_a_file_has_not_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
