/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rows of a data file have in common, as text: Delta's "Partition Value Serialization", which Iceberg's
 * values are made of too. Instants are spelled with T and Z, so that no reader takes them for its own time zone's.
 */
#ifndef TABLE_PARTITION_H
#define TABLE_PARTITION_H

#include "base/err.h"
#include "change/columns.h"

struct text_pair {
	const char *key, *value; /* value NULL: null */
};

struct text_map {
	struct text_pair *pairs;
	uint32_t count;
};

const char *text_map_get(const struct text_map *m, const char *key); /* NULL: none, or null */
/* A copy in one piece of memory, which memory_free(copy.pairs) frees. */
struct text_map text_map_keep(const struct text_map *m);

/*
 * Makes the named columns (with commas between; case counts only between columns that differ in nothing else) the
 * schema's partitioning, each as it is, as Delta has it. ERR_CONFIG: one that is not there, comes twice, or is of a type
 * whose values are not spelled alike everywhere (FLOAT, DOUBLE, BINARY); a transform.
 */
int partition_by(struct schema *s, const char *columns, struct err *e);
/* The index of the column that a user means, or -1. */
int partition_find_column(const struct schema *s, const char *name);
/* Appends a field of the partitioning as users ask for it: "day", "bucket(16,id)". */
void partition_words(struct buffer *out, const struct schema *s, const struct partition_field *p);

/* Appends the text of a cell that is not NULL and of a type that can partition. */
void partition_text(struct buffer *out, const struct field *f, const struct column *c, uint32_t row);
/* Appends the cell of a text, of any type; NULL and "" are NULL. ERR_DATA: the type has no such value. */
int partition_cell(struct column *out, const struct field *f, const char *text, struct err *e);

#endif
