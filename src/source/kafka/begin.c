/* SPDX-License-Identifier: Apache-2.0 */
/* Where partitions begin: --from-offset, of which the tables' own positions leave only what is new to them. */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "broker/consumer.h"
#include "source/kafka/kafka_state.h"

static bool is_word(const struct kafka_source *s, const char *word)
{
	return strcmp(s->options->from_offset, word) == 0;
}

/* "topic:partition:offset" */
static int parse_place(struct kafka_source *s, char *place, struct err *e)
{
	char *partition = strchr(place, ':'), *offset = partition != NULL ? strchr(partition + 1, ':') : NULL;
	uint64_t number, at;
	uint32_t topic = 0;

	if (offset != NULL)
		*partition++ = *offset++ = '\0';
	if (offset == NULL || !text_parse_uint(bytes_of_text(partition), &number) ||
	    !text_parse_uint(bytes_of_text(offset), &at) || at > INT64_MAX)
		return err_set(e, ERR_CONFIG, "--from-offset: \"%s\" is not earliest, latest or topic:partition:offset", place);
	while (topic < s->topic_count && strcmp(s->names[topic].name, place) != 0)
		topic++;
	if (topic == s->topic_count)
		return err_set(e, ERR_CONFIG, "--from-offset: topic %s is not among the topics that are read", place);
	if (number >= s->names[topic].partitions)
		return err_set(e, ERR_CONFIG, "--from-offset: topic %s has no partition %llu, only %u of them", place,
			       (unsigned long long)number, s->names[topic].partitions);
	offsets_set(&s->places, place, (uint32_t)number, (int64_t)at);
	return 0;
}

int kafka_begin_read(struct kafka_source *s, struct err *e)
{
	char *copy, *rest, *place;
	int rc = 0;

	if (is_word(s, "earliest") || is_word(s, "latest"))
		return 0;
	copy = rest = memory_copy_text(s->options->from_offset);
	while (rc == 0 && (place = strsep(&rest, ",")) != NULL)
		rc = parse_place(s, place, e);
	memory_free(copy);
	return rc;
}

/* The first offset that one of the tables has not, of those that have read the partition; -1: none has. */
static int64_t first_missing(const struct kafka_source *s, const char *topic, uint32_t partition)
{
	int64_t first = -1;

	for (uint32_t i = 0; i < s->table_count; i++) {
		int64_t has = offsets_get(&s->tables[i]->has, topic, partition);

		if (has >= 0 && (first < 0 || has < first))
			first = has;
	}
	return first;
}

/* A table was written when the topic had fewer partitions: all of this one is new. */
static bool was_added(const struct kafka_source *s, const char *topic, uint32_t partition)
{
	for (uint32_t i = 0; i < s->table_count; i++) {
		uint32_t had = offsets_partitions(&s->tables[i]->has, topic);

		if (had > 0 && had <= partition)
			return true;
	}
	return false;
}

int kafka_begin_at(const struct kafka_source *s, const char *topic, uint32_t partition, int64_t first, int64_t end,
		   int64_t *out, struct err *e)
{
	int64_t missing = first_missing(s, topic, partition), place = offsets_get(&s->places, topic, partition);

	*out = first;
	if (is_word(s, "earliest") || was_added(s, topic, partition))
		return 0;
	if (missing >= 0)
		*out = missing > first ? missing : first;
	else if (is_word(s, "latest"))
		*out = end;
	else if (place >= first && place <= end)
		*out = place;
	else if (place >= 0)
		return err_set(e, ERR_CONFIG, "--from-offset: topic %s, partition %u has messages from offset %lld to %lld, and "
			       "nothing at %lld", topic, partition, (long long)first, (long long)end, (long long)place);
	return 0;
}

int kafka_check_end(const struct kafka_table *t, const char *topic, uint32_t partition, int64_t end, struct err *e)
{
	int64_t has = offsets_get(&t->has, topic, partition);

	if (has <= end)
		return 0;
	return err_set(e, ERR_DATA, "table %s.%s stands at offset %lld of topic %s, partition %u, which ends at %lld: the topic "
		       "was made again; nothing is skipped: move the lake table away and run again", t->database, t->table,
		       (long long)has, topic, partition, (long long)end);
}
