/* SPDX-License-Identifier: Apache-2.0 */
/* How far each partition of some topics was read: the position of a table that comes from topics. */
#ifndef FEED_OFFSETS_H
#define FEED_OFFSETS_H

#include "base/bytes.h"
#include "base/err.h"

struct topic_offsets {
	char *topic;
	int64_t *next; /* per partition: the offset behind the last message taken; -1: nothing known */
	uint32_t partitions;
	char *place; /* of a topic of one partition: a JSON object by which its reader finds next[0] again; NULL: none */
};

/* A zeroed one is valid and knows nothing. */
struct offsets {
	struct topic_offsets *topics; /* in order of their names */
	uint32_t topic_count;
};

void offsets_release(struct offsets *o);
void offsets_copy(struct offsets *to, const struct offsets *from); /* `to` is released first */
int64_t offsets_get(const struct offsets *o, const char *topic, uint32_t partition);
void offsets_set(struct offsets *o, const char *topic, uint32_t partition, int64_t next);
/* The topic is known. `place` is copied, and NULL is fine. */
void offsets_set_place(struct offsets *o, const char *topic, const char *place);
const char *offsets_place(const struct offsets *o, const char *topic); /* NULL: none */

/* How many partitions of the topic it speaks of; 0: nothing of that topic. */
uint32_t offsets_partitions(const struct offsets *o, const char *topic);

/* Speaks of each partition that `from` speaks of, and knows the lesser offset of the two. */
void offsets_least(struct offsets *to, const struct offsets *from);

/*
 * {"topics":{"shop.orders":[12,-1]},"begin":{}}: how far they were read, and where the pipeline began in them. Behind that,
 * when there are places: "places":{"orders.jsonl":{...}}.
 */
void offsets_format(const struct offsets *next, const struct offsets *begin, struct buffer *out);
/* ERR_DATA when it is no such text; without "begin" nothing is known of that. Both are overwritten. */
int offsets_parse(struct offsets *next, struct offsets *begin, const char *json, struct err *e);

#endif
