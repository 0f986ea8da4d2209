/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change sets for tests of catalogs: a table that is made, a snapshot without files, a
 * property.
 */
#ifndef LIB_CATALOG_CHANGES_H
#define LIB_CATALOG_CHANGES_H

#include "table/iceberg/catalog.h"

#define TABLE_UUID "9c12d441-03fe-4693-9a96-a0705ddf69c1"
#define OTHER_UUID "11111111-2222-4333-8444-555555555555"

struct catalog_changes {
	struct iceberg_change_set set; /* points into the rest: does not move */
	struct iceberg_creation creation;
	struct iceberg_snapshot snapshot;
	struct iceberg_pair summary[1], property;
};

/* The columns of all these tables: id LONG key, name STRING. Released by the caller. */
struct schema *catalog_changes_schema(void);
/* The texts are borrowed. */
void catalog_changes_create(struct catalog_changes *c, struct schema *schema,
			    const char *uuid, const char *location, int format_version);
/* main gets a snapshot with this id and this manifest list. */
void catalog_changes_append(struct catalog_changes *c,
			    const struct iceberg_metadata *base, int64_t id,
			    const char *manifest_list);
void catalog_changes_set(struct catalog_changes *c, const struct iceberg_metadata *base,
			 const char *key, const char *value);

#endif
