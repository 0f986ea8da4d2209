/* SPDX-License-Identifier: Apache-2.0 */
/* What topics hold, before anything is taken: their formats, their tables, what their values look like. */
#include "base/clock.h"
#include "base/memory.h"
#include "broker/consumer.h"
#include "source/kafka/kafka_state.h"

#define WAIT_MS       50
#define LOOK_MESSAGES 500 /* of each topic, before the first row */
#define LOOK_US       10000000 /* without a message */

void kafka_forget_table(struct kafka_table *t)
{
	schema_release(t->schema);
	schema_release(t->columns);
	schema_release(t->said);
	offsets_release(&t->has);
	memory_free(t->is_from);
	seen_release(&t->seen);
	lost_values_release(&t->lost);
	memory_free(t->database);
	memory_free(t->table);
	memory_free(t);
}

/* The topic from its beginning; `ends` is where its partitions end now. */
static int assign_topic(struct kafka_source *s, uint32_t topic, int64_t *ends, struct err *e)
{
	uint32_t partitions = s->topics[topic].partitions;
	struct consumer_place *places = memory_array(struct consumer_place, partitions);
	int rc = 0;

	for (uint32_t p = 0; p < partitions && rc == 0; p++) {
		int64_t first = 0;

		rc = consumer_range(s->consumer, topic, p, &first, &ends[p], e);
		places[p] = (struct consumer_place){ topic, p, first };
	}
	if (rc == 0)
		rc = consumer_assign(s->consumer, places, partitions, e);
	memory_free(places);
	return rc;
}

static bool is_at_end(const struct kafka_source *s, uint32_t topic, const int64_t *ends)
{
	for (uint32_t p = 0; p < s->topics[topic].partitions; p++) {
		if (consumer_position(s->consumer, topic, p) < ends[p])
			return false;
	}
	return true;
}

/* The first messages of a topic; all of them when it tells of other topics' columns. */
static int look_at(struct kafka_source *s, uint32_t topic, struct err *e)
{
	int64_t *ends = memory_array(int64_t, s->topics[topic].partitions + 1), until_us = clock_monotonic_us() + LOOK_US;
	const struct consumer_message *messages;
	uint32_t count, looked = 0;
	int rc = assign_topic(s, topic, ends, e);

	while (rc == 0 && !is_at_end(s, topic, ends) && (looked < LOOK_MESSAGES || s->topics[topic].tells) &&
	       clock_monotonic_us() < until_us) {
		rc = consumer_take(s->consumer, WAIT_MS, &messages, &count, e);
		for (uint32_t i = 0; i < count && rc == 0 && (looked < LOOK_MESSAGES || s->topics[topic].tells); i++, looked++)
			rc = kafka_look(s, &messages[i], e);
		until_us = count > 0 ? clock_monotonic_us() + LOOK_US : until_us;
	}
	memory_free(ends);
	return rc;
}

/* What was found in the topics that do not tell, before one that does was read. */
static void forget(struct kafka_source *s)
{
	for (uint32_t i = 0; i < s->topic_count; i++) {
		s->topics[i].table = NULL;
		if (s->topics[i].tells)
			continue;
		input_free(s->topics[i].input);
		s->topics[i].input = NULL;
	}
	for (uint32_t i = 0; i < s->table_count; i++)
		kafka_forget_table(s->tables[i]);
	s->table_count = 0;
}

/* Whether one of its topics is read by us, in a group. */
static bool is_read(const struct kafka_source *s, const struct kafka_table *t)
{
	for (uint32_t i = 0; i < s->topic_count; i++) {
		if (t->is_from[i] && (s->options->group == NULL || s->topics[i].is_ours != NULL))
			return true;
	}
	return false;
}

/* Tables that were named, and have no columns yet, or are others' of the group. */
static void drop_unknown(struct kafka_source *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->topic_count; i++)
		s->topics[i].table = NULL;
	for (uint32_t i = 0; i < s->table_count; i++) {
		if (s->tables[i]->schema != NULL && is_read(s, s->tables[i]))
			s->tables[kept++] = s->tables[i];
		else
			kafka_forget_table(s->tables[i]);
	}
	s->table_count = kept;
}

/* Debezium's schema-change topic mostly stands first by its name; when it does not, the others are looked at again. */
int kafka_look_at_topics(struct kafka_source *s, struct err *e)
{
	bool tells = false, is_late = false;
	int rc = 0;

	for (uint32_t i = 0; i < s->topic_count && rc == 0; i++) {
		rc = look_at(s, i, e);
		is_late |= s->topics[i].tells && i > 0 && !tells && s->table_count > 0;
		tells |= s->topics[i].tells;
	}
	if (is_late)
		forget(s);
	for (uint32_t i = 0; i < s->topic_count && rc == 0 && is_late; i++) {
		if (!s->topics[i].tells)
			rc = look_at(s, i, e);
	}
	drop_unknown(s);
	return rc;
}
