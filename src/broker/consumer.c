/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/consumer.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "broker/client.h"

#define ANSWER_MS 10000
#define ROUSE_EVERY_US 2000
#define ROUSE_MS  50

struct consumer {
	const struct broker_options *options;
	rd_kafka_t *client;
	rd_kafka_queue_t *queue;
	struct consumer_topic *topics;
	int64_t **positions; /* per topic and partition: the next offset */
	bool **is_touched;   /* the same: a message or the end was seen since it was assigned, or it is not */
	uint32_t untouched;
	uint32_t topic_count;
	rd_kafka_message_t *taken[CONSUMER_TAKE_MAX];
	struct consumer_message messages[CONSUMER_TAKE_MAX];
	uint32_t taken_count;
	const char *last;        /* topic of the last message; NULL: none yet */
	int32_t last_partition;
	int64_t roused_at_us;
	bool was_busy;           /* something came at the last call */
	struct err refused;      /* a login that failed; ERR_NONE: none did */
};

static const char *const defaults[] = {
	"client.id", "tailrace", "fetch.wait.max.ms", "20", "queued.max.messages.kbytes", "8192",
	"fetch.message.max.bytes", "2097152", NULL,
};

static const char *const fixed[] = {
	"group.id", "tailrace", "enable.auto.commit", "false", "enable.auto.offset.store", "false",
	"auto.offset.reset", "error", "enable.partition.eof", "true", "isolation.level", "read_committed", NULL,
};

/* The library calls it from within `take`. */
static void on_error(rd_kafka_t *client, int code, const char *reason, void *consumer)
{
	struct consumer *c = consumer;

	(void)client;
	if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL ||
	    code == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED)
		client_error(&c->refused, c->options, (rd_kafka_resp_err_t)code, reason, "login");
}

int consumer_open(struct consumer **out, const struct broker_options *o, struct err *e)
{
	rd_kafka_conf_t *conf = client_conf(o, defaults, fixed, e);
	struct consumer *c;

	if (conf == NULL)
		return -1;
	c = memory_new(struct consumer);
	c->options = o;
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_opaque(conf, c);
	c->client = client_new(RD_KAFKA_CONSUMER, conf, o, e);
	if (c->client == NULL) {
		memory_free(c);
		return -1;
	}
	rd_kafka_poll_set_consumer(c->client);
	c->queue = rd_kafka_queue_get_consumer(c->client);
	*out = c;
	return 0;
}

static int take(struct consumer *c, int wait_ms, uint32_t *count, struct err *e);

/*
 * The library (2.0) ends the program when a partition is given up that it has not begun to read yet: each has shown a
 * message or its end first.
 */
static void let_begin(struct consumer *c)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;

	while (c->untouched > 0 && clock_monotonic_us() < until_us) {
		struct err ignored = ERR_INIT;
		uint32_t count;

		(void)take(c, 50, &count, &ignored);
	}
}

static void drop_taken(struct consumer *c)
{
	for (uint32_t i = 0; i < c->taken_count; i++)
		rd_kafka_message_destroy(c->taken[i]);
	c->taken_count = 0;
}

static void forget_topics(struct consumer *c)
{
	for (uint32_t i = 0; i < c->topic_count; i++) {
		memory_free(c->topics[i].name);
		memory_free(c->positions[i]);
		memory_free(c->is_touched[i]);
	}
	memory_free(c->is_touched);
	c->is_touched = NULL;
	memory_free(c->topics);
	memory_free(c->positions);
	c->topics = NULL;
	c->last = NULL;
	c->positions = NULL;
	c->topic_count = 0;
}

void consumer_close(struct consumer *c)
{
	if (c == NULL)
		return;
	let_begin(c);
	drop_taken(c);
	rd_kafka_assign(c->client, NULL);
	rd_kafka_queue_destroy(c->queue);
	rd_kafka_consumer_close(c->client);
	rd_kafka_destroy(c->client);
	forget_topics(c);
	memory_free(c);
}

/* --- topics ----------------------------------------------------------------------------------- */

/* A name, or /regular expression/. ERR_CONFIG: the expression is none. */
static int matches(const char *pattern, const char *name, bool *out, struct err *e)
{
	size_t size = strlen(pattern);
	char *text, why[128];
	regex_t regex;
	int rc;

	if (size < 2 || pattern[0] != '/' || pattern[size - 1] != '/') {
		*out = strcmp(pattern, name) == 0;
		return 0;
	}
	text = memory_take(1, size + 8);
	snprintf(text, size + 8, "^(%.*s)$", (int)size - 2, pattern + 1);
	rc = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);
	memory_free(text);
	if (rc != 0) {
		regerror(rc, NULL, why, sizeof(why));
		return err_set(e, ERR_CONFIG, "topics \"%s\": %s", pattern, why);
	}
	*out = regexec(&regex, name, 0, NULL, 0) == 0;
	regfree(&regex);
	return 0;
}

static void add_topic(struct consumer *c, const struct rd_kafka_metadata_topic *t)
{
	for (uint32_t i = 0; i < c->topic_count; i++) {
		if (strcmp(c->topics[i].name, t->topic) == 0)
			return;
	}
	c->topics = memory_grow(c->topics, struct consumer_topic, c->topic_count + 1);
	c->positions = memory_grow(c->positions, int64_t *, c->topic_count + 1);
	c->topics[c->topic_count] = (struct consumer_topic){ memory_copy_text(t->topic), (uint32_t)t->partition_cnt };
	c->is_touched = memory_grow(c->is_touched, bool *, c->topic_count + 1);
	c->is_touched[c->topic_count] = memory_array(bool, (size_t)t->partition_cnt);
	c->positions[c->topic_count++] = memory_array(int64_t, (size_t)t->partition_cnt);
}

static int add_matching(struct consumer *c, const struct rd_kafka_metadata *m, const char *pattern, struct err *e)
{
	uint32_t found = 0;

	for (int i = 0; i < m->topic_cnt; i++) {
		bool is_match = false;

		if (matches(pattern, m->topics[i].topic, &is_match, e) < 0)
			return -1;
		if (!is_match)
			continue;
		found++;
		if (m->topics[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return client_error(e, c->options, m->topics[i].err, NULL, m->topics[i].topic);
		if (m->topics[i].partition_cnt == 0)
			return err_set(e, ERR_RETRY, "kafka %s: topic %s has no partitions yet", c->options->brokers,
				       m->topics[i].topic);
		add_topic(c, &m->topics[i]);
	}
	if (found > 0)
		return 0;
	return err_set(e, ERR_CONFIG, "kafka %s: there is no topic %s, or the user may not see it", c->options->brokers,
		       pattern);
}

#define LOGIN_MS 2000

/* A login that failed is no answer to the question, but an event beside it. */
static int ask_topics(struct consumer *c, const struct rd_kafka_metadata **out, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;
	rd_kafka_resp_err_t code;
	uint32_t count;

	do {
		code = rd_kafka_metadata(c->client, 1, NULL, out, LOGIN_MS);
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
			return 0;
		if (take(c, 0, &count, e) < 0)
			return -1;
	} while (clock_monotonic_us() < until_us);
	client_error(e, c->options, code, NULL, "asking for its topics");
	e->kind = e->kind == ERR_CONFIG ? ERR_CONFIG : ERR_RETRY;
	return -1;
}

int consumer_topics(struct consumer *c, const char *patterns, const struct consumer_topic **out, uint32_t *count,
		    struct err *e)
{
	const struct rd_kafka_metadata *m = NULL;
	char *copy = memory_copy_text(patterns), *rest = copy, *pattern;
	int rc;

	forget_topics(c);
	rc = ask_topics(c, &m, e);
	while (rc == 0 && (pattern = strsep(&rest, ",")) != NULL)
		rc = add_matching(c, m, pattern, e);
	if (m != NULL)
		rd_kafka_metadata_destroy(m);
	memory_free(copy);
	*out = c->topics;
	*count = c->topic_count;
	return rc;
}

static bool is_more(const struct consumer *c, const struct rd_kafka_metadata_topic *t)
{
	for (uint32_t i = 0; i < c->topic_count; i++) {
		if (strcmp(c->topics[i].name, t->topic) == 0)
			return (uint32_t)t->partition_cnt > c->topics[i].partitions;
	}
	return t->partition_cnt > 0;
}

bool consumer_has_more(struct consumer *c, const char *patterns)
{
	const struct rd_kafka_metadata *m = NULL;
	char *copy = memory_copy_text(patterns), *rest = copy, *pattern;
	struct err ignored = ERR_INIT;
	bool has_more = false;

	if (rd_kafka_metadata(c->client, 1, NULL, &m, ANSWER_MS) != RD_KAFKA_RESP_ERR_NO_ERROR) {
		memory_free(copy);
		return false;
	}
	while ((pattern = strsep(&rest, ",")) != NULL) {
		for (int i = 0; i < m->topic_cnt && !has_more; i++) {
			bool is_match = false;

			(void)matches(pattern, m->topics[i].topic, &is_match, &ignored);
			has_more = is_match && is_more(c, &m->topics[i]);
		}
	}
	rd_kafka_metadata_destroy(m);
	memory_free(copy);
	return has_more;
}

/* --- messages --------------------------------------------------------------------------------- */

static int failed(const struct consumer *c, rd_kafka_resp_err_t code, uint32_t topic, uint32_t partition,
		  const char *what, struct err *e)
{
	char context[400];

	snprintf(context, sizeof(context), "%s topic %s, partition %u", what, c->topics[topic].name, partition);
	return client_error(e, c->options, code, NULL, context);
}

int consumer_range(struct consumer *c, uint32_t topic, uint32_t partition, int64_t *first, int64_t *end, struct err *e)
{
	rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(c->client, c->topics[topic].name, (int32_t)partition,
								    first, end, ANSWER_MS);

	return code == RD_KAFKA_RESP_ERR_NO_ERROR ?
		       0 : failed(c, code, topic, partition, "asking for the offsets of", e);
}

int consumer_ranges(struct consumer *c, struct consumer_range *ranges, uint32_t count, struct err *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	rd_kafka_resp_err_t code;

	for (uint32_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, c->topics[ranges[i].topic].name, (int32_t)ranges[i].partition);
	code = client_offsets(c->client, list, RD_KAFKA_OFFSET_BEGINNING);
	for (uint32_t i = 0; i < count; i++)
		ranges[i].first = list->elems[i].offset;
	if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
		code = client_offsets(c->client, list, RD_KAFKA_OFFSET_END);
	for (uint32_t i = 0; i < count; i++)
		ranges[i].end = list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ?
		       0 : client_error(e, c->options, code, NULL, "asking for the offsets of the topics");
}

int consumer_assign(struct consumer *c, const struct consumer_place *places, uint32_t count, struct err *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
	rd_kafka_resp_err_t code;

	let_begin(c);
	for (uint32_t i = 0; i < c->topic_count; i++)
		memset(c->is_touched[i], 1, c->topics[i].partitions);
	c->untouched = count;
	for (uint32_t i = 0; i < count; i++) {
		const struct consumer_place *p = &places[i];

		rd_kafka_topic_partition_list_add(list, c->topics[p->topic].name, (int32_t)p->partition)->offset = p->offset;
		c->positions[p->topic][p->partition] = p->offset;
		c->is_touched[p->topic][p->partition] = false;
	}
	code = rd_kafka_assign(c->client, list);
	rd_kafka_topic_partition_list_destroy(list);
	return code == RD_KAFKA_RESP_ERR_NO_ERROR ? 0 : client_error(e, c->options, code, NULL, "reading");
}

static uint32_t topic_of(const struct consumer *c, const rd_kafka_message_t *m)
{
	const char *name = rd_kafka_topic_name(m->rkt);

	for (uint32_t i = 0; i < c->topic_count; i++) {
		if (strcmp(c->topics[i].name, name) == 0)
			return i;
	}
	return UINT32_MAX;
}

static void touch(struct consumer *c, uint32_t topic, int32_t partition)
{
	c->untouched -= !c->is_touched[topic][partition];
	c->is_touched[topic][partition] = true;
}

/* An end of a partition, or what is wrong. */
static int take_error(struct consumer *c, const rd_kafka_message_t *m, struct err *e)
{
	uint32_t topic = m->rkt != NULL ? topic_of(c, m) : UINT32_MAX;

	if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		if (topic == UINT32_MAX)
			return 0;
		touch(c, topic, m->partition);
		if (m->offset > c->positions[topic][m->partition])
			c->positions[topic][m->partition] = m->offset;
		return 0;
	}
	if (m->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) /* the library asks for the group, we do not */
		return 0;
	if (topic == UINT32_MAX)
		return m->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || m->err == RD_KAFKA_RESP_ERR__TRANSPORT ?
			       0 : client_error(e, c->options, m->err, rd_kafka_message_errstr(m), "reading");
	touch(c, topic, m->partition);
	if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET || m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
		return err_set(e, ERR_DATA, "topic %s, partition %d: offset %lld is not kept any more (retention), or the topic was "
			       "made again; nothing is skipped: move the lake table away and run again", c->topics[topic].name,
			       (int)m->partition, (long long)c->positions[topic][m->partition]);
	return failed(c, m->err, topic, (uint32_t)m->partition, "reading", e);
}

/*
 * Until its version 2.2 the library, when its queue was full, looks again after a second, however soon the queue is
 * empty; any request to the partition's broker makes it look at once.
 */
static void rouse(struct consumer *c)
{
	int64_t now_us = clock_monotonic_us(), first, end;

	if (c->last == NULL || now_us - c->roused_at_us < ROUSE_EVERY_US)
		return;
	c->roused_at_us = now_us;
	(void)rd_kafka_query_watermark_offsets(c->client, c->last, c->last_partition, &first, &end, ROUSE_MS);
}

static int take(struct consumer *c, int wait_ms, uint32_t *count, struct err *e)
{
	const rd_kafka_topic_t *named = NULL; /* whose number `topic` is */
	ssize_t taken;
	uint32_t topic = 0;
	int rc = 0;

	drop_taken(c);
	*count = 0;
	taken = rd_kafka_consume_batch_queue(c->queue, 0, c->taken, CONSUMER_TAKE_MAX);
	if (taken <= 0) {
		if (c->was_busy)
			rouse(c);
		taken = rd_kafka_consume_batch_queue(c->queue, wait_ms, c->taken, CONSUMER_TAKE_MAX);
	}
	c->taken_count = taken > 0 ? (uint32_t)taken : 0;
	if (c->refused.kind != ERR_NONE) {
		*e = c->refused;
		return -1;
	}
	c->was_busy = c->taken_count > 0;
	for (uint32_t i = 0; i < c->taken_count && rc == 0; i++) {
		const rd_kafka_message_t *m = c->taken[i];
		rd_kafka_timestamp_type_t type;

		if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			rc = take_error(c, m, e);
			continue;
		}
		if (m->rkt != named)
			topic = topic_of(c, m);
		named = m->rkt;
		c->messages[*count] = (struct consumer_message){
			.topic = topic, .partition = (uint32_t)m->partition, .offset = m->offset,
			.time_ms = rd_kafka_message_timestamp(m, &type),
			.key = { m->key, m->key_len }, .value = { m->payload, m->len }, .handle = m,
		};
		c->messages[(*count)++].time_type = (int)type - 1;
		touch(c, topic, m->partition);
		c->positions[topic][m->partition] = m->offset + 1;
		c->last = c->topics[topic].name;
		c->last_partition = m->partition;
	}
	return rc;
}

int consumer_take(struct consumer *c, int wait_ms, const struct consumer_message **out, uint32_t *count,
		  struct err *e)
{
	*out = c->messages;
	return take(c, wait_ms, count, e);
}

bool consumer_header(const void *handle, size_t number, const char **name, struct bytes *value)
{
	rd_kafka_headers_t *headers;
	const void *data;

	if (rd_kafka_message_headers(handle, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
	    rd_kafka_header_get_all(headers, number, name, &data, &value->size) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	value->data = data;
	return true;
}

int64_t consumer_position(const struct consumer *c, uint32_t topic, uint32_t partition)
{
	return c->positions[topic][partition];
}
