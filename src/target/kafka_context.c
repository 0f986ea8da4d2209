/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kafka_context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

/* "none", or letters of operations with commas. */
static int read_skipped(struct kafka_context *k, struct err *e)
{
	const char *text = k->options->skipped_operations;

	if (strcmp(text, "none") == 0)
		return 0;
	for (; *text != '\0'; text += text[1] == ',' ? 2 : 1) {
		bool *skips = *text == 'c' ? &k->skips[OP_INSERT] :
			      *text == 'u' ? &k->skips[OP_UPDATE] :
			      *text == 'd' ? &k->skips[OP_DELETE] :
			      *text == 't' ? &k->skips_truncate : NULL;

		if (skips == NULL)
			return err_set(e, ERR_CONFIG, "--skipped-operations: \"%s\" is neither none nor letters of c, u, "
				       "d, t with commas", k->options->skipped_operations);
		*skips = true;
	}
	return 0;
}

/* What Debezium 3.2 and later puts on the messages of tables: whose they are. */
static void make_shared_headers(struct kafka_context *k)
{
	uint64_t run[2] = { (uint64_t)clock_now_us(), (uint64_t)random() << 31 ^ (uint64_t)random() };

	if (strcmp(k->options->extended_headers, "true") != 0)
		return;
	snprintf(k->run_id, sizeof(k->run_id), "%08x-%04x-7%03x-8%03x-%012llx", (unsigned)(run[0] >> 28),
		 (unsigned)(run[0] >> 12 & 0xffff), (unsigned)(run[0] & 0xfff), (unsigned)(run[1] >> 48 & 0xfff),
		 (unsigned long long)(run[1] & 0xffffffffffff));
	k->shared[0] = (struct producer_header){ "__debezium.context.connectorLogicalName", bytes_of_text(k->prefix) };
	k->shared[1] = (struct producer_header){ "__debezium.context.taskId", BYTES_OF("0") };
	k->shared[2].name = "__debezium.context.connectorName";
	k->shared[3] = (struct producer_header){ "__debezium.context.runId", bytes_of_text(k->run_id) };
	k->shared_count = 4;
}

static void name_connector(struct kafka_context *k, const char *name)
{
	k->options->messages->connector = name;
	k->shared[2].value = bytes_of_text(name);
	k->labels = producer_labels(k->producer, k->shared, k->shared_count);
}

void kafka_context_set_connector(struct kafka_context *k, const struct origin *origin)
{
	if (origin->connector != NULL && strcmp(origin->connector, k->options->messages->connector) != 0)
		name_connector(k, origin->connector);
}

void kafka_context_set_transaction(struct kafka_context *k, const struct origin *o, bool is_copy)
{
	if (is_copy)
		snprintf(k->transaction, sizeof(k->transaction), "copy");
	else if (o->gtid != NULL)
		snprintf(k->transaction, sizeof(k->transaction), "%s", o->gtid);
	else
		snprintf(k->transaction, sizeof(k->transaction), "%s:%llu", o->log_file != NULL ? o->log_file : "",
			 (unsigned long long)o->transaction_offset);
	if (o->gtid != NULL)
		snprintf(k->id, sizeof(k->id), "%s", o->gtid);
	else
		snprintf(k->id, sizeof(k->id), "file=%s,pos=%llu", o->log_file != NULL ? o->log_file : "",
			 (unsigned long long)o->transaction_offset);
}

int kafka_context_open(struct kafka_context *k, const struct kafka_options *o, struct err *e)
{
	k->options = o;
	if (kafka_url_parse(o->url, &k->brokers, &k->prefix, e) < 0)
		return -1;
	o->broker->brokers = k->brokers;
	o->messages->topic_prefix = k->prefix;
	make_shared_headers(k);
	k->wish = (struct topic_wish){ .partitions = o->partitions > 0 ? (int)o->partitions : -1,
				       .replicas = o->replicas > 0 ? (int)o->replicas : -1 };
	if (read_skipped(k, e) < 0 || producer_open(&k->producer, o->broker, e) < 0 ||
	    partition_reader_open(&k->reader, o->broker, e) < 0)
		return -1;
	k->no_labels = producer_labels(k->producer, NULL, 0);
	name_connector(k, "mysql"); /* until the source tells */
	return 0;
}

void kafka_context_release(struct kafka_context *k)
{
	partition_reader_close(k->reader);
	producer_close(k->producer);
	memory_free(k->brokers);
	memory_free(k->prefix);
	buffer_release(&k->key);
	buffer_release(&k->old_key);
	buffer_release(&k->value);
	*k = (struct kafka_context){ 0 };
}
