/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PARTIAL_UPDATE_ROWS: a JSON cell may be a list of differences. With the old document in
 * the event it is applied here; without it goes downstream as a patch, and the block says
 * so. All rows of a block are patched alike.
 */
#include "source/mysql/decoder_image.h"

#include <string.h>

#include "change/json_patch.h"
#include "source/mysql/json_binary.h"

struct partial_row {
	uint8_t differs[PRESENT_BYTES]; /* by column: the new cell is a list of
					   differences */
	uint8_t patched[PRESENT_BYTES]; /* by column: … and the old document is not here
					 */
	bool has_patched;
};

/* The old image's cell of a column, or false when it has none (absent or NULL). */
static bool find_cell(const struct image *image, struct bytes bytes, uint32_t column,
		      struct bytes *out)
{
	struct reader r = reader_of(bytes);
	struct bytes nulls = reader_bytes(&r, (image->count + 7) / 8);

	for (uint32_t i = 0; i < image->count && !r.short_read; i++) {
		struct bytes cell = { NULL, 0 };
		bool is_null = image_bit(nulls.data, i);

		if (!is_null)
			cell = value_take(image->columns[i].plan, &r);
		if (image->columns[i].index != column)
			continue;
		*out = cell;
		return !is_null;
	}
	return false;
}

static bool image_has(const struct image *image, uint32_t column)
{
	for (uint32_t i = 0; i < image->count; i++) {
		if (image->columns[i].index == column)
			return true;
	}
	return false;
}

static bool read_options(struct partial_row *row, const struct rows_event *rows,
			 const struct image *before, struct reader *r)
{
	uint64_t options = reader_lenenc(r);
	uint32_t json_count = 0, bit = 0;
	struct bytes bits;

	*row = (struct partial_row){ .has_patched = false };
	if (options == 0 || r->short_read)
		return !r->short_read;
	for (uint32_t i = 0; i < rows->slot->map.column_count; i++)
		json_count += rows->slot->plans[i].type == MYSQL_JSON;
	bits = reader_bytes(r, (json_count + 7) / 8);
	if (r->short_read || options != 1)
		return false;
	for (uint32_t i = 0; i < rows->slot->map.column_count; i++) {
		if (rows->slot->plans[i].type != MYSQL_JSON ||
		    !image_bit(bits.data, bit++))
			continue;
		image_set_bit(row->differs, i);
		if (image_has(before, i))
			continue;
		image_set_bit(row->patched, i);
		row->has_patched = true;
	}
	return true;
}

/* The old document with the differences applied. */
static int apply(struct buffer *out, struct bytes old, struct bytes diffs, struct err *e)
{
	struct buffer text = { 0 }, patch = { 0 };
	int rc = -1;

	if (json_binary_text(&text, old) < 0 || json_binary_patch(&patch, diffs) < 0)
		err_set(e, ERR_DATA, "a partial JSON update is malformed");
	else
		rc = json_patch_apply(out, buffer_bytes(&text), buffer_bytes(&patch), e);
	buffer_release(&text);
	buffer_release(&patch);
	return rc;
}

static int add_difference(struct decoder *d, const struct partial_row *row,
			  const struct image_column *c, const struct table_slot *s,
			  struct bytes old_image, struct bytes diffs, struct err *e)
{
	struct bytes old;
	int rc = 0;

	buffer_clear(&d->text);
	if (image_bit(row->patched, c->index))
		rc = json_binary_patch(&d->text, diffs);
	else if (!find_cell(&d->images[0], old_image, c->index, &old))
		return err_set(e, ERR_DATA,
			       "table %s.%s, column \"%s\": a partial update of NULL",
			       s->map.database, s->map.table, c->plan->column->name);
	else if (apply(&d->text, old, diffs, e) < 0)
		return err_wrap(e, "table %s.%s, column \"%s\"", s->map.database,
				s->map.table, c->plan->column->name);
	if (rc < 0)
		return decoder_bad_value(s, c, diffs, e);
	column_add_bytes(c->target, d->text.data, (uint32_t)d->text.size);
	return 0;
}

/* The new image: runs of ordinary columns could go by decoder_image, but differences are
 * rare enough. */
static int read_after(struct decoder *d, const struct rows_event *rows,
		      const struct partial_row *row, struct bytes old_image,
		      struct reader *r, struct err *e)
{
	const struct image *image = &d->images[1];
	struct bytes nulls = reader_bytes(r, (image->count + 7) / 8);

	for (uint32_t i = 0; i < image->count && !r->short_read; i++) {
		const struct image_column *c = &image->columns[i];
		struct bytes cell;

		if (image_bit(nulls.data, i)) {
			column_set_null(c->target);
			continue;
		}
		cell = value_take(c->plan, r);
		if (r->short_read)
			break;
		if (image_bit(row->differs, c->index)) {
			if (add_difference(d, row, c, rows->slot, old_image, cell, e) < 0)
				return -1;
			continue;
		}
		if (decoder_cell(d, rows->slot, c, cell, e) < 0)
			return -1;
	}
	if (r->short_read)
		return err_set(e, ERR_DATA, "table %s.%s: a row ends beyond the event",
			       rows->slot->map.database, rows->slot->map.table);
	return 0;
}

/* Steps over an image; its bytes. */
static struct bytes skip_image(const struct image *image, struct reader *r)
{
	const uint8_t *start = r->at;
	struct bytes nulls = reader_bytes(r, (image->count + 7) / 8);

	for (uint32_t i = 0; i < image->count && !r->short_read; i++) {
		if (!image_bit(nulls.data, i))
			(void)value_take(image->columns[i].plan, r);
	}
	return (struct bytes){ start, (size_t)(r->at - start) };
}

int decoder_partial_rows(struct decoder *d, const struct rows_event *rows, struct err *e)
{
	struct reader r = reader_of(rows->rows), again;
	struct partial_row row;
	struct block wanted;
	struct bytes old_image;
	uint32_t at = 0;

	decoder_wanted_block(&wanted, rows, &d->images[0], &d->images[1]);
	while (reader_left(&r) > 0) {
		old_image = skip_image(&d->images[0], &r);
		if (r.short_read || !read_options(&row, rows, &d->images[0], &r))
			return err_set(e, ERR_DATA, "unrecognized row options");
		wanted.has_patched = row.has_patched;
		memcpy(wanted.patched, row.patched,
		       (rows->slot->map.column_count + 7) / 8);
		if (decoder_block(d, &wanted, rows->event, e) < 0)
			return -1;
		decoder_note_row(d, at++);
		again = reader_of(old_image);
		if (decoder_image(d, rows->slot, &d->images[0], &again, e) < 0 ||
		    read_after(d, rows, &row, old_image, &r, e) < 0)
			return -1;
		d->block.count++;
	}
	return 0;
}
