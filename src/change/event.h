/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns that rows of events get beside their own, which order them (struct schema's `order`). Whoever makes the rows fills
 * them: in `after`, and for a delete in `before`.
 */
#ifndef CHANGE_EVENT_H
#define CHANGE_EVENT_H

#include <stdbool.h>
#include <string.h>

#define EVENT_TIME   "_event_time" /* TIMESTAMP, the first of the order */
#define EVENT_FILE   "_event_file" /* LONG, with EVENT_OFFSET: the place in its source's log, of rows that come from one */
#define EVENT_OFFSET "_event_offset"
#define EVENT_RANK   "_event_rank" /* LONG, the last: what tells events of one time apart, however they arrive */

/* Whether a column of this name is one that we add. No column of the rows bears such a name. */
static inline bool event_is_added(const char *name)
{
	return strcmp(name, EVENT_TIME) == 0 || strcmp(name, EVENT_FILE) == 0 || strcmp(name, EVENT_OFFSET) == 0 ||
	       strcmp(name, EVENT_RANK) == 0;
}

/* What an event did is in the rank's highest bits, so that at one time a delete counts more than an update. */
#define EVENT_ACTION_SHIFT 61
enum event_action { EVENT_INSERT, EVENT_UPDATE, EVENT_DELETE };

#endif
