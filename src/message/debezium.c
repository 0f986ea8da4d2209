/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row's message: prebuilt pieces with the row's cells and the event's numbers between them, in room that is
 * reserved once.
 */
#include "message/debezium.h"

#include <assert.h>

#include "message/names.h"
#include "message/plan.h"
#include "message/put.h"
#include "message/source.h"

struct debezium_table {
	struct schema *schema;
	struct buffer topic;
	struct plan *fields;          /* in the schema's order */
	struct plan *key;             /* in the key's order */
	uint32_t *texts;              /* the fields whose cells are of any size */
	uint32_t text_count;
	size_t image_size, key_size;  /* of a row, without those */
	struct buffer key_head;       /* {"schema":…,"payload": */
	struct buffer value_head;     /* {"schema":…,"payload":{"before": */
	struct source_block source;
	bool has_schemas;
};

static void append_struct_start(struct buffer *out)
{
	buffer_text(out, "{\"type\":\"struct\",\"fields\":[");
}

static void append_fields(struct buffer *out, const struct plan *plans, uint32_t count, const struct schema *s)
{
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		plan_schema(&plans[i], s, out);
	}
}

static void append_schema_name(struct buffer *out, const struct debezium_table *t, const struct debezium_options *o,
			       const char *suffix)
{
	buffer_text(out, ",\"name\":\"");
	name_schema(out, o, debezium_topic(t), suffix);
	buffer_char(out, '"');
}

static void append_key_schema(const struct debezium_table *t, const struct debezium_options *o, struct buffer *out)
{
	append_struct_start(out);
	append_fields(out, t->key, t->schema->key_count, t->schema);
	buffer_text(out, "],\"optional\":false");
	append_schema_name(out, t, o, "Key");
	buffer_char(out, '}');
}

static void append_image_schema(const struct debezium_table *t, const struct debezium_options *o, const char *field,
				struct buffer *out)
{
	append_struct_start(out);
	append_fields(out, t->fields, t->schema->field_count, t->schema);
	buffer_text(out, "],\"optional\":true");
	append_schema_name(out, t, o, "Value");
	buffer_format(out, ",\"field\":\"%s\"}", field);
}

static void append_envelope_schema(const struct debezium_table *t, const struct debezium_options *o,
				   struct buffer *out)
{
	append_struct_start(out);
	append_image_schema(t, o, "before", out);
	buffer_char(out, ',');
	append_image_schema(t, o, "after", out);
	buffer_char(out, ',');
	source_schema(o->connector, out);
	buffer_char(out, ',');
	transaction_schema(out);
	buffer_text(out, "," SCHEMA_FIELD("string", "false", "op") "," SCHEMA_FIELD("int64", "true", "ts_ms") ","
			 SCHEMA_FIELD("int64", "true", "ts_us") "," SCHEMA_FIELD("int64", "true", "ts_ns")
			 "],\"optional\":false");
	append_schema_name(out, t, o, "Envelope");
	buffer_text(out, ",\"version\":2}");
}

static void make_heads(struct debezium_table *t, const struct debezium_options *o)
{
	t->has_schemas = o->schemas;
	if (o->schemas) {
		buffer_text(&t->key_head, "{\"schema\":");
		append_key_schema(t, o, &t->key_head);
		buffer_text(&t->key_head, ",\"payload\":");
		buffer_text(&t->value_head, "{\"schema\":");
		append_envelope_schema(t, o, &t->value_head);
		buffer_text(&t->value_head, ",\"payload\":");
	}
	buffer_text(&t->value_head, "{\"before\":");
}

static size_t plans_size(const struct plan *plans, uint32_t count)
{
	size_t size = 2;

	for (uint32_t i = 0; i < count; i++) {
		const struct plan *p = &plans[i];

		size += p->lead.size + p->null.size + p->kind->fixed;
	}
	return size;
}

static int make_plans(struct debezium_table *t, const struct debezium_options *o, struct err *e)
{
	struct schema *s = t->schema;

	t->fields = memory_array(struct plan, s->field_count);
	t->key = memory_array(struct plan, s->key_count);
	t->texts = memory_array(uint32_t, s->field_count);
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (plan_init(&t->fields[i], o, s, i, i == 0, e) < 0)
			return -1;
		if (field_storage(&s->fields[i]) == STORAGE_BYTES && t->fields[i].kind->size != NULL)
			t->texts[t->text_count++] = i;
	}
	for (uint32_t i = 0; i < s->key_count; i++) {
		if (plan_init(&t->key[i], o, s, s->key[i], i == 0, e) < 0)
			return -1;
	}
	t->image_size = plans_size(t->fields, s->field_count);
	t->key_size = plans_size(t->key, s->key_count);
	return 0;
}

int debezium_table_new(struct debezium_table **out, const struct debezium_options *o, struct schema *s,
		       struct err *e)
{
	struct debezium_table *t = memory_new(struct debezium_table);

	t->schema = schema_share(s);
	name_topic(&t->topic, o, s->database, s->table);
	buffer_string(&t->topic);
	if (make_plans(t, o, e) < 0) {
		debezium_table_free(t);
		return -1;
	}
	source_block_init(&t->source, o, s);
	make_heads(t, o);
	*out = t;
	return 0;
}

static void plans_free(struct plan *plans, uint32_t count)
{
	for (uint32_t i = 0; plans != NULL && i < count; i++)
		plan_release(&plans[i]);
	memory_free(plans);
}

void debezium_table_free(struct debezium_table *t)
{
	if (t == NULL)
		return;
	plans_free(t->fields, t->schema->field_count);
	plans_free(t->key, t->schema->key_count);
	memory_free(t->texts);
	source_block_release(&t->source);
	buffer_release(&t->topic);
	buffer_release(&t->key_head);
	buffer_release(&t->value_head);
	schema_release(t->schema);
	memory_free(t);
}

const char *debezium_topic(const struct debezium_table *t)
{
	return (const char *)t->topic.data;
}

static uint8_t *put_image(uint8_t *at, const struct plan *plans, uint32_t count, struct debezium_image image,
			  bool is_copy)
{
	for (const struct plan *p = plans; p < plans + count; p++) {
		const struct column *c = &image.columns->columns[p->column];

		at = put_bytes(at, buffer_bytes(&p->lead));
		if (column_is_null(c, image.row))
			at = put_bytes(at, buffer_bytes(&p->null));
		else
			at = (is_copy ? p->put_copy : p->put)(at, p, c, image.row);
	}
	*at++ = '}';
	return at;
}

bool debezium_key(const struct debezium_table *t, struct debezium_image row, struct buffer *out)
{
	uint32_t count = t->schema->key_count;
	size_t size = t->key_head.size + t->key_size;
	uint8_t *at;

	if (count == 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		size += plan_size(&t->key[i], &row.columns->columns[t->key[i].column], row.row);
	buffer_reserve(out, size);
	at = put_bytes(out->data + out->size, buffer_bytes(&t->key_head));
	at = put_image(at, t->key, count, row, false);
	if (t->has_schemas)
		*at++ = '}';
	assert((size_t)(at - out->data) <= out->capacity);
	out->size = (size_t)(at - out->data);
	return true;
}

struct bytes debezium_key_payload(const struct debezium_table *t, struct bytes key)
{
	size_t end = t->has_schemas ? 1 : 0;

	assert(key.size > t->key_head.size + end);
	return (struct bytes){ key.data + t->key_head.size, key.size - t->key_head.size - end };
}

static size_t image_size(const struct debezium_table *t, struct debezium_image image)
{
	size_t size = t->image_size;

	if (image.columns == NULL)
		return 4;
	for (uint32_t i = 0; i < t->text_count; i++) {
		const struct plan *p = &t->fields[t->texts[i]];

		size += p->kind->size(column_bytes(&image.columns->columns[p->column], image.row));
	}
	return size;
}

static uint8_t *put_image_or_null(uint8_t *at, const struct debezium_table *t, struct debezium_image image,
				  bool is_copy)
{
	if (image.columns == NULL)
		return PUT_LITERAL(at, "null");
	return put_image(at, t->fields, t->schema->field_count, image, is_copy);
}

void debezium_value(struct debezium_table *t, const struct debezium_event *event, struct debezium_image before,
		    struct debezium_image after, struct buffer *out)
{
	bool is_copy = event->op == 'r';
	uint8_t *at;

	source_block_make(&t->source, event);
	buffer_reserve(out, t->value_head.size + image_size(t, before) + image_size(t, after) +
				    source_block_size(&t->source, event) + 16);
	at = put_bytes(out->data + out->size, buffer_bytes(&t->value_head));
	at = put_image_or_null(at, t, before, is_copy);
	at = PUT_LITERAL(at, ",\"after\":");
	at = put_image_or_null(at, t, after, is_copy);
	at = put_source_block(at, &t->source, event);
	*at++ = '}';
	if (t->has_schemas)
		*at++ = '}';
	assert((size_t)(at - out->data) <= out->capacity);
	out->size = (size_t)(at - out->data);
}
