/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/cells.h"

#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

/* A dictionary ends at this many entries or bytes, or when values hardly repeat. */
#define ENTRIES_MAX      32768u
#define ENTRY_BYTES_MAX  ((size_t)1 << 20)
#define TRIAL_VALUES     4096u
#define SLOTS            (ENTRIES_MAX * 4)

static void gather_valid(struct cells *c, const struct column *column, const uint32_t *rows)
{
	uint32_t nulls = 0;

	c->value_count = c->row_count;
	if (column->valid == NULL)
		return;
	c->valid = memory_array(uint8_t, (c->row_count + 7) / 8);
	for (uint32_t i = 0; i < c->row_count; i++) {
		if (column_is_null(column, rows != NULL ? rows[i] : i))
			nulls++;
		else
			c->valid[i >> 3] = (uint8_t)(c->valid[i >> 3] | 1u << (i & 7));
	}
	c->value_count -= nulls;
	if (nulls == 0) {
		memory_free(c->valid);
		c->valid = NULL;
	}
}

/* Runs `expression` for every value: `row` is its row in the column, `at` its number. */
#define EACH_VALUE(c, rows, row, at, expression)                                      \
	for (uint32_t i_ = 0, at = 0; i_ < (c)->row_count; i_++) {                    \
		uint32_t row = (rows) != NULL ? (rows)[i_] : i_;                      \
                                                                                      \
		if ((c)->valid != NULL && ((c)->valid[i_ >> 3] >> (i_ & 7) & 1) == 0) \
			continue;                                                     \
		expression;                                                           \
		at++;                                                                 \
	}

void cells_gather(struct cells *c, const struct column *column, const uint32_t *rows, uint32_t count)
{
	*c = (struct cells){ .storage = column->storage, .row_count = count };
	gather_valid(c, column, rows);
	switch (column->storage) {
	case STORAGE_BOOL:
		c->ints = memory_resize(NULL, c->value_count, sizeof(int64_t));
		EACH_VALUE(c, rows, row, at, c->ints[at] = column->values[row]);
		break;
	case STORAGE_INT32:
		c->ints = memory_resize(NULL, c->value_count, sizeof(int64_t));
		EACH_VALUE(c, rows, row, at, c->ints[at] = column_int32(column, row));
		break;
	case STORAGE_INT64:
		c->ints = memory_resize(NULL, c->value_count, sizeof(int64_t));
		EACH_VALUE(c, rows, row, at, c->ints[at] = column_int64(column, row));
		break;
	case STORAGE_INT128:
		c->wides = memory_resize(NULL, c->value_count, sizeof(int128_t));
		EACH_VALUE(c, rows, row, at, c->wides[at] = column_int128(column, row));
		break;
	case STORAGE_FLOAT:
		c->floats = memory_resize(NULL, c->value_count, sizeof(float));
		EACH_VALUE(c, rows, row, at, c->floats[at] = column_float(column, row));
		break;
	case STORAGE_DOUBLE:
		c->doubles = memory_resize(NULL, c->value_count, sizeof(double));
		EACH_VALUE(c, rows, row, at, c->doubles[at] = column_double(column, row));
		break;
	case STORAGE_BYTES:
		c->texts = memory_resize(NULL, c->value_count, sizeof(struct bytes));
		EACH_VALUE(c, rows, row, at, c->texts[at] = column_bytes(column, row));
		break;
	case STORAGES:
		break;
	}
}

void cells_release(struct cells *c)
{
	memory_free(c->valid);
	memory_free(c->ints);
	memory_free(c->wides);
	memory_free(c->doubles);
	memory_free(c->floats);
	memory_free(c->texts);
	*c = (struct cells){ 0 };
}

uint32_t cells_values(const struct cells *c, uint32_t first, uint32_t count)
{
	uint32_t values = 0;

	if (c->valid == NULL)
		return count;
	for (uint32_t i = first; i < first + count; i++)
		values += c->valid[i >> 3] >> (i & 7) & 1;
	return values;
}

static void plain_bools(const int64_t *values, uint32_t count, struct buffer *out)
{
	uint8_t *at = buffer_grow(out, (count + 7) / 8);

	memset(at, 0, (count + 7) / 8);
	for (uint32_t i = 0; i < count; i++)
		at[i >> 3] = (uint8_t)(at[i >> 3] | (values[i] != 0) << (i & 7));
}

static void plain_wides(const int128_t *values, uint32_t count, unsigned fixed, struct buffer *out)
{
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *at = buffer_grow(out, fixed);

		for (unsigned b = 0; b < fixed; b++)
			at[b] = (uint8_t)(values[i] >> (8 * (fixed - 1 - b)));
	}
}

void cells_plain(const struct cells *c, uint32_t first, uint32_t count, unsigned fixed, struct buffer *out)
{
	int32_t *narrow;

	switch (c->storage) {
	case STORAGE_BOOL:
		plain_bools(c->ints + first, count, out);
		break;
	case STORAGE_INT32:
		narrow = (int32_t *)(void *)buffer_grow(out, count * sizeof(int32_t));
		for (uint32_t i = 0; i < count; i++) {
			int32_t v = (int32_t)c->ints[first + i];

			memcpy(narrow + i, &v, sizeof(v));
		}
		break;
	case STORAGE_INT64:
		buffer_append(out, c->ints + first, count * sizeof(int64_t));
		break;
	case STORAGE_INT128:
		plain_wides(c->wides + first, count, fixed, out);
		break;
	case STORAGE_FLOAT:
		buffer_append(out, c->floats + first, count * sizeof(float));
		break;
	case STORAGE_DOUBLE:
		buffer_append(out, c->doubles + first, count * sizeof(double));
		break;
	case STORAGE_BYTES:
		for (uint32_t i = first; i < first + count; i++) {
			buffer_u32le(out, (uint32_t)c->texts[i].size);
			buffer_bytes_append(out, c->texts[i]);
		}
		break;
	case STORAGES:
		break;
	}
}

static uint64_t value_hash(const struct cells *c, uint32_t at)
{
	if (c->texts != NULL)
		return XXH3_64bits(c->texts[at].data, c->texts[at].size);
	return (uint64_t)c->ints[at] * 0x9e3779b97f4a7c15u;
}

static bool value_equal(const struct cells *c, uint32_t a, uint32_t b)
{
	if (c->texts != NULL)
		return bytes_equal(c->texts[a], c->texts[b]);
	return c->ints[a] == c->ints[b];
}

bool dictionary_make(struct dictionary *d, const struct cells *c)
{
	uint32_t *slots; /* entry + 1 */
	size_t bytes = 0;
	uint32_t at;

	*d = (struct dictionary){ 0 };
	if ((c->ints == NULL && c->texts == NULL) || c->storage == STORAGE_BOOL || c->value_count == 0)
		return false;
	slots = memory_array(uint32_t, SLOTS);
	d->codes = memory_resize(NULL, c->value_count, sizeof(uint32_t));
	d->firsts = memory_resize(NULL, ENTRIES_MAX, sizeof(uint32_t));
	for (at = 0; at < c->value_count; at++) {
		uint64_t slot = value_hash(c, at) >> 40 & (SLOTS - 1);

		while (slots[slot] != 0 && !value_equal(c, d->firsts[slots[slot] - 1], at))
			slot = (slot + 1) & (SLOTS - 1);
		if (slots[slot] == 0) {
			bytes += c->texts != NULL ? c->texts[at].size + 4 : 8;
			if (d->entry_count == ENTRIES_MAX || bytes > ENTRY_BYTES_MAX ||
			    (at >= TRIAL_VALUES && d->entry_count > at / 2))
				break;
			d->firsts[d->entry_count] = at;
			slots[slot] = ++d->entry_count;
		}
		d->codes[at] = slots[slot] - 1;
	}
	memory_free(slots);
	if (at == c->value_count && d->entry_count <= c->value_count / 2 + 1)
		return true;
	dictionary_release(d);
	return false;
}

void dictionary_release(struct dictionary *d)
{
	memory_free(d->codes);
	memory_free(d->firsts);
	*d = (struct dictionary){ 0 };
}
