/* SPDX-License-Identifier: Apache-2.0 */
/* Nested files in: the wanted leaves of one row group, whole. */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "parquet/convert.h"
#include "parquet/leaf.h"

/* The plainest type that holds the leaf's values. */
static bool leaf_type(const struct file_leaf *l, enum type *out)
{
	static const enum type types[] = {
		[PHYSICAL_BOOLEAN] = TYPE_BOOLEAN, [PHYSICAL_INT32] = TYPE_INT,
		[PHYSICAL_INT64] = TYPE_LONG,      [PHYSICAL_INT96] = TYPE_TIMESTAMP,
		[PHYSICAL_FLOAT] = TYPE_FLOAT,     [PHYSICAL_DOUBLE] = TYPE_DOUBLE,
		[PHYSICAL_BYTE_ARRAY] = TYPE_STRING, [PHYSICAL_FIXED] = TYPE_BINARY,
	};

	*out = types[l->physical];
	return !l->is_decimal;
}

static uint8_t *append_levels(uint8_t *to, uint32_t at, const uint32_t *levels, uint32_t count)
{
	if (levels == NULL)
		return to;
	to = memory_grow(to, uint8_t, at + count);
	for (uint32_t i = 0; i < count; i++)
		to[at + i] = (uint8_t)levels[i];
	return to;
}

/* Entries that begin a row. */
static uint64_t count_rows(const struct pages *p)
{
	uint64_t rows = 0;

	if (p->leaf->repetition_max == 0)
		return p->entry_count;
	for (uint32_t i = 0; i < p->entry_count; i++)
		rows += p->repetitions[i] == 0;
	return rows;
}

static int read_leaf(struct parquet_leaf *out, struct parquet_input input, const struct file_leaf *leaf,
		     const struct file_chunk *chunk, uint64_t row_count, struct err *e)
{
	struct field f = { 0 };
	struct pages pages = { 0 };
	uint64_t rows = 0;
	int rc;

	if (!leaf_type(leaf, &f.type))
		return err_set(e, ERR_DATA, "column \"%s\" is a decimal", leaf->path);
	*out = (struct parquet_leaf){ .path = memory_copy_text(leaf->path), .type = f.type,
				      .definition_max = leaf->definition_max,
				      .repetition_max = leaf->repetition_max,
				      .cells = { .storage = field_storage(&f) } };
	pages_open(&pages, input, leaf, chunk);
	while ((rc = pages_next(&pages, e)) == 0) {
		uint32_t count = pages.entry_count;

		out->definitions = append_levels(out->definitions, out->entry_count,
						 leaf->definition_max > 0 ? pages.definitions : NULL,
						 count);
		out->repetitions = append_levels(out->repetitions, out->entry_count,
						 leaf->repetition_max > 0 ? pages.repetitions : NULL,
						 count);
		out->entry_count += count;
		rows += count_rows(&pages);
		if (convert_values(&out->cells, &f, leaf, &pages.values, e) < 0) {
			rc = -1;
			break;
		}
	}
	pages_release(&pages);
	if (rc > 0 && rows != row_count)
		rc = err_set(e, ERR_DATA, "has %" PRIu64 " rows, its row group %" PRIu64, rows, row_count);
	return rc < 0 ? err_wrap(e, "column \"%s\"", leaf->path) : 0;
}

/* Of leaves with the same path, which no sound file has, the first. */
static bool is_wanted(const struct file_metadata *file, uint32_t leaf, const char *const *paths,
		      uint32_t path_count)
{
	for (uint32_t i = 0; i < path_count; i++) {
		if (strcmp(paths[i], file->leaves[leaf].path) == 0)
			return metadata_leaf(file, paths[i]) == (int)leaf;
	}
	return false;
}

int parquet_read_leaves(struct parquet_input input, uint32_t group, const char *const *paths,
			uint32_t path_count, struct parquet_leaves *out, struct err *e)
{
	struct file_metadata file;
	int rc = 0;

	*out = (struct parquet_leaves){ 0 };
	if (metadata_read(&file, input, e) < 0)
		return -1;
	if (group >= file.group_count) {
		metadata_release(&file);
		return 1;
	}
	out->row_count = (uint32_t)file.groups[group].row_count;
	out->leaves = memory_array(struct parquet_leaf, path_count);
	for (uint32_t i = 0; i < file.leaf_count && rc == 0; i++) {
		if (is_wanted(&file, i, paths, path_count))
			rc = read_leaf(&out->leaves[out->leaf_count++], input, &file.leaves[i],
				       &file.groups[group].chunks[i], out->row_count, e);
	}
	metadata_release(&file);
	if (rc < 0)
		parquet_leaves_release(out);
	return rc;
}

void parquet_leaves_release(struct parquet_leaves *l)
{
	for (uint32_t i = 0; i < l->leaf_count; i++) {
		memory_free(l->leaves[i].path);
		memory_free(l->leaves[i].definitions);
		memory_free(l->leaves[i].repetitions);
		memory_free(l->leaves[i].cells.values);
		memory_free(l->leaves[i].cells.valid);
		memory_free(l->leaves[i].cells.heap);
	}
	memory_free(l->leaves);
	*l = (struct parquet_leaves){ 0 };
}
