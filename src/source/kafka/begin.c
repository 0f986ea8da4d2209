/* SPDX-License-Identifier: Apache-2.0 */
/* Where partitions begin: --from-offset, which is for the first run; each position then keeps where that was. */
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
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

void kafka_begin_found(struct kafka_source *s, const struct offsets *next)
{
	for (uint32_t t = 0; t < s->topic_count; t++)
		s->has_begun |= offsets_partitions(next, s->names[t].name) > 0;
}

void kafka_begin_start(struct kafka_source *s)
{
	for (uint32_t t = 0; t < s->topic_count && !s->has_begun && !is_word(s, "earliest"); t++)
		offsets_set(&s->feed.begun, s->names[t].name, s->names[t].partitions - 1, -1);
}

/*
 * A table's own offset is no place to begin at: another table may have committed nothing yet of what it read before that.
 * What is not in `begun` came later, or the pipeline began with the earliest messages: then all of it is read.
 */
int kafka_begin_at(struct kafka_source *s, const char *topic, uint32_t partition, int64_t first, int64_t end,
		   int64_t *out, struct err *e)
{
	int64_t begun = offsets_get(&s->feed.begun, topic, partition), place = offsets_get(&s->places, topic, partition);

	*out = begun > first ? begun : first;
	if (begun >= 0 || offsets_partitions(&s->feed.begun, topic) <= partition)
		return 0;
	if (is_word(s, "latest"))
		*out = end;
	else if (place >= first && place <= end)
		*out = place;
	else if (place >= 0)
		return err_set(e, ERR_CONFIG, "--from-offset: topic %s, partition %u has messages from offset %lld to %lld, and "
			       "nothing at %lld", topic, partition, (long long)first, (long long)end, (long long)place);
	offsets_set(&s->feed.begun, topic, partition, *out);
	return 0;
}

int kafka_check_end(const struct feed_table *t, const char *topic, uint32_t partition, int64_t end, struct err *e)
{
	int64_t has = offsets_get(&t->has, topic, partition);

	if (has <= end)
		return 0;
	return err_set(e, ERR_DATA, "table %s.%s stands at offset %lld of topic %s, partition %u, which ends at %lld: the topic "
		       "was made again; " READ_WHAT_IS_LEFT("the lake table"), t->database, t->table,
		       (long long)has, topic, partition, (long long)end);
}
