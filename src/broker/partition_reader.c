/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/partition_reader.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "broker/client.h"

#define ANSWER_MS 10000
#define WAIT_MS   10

struct partition_reader {
	const struct broker_options *options;
	rd_kafka_t *client;
	rd_kafka_message_t *message; /* the last one given out */
	struct partition_place *places;
	uint32_t count, last;        /* last: the one that the last message was of */
	uint32_t open, untouched;    /* those that are not at their ends; of which nothing has come */
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

static struct partition_place *place_of(struct partition_reader *r, const rd_kafka_message_t *m)
{
	const char *topic = m->rkt != NULL ? rd_kafka_topic_name(m->rkt) : "";

	for (uint32_t i = 0; i < r->count; i++, r->last++) {
		struct partition_place *place = &r->places[r->last % r->count];

		if (place->partition == (uint32_t)m->partition && strcmp(place->topic, topic) == 0)
			return place;
	}
	return NULL;
}

static void move_on(struct partition_reader *r, struct partition_place *place, int64_t next)
{
	r->untouched -= place->is_untouched;
	r->open -= place->next < place->end && next >= place->end;
	place->is_untouched = false;
	place->next = next;
}

/* The next message or end of a partition; NULL: nothing came of any. */
static struct partition_place *receive(struct partition_reader *r, int wait_ms)
{
	struct partition_place *place;
	const rd_kafka_message_t *m;

	drop_message(r);
	m = r->message = rd_kafka_consumer_poll(r->client, wait_ms);
	place = m != NULL ? place_of(r, m) : NULL;
	if (place != NULL && m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
		move_on(r, place, m->offset + 1);
	else if (place != NULL)
		move_on(r, place, m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ? m->offset : place->next);
	return place;
}

void partition_reader_stop(struct partition_reader *r)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;

	/* the library (2.0) ends the program when a partition is given up that it has not begun to read yet */
	while (r->untouched > 0 && clock_monotonic_us() < until_us)
		receive(r, 50);
	drop_message(r);
	if (r->count > 0)
		rd_kafka_assign(r->client, NULL);
	r->count = r->open = r->untouched = 0;
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

/* --- how far they go -------------------------------------------------------------------------- */

static rd_kafka_topic_partition_list_t *list_of(const struct partition_place *places, uint32_t count, int64_t offset)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

	for (uint32_t i = 0; i < count; i++)
		rd_kafka_topic_partition_list_add(list, places[i].topic, (int32_t)places[i].partition)->offset = offset;
	return list;
}

/* For a moment after a topic was made, and while leaders change. */
static bool is_without_leader(rd_kafka_resp_err_t code)
{
	return code == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION || code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
	       code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* The answer's offsets stand in the list in the order of the places; none is left out. */
static rd_kafka_resp_err_t ask_once(struct partition_reader *r, rd_kafka_topic_partition_list_t *list)
{
	rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(r->client, list, ANSWER_MS);

	for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
		code = list->elems[i].err;
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[i].offset < 0)
			code = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
	}
	return code;
}

/* `what`: RD_KAFKA_OFFSET_BEGINNING or _END. */
static rd_kafka_topic_partition_list_t *ask(struct partition_reader *r, const struct partition_place *places,
					    uint32_t count, int64_t what, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;
	rd_kafka_resp_err_t code;
	char context[400];

	for (;;) {
		rd_kafka_topic_partition_list_t *list = list_of(places, count, what);

		code = ask_once(r, list);
		if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
			return list;
		rd_kafka_topic_partition_list_destroy(list);
		if (!is_without_leader(code) || clock_monotonic_us() >= until_us)
			break;
		clock_sleep_us(WAIT_MS * 1000);
	}
	snprintf(context, sizeof(context), "asking for the offsets of %u partitions, the first one %u of topic %s", count,
		 places->partition, places->topic);
	client_error(e, r->options, code, NULL, context);
	return NULL;
}

int partition_reader_ask(struct partition_reader *r, struct partition_place *places, uint32_t count, struct err *e)
{
	rd_kafka_topic_partition_list_t *first, *end;

	if (count == 0)
		return 0;
	first = ask(r, places, count, RD_KAFKA_OFFSET_BEGINNING, e);
	end = first != NULL ? ask(r, places, count, RD_KAFKA_OFFSET_END, e) : NULL;
	for (uint32_t i = 0; end != NULL && i < count; i++) {
		places[i].first = first->elems[i].offset;
		places[i].end = end->elems[i].offset;
	}
	if (first != NULL)
		rd_kafka_topic_partition_list_destroy(first);
	if (end == NULL)
		return -1;
	rd_kafka_topic_partition_list_destroy(end);
	return 0;
}

/* --- messages --------------------------------------------------------------------------------- */

static int failed(const struct partition_reader *r, rd_kafka_resp_err_t code, const struct partition_place *place,
		  struct err *e)
{
	char context[400];

	snprintf(context, sizeof(context), "reading topic %s, partition %u", place->topic, place->partition);
	return client_error(e, r->options, code, NULL, context);
}

int partition_reader_start(struct partition_reader *r, struct partition_place *places, uint32_t count, struct err *e)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t code;

	partition_reader_stop(r);
	if (count == 0)
		return 0;
	list = list_of(places, count, 0);
	for (uint32_t i = 0; i < count; i++) {
		list->elems[i].offset = places[i].next;
		places[i].is_untouched = true;
		r->open += places[i].next < places[i].end;
	}
	code = rd_kafka_assign(r->client, list);
	rd_kafka_topic_partition_list_destroy(list);
	r->places = places;
	r->count = count;
	if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
		return failed(r, code, places, e);
	r->untouched = count;
	return 0;
}

int partition_reader_next(struct partition_reader *r, struct partition_message *out, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_MS * 1000;
	const rd_kafka_message_t *m;
	struct partition_place *place;

	while (r->open > 0) {
		place = receive(r, 100);
		m = r->message;
		if (place != NULL && m->err == RD_KAFKA_RESP_ERR_NO_ERROR && m->offset < place->end) {
			*out = (struct partition_message){ place, m->offset, { m->key, m->key_len },
							   { m->payload, m->len }, r->message };
			return 0;
		}
		if (m != NULL && m->err != RD_KAFKA_RESP_ERR_NO_ERROR && m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF &&
		    m->err != RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) /* the library asks for the group, we do not */
			return failed(r, m->err, place != NULL ? place : r->places, e);
		if (clock_monotonic_us() > until_us)
			return err_set(e, ERR_RETRY, "kafka %s: %u partitions cannot be read, the first one %u of topic %s",
				       r->options->brokers, r->count, r->places->partition, r->places->topic);
	}
	return 1;
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
