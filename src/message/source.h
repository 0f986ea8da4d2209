/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the images in a message: where the change comes from, its transaction, operation and times. */
#ifndef MESSAGE_SOURCE_H
#define MESSAGE_SOURCE_H

#include "message/debezium.h"

/* What the texts of a source_block were made of. */
struct source_facts {
	int64_t changed_us, now_us;
	uint64_t thread_id; /* 0: none is told */
	uint32_t server_id;
	enum debezium_snapshot snapshot;
};

/* The pieces that all messages of a table share, and those that a change's messages share. */
struct source_block {
	struct buffer head;     /* "source":{"version":… up to the first time */
	struct buffer database; /* from behind the snapshot mark */
	struct buffer table;    /* from behind the last time */
	bool has_threads;       /* MariaDB tells them in passing only, for a SAVEPOINT */
	struct source_facts facts;
	char *gtid, *file;      /* two more of them */
	struct buffer start;    /* "source":{… up to the place in the log */
	struct buffer thread;   /* from behind it to the end of the source */
	struct buffer times;    /* from behind the operation; nothing is made while it is empty */
};

void source_block_init(struct source_block *b, const struct debezium_options *o, const struct schema *s);
void source_block_release(struct source_block *b);
/* Before the event's message is put: makes what it shares with others, unless the last event had that too. */
void source_block_make(struct source_block *b, const struct debezium_event *event);
/* The most that the event's takes. */
size_t source_block_size(const struct source_block *b, const struct debezium_event *event);
uint8_t *put_source(uint8_t *at, const struct source_block *b, const struct debezium_event *event); /* "source":{…} */
/* ,"source":{…},"transaction":…,"op":…,"ts_ms":…,"ts_us":…,"ts_ns":… */
uint8_t *put_source_block(uint8_t *at, const struct source_block *b, const struct debezium_event *event);

/* The Connect schemas of the fields "source" and "transaction". */
void source_schema(const char *connector, struct buffer *out);
void transaction_schema(struct buffer *out);

#endif
