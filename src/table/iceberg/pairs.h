/* SPDX-License-Identifier: Apache-2.0 */
/* Properties, or members of a summary, that are being put together. Zeroed: none. */
#ifndef TABLE_ICEBERG_PAIRS_H
#define TABLE_ICEBERG_PAIRS_H

#include "table/iceberg/metadata.h"

struct pairs {
	struct iceberg_pair *items; /* their texts are the arena's */
	uint32_t count;
	struct arena arena;
};

void pairs_add(struct pairs *p, const char *key, const char *value); /* a value NULL: nothing is added */
void pairs_add_number(struct pairs *p, const char *key, uint64_t number);
/* Of every table that we make: how engines delete from it, and that a commit a second does not leave a metadata file each. */
void pairs_add_defaults(struct pairs *p);
/*
 * Our statistics have milliseconds, rounded outwards: good to leave files out by, but no MIN and MAX, as which Spark takes the
 * bounds of any column that a property does not except.
 */
void pairs_except_times(struct pairs *p, const struct schema *s);
/*
 * Engines that rewrite the files of a table that Iceberg follows leave field ids out: then columns go by their names ("Column
 * Projection").
 */
void pairs_map_names(struct pairs *p, const struct schema *s);
void pairs_release(struct pairs *p);

#endif
