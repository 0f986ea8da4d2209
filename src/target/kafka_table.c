/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kafka_table.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

struct kafka_table *kafka_table_new(const char *name)
{
	struct kafka_table *t = memory_new(struct kafka_table);

	t->name = memory_copy_text(name);
	return t;
}

void kafka_table_free(struct kafka_table *t)
{
	if (t == NULL)
		return;
	kafka_stream_release(&t->stream);
	debezium_table_free(t->messages);
	columns_release(&t->held);
	memory_free(t->held_file);
	schema_release(t->schema);
	memory_free(t->position);
	memory_free(t->name);
	memory_free(t);
}

int kafka_table_set_schema(struct kafka_table *t, struct kafka_context *k, struct schema *s,
			   const struct origin *origin, struct err *e)
{
	kafka_context_set_connector(k, origin);
	if (t->schema == s && t->connector == k->options->messages->connector)
		return 0;
	t->connector = k->options->messages->connector;
	debezium_table_free(t->messages);
	t->messages = NULL;
	schema_release(t->schema);
	t->schema = schema_share(s);
	columns_release(&t->held);
	columns_init(&t->held, s);
	return debezium_table_new(&t->messages, k->options->messages, s, e);
}

/* --- one message ------------------------------------------------------------------------------ */

static struct bytes bytes_or_null(const struct buffer *b, bool is_there)
{
	return is_there ? buffer_bytes(b) : (struct bytes){ NULL, 0 };
}

static int count(struct kafka_context *k, int rc)
{
	if (rc == 0)
		k->sent++;
	else if (rc == 1)
		k->found++;
	return rc < 0 ? -1 : 0;
}

/* `related`: the key on the other side of a change of key, under Debezium's header name; NULL: none. */
static int send(struct kafka_table *t, struct kafka_context *k, struct bytes key, struct bytes value,
		const char *related_name, struct bytes related, struct err *e)
{
	struct producer_header headers[KAFKA_HEADERS_MAX];
	struct producer_message m = { .key = key, .value = value, .headers = headers };

	if (related_name != NULL) {
		headers[m.header_count++] = (struct producer_header){ related_name, related };
		for (uint32_t i = 0; i < k->shared_count; i++)
			headers[m.header_count++] = k->shared[i];
	} else {
		m.labels = k->labels;
	}
	return count(k, kafka_stream_send(&t->stream, &m, &headers[m.header_count++], k->transaction, &k->place, e));
}

int kafka_table_send_beside(struct kafka_context *k, struct kafka_stream *s, const struct kafka_place *place,
			    struct err *e)
{
	static const struct kafka_place nowhere;
	struct producer_header ours;
	struct producer_message m = { .key = buffer_bytes(&k->key), .value = buffer_bytes(&k->value),
				      .headers = &ours, .header_count = 1,
				      .labels = place != NULL ? k->labels : k->no_labels };

	return count(k, kafka_stream_send(s, &m, &ours, k->transaction, place != NULL ? place : &nowhere, e));
}

/* An event, with the transaction block if that is wanted. */
static void write_value(struct kafka_table *t, struct kafka_context *k, struct debezium_event *event,
			struct debezium_image before, struct debezium_image after)
{
	struct debezium_transaction transaction = { .id = k->id };

	if (k->options->has_transactions && event->snapshot == SNAPSHOT_FALSE && event->op != 't') {
		transaction.total_order = ++k->order;
		transaction.table_order = ++t->order;
		event->transaction = &transaction;
	}
	k->place = (struct kafka_place){ event->origin->log_file, event->log_offset, event->log_row };
	buffer_clear(&k->value);
	debezium_value(t->messages, event, before, after, &k->value);
}

static bool wants_tombstones(const struct kafka_context *k)
{
	return strcmp(k->options->tombstones, "true") == 0;
}

static int send_delete(struct kafka_table *t, struct kafka_context *k, struct debezium_event *event,
		       struct debezium_image before, struct bytes key, struct bytes new_key, struct err *e)
{
	static const struct debezium_image none = { 0 };

	const char *related = new_key.data != NULL ? "__debezium.newkey" : NULL;

	event->op = 'd';
	write_value(t, k, event, before, none);
	if (send(t, k, key, buffer_bytes(&k->value), related, new_key, e) < 0)
		return -1;
	if (!wants_tombstones(k)) /* without a key too, as Debezium does */
		return 0;
	return send(t, k, key, (struct bytes){ NULL, 0 }, related, new_key, e);
}

static int send_update(struct kafka_table *t, struct kafka_context *k, struct debezium_event *event,
		       struct debezium_image before, struct debezium_image after, struct err *e)
{
	static const struct debezium_image none = { 0 };
	bool has_key;
	struct bytes key, old_key;

	buffer_clear(&k->old_key);
	has_key = debezium_key(t->messages, before, &k->old_key);
	key = bytes_or_null(&k->key, has_key);
	old_key = bytes_or_null(&k->old_key, has_key);
	if (!has_key || bytes_equal(key, old_key)) {
		event->op = 'u';
		write_value(t, k, event, before, after);
		return send(t, k, key, buffer_bytes(&k->value), NULL, key, e);
	}
	if (send_delete(t, k, event, before, old_key, debezium_key_payload(t->messages, key), e) < 0)
		return -1;
	event->op = 'c';
	write_value(t, k, event, none, after);
	return send(t, k, key, buffer_bytes(&k->value), "__debezium.oldkey",
		    debezium_key_payload(t->messages, old_key), e);
}

/* --- rows ------------------------------------------------------------------------------------- */

static int send_row(struct kafka_table *t, struct kafka_context *k, const struct rows *rows, uint32_t row,
		    struct debezium_event *event, struct err *e)
{
	struct debezium_image before = { rows->before, row }, after = { rows->after, row };
	bool has_key;

	buffer_clear(&k->key);
	has_key = debezium_key(t->messages, rows->op == OP_DELETE ? before : after, &k->key);
	switch (rows->op) {
	case OP_DELETE:
		return send_delete(t, k, event, before, bytes_or_null(&k->key, has_key), (struct bytes){ NULL, 0 }, e);
	case OP_UPDATE:
		return send_update(t, k, event, before, after, e);
	case OP_COPY:
	case OP_INSERT:
	case OPS:
		break;
	}
	event->op = rows->op == OP_COPY ? 'r' : 'c';
	write_value(t, k, event, before, after);
	return send(t, k, bytes_or_null(&k->key, has_key), buffer_bytes(&k->value), NULL, (struct bytes){ NULL, 0 }, e);
}

static enum debezium_snapshot mark_of(struct kafka_table *t, struct kafka_context *k)
{
	enum debezium_snapshot mark = !k->any_copied ? SNAPSHOT_FIRST :
				      !t->any_copied ? SNAPSHOT_FIRST_IN_TABLE : SNAPSHOT_TRUE;

	k->any_copied = t->any_copied = true;
	return mark;
}

static int send_held(struct kafka_table *t, struct kafka_context *k, enum debezium_snapshot mark, struct err *e)
{
	struct debezium_event event = { .snapshot = mark, .origin = &t->held_origin,
					.log_offset = t->held_origin.log_offset, .now_us = clock_now_us() };
	struct rows one = { .op = OP_COPY, .count = 1, .after = &t->held };
	int rc = send_row(t, k, &one, 0, &event, e);

	columns_clear(&t->held);
	return rc;
}

static void hold(struct kafka_table *t, const struct columns *rows, uint32_t row, const struct origin *origin)
{
	for (uint32_t i = 0; i < t->held.column_count; i++)
		column_append_range(&t->held.columns[i], &rows->columns[i], row, 1);
	t->held.row_count = 1;
	memory_free(t->held_file);
	t->held_file = memory_copy_text(origin->log_file);
	t->held_origin = *origin;
	t->held_origin.log_file = t->held_file;
}

/* The copy's rows; the block's last one waits until another follows. */
static int copy_rows(struct kafka_table *t, struct kafka_context *k, const struct change *c, struct err *e)
{
	struct debezium_event event = { .origin = c->origin, .log_offset = c->origin->log_offset,
					.now_us = clock_now_us() };
	uint32_t last = c->rows.count - 1;

	if (t->held.row_count > 0 && send_held(t, k, mark_of(t, k), e) < 0)
		return -1;
	for (uint32_t row = 0; row < last; row++) {
		event.snapshot = mark_of(t, k);
		if (send_row(t, k, &c->rows, row, &event, e) < 0)
			return -1;
	}
	hold(t, c->rows.after, last, c->origin);
	return 0;
}

int kafka_table_end_copy(struct kafka_table *t, struct kafka_context *k, bool is_last, struct err *e)
{
	if (t->held.row_count == 0)
		return 0;
	return send_held(t, k, is_last ? SNAPSHOT_LAST : SNAPSHOT_LAST_IN_TABLE, e);
}

static int refuse_partial(const struct kafka_table *t, const struct change *c, struct err *e)
{
	return err_set(e, ERR_CONFIG, "table %s, %s:%llu: the log has only a part of the row, and a message must have all of "
		       "it; run the server and its applications with binlog_row_image = FULL (and without PARTIAL_JSON), "
		       "delete the topics and run again to copy the tables anew", t->name,
		       c->origin->log_file != NULL ? c->origin->log_file : "?", (unsigned long long)c->origin->log_offset);
}

int kafka_table_rows(struct kafka_table *t, struct kafka_context *k, const struct change *c, struct err *e)
{
	const struct rows *rows = &c->rows;
	struct debezium_event event = { .origin = c->origin, .log_offset = c->origin->log_offset,
					.now_us = clock_now_us() };

	if (rows->before_present != NULL || rows->after_present != NULL || rows->patched != NULL)
		return refuse_partial(t, c, e);
	if (k->skips[rows->op] || rows->count == 0)
		return 0;
	if (rows->op == OP_COPY)
		return copy_rows(t, k, c, e);
	for (uint32_t row = 0, at = 0; row < rows->count; row++, event.log_row++) {
		if (at < rows->event_count && rows->events[at].first == row) {
			event.log_offset = rows->events[at].offset;
			event.log_row = rows->events[at++].row;
		}
		if (send_row(t, k, rows, row, &event, e) < 0)
			return -1;
	}
	return 0;
}

int kafka_table_truncate(struct kafka_table *t, struct kafka_context *k, const struct change *c, struct err *e)
{
	static const struct debezium_image none = { 0 };
	struct debezium_event event = { .op = 't', .origin = c->origin, .log_offset = c->origin->log_offset,
					.now_us = clock_now_us() };

	if (k->skips_truncate)
		return 0;
	write_value(t, k, &event, none, none);
	return send(t, k, (struct bytes){ NULL, 0 }, buffer_bytes(&k->value), NULL, (struct bytes){ NULL, 0 }, e);
}
