/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partition tuple of a file: values as the spec's "Appendix D: Single-value
 * serialization" has them.
 */
#ifndef TABLE_ICEBERG_TUPLE_H
#define TABLE_ICEBERG_TUPLE_H

#include "change/schema.h"
#include "table/iceberg/avro_schema.h"

/* One field of a partition spec, with the type of its transform's result. Borrowed. */
struct iceberg_tuple_field {
	int32_t id;	  /* 1000.. */
	const char *name; /* the spec's; a manifest has it as Avro allows */
	enum type type;
	uint8_t precision, scale; /* DECIMAL */
};

struct iceberg_tuple { /* zeroed: not partitioned */
	const struct iceberg_tuple_field *fields;
	uint32_t count;
};

struct iceberg_value {
	bool is_null;
	struct buffer bytes;
};

struct iceberg_values { /* in the order of the spec's fields */
	struct iceberg_value *items;
	uint32_t count;
};

/* Into one that is empty or new. */
void iceberg_values_copy(struct iceberg_values *out, const struct iceberg_values *v);
/* Leaves none. */
void iceberg_values_release(struct iceberg_values *v);

/* What the values of one field are in all live files of a manifest. */
struct iceberg_summary {
	int8_t contains_null;
	int8_t contains_nan;	    /* -1: not told */
	struct buffer lower, upper; /* data NULL: none */
};

/* The members of a JSON list of Avro fields, without its brackets. */
void tuple_schema(struct buffer *out, const struct iceberg_tuple *p);
/* ERR_DATA where a value cannot be one of its field: another count, another length. */
int tuple_check(const struct iceberg_tuple *p, const struct iceberg_values *values,
		struct err *e);
void tuple_put(struct buffer *out, const struct iceberg_tuple *p,
	       const struct iceberg_values *values); /* they have been checked */
/* Whether values of the type can be read; a union is not one. */
bool tuple_can_read(const struct avro_type *type);
/*
 * Appends the single-value form of one that is not null. Too short a read sets
 * short_read.
 */
void tuple_read(struct buffer *out, struct reader *r, const struct avro_type *type);
/*
 * Takes one more value into the summary, which began with { 0, 0 } and no bounds. It has
 * been checked.
 */
void tuple_summarize(struct iceberg_summary *s, const struct iceberg_tuple_field *field,
		     const struct iceberg_value *value);

#endif
