/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By what a table is partitioned, and the values of its new files: from rows, or from the texts that a leader's files
 * have. Between merge and commit a file carries them as `tuple` (table.h): the spec's id as a u32, then of each of its
 * fields a byte (1: there is a value), and its size as a u32 and its bytes (Appendix D).
 */
#ifndef TABLE_ICEBERG_PARTITIONING_H
#define TABLE_ICEBERG_PARTITIONING_H

#include "table/iceberg/metadata.h"
#include "table/iceberg/tuple.h"
#include "table/partition.h"

/* The schema's own list of what it is partitioned by, from a spec: fields of columns that it does not have are left out. */
void partitioning_show(struct schema *s, const struct iceberg_spec *spec);
/* The other way; the caller releases `out`, after a failure too. ERR_CONFIG: a transform that the column's type does not take. */
int partitioning_spec(struct iceberg_spec *out, const struct schema *s, struct err *e);
/* 0, or ERR_CONFIG: the default spec has fields whose values we cannot tell, of columns that are not there. */
int partitioning_require(const struct iceberg_metadata *m, struct err *e);

/*
 * 0, or ERR_CONFIG: a column of the schema has the name of a field of the spec, and is not what that is the identity of: Java's readers
 * refuse such a table, whichever of its specs it is.
 */
int partitioning_check_names(const struct iceberg_spec *spec, const struct schema *s, struct err *e);

/* Appends the tuple of a row. A field of a column that `s` does not have is NULL. */
void partitioning_of_row(struct buffer *out, const struct iceberg_spec *spec, const struct schema *s,
			 const struct columns *rows, uint32_t row);
/* Appends the tuple of a file that is there. */
void partitioning_of_values(struct buffer *out, int32_t spec_id, const struct iceberg_values *values);
/* Such a tuple; without one, NULLs of the default spec. The caller releases the values. */
void partitioning_read(int32_t *spec_id, struct iceberg_values *out, const struct iceberg_spec *spec, struct bytes tuple);
/*
 * The values of a leader's file by its texts, which are of columns as they are; released by the caller, after a failure
 * too. ERR_CONFIG: the spec has a field that the texts do not tell; ERR_DATA: a text that is no value.
 */
int partitioning_of_texts(struct iceberg_values *out, const struct iceberg_spec *spec, const struct schema *s,
			  const struct text_map *texts, struct err *e);

#endif
