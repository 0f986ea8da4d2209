/* SPDX-License-Identifier: Apache-2.0 */
/* What the formats share: an input's state, and how they fill a message. */
#ifndef MESSAGE_INPUT_PARTS_H
#define MESSAGE_INPUT_PARTS_H

#include "message/input_table.h"

/* What fields of an old image that are not in it have. */
enum fill {
	FILL_NOTHING,
	FILL_KEY, /* the key's columns: the new image's */
	FILL_ALL, /* every column: the new image's */
};

/* The message's images, one row or lists of rows side by side. */
struct images {
	struct json_value after, before; /* JSON_NULL: none */
	struct json_cursor after_list, before_list;
	uint32_t left;                   /* rows, with the present one */
	enum op op;                      /* of the present one */
	enum fill fill;
	struct image_rules rules;
};

/* A row of an image list, beside its struct message_row. */
struct list_row {
	struct json_value image;
	int64_t rank; /* by_event */
};

struct input {
	struct input_options options;
	struct json_parser value, key;
	struct input_table **tables; /* in order of their names */
	uint32_t table_count;
	struct input_table *table;       /* of the message */
	struct buffer known_lead;        /* a value up to its payload, whose schema part is known */
	struct input_table *known_table;
	struct message message;
	struct images images;
	struct message_row *rows;        /* of an image list, ... */
	struct list_row *list;
	uint32_t row_capacity;           /* ... of both */
	struct buffer control;
	struct buffer nested;            /* an object or list in a row, as text */
	int64_t clock_us;                /* when the clock was last looked at */
	struct buffer present[2];        /* of a row's images, while it is read */
	uint8_t head[48];                /* the first bytes of the value */
	size_t head_size;
	struct row_run trial;            /* where messages of many rows are tried */
	struct lost_dates lost[2];       /* of the row's images, the new one last */
};

/* json_members of what must be an object. ERR_DATA: it is none. */
int members_take(const struct json_value *object, const char *what, const struct member_names *names,
		 struct json_value *got, struct err *e);
/* A text's characters, otherwise NULL. */
const char *member_text(const struct json_value *v);
/* An integer, also one in a text; otherwise 0. */
int64_t member_int(const struct json_value *v);
/* A count of so many microseconds each, in microseconds; 0 when it is none, or too large. */
int64_t member_us(const struct json_value *v, int64_t factor);
/* A time's text in microseconds since 1970, 0 when it is none. */
int64_t member_time_us(const struct json_value *v);

#define TABLES_MAX 16384u

/* Finds or makes the message's table. ERR_DATA: there are too many. */
int input_enter_table(struct input *in, struct err *e);
/* The names in a list become the table's key, unless it is known. */
void input_take_key_list(struct input *in, const struct json_value *names);
/*
 * Brings the table's schema up to date by the images (where types are inferred) and completes the message. `rows`
 * is how many each of the images has: 1, or a list's.
 */
int input_take_rows(struct input *in, enum op op, uint32_t rows, struct err *e);
int input_take_schema(struct input *in, struct err *e);
int input_take_truncate(struct input *in, struct err *e);

/* --- event order (input_order.c) --- */

/* ERR_DATA: not in the years 1 to 9999, or farther ahead than it may be. */
int order_check_time(struct input *in, int64_t us, struct err *e);
/* A hash of one member of a row. A row's content is the sum of its members'. */
uint64_t order_hash_member(struct buffer *scratch, struct bytes name, const struct json_value *v);
/* The rank of an image list's row. */
int64_t order_rank_of_list(enum op op, uint64_t content);
/* What the present row has in our columns. */
void order_cells(struct input *in, int64_t cells[ORDER_COLUMNS]);
/* Appends them, and sets their bits. */
void order_put(const struct input_table *t, const int64_t cells[ORDER_COLUMNS], struct columns *c, uint8_t *present);

/* Puts the value's first bytes behind the sentence; -1. */
int input_fail(const struct input *in, struct err *e);

int input_read_debezium(struct input *in, struct bytes key, struct bytes value, struct err *e);
int input_read_maxwell(struct input *in, struct bytes key, struct bytes value, struct err *e);
int input_read_canal(struct input *in, struct bytes key, struct bytes value, struct err *e);
int input_read_dms(struct input *in, struct bytes key, struct bytes value, struct err *e);
int input_read_list(struct input *in, struct bytes key, struct bytes value, struct err *e);
/* Makes the list's next row the present one. */
void input_list_row(struct input *in, uint32_t row);

/* The tables of a schema change's tableChanges, for messages without a schema. */
int input_take_changes(struct input *in, const struct json_value *changes, struct err *e);
/* Columns of a Connect schema's "after" (or "before"). */
int connect_declare(struct input_table *t, const struct json_value *schema, struct err *e);

#endif
