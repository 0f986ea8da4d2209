/* SPDX-License-Identifier: Apache-2.0 */
/* What a manifest says of a file's columns (Iceberg spec, "Field-level Metrics and Statistics"). */
#ifndef TABLE_ICEBERG_BOUNDS_H
#define TABLE_ICEBERG_BOUNDS_H

#include "change/schema.h"

/* Lists by column id are sorted by it. */
struct iceberg_count {
	int32_t id;
	int64_t count;
};
struct iceberg_counts {
	struct iceberg_count *items;
	uint32_t count;
};
struct iceberg_bound {
	int32_t id;
	struct buffer bytes; /* single-value serialization */
};
struct iceberg_bounds {
	struct iceberg_bound *items;
	uint32_t count;
};

/* A value for a column; the ids must come ascending. The bound's bytes are copied. */
void iceberg_counts_add(struct iceberg_counts *c, int32_t id, int64_t count);
void iceberg_bounds_add(struct iceberg_bounds *b, int32_t id, struct bytes bytes);

/* A column that is not in a list: nothing is told of it. Zeroed: of none. */
struct iceberg_metrics {
	struct iceberg_counts value_counts; /* with the NULLs */
	struct iceberg_counts null_counts;
	struct iceberg_bounds lower, upper;
};

/*
 * What a data file's statistics (table/stats.h, or Delta's by anybody; NULL is fine) tell of the
 * columns of a schema, whose ids are distinct; they are found by their names. Bounds enclose every
 * value; texts are cut at 16 characters, an upper one rounded up. Where the statistics are strange
 * they tell nothing: a column has no bounds without a count of its NULLs, or when one is no value
 * of its type, may have been rounded, or stands there twice. Costs one pass over the text.
 */
void iceberg_metrics_of_stats(struct iceberg_metrics *out, const struct schema *s,
			      const char *stats);
void iceberg_metrics_release(struct iceberg_metrics *m);

#endif
