/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of one table, column by column, growing at the end.
 *
 * Every row has a slot in every column, NULL or not (a NULL's slot is zero or empty), so a row number
 * is an index. `valid` has one bit per row, least significant first, 1 = not NULL; it stays NULL as long
 * as the column has no NULL: the same bits are Parquet's definition levels.
 */
#ifndef CHANGE_COLUMNS_H
#define CHANGE_COLUMNS_H

#include <string.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "change/schema.h"

struct column {
	enum storage storage;
	uint32_t row_count;
	uint32_t row_capacity;
	uint32_t null_count;
	uint8_t *values;    /* row_count cells of storage_size(); STORAGE_BYTES: uint32_t end offsets */
	uint8_t *valid;     /* bitmap, or NULL when null_count == 0 */
	uint8_t *heap;      /* STORAGE_BYTES: cell i is heap[end(i-1) .. end(i)) */
	uint32_t heap_size, heap_capacity; /* bytes; a heap never passes COLUMN_HEAP_BYTES_MAX */
};

/* A batch is cut long before; one row alone cannot pass it (MySQL's rows end at 1 GiB + columns). */
#define COLUMN_HEAP_BYTES_MAX (UINT32_MAX - 1)

struct columns {
	struct column *columns;
	uint32_t column_count;
	uint32_t row_count; /* rows that every column has; see columns_end_row */
};

/* One column per field of the schema, empty. */
void columns_init(struct columns *c, const struct schema *s);
void columns_clear(struct columns *c);   /* no rows; keeps the memory */
void columns_release(struct columns *c);
/* Bytes of memory that the rows occupy now (capacity not counted). */
size_t columns_bytes(const struct columns *c);
/*
 * After the cells of a row were appended to every column: counts it. Asserts that no column was
 * forgotten.
 */
void columns_end_row(struct columns *c);
/* Drops the last rows, so that `row_count` remain: a half-decoded row is taken back this way. */
void columns_cut(struct columns *c, uint32_t row_count);

/* Appends all of from's rows; same storages in the same order. */
void columns_append(struct columns *to, const struct columns *from);
/* Appends rows [first, first + count) of one column; storages equal. */
void column_append_range(struct column *to, const struct column *from, uint32_t first,
			 uint32_t count);
/* Puts copies of the only cell of `from` in place of the cells from `first` on. */
void column_fill(struct column *c, uint32_t first, const struct column *from);
/* Appends all of from's cells as cells of a wider type, field_widens, or of the same storage. */
void column_append_wider(struct column *to, const struct column *from);
void column_append_nulls(struct column *c, uint32_t count);
/* Whether cell i of `a` is cell k of `b`, of the same storage; NULL is NULL. */
bool column_cell_equal(const struct column *a, uint32_t i, const struct column *b, uint32_t k);

void column_grow_rows(struct column *c); /* room for at least one more row */
uint8_t *column_grow_heap(struct column *c, uint32_t size); /* room; does not move heap_size */
void column_set_null(struct column *c);  /* appends NULL */
void column_start_valid(struct column *c); /* makes `valid` for the rows so far */

static inline bool column_is_null(const struct column *c, uint32_t row)
{
	return c->valid != NULL && (c->valid[row >> 3] >> (row & 7) & 1) == 0;
}

/* The place of the next cell's value, counted as a non-NULL row. `size` is storage_size(c->storage). */
static inline void *column_next(struct column *c, size_t size)
{
	uint32_t row = c->row_count;

	if (row == c->row_capacity)
		column_grow_rows(c);
	if (c->valid != NULL)
		c->valid[row >> 3] = (uint8_t)(c->valid[row >> 3] | 1u << (row & 7));
	c->row_count = row + 1;
	return c->values + (size_t)row * size;
}

static inline void column_add_bool(struct column *c, bool v)
{
	*(uint8_t *)column_next(c, 1) = v;
}

static inline void column_add_int32(struct column *c, int32_t v)
{
	memcpy(column_next(c, sizeof(v)), &v, sizeof(v));
}

static inline void column_add_int64(struct column *c, int64_t v)
{
	memcpy(column_next(c, sizeof(v)), &v, sizeof(v));
}

static inline void column_add_int128(struct column *c, int128_t v)
{
	memcpy(column_next(c, sizeof(v)), &v, sizeof(v));
}

static inline void column_add_float(struct column *c, float v)
{
	memcpy(column_next(c, sizeof(v)), &v, sizeof(v));
}

static inline void column_add_double(struct column *c, double v)
{
	memcpy(column_next(c, sizeof(v)), &v, sizeof(v));
}

/* Room for a cell of at most `size` bytes; finish with column_end_bytes(c, used). */
static inline uint8_t *column_begin_bytes(struct column *c, uint32_t size)
{
	if (size > c->heap_capacity - c->heap_size || c->heap == NULL)
		return column_grow_heap(c, size);
	return c->heap + c->heap_size;
}

static inline void column_end_bytes(struct column *c, uint32_t used)
{
	uint32_t end = c->heap_size + used;

	c->heap_size = end;
	memcpy(column_next(c, sizeof(end)), &end, sizeof(end));
}

static inline void column_add_bytes(struct column *c, const void *data, uint32_t size)
{
	uint8_t *at = column_begin_bytes(c, size);

	if (size > 0)
		memcpy(at, data, size);
	column_end_bytes(c, size);
}

static inline int32_t column_int32(const struct column *c, uint32_t row)
{
	return ((const int32_t *)(const void *)c->values)[row];
}

static inline int64_t column_int64(const struct column *c, uint32_t row)
{
	return ((const int64_t *)(const void *)c->values)[row];
}

static inline int128_t column_int128(const struct column *c, uint32_t row)
{
	return ((const int128_t *)(const void *)c->values)[row];
}

static inline float column_float(const struct column *c, uint32_t row)
{
	return ((const float *)(const void *)c->values)[row];
}

static inline double column_double(const struct column *c, uint32_t row)
{
	return ((const double *)(const void *)c->values)[row];
}

/* Valid until the column grows. */
static inline struct bytes column_bytes(const struct column *c, uint32_t row)
{
	const uint32_t *end = (const uint32_t *)(const void *)c->values;
	uint32_t start = row > 0 ? end[row - 1] : 0;

	return (struct bytes){ c->heap + start, end[row] - start };
}

#endif
