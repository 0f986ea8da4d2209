/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/seen.h"

#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

struct seen_topic {
	char *name;
	struct seen_partition *partitions;
	uint32_t count;
};

static void log_release(struct seen_log *l)
{
	memory_free(l->connector);
	memory_free(l->name);
	memory_free(l->issuer);
	memory_free(l->file);
}

void seen_release(struct seen *s)
{
	for (uint32_t t = 0; t < s->topic_count; t++) {
		struct seen_topic *topic = &s->topics[t];

		for (uint32_t p = 0; p < topic->count; p++) {
			for (uint32_t i = 0; i < topic->partitions[p].log_count; i++)
				log_release(&topic->partitions[p].logs[i]);
		}
		memory_free(topic->partitions);
		memory_free(topic->name);
	}
	memory_free(s->topics);
	*s = (struct seen){ 0 };
}

struct seen_partition *seen_at(struct seen *s, const char *topic, uint32_t partition)
{
	struct seen_topic *t;
	uint32_t i = 0;

	while (i < s->topic_count && strcmp(s->topics[i].name, topic) != 0)
		i++;
	if (i == s->topic_count) {
		s->topics = memory_grow(s->topics, struct seen_topic, i + 1);
		s->topics[s->topic_count++] = (struct seen_topic){ .name = memory_copy_text(topic) };
	}
	t = &s->topics[i];
	if (partition >= t->count) {
		t->partitions = memory_grow(t->partitions, struct seen_partition, partition + 1);
		while (t->count <= partition)
			t->partitions[t->count++] = (struct seen_partition){ 0 };
	}
	return &t->partitions[partition];
}

void seen_move(struct seen *to, struct seen *from, const char *topic, uint32_t partition)
{
	struct seen_partition *into = seen_at(to, topic, partition), *of = seen_at(from, topic, partition);
	struct seen_partition was = *into;

	*into = *of;
	*of = was;
}

/* --- logs ------------------------------------------------------------------------------------- */

static void set_text(char **text, const char *to)
{
	if (to != NULL && *text != NULL && strcmp(*text, to) == 0)
		return;
	memory_free(*text);
	*text = memory_copy_text(to);
}

static void note_place(struct seen_log *l, const struct log_place *at)
{
	int64_t newest_us = l->at.time_us > at->time_us ? l->at.time_us : at->time_us;

	set_text(&l->file, at->file);
	l->at.commit = at->commit;
	l->at.offset = at->offset;
	l->at.number = at->number;
	l->at.time_us = newest_us;
	l->at.file = l->file;
}

static void add_log(struct seen_partition *p, const struct log_place *at)
{
	struct seen_log *l;

	if (p->log_count == SEEN_LOGS_MAX) {
		log_release(&p->logs[0]);
		memmove(p->logs, p->logs + 1, (SEEN_LOGS_MAX - 1) * sizeof(*p->logs));
		p->log_count--;
	}
	l = &p->logs[p->log_count++];
	*l = (struct seen_log){
		.connector = memory_copy_text(at->connector),
		.name = memory_copy_text(at->name),
		.issuer = at->issuer.size > 0 ? memory_copy(at->issuer.data, at->issuer.size) : NULL,
	};
	l->at = (struct log_place){ .connector = l->connector, .name = l->name, .server_id = at->server_id,
				    .issuer = { (const uint8_t *)l->issuer, at->issuer.size } };
	note_place(l, at);
}

bool seen_before(struct seen_partition *p, const struct log_place *at)
{
	for (uint32_t i = p->log_count; i-- > 0;) {
		if (!place_is_of_log(at, &p->logs[i].at))
			continue;
		if (place_is_older(at, &p->logs[i].at))
			return true;
		note_place(&p->logs[i], at);
		return false;
	}
	add_log(p, at);
	return false;
}

void seen_widened(struct seen *s)
{
	for (uint32_t t = 0; t < s->topic_count; t++) {
		for (uint32_t p = 0; p < s->topics[t].count; p++)
			s->topics[t].partitions[p].is_whole = false;
	}
}

/* --- as text ---------------------------------------------------------------------------------- */

static void append_text(struct buffer *out, const char *text)
{
	if (text != NULL)
		text_json_string(out, text);
	else
		buffer_text(out, "null");
	buffer_char(out, ',');
}

static void append_number(struct buffer *out, uint64_t number, char behind)
{
	text_uint(out, number);
	buffer_char(out, behind);
}

static void append_log(struct buffer *out, const struct seen_log *l)
{
	buffer_text(out, ",[");
	append_text(out, l->connector);
	append_text(out, l->name);
	append_number(out, l->at.server_id, ',');
	append_text(out, l->issuer);
	append_number(out, l->at.number, ',');
	append_text(out, l->file);
	append_number(out, l->at.commit, ',');
	append_number(out, l->at.offset, ',');
	text_int(out, l->at.time_us);
	buffer_char(out, ']');
}

static void append_partition(struct buffer *out, const struct seen_partition *p)
{
	if (!p->is_whole && p->log_count == 0) {
		buffer_text(out, "null");
		return;
	}
	buffer_text(out, p->is_whole ? "[1" : "[0");
	for (uint32_t i = 0; i < p->log_count; i++)
		append_log(out, &p->logs[i]);
	buffer_char(out, ']');
}

void seen_format(const struct seen *s, struct buffer *out)
{
	buffer_char(out, '{');
	for (uint32_t t = 0; t < s->topic_count; t++) {
		buffer_text(out, t > 0 ? "," : "");
		text_json_string(out, s->topics[t].name);
		for (uint32_t p = 0; p < s->topics[t].count; p++) {
			buffer_text(out, p > 0 ? "," : ":[");
			append_partition(out, &s->topics[t].partitions[p]);
		}
		buffer_char(out, ']');
	}
	buffer_char(out, '}');
}

static uint64_t number_at(const json_t *list, size_t i)
{
	return (uint64_t)json_integer_value(json_array_get(list, i));
}

static bool parse_log(struct seen_partition *out, const json_t *list)
{
	const char *issuer = json_string_value(json_array_get(list, 3));
	struct log_place at = {
		.connector = json_string_value(json_array_get(list, 0)),
		.name = json_string_value(json_array_get(list, 1)),
		.server_id = (uint32_t)number_at(list, 2),
		.number = number_at(list, 4),
		.file = json_string_value(json_array_get(list, 5)),
		.commit = number_at(list, 6),
		.offset = number_at(list, 7),
		.time_us = json_integer_value(json_array_get(list, 8)),
	};

	if (issuer != NULL)
		at.issuer = bytes_of_text(issuer);
	if (json_array_size(list) != 9 || at.connector == NULL || out->log_count == SEEN_LOGS_MAX)
		return false;
	add_log(out, &at);
	return true;
}

static bool parse_partition(struct seen_partition *out, const json_t *list)
{
	if (json_is_null(list))
		return true;
	if (!json_is_array(list))
		return false;
	out->is_whole = number_at(list, 0) != 0;
	for (size_t i = 1; i < json_array_size(list); i++) {
		if (!parse_log(out, json_array_get(list, i)))
			return false;
	}
	return true;
}

#define PARTITIONS_MAX 1000000u

int seen_parse(struct seen *out, const char *position, struct err *e)
{
	json_t *root = json_loads(position, 0, NULL), *seen = json_object_get(root, "seen"), *list;
	bool is_good = json_is_object(root) && (seen == NULL || json_is_object(seen));
	const char *topic;

	*out = (struct seen){ 0 };
	json_object_foreach(seen, topic, list) {
		is_good = is_good && json_array_size(list) <= PARTITIONS_MAX;
		for (size_t p = 0; is_good && p < json_array_size(list); p++)
			is_good = parse_partition(seen_at(out, topic, (uint32_t)p), json_array_get(list, p));
	}
	json_decref(root);
	if (is_good)
		return 0;
	seen_release(out);
	return err_set(e, ERR_DATA, "\"%.100s\" does not say what was seen of topics", position);
}
