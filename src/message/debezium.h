/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as Debezium 3.6 (MySQL) and 3.5 (MariaDB) write them: JSON of Kafka Connect's JsonConverter, with or
 * without the schema beside the payload, byte for byte where a consumer may depend on it (keys: the partition hangs
 * on their bytes).
 */
#ifndef MESSAGE_DEBEZIUM_H
#define MESSAGE_DEBEZIUM_H

#include "base/option.h"
#include "change/change.h"

/* Under Debezium's own names, so that a connector's properties can be carried over. */
struct debezium_options {
	bool schemas;
	bool null_is_default;        /* replace.null.with.default */
	char *decimal_mode;          /* precise, string, double */
	char *bigint_unsigned_mode;  /* long, precise */
	char *time_precision_mode;   /* adaptive_time_microseconds, connect, isostring, microseconds, nanoseconds */
	char *binary_mode;           /* bytes, base64, base64-url-safe, hex */
	char *schema_name_mode;      /* none, avro, avro_unicode */
	const char *topic_prefix;    /* not in the table: from the target's URL */
	const char *connector;       /* "mysql", "mariadb"; not in the table */
};

extern const struct option debezium_option_table[]; /* ends with a NULL name */

/* The marks of Debezium's `snapshot` field. */
enum debezium_snapshot {
	SNAPSHOT_FALSE,
	SNAPSHOT_FIRST,
	SNAPSHOT_FIRST_IN_TABLE,
	SNAPSHOT_TRUE,
	SNAPSHOT_LAST_IN_TABLE,
	SNAPSHOT_LAST,
	SNAPSHOTS,
};

/* The `transaction` block. */
struct debezium_transaction {
	const char *id;                  /* the GTID, or "file=...,pos=..." */
	uint64_t total_order, table_order; /* from 1 */
};

/* One message's place and circumstances. Texts are borrowed. */
struct debezium_event {
	char op;                         /* c u d r t */
	enum debezium_snapshot snapshot;
	const struct origin *origin;     /* file, gtid, server, thread, time (0: now_us); not its log_offset */
	uint64_t log_offset;             /* start of the event that has this row */
	uint32_t log_row;                /* the row's number in it, from 0 */
	const struct debezium_transaction *transaction; /* NULL: none is told */
	int64_t now_us;                  /* when it was handled; microseconds since 1970 */
};

/* One image: a row of columns. `columns` NULL: the image is null. */
struct debezium_image {
	const struct columns *columns;
	uint32_t row;
};

/* What is made once for a schema: topic, schema texts, how each field is written. For one thread. */
struct debezium_table;

/*
 * `s` is shared and kept. ERR_CONFIG when a field's type is not known. The type of a field is the source's own
 * (field.source_type: "decimal(12,2) unsigned", "timestamp(3)", "enum('a','b')"), its cells are as docs/types.md has
 * them; its DEFAULT, if the schema has them, is part of the schema's text.
 */
int debezium_table_new(struct debezium_table **out, const struct debezium_options *o, struct schema *s,
		       struct err *e);
void debezium_table_free(struct debezium_table *t); /* NULL is fine */
/* "prefix.db.table", characters outside [A-Za-z0-9._-] made '_'. */
const char *debezium_topic(const struct debezium_table *t);
/* Appends the key message of the row; false and nothing when the table has no key (the message key is null). */
bool debezium_key(const struct debezium_table *t, struct debezium_image row, struct buffer *out);
/* The part of a key message that is not its schema: what headers tell of a key. */
struct bytes debezium_key_payload(const struct debezium_table *t, struct bytes key);
/* Appends the value message. */
void debezium_value(struct debezium_table *t, const struct debezium_event *event, struct debezium_image before,
		    struct debezium_image after, struct buffer *out);

/*
 * Side topics. Each appends key and value; the topics are "prefix.transaction" and "__debezium-heartbeat.prefix".
 * `time_us`: when the source began and ended the transaction; now, for the heartbeat.
 */
struct debezium_table_count {
	const char *name; /* "db.table" */
	uint64_t count;
};
void debezium_transaction_begin(const struct debezium_options *o, const char *id, int64_t time_us,
				struct buffer *key, struct buffer *value);
void debezium_transaction_end(const struct debezium_options *o, const char *id, int64_t time_us,
			      const struct debezium_table_count *tables, uint32_t count, struct buffer *key,
			      struct buffer *value);
void debezium_heartbeat(const struct debezium_options *o, int64_t time_us, struct buffer *key,
			struct buffer *value);

#endif
