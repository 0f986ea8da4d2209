/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline's low-water mark: a position up to which every table is complete, kept in
 * _tailrace/<name>/progress.json so that idle tables do not hold a restart back. A hint: it may lag or be
 * deleted, it never leads.
 */
#ifndef TARGET_LAKE_PROGRESS_H
#define TARGET_LAKE_PROGRESS_H

#include "change/position.h"
#include "store/store.h"
#include "target/lake_table.h"
#include "target/lake_workers.h"

struct lake_progress {
	struct store *store;   /* the lake's, borrowed */
	char *key;
	struct buffer text;    /* a candidate's JSON, waiting for the tables to pass it */
	uint64_t sequence;     /* of the candidate; UINT64_MAX: none */
	uint64_t saved_sequence;
	int64_t saved_at_us;   /* monotonic */
	bool is_used;          /* the source was told the saved position */
};

void progress_open(struct lake_progress *p, struct store *store, const char *name);
void progress_release(struct lake_progress *p);
/*
 * The saved position, if every one of the tables that has a position of its own was part of the pipeline when
 * it was saved and has all commits that it had then; else NULL. An unreadable file is the same as none, and says so in the log.
 */
int progress_load(struct lake_progress *p, struct lake_table *const *tables, uint32_t count,
		  char **position, struct err *e);
/* Removes the file: the next start goes by the tables' own positions. */
int progress_forget(struct lake_progress *p, struct err *e);
/* After a COMMIT or while idle: takes candidates, saves one when all tables passed it. Cheap. */
int progress_note(struct lake_progress *p, const struct position *now, struct lake_workers *workers,
		  struct lake_table *const *tables, uint32_t count, struct err *e);
/* Everything up to `now` is committed: saves it. */
int progress_save(struct lake_progress *p, const struct position *now, struct lake_workers *workers,
		  struct lake_table *const *tables, uint32_t count, struct err *e);

#endif
