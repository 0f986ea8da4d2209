/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of given partitions from given offsets, in order within each. One thread; no group, nothing is committed. */
#ifndef BROKER_CONSUMER_H
#define BROKER_CONSUMER_H

#include "base/bytes.h"
#include "base/err.h"
#include "broker/broker.h"

struct consumer;

struct consumer_topic {
	char *name;
	uint32_t partitions;
};

/* Where to read a partition: `topic` is an index into consumer_topics' list. */
struct consumer_place {
	uint32_t topic, partition;
	int64_t offset;
};

/* Valid until the next consumer_take. */
struct consumer_message {
	uint32_t topic, partition;
	int64_t offset, time_ms; /* time_ms: -1 none */
	int time_type;           /* Kafka's number: -1 none, 0 the producer's, 1 the broker's */
	struct bytes key, value; /* data NULL: null */
	const void *handle;      /* the client library's, for its headers */
};

int consumer_open(struct consumer **out, const struct broker_options *o, struct err *e);
void consumer_close(struct consumer *c); /* NULL is fine */

/*
 * The topics whose names match one of the patterns (comma-separated; a name, or a regular expression between '/'), by
 * name. The list lives until the next call. ERR_CONFIG when a plain name is no topic, or nothing matches.
 */
int consumer_topics(struct consumer *c, const char *patterns, const struct consumer_topic **out, uint32_t *count,
		    struct err *e);
/* Whether topics or partitions match that were not there at consumer_topics; false also when the broker does not answer. */
bool consumer_has_more(struct consumer *c, const char *patterns);
/* The offsets of the oldest message that is kept and behind the newest one. */
int consumer_range(struct consumer *c, uint32_t topic, uint32_t partition, int64_t *first, int64_t *end, struct err *e);
struct consumer_range {
	uint32_t topic, partition;
	int64_t first, end;
};
/* The same of many partitions, by two questions for all: each question may wait behind a fetch. */
int consumer_ranges(struct consumer *c, struct consumer_range *ranges, uint32_t count, struct err *e);
/* Reads these, and no others, from now on. */
int consumer_assign(struct consumer *c, const struct consumer_place *places, uint32_t count, struct err *e);

#define CONSUMER_TAKE_MAX 4096u
/*
 * What has come, at most CONSUMER_TAKE_MAX messages; waits up to `wait_ms` for the first. ERR_DATA when an offset is
 * not kept any more.
 */
int consumer_take(struct consumer *c, int wait_ms, const struct consumer_message **out, uint32_t *count,
		  struct err *e);
/* Of the message with this handle the header of this number, from 0, as they stand there; false: it has no more. */
bool consumer_header(const void *handle, size_t number, const char **name, struct bytes *value);
/* Everything up to the partition's last message, aborted transactions too, has been taken. */
int64_t consumer_position(const struct consumer *c, uint32_t topic, uint32_t partition);

#endif
