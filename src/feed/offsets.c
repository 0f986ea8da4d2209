/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/offsets.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

void offsets_release(struct offsets *o)
{
	for (uint32_t i = 0; i < o->topic_count; i++) {
		memory_free(o->topics[i].topic);
		memory_free(o->topics[i].next);
		memory_free(o->topics[i].place);
	}
	memory_free(o->topics);
	*o = (struct offsets){ 0 };
}

/* Where the topic stands among the names in order, or would stand. */
static uint32_t place_of(const struct offsets *o, const char *topic)
{
	uint32_t low = 0, high = o->topic_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(o->topics[middle].topic, topic) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct topic_offsets *find(const struct offsets *o, const char *topic)
{
	uint32_t place = place_of(o, topic);

	return place < o->topic_count && strcmp(o->topics[place].topic, topic) == 0 ? &o->topics[place] : NULL;
}

int64_t offsets_get(const struct offsets *o, const char *topic, uint32_t partition)
{
	const struct topic_offsets *t = find(o, topic);

	return t != NULL && partition < t->partitions ? t->next[partition] : -1;
}

uint32_t offsets_partitions(const struct offsets *o, const char *topic)
{
	const struct topic_offsets *t = find(o, topic);

	return t != NULL ? t->partitions : 0;
}

void offsets_set(struct offsets *o, const char *topic, uint32_t partition, int64_t next)
{
	struct topic_offsets *t = find(o, topic);

	if (t == NULL) {
		uint32_t place = place_of(o, topic);

		o->topics = memory_grow(o->topics, struct topic_offsets, o->topic_count + 1);
		t = &o->topics[place];
		memmove(t + 1, t, (o->topic_count++ - place) * sizeof(*t));
		*t = (struct topic_offsets){ .topic = memory_copy_text(topic) };
	}
	if (partition >= t->partitions) {
		t->next = memory_grow(t->next, int64_t, partition + 1);
		while (t->partitions <= partition)
			t->next[t->partitions++] = -1;
	}
	t->next[partition] = next;
}

void offsets_set_place(struct offsets *o, const char *topic, const char *place)
{
	struct topic_offsets *t = find(o, topic);
	char *was = t->place;

	t->place = place != NULL ? memory_copy_text(place) : NULL;
	memory_free(was);
}

const char *offsets_place(const struct offsets *o, const char *topic)
{
	const struct topic_offsets *t = find(o, topic);

	return t != NULL ? t->place : NULL;
}

void offsets_copy(struct offsets *to, const struct offsets *from)
{
	offsets_release(to);
	to->topics = memory_array(struct topic_offsets, from->topic_count);
	to->topic_count = from->topic_count;
	for (uint32_t i = 0; i < from->topic_count; i++) {
		const struct topic_offsets *t = &from->topics[i];

		to->topics[i] = (struct topic_offsets){
			memory_copy_text(t->topic), memory_copy(t->next, t->partitions * sizeof(*t->next)), t->partitions,
			t->place != NULL ? memory_copy_text(t->place) : NULL,
		};
	}
}

void offsets_least(struct offsets *to, const struct offsets *from)
{
	for (uint32_t i = 0; i < from->topic_count; i++) {
		const struct topic_offsets *t = &from->topics[i];

		for (uint32_t p = 0; p < t->partitions; p++) {
			int64_t known = offsets_get(to, t->topic, p), other = t->next[p];

			offsets_set(to, t->topic, p, known < 0 || (other >= 0 && other < known) ? other : known);
		}
	}
}

static void format_topics(const struct offsets *o, struct buffer *out)
{
	buffer_char(out, '{');
	for (uint32_t i = 0; i < o->topic_count; i++) {
		buffer_text(out, i > 0 ? "," : "");
		text_json_string(out, o->topics[i].topic);
		for (uint32_t p = 0; p < o->topics[i].partitions; p++) {
			buffer_text(out, p > 0 ? "," : ":[");
			text_int(out, o->topics[i].next[p]);
		}
		buffer_char(out, ']');
	}
	buffer_char(out, '}');
}

static void format_places(const struct offsets *o, struct buffer *out)
{
	bool has_any = false;

	for (uint32_t i = 0; i < o->topic_count; i++) {
		if (o->topics[i].place == NULL)
			continue;
		buffer_text(out, has_any ? "," : ",\"places\":{");
		text_json_string(out, o->topics[i].topic);
		buffer_char(out, ':');
		buffer_text(out, o->topics[i].place);
		has_any = true;
	}
	if (has_any)
		buffer_char(out, '}');
}

void offsets_format(const struct offsets *next, const struct offsets *begin, struct buffer *out)
{
	buffer_text(out, "{\"topics\":");
	format_topics(next, out);
	buffer_text(out, ",\"begin\":");
	format_topics(begin, out);
	format_places(next, out);
	buffer_char(out, '}');
}

#define PARTITIONS_MAX 1000000u

static bool parse_topic(struct offsets *out, const char *topic, const json_t *list)
{
	size_t i;
	json_t *next;

	if (json_array_size(list) == 0 || json_array_size(list) > PARTITIONS_MAX)
		return false;
	json_array_foreach(list, i, next) {
		if (!json_is_integer(next) || json_integer_value(next) < -1)
			return false;
		offsets_set(out, topic, (uint32_t)i, json_integer_value(next));
	}
	return true;
}

static bool parse_topics(struct offsets *out, json_t *topics)
{
	bool is_good = json_is_object(topics);
	const char *topic;
	json_t *list;

	*out = (struct offsets){ 0 };
	json_object_foreach(topics, topic, list)
		is_good = is_good && parse_topic(out, topic, list);
	return is_good;
}

static bool parse_places(struct offsets *out, json_t *places)
{
	const char *topic;
	json_t *place;

	json_object_foreach(places, topic, place) {
		char *text = json_is_object(place) && offsets_partitions(out, topic) == 1 ? json_dumps(place, JSON_COMPACT) : NULL;

		if (text == NULL)
			return false;
		offsets_set_place(out, topic, text);
		free(text);
	}
	return places == NULL || json_is_object(places);
}

int offsets_parse(struct offsets *next, struct offsets *begin, const char *json, struct err *e)
{
	json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL), *from = json_object_get(root, "begin");
	bool is_good = parse_topics(next, json_object_get(root, "topics"));

	is_good = (parse_topics(begin, from) || from == NULL) && is_good;
	is_good = is_good && parse_places(next, json_object_get(root, "places"));
	json_decref(root);
	if (is_good)
		return 0;
	offsets_release(next);
	offsets_release(begin);
	return err_set(e, ERR_DATA, "\"%.100s\" is no position in topics of Kafka", json);
}
