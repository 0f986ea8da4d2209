/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image lists, as back ends send them that have no log:
 *   {"after_image":[{"_action":"_update","_timestamp":"2025-01-01 00:00:02","PK":2,"col_3":0.002},…]}
 * Each row has its own action and time; the names are agreed on. What else stands beside the list is passed over.
 */
#include "message/input_parts.h"
#include "message/way_read.h"

/* A row's members that are no columns. */
struct row_marks {
	struct json_value action, time; /* JSON_NULL: not there */
	uint64_t content;               /* a hash of all others, when there is event order */
};

static int take_mark(struct json_value *out, const struct json_value *v, const char *name, struct err *e)
{
	if (out->node != NULL)
		return err_set(e, ERR_DATA, "\"%s\" stands in it twice", name);
	*out = *v;
	return 0;
}

static int take_marks(struct input *in, const struct json_value *row, struct row_marks *out, struct err *e)
{
	const struct input_options *o = &in->options;
	struct bytes action = bytes_of_text(o->image_action), time = bytes_of_text(o->image_time), name;
	struct json_cursor members = json_open(row);
	struct json_value v;
	int rc = 0;

	*out = (struct row_marks){ .content = 0 };
	while (rc == 0 && json_next(&members, &name, &v)) {
		if (bytes_equal(name, action))
			rc = take_mark(&out->action, &v, o->image_action, e);
		else if (bytes_equal(name, time))
			rc = take_mark(&out->time, &v, o->image_time, e);
		else if (o->by_event)
			out->content += order_hash_member(&in->nested, name, &v);
	}
	return rc;
}

static int take_action(const struct input *in, const struct json_value *v, enum op *out, struct err *e)
{
	static const struct {
		struct bytes word;
		enum op op;
	} actions[] = { { BYTES_OF("_insert"), OP_INSERT }, { BYTES_OF("_update"), OP_UPDATE }, { BYTES_OF("_delete"), OP_DELETE } };
	const char *name = in->options.image_action;

	if (v->type == JSON_NULL)
		return err_set(e, ERR_DATA, "it has no \"%s\"", name);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]) && v->type == JSON_STRING; i++) {
		struct bytes bare = { actions[i].word.data + 1, actions[i].word.size - 1 };

		if (bytes_equal(v->text, actions[i].word) || bytes_equal(v->text, bare)) {
			*out = actions[i].op;
			return 0;
		}
	}
	return err_set(e, ERR_DATA, "its \"%s\" is %s%.40s%s: it must be _insert, _update or _delete", name,
		       v->type == JSON_STRING ? "\"" : json_type_name(v->type), v->type == JSON_STRING ? member_text(v) : "",
		       v->type == JSON_STRING ? "\"" : "");
}

/* In event order it must be there. */
static int take_time(struct input *in, const struct json_value *v, int64_t *out, struct err *e)
{
	const char *name = in->options.image_time, *why, *shown = json_type_name(v->type);
	int size = 40;

	*out = 0;
	if (v->type == JSON_NULL)
		return !in->options.by_event ? 0 :
		       err_set(e, ERR_DATA, "it has no \"%s\", by which events are ordered (--order event)", name);
	why = read_event_time(v, out);
	if (v->text.size > 0) {
		shown = (const char *)v->text.data;
		size = v->text.size < 40 ? (int)v->text.size : 40;
	}
	if (why != NULL)
		return err_set(e, ERR_DATA, "its \"%s\", %.*s, %s", name, size, shown, why);
	return in->options.by_event ? order_check_time(in, *out, e) : 0;
}

static int check_key(const struct input *in, const struct json_value *row, struct err *e)
{
	const struct input_options *o = &in->options;
	struct json_value v;

	for (uint32_t i = 0; i < o->key_count && !o->is_key_optional; i++) {
		bool is_there = json_get(row, o->key[i], &v);

		if (!is_there)
			return err_set(e, ERR_DATA, "it has no \"%s\", which is of the key", o->key[i]);
		if (v.type == JSON_NULL || v.type == JSON_OBJECT || v.type == JSON_ARRAY)
			return err_set(e, ERR_DATA, "its \"%s\" is %s, which no key is", o->key[i], json_type_name(v.type));
	}
	return 0;
}

static int take_row(struct input *in, const struct json_value *row, uint32_t at, struct err *e)
{
	struct row_marks marks;

	if (row->type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "it is %s, not an object", json_type_name(row->type));
	if (image_check(row, in->images.rules, e) < 0 || take_marks(in, row, &marks, e) < 0 ||
	    take_action(in, &marks.action, &in->rows[at].op, e) < 0 ||
	    take_time(in, &marks.time, &in->rows[at].time_us, e) < 0 || check_key(in, row, e) < 0)
		return -1;
	in->list[at] = (struct list_row){ *row, order_rank_of_list(in->rows[at].op, marks.content) };
	return 0;
}

#define ROWS_KEPT_MAX 65536u

/* What a message of very many rows took is not kept. */
static void reserve_rows(struct input *in, uint32_t count)
{
	if (count <= in->row_capacity && in->row_capacity <= ROWS_KEPT_MAX)
		return;
	in->row_capacity = count;
	in->rows = memory_grow(in->rows, struct message_row, count);
	in->list = memory_grow(in->list, struct list_row, count);
}

/* The rows, and the latest of their times. */
static int take_list(struct input *in, const struct json_value *list, struct err *e)
{
	struct json_cursor rows = json_open(list);
	struct json_value row;
	int64_t *latest_us = &in->message.origin.time_us;

	reserve_rows(in, (uint32_t)rows.left);
	for (uint32_t i = 0; json_next(&rows, NULL, &row); i++) {
		if (take_row(in, &row, i, e) < 0)
			return err_wrap(e, "row %u of \"%s\"", i + 1, in->options.image_list);
		if (i == 0 || in->rows[i].time_us > *latest_us)
			*latest_us = in->rows[i].time_us;
	}
	return 0;
}

/*
 * What a row's action means for whoever reads the rows (input.h). A full image is what the key has from there on, and in
 * event order a partial one is a part of that, whether its action is an insert or an update.
 */
static enum op op_of(const struct input_options *o, enum op action)
{
	if (action == OP_DELETE)
		return OP_DELETE;
	if (o->image == IMAGE_PARTIAL)
		return !o->by_event ? action : o->wants_each_present ? OP_INSERT : OP_UPDATE;
	return o->wants_old_key_only ? OP_INSERT : action;
}

void input_list_row(struct input *in, uint32_t row)
{
	static const struct json_value none = { .type = JSON_NULL };
	const struct input_options *o = &in->options;
	struct images *i = &in->images;

	i->op = op_of(o, in->rows[row].op);
	i->after = i->op != OP_DELETE ? in->list[row].image : none;
	i->before = i->op == OP_DELETE ? in->list[row].image : none;
	/* a partial insert that is not part of a changelog begins its row: what it leaves out is not known */
	i->rules.null_is_left_out = i->op != OP_DELETE && (o->image == IMAGE_FULL || (i->op == OP_INSERT && !o->by_event &&
											      !o->is_key_optional));
}

int input_read_list(struct input *in, struct bytes key, struct bytes value, struct err *e)
{
	const struct input_options *o = &in->options;
	struct json_value v, list;
	uint32_t count;

	(void)key;
	if (o->key_count == 0 && !o->is_key_optional)
		return err_set(e, ERR_CONFIG, "image lists do not say which columns are the key: name them (--key)");
	if (json_parse(&in->value, value, &v, e) < 0)
		return -1;
	if (v.type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "value is %s, not an object", json_type_name(v.type));
	if (!json_get(&v, o->image_list, &list))
		return err_set(e, ERR_DATA, "it has no list \"%s\" (--image-list)", o->image_list);
	if (list.type != JSON_ARRAY)
		return err_set(e, ERR_DATA, "\"%s\" is %s, not a list", o->image_list, json_type_name(list.type));
	count = (uint32_t)json_count(&list);
	if (count == 0)
		return in->message.kind = MESSAGE_SIDE, 0;
	if (input_enter_table(in, e) < 0 || take_list(in, &list, e) < 0)
		return -1;
	in->images.fill = FILL_KEY;
	in->images.after_list = json_open(&list); /* for its values' types */
	if (input_take_rows(in, op_of(o, in->rows[0].op), count, e) < 0)
		return -1;
	in->message.rows = in->rows;
	in->images.after_list = (struct json_cursor){ 0 };
	input_list_row(in, 0);
	return 0;
}
