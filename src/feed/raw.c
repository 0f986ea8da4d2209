/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/raw.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "feed/feed_parts.h"
#include "feed/options.h"

#define BYTES_MAX ((size_t)16 << 20) /* a heap of cells holds this and one more message, however large */

enum raw { KEY, VALUE, TOPIC, PARTITION, OFFSET, TIMESTAMP, TIMESTAMP_TYPE, SPARKS, HEADERS = SPARKS, ERROR, RAWS };

/* --- rows ------------------------------------------------------------------------------------- */

struct schema *raw_schema(const char *database, const char *table, enum table_mode mode)
{
	static const struct {
		const char *name;
		enum type type;
	} columns[RAWS] = {
		[KEY] = { "key", TYPE_BINARY },
		[VALUE] = { "value", TYPE_BINARY },
		[TOPIC] = { "topic", TYPE_STRING },
		[PARTITION] = { "partition", TYPE_INT },
		[OFFSET] = { "offset", TYPE_LONG },
		[TIMESTAMP] = { "timestamp", TYPE_TIMESTAMP },
		[TIMESTAMP_TYPE] = { "timestampType", TYPE_INT },
		[HEADERS] = { "headers", TYPE_STRING },
		[ERROR] = { "error", TYPE_STRING },
	};
	struct schema *s = schema_new(database, table);

	s->mode = mode;
	for (uint32_t i = 0; i < (mode == MODE_QUARANTINE ? RAWS : SPARKS); i++)
		schema_add(s, columns[i].name, columns[i].type, true);
	return s;
}

static void add_bytes(struct column *c, struct bytes b)
{
	if (b.data == NULL)
		column_set_null(c);
	else
		column_add_bytes(c, b.data, (uint32_t)b.size);
}

/* A name that is no UTF-8 stands under "name64" instead. */
static void format_header(struct buffer *out, const char *name, struct bytes value)
{
	if (text_is_utf8(bytes_of_text(name))) {
		buffer_text(out, "{\"name\":");
		text_json_string(out, name);
	} else {
		buffer_text(out, "{\"name64\":\"");
		text_base64(out, bytes_of_text(name));
		buffer_char(out, '"');
	}
	buffer_text(out, value.data == NULL ? ",\"value\":null}" : ",\"value\":\"");
	if (value.data == NULL)
		return;
	text_base64(out, value);
	buffer_text(out, "\"}");
}

/* [{"name":"h","value":"base64"}, ...], or NULL: there are none. */
static void add_headers(struct column *c, const struct feed_ops *ops, const struct feed_message *m)
{
	struct buffer text = { 0 };
	struct bytes value;
	const char *name;

	for (size_t i = 0; ops->header != NULL && ops->header(m->handle, i, &name, &value); i++) {
		buffer_char(&text, i == 0 ? '[' : ',');
		format_header(&text, name, value);
	}
	if (text.size > 0)
		buffer_char(&text, ']');
	add_bytes(c, buffer_bytes(&text));
	buffer_release(&text);
}

/* The sentence shows bytes of the message, and may end within a character. */
static void add_reason(struct column *c, const char *why)
{
	struct bytes text = bytes_of_text(why);
	bool is_text = text_is_utf8(text);
	uint8_t *at = column_begin_bytes(c, (uint32_t)text.size);

	for (size_t i = 0; i < text.size; i++)
		at[i] = is_text || text.data[i] < 0x80 ? text.data[i] : '?';
	column_end_bytes(c, (uint32_t)text.size);
}

void raw_add(struct columns *rows, const struct feed_ops *ops, const char *topic, const struct feed_message *m,
	     const char *why)
{
	struct column *c = rows->columns;
	int64_t time_us;

	add_bytes(&c[KEY], m->key);
	add_bytes(&c[VALUE], m->value);
	add_bytes(&c[TOPIC], bytes_of_text(topic));
	column_add_int32(&c[PARTITION], (int32_t)m->partition);
	column_add_int64(&c[OFFSET], m->offset);
	if (__builtin_mul_overflow(m->time_ms, 1000, &time_us))
		column_set_null(&c[TIMESTAMP]);
	else
		column_add_int64(&c[TIMESTAMP], time_us);
	column_add_int32(&c[TIMESTAMP_TYPE], m->time_type);
	if (why != NULL) {
		add_headers(&c[HEADERS], ops, m);
		add_reason(&c[ERROR], why);
	}
	columns_end_row(rows);
}

/* --- on their way ----------------------------------------------------------------------------- */

static void set_schema(struct feed_table *t, enum table_mode mode)
{
	if (t->schema == NULL)
		t->schema = raw_schema(t->database, t->table, mode);
}

/*
 * The quarantine is one of the source's tables from the start, so that the low-water mark holds for it, too; one that is there
 * already also in a run that halts, for a later one may fill it again.
 */
static int open_quarantine(struct feed *f, struct err *e)
{
	bool is_wanted = strcmp(f->options->bad_message, "quarantine") == 0, is_there;
	struct schema *known = NULL;
	struct feed_table *t;

	if (f->known->known_table != NULL &&
	    f->known->known_table(f->known, QUARANTINE_DATABASE, QUARANTINE_TABLE, &known, e) < 0)
		return -1;
	is_there = known != NULL && known->mode == MODE_QUARANTINE;
	schema_release(known);
	if (!is_wanted && !is_there)
		return 0;
	t = feed_table_find(f, QUARANTINE_DATABASE, QUARANTINE_TABLE);
	set_schema(t, MODE_QUARANTINE);
	for (uint32_t i = 0; i < f->topic_count; i++)
		t->is_from[i] = true; /* any may have a message for it */
	f->messages_table = is_wanted ? t : NULL;
	return 0;
}

int raw_open(struct feed *f, struct err *e)
{
	for (uint32_t i = 0; i < f->topic_count && f->mode == MODE_RAW; i++)
		set_schema(feed_table_of(f, i, "", ""), MODE_RAW);
	return f->mode == MODE_RAW ? 0 : open_quarantine(f, e);
}

int raw_flush(struct feed *f, struct err *e)
{
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_ROWS, .origin = &origin };
	uint32_t count = f->messages.row_count;
	int rc;

	if (count == 0)
		return 0;
	c.schema = f->messages_table->schema;
	c.rows = (struct rows){ .op = OP_INSERT, .count = count, .after = &f->messages };
	rc = f->sink->take(f->sink, &c, e);
	columns_clear(&f->messages);
	if (rc < 0 || f->mode == MODE_RAW)
		return rc;
	f->refused += count;
	log_info("messages that cannot be read are kept", "table=" QUARANTINE_DATABASE "." QUARANTINE_TABLE " count=%u total=%llu",
		 count, (unsigned long long)f->refused);
	return 0;
}

/* Appends the message to the table's rows, unless the table has it. */
static int add(struct feed *f, struct feed_table *t, const struct feed_message *m, const char *why,
	       struct err *e)
{
	const char *topic = f->topics[m->topic].name;
	bool is_full;

	if (f->messages_table != t && raw_flush(f, e) < 0)
		return -1;
	f->messages_table = t;
	if (feed_announce(f, t, e) < 0)
		return -1;
	if (m->offset < offsets_get(&t->has, topic, m->partition))
		return 0;
	if (f->messages.column_count == 0)
		columns_init(&f->messages, t->schema);
	raw_add(&f->messages, f->ops, topic, m, why);
	is_full = f->messages.row_count >= FEED_RUN_ROWS_MAX || columns_bytes(&f->messages) >= BYTES_MAX;
	return is_full ? raw_flush(f, e) : 0;
}

int raw_take(struct feed *f, const struct feed_message *m, struct err *e)
{
	struct feed_table *t = f->topics[m->topic].table;
	int64_t time_us;

	if (!__builtin_mul_overflow(m->time_ms, 1000, &time_us) && time_us > f->time_us)
		f->time_us = time_us;
	return add(f, t != NULL ? t : feed_table_of(f, m->topic, "", ""), m, NULL, e);
}

int raw_refuse(struct feed *f, const struct feed_message *m, const char *why, struct err *e)
{
	return add(f, f->messages_table, m, why, e);
}
