/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/command.h"
#include "cli/table_view.h"
#include "table/iceberg/follow.h"

struct publish_options {
	const char *table_format, *catalog;
	int64_t iceberg_version;
};

static const struct option publish_table[] = {
	{ "table.format", OPTION_CHOICE, offsetof(struct publish_options, table_format), "iceberg", 0, 0, "iceberg",
	  "The second format of the table" },
	{ "iceberg.version", OPTION_INT, offsetof(struct publish_options, iceberg_version), "3", 2, 3, NULL,
	  "Format version of Iceberg metadata that is made; what is there keeps its own" },
	{ "catalog", OPTION_TEXT, offsetof(struct publish_options, catalog), NULL, 0, 0, NULL,
	  "sqlite:///FILE, postgresql://…, https://…: where the table is found by its name; without one, in its folder" },
	{ 0 },
};

static const struct option_group publish_group = {
	"Publishing", publish_table, sizeof(struct publish_options), NULL, true,
};

/* "…/shop/orders/": the last two parts. */
struct names {
	char *copy;
	const char *namespace, *name;
};

static void take_names(struct names *out, const char *path)
{
	char *slash;
	size_t size;

	out->copy = memory_copy_text(path);
	for (size = strlen(out->copy); size > 1 && out->copy[size - 1] == '/'; size--)
		out->copy[size - 1] = '\0';
	slash = strrchr(out->copy, '/');
	out->name = slash != NULL ? slash + 1 : out->copy;
	out->namespace = "lake";
	if (slash != NULL) {
		*slash = '\0';
		slash = strrchr(out->copy, '/');
		out->namespace = slash != NULL ? slash + 1 : out->copy;
	}
}

static int publish(const struct settings *s, struct err *e)
{
	const struct publish_options *o = settings_of(s, &publish_group);
	struct follow_settings settings = { .catalog = o->catalog, .format_version = (int)o->iceberg_version };
	struct follow *follow = NULL;
	struct names names;
	struct table_view v;
	enum table_format format;
	int rc = table_view_open(&v, s->argument, -1, e);

	if (rc == 0)
		rc = table_find_format(v.store, &format, e);
	if (rc == 0 && format == TABLE_ICEBERG)
		rc = err_set(e, ERR_CONFIG, "table \"%s\" is an Iceberg table already", s->argument);
	take_names(&names, s->argument);
	settings.namespace = names.namespace;
	settings.name = names.name;
	if (rc == 0)
		rc = follow_open(&follow, v.store, &settings, e);
	if (rc == 0)
		rc = follow_up(follow, v.table, e);
	if (rc == 0)
		printf("version %lld is published: %s\n", (long long)v.snapshot->version, follow_metadata(follow));
	follow_close(follow);
	table_view_release(&v);
	memory_free(names.copy);
	return rc;
}

const struct command cmd_publish = {
	.name = "publish",
	.argument = "TABLE",
	.summary = "Give a Delta table Iceberg metadata beside its own",
	.details = "Brings the Iceberg metadata of a Delta table to its newest version; the data files are shared. They lie in the "
		   "folder _iceberg of the table's own.",
	.groups = { &publish_group },
	.run = publish,
};
