/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at every call that changes a file, and the power cut after it, with two formats and with Iceberg alone: every
 * step between a commit of the leader and the end of its follower is among them. What lies there then is whole, the
 * face is the leader at the version that it names, and a next run brings both to the end.
 */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "disk/bench.h"
#include "disk/power_lake.h"
#include "store/store.h"
#include "table/iceberg/catalog.h"
#include "table/iceberg/follow.h"
#include "table/iceberg/live.h"
#include "table/iceberg/position_deletes.h"
#include "table/iceberg/puffin.h"

#define SOME 71 /* of the calls */

static const struct power_lake *lake; /* the test's */

/* --- a face beside its leader ------------------------------------------------------------------ */

struct sides {
	struct store *root, *store, *below;
	char table_uri[300], face_uri[320], catalog_url[300];
	struct catalog *catalog;
	struct catalog_version version;
	struct live live;
	struct table *leader;
};

/* 1: there is no face yet, or one without a snapshot. */
static int open_sides(struct sides *s, const char *folder, const char *name, struct err *e)
{
	struct catalog_settings settings = { .namespace = "shop", .name = name };
	struct iceberg_places places;
	const char *version;
	char path[300];
	int rc;

	*s = (struct sides){ .root = NULL };
	snprintf(path, sizeof(path), "%.250s/lake", folder);
	s->root = store_open_directory(path, false, e);
	if (s->root == NULL)
		return 1;
	snprintf(s->table_uri, sizeof(s->table_uri), "file://%.240s/lake/shop/%s", folder, name);
	snprintf(s->face_uri, sizeof(s->face_uri), "%s/" FACE_FOLDER, s->table_uri);
	snprintf(s->catalog_url, sizeof(s->catalog_url), "sqlite://%.240s/catalog.db", folder);
	snprintf(path, sizeof(path), "shop/%s", name);
	s->store = store_open_below(s->root, path, e);
	s->below = store_open_below(s->store, FACE_FOLDER, e);
	settings.url = lake->has_catalog ? s->catalog_url : NULL;
	settings.store = s->below;
	settings.location = s->face_uri;
	if (catalog_open(&s->catalog, &settings, e) < 0)
		return -1;
	rc = catalog_load(s->catalog, &s->version, e);
	if (rc != 0 || s->version.metadata->current == NULL)
		return rc < 0 ? -1 : 1;
	places = (struct iceberg_places){ s->below, s->face_uri, s->store, s->table_uri };
	version = iceberg_metadata_property(s->version.metadata, "tailrace.leader-version");
	if (live_load(&s->live, &places, s->version.metadata->current, e) < 0)
		return -1;
	return table_open_read(&s->leader, s->store, strtoll(version, NULL, 10), e);
}

static void close_sides(struct sides *s)
{
	table_close(s->leader);
	live_release(&s->live);
	catalog_version_release(&s->version);
	catalog_close(s->catalog);
	store_close(s->below);
	store_close(s->store);
	store_close(s->root);
}

static int positions(struct row_set **out, const struct sides *s, const char *key, const struct live_file *f, struct err *e)
{
	struct position_deletes deletes = { .files = NULL };
	int rc = position_deletes_read(&deletes, s->store, key, e);
	const struct row_set *found = rc == 0 ? position_deletes_find(&deletes, f->path) : NULL;

	*out = row_set_new();
	if (found != NULL)
		row_set_union(*out, found);
	position_deletes_release(&deletes);
	return rc;
}

/* The rows that the face has as deleted in the file. */
static int face_rows(struct row_set **out, const struct sides *s, const struct live_file *f, struct err *e)
{
	const struct puffin_place place = { f->deletes.offset, f->deletes.size_bytes, (int64_t)f->deletes.cardinality };
	const char *key;

	if (f->deletes.path == NULL) {
		*out = row_set_new();
		return 0;
	}
	key = f->deletes.path + strlen(s->table_uri) + 1;
	if (place.offset >= 0)
		return puffin_read(out, s->store, key, &place, f->row_count, e);
	return positions(out, s, key, f, e);
}

static int compare_file(const struct sides *s, uint32_t slot, struct err *e)
{
	const struct data_file *file = &table_snapshot(s->leader)->files[slot];
	struct row_set *ours = NULL, *theirs = NULL;
	const struct live_file *f;
	char uri[600];
	int64_t at;
	int rc;

	snprintf(uri, sizeof(uri), "%s/%s", s->table_uri, file->path);
	at = live_find(&s->live, uri);
	if (at < 0)
		return err_set(e, ERR_DATA, "the face has no file %s", file->path);
	f = &s->live.files[at];
	rc = face_rows(&theirs, s, f, e);
	if (rc == 0)
		rc = table_read_dv(s->leader, slot, &ours, e);
	if (rc == 0 && (f->row_count != file->row_count || !row_set_contains(ours, theirs) || !row_set_contains(theirs, ours)))
		rc = err_set(e, ERR_DATA, "the face has other rows of %s", file->path);
	row_set_free(ours);
	row_set_free(theirs);
	return rc;
}

/* Every face is its leader at the version that it names. */
static int check_faces(const char *folder, struct err *e)
{
	for (int i = 0; i < POWER_TABLES; i++) {
		struct sides s;
		int rc = open_sides(&s, folder, power_tables[i], e);

		if (rc == 0 && s.live.file_count != table_snapshot(s.leader)->file_count)
			rc = err_set(e, ERR_DATA, "the face has %u files, its leader %u", s.live.file_count,
				     table_snapshot(s.leader)->file_count);
		for (uint32_t slot = 0; rc == 0 && slot < table_snapshot(s.leader)->file_count; slot++)
			rc = compare_file(&s, slot, e);
		close_sides(&s);
		if (rc < 0)
			return err_wrap(e, "%s", power_tables[i]);
	}
	return 0;
}

/* The face of each table has the leader's newest version. */
static int check_faces_are_new(const char *folder, struct err *e)
{
	for (int i = 0; i < POWER_TABLES; i++) {
		struct table *newest = NULL;
		struct sides s;
		int rc = open_sides(&s, folder, power_tables[i], e);

		if (rc == 0)
			rc = table_open_read(&newest, s.store, -1, e);
		if (rc == 0 && table_snapshot(newest)->version != table_snapshot(s.leader)->version)
			rc = err_set(e, ERR_DATA, "the face stays behind");
		table_close(newest);
		close_sides(&s);
		if (rc != 0)
			return rc == 1 ? err_set(e, ERR_DATA, "%s has no face", power_tables[i]) : -1;
	}
	return 0;
}

/* --- cuts and kills ---------------------------------------------------------------------------- */

static bool has_faces(void)
{
	return strcmp(lake->format, "both") == 0;
}

static int check(const char *folder, int acknowledged, struct err *e)
{
	if (power_lake_check(lake, folder, acknowledged, e) < 0)
		return -1;
	return has_faces() ? check_faces(folder, e) : 0;
}

static int write_on(const char *folder, struct err *e)
{
	if (power_lake_write(lake, folder, POWER_LAST, e) < 0)
		return err_wrap(e, "the run after it");
	if (check(folder, POWER_LAST, e) < 0 || (has_faces() && check_faces_are_new(folder, e) < 0))
		return err_wrap(e, "after the run after it");
	return 0;
}

/* Of all states few are written on: what a run may begin from is seen by the kills. */
static int survive(struct bench *b, uint32_t mark, bool writes_on, struct err *e)
{
	static unsigned states;

	if (check(b->after, (int)mark, e) < 0)
		return -1;
	return writes_on && (!bench_wants_all() || states++ % 32 == 0) ? write_on(b->after, e) : 0;
}

/* Iceberg's metadata name files by their whole paths: the states are made where the recorded folder was. */
static void search_in_place(const struct power_lake *l)
{
	int last = bench_wants_all() ? 5 : 1; /* of the transactions */
	struct err e = ERR_INIT;
	struct bench b;

	lake = l;
	bench_open(&b, NULL);
	must(power_lake_write(lake, b.real, last, &e), &e);
	bench_cut(&b);
	assert_int_equal(rename(b.real, b.after), 0);
	snprintf(b.after, sizeof(b.after), "%s", b.real);
	bench_search(&b, DISK_HONEST, survive);
	bench_close(&b);
}

/* Killed at the n-th call that changes a file: with POWER_CUTS=all for every n, or every `step`th; else for some. */
static void kill_everywhere(const struct power_lake *l, int step)
{
	bool was_killed = true;
	int n = 1;

	if (!bench_wants_all())
		step = SOME;
	lake = l;
	for (; was_killed; n += step) {
		struct err e = ERR_INIT;
		struct bench b;

		bench_open(&b, NULL);
		calls_record(NULL);
		calls_die_at(n);
		power_lake_write(lake, b.real, POWER_LAST, &e);
		was_killed = calls_are_dead();
		calls_die_at(0);
		e = ERR_INIT;
		if (check(b.real, 0, &e) < 0 || write_on(b.real, &e) < 0)
			fail_msg("killed at call %d: %s", n, e.text);
		bench_close(&b);
	}
	print_message("# %d calls\n", n);
}

static const struct power_lake both_3 = { "both", 3, false }, both_2 = { "both", 2, false }, both_catalog = { "both", 3, true },
			       alone_3 = { "iceberg", 3, false }, alone_catalog = { "iceberg", 2, true };

static void killed_at_any_call_both_formats_go_on(void **state)
{
	(void)state;
	kill_everywhere(&both_3, 1);
	kill_everywhere(&both_2, 3);
}

static void killed_at_any_call_a_face_in_a_catalog_goes_on(void **state)
{
	(void)state;
	kill_everywhere(&both_catalog, 1);
}

static void killed_at_any_call_a_table_of_iceberg_alone_goes_on(void **state)
{
	(void)state;
	kill_everywhere(&alone_3, 1);
	kill_everywhere(&alone_catalog, 3);
}

static void a_power_cut_after_any_call_leaves_two_equal_sides(void **state)
{
	(void)state;
	search_in_place(&both_3);
}

static void a_power_cut_after_any_call_loses_nothing_of_iceberg_alone(void **state)
{
	(void)state;
	search_in_place(&alone_3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_call_both_formats_go_on),
		cmocka_unit_test(killed_at_any_call_a_face_in_a_catalog_goes_on),
		cmocka_unit_test(killed_at_any_call_a_table_of_iceberg_alone_goes_on),
		cmocka_unit_test(a_power_cut_after_any_call_leaves_two_equal_sides),
		cmocka_unit_test(a_power_cut_after_any_call_loses_nothing_of_iceberg_alone),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
