/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of the copy. All comparing of keys is left to the server, in the column's own terms. */
#ifndef SOURCE_MYSQL_CHUNK_H
#define SOURCE_MYSQL_CHUNK_H

#include "source/mysql/catalog.h"
#include "source/mysql/copy_progress.h"

/*
 * SELECT every column FROM the table WHERE from < key (or last < key, when there is one) AND key <= to ORDER BY
 * key LIMIT `rows`.
 */
void chunk_select(struct buffer *sql, const struct catalog_table *t, const struct copy_range *r,
		  uint64_t rows);
/* Every row, in no order. */
void chunk_select_all(struct buffer *sql, const struct catalog_table *t);
/* The smallest and largest value of the key's first column. */
void chunk_select_ends(struct buffer *sql, const struct catalog_table *t);
/* The key that stands `rows` behind `after` (NULL cells: the first). */
void chunk_select_limit(struct buffer *sql, const struct catalog_table *t, const struct copy_key *after,
			uint64_t rows);
/*
 * Whether a key that was read back from the lake is one that the server may have given us: numbers and times
 * become part of a statement as they are.
 */
bool chunk_key_is_safe(const struct catalog_table *t, const struct copy_key *key);
/* Whether the key's first column is a whole number, so that ranges can be computed. */
bool chunk_key_is_whole(const struct catalog_table *t);

#endif
