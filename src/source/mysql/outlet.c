/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/outlet.h"

#include <assert.h>
#include <string.h>

static struct outlet *outlet_of(struct sink *s)
{
	return (struct outlet *)s;
}

/*
 * A table that is ahead of the stream (it was copied later) keeps its own position until the stream
 * has caught up: positions never go back. With MySQL's sets the two are joined, since transactions may
 * stand in the log in another order than they became visible.
 */
static void format_table(const struct outlet_position *p, const struct captured *t,
			 const struct schema *table, struct buffer *out)
{
	struct mysql_position joined;

	if (t == NULL || t->is_passed || !t->has_position) {
		mysql_position_format(&p->now.base, table, out);
		return;
	}
	position_copy(&joined, &t->at);
	for (uint32_t i = 0; i < p->now.gtids.count && !joined.gtids.is_mariadb; i++)
		gtid_set_add_range(&joined.gtids, &p->now.gtids.ranges[i]);
	joined.format_copy = captured_format;
	joined.copy_context = p->tables;
	mysql_position_format(&joined.base, table, out);
	mysql_position_release(&joined);
}

static void format(const struct position *base, const struct schema *table, struct buffer *out)
{
	const struct outlet_position *p = (const struct outlet_position *)base;

	format_table(p, table != NULL ? captured_find(p->tables, table->database, table->table) : NULL,
		     table, out);
}

static int announce(struct outlet *o, struct captured *t, const struct origin *origin, struct err *e)
{
	struct schema *s = t->now.table->schema;
	struct change c = { .kind = CHANGE_SCHEMA, .schema = s, .origin = origin };

	if (t->announced == s)
		return 0;
	t->announced = s;
	return o->next->take(o->next, &c, e);
}

/* NULLs for a field, exactly as many as there are rows; before and after images have equally many. */
static const struct column *null_column(struct outlet *o, const struct schema *s, uint32_t field,
					uint32_t rows)
{
	enum storage storage = field_storage(&s->fields[field]);
	struct columns one;

	while (o->null_count <= field) {
		o->nulls = memory_grow(o->nulls, struct column, o->null_count + 1);
		o->nulls[o->null_count++] = (struct column){ .storage = STORAGES };
	}
	if (o->nulls[field].storage == storage && o->nulls[field].row_count == rows)
		return &o->nulls[field];
	one = (struct columns){ memory_copy(&o->nulls[field], sizeof(struct column)), 1, 0 };
	columns_release(&one);
	o->nulls[field] = (struct column){ .storage = storage };
	column_append_nulls(&o->nulls[field], rows);
	return &o->nulls[field];
}

static const struct columns *widen(struct outlet *o, struct columns *out, const struct layout *l,
				   const struct schema *s, const struct columns *from)
{
	if (from == NULL)
		return NULL;
	out->columns = memory_grow(out->columns, struct column, s->field_count);
	out->column_count = s->field_count;
	out->row_count = from->row_count;
	for (uint32_t i = 0; i < s->field_count; i++)
		out->columns[i] = *null_column(o, s, i, from->row_count);
	for (uint32_t i = 0; i < from->column_count; i++)
		out->columns[l->fields[i]] = from->columns[i];
	return out;
}

/* A field that the layout has not is present: as NULL, which is what the row has there. */
static const uint8_t *widen_bits(uint8_t **out, const struct layout *l, const struct schema *s,
				 const uint8_t *from, bool rest)
{
	uint32_t narrow = l->table->schema->field_count, size = s->field_count / 8 + 1;

	if (from == NULL)
		return NULL;
	*out = memory_grow(*out, uint8_t, size);
	memset(*out, rest ? 0xff : 0, size);
	for (uint32_t i = 0; i < narrow; i++) {
		uint32_t f = l->fields[i];
		uint8_t bit = (uint8_t)(1u << (f & 7));

		if ((from[i >> 3] >> (i & 7) & 1) != 0)
			(*out)[f >> 3] |= bit;
		else
			(*out)[f >> 3] &= (uint8_t)~bit;
	}
	return *out;
}

static int take_table_change(struct outlet *o, const struct change *c, struct err *e)
{
	const struct layout *l;
	struct captured *t = captured_of(o->tables, c->schema, &l);
	struct change wide = *c;
	const struct rows *rows = &c->rows;

	assert(t != NULL);
	if (announce(o, t, c->origin, e) < 0)
		return -1;
	if (l == NULL)
		return o->next->take(o->next, c, e);
	wide.schema = t->now.table->schema;
	if (c->kind == CHANGE_ROWS) {
		bool keeps = rows->op == OP_UPDATE; /* a partial update leaves added columns alone */

		wide.rows.before = widen(o, &o->wide[0], l, wide.schema, rows->before);
		wide.rows.after = widen(o, &o->wide[1], l, wide.schema, rows->after);
		wide.rows.before_present =
			widen_bits(&o->present[0], l, wide.schema, rows->before_present, false);
		wide.rows.after_present =
			widen_bits(&o->present[1], l, wide.schema, rows->after_present, !keeps);
		wide.rows.patched = widen_bits(&o->present[2], l, wide.schema, rows->patched, false);
	}
	return o->next->take(o->next, &wide, e);
}

static int take_commit(struct outlet *o, const struct change *c, struct err *e)
{
	const struct mysql_position *now = (const struct mysql_position *)c->position;
	struct outlet_position *p = &o->position;
	struct change own = *c;

	p->base = c->position[0];
	p->base.format = format;
	mysql_position_release(&p->now);
	position_copy(&p->now, now);
	p->now.format_copy = captured_format;
	p->now.copy_context = o->tables;
	captured_pass(o->tables, now);
	own.position = &p->base;
	return o->next->take(o->next, &own, e);
}

static int outlet_take(struct sink *sink, const struct change *c, struct err *e)
{
	struct outlet *o = outlet_of(sink);

	switch (c->kind) {
	case CHANGE_ROWS:
	case CHANGE_TRUNCATE:
		return take_table_change(o, c, e);
	case CHANGE_COMMIT:
		return take_commit(o, c, e);
	case CHANGE_SCHEMA: /* the outlet's own business */
		return 0;
	case CHANGE_ROLLBACK:
		return o->next->take(o->next, c, e);
	case CHANGE_KINDS:
		break;
	}
	assert(!"a kind of change");
	return -1;
}

static int outlet_idle(struct sink *sink, struct err *e)
{
	struct sink *next = outlet_of(sink)->next;

	return next->idle(next, e);
}

int outlet_commit(struct outlet *o, const struct mysql_position *now, struct err *e)
{
	struct origin nowhere = { 0 };
	struct change c = { .kind = CHANGE_COMMIT, .origin = &nowhere, .position = &now->base };

	return take_commit(o, &c, e);
}

void outlet_init(struct outlet *o, struct sink *next, struct captured_list *tables)
{
	*o = (struct outlet){
		.sink = { .take = outlet_take, .idle = outlet_idle, .wants_before = next->wants_before,
			  .wants_exact_copy = next->wants_exact_copy },
		.next = next,
		.tables = tables,
		.position = { .tables = tables },
	};
}

void outlet_release(struct outlet *o)
{
	struct columns nulls = { o->nulls, o->null_count, 0 };

	columns_release(&nulls);
	memory_free(o->wide[0].columns);
	memory_free(o->wide[1].columns);
	for (int i = 0; i < 3; i++)
		memory_free(o->present[i]);
	mysql_position_release(&o->position.now);
	*o = (struct outlet){ 0 };
}
