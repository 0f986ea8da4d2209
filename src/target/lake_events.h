/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands beside a lake table whose events have an order: the long table, where rows come with some of their columns, and
 * the table of events that came too late. Both are tables of the lake like any other.
 */
#ifndef TARGET_LAKE_EVENTS_H
#define TARGET_LAKE_EVENTS_H

#include "target/lake_table.h"

/* Opens what the source's schema and the options ask for, unless it is open; nothing for a source whose events have no order. */
int lake_events_open(struct lake_table *t, const struct lake_place *place, struct schema *source, struct err *e);
/* The table's merge was opened. */
void lake_events_begin(struct lake_table *t);
/*
 * Commits the work's events to the long table, and puts together from it what they change in the table: *out is the
 * caller's. The table's own commit follows; a crash in between is mended when the events come again. So does that of a part
 * of a message that does not fit into memory: the next part looks at what is committed.
 */
int lake_events_pivot(struct lake_table *t, const struct lake_work *work, struct batch **out, struct err *e);
/* Commits what was late of the batch that was staged. They are rows by key and order, so taking them again is of no harm. */
int lake_events_keep_late(struct lake_table *t, const struct batch *b, struct err *e);

#endif
