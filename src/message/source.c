/* SPDX-License-Identifier: Apache-2.0 */
#include "message/source.h"

#include "message/put.h"

/* Of the Debezium whose messages these are; its MariaDB connector is compared in its own version. */
static const char *version_of(const char *connector)
{
	return strcmp(connector, "mariadb") == 0 ? "3.5.0.Final" : "3.6.1.Final";
}

void source_block_init(struct source_block *b, const struct debezium_options *o, const struct schema *s)
{
	*b = (struct source_block){ .has_threads = strcmp(o->connector, "mariadb") != 0 };
	buffer_format(&b->head, "\"source\":{\"version\":\"%s\",\"connector\":\"%s\",\"name\":",
		      version_of(o->connector), o->connector);
	append_string(&b->head, o->topic_prefix);
	buffer_text(&b->head, ",\"ts_ms\":");
	buffer_text(&b->database, "\",\"db\":");
	append_string(&b->database, s->database);
	buffer_text(&b->database, ",\"sequence\":null,\"ts_us\":");
	buffer_text(&b->table, ",\"table\":");
	append_string(&b->table, s->table);
	buffer_text(&b->table, ",\"server_id\":");
}

void source_block_release(struct source_block *b)
{
	buffer_release(&b->head);
	buffer_release(&b->database);
	buffer_release(&b->table);
}

#define SOURCE_FIXED_MAX 640u /* names and numbers: 13 of at most 23 digits, 330 bytes between them */

static struct bytes text_of(const char *text)
{
	return text != NULL ? (struct bytes){ (const uint8_t *)text, strlen(text) } : (struct bytes){ 0 };
}

size_t source_block_size(const struct source_block *b, const struct debezium_event *event)
{
	const struct debezium_transaction *transaction = event->transaction;

	return b->head.size + b->database.size + b->table.size + SOURCE_FIXED_MAX +
	       put_string_size(text_of(event->origin->gtid)) + put_string_size(text_of(event->origin->log_file)) +
	       put_string_size(text_of(transaction != NULL ? transaction->id : NULL));
}

/* A time's digits in microseconds: those of the other units are cut off or have zeros behind. */
struct time_digits {
	uint8_t text[PUT_INT_MAX];
	size_t size;
};

static struct time_digits digits_of(int64_t us)
{
	struct time_digits d;

	d.size = (size_t)(put_uint(d.text, us < 1000 ? 1000 : (uint64_t)us) - d.text);
	return d;
}

static uint8_t *put_ms(uint8_t *at, const struct time_digits *d)
{
	return put_bytes(at, (struct bytes){ d->text, d->size - 3 });
}

static uint8_t *put_us(uint8_t *at, const struct time_digits *d)
{
	return put_bytes(at, (struct bytes){ d->text, d->size });
}

static uint8_t *put_us_and_ns(uint8_t *at, const struct time_digits *d)
{
	at = put_us(at, d);
	at = PUT_LITERAL(at, ",\"ts_ns\":");
	at = put_us(at, d);
	return PUT_LITERAL(at, "000");
}

static uint8_t *put_text_or_null(uint8_t *at, const char *text)
{
	return text != NULL ? put_string(at, text_of(text)) : PUT_LITERAL(at, "null");
}

static uint8_t *put_transaction(uint8_t *at, const struct debezium_transaction *t)
{
	if (t == NULL)
		return PUT_LITERAL(at, "null");
	at = PUT_LITERAL(at, "{\"id\":");
	at = put_string(at, text_of(t->id));
	at = PUT_LITERAL(at, ",\"total_order\":");
	at = put_uint(at, t->total_order);
	at = PUT_LITERAL(at, ",\"data_collection_order\":");
	at = put_uint(at, t->table_order);
	*at++ = '}';
	return at;
}

/* Behind the table's name: the place in the log. */
static uint8_t *put_place(uint8_t *at, const struct source_block *b, const struct debezium_event *event)
{
	const struct origin *o = event->origin;

	at = put_uint(at, o->server_id);
	at = PUT_LITERAL(at, ",\"gtid\":");
	at = put_text_or_null(at, o->gtid);
	at = PUT_LITERAL(at, ",\"file\":");
	at = put_string(at, text_of(o->log_file));
	at = PUT_LITERAL(at, ",\"pos\":");
	at = put_uint(at, event->log_offset);
	at = PUT_LITERAL(at, ",\"row\":");
	at = put_uint(at, event->log_row);
	at = PUT_LITERAL(at, ",\"thread\":");
	if (b->has_threads && o->thread_id != 0 && event->op != 't')
		at = put_uint(at, o->thread_id);
	else
		at = PUT_LITERAL(at, "null");
	return PUT_LITERAL(at, ",\"query\":null}");
}

/* Statements have milliseconds there, and no thread. */
static int64_t source_time_of(const struct debezium_event *event)
{
	int64_t us = event->origin->time_us != 0 ? event->origin->time_us : event->now_us;

	return event->op == 't' ? us - us % 1000 : us;
}

uint8_t *put_source(uint8_t *at, const struct source_block *b, const struct debezium_event *event)
{
	static const char *const marks[SNAPSHOTS] = {
		[SNAPSHOT_FALSE] = "false",
		[SNAPSHOT_FIRST] = "first",
		[SNAPSHOT_FIRST_IN_TABLE] = "first_in_data_collection",
		[SNAPSHOT_TRUE] = "true",
		[SNAPSHOT_LAST_IN_TABLE] = "last_in_data_collection",
		[SNAPSHOT_LAST] = "last",
	};
	struct time_digits changed = digits_of(source_time_of(event));

	at = put_bytes(at, buffer_bytes(&b->head));
	at = put_ms(at, &changed);
	at = PUT_LITERAL(at, ",\"snapshot\":\"");
	at = put_bytes(at, text_of(marks[event->snapshot]));
	at = put_bytes(at, buffer_bytes(&b->database));
	at = put_us_and_ns(at, &changed);
	at = put_bytes(at, buffer_bytes(&b->table));
	return put_place(at, b, event);
}

uint8_t *put_source_block(uint8_t *at, const struct source_block *b, const struct debezium_event *event)
{
	struct time_digits now = digits_of(event->now_us);

	*at++ = ',';
	at = put_source(at, b, event);
	at = PUT_LITERAL(at, ",\"transaction\":");
	at = put_transaction(at, event->transaction);
	at = PUT_LITERAL(at, ",\"op\":\"");
	*at++ = (uint8_t)event->op;
	at = PUT_LITERAL(at, "\",\"ts_ms\":");
	at = put_ms(at, &now);
	at = PUT_LITERAL(at, ",\"ts_us\":");
	return put_us_and_ns(at, &now);
}

void source_schema(const char *connector, struct buffer *out)
{
	buffer_text(out,
		    "{\"type\":\"struct\",\"fields\":["
		    SCHEMA_FIELD("string", "false", "version") ","
		    SCHEMA_FIELD("string", "false", "connector") ","
		    SCHEMA_FIELD("string", "false", "name") ","
		    SCHEMA_FIELD("int64", "false", "ts_ms") ","
		    "{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.data.Enum\",\"version\":1,"
		    "\"parameters\":{\"allowed\":\"true,first,first_in_data_collection,last_in_data_collection,"
		    "last,false,incremental\"},\"default\":\"false\",\"field\":\"snapshot\"},"
		    SCHEMA_FIELD("string", "false", "db") ","
		    SCHEMA_FIELD("string", "true", "sequence") ","
		    SCHEMA_FIELD("int64", "true", "ts_us") ","
		    SCHEMA_FIELD("int64", "true", "ts_ns") ","
		    SCHEMA_FIELD("string", "true", "table") ","
		    SCHEMA_FIELD("int64", "false", "server_id") ","
		    SCHEMA_FIELD("string", "true", "gtid") ","
		    SCHEMA_FIELD("string", "false", "file") ","
		    SCHEMA_FIELD("int64", "false", "pos") ","
		    SCHEMA_FIELD("int32", "false", "row") ","
		    SCHEMA_FIELD("int64", "true", "thread") ","
		    SCHEMA_FIELD("string", "true", "query") "]");
	buffer_format(out, ",\"optional\":false,\"name\":\"io.debezium.connector.%s.Source\",\"version\":1,"
			   "\"field\":\"source\"}", connector);
}

void transaction_schema(struct buffer *out)
{
	buffer_text(out,
		    "{\"type\":\"struct\",\"fields\":["
		    SCHEMA_FIELD("string", "false", "id") ","
		    SCHEMA_FIELD("int64", "false", "total_order") ","
		    SCHEMA_FIELD("int64", "false", "data_collection_order")
		    "],\"optional\":true,\"name\":\"event.block\",\"version\":1,\"field\":\"transaction\"}");
}
