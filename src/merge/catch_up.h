/* SPDX-License-Identifier: Apache-2.0 */
/* A key index brought to the table's version: it learns the rows of files that it does not know, and tombstones. */
#ifndef MERGE_CATCH_UP_H
#define MERGE_CATCH_UP_H

#include "change/share.h"
#include "merge/key_index.h"
#include "merge/tombstones.h"
#include "table/table.h"

/* Everything is borrowed. */
struct catch_up {
	struct store *store;
	struct table *table;
	struct schema *schema;
	const struct key_shape *shape;
	struct key_index *index;
	const struct share *share;       /* NULL: all files are ours */
	struct tombstones *tombstones;   /* with the state: of a table in event order; NULL: of any other */
	const struct event_state *state;
};

/*
 * Entries of files that are gone and of rows that are dead may stay: a place that is not live, or dead already, counts as
 * no place. A share may have grown since.
 */
int index_catch_up(const struct catch_up *c, struct err *e);

#endif
