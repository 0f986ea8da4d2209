/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a table put together from its long table (unpivot.h), for the keys of one batch of events. It is made after the
 * long table has committed them: what an attribute's newest event said is in the batch where the long table's order is that
 * event's. So it can be made again, after a restart between the two commits, and comes to the same.
 */
#ifndef MERGE_PIVOT_H
#define MERGE_PIVOT_H

#include "merge/merge.h"
#include "merge/unpivot.h"

struct pivot_rules {
	bool hides_incomplete; /* a row of which only updates are known is not shown */
};

/*
 * The changes of the shown table: *out is the caller's. A row that is there gets the columns that changed, and keeps the
 * others; one that is not, or of which a delete came, gets from the long table what the batch does not tell.
 * `long_merge` has committed `rows`, `shown_merge` is that of the table.
 */
int pivot(struct batch **out, const struct batch *events, const struct long_rows *rows, struct merge *long_merge,
	  struct merge *shown_merge, struct schema *shown, struct pivot_rules rules, struct err *e);

#endif
