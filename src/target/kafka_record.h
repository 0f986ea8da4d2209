/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic "__tailrace.<prefix>": who writes the topics of this prefix, and up to which position everything is in
 * them. One partition, compacted; key "position" has the last record, key "writer" the last one who began.
 */
#ifndef TARGET_KAFKA_RECORD_H
#define TARGET_KAFKA_RECORD_H

#include "broker/partition_reader.h"
#include "broker/producer.h"

/* What a record says of a table. */
struct recorded_table {
	char *name;      /* "db.table" */
	uint64_t sent;   /* number of its last message before the position */
	char *position;  /* its own, NULL: the record's */
};

struct kafka_record {
	char *position;  /* NULL: there is no record */
	uint64_t schema_changes; /* number of the last message of the schema-change topic */
	bool has_transactions, has_schema_changes; /* false: the record's writer did not send them */
	uint64_t transactions; /* number of the last message of the transaction topic */
	struct recorded_table *tables;
	uint32_t table_count;
};

void kafka_record_release(struct kafka_record *r);
const struct recorded_table *kafka_record_find(const struct kafka_record *r, const char *name);

struct kafka_journal {
	const struct broker_options *broker;
	struct producer *producer;      /* borrowed */
	struct producer_topic *topic;
	struct partition_reader *reader;
	int64_t next;                   /* offset behind what was read */
	char writer[80];                /* ours: host, process, start */
	int64_t looked_at_us;           /* when nobody else had begun */
};

/*
 * Opens the topic, says that we write from now on, and reads the last record. Unless the writer before us has ended,
 * or was a process of this machine that is gone, it gets two seconds to see that: then what it has sent stands in
 * the topics, but for what a stopped process may have on the way.
 */
int journal_open(struct kafka_journal *j, struct producer *p, const struct broker_options *o, const char *prefix,
		 int replicas, struct kafka_record *out, struct err *e);
void journal_release(struct kafka_journal *j);
/* Nothing more will be written: whoever comes next need not wait for us. */
int journal_end(struct kafka_journal *j, struct err *e);
/* Puts a record, {"position":…,"tables":{…}}, into the producer's open epoch. */
int journal_write(struct kafka_journal *j, struct bytes record, struct err *e);
/*
 * ERR_CONFIG when somebody else has begun to write since. Asks the cluster when it has not for a second, or
 * when that time passed unnoticed (a process that was stopped); takes nothing then until the answer.
 */
int journal_check(struct kafka_journal *j, struct err *e);

#endif
