/* SPDX-License-Identifier: Apache-2.0 */
/* One table of an input: its fields as they are known so far, and how the values of each become cells. */
#ifndef MESSAGE_INPUT_TABLE_H
#define MESSAGE_INPUT_TABLE_H

#include "message/input.h"
#include "message/way.h"

/* What a message says of a column. */
struct declared {
	struct bytes name;
	enum type type;
	uint8_t precision, scale;
	bool is_nullable;
	struct encoding from;
	const char *words; /* the source's own for its type, or NULL */
};

#define FIELDS_MAX  4096u
#define MEMBERS_MAX (2 * FIELDS_MAX) /* of a row: of its old image, too */

struct input_field {
	char *name;
	size_t name_size;
	struct declared is; /* its name and words are not used */
	char *source_type;
	uint8_t guess;      /* inferred: bit set of what was seen */
	bool is_settled;    /* has a type: stands in the schema */
	bool is_final;      /* its type is not for its values to say any more, nor its NULLs for the message */
	bool is_ours;       /* a column of event order that no message has; final */
	int place;          /* in the schema, in the order in which they were settled; or -1 */
	struct way way;
};

enum table_types {
	TYPES_GIVEN,
	TYPES_DECLARED,
	TYPES_INFERRED,
};

/* The columns of event order that are ours. */
enum order_column { ORDER_TIME, ORDER_FILE, ORDER_OFFSET, ORDER_RANK, ORDER_COLUMNS };

struct input_table {
	const struct input_options *options; /* the input's */
	char *database, *table;
	enum table_types types;
	struct input_field *fields;
	uint32_t field_count;
	uint32_t *slots;      /* open hash from names: a field's number + 1, 0 free; a power of two, at least twice the fields */
	uint32_t slot_count;
	uint32_t *places; /* the schema's fields: their numbers here */
	uint32_t place_count;
	struct schema *schema; /* NULL: has_changes tells that it is to be made */
	bool has_changes;
	char **key; /* names; has_key: they are known (or known to be none) */
	uint32_t key_count;
	bool has_key, is_key_optional;
	bool has_order;              /* ours are among the fields, ... */
	uint32_t ours[ORDER_COLUMNS]; /* ... at these numbers; a column that the format does not have: FIELDS_MAX */
	int recoded;  /* a field whose bare values a schema change made others; -1: none */
	bool is_told; /* schema changes have told of its columns */
	bool is_told_elsewhere; /* in another topic: what a row has more may be told of there */
};

struct input_table *input_table_new(const struct input_options *o, const char *database, const char *table);
void input_table_free(struct input_table *t);

/* A field without a type and a place; valid until the next one. */
struct input_field *input_table_add(struct input_table *t, struct bytes name);
/* The field of this name, at `hint` at first; -1: none. */
int input_table_find(const struct input_table *t, struct bytes name, uint32_t hint);
/* Adds and widens what the message declares. ERR_DATA: too many fields, or a type that the field's cannot become. */
int input_table_declare(struct input_table *t, const struct declared *d, struct err *e);
/* See input_know. */
int input_table_know(struct input_table *t, const struct input_options *o, const struct schema *known, bool is_final,
		     struct err *e);
/* The key's columns, once; they must be fields by the next input_table_schema. */
void input_table_add_key(struct input_table *t, struct bytes name);
/* Makes the schema anew if there are changes: 1, otherwise 0. */
int input_table_schema(struct input_table *t, struct err *e);

/* --- event order (input_order.c) --- */

/* Makes our columns fields, once, when there is event order. ERR_CONFIG: the table has one of that name. */
int input_table_add_order(struct input_table *t, struct err *e);
/* ERR_CONFIG: the name is one of ours, in any case of letters. */
int input_table_check_name(const struct input_table *t, const char *name, struct err *e);
/* Whether events are ordered by this column of the messages. */
bool input_table_orders(const struct input_table *t, struct bytes name);
/* ERR_CONFIG, ERR_DATA: a column to order by is not there, or not of a type that orders. */
int input_table_set_order(const struct input_table *t, struct schema *s, struct err *e);

/* What bare values of a given field are, without a schema in the message. */
struct encoding encoding_given(const struct input_options *o, const struct field *f);
struct declared declared_given(const struct input_options *o, const struct field *f, struct bytes name);

struct image_rules {
	bool is_old;           /* NULL in a NOT NULL field: the value is not told */
	bool has_unavailable;  /* Debezium's mark for a value that is not told is looked for */
	bool null_is_left_out; /* a nullable field that is not there is NULL */
	bool is_key_only;      /* columns outside the key and the event order are passed over */
	bool has_both;         /* the old row's members stand among the new one's: "BI_name" beside "name" */
};

/* The looks that a field's values have when it was inferred as this type, or 0: it was not inferred. */
uint8_t guess_of_field(const struct field *f);
/* Widens by the values of a row. */
int input_table_infer(struct input_table *t, const struct json_value *row, struct image_rules rules, struct err *e);
/*
 * Puts behind the sentence which columns to give, so that the field of an inferred table could hold this value; nothing
 * when none would do.
 */
void input_table_suggest(const struct input_table *t, uint32_t field, const struct json_value *v, struct err *e);
/* Dates of an image that became NULL. */
struct lost_dates {
	struct lost_date {
		uint32_t place; /* of the field, in the schema */
		char value[32];
	} *list;
	uint32_t count;
};

/*
 * Appends the row's cells, and sets the bits of the fields that are there. `lost` gathers dates that do not exist; NULL:
 * they are refused.
 */
int image_read(const struct input_table *t, const struct json_value *row, struct image_rules rules, struct columns *c,
	       uint8_t *present, struct lost_dates *lost, struct err *e);

/* ERR_DATA: no object (nor a null, of an old row), or one of too many members. */
int image_check(const struct json_value *row, struct image_rules rules, struct err *e);
/* Whether the member is the old row's, of a row that has both; then its name becomes the column's. */
bool image_old_name(const struct json_value *row, struct bytes *name);

#endif
