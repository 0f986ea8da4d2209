/* SPDX-License-Identifier: Apache-2.0 */
/* Events of keys in a random order, cut into batches, with restarts between; a failure shrunk to the steps that it needs. */
#ifndef LIB_EVENT_STEPS_H
#define LIB_EVENT_STEPS_H

#include "change/event.h"
#include "lib/test.h"

#define RUN_KEYS 200 /* keys that share a table: each is a case of its own */

/* The rank tells all of an event but its key and time: events that are equal in order are equal. */
struct event {
	int64_t key, time_us, rank;
};

static inline enum event_action event_action(const struct event *v)
{
	return (enum event_action)(v->rank >> EVENT_ACTION_SHIFT);
}

static inline bool event_is_newer(const struct event *a, const struct event *b)
{
	return a->time_us != b->time_us ? a->time_us > b->time_us : a->rank > b->rank;
}

enum step_kind { STEP_EVENT, STEP_COMMIT, STEP_RESTART, STEP_RESTART_WITHOUT_INDEX, STEP_RESTART_WITH_OLD_INDEX,
		 STEP_KEEP_INDEX, STEP_CRASH, STEP_KINDS };

struct step {
	enum step_kind kind;
	struct event event;
};

struct steps {
	struct step *list;
	uint32_t count;
};

void steps_add(struct steps *s, enum step_kind kind, const struct event *event);
/* Each key's events, some of them twice, in random order; `kinds` is how many kinds of steps come between them. */
void steps_random(struct steps *out, struct event (*random_event)(int64_t key), enum step_kind kinds);
/* Fails the test when `try` gives a key whose row is wrong (-1: none is), with the fewest steps that do it. */
void steps_assert(struct steps *s, int64_t (*try)(const struct steps *), void (*show)(const struct event *, struct buffer *));
/* As many runs as EVENT_CASES asks for, or this many cases. */
void steps_run(long cases, struct event (*random_event)(int64_t key), enum step_kind kinds,
	       int64_t (*try)(const struct steps *), void (*show)(const struct event *, struct buffer *));
/* A time at either end of the calendar, or where several events meet. */
int64_t event_random_time(void);

#endif
