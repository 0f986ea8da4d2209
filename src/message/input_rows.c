/* SPDX-License-Identifier: Apache-2.0 */
/* The images of a message become rows of a run. */
#include <string.h>

#include "message/input_parts.h"

void row_run_clear(struct row_run *r)
{
	if (r->schema != NULL) {
		columns_clear(&r->before);
		columns_clear(&r->after);
	}
	buffer_clear(&r->each_present);
	r->count = 0;
}

static void leave_schema(struct row_run *r)
{
	if (r->schema == NULL)
		return;
	columns_release(&r->before);
	columns_release(&r->after);
	schema_release(r->schema);
	r->schema = NULL;
}

void row_run_release(struct row_run *r)
{
	leave_schema(r);
	buffer_release(&r->before_present);
	buffer_release(&r->after_present);
	buffer_release(&r->each_present);
	*r = (struct row_run){ 0 };
}

struct rows row_run_rows(const struct row_run *r)
{
	return (struct rows){
		.op = r->op,
		.count = r->count,
		.before = r->op == OP_UPDATE || r->op == OP_DELETE ? &r->before : NULL,
		.after = r->op != OP_DELETE ? &r->after : NULL,
		.before_present = r->before_is_partial ? r->before_present.data : NULL,
		.after_present = r->after_is_partial ? r->after_present.data : NULL,
		.each_present = r->has_each ? r->each_present.data : NULL,
		.is_upsert = r->is_upsert,
	};
}

static void enter_schema(struct row_run *r, struct schema *s, enum op op)
{
	r->op = op;
	if (r->schema == s)
		return;
	leave_schema(r);
	r->schema = schema_share(s);
	columns_init(&r->before, s);
	columns_init(&r->after, s);
}

static bool has_bit(const struct buffer *bits, uint32_t i)
{
	return (bits->data[i >> 3] >> (i & 7) & 1) != 0;
}

static void set_bit(struct buffer *bits, uint32_t i)
{
	bits->data[i >> 3] = (uint8_t)(bits->data[i >> 3] | 1u << (i & 7));
}

static bool is_partial(const struct buffer *bits, const struct schema *s)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (!has_bit(bits, i))
			return true;
	}
	return false;
}

/*
 * Fields that the old image does not have get the new image's cell, which is the row's last; so do those that events
 * are ordered by: both images are of one event.
 */
static void fill_before(const struct input *in, struct row_run *r, struct buffer *before, const struct buffer *after)
{
	for (uint32_t i = 0; i < r->schema->field_count; i++) {
		struct column *c = &r->before.columns[i];
		bool is_order = r->schema->order_count > 0 && schema_is_order(r->schema, i);

		if (!has_bit(after, i) || (has_bit(before, i) && !is_order) ||
		    (in->images.fill == FILL_KEY && !is_order && !schema_is_key(r->schema, i)))
			continue;
		c->row_count--;
		c->null_count--;
		column_append_range(c, &r->after.columns[i], r->after.row_count - 1, 1);
		set_bit(before, i);
	}
}

static uint8_t *clear_bits(struct buffer *bits, const struct schema *s)
{
	buffer_clear(bits);
	return memset(buffer_grow(bits, s->field_count / 8 + 1), 0, s->field_count / 8 + 1);
}

/* Of a full image only columns that may be NULL are left out. */
static int check_full(const struct input *in, const struct schema *s, struct err *e)
{
	if (in->options.format != FORMAT_IMAGE || in->options.image != IMAGE_FULL)
		return 0;
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (!has_bit(&in->present[1], i))
			return err_set(e, ERR_DATA, "column \"%s\", which is NOT NULL, is not in the row", s->fields[i].name);
	}
	return 0;
}

/* The old image is read for its key alone: of an update, whose new one is whole, and of a list's delete. */
static bool wants_key_only(const struct input *in, const struct row_run *r)
{
	if (!in->options.wants_old_key_only || r->schema->key_count == 0)
		return false;
	return r->op == OP_UPDATE ? !is_partial(&in->present[1], r->schema) : in->options.format == FORMAT_IMAGE;
}

/* Appends the present row's images. */
static int read_images(struct input *in, struct row_run *r, struct err *e)
{
	struct lost_dates *lost = in->options.lost != NULL ? in->lost : NULL;
	struct image_rules rules = in->images.rules;
	uint8_t *before = clear_bits(&in->present[0], r->schema), *after = clear_bits(&in->present[1], r->schema);
	int64_t order[ORDER_COLUMNS];

	if (in->options.by_event)
		order_cells(in, order);
	in->lost[0].count = in->lost[1].count = 0;
	if (r->op != OP_DELETE && in->options.by_event)
		order_put(in->table, order, &r->after, after);
	if (r->op != OP_DELETE &&
	    (image_read(in->table, &in->images.after, rules, &r->after, after, lost != NULL ? &lost[1] : NULL, e) < 0 ||
	     check_full(in, r->schema, e) < 0))
		return -1;
	if (r->op != OP_UPDATE && r->op != OP_DELETE)
		return 0;
	rules.is_old = true;
	rules.is_key_only = wants_key_only(in, r);
	rules.null_is_left_out = rules.null_is_left_out && r->op == OP_DELETE && r->schema->key_count == 0;
	if (in->options.by_event)
		order_put(in->table, order, &r->before, before);
	if (image_read(in->table, &in->images.before, rules, &r->before, before, lost, e) < 0)
		return -1;
	if (r->op == OP_UPDATE)
		fill_before(in, r, &in->present[0], &in->present[1]);
	return 0;
}

static void keep_bits(struct buffer *to, const struct buffer *bits)
{
	buffer_clear(to);
	buffer_bytes_append(to, buffer_bytes(bits));
}

/* The half of a row, or a row too many. */
static void take_back(struct columns *c, uint32_t count)
{
	columns_cut(c, c->row_count > count ? count : c->row_count);
}

/* What the new image has lost; the old one's was told when it was new. */
static void tell_lost(const struct input *in, const struct row_run *r)
{
	for (uint32_t i = 0; i < in->lost[1].count && r != &in->trial; i++)
		in->options.lost(in->options.lost_context, r->schema->fields[in->lost[1].list[i].place].name,
				 in->lost[1].list[i].value);
}

static bool says_each(const struct input *in, enum op op)
{
	return in->options.wants_each_present && in->options.by_event && in->options.format == FORMAT_IMAGE &&
	       in->options.image == IMAGE_PARTIAL && op != OP_DELETE;
}

/* What the run's rows have, of which this is the first. */
static void begin_run(const struct input *in, struct row_run *r)
{
	r->has_each = says_each(in, r->op);
	r->before_is_partial = !r->has_each && is_partial(&in->present[0], r->schema);
	r->after_is_partial = !r->has_each && is_partial(&in->present[1], r->schema);
	keep_bits(&r->before_present, &in->present[0]);
	keep_bits(&r->after_present, &in->present[1]);
}

/* 1: other fields are present than in the run. */
static int add_row(struct input *in, struct row_run *r, struct err *e)
{
	int rc = read_images(in, r, e);

	if (rc == 0 && r->count == 0)
		begin_run(in, r);
	if (rc == 0 && !r->has_each)
		rc = !bytes_equal(buffer_bytes(&r->before_present), buffer_bytes(&in->present[0])) ||
		     !bytes_equal(buffer_bytes(&r->after_present), buffer_bytes(&in->present[1]));
	if (rc != 0) {
		take_back(&r->before, r->count);
		take_back(&r->after, r->count);
		return rc;
	}
	if (r->has_each)
		buffer_append(&r->each_present, in->present[1].data, (r->schema->field_count + 7) / 8);
	r->count++;
	tell_lost(in, r);
	return 0;
}

static void next_row(struct input *in)
{
	struct images *i = &in->images;

	i->left--;
	if (in->options.format == FORMAT_IMAGE && i->left > 0)
		input_list_row(in, in->message.row_count - i->left);
	(void)json_next(&i->after_list, NULL, &i->after);
	if (i->left > 0 && i->before_list.left > 0)
		(void)json_next(&i->before_list, NULL, &i->before);
}

/* A sentence of one row among many. */
static int row_fail(const struct input *in, struct err *e)
{
	if (in->message.row_count > 1)
		err_wrap(e, "row %u", in->message.row_count - in->images.left + 1);
	return input_fail(in, e);
}

int input_rows(struct input *in, struct row_run *r, struct err *e)
{
	struct images *i = &in->images;
	int rc;

	if (i->left > 0 && r->count > 0 && r->schema != in->table->schema)
		return 1;
	while (i->left > 0) {
		if (r->count > 0 && r->op != i->op)
			return 1;
		enter_schema(r, in->table->schema, i->op);
		r->is_upsert = in->options.format == FORMAT_IMAGE;
		rc = add_row(in, r, e);
		if (rc != 0)
			return rc < 0 ? row_fail(in, e) : rc;
		next_row(in);
	}
	return 0;
}
