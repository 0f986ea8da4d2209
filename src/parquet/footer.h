/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the data: page indexes and FileMetaData (parquet.thrift). */
#ifndef PARQUET_FOOTER_H
#define PARQUET_FOOTER_H

#include "parquet/chunk.h"
#include "parquet/thrift.h"

struct row_group {
	struct chunk *chunks;
	uint32_t row_count;
};

struct index_place { /* of a chunk's ColumnIndex and OffsetIndex */
	uint64_t column_offset, offset_offset;
	uint32_t column_size, offset_size;
};

/* A SchemaElement of a leaf; `repetition` is the format's number. */
void footer_leaf(struct thrift_writer *t, const char *name, int repetition, const struct field *f,
		 bool has_id);
void footer_group(struct thrift_writer *t, const char *name, int repetition, uint32_t children,
		  int converted /* -1 none, 1 MAP, 3 LIST */);
void column_index(struct buffer *out, const struct chunk *c);
void offset_index(struct buffer *out, const struct chunk *c);
/* A ColumnChunk; `path` has its parts NUL-separated, `parts` of them. `index` may be NULL. */
void footer_chunk(struct thrift_writer *t, const struct chunk *c, const char *const *path,
		  uint32_t parts, const struct index_place *index);
/* FileMetaData around it: version, schema by the caller first; then these. */
void footer_end(struct thrift_writer *t, uint32_t leaf_count);

#endif
