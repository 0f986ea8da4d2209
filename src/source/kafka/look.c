/* SPDX-License-Identifier: Apache-2.0 */
/* What topics hold, before anything is taken: their formats, their tables, what their values look like. */
#include "base/clock.h"
#include "base/memory.h"
#include "source/kafka/kafka_state.h"

#define WAIT_MS       5
#define LOOK_US       10000000 /* without a message */

/* A topic while it is looked at. */
struct look {
	int64_t *next, *ends;  /* by partition: where to go on, and where it ended at the beginning */
	uint32_t looked;       /* messages */
	bool is_done;
};

/* From the beginnings, for all topics but those that are done. */
static int find_places(struct kafka_source *s, struct look *looks, struct err *e)
{
	struct consumer_range *ranges = NULL;
	uint32_t count = 0;
	int rc;

	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions && !looks[t].is_done; p++) {
			ranges = memory_grow(ranges, struct consumer_range, count + 1);
			ranges[count++] = (struct consumer_range){ t, p, 0, 0 };
		}
	}
	rc = consumer_ranges(s->consumer, ranges, count, e);
	for (uint32_t i = 0; i < count && rc == 0; i++) {
		looks[ranges[i].topic].next[ranges[i].partition] = ranges[i].first;
		looks[ranges[i].topic].ends[ranges[i].partition] = ranges[i].end;
	}
	memory_free(ranges);
	return rc;
}

/* Reads what is not done from where it stands. */
static int assign_rest(struct kafka_source *s, const struct look *looks, struct err *e)
{
	struct consumer_place *places = NULL;
	uint32_t count = 0;
	int rc;

	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions && !looks[t].is_done; p++) {
			places = memory_grow(places, struct consumer_place, count + 1);
			places[count++] = (struct consumer_place){ t, p, looks[t].next[p] };
		}
	}
	rc = consumer_assign(s->consumer, places, count, e);
	memory_free(places);
	return rc;
}

/* Notes what is done: the first messages of a topic, all of them when it tells of other topics' columns. */
static uint32_t count_rest(const struct kafka_source *s, struct look *looks)
{
	uint32_t rest = 0;

	for (uint32_t t = 0; t < s->topic_count; t++) {
		bool is_at_end = true;

		for (uint32_t p = 0; p < s->names[t].partitions && !looks[t].is_done; p++) {
			looks[t].next[p] = consumer_position(s->consumer, t, p);
			is_at_end &= looks[t].next[p] >= looks[t].ends[p];
		}
		looks[t].is_done = is_at_end || (looks[t].looked >= FEED_MESSAGES_LOOKED_AT && !s->feed.topics[t].tells);
		rest += !looks[t].is_done;
	}
	return rest;
}

/* Until half of them are done: then the others are read without those. 1: nothing comes any more. */
static int look_at_half(struct kafka_source *s, struct look *looks, uint32_t rest, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + LOOK_US;
	const struct consumer_message *messages;
	uint32_t count, enough = rest / 2;
	int rc = assign_rest(s, looks, e);

	while (rc == 0 && rest > enough && clock_monotonic_us() < until_us) {
		rc = consumer_take(s->consumer, WAIT_MS, &messages, &count, e);
		for (uint32_t i = 0; i < count && rc == 0; i++) {
			const struct feed_message m = kafka_message(&messages[i]);
			struct look *l = &looks[m.topic];

			if (l->looked++ < FEED_MESSAGES_LOOKED_AT || s->feed.topics[m.topic].tells)
				rc = feed_look(&s->feed, &m, e);
		}
		until_us = count > 0 ? clock_monotonic_us() + LOOK_US : until_us;
		rest = count_rest(s, looks);
	}
	return rc == 0 && rest > enough ? 1 : rc;
}

/* All topics side by side; or, again, those that do not tell. */
static int look_at(struct kafka_source *s, bool is_again, struct err *e)
{
	struct look *looks = memory_array(struct look, s->topic_count);
	uint32_t rest = s->topic_count;
	int rc;

	for (uint32_t t = 0; t < s->topic_count; t++) {
		looks[t].next = memory_array(int64_t, s->names[t].partitions);
		looks[t].ends = memory_array(int64_t, s->names[t].partitions);
		looks[t].is_done = is_again && s->feed.topics[t].tells;
		rest -= looks[t].is_done;
	}
	rc = find_places(s, looks, e);
	while (rc == 0 && rest > 0) {
		rc = look_at_half(s, looks, rest, e);
		rest = count_rest(s, looks);
	}
	for (uint32_t t = 0; t < s->topic_count; t++) {
		memory_free(looks[t].next);
		memory_free(looks[t].ends);
	}
	memory_free(looks);
	return rc < 0 ? -1 : 0;
}

/* Whether one of its topics is read by us, in a group. */
static bool is_read(const struct feed *f, const struct feed_table *t)
{
	const struct kafka_source *s = kafka_source_of(f);

	for (uint32_t i = 0; i < s->topic_count; i++) {
		if (t->is_from[i] && (s->options->group == NULL || s->ours[i] != NULL))
			return true;
	}
	return false;
}

/* When a topic tells of others' columns, as Debezium's of schema changes does, the others are looked at again behind it. */
int kafka_look_at_topics(struct kafka_source *s, struct err *e)
{
	bool tells = false;
	int rc = look_at(s, false, e);

	for (uint32_t i = 0; i < s->topic_count; i++)
		tells |= s->feed.topics[i].tells;
	if (rc == 0 && tells && s->feed.table_count > 0) {
		feed_forget_untold(&s->feed);
		rc = look_at(s, true, e);
	}
	feed_drop_tables(&s->feed, is_read);
	return rc;
}
