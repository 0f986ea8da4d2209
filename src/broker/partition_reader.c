/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/partition_reader.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/clock.h"
#include "base/memory.h"
#include "broker/client.h"

#define ANSWER_MS 10000
#define WAIT_MS   10

struct partition_reader {
	const struct broker_options *options;
	rd_kafka_t *client;
	rd_kafka_message_t *message; /* the last one given out */
	char topic[256];
	uint32_t partition;
	bool is_untouched; /* nothing has come of it since the start */
};

/* What is asked for is there: a request that waits for news would only hold up the next one. */
static const char *const defaults[] = { "client.id", "tailrace", "fetch.wait.max.ms", "10", NULL };

/* No group: its name is asked for by the library and never sent. */
static const char *const fixed[] = {
	"group.id", "tailrace", "enable.auto.commit", "false", "auto.offset.reset", "error",
	"enable.partition.eof", "true", "isolation.level", "read_committed", NULL,
};

int partition_reader_open(struct partition_reader **out, const struct broker_options *o, struct err *e)
{
	rd_kafka_conf_t *conf = client_conf(o, defaults, fixed, e);
	struct partition_reader *r;
	rd_kafka_t *client;

	if (conf == NULL)
		return -1;
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_ERROR);
	client = client_new(RD_KAFKA_CONSUMER, conf, o, e);
	if (client == NULL)
		return -1;
	rd_kafka_poll_set_consumer(client);
	r = memory_new(struct partition_reader);
	r->options = o;
	r->client = client;
	*out = r;
	return 0;
}

static void drop_message(struct partition_reader *r)
{
	if (r->message != NULL)
		rd_kafka_message_destroy(r->message);
	r->message = NULL;
}

void partition_reader_stop(struct partition_reader *r)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;

	/* the library (2.0) ends the program when a partition is given up that it has not begun to read yet */
	while (r->is_untouched && clock_monotonic_us() < until_us) {
		drop_message(r);
		r->message = rd_kafka_consumer_poll(r->client, 50);
		r->is_untouched = r->message == NULL;
	}
	drop_message(r);
	rd_kafka_assign(r->client, NULL);
}

void partition_reader_close(struct partition_reader *r)
{
	if (r == NULL)
		return;
	partition_reader_stop(r);
	rd_kafka_consumer_close(r->client);
	rd_kafka_destroy(r->client);
	memory_free(r);
}

static int failed(const struct partition_reader *r, rd_kafka_resp_err_t code, const char *what, const char *topic,
		  uint32_t partition, struct err *e)
{
	char context[400];

	snprintf(context, sizeof(context), "%s topic %s, partition %u", what, topic, partition);
	return client_error(e, r->options, code, NULL, context);
}

int partition_reader_count(struct partition_reader *r, const char *topic, uint32_t *out, struct err *e)
{
	rd_kafka_topic_t *handle = rd_kafka_topic_new(r->client, topic, NULL);
	const struct rd_kafka_metadata *m = NULL;
	rd_kafka_resp_err_t code;
	int rc = 0;

	if (handle == NULL)
		return client_error(e, r->options, rd_kafka_last_error(), NULL, topic);
	code = rd_kafka_metadata(r->client, 0, handle, &m, ANSWER_MS);
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
		code = m->topic_cnt > 0 ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		*out = code == RD_KAFKA_RESP_ERR_NO_ERROR ? (uint32_t)m->topics[0].partition_cnt : 0;
		rd_kafka_metadata_destroy(m);
	}
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		rc = client_error(e, r->options, code, NULL, topic);
	rd_kafka_topic_destroy(handle);
	return rc;
}

/* For a moment after a topic was made, and while leaders change. */
static bool is_without_leader(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	       code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

int partition_reader_range(struct partition_reader *r, const char *topic, uint32_t partition, int64_t *first,
			   int64_t *end, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;
	rd_kafka_resp_err_t code;

	for (;;) {
		code = rd_kafka_query_watermark_offsets(r->client, topic, (int32_t)partition, first, end, ANSWER_MS);
		if (!is_without_leader(code) || clock_monotonic_us() >= until_us)
			break;
		clock_sleep_us(WAIT_MS * 1000);
	}
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : failed(r, code, "asking for the offsets of", topic, partition, e);
}

int partition_reader_start(struct partition_reader *r, const char *topic, uint32_t partition, int64_t offset,
			   struct err *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t code;

	partition_reader_stop(r);
	rd_kafka_topic_partition_list_add(list, topic, (int32_t)partition)->offset = offset;
	code = rd_kafka_assign(r->client, list);
	rd_kafka_topic_partition_list_destroy(list);
	snprintf(r->topic, sizeof(r->topic), "%s", topic);
	r->partition = partition;
	r->is_untouched = true;
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : failed(r, code, "reading", topic, partition, e);
}

int partition_reader_next(struct partition_reader *r, int wait_ms, bool *at_end, struct partition_message *out,
			  struct err *e)
{
	rd_kafka_message_t *m;

	drop_message(r);
	if (at_end != NULL)
		*at_end = false;
	m = r->message = rd_kafka_consumer_poll(r->client, wait_ms);
	if (m == NULL)
		return 1;
	r->is_untouched = false;
	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (at_end != NULL)
			*at_end = true;
		return 1;
	}
	if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(r, m->err, "reading", r->topic, r->partition, e);
	*out = (struct partition_message){ m->offset, { m->key, m->key_len },
					      { m->payload, m->len }, m };
	return 0;
}

bool partition_message_header(const struct partition_message *m, const char *name, struct bytes *out)
{
	rd_kafka_headers_t *headers;
	const void *data;

	if (rd_kafka_message_headers(m->handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    rd_kafka_header_get_last(headers, name, &data, &out->size) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	out->data = data;
	return true;
}
