/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from librdkafka's mock cluster as the source sends them on, in each of its modes. */
#include "lib/test.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/memory.h"
#include "base/option.h"
#include "broker/broker.h"
#include "change/render.h"
#include "message/debezium.h"
#include "source/kafka/kafka.h"

struct cluster {
	struct sink sink; /* first */
	rd_kafka_t *client;
	rd_kafka_mock_cluster_t *mock;
	struct broker_options broker;
	struct debezium_options messages;
	struct feed_options feed;
	struct kafka_source_options options;
	char url[100];
	struct buffer rows; /* that the sink took: "table row", one a line */
};

static int take(struct sink *sink, const struct change *c, struct err *e)
{
	struct cluster *cluster = (struct cluster *)sink;

	(void)e;
	for (uint32_t i = 0; c->kind == CHANGE_ROWS && i < c->rows.count; i++) {
		buffer_format(&cluster->rows, "%s.%s ", c->schema->database, c->schema->table);
		render_json_row(&cluster->rows, c->schema, c->rows.after, i, c->rows.after_present);
		buffer_char(&cluster->rows, '\n');
	}
	return 0;
}

static int idle(struct sink *sink, struct err *e)
{
	(void)sink, (void)e;
	return 0;
}

static int open_table(struct sink *sink, struct schema *schema, char **position, bool **lacks, struct err *e)
{
	(void)sink, (void)schema, (void)position, (void)lacks, (void)e;
	return 0;
}

static int open_cluster(void **state)
{
	struct cluster *c = memory_new(struct cluster);
	char why[200];

	c->sink = (struct sink){ .take = take, .idle = idle, .open_table = open_table };
	c->client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
	assert_non_null(c->client);
	c->mock = rd_kafka_mock_cluster_new(c->client, 1);
	assert_int_equal(rd_kafka_mock_topic_create(c->mock, "q", 1, 1), 0);
	rd_kafka_brokers_add(c->client, rd_kafka_mock_cluster_bootstraps(c->mock));
	snprintf(c->url, sizeof(c->url), "kafka://%s/q", rd_kafka_mock_cluster_bootstraps(c->mock));
	option_defaults(broker_option_table, &c->broker);
	option_defaults(debezium_option_table, &c->messages);
	option_defaults(feed_option_table, &c->feed);
	option_defaults(kafka_source_option_table, &c->options);
	c->options.url = c->url;
	c->options.broker = &c->broker;
	c->options.feed = &c->feed;
	c->feed.messages = &c->messages;
	c->feed.invalid_values = "halt";
	*state = c;
	return 0;
}

static int close_cluster(void **state)
{
	struct cluster *c = *state;

	option_release(kafka_source_option_table, &c->options);
	option_release(feed_option_table, &c->feed);
	option_release(debezium_option_table, &c->messages);
	option_release(broker_option_table, &c->broker);
	rd_kafka_mock_cluster_destroy(c->mock);
	rd_kafka_destroy(c->client);
	buffer_release(&c->rows);
	memory_free(c);
	return 0;
}

static void produce(struct cluster *c, const char *key, const char *value)
{
	assert_int_equal(rd_kafka_producev(c->client, RD_KAFKA_V_TOPIC("q"), RD_KAFKA_V_PARTITION(0),
					   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(1785578400000),
					   RD_KAFKA_V_KEY((void *)(uintptr_t)key, strlen(key)),
					   RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)), RD_KAFKA_V_END), 0);
	assert_int_equal(rd_kafka_flush(c->client, 10000), 0);
}

static void set(char **option, const char *text)
{
	memory_free(*option);
	*option = memory_copy_text(text);
}

/* Runs until the topic's end. */
static int run(struct cluster *c, struct err *e)
{
	struct source *s = kafka_source_new(&c->options);
	int rc = s->ops->open(s, &c->sink, e);
	struct table_start *starts = memory_array(struct table_start, s->ops->table_count(s) + 1);

	if (rc == 0)
		rc = s->ops->run(s, starts, NULL, true, &c->sink, e);
	memory_free(starts);
	s->ops->close(s);
	return rc;
}

#define GOOD(id) "{\"after\":{\"id\":" id "},\"op\":\"c\",\"source\":{\"db\":\"shop\",\"table\":\"t\",\"ts_ms\":1785578400000}}"

static void what_cannot_be_read_halts_or_goes_into_the_quarantine(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	produce(c, "{\"id\":1}", GOOD("1"));
	produce(c, "{\"id\":2}", "bad");
	produce(c, "{\"id\":3}", GOOD("3"));
	assert_int_equal(run(c, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, "topic q, partition 0, offset 1: not JSON"));
	buffer_clear(&c->rows);
	set(&c->feed.bad_message, "quarantine");
	e = ERR_INIT;
	must(run(c, &e), &e);
	/* the messages need not come in one answer */
	assert_non_null(strstr(buffer_string(&c->rows), "shop.t {\"id\":1}\n"));
	assert_non_null(strstr(buffer_string(&c->rows), "shop.t {\"id\":3}\n"));
	assert_non_null(strstr(buffer_string(&c->rows), "topics.quarantine {\"key\":\"eyJpZCI6Mn0=\",\"value\":\"YmFk\",\"topic\":\"q\","
			       "\"partition\":0,\"offset\":1,"));
}

static void a_changelog_has_a_row_for_each_change(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	produce(c, "one", GOOD("1"));
	produce(c, "one", GOOD("1"));
	set(&c->feed.mode, "append");
	must(run(c, &e), &e);
	assert_string_equal(buffer_string(&c->rows),
			    "shop.t {\"_op\":\"c\",\"_source_time\":\"2026-08-01T10:00:00Z\",\"_topic\":\"q\",\"_partition\":0,\"_offset\":0,"
			    "\"_row\":0,\"_position\":null,\"_absent\":null,\"id\":1}\n"
			    "shop.t {\"_op\":\"c\",\"_source_time\":\"2026-08-01T10:00:00Z\",\"_topic\":\"q\",\"_partition\":0,\"_offset\":1,"
			    "\"_row\":0,\"_position\":null,\"_absent\":null,\"id\":1}\n");
}

#define TRUNCATED "{\"op\":\"t\",\"source\":{\"db\":\"shop\",\"table\":\"t\",\"ts_ms\":1785578400000}}"

static void a_changelog_has_a_truncate_of_a_table_that_has_shown_no_row(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	produce(c, "one", TRUNCATED);
	set(&c->feed.mode, "append");
	set(&c->feed.schema, "id BIGINT");
	must(run(c, &e), &e);
	assert_string_equal(buffer_string(&c->rows),
			    "shop.t {\"_op\":\"t\",\"_source_time\":\"2026-08-01T10:00:00Z\",\"_topic\":\"q\",\"_partition\":0,\"_offset\":0,"
			    "\"_row\":0,\"_position\":null,\"_absent\":null,\"id\":null}\n");
}

static void a_raw_table_has_the_messages_as_they_are(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	produce(c, "k", "bad");
	set(&c->feed.mode, "raw");
	must(run(c, &e), &e);
	assert_string_equal(buffer_string(&c->rows),
			    "topics.q {\"key\":\"aw==\",\"value\":\"YmFk\",\"topic\":\"q\",\"partition\":0,\"offset\":0,"
			    "\"timestamp\":\"2026-08-01T10:00:00Z\",\"timestampType\":0}\n");
}

#define CLUSTER_TEST(name) cmocka_unit_test_setup_teardown(name, open_cluster, close_cluster)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLUSTER_TEST(what_cannot_be_read_halts_or_goes_into_the_quarantine),
		CLUSTER_TEST(a_changelog_has_a_row_for_each_change),
		CLUSTER_TEST(a_changelog_has_a_truncate_of_a_table_that_has_shown_no_row),
		CLUSTER_TEST(a_raw_table_has_the_messages_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
