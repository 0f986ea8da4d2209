/* SPDX-License-Identifier: Apache-2.0 */
/* The messages beside the rows: transactions and heartbeats. */
#include "base/text.h"
#include "message/debezium.h"
#include "message/put.h"

#define SCHEMA_START "{\"schema\":{\"type\":\"struct\",\"fields\":["
#define SCHEMA_END(name) \
	"],\"optional\":false,\"name\":\"io.debezium.connector.common." name "\",\"version\":1},\"payload\":"
#define TRANSACTION_KEY SCHEMA_START SCHEMA_FIELD("string", "false", "id") SCHEMA_END("TransactionMetadataKey")
#define TRANSACTION_COLLECTION                                                                      \
	"{\"type\":\"struct\",\"fields\":[" SCHEMA_FIELD("string", "false", "data_collection") "," \
	SCHEMA_FIELD("int64", "false", "event_count")                                               \
	"],\"optional\":true,\"name\":\"event.collection\",\"version\":1}"
#define TRANSACTION_VALUE                                                                           \
	SCHEMA_START SCHEMA_FIELD("string", "false", "status") ","                                  \
	SCHEMA_FIELD("string", "false", "id") ","                                                   \
	SCHEMA_FIELD("int64", "true", "event_count") ","                                            \
	"{\"type\":\"array\",\"items\":" TRANSACTION_COLLECTION                                     \
	",\"optional\":true,\"field\":\"data_collections\"},"                                       \
	SCHEMA_FIELD("int64", "false", "ts_ms") SCHEMA_END("TransactionMetadataValue")
#define HEARTBEAT_KEY   SCHEMA_START SCHEMA_FIELD("string", "false", "serverName") SCHEMA_END("ServerNameKey")
#define HEARTBEAT_VALUE SCHEMA_START SCHEMA_FIELD("int64", "false", "ts_ms") SCHEMA_END("Heartbeat")

static void start(const struct debezium_options *o, const char *schema, struct buffer *out)
{
	if (o->schemas)
		buffer_text(out, schema);
}

static void end(const struct debezium_options *o, struct buffer *out)
{
	buffer_text(out, o->schemas ? "}}" : "}");
}

static void one_text(const struct debezium_options *o, const char *schema, const char *name, const char *text,
		     struct buffer *out)
{
	start(o, schema, out);
	buffer_format(out, "{\"%s\":", name);
	append_string(out, text);
	end(o, out);
}

static void time_and_end(const struct debezium_options *o, int64_t time_us, struct buffer *value)
{
	buffer_text(value, "\"ts_ms\":");
	text_int(value, time_us / 1000);
	end(o, value);
}

static void transaction(const struct debezium_options *o, const char *status, const char *id, struct buffer *key,
			struct buffer *value)
{
	one_text(o, TRANSACTION_KEY, "id", id, key);
	start(o, TRANSACTION_VALUE, value);
	buffer_format(value, "{\"status\":\"%s\",\"id\":", status);
	append_string(value, id);
}

void debezium_transaction_begin(const struct debezium_options *o, const char *id, int64_t time_us,
				struct buffer *key, struct buffer *value)
{
	transaction(o, "BEGIN", id, key, value);
	buffer_text(value, ",\"event_count\":null,\"data_collections\":null,");
	time_and_end(o, time_us, value);
}

void debezium_transaction_end(const struct debezium_options *o, const char *id, int64_t time_us,
			      const struct debezium_table_count *tables, uint32_t count, struct buffer *key,
			      struct buffer *value)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < count; i++)
		total += tables[i].count;
	transaction(o, "END", id, key, value);
	buffer_text(value, ",\"event_count\":");
	text_uint(value, total);
	buffer_text(value, ",\"data_collections\":[");
	for (uint32_t i = 0; i < count; i++) {
		buffer_text(value, i > 0 ? ",{\"data_collection\":" : "{\"data_collection\":");
		append_string(value, tables[i].name);
		buffer_text(value, ",\"event_count\":");
		text_uint(value, tables[i].count);
		buffer_char(value, '}');
	}
	buffer_text(value, "],");
	time_and_end(o, time_us, value);
}

void debezium_heartbeat(const struct debezium_options *o, int64_t time_us, struct buffer *key, struct buffer *value)
{
	one_text(o, HEARTBEAT_KEY, "serverName", o->topic_prefix, key);
	start(o, HEARTBEAT_VALUE, value);
	buffer_char(value, '{');
	time_and_end(o, time_us, value);
}
