/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Membership in a consumer group: which partitions are ours to read. The group's coordinator decides; reading them is
 * somebody else's (broker/consumer.h), and what is committed here is for others to look at. One thread.
 */
#ifndef BROKER_GROUP_H
#define BROKER_GROUP_H

#include <stdbool.h>

#include "base/err.h"
#include "broker/broker.h"

struct group;

struct group_place {
	const char *topic;
	uint32_t partition;
	int64_t offset; /* for group_commit: the next one to read */
};

/* Becomes a member for these patterns (as in consumer_topics); copies what it needs of its arguments. */
int group_open(struct group **out, const struct broker_options *o, const char *name, const char *patterns,
	       struct err *e);
void group_close(struct group *g); /* leaves the group; NULL is fine */

/*
 * Serves the membership; waits up to `wait_ms` for news. *has_changed: what group_settle told is to change, or has been
 * taken from us: end what reads it, and settle again. To be called at least every few minutes, or the group goes on
 * without us.
 */
int group_poll(struct group *g, int wait_ms, bool *has_changed, struct err *e);
/*
 * Gives up what the group wants back, so that another member gets it: what was read of it must be committed. Takes
 * what is offered. The list is all that is ours now; valid until the next call. Never waits: it is empty at first.
 */
int group_settle(struct group *g, const struct group_place **places, uint32_t *count, struct err *e);
/* Tells the group how far these were read, without waiting for an answer; what goes wrong is no matter. */
void group_commit(struct group *g, const struct group_place *places, uint32_t count);

#endif
