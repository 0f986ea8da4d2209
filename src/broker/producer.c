/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/producer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "broker/client.h"
#include "broker/labels.h"

#define METADATA_MS   10000
#define WAIT_MS       100
#define SHOW_UP_MS    10
#define EVENT_MESSAGES_MAX 512
#define SLABS_MAX     256
#define SLAB_BYTES    ((size_t)1 << 20)
/*
 * Two requests' worth. The library has one of a partition on its way at a time, and its thread asks for the answer
 * without a pause as long as messages wait behind it for longer than linger.ms.
 */
#define PARTITION_BYTES_MAX ((size_t)2 << 20)

/* Messages that were sent between two calls of producer_next_epoch. */
struct epoch {
	uint64_t sent, acknowledged;
};

/*
 * Many messages: of each a struct sent and its value, which the library reads where it is. A copy of its own for each
 * would be taken from and given back to the heap in another order every time.
 */
struct slab {
	uint8_t *data; /* NULL: not made yet */
	size_t used, size;
	uint32_t outstanding; /* messages in it that were not reported */
};

/* What a message carries through the library. */
struct sent {
	uint64_t epoch;
	size_t *waiting;                /* of its partition */
	struct slab *slab;
	struct producer_labels *labels; /* whose list of headers it has; NULL: it has its own */
};

struct producer_topic {
	struct producer_topic *next;
	rd_kafka_topic_t *handle;
	uint32_t partitions;
	size_t *waiting; /* bytes of each partition that were not reported */
};

struct producer {
	const struct broker_options *options;
	rd_kafka_t *client;
	rd_kafka_queue_t *events;
	struct producer_topic *topics;
	struct producer_labels *labels;
	const struct rd_kafka_metadata *known;    /* the cluster's topics at the beginning; NULL: not asked yet */
	struct slab slabs[SLABS_MAX];
	struct slab *slab;                        /* the one that fills */
	struct epoch epochs[PRODUCER_EPOCHS_MAX]; /* a ring */
	uint64_t first_open, open;                /* numbers of epochs */
};

static const char *const defaults[] = {
	"compression.codec", "lz4", "linger.ms", "20", "batch.size", "1000000",
	"queue.buffering.max.kbytes", "32768", "queue.buffering.max.messages", "200000",
	"message.timeout.ms", "60000", "client.id", "tailrace", NULL,
};

/* Order and acknowledgement are what exactly once rests on. */
static const char *const fixed[] = {
	"enable.idempotence", "true", "delivery.report.only.error", "false", NULL,
};

int producer_open(struct producer **out, const struct broker_options *o, struct err *e)
{
	rd_kafka_conf_t *conf = client_conf(o, defaults, fixed, e);
	struct producer *p;
	rd_kafka_t *client;

	if (conf == NULL)
		return -1;
	rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
	client = client_new(RD_KAFKA_PRODUCER, conf, o, e);
	if (client == NULL)
		return -1;
	p = memory_new(struct producer);
	p->options = o;
	p->client = client;
	p->events = rd_kafka_queue_get_main(client);
	p->slab = p->slabs;
	p->first_open = p->open = 1;
	*out = p;
	return 0;
}

void producer_close(struct producer *p)
{
	if (p == NULL)
		return;
	rd_kafka_purge(p->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	for (struct producer_topic *t = p->topics, *next; t != NULL; t = next) {
		next = t->next;
		rd_kafka_topic_destroy(t->handle);
		memory_free(t->waiting);
		memory_free(t);
	}
	for (struct producer_labels *l = p->labels, *next; l != NULL; l = next) {
		next = l->next;
		labels_free(l);
	}
	if (p->known != NULL)
		rd_kafka_metadata_destroy(p->known);
	rd_kafka_queue_destroy(p->events);
	rd_kafka_destroy(p->client);
	for (uint32_t i = 0; i < SLABS_MAX; i++)
		memory_free(p->slabs[i].data);
	memory_free(p);
}

/* --- topics ----------------------------------------------------------------------------------- */

/*
 * Asks for one topic, or with NULL for all of them. Asking for one that is not there may make it, with the
 * cluster's defaults.
 */
static int ask(struct producer *p, rd_kafka_topic_t *topic, const struct rd_kafka_metadata **out, struct err *e)
{
	rd_kafka_resp_err_t code = rd_kafka_metadata(p->client, topic == NULL, topic, out, METADATA_MS);

	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	if (producer_serve(p, 0, e) < 0) /* a login that failed is an event beside the answer */
		return -1;
	client_error(e, p->options, code, NULL, "asking for its topics");
	e->kind = e->kind == ERR_CONFIG ? ERR_CONFIG : ERR_RETRY;
	return -1;
}

/* What the cluster told of the topic at the beginning; NULL: it was not there. */
static int find_known(struct producer *p, const char *name, const struct rd_kafka_metadata_topic **out, struct err *e)
{
	if (p->known == NULL && ask(p, NULL, &p->known, e) < 0)
		return -1;
	*out = NULL;
	for (int i = 0; i < p->known->topic_cnt && *out == NULL; i++) {
		if (strcmp(p->known->topics[i].topic, name) == 0)
			*out = &p->known->topics[i];
	}
	return 0;
}

int producer_has_topic(struct producer *p, const char *name, bool *out, struct err *e)
{
	const struct rd_kafka_metadata_topic *known;

	if (find_known(p, name, &known, e) < 0)
		return -1;
	*out = known != NULL;
	return 0;
}

/* Partitions of a topic that is there or on its way; 0: not yet. */
static int count_partitions(struct producer *p, rd_kafka_topic_t *topic, uint32_t *out, struct err *e)
{
	const struct rd_kafka_metadata *m = NULL;
	rd_kafka_resp_err_t code;
	int rc = 0;

	if (ask(p, topic, &m, e) < 0)
		return -1;
	*out = 0;
	code = m->topic_cnt > 0 ? m->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		*out = (uint32_t)m->topics[0].partition_cnt;
	else if (code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
		rc = client_error(e, p->options, code, NULL, rd_kafka_topic_name(topic));
	rd_kafka_metadata_destroy(m);
	return rc;
}

static int made(struct producer *p, const char *name, rd_kafka_event_t *event, struct err *e)
{
	const rd_kafka_topic_result_t **results;
	rd_kafka_resp_err_t code;
	char context[300];
	size_t count = 0;

	snprintf(context, sizeof(context), "making topic %s", name);
	if (event == NULL)
		return err_set(e, ERR_RETRY, "kafka %s: %s: no answer", p->options->brokers, context);
	code = rd_kafka_event_error(event);
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return client_error(e, p->options, code, rd_kafka_event_error_string(event), context);
	results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
	code = count > 0 ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR_UNKNOWN;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
		return 0;
	return client_error(e, p->options, code, count > 0 ? rd_kafka_topic_result_error_string(results[0]) : NULL,
			    context);
}

static int make_topic(struct producer *p, const char *name, const struct topic_wish *wish, struct err *e)
{
	rd_kafka_queue_t *answers = rd_kafka_queue_new(p->client);
	rd_kafka_NewTopic_t *topic;
	rd_kafka_event_t *event;
	char why[256];
	int rc;

	topic = rd_kafka_NewTopic_new(name, wish->partitions, wish->replicas, why, sizeof(why));
	if (topic == NULL) {
		rd_kafka_queue_destroy(answers);
		return err_set(e, ERR_CONFIG, "kafka %s: topic %s: %s", p->options->brokers, name, why);
	}
	if (wish->policy != NULL)
		rd_kafka_NewTopic_set_config(topic, "cleanup.policy", wish->policy);
	rd_kafka_CreateTopics(p->client, &topic, 1, NULL, answers);
	event = rd_kafka_queue_poll(answers, 2 * METADATA_MS);
	rc = made(p, name, event, e);
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_NewTopic_destroy(topic);
	rd_kafka_queue_destroy(answers);
	return rc;
}

/* A topic that was just made is not known to every broker at once. */
static int wait_for_topic(struct producer *p, rd_kafka_topic_t *topic, uint32_t *partitions, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + METADATA_MS * 1000;

	while (clock_monotonic_us() < until_us) {
		if (count_partitions(p, topic, partitions, e) < 0)
			return -1;
		if (*partitions > 0)
			return 0;
		clock_sleep_us(SHOW_UP_MS * 1000);
	}
	return err_set(e, ERR_RETRY, "kafka %s: topic %s does not show up", p->options->brokers,
		       rd_kafka_topic_name(topic));
}

int producer_topic(struct producer *p, const char *name, const struct topic_wish *wish,
		   struct producer_topic **out, struct err *e)
{
	rd_kafka_topic_t *handle;
	const struct rd_kafka_metadata_topic *known;
	struct producer_topic *t;
	uint32_t partitions = 0;

	if (find_known(p, name, &known, e) < 0 || (known == NULL && make_topic(p, name, wish, e) < 0))
		return -1;
	if (known != NULL && known->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		partitions = (uint32_t)known->partition_cnt;
	handle = rd_kafka_topic_new(p->client, name, NULL);
	if (handle == NULL)
		return client_error(e, p->options, rd_kafka_last_error(), NULL, name);
	if (partitions == 0 && wait_for_topic(p, handle, &partitions, e) < 0) {
		rd_kafka_topic_destroy(handle);
		return -1;
	}
	t = memory_new(struct producer_topic);
	*t = (struct producer_topic){ p->topics, handle, partitions, memory_array(size_t, partitions) };
	p->topics = t;
	*out = t;
	return 0;
}

const char *producer_topic_name(const struct producer_topic *t)
{
	return rd_kafka_topic_name(t->handle);
}

uint32_t producer_topic_partitions(const struct producer_topic *t)
{
	return t->partitions;
}

uint32_t producer_partition(const struct producer_topic *t, struct bytes key)
{
	return (uint32_t)rd_kafka_msg_partitioner_murmur2(t->handle, key.data, key.size, (int32_t)t->partitions, NULL,
							  NULL);
}

/* --- messages --------------------------------------------------------------------------------- */

static struct epoch *epoch_at(struct producer *p, uint64_t number)
{
	return &p->epochs[number % PRODUCER_EPOCHS_MAX];
}

/* A message that was given up says nothing of what the client gave up for. */
static int undelivered(struct producer *p, const rd_kafka_message_t *m, struct err *e)
{
	char context[400], why[256];
	rd_kafka_resp_err_t code = m->err, fatal = rd_kafka_fatal_error(p->client, why, sizeof(why));

	if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR)
		code = fatal;
	snprintf(context, sizeof(context), "topic %s, partition %d: a message of %zu bytes was not taken",
		 rd_kafka_topic_name(m->rkt), (int)m->partition, m->len);
	return client_error(e, p->options, code, NULL, context);
}

static void forget(struct producer *p, const rd_kafka_message_t *m)
{
	struct sent *sent = m->_private;
	rd_kafka_headers_t *headers;

	if (sent->labels != NULL &&
	    rd_kafka_message_detach_headers((rd_kafka_message_t *)(uintptr_t)m, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
		labels_give(sent->labels, headers);
	epoch_at(p, sent->epoch)->acknowledged++;
	*sent->waiting -= m->len;
	sent->slab->outstanding--;
}

static int take_reports(struct producer *p, rd_kafka_event_t *event, struct err *e)
{
	const rd_kafka_message_t *messages[EVENT_MESSAGES_MAX];
	size_t count;

	while ((count = rd_kafka_event_message_array(event, messages, EVENT_MESSAGES_MAX)) > 0) {
		for (size_t i = 0; i < count; i++) {
			if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR)
				return undelivered(p, messages[i], e);
			forget(p, messages[i]);
		}
	}
	return 0;
}

static void close_epochs(struct producer *p)
{
	while (p->first_open < p->open && epoch_at(p, p->first_open)->acknowledged == epoch_at(p, p->first_open)->sent)
		*epoch_at(p, p->first_open++) = (struct epoch){ 0 };
}

int producer_serve(struct producer *p, int wait_ms, struct err *e)
{
	rd_kafka_event_t *event;
	int rc = 0;

	while (rc == 0 && (event = rd_kafka_queue_poll(p->events, wait_ms)) != NULL) {
		if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR)
			rc = take_reports(p, event, e);
		else if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
			rc = client_error_event(e, p->options, p->client, event);
		rd_kafka_event_destroy(event);
		wait_ms = 0;
	}
	close_epochs(p);
	return rc;
}

struct producer_labels *producer_labels(struct producer *p, const struct producer_header *headers, uint32_t count)
{
	struct producer_labels *l = labels_new(headers, count);

	l->next = p->labels;
	p->labels = l;
	return l;
}

static rd_kafka_headers_t *make_headers(const struct producer_message *m)
{
	rd_kafka_headers_t *headers;

	if (m->labels != NULL)
		return labels_take(m->labels, m->headers);
	if (m->header_count == 0)
		return NULL;
	headers = rd_kafka_headers_new(m->header_count);
	for (uint32_t i = 0; i < m->header_count; i++)
		header_add(headers, &m->headers[i]);
	return headers;
}

static void drop_headers(const struct producer_message *m, rd_kafka_headers_t *headers)
{
	if (m->labels != NULL)
		labels_give(m->labels, headers);
	else if (headers != NULL)
		rd_kafka_headers_destroy(headers);
}

/* Room in the open slab, or in the first one that is empty. false: all are in use. */
static bool find_room(struct producer *p, size_t size)
{
	struct slab *slab = p->slab, *last = &p->slabs[SLABS_MAX - 1];

	if (size <= slab->size - slab->used)
		return true;
	for (slab = p->slabs; slab < last && slab->outstanding > 0; slab++)
		;
	if (slab->outstanding > 0)
		return false;
	slab->used = 0;
	if (size > slab->size) {
		memory_free(slab->data);
		slab->size = size > SLAB_BYTES ? size : SLAB_BYTES;
		slab->data = memory_resize(NULL, slab->size, 1);
	}
	p->slab = slab;
	return true;
}

/* In whole structures, so that the next one begins at its boundary. */
static size_t room_of(const struct producer_message *m)
{
	return (sizeof(struct sent) * 2 + m->value.size - 1) / sizeof(struct sent) * sizeof(struct sent);
}

static bool may_send(struct producer *p, const struct producer_topic *t, const struct producer_message *m)
{
	size_t waiting = t->waiting[m->partition];

	return (waiting == 0 || waiting + m->value.size <= PARTITION_BYTES_MAX) && find_room(p, room_of(m));
}

static struct sent *put(struct producer *p, struct producer_topic *t, const struct producer_message *m)
{
	struct sent *sent = (struct sent *)(void *)(p->slab->data + p->slab->used);

	*sent = (struct sent){ p->open, &t->waiting[m->partition], p->slab, m->labels };
	if (m->value.size > 0)
		memcpy(sent + 1, m->value.data, m->value.size);
	return sent;
}

static rd_kafka_resp_err_t enqueue(struct producer *p, struct producer_topic *t, const struct producer_message *m)
{
	struct sent *sent = put(p, t, m);
	rd_kafka_headers_t *headers = make_headers(m);
	rd_kafka_vu_t with[] = {
		{ .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = t->handle },
		{ .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = (int32_t)m->partition },
		{ .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { (void *)(uintptr_t)m->key.data, m->key.size } },
		{ .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { m->value.data != NULL ? sent + 1 : NULL, m->value.size } },
		{ .vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = sent },
		{ .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
	};
	size_t count = sizeof(with) / sizeof(with[0]) - (headers == NULL ? 1 : 0);
	rd_kafka_error_t *error = rd_kafka_produceva(p->client, with, count);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

	if (error != NULL) {
		code = rd_kafka_error_code(error);
		rd_kafka_error_destroy(error);
		drop_headers(m, headers);
		return code;
	}
	p->slab->used += room_of(m);
	p->slab->outstanding++;
	t->waiting[m->partition] += m->value.size;
	epoch_at(p, p->open)->sent++;
	return code;
}

int producer_send(struct producer *p, struct producer_topic *t, const struct producer_message *m, struct err *e)
{
	rd_kafka_resp_err_t code;
	char context[400];

	assert(m->labels == NULL || m->header_count == 1);
	while (!may_send(p, t, m) || (code = enqueue(p, t, m)) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
		if (producer_serve(p, WAIT_MS, e) < 0)
			return -1;
	}
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		return 0;
	snprintf(context, sizeof(context), "topic %s, partition %u: a message of %zu bytes",
		 rd_kafka_topic_name(t->handle), m->partition, m->value.size);
	return client_error(e, p->options, code, NULL, context);
}

int producer_next_epoch(struct producer *p, uint64_t *out, struct err *e)
{
	while (p->open + 1 - p->first_open == PRODUCER_EPOCHS_MAX) {
		if (producer_serve(p, WAIT_MS, e) < 0)
			return -1;
	}
	*epoch_at(p, ++p->open) = (struct epoch){ 0 };
	close_epochs(p);
	*out = p->open;
	return 0;
}

uint64_t producer_first_open(const struct producer *p)
{
	return p->first_open;
}
