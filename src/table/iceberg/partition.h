/* SPDX-License-Identifier: Apache-2.0 */
/* Partition specs and their transforms (Iceberg spec, "Partitioning", "Partition Transforms", Appendices B and C). */
#ifndef TABLE_ICEBERG_PARTITION_H
#define TABLE_ICEBERG_PARTITION_H

#include "base/bytes.h"
#include "base/err.h"
#include "change/columns.h"
#include "change/schema.h"

enum iceberg_transform {
	TRANSFORM_IDENTITY,
	TRANSFORM_BUCKET,   /* [N]: a hash, modulo N */
	TRANSFORM_TRUNCATE, /* [W]: numbers down to a multiple of W, texts to W code points, binaries to W bytes */
	TRANSFORM_YEAR,     /* since 1970, as do the three below */
	TRANSFORM_MONTH,
	TRANSFORM_DAY,
	TRANSFORM_HOUR,
	TRANSFORM_VOID,     /* always NULL */
	TRANSFORM_UNKNOWN,  /* somebody else's: the field tells a reader nothing, and nobody may write by it */
	TRANSFORMS,
};

#define PARTITION_ID_FIRST 1000

struct iceberg_partition_field {
	char *name;
	char *words;       /* the transform as it is written: "bucket[16]" */
	int32_t id;        /* of the field in partition tuples: from PARTITION_ID_FIRST */
	int32_t source_id; /* the column's; 0 for a transform of several */
	enum iceberg_transform transform;
	int32_t width;     /* N of a bucket, W of a truncate; else 0 */
};

struct iceberg_spec {
	int32_t id;
	struct iceberg_partition_field *fields; /* owned; none: not partitioned */
	uint32_t field_count;
};

void iceberg_spec_release(struct iceberg_spec *s);
/*
 * Appends a field, with the next id, for "day" or "bucket[16]" of a column: words as users and metadata spell them. Name:
 * the column's for an identity, else with "_day", "_bucket", ... behind it, as Spark does. ERR_CONFIG: no such transform,
 * or none of this type, or a field of this name is there.
 */
int iceberg_spec_add(struct iceberg_spec *s, const struct field *source, const char *words, struct err *e);
/* The greatest id of its fields, PARTITION_ID_FIRST - 1 when it has none. */
int32_t iceberg_spec_last_id(const struct iceberg_spec *s);
/* Appends the JSON list of its fields ("Partition Specs"). */
void iceberg_spec_format(struct buffer *out, const struct iceberg_spec *s);
/* false: the words are no transform of the spec; then it is TRANSFORM_UNKNOWN. */
bool iceberg_transform_parse(const char *words, enum iceberg_transform *out, int32_t *width);
/* Name, id and type of a partition field's values; nothing in it is owned. false: no transform of this type. */
bool iceberg_partition_type(struct field *out, const struct iceberg_partition_field *p, const struct field *source);
/*
 * Appends the partition value of a cell, as single-value serialization (Appendix D). false, and nothing is appended: NULL.
 * The field has a type for this source. An unknown transform is our mistake.
 */
bool iceberg_partition_value(struct buffer *out, const struct iceberg_partition_field *p, const struct field *source,
			     const struct column *cells, uint32_t row);
/* Murmur3, 32 bits, x86 variant, seed 0: Appendix B. */
uint32_t iceberg_hash(struct bytes b);

#endif
