/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns that rows of events get beside their own, which order them (struct schema's `order`). Whoever makes the rows fills
 * them: in `after`, and for a delete in `before`.
 */
#ifndef CHANGE_EVENT_H
#define CHANGE_EVENT_H

#include <string.h>

#define EVENT_PREFIX "_event_"
#define EVENT_TIME   EVENT_PREFIX "time" /* TIMESTAMP, the first of the order */
#define EVENT_RANK   EVENT_PREFIX "rank" /* LONG, the last: what tells events of one time apart, however they arrive */

/* What an event did is in the rank's highest bits, so that at one time a delete counts more than an update. */
#define EVENT_ACTION_SHIFT 61
enum event_action { EVENT_INSERT, EVENT_UPDATE, EVENT_DELETE };

#endif
