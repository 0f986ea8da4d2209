/* SPDX-License-Identifier: Apache-2.0 */
/* The threads that merge and commit: one table's batches in order, tables side by side. */
#ifndef TARGET_LAKE_WORKERS_H
#define TARGET_LAKE_WORKERS_H

#include <pthread.h>

#include "target/lake_table.h"
#include "target/target.h"

struct lake_workers {
	pthread_mutex_t lock;
	pthread_cond_t has_work, has_room; /* room: also "somebody finished" */
	pthread_t *threads;
	uint32_t thread_count, working;
	struct lake_table *ready_first, *ready_last;
	size_t bytes, bytes_max; /* of the batches given and not finished */
	bool is_stopping, has_failed;
	struct err failure;      /* the first one */
	struct target_counts counts;
};

int workers_start(struct lake_workers *w, uint32_t threads, size_t bytes_max, struct err *e);
/* Lets running merges end, drops what is queued, joins the threads. */
void workers_stop(struct lake_workers *w);
/*
 * Takes the table's open batch over. Blocks while too much is in work (always lets one through); fails with
 * the first worker's failure.
 */
int workers_give(struct lake_workers *w, struct lake_table *t, bool commits, struct err *e);
/* Lets second formats that stayed behind try again, those whose time it is. */
void workers_catch_up(struct lake_workers *w, struct lake_table *const *tables, uint32_t count);
/* true when nothing is queued or in work. */
bool workers_are_idle(struct lake_workers *w);
/* Whether batches of this table are queued or in work. */
bool workers_have(struct lake_workers *w, const struct lake_table *t);
int workers_failure(struct lake_workers *w, struct err *e);
/* Returns when nothing is queued or in work. */
int workers_wait(struct lake_workers *w, struct err *e);

#endif
