/* SPDX-License-Identifier: Apache-2.0 */
/* Values as bytes, for bounds and partitions (Iceberg spec, "Binary single-value serialization"). */
#ifndef TABLE_ICEBERG_SINGLE_VALUE_H
#define TABLE_ICEBERG_SINGLE_VALUE_H

#include "change/columns.h"

/* One value of a field; the member that counts is the one of the field's type. */
struct single_value {
	int128_t integer;   /* BOOLEAN, INT, LONG, DECIMAL (unscaled), DATE, TIMESTAMP* */
	double real;        /* FLOAT, DOUBLE */
	struct bytes bytes; /* STRING, BINARY; borrowed */
};

/* A cell that is not NULL. Borrowed from the column. */
struct single_value single_value_of(const struct field *f, const struct column *c,
				    uint32_t row);
/* Appends the bytes. */
void single_value_encode(struct buffer *out, const struct field *f,
			 const struct single_value *v);
/* The bytes of Iceberg's fixed decimals, which a value has at most: the fewest that hold the precision. */
uint32_t single_value_decimal_size(uint8_t precision);
/*
 * An INT's bytes are taken for a LONG and a FLOAT's for a DOUBLE: they are from before the
 * column's type was widened. Any other size than the type's is ERR_DATA.
 */
int single_value_decode(struct single_value *out, const struct field *f, struct bytes bytes,
			struct err *e);
/* <0, 0, >0. -0.0 is below +0.0; texts and binaries by unsigned bytes. Not for NaN. */
int single_value_compare(const struct field *f, const struct single_value *a,
			 const struct single_value *b);

#endif
