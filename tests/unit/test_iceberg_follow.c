/* SPDX-License-Identifier: Apache-2.0 */
/* The face equals its leader after every kind of commit, whoever was faster, wherever it was killed; and stays small. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "lib/catalog_changes.h"
#include "lib/fault_store.h"
#include "lib/iceberg_face.h"
#include "lib/test.h"
#include "table/iceberg/tidy.h"

#define METADATA FACE_FOLDER "/metadata"

static void follow(struct face_world *w)
{
	struct err e = ERR_INIT;

	must(follow_up(w->face, &w->leader.table, &e), &e);
}

static void open_again(struct face_world *w)
{
	follow_close(w->face);
	w->face = face_open(w->store, 3);
}

static void assert_equal(struct face_world *w)
{
	assert_face_equal(w->store, w->folder.path, &w->leader);
}

static void assert_refused(struct face_world *w, const char *sentence)
{
	struct err e = ERR_INIT;

	assert_int_equal(follow_up(w->face, &w->leader.table, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	if (strstr(e.text, sentence) == NULL)
		fail_msg("%s", e.text);
	assert_non_null(strstr(e.text, "remove the folder _iceberg of the table"));
}

/* Files in the metadata folder whose names have this in them. */
static uint32_t count(struct face_world *w, const char *part)
{
	DIR *d = opendir(scratch_path(&w->folder, METADATA));
	const struct dirent *entry;
	uint32_t found = 0;

	while (d != NULL && (entry = readdir(d)) != NULL)
		found += strstr(entry->d_name, part) != NULL;
	if (d != NULL)
		closedir(d);
	return found;
}

static void every_kind_of_commit_is_followed(void **state)
{
	struct face_world *w = *state;

	for (int version = 2; version <= 3; version++) {
		follow_close(w->face);
		store_close(w->store);
		scratch_remove(&w->folder);
		scratch_make(&w->folder);
		w->store = w->leader.store = store_open_directory(w->folder.path, false, &(struct err)ERR_INIT);
		w->face = face_open(w->store, version);
		follow(w);
		leader_add(&w->leader, 3);
		follow(w);
		assert_equal(w);
		leader_delete(&w->leader, 0, 7);
		leader_delete(&w->leader, 1, 99);
		follow(w);
		leader_delete(&w->leader, 0, 8);
		follow(w);
		assert_equal(w);
		leader_remove(&w->leader, 0);
		leader_add(&w->leader, 1);
		follow(w);
		assert_equal(w);
		while (w->leader.table.snapshot.file_count > 0)
			leader_remove(&w->leader, 0);
		follow(w);
		assert_equal(w);
	}
}

static void the_same_version_is_followed_once(void **state)
{
	struct face_world *w = *state;
	uint32_t files;

	leader_add(&w->leader, 2);
	follow(w);
	files = count(w, "");
	follow(w);
	open_again(w);
	follow(w);
	assert_int_equal(count(w, ""), files);
}

static void as_many_other_rows_are_noticed(void **state)
{
	struct face_world *w = *state;

	leader_add(&w->leader, 2);
	leader_delete(&w->leader, 0, 7);
	follow(w);
	leader_restore(&w->leader, 0, 8);
	follow(w);
	assert_equal(w);
	leader_restore(&w->leader, 0, 9);
	open_again(w);
	follow(w);
	assert_equal(w);
}

static void who_loses_the_race_leaves_nothing(void **state)
{
	struct face_world *w = *state;
	struct follow *other;
	struct err e = ERR_INIT;
	struct face f;

	leader_add(&w->leader, 2);
	follow(w);
	other = face_open(w->store, 3);
	leader_delete(&w->leader, 0, 7);
	must(follow_up(other, &w->leader.table, &e), &e);
	leader_delete(&w->leader, 0, 8);
	leader_add(&w->leader, 1);
	follow(w); /* knows nothing of the other's */
	assert_equal(w);
	face_read(&f, w->store, w->folder.path);
	assert_int_equal(f.version.metadata->snapshot_count, 3);
	assert_int_equal(count(w, "-list"), 3);
	face_release(&f);
	follow_close(other);
}

static void killed_anywhere_it_has_a_whole_version(void **state)
{
	struct face_world *w = *state;
	struct fault_store faults;
	bool was_killed = true;

	leader_add(&w->leader, 2);
	follow(w);
	for (int at = 1; was_killed; at++) {
		struct follow *doomed;
		struct err e = ERR_INIT;
		struct face f;

		leader_delete(&w->leader, 0, (uint32_t)at);
		leader_remove(&w->leader, 1);
		leader_add(&w->leader, 1);
		fault_store_init(&faults, w->store);
		doomed = face_open(&faults.store, 3);
		fault_store_arm(&faults, FAULT_CRASH, at);
		was_killed = follow_up(doomed, &w->leader.table, &e) < 0;
		follow_close(doomed);
		face_read(&f, w->store, w->folder.path); /* what lies there is read whole */
		face_release(&f);
		open_again(w);
		follow(w);
		assert_equal(w);
		assert_true(at < 100);
	}
}

static void publish_past(struct face_world *w, int64_t time_ms)
{
	struct err e = ERR_INIT;

	must(follow_past(w->face, &w->leader.table, time_ms, &e), &e);
	assert_equal(w);
}

static int64_t gap_from(struct face_world *w, int64_t from)
{
	struct err e = ERR_INIT;
	int64_t gap;

	must(follow_find_gap(w->face, from, &gap, &e), &e);
	return gap;
}

static void each_version_of_a_past_is_a_snapshot_with_its_time(void **state)
{
	static const int64_t times[] = { 1000, 5000, 4000, 0, 7000 }, wanted[] = { 1000, 5000, 5000, 5000, 7000 };
	struct face_world *w = *state;
	struct face f;

	w->leader.table.snapshot.version = 4;
	assert_int_equal(gap_from(w, 0), -1); /* there is no face yet */
	publish_past(w, times[0]);
	for (int i = 1; i < 5; i++) {
		if (i == 3)
			w->leader.table.snapshot.version++; /* a commit without files */
		else
			leader_add(&w->leader, 1);
		publish_past(w, times[i]);
		publish_past(w, times[i]);
	}
	face_read(&f, w->store, w->folder.path);
	assert_int_equal(f.version.metadata->snapshot_count, 5);
	for (uint32_t i = 0; i < 5; i++) {
		char version[] = { (char)('4' + i), 0 };

		assert_string_equal(iceberg_snapshot_summary(&f.version.metadata->snapshots[i], "tailrace.leader-version"), version);
		assert_int_equal(f.version.metadata->snapshots[i].timestamp_ms, wanted[i]);
	}
	face_release(&f);
	assert_int_equal(gap_from(w, 4), -1);
	assert_int_equal(gap_from(w, 6), -1);
	assert_int_equal(gap_from(w, 9), -1);
	assert_int_equal(gap_from(w, 3), 3);
	leader_add(&w->leader, 1);
	leader_add(&w->leader, 1);
	follow(w);
	assert_int_equal(gap_from(w, 4), 9);
	assert_int_equal(gap_from(w, 10), -1);
}

static void a_past_that_is_killed_goes_on_without_a_gap(void **state)
{
	struct face_world *w = *state;
	struct fault_store faults;
	bool was_killed = true;

	for (int at = 1; was_killed; at++) {
		struct follow *doomed;
		struct err e = ERR_INIT;

		leader_add(&w->leader, 1);
		if (at > 1) {
			leader_remove(&w->leader, 0);
			w->leader.table.snapshot.version--; /* by the same commit */
		}
		fault_store_init(&faults, w->store);
		doomed = face_open(&faults.store, 3);
		fault_store_arm(&faults, FAULT_CRASH, at);
		was_killed = follow_past(doomed, &w->leader.table, at * 1000, &e) < 0;
		follow_close(doomed);
		open_again(w);
		publish_past(w, at * 1000);
		assert_int_equal(gap_from(w, 1), -1);
		assert_true(at < 100);
	}
}

static void what_a_killed_run_left_unfinished_is_swept_out(void **state)
{
	static const struct timespec times[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
	struct face_world *w = *state;
	int fd;

	leader_add(&w->leader, 1);
	follow(w);
	fd = open(scratch_path(&w->folder, METADATA "/.tmp-0123"), O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0 && futimens(fd, times) == 0);
	close(fd);
	follow(w);
	assert_int_equal(count(w, ".tmp-"), 1);
	open_again(w);
	follow(w);
	assert_int_equal(count(w, ".tmp-"), 0);
}

static void a_moved_table_and_another_leader_are_told(void **state)
{
	struct face_world *w = *state;
	char from[200], to[200];
	struct err e = ERR_INIT;

	leader_add(&w->leader, 1);
	follow(w);
	w->leader.table.snapshot.table_id[0] = 'T';
	assert_refused(w, "was made anew");
	w->leader.table.snapshot.table_id[0] = 't';
	follow_close(w->face);
	store_close(w->store);
	snprintf(from, sizeof(from), "%s", w->folder.path);
	snprintf(to, sizeof(to), "%.180s-moved", from);
	assert_int_equal(rename(from, to), 0);
	memcpy(w->folder.path, to, strlen(to) + 1);
	w->store = store_open_directory(to, false, &e);
	w->face = face_open(w->store, 3);
	assert_refused(w, "the table was moved or copied");
}

/* A snapshot of somebody else: the same files, if the operation says the truth. */
static void commit_foreign(struct face_world *w, const char *operation)
{
	struct store *below = store_open_below(w->store, FACE_FOLDER, &(struct err)ERR_INIT);
	struct catalog_settings s = { .namespace = "shop", .name = "orders", .store = below };
	const struct iceberg_pair summary[] = { { "operation", operation } };
	struct catalog_version next = { 0 };
	struct iceberg_change_set changes;
	struct iceberg_snapshot made;
	struct catalog *c = NULL;
	struct err e = ERR_INIT;
	enum commit_result result;
	struct face f;

	face_read(&f, w->store, w->folder.path);
	s.location = f.version.metadata->location;
	must(catalog_open(&c, &s, &e), &e);
	made = *f.version.metadata->current;
	made.parent_id = made.id;
	made.id = iceberg_snapshot_new_id(f.version.metadata);
	made.sequence_number++;
	made.first_row_id = f.version.metadata->next_row_id;
	made.added_rows = 0;
	made.summary = summary;
	made.summary_count = 1;
	iceberg_change_set_init(&changes, f.version.metadata);
	changes.snapshot = &made;
	must(catalog_commit(c, &f.version, &changes, &next, &result, &e), &e);
	assert_int_equal(result, COMMIT_DONE);
	catalog_version_release(&next);
	catalog_close(c);
	store_close(below);
	face_release(&f);
}

static void what_others_do_is_undone_or_refused(void **state)
{
	struct face_world *w = *state;

	leader_add(&w->leader, 2);
	follow(w);
	commit_foreign(w, "replace");
	open_again(w);
	follow(w); /* the leader's version is the same, and a snapshot says so */
	assert_equal(w);
	commit_foreign(w, "append");
	leader_add(&w->leader, 1);
	assert_refused(w, "somebody else changed rows of the table");
}

static void a_face_that_is_removed_is_made_anew(void **state)
{
	struct face_world *w = *state;
	char command[256];
	struct err e = ERR_INIT;

	leader_add(&w->leader, 2);
	follow(w);
	snprintf(command, sizeof(command), "rm -r %s", scratch_path(&w->folder, FACE_FOLDER));
	assert_int_equal(system(command), 0);
	leader_add(&w->leader, 1);
	assert_int_equal(follow_up(w->face, &w->leader.table, &e), -1);
	assert_int_equal(count(w, "metadata.json"), 0);
	open_again(w);
	follow(w);
	assert_equal(w);
}

#define COMMITS 610

/* The snapshots that it keeps can all be read, with their deletes. */
static void assert_snapshots_whole(struct face_world *w)
{
	struct store *below = store_open_below(w->store, FACE_FOLDER, &(struct err)ERR_INIT);
	struct iceberg_places places = { below, NULL, w->store, NULL };
	struct err e = ERR_INIT;
	struct face f;

	face_read(&f, w->store, w->folder.path);
	places.meta_uri = f.version.metadata->location;
	for (uint32_t i = 0; i < f.version.metadata->snapshot_count; i += 45) {
		struct live live;

		must(live_load(&live, &places, &f.version.metadata->snapshots[i], &e), &e);
		for (uint32_t k = 0; k < live.file_count; k++) {
			const char *path = live.files[k].deletes.path;

			if (path != NULL)
				assert_int_equal(access(path + strlen("file://"), F_OK), 0);
		}
		live_release(&live);
	}
	face_release(&f);
	store_close(below);
}

static void after_many_commits_it_is_small(void **state)
{
	struct face_world *w = *state;
	struct face f;

	leader_add(&w->leader, 20);
	for (uint32_t i = 0; i < COMMITS; i++) {
		if (i % 3 == 2) {
			leader_add(&w->leader, 1);
			leader_remove(&w->leader, i % 20);
		} else {
			leader_delete(&w->leader, i % 20, i % 97);
		}
		follow(w);
	}
	assert_equal(w);
	assert_snapshots_whole(w);
	face_read(&f, w->store, w->folder.path);
	assert_in_range(f.version.metadata->snapshot_count, TIDY_SNAPSHOTS_MAX, TIDY_SNAPSHOTS_MAX + TIDY_BATCH);
	assert_int_equal(count(w, "-list"), f.version.metadata->snapshot_count);
	assert_in_range(count(w, "metadata.json"), 2, 22);
	assert_in_range(count(w, ""), 0, TIDY_SNAPSHOTS_MAX * 5);
	face_release(&f);
}

/* Delta's log spells paths as URIs; Iceberg's readers take one as it is. */
static void files_are_named_as_the_store_has_them(void **state)
{
	struct face_world *w = *state;
	struct face seen;
	char uri[300];

	leader_add(&w->leader, 1);
	memory_free(w->leader.files[0].path);
	w->leader.files[0].path = memory_copy_text("part%2D0.parquet");
	follow(w);
	leader_delete(&w->leader, 0, 7);
	follow(w);
	face_read(&seen, w->store, w->folder.path);
	snprintf(uri, sizeof(uri), "file://%s/part-0.parquet", w->folder.path);
	assert_int_equal(live_find(&seen.live, uri), 0);
	assert_int_equal(seen.live.file_count, 1);
	face_release(&seen);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, face_world_setup, face_world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_kind_of_commit_is_followed),
		TEST(the_same_version_is_followed_once),
		TEST(as_many_other_rows_are_noticed),
		TEST(who_loses_the_race_leaves_nothing),
		TEST(killed_anywhere_it_has_a_whole_version),
		TEST(each_version_of_a_past_is_a_snapshot_with_its_time),
		TEST(a_past_that_is_killed_goes_on_without_a_gap),
		TEST(what_a_killed_run_left_unfinished_is_swept_out),
		TEST(a_moved_table_and_another_leader_are_told),
		TEST(what_others_do_is_undone_or_refused),
		TEST(a_face_that_is_removed_is_made_anew),
		TEST(files_are_named_as_the_store_has_them),
		TEST(after_many_commits_it_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
