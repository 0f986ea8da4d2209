/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kafka_stream.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define HEADER   "tailrace"
#define READ_MS  10000
/* How far back from a partition's end to look for a message of ours, step by step; then from its beginning. */
static const int64_t steps[] = { 1, 100, 10000, INT64_MAX };

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
static void note_foreign(struct kafka_tail *out, const struct partition_message *m, bool *is_whole)
{
	struct debezium_place place;

	if (m->value.data == NULL) {
		out->present += out->present > 0;
	} else if (debezium_place_read(&place, m->value)) {
		bool is_same = out->present > 0 && place.offset == out->place.offset && place.row == out->place.row &&
			       strcmp(place.file, out->place.file) == 0;

		*is_whole = *is_whole || (out->present > 0 && !is_same);
		out->present = is_same ? out->present + 1 : 1;
		out->place = place;
	}
}

/* Reads from `from` up to `end`; *is_whole: what was found does not reach back behind `from`. */
static int read_tail(struct kafka_stream *s, uint32_t partition, int64_t from, int64_t end, bool *is_whole, struct err *e)
{
	int64_t until_us = clock_monotonic_us() + READ_MS * 1000;
	struct kafka_tail *out = &s->tails[partition];
	bool at_end = false;

	out->present = 0;
	if (partition_reader_start(s->reader, s->name, partition, from, e) < 0)
		return -1;
	while (from < end && !at_end) {
		struct partition_message m;
		struct bytes header;
		int rc = partition_reader_next(s->reader, 100, &at_end, &m, e);

		if (rc < 0)
			return -1;
		if (rc == 1 && clock_monotonic_us() > until_us)
			return err_set(e, ERR_RETRY, "topic %s, partition %u, offset %lld: cannot be read", s->name,
				       partition, (long long)from);
		if (rc == 1)
			continue;
		until_us = clock_monotonic_us() + READ_MS * 1000;
		from = m.offset + 1;
		if (partition_message_header(&m, HEADER, &header))
			parse_header(header, out);
		else if (s->takes_over)
			note_foreign(out, &m, is_whole);
	}
	*is_whole = *is_whole || out->number > 0;
	return 0;
}

static int find_tail(struct kafka_stream *s, uint32_t partition, struct err *e)
{
	bool is_whole = false;
	int64_t first, end;

	if (partition_reader_range(s->reader, s->name, partition, &first, &end, e) < 0)
		return -1;
	for (size_t i = 0; !is_whole && first < end; i++) {
		int64_t from = end - first > steps[i] ? end - steps[i] : first;
		int rc = read_tail(s, partition, from, end, &is_whole, e);

		partition_reader_stop(s->reader);
		if (rc < 0)
			return -1;
		if (from == first)
			break;
	}
	return 0;
}

void kafka_stream_init(struct kafka_stream *s, struct producer *p, struct partition_reader *r, const char *topic,
		       const struct topic_wish *wish, const uint64_t *committed, bool takes_over)
{
	*s = (struct kafka_stream){ .producer = p, .reader = r, .wish = wish, .name = memory_copy_text(topic) };
	s->has_committed = committed != NULL || takes_over;
	s->takes_over = takes_over;
	if (committed != NULL)
		s->number = s->committed = *committed;
}

static int open_topic(struct kafka_stream *s, struct err *e)
{
	uint64_t highest = 0;
	uint32_t count;

	if (producer_topic(s->producer, s->name, s->wish, &s->topic, e) < 0)
		return -1;
	count = producer_topic_partitions(s->topic);
	s->tails = memory_array(struct kafka_tail, count);
	for (uint32_t i = 0; i < count; i++) {
		if (find_tail(s, i, e) < 0)
			return -1;
		if (s->tails[i].number > highest)
			highest = s->tails[i].number;
	}
	if (!s->has_committed)
		s->number = s->committed = highest;
	s->keyless = producer_partition(s->topic, bytes_of_text(s->name));
	return 0;
}

int kafka_stream_settle(struct kafka_stream *s, struct err *e)
{
	bool is_there;

	if (s->name == NULL || s->has_committed || s->topic != NULL)
		return 0;
	if (producer_has_topic(s->producer, s->name, &is_there, e) < 0)
		return -1;
	s->has_committed = !is_there;
	return is_there ? open_topic(s, e) : 0;
}

void kafka_stream_release(struct kafka_stream *s)
{
	for (uint32_t i = 0; s->tails != NULL && i < producer_topic_partitions(s->topic); i++)
		memory_free(s->tails[i].transaction);
	memory_free(s->tails);
	buffer_release(&s->header);
	memory_free(s->name);
	*s = (struct kafka_stream){ 0 };
}

/* The partition's newest message was made of this transaction, or the log is not the one that made it. */
static int same_transaction(const struct kafka_stream *s, uint32_t partition, const char *transaction, struct err *e)
{
	const struct kafka_tail *tail = &s->tails[partition];

	if (s->number < tail->number || tail->transaction == NULL || strcmp(tail->transaction, transaction) == 0)
		return 0;
	return err_set(e, ERR_DATA, "topic %s, partition %u: its newest message (number %llu) comes from transaction %.80s, "
		       "in whose place the server's log has %.80s: this is another log, or the tables' settings were changed; "
		       "nothing is sent", producer_topic_name(s->topic), partition, (unsigned long long)tail->number,
		       tail->transaction, transaction);
}

/* <0, 0, >0: before, at or behind the row that Debezium sent last. */
static int compare_places(const struct kafka_place *a, const struct debezium_place *b)
{
	size_t size_a = strlen(a->file), size_b = strlen(b->file);
	int order = size_a != size_b ? (size_a < size_b ? -1 : 1) : strcmp(a->file, b->file);

	if (order != 0)
		return order;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

/* Whether Debezium has sent this message of the row at `place`. */
static bool is_from_debezium(struct kafka_tail *tail, const struct kafka_place *place)
{
	int order;

	if (tail->present == 0 || place->file == NULL)
		return false;
	order = compare_places(place, &tail->place);
	if (order == 0)
		tail->present--;
	else if (order > 0)
		tail->present = 0;
	return order <= 0;
}

int kafka_stream_send(struct kafka_stream *s, struct producer_message *m, struct producer_header *ours,
		      const char *transaction, const struct kafka_place *place, struct err *e)
{
	struct kafka_tail *tail;

	if (s->topic == NULL && open_topic(s, e) < 0)
		return -1;
	m->partition = m->key.data != NULL ? producer_partition(s->topic, m->key) : s->keyless;
	tail = &s->tails[m->partition];
	s->number++;
	if (s->number <= tail->number)
		return same_transaction(s, m->partition, transaction, e) < 0 ? -1 : 1;
	if (is_from_debezium(tail, place))
		return 1;
	buffer_clear(&s->header);
	text_uint(&s->header, s->number);
	buffer_char(&s->header, ' ');
	buffer_text(&s->header, transaction);
	*ours = (struct producer_header){ HEADER, buffer_bytes(&s->header) };
	if (producer_send(s->producer, s->topic, m, e) < 0)
		return -1;
	tail->number = s->number;
	if (tail->transaction != NULL)
		memory_free(tail->transaction);
	tail->transaction = NULL;
	return 0;
}

void kafka_stream_roll_back(struct kafka_stream *s)
{
	s->number = s->committed;
}
