/* SPDX-License-Identifier: Apache-2.0 */
#include "source/kafka/kafka.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "broker/ends.h"
#include "source/kafka/kafka_state.h"

#define WAIT_MS       50
#define LOOK_EVERY_US 5000000
#define QUIET_TOLD_EVERY_US 10000000

static struct kafka_source *source_of(const struct source *s)
{
	return (struct kafka_source *)(uintptr_t)s;
}

/* --- opening ---------------------------------------------------------------------------------- */

const struct kafka_source *kafka_source_of(const struct feed *f)
{
	return (const struct kafka_source *)(uintptr_t)((const char *)f - offsetof(struct kafka_source, feed));
}

/* --- what the feed asks ----------------------------------------------------------------------- */

struct feed_message kafka_message(const struct consumer_message *m)
{
	return (struct feed_message){ m->topic, m->partition, m->offset, m->time_ms, m->time_type, m->key, m->value, m->handle };
}

static void say_place(const struct feed *f, const struct feed_message *m, struct buffer *out)
{
	buffer_format(out, "topic %s, partition %u, offset %lld", f->topics[m->topic].name, m->partition, (long long)m->offset);
}

int kafka_check_gap(const struct kafka_source *s, const struct feed_table *t, struct err *e)
{
	for (uint32_t i = 0; i < t->has.topic_count; i++) {
		const struct topic_offsets *has = &t->has.topics[i];

		for (uint32_t p = 0; p < has->partitions; p++) {
			int64_t begin = offsets_get(&s->begin, has->topic, p);

			if (has->next[p] >= 0 && begin > has->next[p])
				return err_set(e, ERR_DATA, "table %s.%s stands at offset %lld of topic %s, partition %u, which keeps "
					       "nothing before %lld (retention); " READ_WHAT_IS_LEFT("the lake table"), t->database,
					       t->table, (long long)has->next[p], has->topic, p, (long long)begin);
		}
	}
	return 0;
}

/* A table that was not known when the partitions were assigned. */
static int check_ends(const struct kafka_source *s, const struct feed_table *t, struct err *e)
{
	for (uint32_t topic = 0; topic < s->topic_count; topic++) {
		const char *name = s->names[topic].name;

		for (uint32_t p = 0; p < s->names[topic].partitions; p++) {
			int64_t first, end;

			if (offsets_get(&t->has, name, p) > 0 &&
			    (consumer_range(s->consumer, topic, p, &first, &end, e) < 0 ||
			     kafka_check_end(t, name, p, end, e) < 0))
				return -1;
		}
	}
	return 0;
}

static int table_opened(struct feed *f, struct feed_table *t, struct err *e)
{
	struct kafka_source *s = (struct kafka_source *)(uintptr_t)kafka_source_of(f);

	kafka_begin_found(s, &t->has);
	return kafka_share_check(s, t, e) < 0 || kafka_check_gap(s, t, e) < 0 || check_ends(s, t, e) < 0 ? -1 : 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

#define TOPIC_NAME_MAX 249 /* Kafka's own limit */

/*
 * A table's name for a topic: a '.' in a folder's name is %2E, which some readers of Delta take for a '.' again. Kafka has no
 * two topics whose names differ only in '.' and '_'.
 */
static const char *topic_table(char out[TOPIC_NAME_MAX + 1], const char *topic)
{
	snprintf(out, TOPIC_NAME_MAX + 1, "%s", topic);
	for (char *c = out; *c != '\0'; c++)
		*c = *c == '.' ? '_' : *c;
	return out;
}

static int source_open(struct source *source, const struct sink *to, struct err *e)
{
	static const struct feed_ops ops = { .place = say_place, .header = consumer_header, .opened = table_opened };
	struct kafka_source *s = source_of(source);
	char table[TOPIC_NAME_MAX + 1];
	int rc;

	s->feed.is_shared = s->options->group != NULL;
	if (feed_open(&s->feed, &ops, s->options->feed, to, e) < 0 || kafka_url_read(s, e) < 0 ||
	    consumer_open(&s->consumer, s->options->broker, e) < 0 ||
	    consumer_topics(s->consumer, s->patterns, &s->names, &s->topic_count, e) < 0 ||
	    kafka_begin_read(s, e) < 0)
		return -1;
	for (uint32_t i = 0; i < s->topic_count; i++)
		feed_add_topic(&s->feed, s->names[i].name, s->names[i].partitions, "topics",
			       topic_table(table, s->names[i].name));
	s->ours = memory_array(bool *, s->topic_count);
	rc = kafka_share_open(s, e);
	if (rc == 0 && s->feed.mode != MODE_RAW)
		rc = kafka_look_at_topics(s, e);
	return rc == 0 ? feed_looked(&s->feed, e) : rc;
}

static uint32_t source_table_count(const struct source *source)
{
	return source_of(source)->feed.first_count;
}

static struct schema *source_table(const struct source *source, uint32_t i)
{
	return source_of(source)->feed.first[i];
}

static void source_progress(const struct source *source, uint32_t i, struct table_progress *out)
{
	(void)source, (void)i;
	*out = (struct table_progress){ 0 };
}

/* --- running ---------------------------------------------------------------------------------- */

/* Where the partition begins: behind what every table has, or where the user says. */
static int find_start(struct kafka_source *s, const struct consumer_range *range, int64_t *out, struct err *e)
{
	const char *name = s->names[range->topic].name;
	uint32_t partition = range->partition;
	int64_t first = range->first, end = range->end;

	*out = offsets_get(&s->feed.next, name, partition);
	if (*out < 0) {
		if (kafka_begin_at(s, name, partition, first, end, out, e) < 0)
			return -1;
		offsets_set(&s->begin, name, partition, *out);
	}
	if (*out < first)
		return err_set(e, ERR_DATA, "topic %s, partition %u: the tables stand at offset %lld, and the topic keeps "
			       "nothing before %lld (retention); " READ_WHAT_IS_LEFT("each lake table of the topic"),
			       name, partition, (long long)*out, (long long)first);
	if (*out > end)
		return err_set(e, ERR_DATA, "topic %s, partition %u: the tables stand at offset %lld, and the topic ends at %lld: "
			       "it was made again; " READ_WHAT_IS_LEFT("each lake table of the topic"), name,
			       partition, (long long)*out, (long long)end);
	for (uint32_t i = 0; i < s->feed.table_count; i++) {
		if (kafka_check_end(s->feed.tables[i], name, partition, end, e) < 0)
			return -1;
	}
	offsets_set(&s->feed.next, name, partition, *out);
	return 0;
}

static struct consumer_range *our_partitions(const struct kafka_source *s, uint32_t *count)
{
	struct consumer_range *ours = NULL;

	*count = 0;
	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions; p++) {
			if (!kafka_is_ours(s, t, p))
				continue;
			ours = memory_grow(ours, struct consumer_range, *count + 1);
			ours[(*count)++] = (struct consumer_range){ t, p, 0, 0 };
		}
	}
	return ours;
}

/* The partitions, from where each begins. */
static int assign(struct kafka_source *s, struct err *e)
{
	uint32_t count;
	struct consumer_range *ours = our_partitions(s, &count);
	struct consumer_place *places = memory_array(struct consumer_place, count);
	int rc = consumer_ranges(s->consumer, ours, count, e);

	for (uint32_t i = 0; i < count && rc == 0; i++) {
		places[i] = (struct consumer_place){ ours[i].topic, ours[i].partition, 0 };
		rc = find_start(s, &ours[i], &places[i].offset, e);
	}
	if (rc == 0)
		rc = consumer_assign(s->consumer, places, count, e);
	memory_free(places);
	memory_free(ours);
	return rc;
}

/* Where all partitions end now: what is behind an open transaction is there, and comes when that has ended. */
static int find_ends(const struct kafka_source *s, struct offsets *out, struct err *e)
{
	struct partition_end *ends = NULL;
	uint32_t count = 0;
	int rc;

	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions; p++) {
			ends = memory_grow(ends, struct partition_end, count + 1);
			ends[count++] = (struct partition_end){ s->names[t].name, p, 0 };
		}
	}
	rc = ends_ask(s->options->broker, ends, count, e);
	for (uint32_t i = 0; i < count && rc == 0; i++)
		offsets_set(out, ends[i].topic, ends[i].partition, ends[i].end);
	memory_free(ends);
	return rc;
}

/* Finds the first partition whose end was not reached; false: all were. */
static bool find_behind(const struct kafka_source *s, const struct offsets *ends, uint32_t *topic, uint32_t *partition)
{
	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions; p++) {
			*topic = t;
			*partition = p;
			if (consumer_position(s->consumer, t, p) < offsets_get(ends, s->names[t].name, p))
				return true;
		}
	}
	return false;
}

/* Whether the end was reached. When nothing comes although it was not, that is told from time to time. */
static bool has_reached(struct kafka_source *s, const struct offsets *ends)
{
	uint32_t t, p;

	if (!find_behind(s, ends, &t, &p))
		return true;
	if (clock_monotonic_us() - s->quiet_us >= QUIET_TOLD_EVERY_US) {
		s->quiet_us = clock_monotonic_us();
		log_info("waiting for messages before the end, as behind an open transaction",
			 "topic=%s partition=%u offset=%lld end=%lld", s->names[t].name, p,
			 (long long)consumer_position(s->consumer, t, p), (long long)offsets_get(ends, s->names[t].name, p));
	}
	return false;
}

/* The group's wishes; alone, whether there are partitions that we do not read yet. */
static int look_around(struct kafka_source *s, bool *has_changed, struct err *e)
{
	if (s->options->group != NULL) {
		kafka_share_tell(s);
		return group_poll(*s->options->member, 0, has_changed, e);
	}
	if (clock_monotonic_us() - s->looked_us < LOOK_EVERY_US)
		return 0;
	s->looked_us = clock_monotonic_us();
	*has_changed = consumer_has_more(s->consumer, s->patterns);
	if (*has_changed)
		log_info("topics or partitions were added", "topics=\"%s\"", s->patterns);
	return 0;
}

/* 1: the partitions that are ours change. */
static int follow(struct kafka_source *s, const struct offsets *ends, struct err *e)
{
	while (!s->is_stopping && (ends == NULL || !has_reached(s, ends))) {
		const struct consumer_message *messages;
		bool has_changed = false;
		uint32_t count;

		if (ends == NULL && look_around(s, &has_changed, e) < 0)
			return -1;
		if (has_changed)
			return 1;
		if (consumer_take(s->consumer, WAIT_MS, &messages, &count, e) < 0)
			return -1;
		for (uint32_t i = 0; i < count; i++) {
			const struct feed_message m = kafka_message(&messages[i]);

			if (feed_take(&s->feed, &m, e) < 0)
				return -1;
		}
		if (count > 0)
			s->quiet_us = clock_monotonic_us();
		if (count > 0 ? feed_commit(&s->feed, e) < 0 : s->feed.sink->idle(s->feed.sink, e) < 0)
			return -1;
	}
	return 0;
}

/* What the target has of the tables that were seen; all of them may begin at the low-water mark. */
static int take_starts(struct kafka_source *s, const struct table_start *starts, const char *stream_start, struct err *e)
{
	struct offsets begun = { 0 };

	for (uint32_t i = 0; i < s->feed.table_count; i++) {
		struct feed_table *t = s->feed.tables[i];

		if (feed_table_start(&s->feed, t, starts[i].position, starts[i].lacks != NULL, e) < 0)
			return -1;
		kafka_begin_found(s, &t->has);
		if (kafka_share_check(s, t, e) < 0)
			return -1;
	}
	if (stream_start != NULL) {
		if (offsets_parse(&s->feed.next, &begun, stream_start, e) < 0)
			return -1;
		kafka_begin_found(s, &s->feed.next);
		offsets_least(&s->feed.begun, &begun);
		offsets_release(&begun);
	}
	kafka_begin_start(s);
	kafka_share_start(s);
	return 0;
}

static int source_run(struct source *source, const struct table_start *starts, const char *stream_start,
		      bool until_now, struct sink *sink, struct err *e)
{
	struct kafka_source *s = source_of(source);
	struct offsets ends = { 0 };
	int rc;

	s->feed.sink = sink;
	s->looked_us = s->quiet_us = clock_monotonic_us();
	rc = take_starts(s, starts, stream_start, e);
	if (rc == 0 && until_now)
		rc = find_ends(s, &ends, e);
	if (rc == 0)
		rc = assign(s, e);
	for (uint32_t i = 0; i < s->feed.table_count && rc == 0; i++)
		rc = kafka_check_gap(s, s->feed.tables[i], e);
	if (rc == 0) /* the next run goes on from here, and not from a later end */
		rc = feed_commit(&s->feed, e);
	if (rc == 0)
		rc = follow(s, until_now ? &ends : NULL, e);
	feed_tell_replayed(&s->feed, true);
	offsets_release(&ends);
	return rc;
}

static void source_stop(struct source *source)
{
	source_of(source)->is_stopping = true;
}

static void source_close(struct source *source)
{
	struct kafka_source *s = source_of(source);

	for (uint32_t i = 0; i < s->topic_count && s->ours != NULL; i++)
		memory_free(s->ours[i]);
	memory_free(s->ours);
	feed_close(&s->feed);
	offsets_release(&s->begin);
	offsets_release(&s->places);
	kafka_share_release(s);
	consumer_close(s->consumer);
	memory_free(s->brokers);
	memory_free(s->patterns);
	memory_free(s);
}

struct source *kafka_source_new(const struct kafka_source_options *o)
{
	static const struct source_ops ops = {
		.open = source_open,
		.table_count = source_table_count,
		.table = source_table,
		.progress = source_progress,
		.run = source_run,
		.stop = source_stop,
		.close = source_close,
	};
	struct kafka_source *s = memory_new(struct kafka_source);

	s->source.ops = &ops;
	s->options = o;
	return &s->source;
}
