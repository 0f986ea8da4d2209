/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker of a group: its partitions, and positions of tables that other workers write as well. A key lies in one
 * partition of one topic, so whoever reads that partition is the only one to write the key's row.
 */
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "feed/options.h"
#include "source/kafka/kafka_state.h"

static const struct kafka_source *source_of(const struct share *s)
{
	return (const struct kafka_source *)(uintptr_t)((const char *)s - offsetof(struct kafka_source, share));
}

bool kafka_is_ours(const struct kafka_source *s, uint32_t topic, uint32_t partition)
{
	const bool *is_ours = s->ours[topic];

	return s->options->group == NULL || (is_ours != NULL && is_ours[partition]);
}

static bool parse(struct offsets *out, struct offsets *begun, const char *position)
{
	struct err ignored = ERR_INIT;

	*out = *begun = (struct offsets){ 0 };
	return position == NULL || offsets_parse(out, begun, position, &ignored) == 0;
}

static bool share_holds(const struct share *share, const char *before, const char *now)
{
	const struct kafka_source *s = source_of(share);
	struct offsets a, b = { 0 }, begun[2] = { 0 };
	bool is_same = parse(&a, &begun[0], before) && parse(&b, &begun[1], now);

	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions; p++)
			is_same = is_same && (!kafka_is_ours(s, t, p) || offsets_get(&a, s->names[t].name, p) ==
									 offsets_get(&b, s->names[t].name, p));
	}
	offsets_release(&a);
	offsets_release(&b);
	offsets_release(&begun[0]);
	offsets_release(&begun[1]);
	return is_same;
}

/* A key in two topics would belong to two workers. */
static int check_topics(const struct kafka_source *s, const struct schema *table, const struct offsets *o,
			struct err *e)
{
	const char *first = NULL;

	for (uint32_t t = 0; t < s->topic_count && table->key_count > 0; t++) {
		const char *name = s->names[t].name;

		if (offsets_partitions(o, name) == 0)
			continue;
		if (first != NULL)
			return err_set(e, ERR_CONFIG, "table %s.%s gets rows from the topics %s and %s, and a key may be in both: "
				       "such topics are read by one process, without --group", table->database, table->table,
				       first, name);
		first = name;
	}
	return 0;
}

struct place {
	struct offsets next, begun;
	struct seen seen;
	struct lost_values lost;
};

static int place_parse(struct place *p, const char *position, struct err *e)
{
	return feed_position_parse(&p->next, &p->begun, &p->seen, &p->lost, position, e);
}

static void place_release(struct place *p)
{
	offsets_release(&p->next);
	offsets_release(&p->begun);
	seen_release(&p->seen);
	lost_values_release(&p->lost);
}

static int share_join(const struct share *share, const struct schema *table, const char *ours, const char *now,
		      struct buffer *out, struct err *e)
{
	const struct kafka_source *s = source_of(share);
	struct place mine = { 0 }, all = { 0 };
	int rc = place_parse(&mine, ours, e);

	if (rc == 0 && now != NULL)
		rc = place_parse(&all, now, e);
	for (uint32_t t = 0; t < s->topic_count && rc == 0; t++) {
		const char *name = s->names[t].name;

		for (uint32_t p = 0; p < s->names[t].partitions && offsets_partitions(&mine.next, name) > 0; p++) {
			const struct place *of = kafka_is_ours(s, t, p) ? &mine : &all;

			offsets_set(&all.next, name, p, offsets_get(&of->next, name, p));
			if (mine.seen.topic_count > 0 && of == &mine)
				seen_move(&all.seen, &mine.seen, name, p);
		}
	}
	if (rc == 0)
		rc = check_topics(s, table, &all.next, e);
	offsets_least(&all.begun, &mine.begun);
	lost_values_add(&all.lost, &mine.lost);
	if (rc == 0)
		feed_position_format(&all.next, &all.begun, &all.seen, &all.lost, out);
	place_release(&mine);
	place_release(&all);
	return rc;
}

static void share_mark(struct share *share, const char *position, const bool *covers)
{
	struct kafka_source *s = (struct kafka_source *)(uintptr_t)source_of(share);
	struct offsets begun;
	struct kafka_mark *mark;

	s->marks = memory_grow(s->marks, struct kafka_mark, s->mark_count + 1);
	mark = &s->marks[s->mark_count];
	if (!parse(&mark->at, &begun, position))
		return; /* of another version, or of none: a hint may be missing */
	kafka_begin_found(s, &mark->at);
	offsets_least(&s->feed.begun, &begun);
	offsets_release(&begun);
	mark->covers = memory_copy(covers, s->feed.table_count * sizeof(*covers));
	s->mark_count++;
}

/* The mark's offset, or what a table has that the mark does not speak for; -1: nothing known. */
static int64_t mark_offset(const struct kafka_source *s, const struct kafka_mark *mark, uint32_t topic, uint32_t partition)
{
	const char *name = s->names[topic].name;
	int64_t offset = offsets_get(&mark->at, name, partition);

	for (uint32_t i = 0; i < s->feed.table_count; i++) {
		const struct feed_table *t = s->feed.tables[i];
		int64_t has = offsets_get(&t->has, name, partition);

		if (!mark->covers[i] && (t->is_from[topic] || offsets_partitions(&t->has, name) > 0) && has < offset)
			offset = has;
	}
	return offset;
}

void kafka_share_start(struct kafka_source *s)
{
	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions; p++) {
			int64_t start = offsets_get(&s->feed.next, s->names[t].name, p);

			if (!kafka_is_ours(s, t, p))
				continue;
			for (uint32_t i = 0; i < s->mark_count; i++) {
				int64_t offset = mark_offset(s, &s->marks[i], t, p);

				start = offset > start ? offset : start;
			}
			/* all messages go to one table: it knows best */
			if (start < 0 && s->feed.options->table != NULL && s->feed.table_count == 1)
				start = offsets_get(&s->feed.tables[0]->has, s->names[t].name, p);
			if (start >= 0)
				offsets_set(&s->feed.next, s->names[t].name, p, start);
		}
	}
}

#define TELL_EVERY_US 1000000

static void tell(struct kafka_source *s)
{
	struct group_place *places = NULL;
	uint32_t count = 0;

	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->names[t].partitions; p++) {
			int64_t offset = offsets_get(&s->told, s->names[t].name, p);

			if (!kafka_is_ours(s, t, p) || offset < 0)
				continue;
			places = memory_grow(places, struct group_place, count + 1);
			places[count++] = (struct group_place){ s->names[t].name, p, offset };
		}
	}
	group_commit(*s->options->member, places, count);
	memory_free(places);
}

void kafka_share_tell(struct kafka_source *s)
{
	if (s->told_at != 0 && s->feed.sink->durable(s->feed.sink) >= s->told_at) {
		tell(s);
		s->told_at = 0;
	}
	if (s->told_at != 0 || s->feed.commits == 0 || clock_monotonic_us() - s->looked_us < TELL_EVERY_US)
		return;
	s->looked_us = clock_monotonic_us();
	offsets_copy(&s->told, &s->feed.next);
	s->told_at = s->feed.commits;
}

void kafka_share_release(struct kafka_source *s)
{
	for (uint32_t i = 0; i < s->mark_count; i++) {
		offsets_release(&s->marks[i].at);
		memory_free(s->marks[i].covers);
	}
	memory_free(s->marks);
	offsets_release(&s->told);
}

/* {"topic":"shop.orders","partitions":6,"ours":[0,4]} */
static void share_tag(const struct share *share, const struct schema *table, struct buffer *out)
{
	const struct kafka_source *s = source_of(share);
	const struct feed_table *t = feed_table_named(&s->feed, table->database, table->table);
	const char *comma = "";
	uint32_t topic = 0;

	while (topic < s->topic_count && !t->is_from[topic])
		topic++;
	if (topic == s->topic_count || table->key_count == 0)
		return;
	buffer_text(out, "{\"topic\":");
	text_json_string(out, s->names[topic].name);
	buffer_format(out, ",\"partitions\":%u,\"ours\":[", s->names[topic].partitions);
	for (uint32_t p = 0; p < s->names[topic].partitions; p++) {
		if (!kafka_is_ours(s, topic, p))
			continue;
		buffer_format(out, "%s%u", comma, p);
		comma = ",";
	}
	buffer_text(out, "]}");
}

/* Another number of partitions has the keys in other ones: then nobody knows. */
static bool share_concerns(const struct share *share, const char *tag)
{
	const struct kafka_source *s = source_of(share);
	json_t *root = tag != NULL ? json_loads(tag, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *list = json_object_get(root, "ours"), *partition;
	const char *topic = json_string_value(json_object_get(root, "topic"));
	json_int_t partitions = json_integer_value(json_object_get(root, "partitions"));
	bool is_ours = true;
	size_t i;

	for (uint32_t t = 0; t < s->topic_count && topic != NULL && json_is_array(list); t++) {
		if (strcmp(s->names[t].name, topic) != 0 || s->names[t].partitions != partitions)
			continue;
		is_ours = false;
		json_array_foreach(list, i, partition) {
			json_int_t p = json_is_integer(partition) ? json_integer_value(partition) : -1;

			is_ours = is_ours || p < 0 || p >= partitions || kafka_is_ours(s, t, (uint32_t)p);
		}
	}
	json_decref(root);
	return is_ours;
}

static int take_places(struct kafka_source *s, const struct group_place *places, uint32_t count, struct err *e)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t t = 0;

		while (t < s->topic_count && strcmp(s->names[t].name, places[i].topic) != 0)
			t++;
		if (t == s->topic_count || places[i].partition >= s->names[t].partitions)
			return err_set(e, ERR_RETRY, "the group gave us partition %u of topic %s, which the broker does not know yet",
				       places[i].partition, places[i].topic);
		if (s->ours[t] == NULL)
			s->ours[t] = memory_array(bool, s->names[t].partitions);
		s->ours[t][places[i].partition] = true;
	}
	return 0;
}

static void log_places(const struct kafka_source *s, uint32_t count)
{
	struct buffer text = { 0 };

	for (uint32_t t = 0; t < s->topic_count; t++) {
		const char *before = "";

		if (s->ours[t] == NULL)
			continue;
		buffer_format(&text, "%s%s:", text.size > 0 ? " " : "", s->names[t].name);
		for (uint32_t p = 0; p < s->names[t].partitions; p++) {
			if (!s->ours[t][p])
				continue;
			buffer_format(&text, "%s%u", before, p);
			before = ",";
		}
	}
	log_info("partitions of ours now", "group=%s count=%u partitions=\"%s\"", s->options->group, count,
		 buffer_string(&text));
	buffer_release(&text);
}

void kafka_share_init(struct kafka_source *s)
{
	s->share = (struct share){ share_holds, share_join, share_mark, share_tag, share_concerns };
	s->source.share = &s->share;
}

int kafka_share_open(struct kafka_source *s, struct err *e)
{
	const struct group_place *places;
	struct group **member = s->options->member;
	uint32_t count;

	if (s->options->group == NULL)
		return 0;
	if ((*member == NULL && group_open(member, s->options->broker, s->options->group, s->patterns, e) < 0) ||
	    group_settle(*member, &places, &count, e) < 0 || take_places(s, places, count, e) < 0)
		return -1;
	log_places(s, count);
	kafka_share_init(s);
	return 0;
}

int kafka_share_check(const struct kafka_source *s, const struct feed_table *t, struct err *e)
{
	for (uint32_t i = 0; i < s->topic_count && s->options->group != NULL; i++) {
		uint32_t had = offsets_partitions(&t->has, s->names[i].name);

		if (had > 0 && had < s->names[i].partitions && t->schema->key_count > 0)
			return err_set(e, ERR_CONFIG, "topic %s has %u partitions, and had %u when table %s.%s was written: its keys "
				       "have moved; run sync once without --group, then start the group again",
				       s->names[i].name, s->names[i].partitions, had, t->database, t->table);
	}
	return 0;
}
