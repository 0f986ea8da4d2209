/* SPDX-License-Identifier: Apache-2.0 */
/* A file's FileMetaData as the readers need it. */
#ifndef PARQUET_METADATA_H
#define PARQUET_METADATA_H

#include "parquet/chunk.h"

#define FOOTER_BYTES_MAX ((uint64_t)256 << 20)

enum time_unit { TIME_NONE, TIME_MILLIS, TIME_MICROS, TIME_NANOS };

struct file_leaf {
	char *path;        /* parts joined by '.', maps and lists under their modern names */
	enum parquet_physical physical;
	unsigned fixed;    /* type_length */
	uint8_t definition_max, repetition_max;
	enum time_unit unit; /* of a TIMESTAMP */
	bool is_decimal, is_unsigned;
	int scale, precision;
};

struct file_chunk {
	int codec;
	uint64_t value_count, size; /* size: of all pages, compressed */
	uint64_t data_offset, dictionary_offset; /* 0: no dictionary */
	uint64_t index_offset; /* OffsetIndex; size 0: none */
	uint32_t index_size;
};

struct file_group {
	uint64_t row_count;
	struct file_chunk *chunks; /* one per leaf */
};

struct file_metadata {
	struct file_leaf *leaves;
	uint32_t leaf_count;
	struct file_group *groups;
	uint32_t group_count;
	uint64_t row_count;
};

/* Reads and checks: magic, footer, sizes that agree. ERR_DATA. */
int metadata_read(struct file_metadata *out, struct parquet_input input, struct err *e);
void metadata_release(struct file_metadata *m);
/* Index of the leaf with this path, or -1. */
int metadata_leaf(const struct file_metadata *m, const char *path);

#endif
