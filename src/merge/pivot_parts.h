/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the pivot: what it finds out about a batch's keys (pivot.c), and the rows made of that (pivot_rows.c). */
#ifndef MERGE_PIVOT_PARTS_H
#define MERGE_PIVOT_PARTS_H

#include "merge/fold.h"
#include "merge/pick.h"
#include "merge/pivot.h"

/* What the long table has of an attribute that the batch does not tell. */
struct told {
	uint32_t key, field;
	struct row_place place; /* of its row there */
};

/* One key of the batch. */
struct pivoted {
	uint32_t sample;       /* a change of it */
	uint32_t first, count; /* of `newest`: its rows of the batch that count */
	struct row_place place; /* of the row shown so far; file 0: none */
	bool is_deleted;       /* its newest delete is in the batch */
	bool is_whole;         /* put together from the long table, otherwise over the row that is shown */
	bool is_there;
	uint32_t first_told, told_count;
};

struct pivoting {
	const struct batch *events;
	const struct schema *schema;   /* theirs */
	const struct long_rows *rows;
	struct merge *long_merge, *shown_merge;
	struct schema *shown;
	struct pivot_rules rules;
	uint32_t words;

	struct fold_change *changes;   /* as fold.h lays them out; only row and op are of use */
	uint32_t change_count;
	struct pivoted *keys;
	uint32_t key_count;
	uint64_t *floors;              /* of each key: the order of its newest delete; all 0: there is none */
	uint32_t *newest;              /* rows of the batch whose event is the newest of its attribute, key by key */
	struct told *told;
	uint32_t told_count, told_capacity;
	struct columns values;         /* of the long table: those of `told` */
	uint32_t *value_rows;
	struct columns base;           /* rows that are shown so far */
	uint32_t *base_rows;           /* of each key */
};

static inline const struct columns *pivot_rows_of(const struct pivoting *p, uint32_t change)
{
	return p->changes[change].op == BATCH_UPSERT ? &p->events->after : &p->events->before;
}

/* Adds the changes of the shown table to `out`. ERR_DATA: a value of the long table is none of its column. */
int pivot_put(const struct pivoting *p, struct batch *out, struct err *e);

#endif
