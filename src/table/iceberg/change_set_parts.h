/* SPDX-License-Identifier: Apache-2.0 */
/* What both renderings of a change set need. */
#ifndef TABLE_ICEBERG_CHANGE_SET_PARTS_H
#define TABLE_ICEBERG_CHANGE_SET_PARTS_H

#include "base/json.h"
#include "table/iceberg/change_set.h"

/* The schemas of a table, as they stand in its metadata. */
struct schema_walk {
	struct json_value list;
	struct json_cursor at;
};

struct schema_walk schema_walk_of(const struct iceberg_metadata *m);
/* false at the end. One without an id is passed over. */
bool schema_walk_next(struct schema_walk *w, struct json_value *out, int32_t *id);

/* All properties that a change set sets: its own, and the marks of the schema (schema_iceberg.h). */
struct property_changes {
	struct schema_mark marks[SCHEMA_MARKS];
	uint32_t mark_count;
	struct iceberg_pair *pairs;
	uint32_t count;
};

void property_changes_init(struct property_changes *p, const struct iceberg_change_set *c);
void property_changes_release(struct property_changes *p);

/* It never falls: a dropped column may have had the greatest id. */
int32_t last_column_id_after(const struct iceberg_change_set *c);
/* The first spec, with no field when the table is not partitioned. */
const struct iceberg_spec *creation_spec(const struct iceberg_creation *n);

#endif
