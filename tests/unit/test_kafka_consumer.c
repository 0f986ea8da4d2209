/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from the topics of librdkafka's mock cluster. */
#include "lib/test.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/clock.h"
#include "base/memory.h"
#include "broker/consumer.h"
#include "change/render.h"
#include "feed/raw.h"

struct cluster {
	rd_kafka_t *client;
	rd_kafka_mock_cluster_t *mock;
	struct broker_options broker;
	struct consumer *consumer;
	struct err e;
};

static int open_cluster(void **state)
{
	struct cluster *c = memory_new(struct cluster);
	const struct consumer_topic *topics;
	uint32_t count;
	char why[200];

	c->client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
	assert_non_null(c->client);
	c->mock = rd_kafka_mock_cluster_new(c->client, 1);
	c->broker.brokers = memory_copy_text(rd_kafka_mock_cluster_bootstraps(c->mock));
	assert_int_equal(rd_kafka_mock_topic_create(c->mock, "a", 1, 1), 0);
	assert_int_equal(rd_kafka_mock_topic_create(c->mock, "b", 1, 1), 0);
	rd_kafka_brokers_add(c->client, c->broker.brokers);
	must(consumer_open(&c->consumer, &c->broker, &c->e), &c->e);
	must(consumer_topics(c->consumer, "a,b", &topics, &count, &c->e), &c->e);
	assert_int_equal(count, 2);
	*state = c;
	return 0;
}

static int close_cluster(void **state)
{
	struct cluster *c = *state;

	consumer_close(c->consumer);
	rd_kafka_mock_cluster_destroy(c->mock);
	rd_kafka_destroy(c->client);
	memory_free((char *)(uintptr_t)c->broker.brokers);
	memory_free(c);
	return 0;
}

static void produce(struct cluster *c, const char *topic, const char *value)
{
	assert_int_equal(rd_kafka_producev(c->client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
					   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					   RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)), RD_KAFKA_V_END), 0);
	assert_int_equal(rd_kafka_flush(c->client, 10000), 0);
}

/* The next message, which must come. */
static const struct consumer_message *next(struct cluster *c)
{
	const struct consumer_message *messages;
	uint32_t count = 0;

	for (int i = 0; i < 200 && count == 0; i++)
		must(consumer_take(c->consumer, 50, &messages, &count, &c->e), &c->e);
	assert_int_equal(count, 1);
	return messages;
}

static void a_message_behind_an_end_is_of_its_own_topic(void **state)
{
	const struct consumer_place places[] = { { 0, 0, 0 }, { 1, 0, 0 } };
	const struct consumer_message *m;
	struct cluster *c = *state;

	must(consumer_assign(c->consumer, places, 2, &c->e), &c->e);
	clock_sleep_us(400000); /* both ends are in the queue */
	produce(c, "b", "of b");
	clock_sleep_us(200000);
	m = next(c);
	assert_int_equal(m->topic, 1);
	assert_int_equal(consumer_position(c->consumer, 0, 0), 0);
	assert_int_equal(consumer_position(c->consumer, 1, 0), 1);
}

static void a_message_is_kept_with_its_headers_and_the_reason(void **state)
{
	const struct consumer_place place = { 0, 0, 0 };
	static const struct feed_ops ops = { .header = consumer_header };
	const struct consumer_message *m;
	struct feed_message message = { 0 };
	struct schema *s = raw_schema("topics", "quarantine", MODE_QUARANTINE);
	struct cluster *c = *state;
	struct buffer text = { 0 };
	struct columns rows;

	columns_init(&rows, s);
	assert_int_equal(rd_kafka_producev(c->client, RD_KAFKA_V_TOPIC("a"), RD_KAFKA_V_PARTITION(0),
					   RD_KAFKA_V_VALUE("\0\xff", 2), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
					   RD_KAFKA_V_TIMESTAMP(1785578400123), RD_KAFKA_V_HEADER("h", "v", 1),
					   RD_KAFKA_V_HEADER("h", NULL, 0), RD_KAFKA_V_HEADER("\xff", "", 0), RD_KAFKA_V_END), 0);
	assert_int_equal(rd_kafka_flush(c->client, 10000), 0);
	must(consumer_assign(c->consumer, &place, 1, &c->e), &c->e);
	m = next(c);
	message = (struct feed_message){ m->topic, m->partition, m->offset, m->time_ms, m->time_type, m->key, m->value, m->handle };
	raw_add(&rows, &ops, "a", &message, "it begins \"\xc3");
	render_json_row(&text, s, &rows, 0, NULL);
	assert_buffer_text(text, "{\"key\":null,\"value\":\"AP8=\",\"topic\":\"a\",\"partition\":0,\"offset\":0,"
				 "\"timestamp\":\"2026-08-01T10:00:00.123000Z\",\"timestampType\":0,"
				 "\"headers\":\"[{\\\"name\\\":\\\"h\\\",\\\"value\\\":\\\"dg==\\\"},"
				 "{\\\"name\\\":\\\"h\\\",\\\"value\\\":null},{\\\"name64\\\":\\\"/w==\\\",\\\"value\\\":\\\"\\\"}]\","
				 "\"error\":\"it begins \\\"?\"}");
	columns_release(&rows);
	schema_release(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_message_behind_an_end_is_of_its_own_topic, open_cluster, close_cluster),
		cmocka_unit_test_setup_teardown(a_message_is_kept_with_its_headers_and_the_reason, open_cluster, close_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
