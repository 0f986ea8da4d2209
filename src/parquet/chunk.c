/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/chunk.h"

#include "base/memory.h"
#include "parquet/bounds.h"
#include "parquet/cells.h"
#include "parquet/compress.h"
#include "parquet/encode.h"
#include "parquet/page_head.h"

/* What one column needs while it is written. */
struct writing {
	struct chunk *chunk;
	struct cells cells;
	struct dictionary dictionary;
	struct parquet_output output;
	struct parquet_bounds page_bounds, last_bounds, chunk_bounds;
	struct buffer raw, packed, head;
	unsigned fixed, code_width;
	uint64_t *at;
	bool has_bounds_yet; /* some page had values */
	bool may_ascend, may_descend;
};

enum parquet_physical physical_of(const struct field *f)
{
	static const enum parquet_physical physicals[STORAGES] = {
		[STORAGE_BOOL] = PHYSICAL_BOOLEAN,  [STORAGE_INT32] = PHYSICAL_INT32,
		[STORAGE_INT64] = PHYSICAL_INT64,   [STORAGE_INT128] = PHYSICAL_FIXED,
		[STORAGE_FLOAT] = PHYSICAL_FLOAT,   [STORAGE_DOUBLE] = PHYSICAL_DOUBLE,
		[STORAGE_BYTES] = PHYSICAL_BYTE_ARRAY,
	};

	return physicals[field_storage(f)];
}

unsigned fixed_size(unsigned precision)
{
	unsigned __int128 most = 1;

	for (unsigned i = 0; i < precision; i++)
		most *= 10;
	for (unsigned size = 1; size < 16; size++) {
		if (most - 1 < (unsigned __int128)1 << (8 * size - 1))
			return size;
	}
	return 16;
}

void chunk_release(struct chunk *c)
{
	for (uint32_t i = 0; i < c->page_count; i++) {
		buffer_release(&c->pages[i].bounds.min);
		buffer_release(&c->pages[i].bounds.max);
	}
	memory_free(c->pages);
	buffer_release(&c->bounds.min);
	buffer_release(&c->bounds.max);
	*c = (struct chunk){ 0 };
}

static bool is_int(const struct writing *w)
{
	return w->cells.ints != NULL && w->cells.storage != STORAGE_BOOL;
}

static enum parquet_encoding choose(struct writing *w)
{
	size_t plain;

	if (dictionary_make(&w->dictionary, &w->cells)) {
		uint32_t entries = w->dictionary.entry_count;

		w->code_width = bit_width(entries - 1);
		if (w->code_width == 0)
			w->code_width = 1;
		return ENCODING_RLE_DICTIONARY;
	}
	if (!is_int(w) || w->cells.value_count == 0)
		return ENCODING_PLAIN;
	plain = w->cells.value_count * storage_size(w->cells.storage);
	if (encode_delta_size(w->cells.ints, w->cells.value_count,
			      w->cells.storage == STORAGE_INT32) < plain * 7 / 8)
		return ENCODING_DELTA_BINARY_PACKED;
	return ENCODING_PLAIN;
}

/* Compresses `raw` and writes it behind its header. */
static int write_page(struct writing *w, enum page_type type, uint32_t values, enum parquet_encoding encoding,
		      struct err *e)
{
	buffer_clear(&w->packed);
	page_compress(&w->packed, w->chunk->codec, buffer_bytes(&w->raw));
	page_head(&w->head, type, values, encoding, w->raw.size, buffer_bytes(&w->packed));
	if (w->output.write(w->output.context, buffer_bytes(&w->head), e) < 0 ||
	    w->output.write(w->output.context, buffer_bytes(&w->packed), e) < 0)
		return -1;
	*w->at += w->head.size + w->packed.size;
	w->chunk->size += w->head.size + w->packed.size;
	w->chunk->raw_size += w->head.size + w->raw.size;
	return 0;
}

static int write_dictionary(struct writing *w, struct err *e)
{
	buffer_clear(&w->raw);
	for (uint32_t i = 0; i < w->dictionary.entry_count; i++)
		cells_plain(&w->cells, w->dictionary.firsts[i], 1, w->fixed, &w->raw);
	w->chunk->has_dictionary = true;
	w->chunk->dictionary_offset = *w->at;
	return write_page(w, PAGE_DICTIONARY, w->dictionary.entry_count, ENCODING_PLAIN, e);
}

static void encode_values(struct writing *w, uint32_t first, uint32_t count)
{
	switch (w->chunk->encoding) {
	case ENCODING_RLE_DICTIONARY:
		buffer_char(&w->raw, (char)w->code_width);
		encode_hybrid(&w->raw, w->dictionary.codes + first, count, w->code_width);
		break;
	case ENCODING_DELTA_BINARY_PACKED:
		encode_delta(&w->raw, w->cells.ints + first, count,
			     w->cells.storage == STORAGE_INT32);
		break;
	default:
		cells_plain(&w->cells, first, count, w->fixed, &w->raw);
	}
}

/* Definition levels with their length in front. */
static void encode_levels(struct writing *w, uint32_t first, uint32_t count)
{
	size_t start = w->raw.size;
	uint32_t size;

	if (!w->chunk->field->is_nullable)
		return;
	buffer_u32le(&w->raw, 0);
	encode_bits(&w->raw, w->cells.valid, first, count);
	size = (uint32_t)(w->raw.size - start - sizeof(size));
	memcpy(w->raw.data + start, &size, sizeof(size));
}

/* How many rows from `row` go into one page; *values of them are not NULL, beginning at `value`. */
static uint32_t page_rows(const struct writing *w, uint32_t row, uint32_t value, uint32_t *values)
{
	uint32_t left = w->cells.row_count - row;
	uint32_t rows = left < PAGE_ROWS_MAX ? left : PAGE_ROWS_MAX;
	size_t bytes = 0;

	*values = cells_values(&w->cells, row, rows);
	if (w->cells.texts == NULL || w->chunk->encoding == ENCODING_RLE_DICTIONARY)
		return rows;
	for (uint32_t i = 0; i < *values; i++)
		bytes += w->cells.texts[value + i].size + 4;
	while (bytes > PAGE_BYTES_MAX && rows > 1) {
		uint32_t half = rows / 2;
		uint32_t kept = cells_values(&w->cells, row, half);

		for (uint32_t i = kept; i < *values; i++)
			bytes -= w->cells.texts[value + i].size + 4;
		rows = half;
		*values = kept;
	}
	return rows;
}

/* Compares the present page's bounds with those of the page with values before it. */
static void follow_order(struct writing *w)
{
	const struct parquet_bounds *last = &w->last_bounds, *now = &w->page_bounds;
	const struct field *f = w->chunk->field;

	if (!w->has_bounds_yet) {
		w->may_ascend = w->may_descend = now->has_bounds;
	} else if (!now->has_bounds) {
		w->may_ascend = w->may_descend = false;
	} else if (w->may_ascend || w->may_descend) {
		int min = bounds_compare(now, last, f, false), max = bounds_compare(now, last, f, true);

		w->may_ascend = w->may_ascend && min >= 0 && max >= 0;
		w->may_descend = w->may_descend && min <= 0 && max <= 0;
	}
	bounds_fold(&w->last_bounds, now, f, true, true);
	w->chunk->order = w->may_ascend ? BOUNDARY_ASCENDING :
			  w->may_descend ? BOUNDARY_DESCENDING : BOUNDARY_UNORDERED;
}

static int write_data_page(struct writing *w, uint32_t row, uint32_t rows, uint32_t value,
			   uint32_t values, struct err *e)
{
	struct chunk *c = w->chunk;
	struct page *page;

	buffer_clear(&w->raw);
	encode_levels(w, row, rows);
	encode_values(w, value, values);
	bounds_of(&w->page_bounds, c->field, &w->cells, value, values);
	bounds_fold(&w->chunk_bounds, &w->page_bounds, c->field, !w->has_bounds_yet, values > 0);
	if (values > 0)
		follow_order(w);
	w->has_bounds_yet |= values > 0;
	c->pages = memory_grow(c->pages, struct page, c->page_count + 1);
	page = &c->pages[c->page_count++];
	*page = (struct page){ .offset = *w->at, .first_row = row, .null_count = rows - values,
			       .is_null_page = values == 0 };
	bounds_store(&page->bounds, &w->page_bounds, c->field, w->fixed);
	if (write_page(w, PAGE_DATA, rows, c->encoding, e) < 0)
		return -1;
	page->size = (uint32_t)(*w->at - page->offset);
	return 0;
}

static int write_pages(struct writing *w, struct err *e)
{
	uint32_t value = 0, values, rows;

	if (w->chunk->encoding == ENCODING_RLE_DICTIONARY && write_dictionary(w, e) < 0)
		return -1;
	w->chunk->data_offset = *w->at;
	for (uint32_t row = 0; row < w->cells.row_count; row += rows, value += values) {
		rows = page_rows(w, row, value, &values);
		if (write_data_page(w, row, rows, value, values, e) < 0)
			return -1;
	}
	return 0;
}

int chunk_write(struct chunk *c, const struct column *column, const uint32_t *rows, uint32_t count,
		struct parquet_output output, uint64_t *at, struct parquet_bounds *bounds, struct err *e)
{
	struct writing w = { .chunk = c, .output = output, .at = at,
			     .fixed = fixed_size(c->field->precision) };
	bool had_values = bounds->null_count < bounds->row_count;
	int rc;

	cells_gather(&w.cells, column, rows, count);
	c->value_count = count;
	c->null_count = count - w.cells.value_count;
	c->encoding = choose(&w);
	rc = write_pages(&w, e);
	bounds_store(&c->bounds, &w.chunk_bounds, c->field, w.fixed);
	bounds_fold(bounds, &w.chunk_bounds, c->field, !had_values, w.cells.value_count > 0);
	bounds->null_count += c->null_count;
	bounds->row_count += count;
	parquet_bounds_release(&w.page_bounds);
	parquet_bounds_release(&w.last_bounds);
	parquet_bounds_release(&w.chunk_bounds);
	dictionary_release(&w.dictionary);
	cells_release(&w.cells);
	buffer_release(&w.raw);
	buffer_release(&w.packed);
	buffer_release(&w.head);
	return rc < 0 ? err_wrap(e, "column \"%s\"", c->field->name) : 0;
}
