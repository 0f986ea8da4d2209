/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Iceberg table of a catalog, as commands: what end-to-end tests drive. Results are
 * lines on standard output; a failure is "KIND: sentence" on standard error and status 1.
 *
 * usage: catalog_drive URL NAMESPACE NAME ROOT COMMAND…     ROOT: folder of the table (""
 * URL), else of all tables load                          "none", or "PATH UUID SNAPSHOT
 * COUNT" (SNAPSHOT -1: none yet) property KEY                  its value, or "none"
 *   create UUID VERSION LOCATION  "done" or "lost"
 *   set KEY VALUE                 the same
 *   append ID LIST                a snapshot with this manifest list: the same
 *   stale ID LIST                 the same, but waits for a line on standard input
 * between load and commit appends FIRST COUNT LIST      each until it is there, whatever
 * fails; "LOST UNKNOWN", how often that was
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "lib/catalog_changes.h"

#define PAUSE_US 20000

struct drive {
	struct catalog *catalog;
	struct catalog_version base; /* newest that was loaded, or zeroed */
	char **words;
	int count;
};

static const char *const kinds[ERR_KINDS] = { "NONE", "RETRY", "CONFLICT", "CONFIG",
					     "DATA", "IO",    "STOP" };

static int load(struct drive *d, struct err *e)
{
	catalog_version_release(&d->base);
	return catalog_load(d->catalog, &d->base, e);
}

static int commit(struct drive *d, const struct iceberg_change_set *set,
		  enum commit_result *result, struct err *e)
{
	struct catalog_version next = { 0 };
	int rc = catalog_commit(d->catalog, d->base.metadata != NULL ? &d->base : NULL,
				set, &next, result, e);

	catalog_version_release(&next);
	return rc;
}

static int commit_said(struct drive *d, const struct iceberg_change_set *set,
		       struct err *e)
{
	enum commit_result result;

	if (commit(d, set, &result, e) < 0)
		return -1;
	puts(result == COMMIT_DONE ? "done" : "lost");
	return 0;
}

/* For commands that need the table. */
static int load_it(struct drive *d, struct err *e)
{
	int rc = load(d, e);

	return rc == 1 ? err_set(e, ERR_CONFIG, "there is no such table") : rc;
}

static int do_load(struct drive *d, struct err *e)
{
	int rc = load(d, e);

	if (rc == 1)
		puts("none");
	else if (rc == 0)
		printf("%s %s %" PRId64 " %u\n", d->base.path, d->base.metadata->uuid,
		       d->base.metadata->current != NULL ? d->base.metadata->current->id
							 : -1,
		       d->base.metadata->snapshot_count);
	return rc < 0 ? -1 : 0;
}

static int do_property(struct drive *d, struct err *e)
{
	const char *value;

	if (load_it(d, e) < 0)
		return -1;
	value = iceberg_metadata_property(d->base.metadata, d->words[0]);
	puts(value != NULL ? value : "none");
	return 0;
}

static int do_create(struct drive *d, struct err *e)
{
	struct schema *schema = catalog_changes_schema();
	struct catalog_changes changes;
	int rc;

	catalog_changes_create(&changes, schema, d->words[0], d->words[2],
			       atoi(d->words[1]));
	rc = commit_said(d, &changes.set, e);
	schema_release(schema);
	return rc;
}

static int do_set(struct drive *d, struct err *e)
{
	struct catalog_changes changes;

	if (load_it(d, e) < 0)
		return -1;
	catalog_changes_set(&changes, d->base.metadata, d->words[0], d->words[1]);
	return commit_said(d, &changes.set, e);
}

static int append(struct drive *d, bool waits, struct err *e)
{
	struct catalog_changes changes;

	if (load_it(d, e) < 0)
		return -1;
	if (waits) {
		puts("loaded");
		fflush(stdout);
		getchar();
	}
	catalog_changes_append(&changes, d->base.metadata, atoll(d->words[0]),
			       d->words[1]);
	return commit_said(d, &changes.set, e);
}

static int do_append(struct drive *d, struct err *e)
{
	return append(d, false, e);
}

static int do_stale(struct drive *d, struct err *e)
{
	return append(d, true, e);
}

/* One try. 1: it is to be tried again; it counts why. */
static int try_append(struct drive *d, int64_t id, int *lost, int *unknown, struct err *e)
{
	struct catalog_changes changes;
	enum commit_result result;
	int rc = load_it(d, e);

	if (rc == 0 && iceberg_metadata_snapshot(d->base.metadata, id) != NULL)
		return 0;
	if (rc == 0) {
		catalog_changes_append(&changes, d->base.metadata, id, d->words[2]);
		rc = commit(d, &changes.set, &result, e);
	}
	if (rc == 0 && result == COMMIT_LOST) {
		++*lost;
		return 1;
	}
	if (rc < 0 && e->kind == ERR_RETRY) {
		++*unknown;
		fprintf(stderr, "%s\n", e->text);
		clock_sleep_us(PAUSE_US);
		return 1;
	}
	return rc;
}

static int do_appends(struct drive *d, struct err *e)
{
	int64_t first = atoll(d->words[0]), count = atoll(d->words[1]);
	int lost = 0, unknown = 0;

	for (int64_t i = 0; i < count; i++) {
		int rc;

		while ((rc = try_append(d, first + i, &lost, &unknown, e)) == 1)
			;
		if (rc < 0)
			return -1;
	}
	printf("%d %d\n", lost, unknown);
	return 0;
}

static const struct command {
	const char *name;
	int words;
	int (*run)(struct drive *, struct err *);
} commands[] = {
	{ "load", 0, do_load },	    { "property", 1, do_property },
	{ "create", 3, do_create },   { "set", 2, do_set },
	{ "append", 2, do_append },   { "stale", 2, do_stale },
	{ "appends", 3, do_appends },
};

static int run(struct drive *d, const char *name, struct err *e)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) == 0 && commands[i].words == d->count)
			return commands[i].run(d, e);
	}
	return err_set(e, ERR_CONFIG, "no such command: %s with %d words", name,
		       d->count);
}

int main(int argc, char **argv)
{
	struct drive d = { .words = argv + 6, .count = argc - 6 };
	struct err e = ERR_INIT;
	struct store *store = NULL;
	char location[4096];
	int rc = -1;

	if (argc < 6)
		return 2;
	snprintf(location, sizeof(location), "file://%s", argv[4]);
	store = store_open_directory(argv[4], true, &e);
	if (store != NULL) {
		struct catalog_settings s = { .url = argv[1],
					     .namespace = argv[2],
					     .name = argv[3],
					     .store = store,
					     .location = location };

		rc = catalog_open(&d.catalog, &s, &e);
	}
	if (rc == 0)
		rc = run(&d, argv[5], &e);
	if (rc < 0)
		fprintf(stderr, "%s: %s\n", kinds[e.kind], e.text);
	catalog_version_release(&d.base);
	catalog_close(d.catalog);
	store_close(store);
	return rc < 0;
}
