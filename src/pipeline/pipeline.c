/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/pipeline.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

/* Pauses between attempts: doubled from the first to the last, with jitter. */
#define PAUSE_US_FIRST 200000
#define PAUSE_US_MAX   30000000
/* Attempts in a row that commit nothing before we give up. */
#define BARREN_ATTEMPTS_MAX 8

struct pipeline {
	struct pipeline_ends ends;
	pthread_mutex_t lock; /* the members below, against the progress display and stop */
	struct source *source;
	struct target *target;
	uint64_t commits_before; /* of earlier attempts */
	uint64_t rows_before;
	volatile bool is_stopping;
};

struct pipeline *pipeline_new(const struct pipeline_ends *ends)
{
	struct pipeline *p = memory_new(struct pipeline);

	p->ends = *ends;
	pthread_mutex_init(&p->lock, NULL);
	return p;
}

static void close_ends(struct pipeline *p)
{
	struct source *source = p->source;
	struct target *target = p->target;
	struct target_counts counts = { 0 };

	if (target != NULL)
		p->ends.counts(target, &counts);
	pthread_mutex_lock(&p->lock);
	p->source = NULL;
	p->target = NULL;
	p->commits_before += counts.commits;
	p->rows_before += counts.rows;
	pthread_mutex_unlock(&p->lock);
	if (target != NULL) /* first: it may be at work with what the source lent it */
		target->ops->close(target);
	if (source != NULL)
		source->ops->close(source);
}

void pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	close_ends(p);
	pthread_mutex_destroy(&p->lock);
	memory_free(p);
}

/* A signal handler may call this: it only sets flags. */
void pipeline_stop(struct pipeline *p)
{
	struct source *source = p->source;

	p->is_stopping = true;
	if (source != NULL)
		source->ops->stop(source);
}

static int open_ends(struct pipeline *p, struct err *e)
{
	struct source *source = NULL;
	struct target *target = NULL;

	if (p->ends.open_target(p->ends.context, &target, e) < 0)
		return -1;
	p->target = target;
	if (p->ends.open_source(p->ends.context, &source, e) < 0)
		return -1;
	pthread_mutex_lock(&p->lock);
	p->source = source;
	pthread_mutex_unlock(&p->lock);
	if (source->ops->open(source, &target->sink, e) < 0)
		return -1;
	if (p->is_stopping)
		return err_set(e, ERR_STOP, "stopped");
	return 0;
}

static void free_starts(struct table_start *starts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		memory_free(starts[i].position);
		memory_free(starts[i].lacks);
	}
	memory_free(starts);
}

/* 1: the next one follows at once. */
static int run_once(struct pipeline *p, bool until_now, struct err *e)
{
	struct table_start *starts = NULL;
	char *stream_start = NULL;
	uint32_t count = 0;
	int rc = -1;

	if (open_ends(p, e) < 0)
		return -1;
	p->target->share = p->source->share;
	p->target->source_copies = p->source->copies;
	count = p->source->ops->table_count(p->source);
	starts = memory_array(struct table_start, count);
	for (uint32_t i = 0; i < count; i++) {
		if (p->target->ops->resume(p->target, p->source->ops->table(p->source, i),
					   &starts[i].position, &starts[i].lacks, e) < 0)
			goto out;
	}
	if (!p->source->is_once && p->target->ops->stream_start(p->target, &stream_start, e) < 0)
		goto out;
	rc = p->source->ops->run(p->source, starts, stream_start, until_now, &p->target->sink, e);
	if (rc >= 0 && p->target->ops->flush(p->target, e) < 0)
		rc = -1;
out:
	memory_free(stream_start);
	free_starts(starts, count);
	return rc;
}

static void pause_before(struct pipeline *p, uint32_t attempt)
{
	int64_t pause_us = PAUSE_US_FIRST, until_us;

	for (uint32_t i = 1; i < attempt && pause_us < PAUSE_US_MAX; i++)
		pause_us *= 2;
	pause_us += random() % (pause_us / 2);
	until_us = clock_monotonic_us() + pause_us;
	while (!p->is_stopping && clock_monotonic_us() < until_us)
		clock_sleep_us(50000);
}

int pipeline_run(struct pipeline *p, bool until_now, struct err *e)
{
	bool can_resume = false; /* also when a target that was open cannot be opened again at once */

	for (uint32_t barren = 1;; barren++) {
		uint64_t commits = p->commits_before;
		struct err failure = ERR_INIT;
		char text[sizeof(failure.text) + 16];
		int rc = run_once(p, until_now, &failure);

		can_resume = can_resume || (p->target != NULL && p->target->can_resume);
		close_ends(p);
		if (rc == 1 && !p->is_stopping) {
			barren = 0;
			continue;
		}
		if (rc >= 0 || failure.kind == ERR_STOP || (rc < 0 && p->is_stopping &&
							    failure.kind == ERR_RETRY))
			return 0;
		if (p->commits_before > commits)
			barren = 1;
		if ((failure.kind != ERR_RETRY && failure.kind != ERR_CONFLICT) || !can_resume ||
		    barren >= BARREN_ATTEMPTS_MAX) {
			*e = failure;
			return -1;
		}
		log_warn("starting over from the tables' positions", "reason=%s",
			 log_quote(text, sizeof(text), failure.text));
		pause_before(p, barren);
		if (p->is_stopping)
			return 0;
	}
}

void pipeline_progress(struct pipeline *p, struct pipeline_progress *out)
{
	*out = (struct pipeline_progress){ 0 };
	pthread_mutex_lock(&p->lock);
	if (p->source != NULL && p->target != NULL) {
		p->ends.counts(p->target, &out->counts);
		out->table_count = p->source->ops->table_count(p->source);
	}
	out->counts.rows += p->rows_before;
	out->counts.commits += p->commits_before;
	pthread_mutex_unlock(&p->lock);
}

bool pipeline_table(struct pipeline *p, uint32_t i, struct buffer *name, struct table_progress *out)
{
	bool found = false;

	pthread_mutex_lock(&p->lock);
	if (p->source != NULL && i < p->source->ops->table_count(p->source)) {
		const struct schema *s = p->source->ops->table(p->source, i);

		buffer_clear(name);
		buffer_format(name, "%s.%s", s->database, s->table);
		p->source->ops->progress(p->source, i, out);
		found = true;
	}
	pthread_mutex_unlock(&p->lock);
	return found;
}
