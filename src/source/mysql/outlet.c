/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/outlet.h"

#include <assert.h>
#include <string.h>

#include "source/mysql/layout.h"

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

static void release_column(struct column *c)
{
	struct columns one = { memory_copy(c, sizeof(*c)), 1, 0 };

	columns_release(&one);
	*c = (struct column){ 0 };
}

static void forget_fills(struct outlet *o)
{
	for (uint32_t i = 0; i < o->fill_count; i++) {
		release_column(&o->fills[i].column);
		o->fills[i].cell = NULL;
	}
}

/* The fills point to cells of older defaults: whoever is loaded may lie where those were. */
static int need_defaults(struct outlet *o, struct captured *t, struct err *e)
{
	if (t->defaults.is_loaded)
		return 0;
	forget_fills(o);
	return o->load(o->load_context, t, e);
}

/* What the rows so far have in the new columns: NULL, or the columns' DEFAULTs. */
static int find_backfill(struct outlet *o, struct captured *t, const struct columns **out, struct err *e)
{
	const struct schema *s = t->now.table->schema;

	for (uint32_t i = 0; i < s->field_count; i++) {
		if (!captured_lacks(t, s->fields[i].name))
			continue;
		if (layout_may_add(&t->now, i, e) < 0)
			return err_wrap(e, "table %s.%s was altered; " COPY_ANEW, s->database, s->table);
		if (t->now.defaults[i].kind != DEFAULT_LITERAL)
			continue;
		if (need_defaults(o, t, e) < 0)
			return -1;
		*out = &t->defaults.row;
	}
	return 0;
}

static int pass(struct outlet *o, const struct change *c, struct err *e)
{
	int rc = o->next->take(o->next, c, e);

	o->has_failed |= rc < 0;
	return rc;
}

static int announce(struct outlet *o, struct captured *t, const struct origin *origin, struct err *e)
{
	struct schema *s = t->now.table->schema;
	struct change c = { .kind = CHANGE_SCHEMA, .schema = s, .origin = origin };

	if (t->announced == s && t->lacks == NULL)
		return 0;
	if (find_backfill(o, t, &c.backfill, e) < 0)
		return -1;
	t->announced = s;
	memory_free(t->lacks);
	t->lacks = NULL;
	return pass(o, &c, e);
}

/* NULLs for a field, exactly as many as there are rows; before and after images have equally many. */
static const struct column *null_column(struct outlet *o, const struct schema *s, uint32_t field,
					uint32_t rows)
{
	enum storage storage = field_storage(&s->fields[field]);

	while (o->null_count <= field) {
		o->nulls = memory_grow(o->nulls, struct column, o->null_count + 1);
		o->nulls[o->null_count++] = (struct column){ .storage = STORAGES };
	}
	if (o->nulls[field].storage == storage && o->nulls[field].row_count == rows)
		return &o->nulls[field];
	release_column(&o->nulls[field]);
	o->nulls[field] = (struct column){ .storage = storage };
	column_append_nulls(&o->nulls[field], rows);
	return &o->nulls[field];
}

/* The field's DEFAULT (loaded if it is a literal) as often as there are rows. */
static const struct column *default_column(struct outlet *o, const struct captured *t, uint32_t field,
					   uint32_t rows)
{
	const struct column *cell;
	struct outlet_fill *fill;

	if (t->now.defaults[field].kind != DEFAULT_LITERAL)
		return null_column(o, t->now.table->schema, field, rows);
	while (o->fill_count <= field) {
		o->fills = memory_grow(o->fills, struct outlet_fill, o->fill_count + 1);
		o->fills[o->fill_count++] = (struct outlet_fill){ 0 };
	}
	cell = &t->defaults.row.columns[field];
	fill = &o->fills[field];
	if (fill->cell == cell && fill->column.row_count == rows)
		return &fill->column;
	release_column(&fill->column);
	*fill = (struct outlet_fill){ .cell = cell, .column.storage = cell->storage };
	for (uint32_t i = 0; i < rows; i++)
		column_append_range(&fill->column, cell, 0, 1);
	return &fill->column;
}

static int need_layout_defaults(struct outlet *o, struct captured *t, const struct layout *l, struct err *e)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < t->now.table->column_count; i++) {
		if (next < l->table->column_count && l->fields[next] == i)
			next++;
		else if (t->now.defaults[i].kind == DEFAULT_LITERAL && need_defaults(o, t, e) < 0)
			return -1;
	}
	return 0;
}

/* The column's cells in the storage of the wide field. */
static const struct column *convert(struct columns *to, const struct schema *s, uint32_t field, const struct column *from)
{
	enum storage storage = field_storage(&s->fields[field]);
	struct column *c;

	if (from->storage == storage)
		return from;
	if (to->column_count < s->field_count) {
		columns_release(to);
		columns_init(to, s);
	}
	c = &to->columns[field];
	release_column(c);
	c->storage = storage;
	column_append_wider(c, from);
	return c;
}

/* `side` is 0 of before images, 1 of after images; `present` is that of the wide rows: what is absent stays NULL. */
static const struct columns *widen(struct outlet *o, int side, const struct layout *l, const struct captured *t,
				   const struct columns *from, const uint8_t *present)
{
	const struct schema *s = t->now.table->schema;
	struct columns *out = &o->wide[side];
	uint32_t next = 0;

	if (from == NULL)
		return NULL;
	out->columns = memory_grow(out->columns, struct column, s->field_count);
	out->column_count = s->field_count;
	out->row_count = from->row_count;
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (next < from->column_count && l->fields[next] == i)
			out->columns[i] = *convert(&o->converted[side], s, i, &from->columns[next++]);
		else if (field_present(present, i))
			out->columns[i] = *default_column(o, t, i, from->row_count);
		else
			out->columns[i] = *null_column(o, s, i, from->row_count);
	}
	return out;
}

/* A field that the layout has not is present: with its DEFAULT, which is what the row has there. */
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

static int widen_rows(struct outlet *o, struct change *wide, struct captured *t, const struct layout *l,
		      struct err *e)
{
	struct schema *s = t->now.table->schema;
	const struct rows narrow = wide->rows;
	struct rows *rows = &wide->rows;

	wide->schema = s;
	if (wide->kind != CHANGE_ROWS)
		return 0;
	if (need_layout_defaults(o, t, l, e) < 0)
		return -1;
	/* a partial update leaves added columns alone */
	rows->before_present = widen_bits(&o->present[0], l, s, narrow.before_present, false);
	rows->after_present = widen_bits(&o->present[1], l, s, narrow.after_present,
					 narrow.op != OP_UPDATE || narrow.is_replace);
	rows->patched = widen_bits(&o->present[2], l, s, narrow.patched, false);
	rows->before = widen(o, 0, l, t, narrow.before, rows->before_present);
	rows->after = widen(o, 1, l, t, narrow.after, rows->after_present);
	return 0;
}

static int lacks_column(const struct change *c, const struct captured *t, uint32_t column, struct err *e)
{
	const struct schema *s = c->schema;

	return err_set(e, ERR_CONFIG, "table %s.%s, %s:%llu: the log leaves out column \"%s\" (%s), whose value only "
		       "the server knows; run the server and its applications with binlog_row_image = FULL, "
		       COPY_ANEW, s->database, s->table, c->origin->log_file != NULL ? c->origin->log_file : "?",
		       (unsigned long long)c->origin->log_offset, s->fields[column].name,
		       t->now.table->columns[column].declared);
}

/* An image without the columns that got their DEFAULT, made whole. */
static int fill_defaults(struct outlet *o, struct change *c, struct captured *t, struct err *e)
{
	const struct columns *from = c->rows.after;
	struct columns *out = &o->wide[1];

	if (out != from)
		out->columns = memory_grow(out->columns, struct column, from->column_count);
	for (uint32_t i = 0; i < from->column_count; i++) {
		enum default_kind kind = t->now.defaults[i].kind;

		if (field_present(c->rows.after_present, i)) {
			out->columns[i] = from->columns[i];
			continue;
		}
		if (kind != DEFAULT_LITERAL && kind != DEFAULT_NULL)
			return lacks_column(c, t, i, e);
		if (kind == DEFAULT_LITERAL && need_defaults(o, t, e) < 0)
			return -1;
		out->columns[i] = *default_column(o, t, i, c->rows.count);
	}
	out->column_count = from->column_count;
	out->row_count = c->rows.count;
	c->rows.after = out;
	c->rows.after_present = NULL;
	return 0;
}

/*
 * Columns that a partial update leaves out are taken from the table, whose row may already be newer than
 * the update as long as the copy is not behind us. What is set again converges; differences do not.
 */
static int mark_overtaken(struct change *c, const struct captured *t, struct err *e)
{
	const struct schema *s = c->schema;

	c->rows.is_overtaken = t->has_copied_through;
	if (!c->rows.is_overtaken || c->rows.patched == NULL)
		return 0;
	return err_set(e, ERR_CONFIG, "table %s.%s, %s:%llu: a partial JSON update from the time when the table was "
		       "copied in chunks, which may have it already; switch PARTIAL_JSON off in the sessions that "
		       "set it (binlog_row_value_options) or set it globally, which copies in one snapshot, "
		       COPY_ANEW, s->database, s->table, c->origin->log_file != NULL ? c->origin->log_file : "?",
		       (unsigned long long)c->origin->log_offset);
}

/* Made whole by its DEFAULTs; of an update, the sink has what is left out, if it did not change. */
static int complete(struct outlet *o, struct change *c, struct captured *t, struct err *e)
{
	const uint8_t *present = c->rows.after_present;

	if (c->kind != CHANGE_ROWS || c->rows.after == NULL || (present == NULL && c->rows.patched == NULL))
		return 0;
	if (c->rows.op == OP_INSERT || c->rows.is_replace)
		return fill_defaults(o, c, t, e);
	for (uint32_t i = 0; i < c->schema->field_count; i++) {
		if (t->now.table->columns[i].is_unlogged && !field_present(present, i))
			return lacks_column(c, t, i, e);
	}
	return mark_overtaken(c, t, e);
}

static int take_table_change(struct outlet *o, const struct change *c, struct err *e)
{
	const struct layout *l;
	struct captured *t = captured_of(o->tables, c->schema, &l);
	struct change own = *c;

	assert(t != NULL);
	if (announce(o, t, c->origin, e) < 0 || (l != NULL && widen_rows(o, &own, t, l, e) < 0) ||
	    complete(o, &own, t, e) < 0)
		return -1;
	return pass(o, &own, e);
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
	return pass(o, &own, e);
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
	case CHANGE_DDL:
	case CHANGE_ROLLBACK:
		return pass(o, c, e);
	case CHANGE_KINDS:
		break;
	}
	assert(!"a kind of change");
	return -1;
}

static int outlet_idle(struct sink *sink, struct err *e)
{
	struct outlet *o = outlet_of(sink);
	int rc = o->next->idle(o->next, e);

	o->has_failed |= rc < 0;
	return rc;
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
			  .wants_exact_copy = next->wants_exact_copy, .wants_defaults = next->wants_defaults,
			  .wants_ddl = next->wants_ddl },
		.next = next,
		.tables = tables,
		.position = { .tables = tables },
	};
}

void outlet_release(struct outlet *o)
{
	struct columns nulls = { o->nulls, o->null_count, 0 };

	columns_release(&nulls);
	forget_fills(o);
	memory_free(o->fills);
	for (int side = 0; side < 2; side++) {
		memory_free(o->wide[side].columns);
		columns_release(&o->converted[side]);
	}
	for (int i = 0; i < 3; i++)
		memory_free(o->present[i]);
	mysql_position_release(&o->position.now);
	*o = (struct outlet){ 0 };
}
