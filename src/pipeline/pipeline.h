/* SPDX-License-Identifier: Apache-2.0 */
/* Wires a source to a target: resume, run, drain, start over after what is worth a retry. */
#ifndef PIPELINE_PIPELINE_H
#define PIPELINE_PIPELINE_H

#include "source/source.h"
#include "target/target.h"

/*
 * Makes the source or the target anew: a run that lost its connection or a commit begins again from the
 * tables' positions with fresh ones. `*out` is closed by the pipeline.
 */
struct pipeline_ends {
	int (*open_source)(void *context, struct source **out, struct err *e);
	int (*open_target)(void *context, struct target **out, struct err *e);
	void (*counts)(const struct target *t, struct target_counts *out);
	void *context;
};

struct pipeline;

struct pipeline *pipeline_new(const struct pipeline_ends *ends);
/*
 * Copies what the target lacks, follows the log and, with `until_now`, returns 0 at the position that the
 * source had at the start; else runs until pipeline_stop. Everything taken is committed when it returns
 * 0. ERR_RETRY and ERR_CONFLICT are met by starting over, with growing pauses, as long as
 * progress is made; what is returned is for the user.
 */
int pipeline_run(struct pipeline *p, bool until_now, struct err *e);
/* Drains and lets pipeline_run return 0. Safe in a signal handler. */
void pipeline_stop(struct pipeline *p);
void pipeline_free(struct pipeline *p);

/* For a progress display, from any thread. */
struct pipeline_progress {
	struct target_counts counts;
	uint32_t table_count;
};
void pipeline_progress(struct pipeline *p, struct pipeline_progress *out);
/* Table i of the running source and its name, "db.table"; false: there is none such now. */
bool pipeline_table(struct pipeline *p, uint32_t i, struct buffer *name, struct table_progress *out);

#endif
