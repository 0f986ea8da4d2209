/* SPDX-License-Identifier: Apache-2.0 */
/* A table's columns as the lake will have them: name, lake type, key. Immutable once shared. */
#ifndef CHANGE_SCHEMA_H
#define CHANGE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

/* The primitive types that Delta and Iceberg have in common. */
enum type {
	TYPE_BOOLEAN,
	TYPE_INT,           /* 32-bit signed */
	TYPE_LONG,          /* 64-bit signed */
	TYPE_FLOAT,
	TYPE_DOUBLE,
	TYPE_DECIMAL,       /* precision 1..38, scale 0..precision */
	TYPE_DATE,          /* days since 1970-01-01 */
	TYPE_TIMESTAMP,     /* an instant: microseconds since 1970 UTC */
	TYPE_TIMESTAMP_NTZ, /* a wall clock: microseconds since 1970-01-01 00:00:00 */
	TYPE_STRING,        /* UTF-8 */
	TYPE_BINARY,
	TYPES,
};

/* How a column's cells lie in memory (change/columns.h) and, the same way, in Parquet. */
enum storage {
	STORAGE_BOOL,    /* uint8_t 0 or 1 */
	STORAGE_INT32,   /* INT, DATE, DECIMAL of precision <= 9 */
	STORAGE_INT64,   /* LONG, TIMESTAMP*, DECIMAL of precision <= 18 */
	STORAGE_INT128,  /* DECIMAL of precision <= 38: int128_t, unscaled */
	STORAGE_FLOAT,
	STORAGE_DOUBLE,
	STORAGE_BYTES,   /* STRING, BINARY */
	STORAGES,
};

__extension__ typedef __int128 int128_t;

struct field {
	char *name;        /* UTF-8, as the source spells it */
	char *source_type; /* the source's own words ("int unsigned"); goes into the field's comment */
	enum type type;
	uint8_t precision, scale; /* DECIMAL only */
	bool is_nullable;
	bool null_is_invalid; /* NOT NULL at the source: a NULL is a value that the type cannot hold */
	int32_t id;        /* Parquet field id and Iceberg column id: 1.. , never reused in a table */
};

/* How rows come to a table of the lake. */
enum table_mode {
	MODE_MERGE,      /* changes by key: the table is what the source has */
	MODE_APPEND,     /* a row for each change */
	MODE_RAW,        /* a row for each message */
	MODE_QUARANTINE, /* a row for each message that could not be read */
	TABLE_MODES,
};

/* The rows of one data file have one value of each of these. */
struct partition_field {
	uint32_t field;  /* whose value: the column's index */
	char *transform; /* which value of it, in Iceberg's words; "identity" is the cell itself */
	char *name;      /* of the value; an identity has its column's */
};

struct columns;

/* A table's row. Shared by reference count between threads; nothing in it changes after schema_share. */
struct schema {
	char *database, *table;
	struct field *fields;
	uint32_t field_count;
	uint32_t *key;       /* indexes of the key's fields in key order */
	uint32_t key_count;  /* 0: the table has no key, rows are a multiset */
	/*
	 * Event order: indexes of the fields whose values, compared in turn, say which of two events of a key is the
	 * newer one; NULL is less than any value. Events that are equal in all of them are one that came twice. Each is of
	 * a type that schema_can_order.
	 */
	uint32_t *order;
	uint32_t order_count; /* 0: the order of arrival */
	/*
	 * Of events: rows come with some of their columns, and the order is of each column's events. Of a table of the lake,
	 * which has no order of its own then: it is put together from its long table.
	 */
	bool is_by_column;
	/*
	 * One row, the literal DEFAULTs; NULL where there is none; a date or time whose DEFAULT is the time of the
	 * change has 0, and so has a NOT NULL one whose DEFAULT is invalid. NULL: not known.
	 */
	struct columns *defaults;
	struct partition_field *partition; /* of a table of the lake; schemas that differ in it are still equal */
	uint32_t partition_count;
	enum table_mode mode; /* any but MERGE is only ever appended to: no key, no deletes */
	uint32_t references; /* atomic */
};

const char *type_name(enum type t); /* the specs' word: "timestamp_ntz" */
const char *table_mode_name(enum table_mode m); /* "merge", "append", "raw", "quarantine" */
enum storage field_storage(const struct field *f);
/* Bytes of one cell in memory; 0 for STORAGE_BYTES. */
size_t storage_size(enum storage s);

struct schema *schema_new(const char *database, const char *table);
/* Appends a field (id = position + 1 unless set); copies the texts. Not after sharing. */
struct field *schema_add(struct schema *s, const char *name, enum type type, bool is_nullable);
/*
 * The same fields and key with ids of a table: those of the same names in `known` (NULL: none), new ones above
 * *last_id, the highest that the table has given out, which rises with them. The partitioning is that of `known`,
 * whose fields `wanted` has all. Released by the caller.
 */
struct schema *schema_adopt_ids(const struct schema *wanted, const struct schema *known, int32_t *last_id);
/* Appends a copy of a field of another schema, under this name and nullable or not; its id is its own. */
struct field *schema_add_copy(struct schema *s, const char *name, const struct field *from, bool is_nullable);
void schema_set_key(struct schema *s, const uint32_t *fields, uint32_t count);
void schema_set_order(struct schema *s, const uint32_t *fields, uint32_t count);
/* Whether events can be ordered by such a field: a number of at most 64 bits, a date or a time. */
bool schema_can_order(const struct field *f);
/* Such a list of fields as JSON: ["id","at"]. */
void schema_names_format(struct buffer *out, const struct schema *s, const uint32_t *fields, uint32_t count);
/* ERR_DATA: a field of the order is of a type that events cannot be ordered by. */
int schema_check_order(const struct schema *s, struct err *e);
/* Appends a field of the partitioning; copies the texts. Not after sharing. */
void schema_add_partition(struct schema *s, uint32_t field, const char *transform, const char *name);
/* Takes over the row and its memory. Not after sharing. Schemas with other DEFAULTs are still equal. */
void schema_set_defaults(struct schema *s, struct columns *row);
/* One more owner; pass the result on. `schema_release` drops one, the last frees. NULL is fine. */
struct schema *schema_share(struct schema *s);
void schema_release(struct schema *s);
/* Index of the field with this exact name, or -1. */
int schema_find(const struct schema *s, const char *name);
bool schema_is_key(const struct schema *s, uint32_t field);
bool schema_is_order(const struct schema *s, uint32_t field);
/* The same values of the same columns, by the columns' names, in the same order; whatever the values are called. */
bool schema_partition_equal(const struct schema *a, const struct schema *b);
/* Same names, types, nullability, key and event order (and whether it is by column), in the same order. */
bool schema_equal(const struct schema *a, const struct schema *b);
/*
 * True when `b` is `a` plus new fields at any place and with wider types (nothing else differs): what an ALTER TABLE in
 * mid-stream may do, given a value for the rows so far where a new field is not nullable.
 */
bool schema_extends(const struct schema *a, const struct schema *b);
/* Whether the fields of `a` that `b` has are of the same types there. */
bool schema_keeps_types(const struct schema *a, const struct schema *b);
bool field_same_type(const struct field *a, const struct field *b);
/*
 * Whether every value of `from` is one of `to`, and Delta ("Type Widening") and Iceberg ("Schema Evolution") both let the
 * type change without new files: an integer to a long, a float to a double, a decimal to one of more digits.
 */
bool field_widens(const struct field *from, const struct field *to);
/* "decimal(10,2)" or the type's name. */
void field_type_format(struct buffer *out, const struct field *f);

#endif
