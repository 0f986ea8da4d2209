/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows events: table id u48, flags u16, [v2: extra data u16 size (itself included)],
 * column count lenenc, bitmap of the columns in the image (lowest bit first), in updates
 * a second one for the new image; then rows up to the end, each { NULL bitmap over the
 * image's columns, cells }, in updates both images in turn.
 *
 * PARTIAL_UPDATE_ROWS has in front of each new image an option lenenc; its bit 0 says
 * that a bitmap over the table's JSON columns follows, telling which cells are
 * differences from the old value.
 *
 * MariaDB's compressed events have the rows as one compressed run.
 */
#include "source/mysql/decoder_image.h"

#include <string.h>

#include "source/mysql/copy_progress.h"

#define FLAG_STATEMENT_END 1 /* STMT_END_F */

static enum op op_of(uint8_t type)
{
	switch (type) {
	case EVENT_WRITE_ROWS_V1:
	case EVENT_WRITE_ROWS:
	case EVENT_WRITE_ROWS_COMPRESSED_V1:
	case EVENT_WRITE_ROWS_COMPRESSED:
		return OP_INSERT;
	case EVENT_DELETE_ROWS_V1:
	case EVENT_DELETE_ROWS:
	case EVENT_DELETE_ROWS_COMPRESSED_V1:
	case EVENT_DELETE_ROWS_COMPRESSED:
		return OP_DELETE;
	default:
		return OP_UPDATE;
	}
}

static bool is_v2(uint8_t type)
{
	return (type >= EVENT_WRITE_ROWS && type <= EVENT_DELETE_ROWS) ||
	       type == EVENT_PARTIAL_UPDATE_ROWS ||
	       (type >= EVENT_WRITE_ROWS_COMPRESSED &&
		type <= EVENT_DELETE_ROWS_COMPRESSED);
}

/* What stands in front of the rows. 1: an event that changes no table of ours. */
static int read_frame(struct decoder *d, struct rows_event *out,
		      const struct event *event, struct err *e)
{
	uint8_t type = event->header.type;
	size_t id_size = d->format.post_header_count >= type &&
					 d->format.post_header[type - 1] == 6
				 ? 4
				 : 6;
	struct reader r = reader_of(event->body);
	uint64_t id = reader_uint_le(&r, id_size), columns;
	uint16_t flags = reader_u16le(&r);
	size_t bytes;

	if (is_v2(type)) {
		uint16_t extra = reader_u16le(&r);

		reader_skip(&r, extra >= 2 ? extra - 2u : SIZE_MAX);
	}
	columns = reader_lenenc(&r);
	bytes = columns <= TABLE_COLUMNS_MAX ? (columns + 7) / 8 : SIZE_MAX;
	*out = (struct rows_event){ .event = event, .op = op_of(type),
				    .ends_statement = (flags & FLAG_STATEMENT_END) != 0 };
	out->before = out->after = reader_bytes(&r, bytes);
	if (out->op == OP_UPDATE)
		out->after = reader_bytes(&r, bytes);
	out->rows = reader_bytes(&r, reader_left(&r));
	out->is_partial = type == EVENT_PARTIAL_UPDATE_ROWS;
	if (r.short_read)
		return err_set(e, ERR_DATA, "it is truncated");
	if (id == TABLE_ID_DUMMY)
		return 1;
	out->slot = decoder_slot(d, id);
	if (out->slot == NULL)
		return err_set(e, ERR_DATA, "table id %llu has no TABLE_MAP",
			       (unsigned long long)id);
	if (columns != out->slot->map.column_count)
		return err_set(e, ERR_DATA,
			       "%llu columns, but the TABLE_MAP of %s.%s has %u",
			       (unsigned long long)columns, out->slot->map.database,
			       out->slot->map.table, out->slot->map.column_count);
	return 0;
}

static bool is_wanted(const struct decoder *d, struct table_slot *s)
{
	const struct transaction *t = &d->transaction;

	if (s->table == NULL)
		return false;
	if (s->transaction != d->transaction_number) {
		s->transaction = d->transaction_number;
		s->is_done = d->callbacks.has_already != NULL &&
			     d->callbacks.has_already(d->callbacks.context, s->table,
						      t->has_gtid ? &t->gtid : NULL,
						      d->file, t->start);
	}
	return !s->is_done;
}

/* The columns of an image in order, and where each goes; `keys_only` steps over what is
 * no key. */
static void image_make(struct image *image, const struct table_slot *s,
		       struct bytes present, struct columns *target, bool keys_only)
{
	image->count = 0;
	image->has_all = true;
	memset(image->decoded, 0, present.size);
	for (uint32_t i = 0; i < s->map.column_count; i++) {
		struct image_column *c = &image->columns[image->count];
		bool is_present = image_bit(present.data, i);
		bool is_decoded =
			is_present && (!keys_only || s->table->columns[i].is_key);

		image->has_all = image->has_all && is_decoded;
		if (!is_present)
			continue;
		c->plan = &s->plans[i];
		c->target = is_decoded ? &target->columns[i] : NULL;
		c->index = i;
		if (is_decoded)
			image_set_bit(image->decoded, i);
		image->count++;
	}
}

int decoder_bad_value(const struct table_slot *s, const struct image_column *c,
		      struct bytes cell, struct err *e)
{
	char text[96];

	value_describe(c->plan, cell, text, sizeof(text));
	return err_set(e, ERR_DATA, "table %s.%s, column \"%s\": impossible value %s",
		       s->map.database, s->map.table, c->plan->column->name, text);
}

static int report_invalid(const struct decoder *d, const struct table_slot *s,
			  const struct image_column *c, struct bytes cell, struct err *e)
{
	char text[96];

	value_describe(c->plan, cell, text, sizeof(text));
	if (d->policy.halts || c->plan->column->is_key)
		return err_set(e, ERR_DATA,
			       "table %s.%s, column \"%s\": the value %s is not valid%s",
			       s->map.database, s->map.table, c->plan->column->name,
			       text, value_advice(c->plan->column));
	s->table->columns[c->index].invalid_count++;
	if (d->policy.invalid != NULL)
		d->policy.invalid(d->policy.context, s->table, c->index, text);
	return 0;
}

static int short_image(const struct table_slot *s, struct err *e)
{
	return err_set(e, ERR_DATA, "table %s.%s: a row ends beyond the event",
		       s->map.database, s->map.table);
}

int decoder_cell(struct decoder *d, const struct table_slot *s,
		 const struct image_column *c, struct bytes cell, struct err *e)
{
	switch (c->plan->decode(c->plan, cell, c->target)) {
	case VALUE_OK:
		return 0;
	case VALUE_INVALID:
		return report_invalid(d, s, c, cell, e);
	case VALUE_BAD:
		break;
	}
	return decoder_bad_value(s, c, cell, e);
}

/* One image off `r`. The inner loop of everything: no calls but the cell's decoder. */
int decoder_image(struct decoder *d, const struct table_slot *s,
		  const struct image *image, struct reader *r, struct err *e)
{
	struct bytes nulls = reader_bytes(r, (image->count + 7) / 8);

	if (r->short_read)
		return short_image(s, e);
	for (uint32_t i = 0; i < image->count; i++) {
		const struct image_column *c = &image->columns[i];
		struct bytes cell;

		if (image_bit(nulls.data, i)) {
			if (c->target != NULL)
				column_set_null(c->target);
			continue;
		}
		cell = value_take(c->plan, r);
		if (c->target == NULL)
			continue;
		if (r->short_read)
			return short_image(s, e);
		if (decoder_cell(d, s, c, cell, e) < 0)
			return -1;
	}
	return r->short_read ? short_image(s, e) : 0;
}

void decoder_wanted_block(struct block *out, const struct rows_event *rows,
			  const struct image *before, const struct image *after)
{
	size_t bytes = (rows->slot->map.column_count + 7) / 8;

	out->slot = rows->slot;
	out->op = rows->op;
	out->has_patched = false;
	out->is_replace = rows->is_replace;
	out->all_before = before->has_all;
	out->all_after = after->has_all;
	memset(out->patched, 0, bytes);
	memcpy(out->before_present, before->decoded, bytes);
	memcpy(out->after_present, after->decoded, bytes);
}

static int read_rows(struct decoder *d, const struct rows_event *rows,
		     const struct image *before, const struct image *after, struct err *e)
{
	struct table_slot *s = rows->slot;
	struct reader r = reader_of(rows->rows);
	struct block wanted;
	uint32_t row = 0;

	decoder_wanted_block(&wanted, rows, before, after);
	while (reader_left(&r) > 0) {
		if (decoder_block(d, &wanted, rows->event, e) < 0)
			return -1;
		decoder_note_row(d, row);
		do {
			if (rows->op != OP_INSERT &&
			    decoder_image(d, s, before, &r, e) < 0)
				return -1;
			if (rows->op != OP_DELETE &&
			    decoder_image(d, s, after, &r, e) < 0)
				return -1;
			d->block.count++;
			row++;
		} while (reader_left(&r) > 0 && d->block.count % 64 != 0);
	}
	return 0;
}

static bool has_every_column(const struct rows_event *rows, struct bytes present)
{
	for (uint32_t i = 0; i < rows->slot->map.column_count; i++) {
		if (!image_bit(present.data, i))
			return false;
	}
	return true;
}

static int unclear_update(const struct table_map *map, struct bytes sql, struct err *e)
{
	if (sql.size == 0)
		sql = (struct bytes){ (const uint8_t *)"(it is not in the log)", 22 };
	return err_set(e, ERR_CONFIG,
		       "table %s.%s: an update leaves columns out, and its statement does not tell whether "
		       "they stay or go back to their DEFAULT (a REPLACE in a trigger or through a view?): "
		       "%.*s; run the server and its applications with binlog_row_image = FULL (or at least "
		       "with binlog_annotate_row_events = ON), " COPY_ANEW, map->database, map->table,
		       (int)(sql.size < 160 ? sql.size : 160), (const char *)sql.data);
}

/*
 * MariaDB logs a REPLACE as an update, and in MINIMAL and NOBLOB images leaves the columns out that
 * it did not name and the server need not compute, although they went back to their DEFAULT. Only
 * the statement tells. Whole before images of a table with a key are FULL_NODUP's: there, what is
 * left out is as it was in either case.
 */
static int judge_update(const struct decoder *d, struct rows_event *rows, struct err *e)
{
	const struct table_map *map = &rows->slot->map;
	bool has_old = has_every_column(rows, rows->before);
	struct bytes sql = buffer_bytes(&d->statement);
	enum row_effect effect = ROW_EFFECT_UPDATE;

	if (!has_old || rows->slot->table->schema->key_count == 0)
		effect = statement_row_effect(sql, map->table);
	if (effect == ROW_EFFECT_UNCLEAR || (effect == ROW_EFFECT_REPLACE && has_old))
		return unclear_update(map, sql, e);
	rows->is_replace = effect == ROW_EFFECT_REPLACE;
	return 0;
}

int decoder_annotation(struct decoder *d, const struct event *event, struct err *e)
{
	struct bytes sql = event->body;

	(void)e;
	if (sql.size > STATEMENT_BYTES_MAX)
		sql.size = STATEMENT_BYTES_MAX;
	buffer_clear(&d->statement);
	buffer_bytes_append(&d->statement, sql);
	return 0;
}

static int take_rows(struct decoder *d, struct rows_event *rows, struct err *e)
{
	struct table_slot *s = rows->slot;
	bool keys_only = rows->op == OP_UPDATE && !d->sink->wants_before &&
			 s->table->schema->key_count > 0;

	image_make(&d->images[0], s, rows->before, &s->before, keys_only);
	image_make(&d->images[1], s, rows->after, &s->after, false);
	if (d->images[rows->op == OP_INSERT].count == 0)
		return err_set(e, ERR_DATA, "rows of table %s.%s without any column (an INSERT of nothing but "
			       "DEFAULTs?); run the server and its applications with binlog_row_image = FULL, "
			       "and copy the table anew", s->map.database, s->map.table);
	if (d->is_mariadb && rows->op == OP_UPDATE && !d->images[1].has_all && judge_update(d, rows, e) < 0)
		return -1;
	if (rows->is_partial)
		return decoder_partial_rows(d, rows, e);
	return read_rows(d, rows, &d->images[0], &d->images[1], e);
}

int decoder_rows_event(struct decoder *d, const struct event *event, struct err *e)
{
	struct rows_event rows;
	int rc = read_frame(d, &rows, event, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (!d->transaction.is_open)
		return err_set(e, ERR_DATA, "rows outside a transaction");
	if (!is_wanted(d, rows.slot))
		return 0;
	d->transaction.has_rows = true;
	d->transaction.keeps_rows |= rows.slot->table->is_nontransactional;
	if (event->header.type >= EVENT_WRITE_ROWS_COMPRESSED_V1) {
		if (decoder_inflate(d, rows.rows, e) < 0)
			return -1;
		rows.rows = buffer_bytes(&d->inflated);
	}
	rc = take_rows(d, &rows, e);
	if (rows.ends_statement)
		buffer_clear(&d->statement);
	return rc;
}
