/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/unpivot.h"

#include <strings.h>

#include "base/memory.h"
#include "change/event.h"
#include "merge/attribute_value.h"
#include "merge/fold.h"

const char *const long_mark_names[LONG_MARKS] = {
	[LONG_INSERT] = "_insert",
	[LONG_UPDATE] = "_update",
	[LONG_DELETE] = "_delete",
};

/* Engines do not tell names apart by the case of their letters. */
static bool is_named(const struct schema *s, uint32_t field, const char *name)
{
	return strcasecmp(s->fields[field].name, name) == 0;
}

static int check_copied(const struct schema *events, uint32_t field, struct err *e)
{
	static const char *const ours[] = { LONG_ATTRIBUTE, LONG_VALUE, LONG_DELETED };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (is_named(events, field, ours[i]))
			return err_set(e, ERR_CONFIG, "column \"%s\" is of the key or the order, and the long table has a column of "
				       "its own of that name: rename it at the source", events->fields[field].name);
	}
	return 0;
}

static int check_columns(const struct schema *events, struct err *e)
{
	if (events->key_count == 0)
		return err_set(e, ERR_CONFIG, "events of a table without a key cannot be put together: give its columns (--key)");
	for (uint32_t i = 0; i < events->field_count; i++) {
		const struct field *f = &events->fields[i];
		bool is_key = schema_is_key(events, i);

		if ((is_key || schema_is_order(events, i)) && check_copied(events, i, e) < 0)
			return -1;
		for (size_t m = 0; m < LONG_MARKS; m++) {
			if (strcmp(f->name, long_mark_names[m]) == 0)
				return err_set(e, ERR_CONFIG, "column \"%s\" has a name that the long table needs: rename it at the "
					       "source", f->name);
		}
		if (!f->is_nullable && !is_key && !event_is_added(f->name))
			return err_set(e, ERR_CONFIG, "column \"%s\" is NOT NULL, but a row is there as soon as one of its columns is "
				       "told, and the others are NULL so far: give the column without NOT NULL (--schema)", f->name);
	}
	return 0;
}

int long_schema(struct schema **out, const struct schema *events, struct err *e)
{
	uint32_t *fields = memory_array(uint32_t, events->key_count + events->order_count + 1);
	struct buffer name = { 0 };
	struct schema *s;

	if (check_columns(events, e) < 0) {
		memory_free(fields);
		return -1;
	}
	buffer_format(&name, "%s" LONG_SUFFIX, events->table);
	s = schema_new(events->database, buffer_string(&name));
	buffer_release(&name);
	for (uint32_t i = 0; i <= events->key_count; i++)
		fields[i] = i;
	for (uint32_t i = 0; i < events->key_count; i++)
		schema_add_copy(s, events->fields[events->key[i]].name, &events->fields[events->key[i]],
				events->fields[events->key[i]].is_nullable);
	schema_add(s, LONG_ATTRIBUTE, TYPE_STRING, false);
	schema_set_key(s, fields, events->key_count + 1);
	schema_add(s, LONG_VALUE, TYPE_STRING, true);
	schema_add(s, LONG_DELETED, TYPE_BOOLEAN, false);
	for (uint32_t i = 0; i < events->order_count; i++) {
		const struct field *f = &events->fields[events->order[i]];
		int known = schema_find(s, f->name);

		fields[i] = known >= 0 ? (uint32_t)known : s->field_count;
		if (known < 0)
			schema_add_copy(s, f->name, f, true);
	}
	schema_set_order(s, fields, events->order_count);
	memory_free(fields);
	*out = s;
	return 0;
}

struct schema *long_shown(const struct schema *events)
{
	uint32_t *key = memory_array(uint32_t, events->key_count);
	struct schema *s = schema_new(events->database, events->table);

	for (uint32_t i = 0; i < events->field_count; i++) {
		if (!event_is_added(events->fields[i].name))
			schema_add_copy(s, events->fields[i].name, &events->fields[i], events->fields[i].is_nullable);
	}
	for (uint32_t i = 0; i < events->key_count; i++)
		key[i] = (uint32_t)schema_find(s, events->fields[events->key[i]].name);
	schema_set_key(s, key, events->key_count);
	s->is_by_column = true;
	memory_free(key);
	return s;
}

struct unpivoting {
	const struct schema *events;
	const struct batch *from;
	struct long_rows *out;
	bool *is_attribute;    /* of each field of the events */
	uint32_t capacity;     /* of origins */
	uint32_t attribute;    /* the long table's fields: the first one behind the key */
	struct buffer scratch;
};

/* The cells that all rows of an event have; then those of its own in between. */
static void add_row(struct unpivoting *u, const struct columns *rows, uint32_t row, struct long_origin origin)
{
	struct columns *to = &u->out->batch->after;
	uint32_t field = origin.attribute, count = u->events->field_count, behind = u->attribute + 3;
	const char *name = field < count ? u->events->fields[field].name : long_mark_names[field - count];

	for (uint32_t i = 0; i < u->events->key_count; i++)
		column_append_range(&to->columns[i], &rows->columns[u->events->key[i]], row, 1);
	column_add_bytes(&to->columns[u->attribute], name, (uint32_t)strlen(name));
	if (field < count)
		attribute_value_put(&to->columns[u->attribute + 1], &u->events->fields[field], &rows->columns[field], row, &u->scratch);
	else
		column_set_null(&to->columns[u->attribute + 1]);
	column_add_bool(&to->columns[u->attribute + 2], field == count + LONG_DELETE);
	for (uint32_t i = 0; i < u->events->order_count; i++) {
		if (u->out->batch->schema->order[i] >= behind)
			column_append_range(&to->columns[u->out->batch->schema->order[i]], &rows->columns[u->events->order[i]], row, 1);
	}
	if (to->row_count == u->capacity) {
		u->capacity = u->capacity > 0 ? u->capacity * 2 : 1024;
		u->out->origins = memory_grow(u->out->origins, struct long_origin, u->capacity);
	}
	u->out->origins[to->row_count] = origin;
	columns_end_row(to);
}

static bool was_insert(const struct unpivoting *u, uint32_t row)
{
	const struct column *rank = &u->from->after.columns[u->events->order[u->events->order_count - 1]];

	return (uint64_t)column_int64(rank, row) >> EVENT_ACTION_SHIFT == EVENT_INSERT;
}

static void add_upsert(struct unpivoting *u, uint32_t row, const uint8_t *present, uint32_t change)
{
	const uint32_t count = u->events->field_count;
	bool is_empty = true;

	for (uint32_t i = 0; i < count; i++) {
		if (!u->is_attribute[i] || !field_present(present, i))
			continue;
		add_row(u, &u->from->after, row, (struct long_origin){ change, i });
		is_empty = false;
	}
	if (was_insert(u, row))
		add_row(u, &u->from->after, row, (struct long_origin){ change, count + LONG_INSERT });
	else if (is_empty)
		add_row(u, &u->from->after, row, (struct long_origin){ change, count + LONG_UPDATE });
}

/* A row of the long table with what merging it takes: its cells, hash, order, and place in the index. */
#define LONG_ROW_BYTES 128u

static uint64_t count_bits(const uint8_t *bits, size_t size)
{
	uint64_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += (uint64_t)__builtin_popcount(bits[i]);
	return count;
}

size_t long_rows_bytes(const struct schema *events, const struct rows *rows)
{
	size_t size = (events->field_count + 7) / 8;

	if (rows->op == OP_DELETE)
		return (size_t)rows->count * LONG_ROW_BYTES;
	if (rows->each_present != NULL)
		return count_bits(rows->each_present, size * rows->count) * LONG_ROW_BYTES;
	return (size_t)rows->count * LONG_ROW_BYTES *
	       (rows->after_present != NULL ? count_bits(rows->after_present, size) : events->field_count);
}

void unpivot(struct long_rows *out, struct schema *long_table, const struct batch *events)
{
	struct unpivoting u = { .events = events->schema, .from = events, .out = out, .attribute = events->schema->key_count };
	struct batch *b = batch_new(long_table);
	uint32_t change = 0;

	*out = (struct long_rows){ .batch = b };
	u.is_attribute = memory_array(bool, u.events->field_count);
	for (uint32_t i = 0; i < u.events->field_count; i++)
		u.is_attribute[i] = !schema_is_key(u.events, i) && !event_is_added(u.events->fields[i].name);
	for (uint32_t i = 0; i < events->run_count; i++) {
		const struct batch_run *run = &events->runs[i];
		const uint8_t *present = run->present > 0 ? events->presences[run->present - 1].present : NULL;

		for (uint32_t row = run->first; row < run->first + run->count; row++, change++) {
			if (run->op == BATCH_UPSERT)
				add_upsert(&u, row, present, change);
			else
				add_row(&u, &events->before, row,
					(struct long_origin){ change, u.events->field_count + LONG_DELETE });
		}
	}
	batch_take_after(b);
	b->rows_in = events->rows_in;
	b->source_time_us = events->source_time_us;
	b->sequence = events->sequence;
	buffer_bytes_append(&b->position, buffer_bytes(&events->position));
	buffer_release(&u.scratch);
	memory_free(u.is_attribute);
}

void long_rows_release(struct long_rows *r)
{
	batch_free(r->batch);
	memory_free(r->origins);
	*r = (struct long_rows){ 0 };
}
