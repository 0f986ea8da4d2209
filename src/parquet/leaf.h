/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nested files leaf by leaf, with definition and repetition levels (Dremel). Small and plain: for Delta
 * checkpoints, whose columns are optional structs, maps and lists of strings, longs, ints, booleans.
 */
#ifndef PARQUET_LEAF_H
#define PARQUET_LEAF_H

#include "parquet/parquet.h"

enum parquet_repetition { PARQUET_REQUIRED = 0, PARQUET_OPTIONAL = 1, PARQUET_REPEATED = 2 };
enum parquet_shape { /* of a node with children */
	PARQUET_STRUCT,
	PARQUET_MAP,  /* the node; its only child is the repeated "key_value" */
	PARQUET_LIST, /* the node; its only child is the repeated "list" */
};

/* A node of the schema tree in depth-first order, as in the footer. */
struct parquet_node {
	const char *name;
	enum parquet_repetition repetition;
	uint32_t child_count; /* 0: a leaf */
	enum parquet_shape shape;
	enum type type;       /* leaf: BOOLEAN INT LONG DOUBLE STRING BINARY (and, read only, others) */
};

/*
 * A leaf's entries: one per (row, repetition). `levels` are per entry; cells exist only for entries with
 * definition == the leaf's maximum, in order, never NULL.
 */
struct parquet_leaf {
	char *path;           /* "add.partitionValues.key_value.key" */
	enum type type;
	uint8_t definition_max, repetition_max;
	uint32_t entry_count;
	uint8_t *definitions, *repetitions; /* repetitions NULL when repetition_max == 0 */
	struct column cells;
};

/*
 * Writes one file with one row group. `nodes[0]` is the root; leaves[i] are its leaves in order, each
 * with entries for exactly `row_count` rows.
 */
int parquet_write_leaves(const struct parquet_node *nodes, uint32_t node_count,
			 const struct parquet_leaf *leaves, uint32_t leaf_count,
			 uint32_t row_count, enum parquet_codec codec,
			 struct parquet_output output, struct err *e);

struct parquet_leaves {
	struct parquet_leaf *leaves; /* those asked for that the file has; in the file's order */
	uint32_t leaf_count;
	uint32_t row_count;
};

/*
 * Reads the leaves whose path is in paths[0..path_count) from row group `group`. Returns 1 when there is
 * no such row group. Old names are met with their modern ones: a map's repeated child reads as
 * "key_value", a list's as "list" with "element", whatever the file calls them.
 */
int parquet_read_leaves(struct parquet_input input, uint32_t group, const char *const *paths,
			uint32_t path_count, struct parquet_leaves *out, struct err *e);
void parquet_leaves_release(struct parquet_leaves *l);

#endif
