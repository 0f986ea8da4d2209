/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of row numbers, and their bytes as Delta and Iceberg share them ("Deletion Vector Format"). */
#ifndef TABLE_DELETION_VECTOR_H
#define TABLE_DELETION_VECTOR_H

#include "base/bytes.h"
#include "base/err.h"

struct row_set; /* a roaring bitmap; hides the library */

struct row_set *row_set_new(void);
void row_set_free(struct row_set *s); /* NULL is fine */
struct row_set *row_set_copy(const struct row_set *s);
bool row_set_has(const struct row_set *s, uint32_t row);
bool row_set_add(struct row_set *s, uint32_t row); /* true: was not in */
void row_set_add_sorted(struct row_set *s, const uint32_t *rows, uint32_t count);
void row_set_union(struct row_set *to, const struct row_set *from);
void row_set_subtract(struct row_set *s, const struct row_set *part);
bool row_set_contains(const struct row_set *s, const struct row_set *part);
uint64_t row_set_count(const struct row_set *s);
/* Row numbers ascending; `out` has room for row_set_count. */
void row_set_rows(const struct row_set *s, uint32_t *out);
bool row_set_max(const struct row_set *s, uint32_t *out); /* false: empty */

/*
 * u32le magic 1681511377, u64le bucket count (0 or 1), u32le key 0, 32-bit portable roaring. Appends
 * those bytes; the .bin file around them (version byte, u32be size, u32be CRC-32) is the caller's.
 */
void row_set_encode(const struct row_set *s, struct buffer *out);
/* Checks magic, sizes and the bitmap's own form; rows >= row_limit are ERR_DATA. */
int row_set_decode(struct row_set **out, struct bytes data, uint64_t row_limit, struct err *e);

#endif
