/* SPDX-License-Identifier: Apache-2.0 */
/* A table in a local folder, opened for reading. */
#ifndef CLI_TABLE_VIEW_H
#define CLI_TABLE_VIEW_H

#include "store/store.h"
#include "table/table.h"

struct table_view {
	struct store *store;
	struct table *table;
	const struct snapshot *snapshot;
};

/* version -1: the newest. ERR_CONFIG when there is no table. Release it in either case. */
int table_view_open(struct table_view *out, const char *path, int64_t version, struct err *e);
void table_view_release(struct table_view *v);

#endif
