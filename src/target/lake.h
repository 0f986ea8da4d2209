/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lake target: one Delta table per source table in a directory, <lake>/<database>/<table>.
 * The thread that calls the sink fills batches; worker threads merge and commit them, one table's
 * in order, different tables' side by side.
 */
#ifndef TARGET_LAKE_H
#define TARGET_LAKE_H

#include "base/option.h"
#include "target/target.h"

/* Which of a group's folders for hints and indexes is ours: the first free one, taken with the first open, until release. */
struct lake_slot {
	int lock_file;
	uint32_t number;
};
#define LAKE_SLOT_INIT { -1, 0 }
void lake_slot_release(struct lake_slot *s);

struct lake_options {
	char *path;
	char *name;             /* of the pipeline: part of the tables' appId */
	int64_t commit_interval_ms; /* a change is committed at the latest this long after it came */
	int64_t rows_max;       /* of a batch */
	int64_t memory_max;     /* bytes of all batches, open and in work */
	char *table_format;     /* "delta", "iceberg", or "both": Iceberg metadata follows Delta */
	int64_t iceberg_version; /* of metadata that is made */
	char *iceberg_catalog;  /* a URL (table/iceberg/catalog.h), or NULL: the table's own folder */
	int64_t workers;        /* threads that merge; 0: one per processor */
	int64_t late_horizon_ms; /* in event order: what is so much older than the newest event is late */
	char *late;             /* "count", or "keep": late events go to a table of their own */
	char *incomplete_rows;  /* "show" or "hide" rows of which only updates are known */
	char *partition_by;     /* columns of each new table with commas, with Iceberg alone transforms, too; NULL: none */
	struct lake_slot *slot; /* not in the table: our place among the processes of a group; NULL: we are alone */
};
extern const struct option lake_option_table[]; /* ends with a NULL name */

/*
 * Opens or makes the directory and takes its lock. A second instance on the same lake and
 * pipeline name is ERR_CONFIG. The options are borrowed until close.
 */
struct target *lake_open(const struct lake_options *options, struct err *e);
/* For a struct table_check of these options: whether a new table of this schema could be made. ERR_CONFIG. */
int lake_check_table(const void *options, const struct schema *table, struct err *e);
void lake_counts(const struct target *t, struct target_counts *out);

#endif
