/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event order: the columns of ours, which the table's schema has beside the messages' own, and what rows have in them.
 *
 * The rank is the last resort, and the same whatever came when. It holds, from the highest bit on,
 *   of an image list: 2 bits action (insert, update, delete), 61 bits of the row's content;
 *   of a log's event: 24 bits row in the event, 2 bits action (read, insert, update, delete), 36 bits of its content,
 * where the content is the sum of a hash of each member's name and value: equal however the members are arranged.
 */
#include <strings.h>
#include <xxhash.h>

#include "base/clock.h"
#include "base/text.h"
#include "change/event.h"
#include "message/input_parts.h"

static const struct {
	const char *name;
	enum type type;
	bool is_of_log;
} columns[ORDER_COLUMNS] = {
	[ORDER_TIME] = { EVENT_TIME, TYPE_TIMESTAMP, false },
	[ORDER_FILE] = { EVENT_FILE, TYPE_LONG, true },
	[ORDER_OFFSET] = { EVENT_OFFSET, TYPE_LONG, true },
	[ORDER_RANK] = { EVENT_RANK, TYPE_LONG, false },
};

/* --- the columns ------------------------------------------------------------------------------ */

static bool has_column(const struct input_options *o, enum order_column c)
{
	return !columns[c].is_of_log || o->format != FORMAT_IMAGE;
}

int input_table_check_name(const struct input_table *t, const char *name, struct err *e)
{
	for (unsigned c = 0; c < ORDER_COLUMNS && t->options->by_event; c++) {
		if (strcasecmp(columns[c].name, name) == 0)
			return err_set(e, ERR_CONFIG, "the rows have a column \"%s\", which is the name of one that --order event adds: "
				       "leave it out by a --schema", name);
	}
	return 0;
}

int input_table_add_order(struct input_table *t, struct err *e)
{
	if (!t->options->by_event || t->has_order)
		return 0;
	for (uint32_t i = 0; i < t->field_count; i++) {
		if (input_table_check_name(t, t->fields[i].name, e) < 0)
			return -1;
	}
	for (unsigned c = 0; c < ORDER_COLUMNS; c++) {
		struct input_field *f;

		t->ours[c] = FIELDS_MAX;
		if (!has_column(t->options, c))
			continue;
		t->ours[c] = t->field_count;
		f = input_table_add(t, bytes_of_text(columns[c].name));
		f->is = (struct declared){ .type = columns[c].type, .from.coding = CODING_PLAIN };
		f->is_settled = f->is_final = f->is_ours = true;
	}
	t->has_order = true;
	return 0;
}

bool input_table_orders(const struct input_table *t, struct bytes name)
{
	const struct input_options *o = t->options;

	for (uint32_t i = 0; i < o->order_by_count && o->by_event; i++) {
		if (bytes_equal(bytes_of_text(o->order_by[i]), name))
			return true;
	}
	return false;
}

/* The user says which columns are given, messages which others there are. */
static int no_column(const struct input_table *t, const char *name, struct err *e)
{
	if (t->types == TYPES_GIVEN)
		return err_set(e, ERR_CONFIG, "--order-by: \"%s\" is not among the columns of --schema", name);
	return err_set(e, ERR_DATA, "no message has told a value of column \"%s\" so far, by which events are ordered "
		       "(--order-by); --schema could give its type", name);
}

int input_table_set_order(const struct input_table *t, struct schema *s, struct err *e)
{
	const struct input_options *o = t->options;
	uint32_t *order, count = 0;
	int rc = 0;

	if (!o->by_event)
		return 0;
	order = memory_array(uint32_t, ORDER_COLUMNS + o->order_by_count);
	for (unsigned c = 0; c < ORDER_COLUMNS; c++) {
		if (has_column(o, c))
			order[count++] = (uint32_t)t->fields[t->ours[c]].place;
		for (uint32_t i = 0; c == ORDER_TIME && i < o->order_by_count && rc == 0; i++) {
			int at = schema_find(s, o->order_by[i]);

			rc = at < 0 ? no_column(t, o->order_by[i], e) : 0;
			order[count++] = (uint32_t)at;
		}
	}
	if (rc == 0) {
		schema_set_order(s, order, count);
		s->is_by_column = o->format == FORMAT_IMAGE && o->image == IMAGE_PARTIAL;
		rc = schema_check_order(s, e);
		e->kind = rc < 0 && t->types == TYPES_GIVEN ? ERR_CONFIG : e->kind;
	}
	memory_free(order);
	return rc;
}

/* --- what a row has in them ------------------------------------------------------------------- */

/* The numbers of seconds, and a text beside one of the same digits: the type tells them apart. */
uint64_t order_hash_member(struct buffer *scratch, struct bytes name, const struct json_value *v)
{
	uint64_t seed = XXH3_64bits(name.data, name.size) + v->type;
	struct bytes text = v->text;

	if (v->type == JSON_OBJECT || v->type == JSON_ARRAY) {
		buffer_clear(scratch);
		(void)json_write(scratch, v); /* too deep for a cell: up to there */
		text = buffer_bytes(scratch);
	}
	return text.size > 0 ? XXH3_64bits_withSeed(text.data, text.size, seed) : XXH3_64bits(&seed, sizeof(seed));
}

static uint64_t hash_row(struct buffer *scratch, const struct json_value *row)
{
	struct json_cursor members = json_open(row);
	struct json_value v;
	struct bytes name;
	uint64_t sum = 0;

	while (json_next(&members, &name, &v))
		sum += order_hash_member(scratch, name, &v);
	return sum;
}

#define LOG_CONTENT_BITS  36
#define LOG_ACTION_BITS   2
#define LOG_ROW_MAX       0xffffffu

static uint64_t low_bits(uint64_t v, unsigned bits)
{
	return v & (((uint64_t)1 << bits) - 1);
}

int64_t order_rank_of_list(enum op op, uint64_t content)
{
	uint64_t action = op == OP_DELETE ? EVENT_DELETE : op == OP_UPDATE ? EVENT_UPDATE : EVENT_INSERT;

	return (int64_t)(action << EVENT_ACTION_SHIFT | low_bits(content, EVENT_ACTION_SHIFT));
}

static int64_t rank_of_log(uint64_t row, enum op op, uint64_t content)
{
	static const uint64_t actions[OPS] = { [OP_COPY] = 0, [OP_INSERT] = 1, [OP_UPDATE] = 2, [OP_DELETE] = 3 };

	row = row < LOG_ROW_MAX ? row : LOG_ROW_MAX;
	return (int64_t)((row << LOG_ACTION_BITS | actions[op]) << LOG_CONTENT_BITS | low_bits(content, LOG_CONTENT_BITS));
}

/* "binlog.000003" is 3. */
static int64_t file_number(const char *file)
{
	const char *dot = file != NULL ? strrchr(file, '.') : NULL;
	int64_t number;

	return dot != NULL && text_parse_int(bytes_of_text(dot + 1), &number) ? number : 0;
}

static void cells_of_log(struct input *in, int64_t cells[ORDER_COLUMNS])
{
	const struct message *m = &in->message;
	uint64_t row = (uint64_t)m->log_row + (m->row_count - in->images.left);

	row = m->ends_transaction ? LOG_ROW_MAX : row;
	cells[ORDER_TIME] = m->origin.time_us;
	cells[ORDER_FILE] = file_number(m->origin.log_file);
	cells[ORDER_OFFSET] = (int64_t)(m->origin.log_offset != 0 ? m->origin.log_offset : m->transaction);
	cells[ORDER_RANK] = rank_of_log(row, m->op, hash_row(&in->nested, m->op == OP_DELETE ? &in->images.before :
											       &in->images.after));
}

void order_cells(struct input *in, int64_t cells[ORDER_COLUMNS])
{
	uint32_t row = in->message.row_count - in->images.left;

	if (in->options.format != FORMAT_IMAGE) {
		cells_of_log(in, cells);
		return;
	}
	cells[ORDER_TIME] = in->rows[row].time_us;
	cells[ORDER_RANK] = in->list[row].rank;
}

void order_put(const struct input_table *t, const int64_t cells[ORDER_COLUMNS], struct columns *c, uint8_t *present)
{
	for (unsigned i = 0; i < ORDER_COLUMNS; i++) {
		uint32_t place;

		if (t->ours[i] == FIELDS_MAX)
			continue;
		place = (uint32_t)t->fields[t->ours[i]].place;
		column_add_int64(&c->columns[place], cells[i]);
		present[place >> 3] = (uint8_t)(present[place >> 3] | 1u << (place & 7));
	}
}

/* --- times ------------------------------------------------------------------------------------ */

#define TIME_US_MIN (-62135596800000000) /* 0001-01-01 */
#define TIME_US_MAX 253402300800000000   /* 10000-01-01 */

int order_check_time(struct input *in, int64_t us, struct err *e)
{
	int64_t ahead = in->options.ahead_us_max;
	char shown[32];

	if (us < TIME_US_MIN || us >= TIME_US_MAX)
		return err_set(e, ERR_DATA, "its time, %lld us since 1970, is not in the years 1 to 9999", (long long)us);
	if (ahead == 0 || us - in->clock_us <= ahead)
		return 0;
	in->clock_us = clock_now_us();
	if (us - in->clock_us <= ahead)
		return 0;
	return err_set(e, ERR_DATA, "its time, %s, is later than the clock of this machine by more than %lld s (--max-ahead)",
		       clock_format(shown, sizeof(shown), us), (long long)(ahead / 1000000));
}
