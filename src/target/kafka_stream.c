/* SPDX-License-Identifier: Apache-2.0 */
#include "target/kafka_stream.h"

#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "target/kafka_tails.h"

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
	if (producer_topic(s->producer, s->name, s->wish, &s->topic, e) < 0)
		return -1;
	s->tails = memory_array(struct kafka_tail, producer_topic_partitions(s->topic));
	s->keyless = producer_partition(s->topic, bytes_of_text(s->name));
	return 0;
}

/* The tails are known. */
static void find_number(struct kafka_stream *s)
{
	uint32_t count = producer_topic_partitions(s->topic);

	for (uint32_t i = 0; i < count && !s->has_committed; i++) {
		if (s->tails[i].number > s->number)
			s->number = s->committed = s->tails[i].number;
	}
	s->has_committed = true;
}

static int open_and_read(struct kafka_stream *s, struct err *e)
{
	if (open_topic(s, e) < 0 || kafka_tails_read(&s, 1, s->reader, e) < 0)
		return -1;
	find_number(s);
	return 0;
}

int kafka_streams_open(struct kafka_stream *const *streams, uint32_t count, struct partition_reader *r, struct err *e)
{
	struct kafka_stream **there = memory_array(struct kafka_stream *, count);
	uint32_t there_count = 0;
	int rc = 0;

	for (uint32_t i = 0; i < count && rc == 0; i++) {
		struct kafka_stream *s = streams[i];
		bool is_there = false;

		if (s->name == NULL)
			continue;
		rc = producer_has_topic(s->producer, s->name, &is_there, e);
		s->has_committed = s->has_committed || !is_there;
		if (rc == 0 && is_there)
			rc = open_topic(s, e);
		if (rc == 0 && is_there)
			there[there_count++] = s;
	}
	if (rc == 0)
		rc = kafka_tails_read(there, there_count, r, e);
	for (uint32_t i = 0; i < there_count && rc == 0; i++)
		find_number(there[i]);
	memory_free(there);
	return rc;
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

	if (s->topic == NULL && open_and_read(s, e) < 0)
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
	*ours = (struct producer_header){ KAFKA_HEADER, buffer_bytes(&s->header) };
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
