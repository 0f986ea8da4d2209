/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the images in a message: where the change comes from, its transaction, operation and times. */
#ifndef MESSAGE_SOURCE_H
#define MESSAGE_SOURCE_H

#include "message/debezium.h"

/* The pieces that all messages of a table share. */
struct source_block {
	struct buffer head;     /* "source":{"version":… up to the first time */
	struct buffer database; /* from behind the snapshot mark */
	struct buffer table;    /* from behind the last time */
	bool has_threads;       /* MariaDB tells them in passing only, for a SAVEPOINT */
};

void source_block_init(struct source_block *b, const struct debezium_options *o, const struct schema *s);
void source_block_release(struct source_block *b);
/* The most that the event's takes. */
size_t source_block_size(const struct source_block *b, const struct debezium_event *event);
uint8_t *put_source(uint8_t *at, const struct source_block *b, const struct debezium_event *event); /* "source":{…} */
/* ,"source":{…},"transaction":…,"op":…,"ts_ms":…,"ts_us":…,"ts_ns":… */
uint8_t *put_source_block(uint8_t *at, const struct source_block *b, const struct debezium_event *event);

/* The Connect schemas of the fields "source" and "transaction". */
void source_schema(const char *connector, struct buffer *out);
void transaction_schema(struct buffer *out);

#endif
