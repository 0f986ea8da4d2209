/* SPDX-License-Identifier: Apache-2.0 */
/* One table of a lake: its open batch on the taking side, its merge on the working side. */
#ifndef TARGET_LAKE_TABLE_H
#define TARGET_LAKE_TABLE_H

#include "batch/batch.h"
#include "merge/append.h"
#include "merge/merge.h"
#include "store/store.h"
#include "target/lake_face.h"

/* A batch on its way to a worker. */
struct lake_work {
	struct lake_work *next;
	struct schema *shown;   /* the table's columns when the batch was cut; shared */
	struct batch *batch;    /* NULL: only the second format has to catch up */
	size_t bytes;
	bool commits; /* false: a part of a transaction that does not fit into memory */
};

struct lake_table {
	/* the taking thread's: */
	char *name;             /* "shop.orders" */
	const char *partition_by;
	struct schema *schema;  /* the source's columns with the table's field ids and partitioning */
	struct schema *taken;   /* of its batches: the same, or the events that the table is put together from */
	int32_t last_field_id;  /* the highest that the table or the schema has given out */
	struct batch *open;     /* NULL: nothing since the last cut */
	size_t open_bytes, long_bytes; /* what it takes, and of that what its rows of the long table will */
	bool is_full;           /* to be cut at the next COMMIT */
	bool is_dirty;          /* in the lake's list */
	bool has_parts;         /* parts of the open transaction went to a worker */

	/* under the lake's lock: */
	struct lake_work *first, *last;
	bool is_busy, is_queued;
	struct lake_table *next_ready;
	/* sequence of the COMMIT before the oldest change of each; UINT64_MAX: nothing there */
	uint64_t open_since, work_since;
	int64_t commits;        /* the number of our last one in its log, -1: none; as above */

	/* the worker's, or the taking thread's before the first batch: */
	struct store *store;
	struct table *table;
	struct merge *merge;    /* opened with the first batch, ... */
	struct append *append;  /* ... or this one, by the schema's mode */
	const struct share *share; /* borrowed, or NULL */
	const struct lake_options *options; /* borrowed, set before it is opened; NULL: Delta alone */
	char *index_path, *source_name;
	char *position;         /* of the last commit, or NULL */
	struct lake_face face;  /* the second format's */
	struct lake_table *tall; /* its long table (merge/unpivot.h); NULL: rows come with all their columns */
	struct lake_table *late; /* of events that came too late; NULL: they are not kept */
	char *warned;           /* the last table_warning that was logged, or NULL */
};

/* What tables are opened with; everything is borrowed. */
struct lake_place {
	struct store *root;
	const char *app_prefix, *index_folder;
	const struct lake_options *options;
	const struct share *share; /* NULL: nobody else writes */
};

/* `partition_by`, borrowed, is for a table that is made; NULL: none is asked for. */
struct lake_table *lake_table_new(const char *name, const char *partition_by);
void lake_table_free(struct lake_table *t); /* NULL is fine */
/* Opens the table and takes over its field ids; its position is then known. */
int lake_table_open(struct lake_table *t, const struct lake_place *place, struct schema *source, struct err *e);
/* The columns of the lake table of this name: *out is the caller's, NULL when it is not there. */
int lake_table_columns(struct store *root, const char *database, const char *table, struct schema **out,
		       struct err *e);
/* The source's columns changed: new fields get fresh ids. */
int lake_table_set_schema(struct lake_table *t, struct schema *source, struct err *e);
/* Logs table_warning, once until it changes. */
void lake_table_warn(struct lake_table *t);
/* Brings the second format, if there is one, to the table's version; -1: face.failure says why not. */
int lake_table_follow(struct lake_table *t);
/* The same of the table and those beside it; -1: *e says of which, and why. */
int lake_table_follow_all(struct lake_table *t, struct err *e);
/* Whether that of one of them stayed behind, and it is time to try again. */
bool lake_table_is_behind(const struct lake_table *t, int64_t now_us); /* NULL is none */
/* Stages and, when the work says so, commits; *committed tells. Frees nothing of the work. */
int lake_table_work(struct lake_table *t, const struct lake_work *work, bool *committed,
		    struct merge_result *out, struct err *e);

#endif
