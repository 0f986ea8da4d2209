/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed in a table from one version of it to another. Only rows that one of the two alone has are read: those of files
 * that the other does not have, and those that a deletion vector of one has and the other's has not. They are joined by the
 * key; rows that are equal have only moved to another file. Of a table without a key equal rows are told apart by nothing:
 * there are deletes and inserts.
 */
#ifndef MERGE_DIFF_H
#define MERGE_DIFF_H

#include "change/columns.h"
#include "table/table.h"

/* A version, open for reading. Borrowed. */
struct diff_version {
	struct store *store;
	struct table *table;
};

/* A row that came, went, or became another one; its cells are valid during the call. */
struct diff_row {
	const struct schema *before_schema, *after_schema;
	const struct columns *before, *after; /* NULL: it was not there, or is no more */
	uint32_t before_row, after_row;
};

/* Returns 1 when it has seen enough. */
typedef int diff_take(void *context, const struct diff_row *row, struct err *e);

/*
 * Hands on each change once, in no order. Holds about `bytes_max` of rows at a time: where there are more, the files are read
 * again for each part of the keys. ERR_CONFIG: the versions are of different tables, or have different keys, or `from` is
 * the newer one.
 */
int diff_versions(const struct diff_version *from, const struct diff_version *to, size_t bytes_max, diff_take *take,
		  void *context, struct err *e);

#endif
