/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C structs as Avro records. One table of members gives the schema's text, the writing,
 * and the reading: by field id, never by order or name, and what a table does not know is
 * stepped over.
 */
#ifndef TABLE_ICEBERG_RECORD_H
#define TABLE_ICEBERG_RECORD_H

#include "table/iceberg/tuple.h"

/*
 * What stands at the member's offset. Lists are { T *items; uint32_t count; }; an empty
 * one is null.
 */
enum member_kind {
	MEMBER_BOOL,	/* int8_t: 0, 1; null: -1 */
	MEMBER_INT,	/* int32_t; null: -1 */
	MEMBER_LONG,	/* int64_t; null: -1 */
	MEMBER_TEXT,	/* char *; null: NULL */
	MEMBER_BYTES,	/* struct buffer; null: data is NULL */
	MEMBER_INTS,	/* list of int32_t */
	MEMBER_LONGS,	/* list of int64_t */
	MEMBER_RECORD,	/* a struct */
	MEMBER_RECORDS, /* list of structs */
	MEMBER_TUPLE,	/* struct iceberg_values */
	MEMBER_KINDS,
};

/* Members' flags. Without ANY negative numbers are refused, but for -1 as null. */
#define MEMBER_OPTIONAL 1  /* written as a union with null; read: null or absent, too */
#define MEMBER_LENIENT	2  /* written always; read: null or absent, too (version 1) */
#define MEMBER_ZERO	4  /* read as 0 where the schema does not have it (version 1) */
#define MEMBER_ANY	8  /* numbers: of any sign */
#define MEMBER_MAP	16 /* RECORDS: { int32_t id; ... }, sorted by it */

struct record_table {
	const struct record_member *members;
	uint32_t count;
};

struct record_member {
	int32_t id;
	const char *name;
	enum member_kind kind;
	size_t offset;
	uint8_t flags;
	uint8_t since;		   /* the first format version that writes it */
	int32_t element_id;	   /* INTS, LONGS and RECORDS that are no map */
	struct record_table inner; /* RECORD, RECORDS */
	size_t size;		   /* RECORDS: of one struct */
};

struct record_form { /* what a table leaves open */
	struct record_table table;
	int version;
	struct iceberg_tuple partition;
};

/* All null or empty. */
void record_init(const struct record_table *t, void *object);
/* Frees what the members own and makes them null or empty. */
void record_release(const struct record_table *t, void *object);

void record_schema(struct buffer *out, const struct record_form *f, const char *name);
/* The object's partition has been checked. */
void record_put(struct buffer *out, const struct record_form *f, const void *object);

/*
 * How records of one file's schema become objects of a table. Lives in the arena that it
 * was made in.
 */
struct record_plan;

/*
 * With `partition` (of the form's) the tuple comes in its order, and what a file lacks is
 * null; without one, in the file's. ERR_DATA: a required field is missing, or a known one
 * has an unexpected type.
 */
int record_bind(struct record_plan **out, const struct record_table *t,
		const struct iceberg_tuple *partition, const struct avro_type *type,
		struct arena *arena, struct err *e);
/*
 * Into an object that is released or new. ERR_DATA names the field; the object can be
 * released then.
 */
int record_get(const struct record_plan *p, struct reader *r, void *object,
	       struct err *e);

#endif
