/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of one topic, numbered. A header, "tailrace: <number> <transaction>", makes it possible to tell after a
 * restart which of them are there: the source sends the same changes again from the last recorded position, they
 * get the same numbers, and each partition's newest message says up to which number it has its share.
 */
#ifndef TARGET_KAFKA_STREAM_H
#define TARGET_KAFKA_STREAM_H

#include "broker/partition_reader.h"
#include "broker/producer.h"
#include "message/debezium_offset.h"

#define KAFKA_HEADER "tailrace"

struct kafka_tail {
	uint64_t number;   /* of the partition's newest message of ours; 0: none */
	char *transaction; /* of it; NULL once we sent one */
	/* Debezium's newest row there, when we go on behind it; `present`: how many messages it has of that row */
	struct debezium_place place;
	uint32_t present;
};

/* Where in the source's log a message's row is. */
struct kafka_place {
	const char *file; /* NULL: it has no place */
	uint64_t offset;
	uint32_t row;
};

struct kafka_stream {
	struct producer *producer;       /* borrowed, like the next two */
	struct partition_reader *reader;
	const struct topic_wish *wish;
	char *name;                      /* the topic's; NULL: this stream is not used */
	bool has_committed;              /* `committed` is from a record */
	bool takes_over;                 /* from Debezium, whose messages may be the newest ones */
	struct producer_topic *topic;    /* NULL until the first message */
	struct kafka_tail *tails;        /* a partition each */
	uint64_t number;                 /* of the last message, sent or there already */
	uint64_t committed;              /* the same at the last COMMIT */
	struct buffer header;
	uint32_t keyless;                /* the partition of messages without a key: their order counts too */
};

/*
 * `committed` is the number at the recorded position; NULL: there is no record, numbers go on behind the highest in
 * the topic. With `takes_over` numbers begin at 1, and rows that Debezium has sent are told by their place in the
 * log. A topic that is not there is made when the first message is to be sent.
 */
void kafka_stream_init(struct kafka_stream *s, struct producer *p, struct partition_reader *r, const char *topic,
		       const struct topic_wish *wish, const uint64_t *committed, bool takes_over);
/*
 * Looks at the topics that are there, before anything is sent. So their numbers are known when there is no record of
 * them, and the next record has them: of a topic with messages of an earlier life nothing may be taken for sent.
 */
int kafka_streams_open(struct kafka_stream *const *streams, uint32_t count, struct partition_reader *r, struct err *e);
void kafka_stream_release(struct kafka_stream *s);
/*
 * The next message; 1: it is there already and was not sent. The last of its headers is left free for ours, the
 * partition is found here. `transaction` names the source's transaction. ERR_DATA when the topic has another
 * transaction in its place.
 */
int kafka_stream_send(struct kafka_stream *s, struct producer_message *m, struct producer_header *ours,
		      const char *transaction, const struct kafka_place *place, struct err *e);
/* The source begins its open transaction anew. */
void kafka_stream_roll_back(struct kafka_stream *s);

#endif
