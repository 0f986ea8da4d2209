/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kafka.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "message/debezium_schema_change.h"
#include "target/kafka_record.h"
#include "target/kafka_table.h"
#include "target/table_names.h"

#define FLUSH_WAIT_MS 100
#define OFFSETS_BYTES_MAX ((size_t)64 << 20)

struct kafka_target {
	struct target target; /* first */
	struct kafka_context context;
	struct kafka_journal journal;
	struct kafka_record record;       /* as it was at the start */
	struct kafka_table **tables;
	struct table_names names;         /* the same in the same order */
	struct kafka_table **touched;     /* those with changes since the last COMMIT, in the order of their first */
	uint32_t table_count, touched_count;
	struct kafka_stream transactions; /* of the transaction topic; without a name: there is none */
	struct kafka_stream schema_changes; /* of the schema-change topic; the same */
	struct topic_wish single;         /* how a side topic is made */
	struct producer_topic *heartbeats;
	int64_t heartbeat_at_us;          /* monotonic: when the next one is due */

	const struct position *position;  /* of the last COMMIT, good until the next one */
	bool in_transaction, has_news;    /* has_news: COMMITs since the last record was made up */
	bool is_copying;
	bool is_told;                     /* the transaction topic has the open one's BEGIN */
	struct buffer waiting;            /* the next record, until `waiting_for` is the first open epoch */
	uint64_t waiting_for;             /* 0: no record waits */
	int64_t recorded_at_us;
	struct target_counts counts;
};

static struct kafka_target *kafka_of(struct sink *s)
{
	return (struct kafka_target *)s;
}

/* --- tables ----------------------------------------------------------------------------------- */

static void table_name(struct buffer *out, const struct schema *s)
{
	buffer_clear(out);
	buffer_format(out, "%s.%s", s->database, s->table);
}

/* Characters that no topic's name has become '_'. */
static int refuse_shared_topic(const struct kafka_target *k, const struct kafka_table *t, struct err *e)
{
	for (uint32_t i = 0; i < k->table_count; i++) {
		const struct kafka_table *other = k->tables[i];

		if (other != t && other->stream.name != NULL && strcmp(other->stream.name, t->stream.name) == 0)
			return err_set(e, ERR_CONFIG, "tables %s and %s would be in one topic, %s; leave one of them out "
				       "(--exclude-tables)", other->name, t->name, t->stream.name);
	}
	return 0;
}

static int open_table(struct kafka_target *k, struct kafka_table *t, struct schema *s, struct err *e)
{
	struct kafka_context *c = &k->context;
	const struct recorded_table *r = kafka_record_find(&k->record, t->name);
	struct origin origin = { 0 };

	if (kafka_table_set_schema(t, c, s, &origin, e) < 0)
		return err_wrap(e, "table %s", t->name);
	kafka_stream_init(&t->stream, c->producer, c->reader, debezium_topic(t->messages), &c->wish,
			  r != NULL ? &r->sent : NULL, c->takes_over);
	t->is_complete = r != NULL || c->takes_over;
	if (r != NULL)
		t->position = memory_copy_text(r->position);
	return refuse_shared_topic(k, t, e);
}

static int kafka_resume(struct target *target, struct schema *schema, char **position, bool **lacks, struct err *e)
{
	struct kafka_target *k = (struct kafka_target *)target;
	struct buffer name = { 0 };
	struct kafka_table *t;

	*position = NULL;
	*lacks = NULL;
	table_name(&name, schema);
	t = kafka_table_new(buffer_string(&name));
	buffer_release(&name);
	k->tables = memory_grow(k->tables, struct kafka_table *, k->table_count + 1);
	k->touched = memory_grow(k->touched, struct kafka_table *, k->table_count + 1);
	k->tables[k->table_count++] = t;
	table_names_add(&k->names, schema);
	if (open_table(k, t, schema, e) < 0)
		return -1;
	if (t->is_complete)
		*position = memory_copy_text(t->position != NULL ? t->position : k->record.position);
	return 0;
}

/* The tables are known: one look at all topics. */
static int kafka_stream_start(struct target *target, char **position, struct err *e)
{
	struct kafka_target *k = (struct kafka_target *)target;
	struct kafka_stream **streams = memory_array(struct kafka_stream *, k->table_count + 2);
	int rc;

	for (uint32_t i = 0; i < k->table_count; i++)
		streams[i] = &k->tables[i]->stream;
	streams[k->table_count] = &k->transactions;
	streams[k->table_count + 1] = &k->schema_changes;
	rc = kafka_streams_open(streams, k->table_count + 2, k->context.reader, e);
	memory_free(streams);
	if (rc == 0)
		*position = memory_copy_text(k->record.position);
	return rc;
}

/* --- records ---------------------------------------------------------------------------------- */

static void table_json(struct buffer *out, const struct kafka_target *k, const struct kafka_table *t,
		       struct bytes stream_place)
{
	struct buffer own = { 0 };

	text_json_string(out, t->name);
	buffer_format(out, ":{\"sent\":%llu", (unsigned long long)t->stream.committed);
	k->position->format(k->position, t->schema, &own);
	if (!bytes_equal(buffer_bytes(&own), stream_place)) {
		buffer_text(out, ",\"position\":");
		buffer_bytes_append(out, buffer_bytes(&own));
	}
	buffer_char(out, '}');
	buffer_release(&own);
}

static void record_json(struct buffer *out, const struct kafka_target *k)
{
	struct buffer place = { 0 };
	bool any = false;

	k->position->format(k->position, NULL, &place);
	buffer_clear(out);
	buffer_text(out, "{\"position\":");
	buffer_bytes_append(out, buffer_bytes(&place));
	if (k->transactions.name != NULL)
		buffer_format(out, ",\"transactions\":%llu", (unsigned long long)k->transactions.committed);
	if (k->schema_changes.name != NULL)
		buffer_format(out, ",\"schema_changes\":%llu", (unsigned long long)k->schema_changes.committed);
	buffer_text(out, ",\"tables\":{");
	for (uint32_t i = 0; i < k->table_count; i++) {
		if (!k->tables[i]->is_complete)
			continue;
		if (any)
			buffer_char(out, ',');
		any = true;
		table_json(out, k, k->tables[i], buffer_bytes(&place));
	}
	buffer_text(out, "}}");
	buffer_release(&place);
}

/* Makes up the record of the last COMMIT; it goes out when everything before it was acknowledged. */
static int make_record(struct kafka_target *k, struct err *e)
{
	if (!k->has_news || k->waiting_for != 0 || k->position == NULL)
		return 0;
	record_json(&k->waiting, k);
	k->has_news = false;
	return producer_next_epoch(k->context.producer, &k->waiting_for, e);
}

static int write_record(struct kafka_target *k, struct err *e)
{
	if (k->waiting_for == 0 || producer_first_open(k->context.producer) < k->waiting_for)
		return 0;
	k->waiting_for = 0;
	k->recorded_at_us = clock_monotonic_us();
	k->counts.commits++;
	return journal_write(&k->journal, buffer_bytes(&k->waiting), e);
}

static bool record_is_due(const struct kafka_target *k)
{
	return clock_monotonic_us() - k->recorded_at_us >= k->context.options->record_interval_ms * 1000;
}

/*
 * What time brings: whether another has begun to write, acknowledgements, a record. In this order: a process that was
 * stopped must not put its old record behind the other's.
 */
static int serve(struct kafka_target *k, int wait_ms, struct err *e)
{
	if (journal_check(&k->journal, e) < 0 || producer_serve(k->context.producer, wait_ms, e) < 0 ||
	    write_record(k, e) < 0)
		return -1;
	return !k->in_transaction && record_is_due(k) ? make_record(k, e) : 0;
}

/* --- transactions ----------------------------------------------------------------------------- */

/* A transaction's first change: its names, and its message in the transaction topic. */
static int begin(struct kafka_target *k, const struct change *c, struct err *e)
{
	struct kafka_context *x = &k->context;

	if (k->in_transaction)
		return 0;
	if (journal_check(&k->journal, e) < 0)
		return -1;
	k->in_transaction = true;
	x->order = 0;
	k->is_copying = c->kind == CHANGE_ROWS && c->rows.op == OP_COPY;
	kafka_context_set_transaction(x, c->origin, k->is_copying);
	k->is_told = k->transactions.name != NULL && c->kind == CHANGE_ROWS && !k->is_copying;
	if (!k->is_told)
		return 0;
	buffer_clear(&x->key);
	buffer_clear(&x->value);
	debezium_transaction_begin(x->options->messages, x->id, c->origin->time_us, &x->key, &x->value);
	return kafka_table_send_beside(x, &k->transactions, NULL, e);
}

static int end(struct kafka_target *k, const struct position *position, struct err *e)
{
	struct kafka_context *x = &k->context;
	struct debezium_table_count *counts;
	uint32_t count = 0;
	int rc;

	if (!k->in_transaction || !k->is_told)
		return 0;
	counts = memory_array(struct debezium_table_count, k->touched_count);
	for (uint32_t i = 0; i < k->touched_count; i++) {
		if (k->touched[i]->order > 0)
			counts[count++] = (struct debezium_table_count){ k->touched[i]->name, k->touched[i]->order };
	}
	buffer_clear(&x->key);
	buffer_clear(&x->value);
	debezium_transaction_end(x->options->messages, x->id, position->committed_at_us, counts, count, &x->key,
				 &x->value);
	memory_free(counts);
	rc = kafka_table_send_beside(x, &k->transactions, NULL, e);
	k->transactions.committed = k->transactions.number;
	return rc;
}

/* The copy is whole: what was held back of each table is its last row. */
static int end_copy(struct kafka_target *k, struct err *e)
{
	struct kafka_table *last = NULL;

	for (uint32_t i = 0; i < k->touched_count; i++) {
		struct kafka_table *t = k->touched[i];

		if (t->held.row_count == 0)
			continue;
		if (last != NULL && kafka_table_end_copy(last, &k->context, false, e) < 0)
			return -1;
		last = t;
	}
	return last != NULL ? kafka_table_end_copy(last, &k->context, true, e) : 0;
}

static void touch(struct kafka_target *k, struct kafka_table *t)
{
	if (t->is_touched)
		return;
	t->is_touched = true;
	k->touched[k->touched_count++] = t;
}

static void forget_touched(struct kafka_target *k)
{
	for (uint32_t i = 0; i < k->touched_count; i++) {
		k->touched[i]->is_touched = false;
		k->touched[i]->order = 0;
	}
	k->touched_count = 0;
}

static int take_commit(struct kafka_target *k, const struct change *c, struct err *e)
{
	if (end_copy(k, e) < 0 || end(k, c->position, e) < 0)
		return -1;
	for (uint32_t i = 0; i < k->touched_count; i++)
		k->touched[i]->stream.committed = k->touched[i]->stream.number;
	forget_touched(k);
	k->schema_changes.committed = k->schema_changes.number;
	k->in_transaction = false;
	k->position = c->position;
	k->has_news = true;
	k->counts.transactions++;
	k->counts.source_time_us = c->position->committed_at_us;
	if (k->counts.transactions % 256 != 0 && !k->is_copying)
		return 0;
	k->is_copying = false;
	return serve(k, 0, e);
}

static void roll_back(struct kafka_target *k)
{
	for (uint32_t i = 0; i < k->touched_count; i++)
		kafka_stream_roll_back(&k->touched[i]->stream);
	forget_touched(k);
	if (k->transactions.name != NULL)
		kafka_stream_roll_back(&k->transactions);
	kafka_stream_roll_back(&k->schema_changes);
	k->in_transaction = false;
}

/* --- the sink --------------------------------------------------------------------------------- */

static int take_table_change(struct kafka_target *k, const struct change *c, struct err *e)
{
	struct kafka_table *t = k->tables[table_names_find(&k->names, c->schema)];
	int rc;

	if (kafka_table_set_schema(t, &k->context, c->schema, c->origin, e) < 0)
		return err_wrap(e, "table %s", t->name);
	if (c->kind == CHANGE_SCHEMA) { /* of a copy: it is whole with the next COMMIT */
		t->is_complete = true;
		return 0;
	}
	touch(k, t);
	rc = begin(k, c, e);
	if (rc == 0 && c->kind == CHANGE_TRUNCATE)
		rc = kafka_table_truncate(t, &k->context, c, e);
	else if (rc == 0)
		rc = kafka_table_rows(t, &k->context, c, e);
	if (rc == 0 && c->kind == CHANGE_ROWS)
		k->counts.rows += c->rows.count;
	return rc;
}

/* It stands alone in its transaction, which the transaction topic does not tell of. */
static int take_ddl(struct kafka_target *k, const struct change *c, struct err *e)
{
	struct kafka_context *x = &k->context;
	struct kafka_place place = { c->origin->log_file, c->origin->log_offset, 0 };

	assert(k->target.sink.wants_ddl);
	if (journal_check(&k->journal, e) < 0)
		return -1;
	kafka_context_set_connector(x, c->origin);
	kafka_context_set_transaction(x, c->origin, c->ddl->is_copy);
	buffer_clear(&x->key);
	buffer_clear(&x->value);
	debezium_schema_change(x->options->messages, c->ddl, c->origin, clock_now_us(), &x->key, &x->value);
	return kafka_table_send_beside(x, &k->schema_changes, &place, e);
}

static int kafka_take(struct sink *sink, const struct change *c, struct err *e)
{
	struct kafka_target *k = kafka_of(sink);

	switch (c->kind) {
	case CHANGE_ROWS:
	case CHANGE_TRUNCATE:
	case CHANGE_SCHEMA:
		return take_table_change(k, c, e);
	case CHANGE_DDL:
		return take_ddl(k, c, e);
	case CHANGE_COMMIT:
		return take_commit(k, c, e);
	case CHANGE_ROLLBACK:
		roll_back(k);
		return 0;
	case CHANGE_KINDS:
		break;
	}
	assert(!"a kind of change");
	return -1;
}

static int beat(struct kafka_target *k, struct err *e)
{
	struct kafka_context *x = &k->context;
	struct producer_message m = { .partition = 0 };

	if (k->heartbeats == NULL || clock_monotonic_us() < k->heartbeat_at_us)
		return 0;
	k->heartbeat_at_us = clock_monotonic_us() + x->options->heartbeat_ms * 1000;
	buffer_clear(&x->key);
	buffer_clear(&x->value);
	debezium_heartbeat(x->options->messages, clock_now_us(), &x->key, &x->value);
	m.key = buffer_bytes(&x->key);
	m.value = buffer_bytes(&x->value);
	return producer_send(x->producer, k->heartbeats, &m, e);
}

static int kafka_idle(struct sink *sink, struct err *e)
{
	struct kafka_target *k = kafka_of(sink);

	return serve(k, 0, e) < 0 || beat(k, e) < 0 ? -1 : 0;
}

/* Until everything up to `epoch` is acknowledged. */
static int wait_for(struct kafka_target *k, uint64_t epoch, struct err *e)
{
	while (producer_first_open(k->context.producer) < epoch) {
		if (producer_serve(k->context.producer, FLUSH_WAIT_MS, e) < 0)
			return -1;
	}
	return 0;
}

static int kafka_flush(struct target *target, struct err *e)
{
	struct kafka_target *k = (struct kafka_target *)target;
	uint64_t epoch;

	if (journal_check(&k->journal, e) < 0)
		return -1;
	do {
		if (make_record(k, e) < 0 || producer_next_epoch(k->context.producer, &epoch, e) < 0 ||
		    wait_for(k, epoch, e) < 0 || write_record(k, e) < 0)
			return -1;
	} while (k->has_news);
	return journal_end(&k->journal, e);
}

static void kafka_close(struct target *target)
{
	struct kafka_target *k = (struct kafka_target *)target;

	if (k->context.found > 0)
		log_info("messages that an earlier run had sent were found in the topics", "messages=%llu",
			 (unsigned long long)k->context.found);
	for (uint32_t i = 0; i < k->table_count; i++)
		kafka_table_free(k->tables[i]);
	memory_free(k->tables);
	memory_free(k->touched);
	table_names_release(&k->names);
	kafka_stream_release(&k->transactions);
	kafka_stream_release(&k->schema_changes);
	kafka_record_release(&k->record);
	journal_release(&k->journal);
	kafka_context_release(&k->context);
	buffer_release(&k->waiting);
	memory_free(k);
}

void kafka_target_counts(const struct target *t, struct target_counts *out)
{
	*out = ((const struct kafka_target *)t)->counts;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int open_side_topics(struct kafka_target *k, struct err *e)
{
	struct kafka_context *x = &k->context;
	struct buffer name = { 0 };
	int rc = 0;

	k->single = (struct topic_wish){ .partitions = 1, .replicas = x->wish.replicas };
	if (k->target.sink.wants_ddl)
		kafka_stream_init(&k->schema_changes, x->producer, x->reader, x->prefix, &k->single,
				  k->record.has_schema_changes ? &k->record.schema_changes : NULL, x->takes_over);
	buffer_format(&name, "%s.transaction", x->prefix);
	if (x->options->has_transactions)
		kafka_stream_init(&k->transactions, x->producer, x->reader, buffer_string(&name), &k->single,
				  k->record.has_transactions ? &k->record.transactions : NULL, false);
	buffer_clear(&name);
	buffer_format(&name, "__debezium-heartbeat.%s", x->prefix);
	if (x->options->heartbeat_ms > 0)
		rc = producer_topic(x->producer, buffer_string(&name), &k->single, &k->heartbeats, e);
	buffer_release(&name);
	return rc;
}

/* --start-at debezium:FILE, as long as there is no record of ours. */
static int take_over(struct kafka_target *k, const char *start, struct err *e)
{
	static const char scheme[] = "debezium:";
	const char *path = start + sizeof(scheme) - 1;
	struct buffer file = { 0 }, position = { 0 };
	int rc;

	if (strncmp(start, scheme, sizeof(scheme) - 1) != 0)
		return err_set(e, ERR_CONFIG, "--start-at: \"%s\" is not debezium:FILE", start);
	if (k->record.position != NULL) {
		log_info("the topics have a position of their own, --start-at is passed over", NULL);
		return 0;
	}
	rc = file_read(&file, path, OFFSETS_BYTES_MAX, e);
	if (rc == 0 && debezium_offset_read(&position, buffer_bytes(&file), k->context.prefix, e) < 0)
		rc = err_wrap(e, "%s", path);
	if (rc == 0) {
		k->record.position = memory_copy_text(buffer_string(&position));
		k->context.takes_over = true;
	}
	buffer_release(&file);
	buffer_release(&position);
	return rc;
}

static int open_broker(struct kafka_target *k, const struct kafka_options *o, struct err *e)
{
	struct kafka_context *x = &k->context;

	if (kafka_context_open(x, o, e) < 0 ||
	    journal_open(&k->journal, x->producer, o->broker, x->prefix, x->wish.replicas, &k->record, e) < 0)
		return -1;
	if (o->start_at != NULL && take_over(k, o->start_at, e) < 0)
		return -1;
	return open_side_topics(k, e);
}

struct target *kafka_target_new(const struct kafka_options *o, struct err *e)
{
	static const struct target_ops ops = {
		.resume = kafka_resume,
		.stream_start = kafka_stream_start,
		.flush = kafka_flush,
		.close = kafka_close,
	};
	struct kafka_target *k = memory_new(struct kafka_target);

	k->target = (struct target){
		.sink = { .take = kafka_take, .idle = kafka_idle, .wants_before = true, .wants_exact_copy = true,
			  .wants_declared_key = true,
			  .wants_defaults = o->messages->schemas || o->messages->null_is_default,
			  .wants_ddl = strcmp(o->schema_changes, "true") == 0 },
		.ops = &ops,
		.can_resume = true,
	};
	if (open_broker(k, o, e) < 0) {
		kafka_close(&k->target);
		return NULL;
	}
	return &k->target;
}
