/* SPDX-License-Identifier: Apache-2.0 */
#include "source/kafka/kafka.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "broker/consumer.h"
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

static int source_open(struct source *source, const struct sink *to, struct err *e)
{
	struct kafka_source *s = source_of(source);
	int rc;

	s->known = to;
	if (kafka_settings_read(s, e) < 0 || consumer_open(&s->consumer, s->options->broker, e) < 0 ||
	    consumer_topics(s->consumer, s->patterns, &s->names, &s->topic_count, e) < 0 ||
	    kafka_begin_read(s, e) < 0)
		return -1;
	s->topics = memory_array(struct kafka_topic, s->topic_count);
	for (uint32_t i = 0; i < s->topic_count; i++)
		s->topics[i].partitions = s->names[i].partitions;
	rc = kafka_share_open(s, e);
	if (rc == 0 && s->mode != MODE_RAW)
		rc = kafka_look_at_topics(s, e);
	return rc == 0 ? raw_open(s, e) : rc;
}

static uint32_t source_table_count(const struct source *source)
{
	return source_of(source)->table_count;
}

static struct schema *source_table(const struct source *source, uint32_t i)
{
	return source_of(source)->tables[i]->schema;
}

static void source_progress(const struct source *source, uint32_t i, struct table_progress *out)
{
	(void)source, (void)i;
	*out = (struct table_progress){ 0 };
}

/* --- running ---------------------------------------------------------------------------------- */

void kafka_position_format(const struct offsets *next, const struct offsets *begun, const struct seen *seen,
			   const struct lost_values *lost, struct buffer *out)
{
	offsets_format(next, begun, out);
	out->size--; /* the closing brace */
	buffer_text(out, ",\"seen\":");
	seen_format(seen, out);
	lost_values_format(lost, out);
	buffer_char(out, '}');
}

int kafka_position_parse(struct offsets *next, struct offsets *begun, struct seen *seen, struct lost_values *lost,
			 const char *position, struct err *e)
{
	return offsets_parse(next, begun, position, e) < 0 || seen_parse(seen, position, e) < 0 ||
	       lost_values_parse(lost, position, e) < 0 ? -1 : 0;
}

/* How far the table is: what it had stays, while the stream is still behind that. */
static void take_farther(const struct kafka_source *s, const struct kafka_table *t, const struct offsets *next,
			 struct offsets *out)
{
	offsets_copy(out, &t->has);
	for (uint32_t i = 0; i < s->topic_count; i++) {
		const char *topic = s->names[i].name;

		for (uint32_t p = 0; p < s->topics[i].partitions && t->is_from[i]; p++) {
			int64_t had = offsets_get(&t->has, topic, p), now = offsets_get(next, topic, p);

			offsets_set(out, topic, p, now > had ? now : had);
		}
	}
}

/* Asked for between a COMMIT and the message behind it: what the table has seen by then is what it has. */
static void format_position(const struct position *base, const struct schema *table, struct buffer *out)
{
	const struct kafka_position *p = (const struct kafka_position *)base;
	struct kafka_table *t;
	struct offsets of_table = { 0 };

	t = table != NULL ? kafka_table_named(p->source, table->database, table->table) : NULL;
	if (t == NULL) {
		offsets_format(&p->next, &p->source->begun, out);
		return;
	}
	take_farther(p->source, t, &p->next, &of_table);
	kafka_position_format(&of_table, &p->source->begun, &t->seen, &t->lost, out);
	if (p->source->options->group != NULL) /* each commit adds its own to those of others */
		lost_values_told(&t->lost);
	offsets_release(&of_table);
}

#define REPLAY_TOLD_EVERY_US 10000000

/* Not for each message that comes again, but for many of them. */
static void tell_replayed(struct kafka_source *s, bool at_once)
{
	int64_t now_us = clock_monotonic_us();

	if (s->replayed == 0 || (!at_once && now_us - s->replay_told_us < REPLAY_TOLD_EVERY_US))
		return;
	log_info("events that came again were ignored", "count=%llu", (unsigned long long)s->replayed);
	s->replayed = 0;
	s->replay_told_us = now_us;
}

int kafka_commit(struct kafka_source *s, struct err *e)
{
	struct kafka_position *p = &s->positions[s->commits % 2];
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_COMMIT, .origin = &origin, .position = &p->base };

	if (kafka_flush(s, e) < 0)
		return -1;
	tell_replayed(s, false);
	p->source = s;
	p->base = (struct position){ ++s->commits, s->time_us, format_position };
	offsets_copy(&p->next, &s->next);
	return s->sink->take(s->sink, &c, e);
}

/* Where the partition begins: behind what every table has, or where the user says. */
static int find_start(struct kafka_source *s, const struct consumer_range *range, int64_t *out, struct err *e)
{
	const char *name = s->names[range->topic].name;
	uint32_t partition = range->partition;
	int64_t first = range->first, end = range->end;

	*out = offsets_get(&s->next, name, partition);
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
	for (uint32_t i = 0; i < s->table_count; i++) {
		if (kafka_check_end(s->tables[i], name, partition, end, e) < 0)
			return -1;
	}
	offsets_set(&s->next, name, partition, *out);
	return 0;
}

static struct consumer_range *our_partitions(const struct kafka_source *s, uint32_t *count)
{
	struct consumer_range *ours = NULL;

	*count = 0;
	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->topics[t].partitions; p++) {
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
		for (uint32_t p = 0; p < s->topics[t].partitions; p++) {
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
		for (uint32_t p = 0; p < s->topics[t].partitions; p++) {
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
			if (kafka_take(s, &messages[i], e) < 0)
				return -1;
		}
		if (count > 0)
			s->quiet_us = clock_monotonic_us();
		if (count > 0 ? kafka_commit(s, e) < 0 : s->sink->idle(s->sink, e) < 0)
			return -1;
	}
	return 0;
}

/* What the target has of the tables that were seen; all of them may begin at the low-water mark. */
static int take_starts(struct kafka_source *s, const struct table_start *starts, const char *stream_start, struct err *e)
{
	struct offsets begun = { 0 };

	for (uint32_t i = 0; i < s->table_count; i++) {
		if (kafka_table_start(s, s->tables[i], &starts[i], e) < 0)
			return -1;
	}
	if (stream_start != NULL) {
		if (offsets_parse(&s->next, &begun, stream_start, e) < 0)
			return -1;
		kafka_begin_found(s, &s->next, &begun);
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

	s->sink = sink;
	s->looked_us = s->quiet_us = clock_monotonic_us();
	rc = take_starts(s, starts, stream_start, e);
	if (rc == 0 && until_now)
		rc = find_ends(s, &ends, e);
	if (rc == 0)
		rc = assign(s, e);
	for (uint32_t i = 0; i < s->table_count && rc == 0; i++)
		rc = kafka_check_gap(s, s->tables[i], e);
	if (rc == 0) /* the next run goes on from here, and not from a later end */
		rc = kafka_commit(s, e);
	if (rc == 0)
		rc = follow(s, until_now ? &ends : NULL, e);
	tell_replayed(s, true);
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

	for (uint32_t i = 0; i < s->topic_count && s->topics != NULL; i++) {
		input_free(s->topics[i].input);
		memory_free(s->topics[i].is_ours);
	}
	memory_free(s->topics);
	for (uint32_t i = 0; i < s->table_count; i++)
		kafka_forget_table(s->tables[i]);
	memory_free(s->tables);
	row_run_release(&s->run);
	changelog_release(&s->changelog);
	columns_release(&s->messages);
	offsets_release(&s->next);
	offsets_release(&s->begin);
	offsets_release(&s->places);
	offsets_release(&s->begun);
	offsets_release(&s->positions[0].next);
	offsets_release(&s->positions[1].next);
	kafka_share_release(s);
	consumer_close(s->consumer);
	kafka_settings_release(s);
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
