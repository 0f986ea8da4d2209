/* SPDX-License-Identifier: Apache-2.0 */
#include "change/columns.h"

#include <assert.h>

#define ROW_CAPACITY_MIN  64u /* a multiple of 8: the bitmap has whole bytes */
#define HEAP_CAPACITY_MIN 1024u

static size_t cell_size(const struct column *c)
{
	return c->storage == STORAGE_BYTES ? sizeof(uint32_t) : storage_size(c->storage);
}

void columns_init(struct columns *c, const struct schema *s)
{
	*c = (struct columns){ .columns = memory_array(struct column, s->field_count),
			       .column_count = s->field_count };
	for (uint32_t i = 0; i < s->field_count; i++)
		c->columns[i].storage = field_storage(&s->fields[i]);
}

static void drop_valid(struct column *c)
{
	memory_free(c->valid);
	c->valid = NULL;
	c->null_count = 0;
}

void columns_clear(struct columns *c)
{
	for (uint32_t i = 0; i < c->column_count; i++) {
		c->columns[i].row_count = 0;
		c->columns[i].heap_size = 0;
		drop_valid(&c->columns[i]);
	}
	c->row_count = 0;
}

void columns_release(struct columns *c)
{
	for (uint32_t i = 0; i < c->column_count; i++) {
		memory_free(c->columns[i].values);
		memory_free(c->columns[i].valid);
		memory_free(c->columns[i].heap);
	}
	memory_free(c->columns);
	*c = (struct columns){ 0 };
}

size_t columns_bytes(const struct columns *c)
{
	size_t bytes = 0;

	for (uint32_t i = 0; i < c->column_count; i++) {
		const struct column *column = &c->columns[i];

		bytes += column->row_count * cell_size(column) + column->heap_size;
		bytes += column->valid != NULL ? column->row_count / 8 : 0;
	}
	return bytes;
}

void columns_end_row(struct columns *c)
{
	c->row_count++;
	for (uint32_t i = 0; i < c->column_count; i++)
		assert(c->columns[i].row_count == c->row_count);
}

static uint32_t count_nulls(const struct column *c, uint32_t rows)
{
	uint32_t nulls = 0;

	for (uint32_t row = 0; row < rows; row++)
		nulls += column_is_null(c, row);
	return nulls;
}

static void column_cut(struct column *c, uint32_t rows)
{
	if (c->row_count <= rows)
		return;
	if (c->storage == STORAGE_BYTES)
		c->heap_size = rows > 0 ? ((uint32_t *)(void *)c->values)[rows - 1] : 0;
	c->row_count = rows;
	if (c->valid == NULL)
		return;
	c->null_count = count_nulls(c, rows);
	if (c->null_count == 0)
		drop_valid(c);
}

void columns_cut(struct columns *c, uint32_t row_count)
{
	for (uint32_t i = 0; i < c->column_count; i++)
		column_cut(&c->columns[i], row_count);
	c->row_count = row_count;
}

static void reserve_rows(struct column *c, uint32_t more)
{
	uint64_t need = (uint64_t)c->row_count + more;
	uint64_t capacity = c->row_capacity > 0 ? c->row_capacity : ROW_CAPACITY_MIN;

	if (need <= c->row_capacity)
		return;
	while (capacity < need)
		capacity *= 2;
	assert(capacity <= UINT32_MAX);
	c->values = memory_resize(c->values, capacity, cell_size(c));
	if (c->valid != NULL)
		c->valid = memory_resize(c->valid, capacity / 8, 1);
	c->row_capacity = (uint32_t)capacity;
}

void column_grow_rows(struct column *c)
{
	reserve_rows(c, 1);
}

uint8_t *column_grow_heap(struct column *c, uint32_t size)
{
	uint64_t need = (uint64_t)c->heap_size + size;
	uint64_t capacity = c->heap_capacity > 0 ? c->heap_capacity : HEAP_CAPACITY_MIN;

	assert(need <= COLUMN_HEAP_BYTES_MAX);
	while (capacity < need)
		capacity *= 2;
	if (capacity > COLUMN_HEAP_BYTES_MAX)
		capacity = COLUMN_HEAP_BYTES_MAX;
	if (capacity > c->heap_capacity) {
		c->heap = memory_resize(c->heap, capacity, 1);
		c->heap_capacity = (uint32_t)capacity;
	}
	return c->heap + c->heap_size;
}

void column_start_valid(struct column *c)
{
	uint32_t whole = c->row_count / 8;

	if (c->valid != NULL)
		return;
	if (c->row_capacity == 0)
		reserve_rows(c, 1);
	c->valid = memory_resize(NULL, c->row_capacity / 8, 1);
	memset(c->valid, 0xff, whole);
	if (whole < c->row_capacity / 8)
		c->valid[whole] = (uint8_t)((1u << (c->row_count & 7)) - 1);
}

void column_fill(struct column *c, uint32_t first, const struct column *from)
{
	struct columns all = { .columns = c, .column_count = 1, .row_count = c->row_count };
	uint32_t count = c->row_count - first;

	columns_cut(&all, first);
	for (uint32_t i = 0; i < count; i++)
		column_append_range(c, from, 0, 1);
}

void column_append_nulls(struct column *c, uint32_t count)
{
	size_t size = cell_size(c);

	if (count == 0)
		return;
	column_start_valid(c);
	reserve_rows(c, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = c->row_count++;

		if (c->storage == STORAGE_BYTES)
			memcpy(c->values + row * size, &c->heap_size, size);
		else
			memset(c->values + row * size, 0, size);
		if ((row & 7) == 0)
			c->valid[row >> 3] = 0;
		else
			c->valid[row >> 3] = (uint8_t)(c->valid[row >> 3] & ~(1u << (row & 7)));
	}
	c->null_count += count;
}

void column_set_null(struct column *c)
{
	column_append_nulls(c, 1);
}

/* Sets the validity bits of `count` rows at `to_row`, which are counted already. */
static void append_valid(struct column *to, uint32_t to_row, const struct column *from,
			 uint32_t first, uint32_t count)
{
	if (from->valid == NULL && to->valid == NULL)
		return;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t row = to_row + i;
		bool is_null = column_is_null(from, first + i);

		if ((row & 7) == 0)
			to->valid[row >> 3] = 0;
		if (is_null)
			to->valid[row >> 3] = (uint8_t)(to->valid[row >> 3] & ~(1u << (row & 7)));
		else
			to->valid[row >> 3] = (uint8_t)(to->valid[row >> 3] | 1u << (row & 7));
		to->null_count += is_null;
	}
}

static void append_bytes(struct column *to, const struct column *from, uint32_t first, uint32_t count)
{
	const uint32_t *ends = (const uint32_t *)(const void *)from->values + first;
	uint32_t start = first > 0 ? ends[-1] : 0;
	uint32_t size = ends[count - 1] - start, base = to->heap_size;
	uint8_t *at = column_begin_bytes(to, size);
	uint32_t *out;

	if (size > 0)
		memcpy(at, from->heap + start, size);
	to->heap_size += size;
	out = (uint32_t *)(void *)to->values + to->row_count;
	for (uint32_t i = 0; i < count; i++)
		out[i] = ends[i] - start + base;
}

void column_append_range(struct column *to, const struct column *from, uint32_t first, uint32_t count)
{
	size_t size = cell_size(to);
	uint32_t row = to->row_count;

	assert(to->storage == from->storage && first + count <= from->row_count);
	if (count == 0)
		return;
	if (from->valid != NULL)
		column_start_valid(to);
	reserve_rows(to, count);
	if (to->storage == STORAGE_BYTES)
		append_bytes(to, from, first, count);
	else
		memcpy(to->values + row * size, from->values + first * size, count * size);
	to->row_count += count;
	append_valid(to, row, from, first, count);
}

static void add_wider(struct column *to, const struct column *from, uint32_t row)
{
	int64_t small = from->storage == STORAGE_INT32 ? column_int32(from, row) :
			from->storage == STORAGE_INT64 ? column_int64(from, row) : 0;

	if (to->storage == STORAGE_INT64) {
		column_add_int64(to, small);
	} else if (to->storage == STORAGE_INT128) {
		column_add_int128(to, small);
	} else {
		assert(from->storage == STORAGE_FLOAT && to->storage == STORAGE_DOUBLE);
		column_add_double(to, (double)column_float(from, row));
	}
}

void column_append_wider(struct column *to, const struct column *from)
{
	if (to->storage == from->storage) {
		column_append_range(to, from, 0, from->row_count);
		return;
	}
	assert(from->storage == STORAGE_FLOAT || from->storage == STORAGE_INT32 || from->storage == STORAGE_INT64);
	for (uint32_t row = 0; row < from->row_count; row++) {
		if (column_is_null(from, row))
			column_set_null(to);
		else
			add_wider(to, from, row);
	}
}

bool column_cell_equal(const struct column *a, uint32_t i, const struct column *b, uint32_t k)
{
	size_t size = cell_size(a);

	if (column_is_null(a, i) || column_is_null(b, k))
		return column_is_null(a, i) == column_is_null(b, k);
	if (a->storage == STORAGE_BYTES)
		return bytes_equal(column_bytes(a, i), column_bytes(b, k));
	return memcmp(a->values + i * size, b->values + k * size, size) == 0;
}

void columns_append(struct columns *to, const struct columns *from)
{
	assert(to->column_count == from->column_count);
	for (uint32_t i = 0; i < to->column_count; i++)
		column_append_range(&to->columns[i], &from->columns[i], 0, from->row_count);
	to->row_count += from->row_count;
}
