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
	buffer_release(&b->start);
	buffer_release(&b->thread);
	buffer_release(&b->times);
	memory_free(b->gtid);
	memory_free(b->file);
}

/* --- what a change's messages share ----------------------------------------------------------- */

/* Statements have milliseconds there, and no thread. */
static struct source_facts facts_of(const struct source_block *b, const struct debezium_event *event)
{
	const struct origin *o = event->origin;
	int64_t us = o->time_us != 0 ? o->time_us : event->now_us;
	bool is_statement = event->op == 't';

	return (struct source_facts){
		.changed_us = is_statement ? us - us % 1000 : us,
		.now_us = event->now_us,
		.thread_id = b->has_threads && !is_statement ? o->thread_id : 0,
		.server_id = o->server_id,
		.snapshot = event->snapshot,
	};
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool is_made(const struct source_block *b, const struct source_facts *f, const struct origin *o)
{
	const struct source_facts *made = &b->facts;

	return b->times.size > 0 && made->now_us == f->now_us && made->changed_us == f->changed_us &&
	       made->thread_id == f->thread_id && made->server_id == f->server_id && made->snapshot == f->snapshot &&
	       is_same_text(b->gtid, o->gtid) && is_same_text(b->file, o->log_file);
}

/* Milliseconds and the rest: what is before 1970 has no digits of its own. */
static void append_times(struct buffer *out, int64_t us, const char *behind_ms)
{
	unsigned long long v = us < 1000 ? 1000 : (unsigned long long)us;

	buffer_format(out, "%llu%s%llu,\"ts_ns\":%llu000", v / 1000, behind_ms, v, v);
}

static void append_start(struct source_block *b, const struct origin *o)
{
	static const char *const marks[SNAPSHOTS] = {
		[SNAPSHOT_FALSE] = "false",
		[SNAPSHOT_FIRST] = "first",
		[SNAPSHOT_FIRST_IN_TABLE] = "first_in_data_collection",
		[SNAPSHOT_TRUE] = "true",
		[SNAPSHOT_LAST_IN_TABLE] = "last_in_data_collection",
		[SNAPSHOT_LAST] = "last",
	};
	struct buffer between = { 0 };

	buffer_format(&between, ",\"snapshot\":\"%s", marks[b->facts.snapshot]);
	buffer_bytes_append(&between, buffer_bytes(&b->database));
	buffer_bytes_append(&b->start, buffer_bytes(&b->head));
	append_times(&b->start, b->facts.changed_us, buffer_string(&between));
	buffer_bytes_append(&b->start, buffer_bytes(&b->table));
	buffer_format(&b->start, "%u,\"gtid\":", b->facts.server_id);
	append_string(&b->start, o->gtid);
	buffer_text(&b->start, ",\"file\":");
	append_string(&b->start, o->log_file != NULL ? o->log_file : "");
	buffer_text(&b->start, ",\"pos\":");
	buffer_release(&between);
}

void source_block_make(struct source_block *b, const struct debezium_event *event)
{
	const struct origin *o = event->origin;
	struct source_facts facts = facts_of(b, event);

	if (is_made(b, &facts, o))
		return;
	memory_free(b->gtid);
	memory_free(b->file);
	b->gtid = memory_copy_text(o->gtid);
	b->file = memory_copy_text(o->log_file);
	b->facts = facts;
	buffer_clear(&b->start);
	append_start(b, o);
	buffer_clear(&b->thread);
	buffer_text(&b->thread, ",\"thread\":");
	if (facts.thread_id != 0)
		buffer_format(&b->thread, "%llu", (unsigned long long)facts.thread_id);
	else
		buffer_text(&b->thread, "null");
	buffer_text(&b->thread, ",\"query\":null}");
	buffer_clear(&b->times);
	buffer_text(&b->times, "\",\"ts_ms\":");
	append_times(&b->times, facts.now_us, ",\"ts_us\":");
}

/* --- a message ---------------------------------------------------------------------------------- */

#define SOURCE_FIXED_MAX 256u /* names and numbers: 4 of at most 20 digits, 90 bytes between them */

size_t source_block_size(const struct source_block *b, const struct debezium_event *event)
{
	const struct debezium_transaction *transaction = event->transaction;

	return b->start.size + b->thread.size + b->times.size + SOURCE_FIXED_MAX +
	       (transaction != NULL ? put_string_size(bytes_of_text(transaction->id)) : 0);
}

static uint8_t *put_transaction(uint8_t *at, const struct debezium_transaction *t)
{
	if (t == NULL)
		return PUT_LITERAL(at, "null");
	at = PUT_LITERAL(at, "{\"id\":");
	at = put_string(at, bytes_of_text(t->id));
	at = PUT_LITERAL(at, ",\"total_order\":");
	at = put_uint(at, t->total_order);
	at = PUT_LITERAL(at, ",\"data_collection_order\":");
	at = put_uint(at, t->table_order);
	*at++ = '}';
	return at;
}

uint8_t *put_source(uint8_t *at, const struct source_block *b, const struct debezium_event *event)
{
	at = put_bytes(at, buffer_bytes(&b->start));
	at = put_uint(at, event->log_offset);
	at = PUT_LITERAL(at, ",\"row\":");
	at = put_uint(at, event->log_row);
	return put_bytes(at, buffer_bytes(&b->thread));
}

uint8_t *put_source_block(uint8_t *at, const struct source_block *b, const struct debezium_event *event)
{
	*at++ = ',';
	at = put_source(at, b, event);
	at = PUT_LITERAL(at, ",\"transaction\":");
	at = put_transaction(at, event->transaction);
	at = PUT_LITERAL(at, ",\"op\":\"");
	*at++ = (uint8_t)event->op;
	return put_bytes(at, buffer_bytes(&b->times));
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
