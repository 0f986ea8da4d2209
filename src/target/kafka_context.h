/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of a target share: the cluster, what all messages have, the open transaction's names. */
#ifndef TARGET_KAFKA_CONTEXT_H
#define TARGET_KAFKA_CONTEXT_H

#include "target/kafka.h"
#include "target/kafka_stream.h"

#define KAFKA_HEADERS_MAX 6 /* a key's other side, those that all messages have, ours */

struct kafka_context {
	const struct kafka_options *options;
	char *brokers, *prefix;          /* of the URL */
	struct producer *producer;
	struct partition_reader *reader;
	struct topic_wish wish;
	struct producer_header shared[4]; /* Debezium's extended headers */
	uint32_t shared_count;
	struct producer_labels *labels, *no_labels; /* the shared headers, and none */
	char run_id[40];
	bool skips[OPS], skips_truncate; /* skipped.operations */
	bool any_copied;                 /* a row of this copy is out or held back */
	uint64_t sent, found;            /* messages sent, and those that were there already */
	uint64_t order;                  /* of messages in the open transaction */
	char transaction[320];           /* the open one's name: GTID, or "file:offset"; "" none */
	char id[340];                    /* as Debezium's transaction block names it */
	struct kafka_place place;        /* of the row at hand */
	bool takes_over;                 /* this start goes on behind Debezium */
	struct buffer key, old_key, value;
};

/* kafka_options.c: memory_free the parts. */
int kafka_url_parse(const char *url, char **brokers, char **prefix, struct err *e);

/* Reads the options and opens the cluster. */
int kafka_context_open(struct kafka_context *k, const struct kafka_options *o, struct err *e);
void kafka_context_release(struct kafka_context *k);
/* The connector that messages name from here on, unless the origin does not tell. */
void kafka_context_set_connector(struct kafka_context *k, const struct origin *origin);
/* The names of the transaction that begins here. */
void kafka_context_set_transaction(struct kafka_context *k, const struct origin *o, bool is_copy);

#endif
