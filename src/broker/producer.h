/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to topics: idempotent, in order within each partition, and what was acknowledged. One thread. */
#ifndef BROKER_PRODUCER_H
#define BROKER_PRODUCER_H

#include "base/bytes.h"
#include "base/err.h"
#include "broker/broker.h"

struct producer;
struct producer_topic;

struct producer_header {
	const char *name;
	struct bytes value;
};

/* Headers that many messages have. */
struct producer_labels;

struct producer_message {
	uint32_t partition;
	struct bytes key, value; /* data NULL: null */
	const struct producer_header *headers;
	uint32_t header_count;
	struct producer_labels *labels; /* in front of the headers, of which there is one then; NULL: none */
};

int producer_open(struct producer **out, const struct broker_options *o, struct err *e);
/* What was not acknowledged may arrive or not. NULL is fine. */
void producer_close(struct producer *p);

/*
 * Lives until producer_close. Cheaper than as many headers of each message, if the one behind them has the same name
 * in all messages.
 */
struct producer_labels *producer_labels(struct producer *p, const struct producer_header *headers, uint32_t count);

/* How a topic is made when it is not there. */
struct topic_wish {
	int partitions;        /* -1: the cluster's default */
	int replicas;          /* -1: the cluster's default */
	const char *policy;    /* cleanup.policy; NULL: the cluster's default */
};
/* Whether the topic was there when the producer first asked for the cluster's topics. */
int producer_has_topic(struct producer *p, const char *name, bool *out, struct err *e);
/* A topic, made if need be. Lives until producer_close. */
int producer_topic(struct producer *p, const char *name, const struct topic_wish *wish,
		   struct producer_topic **out, struct err *e);
const char *producer_topic_name(const struct producer_topic *t);
/* As they were when the topic was opened. */
uint32_t producer_topic_partitions(const struct producer_topic *t);
/* Where Kafka's own clients put this key: murmur2. */
uint32_t producer_partition(const struct producer_topic *t, struct bytes key);

/*
 * Queues a copy; blocks while the queue is full, or the partition's share of it. The message belongs to the open epoch.
 */
int producer_send(struct producer *p, struct producer_topic *t, const struct producer_message *m, struct err *e);
/*
 * Takes in acknowledgements, waiting for them for at most `wait_ms`. A message that could not be delivered is the
 * error: what came behind it in its partition was not delivered either, or after it.
 */
int producer_serve(struct producer *p, int wait_ms, struct err *e);
/*
 * Ends the open epoch and begins the next one, whose number it returns. Numbers begin with 1. At most
 * PRODUCER_EPOCHS_MAX may be unacknowledged: then it waits.
 */
#define PRODUCER_EPOCHS_MAX 64
int producer_next_epoch(struct producer *p, uint64_t *out, struct err *e);
/* Every message of the epochs before this one has been acknowledged. */
uint64_t producer_first_open(const struct producer *p);

#endif
