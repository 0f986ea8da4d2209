/* SPDX-License-Identifier: Apache-2.0 */
/* A place that changes go to: a lake of tables, standard output, nowhere. */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

#include "change/share.h"
#include "change/sink.h"

struct target {
	struct sink sink; /* first: a target is its sink */
	const struct target_ops *ops;
	struct share *share; /* the source's; set before the first resume, ... */
	bool source_copies; /* ... and so is this one */
	bool can_resume; /* a run may begin again from what the target has */
};

struct target_ops {
	/*
	 * What the target has of a table: the text of its last position (caller frees), or NULL. Opens
	 * the table; one that cannot be written (foreign, unknown feature, other schema) is an error
	 * that says so. *lacks tells which of the schema's fields a table that is there has not got yet
	 * (caller frees), or is NULL: a CHANGE_SCHEMA before its first row says what its rows have there.
	 */
	int (*resume)(struct target *, struct schema *, char **position, bool **lacks, struct err *);
	/* The pipeline's low-water mark (caller frees), or NULL: every table resumes from its own. */
	int (*stream_start)(struct target *, char **position, struct err *);
	/*
	 * Commits everything taken up to the last COMMIT and waits until it is durable. Called at the
	 * end of `sync`, and when draining.
	 */
	int (*flush)(struct target *, struct err *);
	/* Stops workers without committing more; frees everything. */
	void (*close)(struct target *);
};

/* Counters for logs, benchmarks and the progress display; read from any thread. */
struct target_counts {
	uint64_t rows, transactions, commits, bytes;
	int64_t source_time_us; /* of the newest committed change */
};

#endif
