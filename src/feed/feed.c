/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "feed/feed_parts.h"

#define REPLAY_TOLD_EVERY_US 10000000

int feed_open(struct feed *f, const struct feed_ops *ops, const struct feed_options *o, const struct sink *known,
	      struct err *e)
{
	f->ops = ops;
	f->options = o;
	f->known = known;
	return feed_settings_read(f, e);
}

void feed_add_topic(struct feed *f, const char *name, uint32_t partitions, const char *database, const char *table)
{
	f->topics = memory_grow(f->topics, struct feed_topic, f->topic_count + 1);
	f->topics[f->topic_count++] = (struct feed_topic){
		.name = memory_copy_text(name),
		.partitions = partitions,
		.database = memory_copy_text(database),
		.of_table = memory_copy_text(table),
	};
}

int feed_looked(struct feed *f, struct err *e)
{
	if (raw_open(f, e) < 0)
		return -1;
	f->first = memory_array(struct schema *, f->table_count);
	for (; f->first_count < f->table_count; f->first_count++)
		f->first[f->first_count] = schema_share(f->tables[f->first_count]->schema);
	return 0;
}

void feed_close(struct feed *f)
{
	for (uint32_t i = 0; i < f->first_count; i++)
		schema_release(f->first[i]);
	memory_free(f->first);
	feed_forget_tables(f);
	memory_free(f->tables);
	for (uint32_t i = 0; i < f->topic_count; i++) {
		input_free(f->topics[i].input);
		memory_free(f->topics[i].name);
		memory_free(f->topics[i].database);
		memory_free(f->topics[i].of_table);
	}
	memory_free(f->topics);
	row_run_release(&f->run);
	changelog_release(&f->changelog);
	columns_release(&f->messages);
	offsets_release(&f->next);
	offsets_release(&f->begun);
	offsets_release(&f->positions[0].next);
	offsets_release(&f->positions[1].next);
	feed_settings_release(f);
}

/* --- positions -------------------------------------------------------------------------------- */

void feed_position_format(const struct offsets *next, const struct offsets *begun, const struct seen *seen,
			  const struct lost_values *lost, struct buffer *out)
{
	offsets_format(next, begun, out);
	out->size--; /* the closing brace */
	buffer_text(out, ",\"seen\":");
	seen_format(seen, out);
	lost_values_format(lost, out);
	buffer_char(out, '}');
}

int feed_position_parse(struct offsets *next, struct offsets *begun, struct seen *seen, struct lost_values *lost,
			const char *position, struct err *e)
{
	return offsets_parse(next, begun, position, e) < 0 || seen_parse(seen, position, e) < 0 ||
	       lost_values_parse(lost, position, e) < 0 ? -1 : 0;
}

/* How far the table is: what it had stays, while the stream is still behind that. */
static void take_farther(const struct feed *f, const struct feed_table *t, const struct offsets *next,
			 struct offsets *out)
{
	offsets_copy(out, &t->has);
	for (uint32_t i = 0; i < f->topic_count; i++) {
		const char *topic = f->topics[i].name;

		for (uint32_t p = 0; p < f->topics[i].partitions && t->is_from[i]; p++) {
			int64_t had = offsets_get(&t->has, topic, p), now = offsets_get(next, topic, p);

			offsets_set(out, topic, p, now > had ? now : had);
			if (now > had)
				offsets_set_place(out, topic, offsets_place(next, topic));
		}
	}
}

/* Asked for between a COMMIT and the message behind it: what the table has seen by then is what it has. */
static void format_position(const struct position *base, const struct schema *table, struct buffer *out)
{
	const struct feed_position *p = (const struct feed_position *)base;
	struct offsets of_table = { 0 };
	struct feed_table *t;

	t = table != NULL ? feed_table_named(p->feed, table->database, table->table) : NULL;
	if (t == NULL) {
		offsets_format(&p->next, &p->feed->begun, out);
		return;
	}
	take_farther(p->feed, t, &p->next, &of_table);
	feed_position_format(&of_table, &p->feed->begun, &t->seen, &t->lost, out);
	if (p->feed->is_shared) /* each commit adds its own to those of others */
		lost_values_told(&t->lost);
	offsets_release(&of_table);
}

/* Not for each message that comes again, but for many of them. */
void feed_tell_replayed(struct feed *f, bool at_once)
{
	int64_t now_us = clock_monotonic_us();

	if (f->replayed == 0 || (!at_once && now_us - f->replay_told_us < REPLAY_TOLD_EVERY_US))
		return;
	log_info("events that came again were ignored", "count=%llu", (unsigned long long)f->replayed);
	f->replayed = 0;
	f->replay_told_us = now_us;
}

int feed_commit(struct feed *f, struct err *e)
{
	struct feed_position *p = &f->positions[f->commits % 2];
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_COMMIT, .origin = &origin, .position = &p->base };

	if (feed_flush(f, e) < 0)
		return -1;
	if (f->ops->mark != NULL)
		f->ops->mark(f);
	feed_tell_replayed(f, false);
	p->feed = f;
	p->base = (struct position){ ++f->commits, f->time_us, format_position };
	offsets_copy(&p->next, &f->next);
	return f->sink->take(f->sink, &c, e);
}

static int parse_message_place(char **topic, int64_t *partition, int64_t *offset, const char *place, struct err *e)
{
	const char *last = strrchr(place, ':'), *first = last != NULL ? memrchr(place, ':', (size_t)(last - place)) : NULL;

	if (first == NULL || first == place || !text_parse_int(bytes_of_text(last + 1), offset) ||
	    !text_parse_int((struct bytes){ (const uint8_t *)first + 1, (size_t)(last - first) - 1 }, partition) || *partition < 0 ||
	    *partition > UINT32_MAX)
		return err_set(e, ERR_CONFIG, "\"%.100s\" is no place of a message: write TOPIC:PARTITION:OFFSET", place);
	*topic = memory_copy(place, (size_t)(first - place));
	return 0;
}

int feed_position_has(bool *out, const char *position, const char *place, struct err *e)
{
	struct offsets next = { 0 }, begun = { 0 };
	struct lost_values lost = { 0 };
	struct seen seen = { 0 };
	int64_t partition, offset;
	char *topic = NULL;
	int rc;

	if (parse_message_place(&topic, &partition, &offset, place, e) < 0)
		return -1;
	rc = feed_position_parse(&next, &begun, &seen, &lost, position, e);
	if (rc == 0)
		*out = offsets_get(&next, topic, (uint32_t)partition) > offset;
	offsets_release(&next);
	offsets_release(&begun);
	seen_release(&seen);
	lost_values_release(&lost);
	memory_free(topic);
	return rc;
}
