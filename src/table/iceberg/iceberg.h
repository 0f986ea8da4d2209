/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Iceberg table in a folder of a store, alone: its data files lie directly in the folder, all else in metadata/. Its
 * versions are sequence numbers. It is partitioned as its default spec says, whoever made that; older files keep their
 * own spec.
 *
 * Our position, its number and the counts stand in the summary of each snapshot of ours, the newest ones in the table's
 * properties, too: those outlive the snapshot.
 */
#ifndef TABLE_ICEBERG_ICEBERG_H
#define TABLE_ICEBERG_ICEBERG_H

#include "table/table.h"

struct iceberg_settings {
	const char *catalog;          /* a URL (catalog.h), NULL: the folder */
	const char *namespace, *name; /* of the table in the catalog */
	int format_version;           /* 2 or 3, of a table that is made */
};

/*
 * The partitioning of a new table, as users ask for it: "region,bucket(16,id),truncate(4,name),day(created)", columns and
 * transforms of columns (case as in partition_by). ERR_CONFIG: no such column or transform, a column's type does not have
 * it, the same twice, FLOAT or DOUBLE as they are, or a field would have another column's name.
 */
int iceberg_partition_by(struct schema *s, const char *text, struct err *e);
/*
 * As table_open. A file's tag is not kept: a manifest has no place for it. A commit whose outcome stays unknown is ERR_RETRY, and
 * every further one ERR_CONFLICT until a refresh.
 */
int iceberg_open(struct table **out, struct store *store, const struct iceberg_settings *s, const char *app_id, struct err *e);
/*
 * As table_open_read, of any table without equality deletes whose folder was not moved, whoever's catalog keeps it: then the file
 * with the highest number counts. `version` is a sequence number or the id of a snapshot.
 */
int iceberg_open_read(struct table **out, struct store *store, int64_t version, struct err *e);
/* The same of the face (follow.h) of the table in `store`. */
int iceberg_open_face(struct table **out, struct store *store, int64_t version, struct err *e);
/*
 * The same of a table that its catalog names: its files may lie anywhere in `root`, the store of all local files; paths of
 * data files are keys of that. ERR_CONFIG: they lie in an object store.
 */
int iceberg_open_named(struct table **out, struct store *root, const struct iceberg_settings *s, int64_t version, struct err *e);

#endif
