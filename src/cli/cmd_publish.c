/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/table_name.h"
#include "cli/table_view.h"
#include "table/iceberg/follow.h"

struct publish_options {
	const char *table_format, *catalog;
	int64_t iceberg_version, version;
};

static const struct option publish_table[] = {
	{ "table.format", OPTION_CHOICE, offsetof(struct publish_options, table_format), "iceberg", 0, 0, "iceberg",
	  "The second format of the table" },
	{ "iceberg.version", OPTION_INT, offsetof(struct publish_options, iceberg_version), "3", 2, 3, NULL,
	  "Format version of Iceberg metadata that is made; what is there keeps its own" },
	{ "iceberg.catalog", OPTION_TEXT, offsetof(struct publish_options, catalog), NULL, 0, 0, NULL,
	  "sqlite:///FILE, postgresql://…, https://…: where the table is found by its name; without one, in its folder" },
	{ "version", OPTION_INT, offsetof(struct publish_options, version), "-1", -1, INT64_MAX, NULL,
	  "First version that becomes a snapshot, and so does every later one; -1 is the newest alone" },
	{ 0 },
};

static const struct option_group publish_group = {
	"Publishing", publish_table, sizeof(struct publish_options), NULL, true,
};

/* --- the past --------------------------------------------------------------------------------- */

static int check_gap(struct follow *follow, int64_t from, struct err *e)
{
	int64_t gap;

	if (follow_find_gap(follow, from, &gap, e) < 0)
		return -1;
	if (gap < 0)
		return 0;
	return err_set(e, ERR_CONFIG, "its Iceberg side has no snapshot of version %lld, and none can be put before those that are there: "
		       "remove the folder " FACE_FOLDER " of the table (and drop it from its catalog), so that it is made anew",
		       (long long)gap);
}

static int check_readable(const struct table_view *v, int64_t from, struct err *e)
{
	int64_t newest = v->snapshot->version, first;

	if (newest - from >= FACE_VERSIONS_MAX)
		return err_set(e, ERR_CONFIG, "versions %lld to %lld are more than %d, of which an Iceberg side keeps snapshots: the first "
			       "that can be published is %lld", (long long)from, (long long)newest, FACE_VERSIONS_MAX,
			       (long long)(newest - FACE_VERSIONS_MAX + 1));
	if (table_find_readable(&first, v->store, from, e) < 0)
		return -1;
	if (first > newest)
		return err_set(e, ERR_DATA, "files of its newest version, %lld, are missing", (long long)newest);
	if (first > from)
		return err_set(e, ERR_CONFIG, "version %lld cannot be read any more, its log entries, data files or deletion vectors were "
			       "cleaned up: the first that can be published is %lld", (long long)from, (long long)first);
	return 0;
}

static int reserve_ids(struct follow *follow, const struct table_view *first, struct err *e)
{
	struct table *t;
	int rc = table_open_read(&t, first->store, first->snapshot->version, e);

	if (rc < 0)
		return -1;
	while (rc == 0) {
		rc = follow_reserve_ids(follow, table_snapshot(t), e);
		if (rc == 0)
			rc = table_advance(t, e);
	}
	table_close(t);
	return rc < 0 ? -1 : 0;
}

static int publish_one(struct follow *follow, struct table *t, struct err *e)
{
	int64_t version = table_snapshot(t)->version, has = -1;
	struct history_entry *entries = NULL;
	uint32_t count = 0;
	int rc = table_history(t, 1, &entries, &count, e);

	if (rc == 0)
		rc = follow_past(follow, t, count > 0 ? entries[0].timestamp_ms : 0, e);
	if (rc == 0)
		rc = follow_version(follow, &has, e);
	if (rc == 0 && has != version)
		rc = err_set(e, ERR_CONFLICT, "its Iceberg side got version %lld from another process meanwhile: stop that, and begin "
			     "with the folder " FACE_FOLDER " of the table removed", (long long)has);
	table_history_free(entries, count);
	return rc < 0 ? err_wrap(e, "version %lld", (long long)version) : 0;
}

/* Version `from`, and each behind it; those that the face has already are there from a call before. */
static int publish_past(struct follow *follow, const struct table_view *newest, const char *path, int64_t from, struct err *e)
{
	struct table_view v = { .store = NULL };
	int64_t has;
	int rc;

	if (from > newest->snapshot->version)
		return err_set(e, ERR_CONFIG, "there is no version %lld, the newest is %lld", (long long)from,
			       (long long)newest->snapshot->version);
	if (follow_version(follow, &has, e) < 0 || check_gap(follow, from, e) < 0)
		return -1;
	if (has >= from)
		from = has + 1;
	if (has >= newest->snapshot->version)
		return 0;
	rc = check_readable(newest, from, e);
	if (rc == 0)
		rc = table_view_open(&v, path, from, e);
	if (rc == 0)
		rc = reserve_ids(follow, &v, e);
	while (rc == 0) {
		rc = publish_one(follow, v.table, e);
		if (rc == 0)
			rc = table_advance(v.table, e);
	}
	table_view_release(&v);
	return rc < 0 ? -1 : 0;
}

/* --- the command ------------------------------------------------------------------------------ */

static int publish_table_of(const struct settings *s, const struct table_view *v, struct err *e)
{
	const struct publish_options *o = settings_of(s, &publish_group);
	struct follow_settings settings = { .catalog = o->catalog, .format_version = (int)o->iceberg_version };
	struct follow *follow = NULL;
	struct table_name name;
	int rc;

	table_name_take(&name, s->argument);
	settings.namespace = name.namespace;
	settings.name = name.name;
	rc = follow_open(&follow, v->store, &settings, e);
	if (rc == 0 && o->version >= 0)
		rc = publish_past(follow, v, s->argument, o->version, e);
	if (rc == 0)
		rc = follow_up(follow, v->table, e);
	if (rc == 0)
		printf("version %lld is published: %s\n", (long long)v->snapshot->version, follow_metadata(follow));
	follow_close(follow);
	table_name_release(&name);
	return rc;
}

static int publish(const struct settings *s, struct err *e)
{
	struct table_view v;
	enum table_format format;
	int rc = table_view_open(&v, s->argument, -1, e);

	if (rc == 0)
		rc = table_find_format(v.store, &format, e);
	if (rc == 0 && format == TABLE_ICEBERG)
		rc = err_set(e, ERR_CONFIG, "table \"%s\" is an Iceberg table already", s->argument);
	if (rc == 0)
		rc = publish_table_of(s, &v, e);
	table_view_release(&v);
	return rc;
}

const struct command cmd_publish = {
	.name = "publish",
	.argument = "TABLE",
	.summary = "Give a Delta table Iceberg metadata beside its own",
	.details = "Brings the Iceberg metadata of a Delta table to its newest version; the data files are shared. They lie in the "
		   "folder _iceberg of the table's own. With --version the past comes along: that version of the Delta table and every later "
		   "one becomes a snapshot of its own, with the time of its commit, up to 500 of them. Interrupted, the same call goes on.",
	.groups = { &publish_group },
	.run = publish,
};
