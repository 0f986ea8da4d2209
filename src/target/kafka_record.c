/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kafka_record.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define CHECK_EVERY_US 1000000
#define READ_MS        10000

static const struct bytes position_key = { (const uint8_t *)"position", 8 };
static const struct bytes writer_key = { (const uint8_t *)"writer", 6 };

void kafka_record_release(struct kafka_record *r)
{
	for (uint32_t i = 0; i < r->table_count; i++) {
		memory_free(r->tables[i].name);
		memory_free(r->tables[i].position);
	}
	memory_free(r->tables);
	memory_free(r->position);
	*r = (struct kafka_record){ 0 };
}

const struct recorded_table *kafka_record_find(const struct kafka_record *r, const char *name)
{
	for (uint32_t i = 0; i < r->table_count; i++) {
		if (strcmp(r->tables[i].name, name) == 0)
			return &r->tables[i];
	}
	return NULL;
}

/* An object's JSON text, NULL when it is none. */
static char *object_text(const json_t *value)
{
	char *text = json_is_object(value) ? json_dumps(value, JSON_COMPACT) : NULL;
	char *copy = memory_copy_text(text);

	free(text);
	return copy;
}

static bool read_tables(struct kafka_record *r, json_t *tables)
{
	const char *name;
	json_t *table;

	json_object_foreach(tables, name, table) {
		const json_t *sent = json_object_get(table, "sent");

		if (!json_is_integer(sent) || json_integer_value(sent) < 0)
			return false;
		r->tables = memory_grow(r->tables, struct recorded_table, r->table_count + 1);
		r->tables[r->table_count++] = (struct recorded_table){
			.name = memory_copy_text(name),
			.sent = (uint64_t)json_integer_value(sent),
			.position = object_text(json_object_get(table, "position")),
		};
	}
	return true;
}

static int parse(struct kafka_record *r, struct bytes text, const char *topic, int64_t offset, struct err *e)
{
	json_t *root = json_loadb((const char *)text.data, text.size, 0, NULL);
	const json_t *schema_changes = json_object_get(root, "schema_changes"),
		     *transactions = json_object_get(root, "transactions");
	bool ok;

	kafka_record_release(r);
	r->position = object_text(json_object_get(root, "position"));
	r->has_transactions = json_is_integer(transactions);
	r->transactions = (uint64_t)json_integer_value(transactions);
	r->has_schema_changes = json_is_integer(schema_changes);
	r->schema_changes = (uint64_t)json_integer_value(schema_changes);
	ok = r->position != NULL && read_tables(r, json_object_get(root, "tables"));
	json_decref(root);
	if (ok)
		return 0;
	kafka_record_release(r);
	return err_set(e, ERR_DATA, "topic %s, partition 0, offset %lld: this is no record of a position that we know; a "
		       "newer tailrace may have written it", topic, (long long)offset);
}

/* What the topic told since it was last read. */
struct news {
	struct kafka_record *record; /* the last one; NULL: not wanted */
	bool has_other;              /* somebody else began to write, or ended */
	char other[100];             /* the last of them; "" when it ended in order */
};

static void note_writer(const struct kafka_journal *j, struct bytes name, struct news *out)
{
	if (bytes_equal(name, bytes_of_text(j->writer)))
		return;
	out->has_other = true;
	snprintf(out->other, sizeof(out->other), "%.*s", (int)(name.size < 90 ? name.size : 90), (const char *)name.data);
}

static int read_news(struct kafka_journal *j, struct news *out, struct err *e)
{
	const char *topic = producer_topic_name(j->topic);
	struct partition_place place = { .topic = topic };
	struct partition_message m;
	int rc;

	if (partition_reader_ask(j->reader, &place, 1, e) < 0)
		return -1;
	place.next = j->next > place.first ? j->next : place.first;
	if (place.next >= place.end)
		return 0;
	rc = partition_reader_start(j->reader, &place, 1, e);
	while (rc == 0 && (rc = partition_reader_next(j->reader, &m, e)) == 0) {
		if (bytes_equal(m.key, writer_key))
			note_writer(j, m.value, out);
		else if (out->record != NULL && bytes_equal(m.key, position_key))
			rc = parse(out->record, m.value, topic, m.offset, e);
	}
	partition_reader_stop(j->reader);
	j->next = place.next;
	return rc < 0 ? -1 : 0;
}

static int put(struct kafka_journal *j, struct bytes key, struct bytes value, struct err *e)
{
	struct producer_message m = { .partition = 0, .key = key, .value = value };

	return producer_send(j->producer, j->topic, &m, e);
}

static int wait_for_all(struct kafka_journal *j, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + READ_MS * 1000;
	uint64_t epoch;

	if (producer_next_epoch(j->producer, &epoch, e) < 0)
		return -1;
	while (producer_first_open(j->producer) < epoch) {
		if (clock_monotonic_us() > until_us)
			return err_set(e, ERR_RETRY, "kafka %s: no answer to a message", j->broker->brokers);
		if (producer_serve(j->producer, 100, e) < 0)
			return -1;
	}
	return 0;
}

#define WRITER_FORMAT "%.36s process %d at %lld"

/* Our word is in the topic before we look at what others wrote. */
static int begin(struct kafka_journal *j, struct err *e)
{
	char host[40] = "";

	gethostname(host, sizeof(host) - 1);
	snprintf(j->writer, sizeof(j->writer), WRITER_FORMAT, host, (int)getpid(), (long long)clock_now_us());
	if (put(j, writer_key, bytes_of_text(j->writer), e) < 0)
		return -1;
	return wait_for_all(j, e);
}

/* A writer that ended in order, or was a process of this machine that is no more. */
static bool is_gone(const char *writer)
{
	char host[40] = "", theirs[40] = "";
	int process = 0;

	if (*writer == '\0')
		return true;
	gethostname(host, sizeof(host) - 1);
	host[36] = '\0';
	if (sscanf(writer, "%36s process %d at", theirs, &process) != 2 || strcmp(theirs, host) != 0)
		return false;
	return process == (int)getpid() || (kill(process, 0) != 0 && errno == ESRCH);
}

/* The writer before us, if it may still be at work, sees our word when it next looks; then its last record counts. */
static int read_first(struct kafka_journal *j, struct kafka_record *out, struct err *e)
{
	struct news news = { .record = out };
	char text[sizeof(news.other) + 8];

	if (read_news(j, &news, e) < 0)
		return -1;
	if (is_gone(news.other))
		return 0;
	log_info("waiting for the writer before us to stop", "writer=%s",
		 log_quote(text, sizeof(text), news.other));
	clock_sleep_us(2 * CHECK_EVERY_US);
	return read_news(j, &news, e);
}

int journal_open(struct kafka_journal *j, struct producer *p, const struct broker_options *o, const char *prefix,
		 int replicas, struct kafka_record *out, struct err *e)
{
	struct topic_wish wish = { .partitions = 1, .replicas = replicas, .policy = "compact" };
	struct buffer text = { 0 };
	int rc;

	*j = (struct kafka_journal){ .broker = o, .producer = p };
	buffer_format(&text, "__tailrace.%s", prefix);
	rc = producer_topic(p, buffer_string(&text), &wish, &j->topic, e);
	if (rc == 0 && producer_topic_partitions(j->topic) != 1)
		rc = err_set(e, ERR_CONFIG, "topic %s has %u partitions; it must have one", producer_topic_name(j->topic),
			     producer_topic_partitions(j->topic));
	if (rc == 0)
		rc = begin(j, e);
	if (rc == 0)
		rc = partition_reader_open(&j->reader, o, e);
	if (rc == 0)
		rc = read_first(j, out, e);
	j->looked_at_us = clock_monotonic_us();
	buffer_release(&text);
	return rc;
}

void journal_release(struct kafka_journal *j)
{
	partition_reader_close(j->reader);
	*j = (struct kafka_journal){ 0 };
}

int journal_write(struct kafka_journal *j, struct bytes record, struct err *e)
{
	return put(j, position_key, record, e);
}

int journal_check(struct kafka_journal *j, struct err *e)
{
	struct news news = { .record = NULL };
	char text[sizeof(news.other) + 8];

	if (clock_monotonic_us() - j->looked_at_us < CHECK_EVERY_US)
		return 0;
	if (read_news(j, &news, e) < 0)
		return -1;
	j->looked_at_us = clock_monotonic_us();
	if (!news.has_other)
		return 0;
	return err_set(e, ERR_CONFIG, "another tailrace (%s) has begun to write the topics of topic %s; this one stops",
		       log_quote(text, sizeof(text), news.other), producer_topic_name(j->topic));
}

int journal_end(struct kafka_journal *j, struct err *e)
{
	if (put(j, writer_key, bytes_of_text(""), e) < 0)
		return -1;
	return wait_for_all(j, e);
}
