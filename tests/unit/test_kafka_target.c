/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of a made-up log in the topics of librdkafka's mock cluster: each there once, in order, whatever ended
 * the runs that sent them.
 */
#include "lib/test.h"

#include <arpa/inet.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"
#include "broker/partition_reader.h"
#include "target/kafka.h"

#define LAST         90 /* transactions */
#define TRUNCATE_AT  7
#define PARTITIONS   3
#define MESSAGES_MAX 4096

/* One cluster for all tests, with topics of its own for each. */
struct cluster {
	rd_kafka_mock_cluster_t *mock;
	struct broker_options broker;
	char prefix[16];
	int64_t record_interval_ms;
	const char *schema_changes; /* NULL: as the option has it */
};

/* --- the cluster ------------------------------------------------------------------------------ */

/*
 * The mock's thread (librdkafka 2.0) may miss that it is asked for something and sleeps for a second then, unless
 * somebody comes to its port.
 */
struct rouser {
	struct sockaddr_in port;
	pthread_t thread;
	_Atomic bool is_done;
};

static void *rouse(void *argument)
{
	struct rouser *r = argument;

	while (!r->is_done) {
		int visitor = socket(AF_INET, SOCK_STREAM, 0);

		assert_true(visitor >= 0);
		(void)connect(visitor, (struct sockaddr *)&r->port, sizeof(r->port));
		close(visitor);
		clock_sleep_us(1000);
	}
	return NULL;
}

static void rouser_start(struct rouser *r, const struct cluster *c)
{
	const char *port = strchr(c->broker.brokers, ':');

	*r = (struct rouser){ .port = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
					.sin_port = htons((uint16_t)atoi(port + 1)) } };
	assert_int_equal(thread_start(&r->thread, rouse, r), 0);
}

static void rouser_stop(struct rouser *r)
{
	r->is_done = true;
	pthread_join(r->thread, NULL);
}

/* Lives as long as the program: its end takes a second. */
static rd_kafka_mock_cluster_t *make_mock(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *client;
	char why[200];

	rd_kafka_conf_set(conf, "socket.nagle.disable", "true", why, sizeof(why)); /* the mock's, too */
	rd_kafka_conf_set(conf, "log_level", "3", why, sizeof(why));
	client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	assert_non_null(client);
	return rd_kafka_mock_cluster_new(client, 1);
}

static void make_topic(const struct cluster *c, const char *before, const char *behind, int partitions)
{
	char name[80];

	snprintf(name, sizeof(name), "%s%s%s", before, c->prefix, behind);
	assert_int_equal(rd_kafka_mock_topic_create(c->mock, name, partitions, 1), 0);
}

static int open_topics(void **state)
{
	static rd_kafka_mock_cluster_t *mock;
	static unsigned count;
	struct cluster *c = memory_new(struct cluster);
	struct rouser rouser;

	if (mock == NULL)
		mock = make_mock();
	c->mock = mock;
	c->record_interval_ms = 1;
	c->broker.brokers = memory_copy_text(rd_kafka_mock_cluster_bootstraps(c->mock));
	snprintf(c->prefix, sizeof(c->prefix), "p%u", count++);
	rouser_start(&rouser, c);
	make_topic(c, "__tailrace.", "", 1);
	make_topic(c, "", ".transaction", 1);
	make_topic(c, "", "", 1);
	make_topic(c, "", ".shop.orders", PARTITIONS);
	rouser_stop(&rouser);
	*state = c;
	return 0;
}

static int close_topics(void **state)
{
	struct cluster *c = *state;

	memory_free((char *)(uintptr_t)c->broker.brokers);
	memory_free(c);
	return 0;
}

/* --- a log ------------------------------------------------------------------------------------ */

struct run {
	struct target *target;
	struct schema *schema;
	const char *log; /* its transactions' names differ from another log's */
	struct err *e;
	int rc;
};

static struct schema *orders(void)
{
	struct schema *s = schema_new("shop", "orders");

	schema_add(s, "id", TYPE_LONG, false)->source_type = memory_copy_text("bigint");
	schema_add(s, "value", TYPE_STRING, true)->source_type = memory_copy_text("varchar(60)");
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	return s;
}

static void add_row(struct columns *c, const struct schema *s, int64_t id, int64_t value)
{
	char text[40];

	columns_init(c, s);
	column_add_int64(&c->columns[0], id);
	column_add_bytes(&c->columns[1], text, (uint32_t)snprintf(text, sizeof(text), "value %lld", (long long)value));
	columns_end_row(c);
}

static void take_row(struct run *r, int n, uint32_t offset, enum op op, int64_t old_id, int64_t id)
{
	char gtid[40];
	struct origin origin = { .connector = "mysql", .log_file = "log.000001", .gtid = gtid, .server_id = 1 };
	struct log_event event = { 0, 0, (uint64_t)n * 1000 + offset };
	struct change c = { .kind = CHANGE_ROWS, .schema = r->schema, .origin = &origin };
	struct columns before, after;

	if (r->rc < 0)
		return;
	snprintf(gtid, sizeof(gtid), "%s:%d", r->log, n);
	add_row(&before, r->schema, old_id, n - 1);
	add_row(&after, r->schema, id, n);
	c.rows = (struct rows){ .op = op, .count = 1, .before = op == OP_INSERT ? NULL : &before,
				.after = op == OP_DELETE ? NULL : &after, .events = &event, .event_count = 1 };
	r->rc = r->target->sink.take(&r->target->sink, &c, r->e);
	columns_release(&before);
	columns_release(&after);
}

static void format_position(const struct position *p, const struct schema *table, struct buffer *out)
{
	(void)table;
	buffer_format(out, "{\"at\":%d}", (int)p->sequence);
}

static void take_commit(struct run *r, int n)
{
	static struct position positions[LAST + 1];
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_COMMIT, .origin = &origin, .position = &positions[n] };

	positions[n] = (struct position){ (uint64_t)n, 0, format_position };
	if (r->rc == 0)
		r->rc = r->target->sink.take(&r->target->sink, &c, r->e);
}

static void take_truncate(struct run *r, int n)
{
	struct origin origin = { .connector = "mysql", .log_file = "log.000001", .log_offset = (uint64_t)n * 1000 };
	struct change c = { .kind = CHANGE_TRUNCATE, .schema = r->schema, .origin = &origin };

	if (r->rc == 0)
		r->rc = r->target->sink.take(&r->target->sink, &c, r->e);
}

static void take_ddl(struct run *r, int n)
{
	char gtid[40], statement[40];
	struct origin origin = { .connector = "mysql", .log_file = "log.000001", .log_offset = (uint64_t)n * 1000 - 10,
				 .gtid = gtid, .server_id = 1 };
	struct ddl ddl = { .database = "shop", .statement = statement };
	struct change c = { .kind = CHANGE_DDL, .origin = &origin, .ddl = &ddl };

	if (r->rc < 0 || !r->target->sink.wants_ddl)
		return;
	snprintf(gtid, sizeof(gtid), "%s:%d", r->log, n);
	snprintf(statement, sizeof(statement), "CREATE DATABASE d%d", n);
	r->rc = r->target->sink.take(&r->target->sink, &c, r->e);
}

/* Some insert, some update, some move a row to another key, some delete, most do several; some are a statement. */
static void transaction(struct run *r, int n)
{
	if (n == TRUNCATE_AT || n % 7 == 0) {
		if (n == TRUNCATE_AT)
			take_truncate(r, n);
		else
			take_ddl(r, n);
		take_commit(r, n);
		return;
	}
	take_row(r, n, 0, OP_INSERT, 0, n);
	if (n % 3 == 0)
		take_row(r, n, 100, OP_UPDATE, n, n);
	if (n % 4 == 0)
		take_row(r, n, 200, OP_UPDATE, n, n + 1000);
	if (n % 5 == 0)
		take_row(r, n, 300, OP_DELETE, n, 0);
	take_commit(r, n);
}

/* --- runs ------------------------------------------------------------------------------------- */

enum end { FLUSHES, IS_DROPPED };

/* From the recorded position to transaction `last`; the first run copies nothing, and says so. */
static int run_to(const struct cluster *c, const char *log, int last, enum end how, unsigned idles, struct err *e)
{
	struct debezium_options messages = { 0 };
	char properties[] = "retry.backoff.ms=10\nlinger.ms=1";
	struct broker_options broker = { c->broker.brokers, properties };
	struct kafka_options options = { .url = NULL, .broker = &broker, .messages = &messages };
	struct run r = { .schema = orders(), .log = log, .e = e };
	char url[200], *position = NULL, *start = NULL;
	bool *lacks;
	int at = 0;

	option_defaults(debezium_option_table, &messages);
	option_defaults(kafka_option_table, &options);
	options.record_interval_ms = c->record_interval_ms;
	if (c->schema_changes != NULL) {
		memory_free(options.schema_changes);
		options.schema_changes = memory_copy_text(c->schema_changes);
	}
	options.has_transactions = true;
	snprintf(url, sizeof(url), "kafka://%s/%s", c->broker.brokers, c->prefix);
	options.url = url;
	r.target = kafka_target_new(&options, e);
	if (r.target == NULL)
		r.rc = -1;
	if (r.rc == 0)
		r.rc = r.target->ops->resume(r.target, r.schema, &position, &lacks, e);
	if (r.rc == 0)
		r.rc = r.target->ops->stream_start(r.target, &start, e);
	if (start != NULL)
		assert_int_equal(sscanf(start, "{\"at\":%d}", &at), 1);
	if (r.rc == 0 && position == NULL) {
		struct origin origin = { .connector = "mysql" };
		struct change announce = { .kind = CHANGE_SCHEMA, .schema = r.schema, .origin = &origin };

		r.rc = r.target->sink.take(&r.target->sink, &announce, e);
		take_commit(&r, 0);
		if (r.rc == 0)
			r.rc = r.target->ops->flush(r.target, e);
	}
	for (int n = at + 1; n <= last && r.rc == 0; n++) {
		transaction(&r, n);
		for (unsigned i = 0; i < idles && r.rc == 0; i++) {
			clock_sleep_us(500);
			r.rc = r.target->sink.idle(&r.target->sink, e);
		}
	}
	if (r.rc == 0 && how == FLUSHES)
		r.rc = r.target->ops->flush(r.target, e);
	if (r.target != NULL)
		r.target->ops->close(r.target);
	memory_free(position);
	memory_free(start);
	schema_release(r.schema);
	option_release(debezium_option_table, &messages);
	option_release(kafka_option_table, &options);
	return r.rc;
}

/* --- what is there ---------------------------------------------------------------------------- */

/* The messages of a topic by their number: "key|value up to what differs" */
struct content {
	char *messages[MESSAGES_MAX];
	uint32_t count;
};

static void cut(char *text, const char *from)
{
	char *at = strstr(text, from);

	if (at != NULL)
		*at = '\0';
}

static void read_partition(struct content *out, struct partition_reader *r, const char *topic, uint32_t partition)
{
	struct err e = ERR_INIT;
	struct partition_place place = { .topic = topic, .partition = partition };
	struct partition_message m;
	uint64_t number = 0;
	int rc;

	must(partition_reader_ask(r, &place, 1, &e), &e);
	place.next = place.first;
	must(partition_reader_start(r, &place, 1, &e), &e);
	while ((rc = partition_reader_next(r, &m, &e)) == 0) {
		struct buffer text = { 0 };
		struct bytes header;
		uint64_t before = number;

		assert_int_equal(partition_message_header(&m, "__debezium.context.taskId", &header),
				 strstr(topic, ".transaction") == NULL);
		assert_true(partition_message_header(&m, "tailrace", &header));
		number = strtoull((const char *)header.data, NULL, 10);
		assert_true(number > before); /* in order */
		assert_true(number < MESSAGES_MAX);
		assert_null(out->messages[number]); /* once */
		buffer_bytes_append(&text, m.key);
		buffer_char(&text, '|');
		buffer_bytes_append(&text, m.value);
		out->messages[number] = memory_copy_text(buffer_string(&text));
		cut(out->messages[number], "\"name\":"); /* the prefix, and all behind it */
		cut(out->messages[number], "\"ts_ms\":");
		out->count++;
		buffer_release(&text);
	}
	must(rc, &e);
	partition_reader_stop(r);
}

/* `suffix`: what stands behind the prefix. */
static void read_topic(struct content *out, const struct cluster *c, const char *suffix, uint32_t partitions)
{
	struct partition_reader *r;
	struct err e = ERR_INIT;
	char topic[80];

	snprintf(topic, sizeof(topic), "%s%s", c->prefix, suffix);
	*out = (struct content){ .count = 0 };
	must(partition_reader_open(&r, &c->broker, &e), &e);
	for (uint32_t i = 0; i < partitions; i++)
		read_partition(out, r, topic, i);
	partition_reader_close(r);
	for (uint32_t i = 1; i <= out->count; i++)
		assert_non_null(out->messages[i]); /* none is missing */
}

static void content_release(struct content *c)
{
	for (uint32_t i = 0; i < MESSAGES_MAX; i++)
		memory_free(c->messages[i]);
}

#define TOPICS 3

static void read_all(struct content *out, const struct cluster *c)
{
	read_topic(&out[0], c, ".shop.orders", PARTITIONS);
	read_topic(&out[1], c, ".transaction", 1);
	read_topic(&out[2], c, "", 1);
}

/* What one run from the first to the last transaction sends. */
static const struct content *undisturbed(void)
{
	static struct content all[TOPICS];
	struct err e = ERR_INIT;
	void *state;

	if (all[0].count > 0)
		return all;
	open_topics(&state);
	must(run_to(state, "a", LAST, FLUSHES, 0, &e), &e);
	read_all(all, state);
	close_topics(&state);
	return all;
}

static void assert_is_whole(const struct cluster *c)
{
	const struct content *wanted = undisturbed();
	struct content seen[TOPICS];

	read_all(seen, c);
	for (int t = 0; t < TOPICS; t++) {
		assert_int_equal(seen[t].count, wanted[t].count);
		for (uint32_t i = 1; i <= wanted[t].count; i++)
			assert_string_equal(seen[t].messages[i], wanted[t].messages[i]);
		content_release(&seen[t]);
	}
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_message_is_there_for_each_change(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;
	struct content seen;

	must(run_to(c, "a", 5, FLUSHES, 0, &e), &e);
	read_topic(&seen, c, ".shop.orders", PARTITIONS);
	/* five inserts, an update, a move (delete, tombstone, insert), a delete (and tombstone) */
	assert_int_equal(seen.count, 5 + 1 + 3 + 2);
	assert_non_null(strstr(seen.messages[1], "{\"id\":1}|{\"before\":null,\"after\":{\"id\":1,\"value\":\"value 1\"}"));
	assert_string_equal(seen.messages[7], "{\"id\":4}|");
	assert_string_equal(seen.messages[11], "{\"id\":5}|");
	content_release(&seen);
	read_topic(&seen, c, ".transaction", 1);
	assert_int_equal(seen.count, 2 * 5);
	content_release(&seen);
}

static void a_truncate_is_in_no_transaction(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;
	struct content seen;

	must(run_to(c, "a", TRUNCATE_AT, FLUSHES, 0, &e), &e);
	read_topic(&seen, c, ".transaction", 1);
	assert_int_equal(seen.count, 2 * (TRUNCATE_AT - 1));
	content_release(&seen);
}

static void what_killed_runs_left_open_is_sent_once(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	for (int last = 1; last < LAST; last += 13)
		must(run_to(c, "a", last, IS_DROPPED, (unsigned)last % 3 * 4, &e), &e);
	must(run_to(c, "a", LAST, FLUSHES, 0, &e), &e);
	assert_is_whole(c);
}

static void a_second_call_sends_nothing(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	must(run_to(c, "a", LAST, FLUSHES, 0, &e), &e);
	must(run_to(c, "a", LAST, FLUSHES, 0, &e), &e);
	assert_is_whole(c);
}

static void statements_are_told_only_when_wanted(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;
	struct content seen;

	c->schema_changes = "false";
	must(run_to(c, "a", 8, FLUSHES, 0, &e), &e);
	c->schema_changes = NULL;
	must(run_to(c, "a", 30, FLUSHES, 0, &e), &e);
	c->schema_changes = "false";
	must(run_to(c, "a", 37, FLUSHES, 0, &e), &e);
	c->schema_changes = NULL;
	must(run_to(c, "a", 50, FLUSHES, 0, &e), &e);
	read_topic(&seen, c, "", 1);
	assert_int_equal(seen.count, 3 + 2); /* of transactions 14 to 28, and 42, 49 */
	assert_non_null(strstr(seen.messages[1], "{\"databaseName\":\"shop\"}|{\"source\":{"));
	content_release(&seen);
}

static void errors_of_the_cluster_double_nothing(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	rd_kafka_mock_push_request_errors(c->mock, 0 /* Produce */, 6, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
					  RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
					  RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
					  RD_KAFKA_RESP_ERR__TRANSPORT);
	must(run_to(c, "a", LAST, FLUSHES, 1, &e), &e);
	assert_is_whole(c);
}

/* A topic shows up before its partitions have leaders that answer. */
static void a_topic_that_was_just_made_is_waited_for(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;

	for (int i = 0; i < 7; i++)
		rd_kafka_mock_push_request_errors(c->mock, 2 /* ListOffsets */, 1,
						  RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
	must(run_to(c, "a", LAST, FLUSHES, 0, &e), &e);
	assert_is_whole(c);
}

static void another_log_is_refused(void **state)
{
	struct cluster *c = *state;
	struct err e = ERR_INIT;
	struct content seen;
	uint32_t count;

	must(run_to(c, "a", 1, FLUSHES, 0, &e), &e);
	c->record_interval_ms = 60000;
	must(run_to(c, "a", 9, IS_DROPPED, 20, &e), &e);
	read_topic(&seen, c, ".shop.orders", PARTITIONS);
	count = seen.count;
	content_release(&seen);
	assert_true(count > 1);
	assert_int_equal(run_to(c, "b", LAST, FLUSHES, 0, &e), -1);
	if (strstr(e.text, "another log") == NULL)
		fail_msg("%s", e.text);
	assert_int_equal(e.kind, ERR_DATA);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_topics, close_topics)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_is_there_for_each_change),
		TEST(a_truncate_is_in_no_transaction),
		TEST(what_killed_runs_left_open_is_sent_once),
		TEST(a_second_call_sends_nothing),
		TEST(statements_are_told_only_when_wanted),
		TEST(errors_of_the_cluster_double_nothing),
		TEST(a_topic_that_was_just_made_is_waited_for),
		TEST(another_log_is_refused),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
