/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka topics of change events. Each message carries its number in its topic's stream and the transaction that it
 * came from; a record in the topic "__tailrace.<prefix>" tells up to which position everything is out. A start reads
 * that record and the newest message of each partition, and sends again what is missing, nothing else.
 */
#ifndef TARGET_KAFKA_H
#define TARGET_KAFKA_H

#include "base/findings.h"
#include "broker/broker.h"
#include "message/debezium.h"
#include "target/target.h"

struct kafka_options {
	const char *url;            /* kafka://host:port[,host:port]/prefix; not in the table, nor are the next two */
	struct broker_options *broker;
	struct debezium_options *messages;
	char *start_at;             /* "debezium:FILE", NULL: none */
	char *tombstones;           /* "true", "false" */
	char *extended_headers;     /* "true", "false" */
	char *schema_changes;       /* "true", "false": the schema-change topic */
	char *skipped_operations;   /* "none", or letters of c u d t with commas */
	bool has_transactions;      /* the transaction topic and block */
	int64_t heartbeat_ms;       /* 0: none */
	int64_t record_interval_ms; /* between two records of the position */
	int64_t partitions, replicas; /* of topics that are made; 0: the cluster's default */
};

extern const struct option kafka_option_table[];

/* The options live longer than the target. NULL with the reason when the cluster cannot be used. */
struct target *kafka_target_new(const struct kafka_options *o, struct err *e);
/* As mysql_doctor does; the cluster is only asked. */
int kafka_target_doctor(const struct kafka_options *o, struct findings *out);
void kafka_target_counts(const struct target *t, struct target_counts *out);

#endif
