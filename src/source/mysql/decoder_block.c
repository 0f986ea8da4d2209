/* SPDX-License-Identifier: Apache-2.0 */
/* Rows gathered for the sink: successive events of a transaction with the same table,
 * operation and image. */
#include "source/mysql/decoder_state.h"

#include <string.h>

/* Columns that the image did not have got no cells yet: NULLs that mean "absent". */
static void fill_absent(struct columns *c, uint32_t rows)
{
	for (uint32_t i = 0; i < c->column_count; i++) {
		if (c->columns[i].row_count < rows)
			column_append_nulls(&c->columns[i],
					    rows - c->columns[i].row_count);
	}
	c->row_count = rows;
}

#define KEPT_BYTES_MAX ((size_t)1 << 20)

static void clear_columns(struct columns *c, const struct schema *s)
{
	size_t kept = 0;

	for (uint32_t i = 0; i < c->column_count; i++)
		kept += c->columns[i].heap_capacity;
	if (kept <= KEPT_BYTES_MAX) {
		columns_clear(c);
		return;
	}
	columns_release(c);
	columns_init(c, s);
}

void decoder_drop_block(struct decoder *d)
{
	struct table_slot *s = d->block.slot;

	if (s == NULL)
		return;
	clear_columns(&s->before, s->table->schema);
	clear_columns(&s->after, s->table->schema);
	d->block.slot = NULL;
	d->block.count = 0;
	d->block.event_count = 0;
}

int decoder_flush(struct decoder *d, struct err *e)
{
	struct block *b = &d->block;
	bool has_before = b->op == OP_UPDATE || b->op == OP_DELETE,
	     has_after = b->op != OP_DELETE;
	struct change change = { .kind = CHANGE_ROWS, .origin = &b->origin };
	int rc;

	if (b->slot == NULL || b->count == 0) {
		decoder_drop_block(d);
		return 0;
	}
	change.schema = b->slot->table->schema;
	change.rows = (struct rows){
		.op = b->op,
		.count = b->count,
		.before = has_before ? &b->slot->before : NULL,
		.after = has_after ? &b->slot->after : NULL,
		.before_present = has_before && !b->all_before ? b->before_present : NULL,
		.after_present = has_after && !b->all_after ? b->after_present : NULL,
		.patched = b->has_patched ? b->patched : NULL,
		.is_replace = b->is_replace,
		.events = b->events,
		.event_count = b->event_count,
	};
	if (has_before)
		fill_absent(&b->slot->before, b->count);
	if (has_after)
		fill_absent(&b->slot->after, b->count);
	d->rows += b->count;
	d->transaction.was_taken = true;
	rc = d->sink->take(d->sink, &change, e);
	decoder_drop_block(d);
	return rc;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, bool a_all, bool b_all,
		      uint32_t columns)
{
	return a_all == b_all && (a_all || memcmp(a, b, (columns + 7) / 8) == 0);
}

static bool same_block(const struct block *a, const struct block *b)
{
	uint32_t columns = b->slot->map.column_count;

	return a->slot == b->slot && a->op == b->op && a->is_replace == b->is_replace &&
	       same_bits(a->before_present, b->before_present, a->all_before,
			 b->all_before, columns) &&
	       same_bits(a->after_present, b->after_present, a->all_after, b->all_after,
			 columns) &&
	       same_bits(a->patched, b->patched, !a->has_patched, !b->has_patched,
			 columns);
}

static bool is_full(const struct block *b)
{
	return b->count >= BLOCK_ROWS_MAX ||
	       columns_bytes(&b->slot->before) + columns_bytes(&b->slot->after) >=
		       BLOCK_BYTES_MAX;
}

int decoder_block(struct decoder *d, const struct block *wanted,
		  const struct event *event, struct err *e)
{
	struct block *b = &d->block;
	size_t bytes = (wanted->slot->map.column_count + 7) / 8;

	if (b->slot != NULL && same_block(b, wanted) && !is_full(b))
		return 0;
	if (decoder_flush(d, e) < 0)
		return -1;
	b->slot = wanted->slot;
	b->op = wanted->op;
	b->count = 0;
	b->all_before = wanted->all_before;
	b->all_after = wanted->all_after;
	b->has_patched = wanted->has_patched;
	b->is_replace = wanted->is_replace;
	memcpy(b->before_present, wanted->before_present, bytes);
	memcpy(b->after_present, wanted->after_present, bytes);
	memcpy(b->patched, wanted->patched, bytes);
	decoder_origin(d, event, &b->origin);
	return 0;
}

void decoder_note_row(struct decoder *d, uint32_t row)
{
	struct block *b = &d->block;

	if (row > 0 && b->count > 0) /* the event goes on */
		return;
	if (b->event_count == b->event_capacity) {
		b->event_capacity = b->event_capacity > 0 ? b->event_capacity * 2 : 16;
		b->events = memory_grow(b->events, struct log_event, b->event_capacity);
	}
	b->events[b->event_count++] = (struct log_event){ b->count, row, d->offset };
}
