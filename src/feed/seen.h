/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a table has seen of each partition: where in the logs of their source its last events stood, so that an event
 * that comes again is known, and whether its last row had every column of the table.
 */
#ifndef FEED_SEEN_H
#define FEED_SEEN_H

#include "message/place.h"

#define SEEN_LOGS_MAX 4u /* of a partition: the newest; a log is one of a server, see message/place.h */

struct seen_log {
	struct log_place at; /* its texts are the members below */
	char *connector, *name, *issuer, *file;
};

struct seen_partition {
	bool is_whole; /* its last row had every column: whatever comes without one has lost it */
	uint32_t log_count;
	struct seen_log logs[SEEN_LOGS_MAX];
};

/* A zeroed one is valid and has seen nothing. */
struct seen {
	struct seen_topic *topics;
	uint32_t topic_count;
};

void seen_release(struct seen *s);
/* The partition's; valid until another one is asked for the first time. */
struct seen_partition *seen_at(struct seen *s, const char *topic, uint32_t partition);
/* `to` gets the partition from `from`, which loses it. */
void seen_move(struct seen *to, struct seen *from, const char *topic, uint32_t partition);
/* The event is older than another one of its log that came before it; otherwise it is noted. */
bool seen_before(struct seen_partition *p, const struct log_place *at);
/* A column came to the table: no partition has shown it yet. */
void seen_widened(struct seen *s);

/* {"shop.orders":[null,[1,["mysql","shop",7,"uuid",19,"b.000001",0,1021,1785578400000000]]]} */
void seen_format(const struct seen *s, struct buffer *out);
/* Reads the member "seen" of a position; one without it has seen nothing. ERR_DATA: it is no such member. */
int seen_parse(struct seen *out, const char *position, struct err *e);

#endif
