/* SPDX-License-Identifier: Apache-2.0 */
/* A table opened for reading: in a local folder, or by its name in an Iceberg catalog. */
#ifndef CLI_TABLE_VIEW_H
#define CLI_TABLE_VIEW_H

#include "cli/settings.h"
#include "store/store.h"
#include "table/table.h"

struct table_view {
	struct store *store;   /* of the data files */
	struct table *table;
	const struct snapshot *snapshot;
	bool is_folder;        /* the table's own, where an Iceberg side of it may lie */
};

/* --iceberg-catalog of commands that read TABLE. */
extern const struct option_group view_group;

/* The table in a folder. version -1: the newest. ERR_CONFIG when there is no table. Release it in either case. */
int table_view_open(struct table_view *out, const char *path, int64_t version, struct err *e);
/* The same of what TABLE means: a folder, the Iceberg side in a table's folder, or a name in the catalog of view_group. */
int table_view_find(struct table_view *out, const struct settings *s, int64_t version, struct err *e);
void table_view_release(struct table_view *v);

#endif
