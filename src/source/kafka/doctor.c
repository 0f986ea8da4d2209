/* SPDX-License-Identifier: Apache-2.0 */
/* What will go wrong with topics as a source, before it does: each check adds lines. */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "broker/inquiry.h"
#include "source/kafka/kafka_state.h"

#define KEPT_MS_LEAST ((int64_t)86400000) /* tailrace may stand still for that long */
#define ANSWER_US     10000000

struct doctor {
	struct kafka_source source; /* for its settings and topics */
	struct inquiry *inquiry;
	struct findings *findings;
};

/* One message of any partition, or their ends: what a right that is missing shows at. */
static int read_some(struct kafka_source *s, uint32_t topic, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + ANSWER_US;
	uint32_t partitions = s->names[topic].partitions, count = 0;
	struct consumer_place *places = memory_array(struct consumer_place, partitions);
	const struct consumer_message *messages;
	int64_t end = 0, left = 0;
	int rc = 0;

	for (uint32_t p = 0; p < partitions && rc == 0; p++) {
		places[p] = (struct consumer_place){ topic, p, 0 };
		rc = consumer_range(s->consumer, topic, p, &places[p].offset, &end, e);
		left += end - places[p].offset;
	}
	if (rc == 0)
		rc = consumer_assign(s->consumer, places, partitions, e);
	memory_free(places);
	while (rc == 0 && left > 0 && count == 0 && clock_monotonic_us() < until_us)
		rc = consumer_take(s->consumer, 100, &messages, &count, e);
	return rc;
}

static void check_kept(struct doctor *d, const char *topic)
{
	const char *policy = inquiry_setting(d->inquiry, "cleanup.policy");
	int64_t kept_ms = inquiry_number(d->inquiry, "retention.ms"), bytes = inquiry_number(d->inquiry, "retention.bytes");
	int64_t tombstones_ms = inquiry_number(d->inquiry, "delete.retention.ms");
	bool deletes = policy != NULL && strstr(policy, "delete") != NULL;
	bool compacts = policy != NULL && strstr(policy, "compact") != NULL;

	if (deletes && kept_ms >= 0 && kept_ms < KEPT_MS_LEAST)
		findings_add(d->findings, false,
			     "topic %s keeps messages for %lld minutes: whoever stands still for longer halts; mend: "
			     "kafka-configs --alter --topic %s --add-config retention.ms=604800000", topic,
			     (long long)(kept_ms / 60000), topic);
	if (deletes && bytes >= 0)
		findings_add(d->findings, false,
			     "topic %s keeps %lld MiB of each partition, however new: whoever is behind by more halts; "
			     "mend: kafka-configs --alter --topic %s --add-config retention.bytes=-1", topic,
			     (long long)(bytes >> 20), topic);
	if (compacts && d->source.feed.mode != MODE_MERGE)
		findings_add(d->findings, false,
			     "topic %s is compacted: changes are gone before they are read, and a table of all of "
			     "them is not whole; mend: kafka-configs --alter --topic %s --add-config "
			     "cleanup.policy=delete", topic, topic);
	if (compacts && d->source.feed.mode == MODE_MERGE && tombstones_ms >= 0 && tombstones_ms < KEPT_MS_LEAST)
		findings_add(d->findings, false,
			     "topic %s keeps deletes for %lld minutes: whoever stands still for longer misses some; "
			     "mend: kafka-configs --alter --topic %s --add-config delete.retention.ms=604800000", topic,
			     (long long)(tombstones_ms / 60000), topic);
}

static void check_topic(struct doctor *d, uint32_t topic)
{
	const char *name = d->source.names[topic].name;
	struct err e = ERR_INIT;

	if (read_some(&d->source, topic, &e) < 0) {
		findings_add(d->findings, true, "%s", e.text);
		return;
	}
	if (inquiry_read(d->inquiry, name, &e) < 0)
		findings_add(d->findings, false, "%s: how long messages are kept is not known", e.text);
	else
		check_kept(d, name);
}

/* The tables that a run would begin with; without the group, whose members would have to give partitions away. */
static void check_tables(const struct kafka_source_options *o, const struct table_check *target, struct findings *out)
{
	struct kafka_source_options alone = *o;
	const struct sink unknown = { .take = NULL };
	struct kafka_source *s;
	struct source *source;
	struct err e = ERR_INIT;

	alone.group = NULL;
	source = kafka_source_new(&alone);
	s = (struct kafka_source *)(void *)source;
	if (source->ops->open(source, &unknown, &e) < 0)
		findings_add(out, true, "%s", e.text);
	else
		feed_check_tables(&s->feed, target->check, target->context, out);
	source->ops->close(source);
}

int kafka_source_doctor(const struct kafka_source_options *o, const struct table_check *target, struct findings *out)
{
	struct doctor d = { .source.options = o, .findings = out };
	struct kafka_source *s = &d.source;
	struct err e = ERR_INIT;

	if (feed_open(&s->feed, NULL, o->feed, NULL, &e) < 0 || kafka_url_read(s, &e) < 0 ||
	    inquiry_open(&d.inquiry, o->broker, &e) < 0 ||
	    consumer_open(&s->consumer, o->broker, &e) < 0 ||
	    consumer_topics(s->consumer, s->patterns, &s->names, &s->topic_count, &e) < 0)
		findings_add(out, true, "%s", e.text);
	for (uint32_t i = 0; i < s->topic_count; i++)
		check_topic(&d, i);
	if (out->fatal == 0)
		check_tables(o, target, out);
	consumer_close(s->consumer);
	inquiry_close(d.inquiry);
	feed_close(&s->feed);
	memory_free(s->brokers);
	memory_free(s->patterns);
	return 0;
}
