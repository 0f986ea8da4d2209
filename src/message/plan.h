/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the cells of a column are written, made once for a schema from the source's own words for the column's type and
 * the modes asked for: what Debezium calls a value converter and a field schema.
 */
#ifndef MESSAGE_PLAN_H
#define MESSAGE_PLAN_H

#include "change/columns.h"
#include "message/debezium.h"

struct plan;

/* Writes a cell that is not NULL, into room of plan_size() bytes. */
typedef uint8_t *plan_put(uint8_t *at, const struct plan *p, const struct column *c, uint32_t row);

/* A way to write cells, and its Kafka Connect type. */
struct kind {
	const char *type;    /* Connect's word: "int64" */
	const char *inner;   /* of a struct or an array: its fields or items, as JSON */
	const char *name;    /* semantic type, always version 1; NULL none */
	const char *doc;
	const char *invalid; /* in a NOT NULL column, for a date that the lake does not have; NULL: no such */
	plan_put *put, *put_copy; /* of the log's rows, of a copy's; put_copy NULL: the same */
	size_t (*size)(struct bytes cell); /* the most that a cell of bytes takes */
	uint32_t fixed;      /* of any other, or without `size` */
	uint32_t storages;   /* bit set of enum storage that `put` reads */
	bool is_optional;    /* also in a NOT NULL column */
};

struct plan {
	const struct kind *kind;
	plan_put *put, *put_copy;
	const struct field *field; /* of the schema, which outlives the plan */
	uint32_t column;           /* its index */
	uint8_t precision, scale;  /* decimals */
	uint8_t fraction_digits;   /* times */
	uint8_t bits;
	struct buffer lead;        /* {"name": or ,"name": */
	struct buffer null;        /* what a NULL is */
};

/* ERR_CONFIG names a column whose type is not known. `is_first`: the lead opens the object. */
int plan_init(struct plan *p, const struct debezium_options *o, const struct schema *s, uint32_t column,
	      bool is_first, struct err *e);
void plan_release(struct plan *p);

static inline size_t plan_size(const struct plan *p, const struct column *c, uint32_t row)
{
	return p->kind->size != NULL && c->storage == STORAGE_BYTES ? p->kind->size(column_bytes(c, row)) :
								     p->kind->fixed;
}

/* Appends the field's Connect schema as JSON. */
void plan_schema(const struct plan *p, const struct schema *s, struct buffer *out);
/* Whether the schema knows a DEFAULT of the field; appends it as a cell. */
bool plan_has_default(const struct plan *p, const struct schema *s);
void plan_default(const struct plan *p, const struct schema *s, struct buffer *out);

/* The number of the value at `offset` among its option's choices, one of which it is. */
unsigned debezium_choice(const struct debezium_options *o, size_t offset);

enum kind_index {
	KIND_BOOLEAN,
	KIND_INT16,
	KIND_INT32,
	KIND_INT64,
	KIND_WRAPPED, /* BIGINT UNSIGNED as a Java long: from 2^63 on it is negative */
	KIND_FLOAT,
	KIND_FLOAT_DOUBLE, /* FLOAT(m,d): the same value, as a double */
	KIND_DOUBLE,
	KIND_DECIMAL,
	KIND_DECIMAL_TEXT,
	KIND_DECIMAL_DOUBLE,
	KIND_BITS,
	KIND_STRING,
	KIND_JSON,
	KIND_UUID,
	KIND_ENUM,
	KIND_SET,
	KIND_BYTES,
	KIND_BASE64,
	KIND_BASE64_URL,
	KIND_HEX,
	KIND_YEAR,
	KIND_DATE,
	KIND_DATE_CONNECT,
	KIND_DATE_ISO,
	KIND_TIME_MICRO,
	KIND_TIME_NANO,
	KIND_TIME_CONNECT,
	KIND_TIME_ISO,
	KIND_TIMESTAMP,
	KIND_TIMESTAMP_MICRO,
	KIND_TIMESTAMP_NANO,
	KIND_TIMESTAMP_CONNECT,
	KIND_TIMESTAMP_ISO,
	KIND_TIMESTAMP_ZONED,
	KIND_GEOMETRY,
	KIND_POINT,
	KIND_VECTOR,
	KINDS,
};

extern const struct kind plan_kinds[KINDS];

#endif
