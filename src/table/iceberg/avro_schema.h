/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema that stands in an Avro file, as a tree; values of it are stepped over
 * (Avro 1.11, "Schemas").
 */
#ifndef TABLE_ICEBERG_AVRO_SCHEMA_H
#define TABLE_ICEBERG_AVRO_SCHEMA_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/memory.h"

enum avro_kind {
	AVRO_NULL,
	AVRO_BOOLEAN,
	AVRO_INT,
	AVRO_LONG,
	AVRO_FLOAT,
	AVRO_DOUBLE,
	AVRO_BYTES,
	AVRO_STRING,
	AVRO_FIXED,
	AVRO_ENUM,
	AVRO_RECORD,
	AVRO_ARRAY,
	AVRO_MAP,
	AVRO_UNION,
	AVRO_KINDS,
};

#define AVRO_FIELD_NO_ID (-1)

struct avro_field {
	const char *name;
	int32_t id; /* Iceberg's "field-id"; AVRO_FIELD_NO_ID */
	const struct avro_type *type;
};

/* Never recursive: a name can be used only behind the end of its definition. */
struct avro_type {
	enum avro_kind kind;
	bool is_decimal;    /* logicalType "decimal" */
	uint32_t size;	    /* FIXED: bytes */
	uint32_t bytes_min; /* the least that a value takes */
	int height;	    /* levels below it */
	struct avro_field *fields; /* of a RECORD; a UNION's branches, without names */
	uint32_t field_count;
	const struct avro_type *items; /* ARRAY and MAP (whose keys are strings) */
};

const char *avro_kind_name(enum avro_kind k); /* the spec's word */

/*
 * The tree of a schema's text; it lives in `arena`. ERR_DATA: not JSON, not a schema,
 * deeper than 32, more than 10,000 types, or items that take no bytes (a count of them
 * could not be bounded).
 */
int avro_schema_parse(const struct avro_type **out, struct bytes text,
		      struct arena *arena, struct err *e);

/* "int" and "long". Ten bytes at most; more is a short read. */
int64_t avro_read_long(struct reader *r);
struct bytes avro_read_bytes(struct reader *r); /* "bytes" and "string" */
/*
 * The count of an array's or a map's next block; 0 ends it. Never more than bytes are
 * left, which bounds what a reader does for it. A size of the block, where one is given,
 * is of no use here and read away.
 */
uint64_t avro_read_count(struct reader *r);
/* A union's unknown branch is a short read. */
void avro_skip(struct reader *r, const struct avro_type *type);

void avro_put_long(struct buffer *out, int64_t v);
void avro_put_bytes(struct buffer *out, struct bytes v);

#endif
