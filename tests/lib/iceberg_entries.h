/* SPDX-License-Identifier: Apache-2.0 */
/* Entries and manifests for the tests of Iceberg. */
#ifndef LIB_ICEBERG_ENTRIES_H
#define LIB_ICEBERG_ENTRIES_H

#include "table/iceberg/manifest.h"

/* A spec of every type that a column can have, and its JSON. */
extern const struct iceberg_tuple all_types_partition;
extern const char all_types_spec_json[], all_types_schema_json[];

/* An added file of 1000 rows with this path and no more than every file has. */
void entry_make(struct iceberg_entry *entry, const char *path);
/* Every member set, as far as one entry can have it. */
void entry_fill(struct iceberg_entry *entry);
/* A value for every field of all_types_partition, or (`are_null`) none. */
void entry_set_partition(struct iceberg_entry *entry, bool are_null);
/* Equal in every member; says which is not. */
void assert_entries_equal(const struct iceberg_entry *a, const struct iceberg_entry *b);
void assert_manifests_equal(const struct iceberg_manifest *a,
			    const struct iceberg_manifest *b);

#endif
