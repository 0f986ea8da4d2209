/* SPDX-License-Identifier: Apache-2.0 */
/* Topics of Kafka as a source: change messages of Debezium, Maxwell, Canal, DMS or tailrace become rows of tables. */
#ifndef SOURCE_KAFKA_KAFKA_H
#define SOURCE_KAFKA_KAFKA_H

#include "base/findings.h"
#include "broker/group.h"
#include "feed/options.h"
#include "source/source.h"

struct kafka_source_options {
	const char *url; /* kafka://host:port[,host:port]/TOPIC[,TOPIC|/regex/]; not in the table, nor are the next two */
	struct broker_options *broker;
	const struct feed_options *feed;
	char *group;     /* consumer group whose members write the same tables, NULL: we alone */
	struct group **member; /* not in the table: our membership, which outlives a run; made by the first one */
	char *from_offset; /* "earliest", "latest", "topic:partition:offset,...": where partitions begin */
};

extern const struct option kafka_source_option_table[];

/* The options live longer than the source. */
struct source *kafka_source_new(const struct kafka_source_options *o);

/* As mysql_doctor does; the first messages of each topic are read. */
int kafka_source_doctor(const struct kafka_source_options *o, const struct table_check *target, struct findings *out);

#endif
