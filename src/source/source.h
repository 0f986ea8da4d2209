/* SPDX-License-Identifier: Apache-2.0 */
/* A place that changes come from. */
#ifndef SOURCE_SOURCE_H
#define SOURCE_SOURCE_H

#include "change/share.h"
#include "change/sink.h"

/* What the target already has of a table. */
struct table_start {
	char *position; /* the text of the table's last commit, or NULL: nothing yet, copy it */
	bool *lacks;    /* per field of the source's table: the target's has not got it yet; NULL: none such */
};

/* How far a run has come; written by the source, read by a progress display from another thread. */
struct table_progress {
	uint64_t rows_copied, rows_expected; /* expected is an estimate, 0 unknown */
};

/* What the target says of a table that may come: doctor asks it. ERR_CONFIG: it would refuse it. */
struct table_check {
	int (*check)(const void *context, const struct schema *table, struct err *e); /* NULL: it takes all */
	const void *context;
};

struct source {
	const struct source_ops *ops;
	struct share *share; /* known after open, until close; NULL: nobody else writes these tables */
	bool is_once; /* known after open: what it has read does not come again, and it begins at no low-water mark */
	bool copies; /* a table that the target has nothing of, wherever the low-water mark is; else that one counts for it */
};

struct source_ops {
	/*
	 * Connects, checks the server, finds the tables. On success tables[0..table_count) stay valid
	 * and in this order until close. Of `to`, the sink of the run to come, only its wishes are read, and what tables it knows.
	 */
	int (*open)(struct source *, const struct sink *to, struct err *);
	uint32_t (*table_count)(const struct source *);
	struct schema *(*table)(const struct source *, uint32_t i); /* borrowed */
	void (*progress)(const struct source *, uint32_t i, struct table_progress *out);
	/*
	 * Copies what is to be copied, then follows the log, into the sink. `starts` has one entry per
	 * table; `stream_start` is the pipeline's low-water mark or NULL. Returns 0 when `until_now` and
	 * the position that the server had at the call is reached (a COMMIT was taken there), or when
	 * source_stop was called; 1 when a new run must begin, over what everything taken has led to; -1 with the reason
	 * otherwise. ERR_RETRY: connection lost for longer
	 * than the retries allow.
	 */
	int (*run)(struct source *, const struct table_start *starts, const char *stream_start,
		   bool until_now, struct sink *, struct err *);
	void (*stop)(struct source *); /* from any thread or a signal handler */
	void (*close)(struct source *);
};

#endif
