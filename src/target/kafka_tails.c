/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kafka_tails.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* How far back from a partition's end to look for a message of ours, step by step; then from its beginning. */
static const int64_t steps[] = { 1, 100, 10000, INT64_MAX };

struct look {
	const struct kafka_stream *stream;
	struct kafka_tail *tail;
	int64_t from;  /* the offset that it was read from; where nothing was read, the end */
	bool is_whole; /* what was found does not reach back behind where it was read from */
};

/* Places and looks, one for one; those that are not done stand in front. */
struct looks {
	struct partition_place *places;
	struct look *looks;
	uint32_t count;
};

/* "<number> <transaction>"; false: this is not ours. */
static bool parse_header(struct bytes text, struct kafka_tail *out)
{
	const uint8_t *space = memchr(text.data, ' ', text.size);
	struct bytes rest;
	uint64_t number;

	if (space == NULL ||
	    !text_parse_uint((struct bytes){ text.data, (size_t)(space - text.data) }, &number) || number == 0)
		return false;
	rest = (struct bytes){ space + 1, text.size - (size_t)(space + 1 - text.data) };
	memory_free(out->transaction);
	*out = (struct kafka_tail){ .number = number, .transaction = memory_copy(rest.data, rest.size) };
	return true;
}

/* A message of Debezium's: a further one of the same row, or the first of another. A tombstone goes with what is before it. */
static void note_foreign(struct look *l, const struct partition_message *m)
{
	struct kafka_tail *out = l->tail;
	struct debezium_place place;

	if (m->value.data == NULL) {
		out->present += out->present > 0;
	} else if (debezium_place_read(&place, m->value)) {
		bool is_same = out->present > 0 && place.offset == out->place.offset && place.row == out->place.row &&
			       strcmp(place.file, out->place.file) == 0;

		l->is_whole = l->is_whole || (out->present > 0 && !is_same);
		out->present = is_same ? out->present + 1 : 1;
		out->place = place;
	}
}

/* Those that this step has to look at come in front, set to where it begins; returns how many. */
static uint32_t set_step(struct looks *l, int64_t step)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < l->count; i++) {
		struct partition_place place = l->places[i];
		struct look look = l->looks[i];

		if (look.is_whole || look.from <= place.first)
			continue;
		look.tail->present = 0;
		place.next = look.from = place.end - place.first > step ? place.end - step : place.first;
		l->places[i] = l->places[open];
		l->looks[i] = l->looks[open];
		l->places[open] = place;
		l->looks[open++] = look;
	}
	return open;
}

static int take_step(struct looks *l, uint32_t open, struct partition_reader *r, struct err *e)
{
	struct partition_message m;
	struct bytes header;
	int rc = partition_reader_start(r, l->places, open, e);

	while (rc == 0 && (rc = partition_reader_next(r, &m, e)) == 0) {
		struct look *look = &l->looks[m.place - l->places];

		if (partition_message_header(&m, KAFKA_HEADER, &header))
			parse_header(header, look->tail);
		else if (look->stream->takes_over)
			note_foreign(look, &m);
		look->is_whole = look->is_whole || look->tail->number > 0;
	}
	partition_reader_stop(r);
	return rc < 0 ? -1 : 0;
}

static uint32_t partition_count(struct kafka_stream *const *streams, uint32_t count)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += producer_topic_partitions(streams[i]->topic);
	return sum;
}

static void list_partitions(struct looks *l, struct kafka_stream *const *streams, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t partitions = producer_topic_partitions(streams[i]->topic);

		for (uint32_t k = 0; k < partitions; k++, l->count++) {
			l->places[l->count] = (struct partition_place){ .topic = streams[i]->name, .partition = k };
			l->looks[l->count] = (struct look){ .stream = streams[i], .tail = &streams[i]->tails[k] };
		}
	}
}

int kafka_tails_read(struct kafka_stream *const *streams, uint32_t count, struct partition_reader *r, struct err *e)
{
	uint32_t all = partition_count(streams, count), open = 1;
	struct looks l = { memory_array(struct partition_place, all), memory_array(struct look, all), 0 };
	int rc;

	list_partitions(&l, streams, count);
	rc = partition_reader_ask(r, l.places, l.count, e);
	for (uint32_t i = 0; i < l.count; i++)
		l.looks[i].from = l.places[i].end;
	for (size_t i = 0; rc == 0 && open > 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		open = set_step(&l, steps[i]);
		rc = take_step(&l, open, r, e);
	}
	memory_free(l.places);
	memory_free(l.looks);
	return rc;
}
