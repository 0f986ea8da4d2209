/* SPDX-License-Identifier: Apache-2.0 */
#include "parquet/footer.h"

#include <string.h>

enum converted_type { /* the format's numbers */
	CONVERTED_NONE = -1,
	CONVERTED_UTF8 = 0,
	CONVERTED_DECIMAL = 5,
	CONVERTED_DATE = 6,
	CONVERTED_TIMESTAMP_MICROS = 10,
};

static void logical_timestamp(struct thrift_writer *t, bool is_instant)
{
	thrift_struct(t, 8);
	thrift_bool(t, 1, is_instant);
	thrift_struct(t, 2); /* unit */
	thrift_struct(t, 2); /* MICROS */
	thrift_end(t);
	thrift_end(t);
	thrift_end(t);
}

static void logical_decimal(struct thrift_writer *t, const struct field *f)
{
	thrift_struct(t, 5);
	thrift_i32(t, 1, f->scale);
	thrift_i32(t, 2, f->precision);
	thrift_end(t);
}

static void logical_empty(struct thrift_writer *t, int16_t kind)
{
	thrift_struct(t, kind);
	thrift_end(t);
}

static void logical_type(struct thrift_writer *t, const struct field *f)
{
	if (f->type < TYPE_DECIMAL || f->type == TYPE_BINARY)
		return;
	thrift_struct(t, 10);
	if (f->type == TYPE_STRING)
		logical_empty(t, 1);
	else if (f->type == TYPE_DATE)
		logical_empty(t, 6);
	else if (f->type == TYPE_DECIMAL)
		logical_decimal(t, f);
	else
		logical_timestamp(t, f->type == TYPE_TIMESTAMP);
	thrift_end(t);
}

void footer_leaf(struct thrift_writer *t, const char *name, int repetition, const struct field *f,
		 bool has_id)
{
	static const int converted[TYPES] = {
		[TYPE_BOOLEAN] = CONVERTED_NONE,   [TYPE_INT] = CONVERTED_NONE,
		[TYPE_LONG] = CONVERTED_NONE,      [TYPE_FLOAT] = CONVERTED_NONE,
		[TYPE_DOUBLE] = CONVERTED_NONE,    [TYPE_DECIMAL] = CONVERTED_DECIMAL,
		[TYPE_DATE] = CONVERTED_DATE,      [TYPE_TIMESTAMP] = CONVERTED_TIMESTAMP_MICROS,
		[TYPE_TIMESTAMP_NTZ] = CONVERTED_NONE, [TYPE_STRING] = CONVERTED_UTF8,
		[TYPE_BINARY] = CONVERTED_NONE,
	};

	thrift_element_struct(t);
	thrift_i32(t, 1, physical_of(f));
	if (physical_of(f) == PHYSICAL_FIXED)
		thrift_i32(t, 2, (int32_t)fixed_size(f->precision));
	thrift_i32(t, 3, repetition);
	thrift_binary(t, 4, bytes_of_text(name));
	if (converted[f->type] != CONVERTED_NONE)
		thrift_i32(t, 6, converted[f->type]);
	if (f->type == TYPE_DECIMAL) {
		thrift_i32(t, 7, f->scale);
		thrift_i32(t, 8, f->precision);
	}
	if (has_id)
		thrift_i32(t, 9, f->id);
	logical_type(t, f);
	thrift_end(t);
}

void footer_group(struct thrift_writer *t, const char *name, int repetition, uint32_t children,
		  int converted)
{
	thrift_element_struct(t);
	if (repetition >= 0)
		thrift_i32(t, 3, repetition);
	thrift_binary(t, 4, bytes_of_text(name));
	thrift_i32(t, 5, (int32_t)children);
	if (converted >= 0) {
		thrift_i32(t, 6, converted);
		thrift_struct(t, 10);
		logical_empty(t, converted == 1 ? 2 : 3); /* MAP, LIST */
		thrift_end(t);
	}
	thrift_end(t);
}

void column_index(struct buffer *out, const struct chunk *c)
{
	struct thrift_writer t;

	thrift_begin(&t, out);
	thrift_list(&t, 1, THRIFT_TRUE, c->page_count);
	for (uint32_t i = 0; i < c->page_count; i++)
		thrift_element_bool(&t, c->pages[i].is_null_page);
	thrift_list(&t, 2, THRIFT_BINARY, c->page_count);
	for (uint32_t i = 0; i < c->page_count; i++)
		thrift_element_binary(&t, buffer_bytes(&c->pages[i].bounds.min));
	thrift_list(&t, 3, THRIFT_BINARY, c->page_count);
	for (uint32_t i = 0; i < c->page_count; i++)
		thrift_element_binary(&t, buffer_bytes(&c->pages[i].bounds.max));
	thrift_i32(&t, 4, c->order);
	thrift_list(&t, 5, THRIFT_I64, c->page_count);
	for (uint32_t i = 0; i < c->page_count; i++)
		thrift_element_i64(&t, c->pages[i].null_count);
	thrift_end(&t);
}

void offset_index(struct buffer *out, const struct chunk *c)
{
	struct thrift_writer t;

	thrift_begin(&t, out);
	thrift_list(&t, 1, THRIFT_STRUCT, c->page_count);
	for (uint32_t i = 0; i < c->page_count; i++) {
		thrift_element_struct(&t);
		thrift_i64(&t, 1, (int64_t)c->pages[i].offset);
		thrift_i32(&t, 2, (int32_t)c->pages[i].size);
		thrift_i64(&t, 3, c->pages[i].first_row);
		thrift_end(&t);
	}
	thrift_end(&t);
}

static void chunk_statistics(struct thrift_writer *t, const struct chunk *c)
{
	thrift_struct(t, 12);
	thrift_i64(t, 3, c->null_count);
	if (c->bounds.has_bounds) {
		thrift_binary(t, 5, buffer_bytes(&c->bounds.max));
		thrift_binary(t, 6, buffer_bytes(&c->bounds.min));
		thrift_bool(t, 7, c->bounds.is_max_exact);
		thrift_bool(t, 8, c->bounds.is_min_exact);
	}
	thrift_end(t);
}

static void chunk_metadata(struct thrift_writer *t, const struct chunk *c, const char *const *path,
			   uint32_t parts)
{
	thrift_struct(t, 3);
	thrift_i32(t, 1, c->physical);
	thrift_list(t, 2, THRIFT_I32, c->has_dictionary ? 3 : 2);
	thrift_element_i32(t, ENCODING_RLE);
	if (c->has_dictionary)
		thrift_element_i32(t, ENCODING_PLAIN);
	thrift_element_i32(t, c->encoding);
	thrift_list(t, 3, THRIFT_BINARY, parts);
	for (uint32_t i = 0; i < parts; i++)
		thrift_element_binary(t, bytes_of_text(path[i]));
	thrift_i32(t, 4, (int32_t)c->codec);
	thrift_i64(t, 5, c->value_count);
	thrift_i64(t, 6, (int64_t)c->raw_size);
	thrift_i64(t, 7, (int64_t)c->size);
	thrift_i64(t, 9, (int64_t)c->data_offset);
	if (c->has_dictionary)
		thrift_i64(t, 11, (int64_t)c->dictionary_offset);
	chunk_statistics(t, c);
	thrift_end(t);
}

void footer_chunk(struct thrift_writer *t, const struct chunk *c, const char *const *path,
		  uint32_t parts, const struct index_place *index)
{
	thrift_element_struct(t);
	thrift_i64(t, 2, 0); /* file_offset: the format says to write 0 */
	chunk_metadata(t, c, path, parts);
	if (index != NULL) {
		thrift_i64(t, 4, (int64_t)index->offset_offset);
		thrift_i32(t, 5, (int32_t)index->offset_size);
		if (index->column_size > 0) {
			thrift_i64(t, 6, (int64_t)index->column_offset);
			thrift_i32(t, 7, (int32_t)index->column_size);
		}
	}
	thrift_end(t);
}

void footer_end(struct thrift_writer *t, uint32_t leaf_count)
{
	thrift_binary(t, 6, BYTES_OF("tailrace version " TAILRACE_VERSION));
	thrift_list(t, 7, THRIFT_STRUCT, leaf_count);
	for (uint32_t i = 0; i < leaf_count; i++) { /* TypeDefinedOrder */
		thrift_element_struct(t);
		thrift_struct(t, 1);
		thrift_end(t);
		thrift_end(t);
	}
	thrift_end(t);
}
