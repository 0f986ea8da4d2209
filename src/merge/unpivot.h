/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows that tell some of their columns, as rows of the long table: one for each column that an event tells. The long table's
 * key is the rows' key and `attribute`, and its order is that of the events, so the core that merges it finds for each
 * column of each row the newest value there is.
 *
 *   key ... | attribute | value                        | deleted | order ...
 *   --------+-----------+------------------------------+---------+-----------
 *   2       | col_3     | 0.002 (attribute_value.h)    | false   | the event's
 *   2       | _insert   | NULL                         | false   | of the newest insert
 *   2       | _update   | NULL                         | false   | of the newest update that told no column
 *   2       | _delete   | NULL                         | true    | of the newest delete
 *
 * A row is what its key's attributes say that are newer than its _delete.
 */
#ifndef MERGE_UNPIVOT_H
#define MERGE_UNPIVOT_H

#include "batch/batch.h"

#define LONG_ATTRIBUTE "attribute"
#define LONG_VALUE     "value"
#define LONG_DELETED   "deleted"
#define LONG_SUFFIX    "__long" /* of the table's name */

/* Attributes that are no columns. */
enum long_mark { LONG_INSERT, LONG_UPDATE, LONG_DELETE, LONG_MARKS };

extern const char *const long_mark_names[LONG_MARKS];

/* Where a row of the long table comes from. */
struct long_origin {
	uint32_t change;    /* of the events, in their order of arrival */
	uint32_t attribute; /* the field of their schema, or field_count + enum long_mark */
};

struct long_rows {
	struct batch *batch;         /* of the long table; all its rows are upserts, in `after` */
	struct long_origin *origins; /* of each row */
};

/*
 * The long table's schema for events of this one. ERR_CONFIG: it has no key, a column that must not be NULL, or its columns
 * and the long table's get in each other's way. The caller releases it.
 */
int long_schema(struct schema **out, const struct schema *events, struct err *e);
/* The columns that the pivoted table shows: those of the events without the ones that only order them. The caller's. */
struct schema *long_shown(const struct schema *events);

/* What these events take on their way through the long table, about: each column that one tells is a row there. */
size_t long_rows_bytes(const struct schema *events, const struct rows *rows);

void unpivot(struct long_rows *out, struct schema *long_table, const struct batch *events);
void long_rows_release(struct long_rows *r);

#endif
