/* SPDX-License-Identifier: Apache-2.0 */
/* Nested files out: one row group, plain values, pages that begin with a row. */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "parquet/cells.h"
#include "parquet/compress.h"
#include "parquet/encode.h"
#include "parquet/footer.h"
#include "parquet/leaf.h"
#include "parquet/page_head.h"

#define PAGE_ENTRIES 20000u

static const char magic[4] = { 'P', 'A', 'R', '1' };

struct leaf_writing {
	const struct parquet_leaf *leaf;
	struct chunk chunk;
	struct field field;  /* the leaf as one, for its physical type */
	struct cells cells;
	struct buffer raw, packed, head;
	uint32_t *levels;
	struct parquet_output output;
	uint64_t *at;
};

static int put(struct parquet_output output, uint64_t *at, struct bytes bytes, struct err *e)
{
	*at += bytes.size;
	return output.write(output.context, bytes, e);
}

/* Levels of entries [first, end) with their length in front; nothing for a maximum of 0. */
static void put_levels(struct leaf_writing *w, const uint8_t *levels, uint8_t most, uint32_t first,
		       uint32_t end)
{
	size_t start = w->raw.size;
	uint32_t size;

	if (most == 0)
		return;
	for (uint32_t i = first; i < end; i++)
		w->levels[i - first] = levels[i];
	buffer_u32le(&w->raw, 0);
	encode_hybrid(&w->raw, w->levels, end - first, bit_width(most));
	size = (uint32_t)(w->raw.size - start - sizeof(size));
	memcpy(w->raw.data + start, &size, sizeof(size));
}

static int put_page(struct leaf_writing *w, uint32_t first, uint32_t end, uint32_t value,
		    uint32_t values, struct err *e)
{
	const struct parquet_leaf *leaf = w->leaf;

	buffer_clear(&w->raw);
	buffer_clear(&w->packed);
	put_levels(w, leaf->repetitions, leaf->repetition_max, first, end);
	put_levels(w, leaf->definitions, leaf->definition_max, first, end);
	cells_plain(&w->cells, value, values, 0, &w->raw);
	page_compress(&w->packed, w->chunk.codec, buffer_bytes(&w->raw));
	page_head(&w->head, PAGE_DATA, end - first, ENCODING_PLAIN, w->raw.size, buffer_bytes(&w->packed));
	w->chunk.size += w->head.size + w->packed.size;
	w->chunk.raw_size += w->head.size + w->raw.size;
	if (put(w->output, w->at, buffer_bytes(&w->head), e) < 0)
		return -1;
	return put(w->output, w->at, buffer_bytes(&w->packed), e);
}

/* Where the page that begins at `first` ends: before the first row that begins PAGE_ENTRIES later. */
static uint32_t page_end(const struct parquet_leaf *leaf, uint32_t first)
{
	uint32_t end = leaf->entry_count - first > PAGE_ENTRIES ? first + PAGE_ENTRIES : leaf->entry_count;

	while (end < leaf->entry_count && leaf->repetitions != NULL && leaf->repetitions[end] != 0)
		end++;
	return end;
}

static int put_leaf(struct leaf_writing *w, struct err *e)
{
	const struct parquet_leaf *leaf = w->leaf;
	uint32_t value = 0, end;

	w->levels = memory_resize(NULL, leaf->entry_count, sizeof(*w->levels));
	cells_gather(&w->cells, &leaf->cells, NULL, leaf->cells.row_count);
	w->chunk.data_offset = *w->at;
	w->chunk.value_count = leaf->entry_count;
	w->chunk.encoding = ENCODING_PLAIN;
	for (uint32_t first = 0; first < leaf->entry_count; first = end) {
		uint32_t values = 0;

		end = page_end(leaf, first);
		for (uint32_t i = first; i < end; i++)
			values += leaf->definitions == NULL || leaf->definitions[i] == leaf->definition_max;
		if (put_page(w, first, end, value, values, e) < 0)
			return -1;
		value += values;
	}
	assert(value == leaf->cells.row_count);
	return 0;
}

static void release_leaf(struct leaf_writing *w)
{
	cells_release(&w->cells);
	chunk_release(&w->chunk);
	memory_free(w->levels);
	buffer_release(&w->raw);
	buffer_release(&w->packed);
	buffer_release(&w->head);
}

/* The path's parts; the texts point into `copy`. */
static uint32_t split_path(char *copy, const char **parts, uint32_t limit)
{
	uint32_t count = 0;

	for (char *part = copy; part != NULL && count < limit; count++) {
		char *dot = strchr(part, '.');

		if (dot != NULL)
			*dot++ = 0;
		parts[count] = part;
		part = dot;
	}
	return count;
}

static void put_schema(struct thrift_writer *t, const struct parquet_node *nodes, uint32_t count)
{
	static const int converted[] = { [PARQUET_STRUCT] = -1, [PARQUET_MAP] = 1, [PARQUET_LIST] = 3 };

	thrift_list(t, 2, THRIFT_STRUCT, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct parquet_node *n = &nodes[i];
		struct field f = { .type = n->type };

		if (n->child_count > 0)
			footer_group(t, n->name, i == 0 ? -1 : (int)n->repetition, n->child_count,
				     converted[n->shape]);
		else
			footer_leaf(t, n->name, n->repetition, &f, false);
	}
}

static void put_footer(struct buffer *out, const struct parquet_node *nodes, uint32_t node_count,
		       const struct parquet_leaf *leaves, const struct leaf_writing *written,
		       uint32_t leaf_count, uint32_t row_count)
{
	struct thrift_writer t;
	uint64_t size = 0, raw_size = 0;

	thrift_begin(&t, out);
	thrift_i32(&t, 1, 2);
	put_schema(&t, nodes, node_count);
	thrift_i64(&t, 3, row_count);
	thrift_list(&t, 4, THRIFT_STRUCT, 1);
	thrift_element_struct(&t);
	thrift_list(&t, 1, THRIFT_STRUCT, leaf_count);
	for (uint32_t i = 0; i < leaf_count; i++) {
		char *copy = memory_copy_text(leaves[i].path);
		const char *parts[16];
		uint32_t count = split_path(copy, parts, 16);

		footer_chunk(&t, &written[i].chunk, parts, count, NULL);
		memory_free(copy);
		size += written[i].chunk.size;
		raw_size += written[i].chunk.raw_size;
	}
	thrift_i64(&t, 2, (int64_t)raw_size);
	thrift_i64(&t, 3, row_count);
	thrift_i64(&t, 6, (int64_t)size);
	thrift_end(&t);
	footer_end(&t, leaf_count);
	buffer_u32le(out, (uint32_t)out->size);
	buffer_append(out, magic, sizeof(magic));
}

int parquet_write_leaves(const struct parquet_node *nodes, uint32_t node_count,
			 const struct parquet_leaf *leaves, uint32_t leaf_count, uint32_t row_count,
			 enum parquet_codec codec, struct parquet_output output, struct err *e)
{
	struct leaf_writing *w = memory_array(struct leaf_writing, leaf_count);
	struct buffer footer = { 0 };
	uint64_t at = 0;
	int rc = put(output, &at, (struct bytes){ (const uint8_t *)magic, sizeof(magic) }, e);

	for (uint32_t i = 0; i < leaf_count && rc == 0; i++) {
		w[i] = (struct leaf_writing){ .leaf = &leaves[i], .field = { .type = leaves[i].type },
					      .output = output, .at = &at };
		w[i].chunk = (struct chunk){ .field = &w[i].field, .codec = codec,
					     .physical = physical_of(&w[i].field) };
		rc = put_leaf(&w[i], e);
	}
	if (rc == 0) {
		put_footer(&footer, nodes, node_count, leaves, w, leaf_count, row_count);
		rc = put(output, &at, buffer_bytes(&footer), e);
	}
	for (uint32_t i = 0; i < leaf_count; i++)
		release_leaf(&w[i]);
	memory_free(w);
	buffer_release(&footer);
	return rc;
}
