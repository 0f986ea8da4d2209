/* SPDX-License-Identifier: Apache-2.0 */
/* Table ids: an open hash from id to slot; the map of a slot is parsed once per layout.
 */
#include "source/mysql/decoder_state.h"

#include <string.h>

#define SLOTS_MIN 64u
#define SLOTS_MAX 16384u /* then all are dropped: ids of tables long gone */

static uint32_t slot_place(const struct decoder *d, uint64_t id)
{
	uint32_t at = (uint32_t)(id * 0x9e3779b97f4a7c15u >> 32) & (d->slot_capacity - 1);

	while (d->slots[at] != NULL && d->slots[at]->id != id)
		at = (at + 1) & (d->slot_capacity - 1);
	return at;
}

struct table_slot *decoder_slot(const struct decoder *d, uint64_t id)
{
	return d->slot_capacity > 0 ? d->slots[slot_place(d, id)] : NULL;
}

static void slot_clear(struct table_slot *s)
{
	if (s->has_columns) {
		columns_release(&s->before);
		columns_release(&s->after);
	}
	s->has_columns = false;
	memory_free(s->plans);
	s->plans = NULL;
	s->table = NULL;
	s->transaction = 0;
	buffer_clear(&s->raw);
	arena_reset(&s->arena);
}

static void slot_free(struct table_slot *s)
{
	slot_clear(s);
	buffer_release(&s->raw);
	arena_release(&s->arena);
	memory_free(s);
}

void decoder_drop_slots(struct decoder *d)
{
	for (uint32_t i = 0; i < d->slot_capacity; i++) {
		if (d->slots[i] != NULL)
			slot_free(d->slots[i]);
		d->slots[i] = NULL;
	}
	d->slot_count = 0;
}

static void grow_slots(struct decoder *d)
{
	struct table_slot **old = d->slots;
	uint32_t old_capacity = d->slot_capacity;

	d->slot_capacity = old_capacity > 0 ? old_capacity * 2 : SLOTS_MIN;
	d->slots = memory_array(struct table_slot *, d->slot_capacity);
	for (uint32_t i = 0; i < old_capacity; i++) {
		if (old[i] != NULL)
			d->slots[slot_place(d, old[i]->id)] = old[i];
	}
	memory_free(old);
}

static struct table_slot *slot_new(struct decoder *d, uint64_t id)
{
	struct table_slot *s = memory_new(struct table_slot);

	if (d->slot_count * 2 >= d->slot_capacity)
		grow_slots(d);
	s->id = id;
	d->slots[slot_place(d, id)] = s;
	d->slot_count++;
	return s;
}

int decoder_announce(struct decoder *d, struct mysql_table *t,
		     const struct origin *origin, struct err *e)
{
	struct change change = { .kind = CHANGE_SCHEMA,
				 .schema = t->schema,
				 .origin = origin };

	if (t->is_announced)
		return 0;
	t->is_announced = true;
	return d->sink->take(d->sink, &change, e);
}

static int load_charsets(struct decoder *d, struct table_slot *s, struct bytes body,
			 size_t id_size, struct err *e)
{
	bool has_loaded = false;

	for (uint32_t i = 0; i < s->map.column_count && d->callbacks.charset != NULL;
	     i++) {
		const struct mysql_column *c = &s->map.columns[i];

		if (c->charset != NULL || c->collation == 0 || c->collation == 63)
			continue;
		if (d->callbacks.charset(d->callbacks.context, c->collation, e) < 0)
			return -1;
		has_loaded = true;
	}
	if (!has_loaded)
		return 0;
	arena_reset(&s->arena);
	return table_map_parse(&s->map, body, id_size,
			       table_map_year_has_sign(d->format.server_version), d->charsets,
			       &s->arena, e);
}

static int make_plans(struct table_slot *s, struct err *e)
{
	const struct table_map *map = &s->map;
	struct mysql_table *t = s->table;

	if (t->column_count != map->column_count)
		return err_set(e, ERR_CONFIG,
			       "table %s.%s has %u columns in the log, %u by the "
			       "definition that we "
			       "have",
			       map->database, map->table, map->column_count,
			       t->column_count);
	s->plans = memory_array(struct value_plan, map->column_count);
	for (uint32_t i = 0; i < map->column_count; i++) {
		if (value_plan_make(&s->plans[i], t, i, map->types[i], map->meta[i], e) <
		    0)
			return -1;
	}
	columns_init(&s->before, t->schema);
	columns_init(&s->after, t->schema);
	s->has_columns = true;
	t->id = s->id;
	return 0;
}

static int fill_slot(struct decoder *d, struct table_slot *s, const struct event *event,
		     size_t id_size, struct err *e)
{
	struct origin origin;

	if (decoder_flush(d, e) < 0)
		return -1;
	slot_clear(s);
	if (table_map_parse(&s->map, event->body, id_size,
			    table_map_year_has_sign(d->format.server_version), d->charsets,
			    &s->arena, e) < 0 ||
	    load_charsets(d, s, event->body, id_size, e) < 0)
		return -1;
	if (d->callbacks.table(d->callbacks.context, &s->map, &s->table, e) < 0)
		return -1;
	if (s->table != NULL) {
		if (make_plans(s, e) < 0)
			return -1;
		decoder_origin(d, event, &origin);
		if (decoder_announce(d, s->table, &origin, e) < 0)
			return -1;
	}
	buffer_bytes_append(&s->raw, event->body);
	return 0;
}

int decoder_table_map(struct decoder *d, const struct event *event, struct err *e)
{
	size_t id_size = d->format.post_header_count >= EVENT_TABLE_MAP &&
			 d->format.post_header[EVENT_TABLE_MAP - 1] == 6 ? 4 : 6;
	struct reader r = reader_of(event->body);
	uint64_t id = table_map_id(&r, id_size);
	struct table_slot *s;

	if (r.short_read)
		return err_set(e, ERR_DATA, "it is truncated");
	if (d->slot_count >= SLOTS_MAX) {
		if (decoder_flush(d, e) < 0)
			return -1;
		decoder_drop_slots(d);
	}
	s = decoder_slot(d, id);
	if (s == NULL)
		s = slot_new(d, id);
	if (bytes_equal(buffer_bytes(&s->raw), event->body))
		return 0;
	return fill_slot(d, s, event, id_size, e);
}
