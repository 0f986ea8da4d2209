/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake_workers.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

static void push_ready(struct lake_workers *w, struct lake_table *t)
{
	if (t->is_queued || t->is_busy || t->first == NULL)
		return;
	t->is_queued = true;
	t->next_ready = NULL;
	if (w->ready_last != NULL)
		w->ready_last->next_ready = t;
	else
		w->ready_first = t;
	w->ready_last = t;
	pthread_cond_signal(&w->has_work);
}

static struct lake_work *pop_ready(struct lake_workers *w, struct lake_table **out)
{
	struct lake_table *t = w->ready_first;
	struct lake_work *work = t->first;

	w->ready_first = t->next_ready;
	if (w->ready_first == NULL)
		w->ready_last = NULL;
	t->is_queued = false;
	t->is_busy = true;
	t->first = work->next;
	if (t->first == NULL)
		t->last = NULL;
	*out = t;
	return work;
}

static void count_commit(struct lake_workers *w, const struct lake_work *work,
			 const struct merge_result *result)
{
	w->counts.rows += work->batch->rows_in;
	w->counts.commits++;
	w->counts.bytes += result->file_bytes;
	if (work->batch->source_time_us > w->counts.source_time_us)
		w->counts.source_time_us = work->batch->source_time_us;
}

/* A table whose commit failed stays where it was: the progress file must not pass what it lacks. */
static void finish(struct lake_workers *w, struct lake_table *t, struct lake_work *work, bool committed)
{
	t->is_busy = false;
	if (committed) {
		t->work_since = t->first != NULL ? work->batch->sequence : UINT64_MAX;
		t->commits = table_snapshot(t->table)->txn_version;
	}
	w->bytes -= work->bytes;
	push_ready(w, t);
	pthread_cond_broadcast(&w->has_room);
}

static void run_one(struct lake_workers *w, struct lake_table *t, struct lake_work *work)
{
	int64_t start_us = clock_monotonic_us();
	struct merge_result result;
	struct err e = ERR_INIT;
	bool committed;
	int rc = lake_table_work(t, work, &committed, &result, &e);

	if (committed) {
		log_info("batch committed",
			 "table=%s rows=%llu added=%llu deleted=%llu version=%lld ms=%lld", t->name,
			 (unsigned long long)work->batch->rows_in, (unsigned long long)result.rows_added,
			 (unsigned long long)result.rows_deleted, (long long)result.version,
			 (long long)(clock_monotonic_us() - start_us) / 1000);
		if (result.lost > 0)
			log_info("other workers were faster", "table=%s version=%lld tries=%u ms=%lld", t->name,
				 (long long)result.version, result.lost, (long long)result.lost_us / 1000);
		lake_table_warn(t);
	}
	pthread_mutex_lock(&w->lock);
	if (committed)
		count_commit(w, work, &result);
	if (rc < 0 && !w->has_failed) {
		w->failure = e;
		w->has_failed = true;
	}
	finish(w, t, work, committed);
	pthread_mutex_unlock(&w->lock);
	schema_release(work->shown);
	batch_free(work->batch);
	memory_free(work);
}

/* Only the second format, which stayed behind. */
static void follow_one(struct lake_workers *w, struct lake_table *t, struct lake_work *work)
{
	struct err logged = ERR_INIT;

	(void)lake_table_follow_all(t, &logged);
	pthread_mutex_lock(&w->lock);
	t->is_busy = false;
	push_ready(w, t);
	pthread_cond_broadcast(&w->has_room);
	pthread_mutex_unlock(&w->lock);
	memory_free(work);
}

static void *worker(void *argument)
{
	struct lake_workers *w = argument;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct lake_table *t;
		struct lake_work *work;

		while (!w->is_stopping && !w->has_failed && w->ready_first == NULL)
			pthread_cond_wait(&w->has_work, &w->lock);
		if (w->is_stopping || w->has_failed)
			break;
		work = pop_ready(w, &t);
		w->working++;
		pthread_mutex_unlock(&w->lock);
		if (work->batch != NULL)
			run_one(w, t, work);
		else
			follow_one(w, t, work);
		pthread_mutex_lock(&w->lock);
		w->working--;
		pthread_cond_broadcast(&w->has_room);
	}
	pthread_cond_broadcast(&w->has_room);
	pthread_cond_broadcast(&w->has_work);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int workers_start(struct lake_workers *w, uint32_t threads, size_t bytes_max, struct err *e)
{
	*w = (struct lake_workers){ .bytes_max = bytes_max };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->has_work, NULL);
	pthread_cond_init(&w->has_room, NULL);
	w->threads = memory_array(pthread_t, threads);
	for (; w->thread_count < threads; w->thread_count++) {
		if (thread_start(&w->threads[w->thread_count], worker, w) != 0) {
			workers_stop(w);
			return err_set(e, ERR_IO, "could not start %u worker threads", threads);
		}
	}
	return 0;
}

void workers_stop(struct lake_workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_broadcast(&w->has_work);
	pthread_mutex_unlock(&w->lock);
	for (uint32_t i = 0; i < w->thread_count; i++)
		pthread_join(w->threads[i], NULL);
	w->thread_count = 0;
	memory_free(w->threads);
	w->threads = NULL;
	pthread_cond_destroy(&w->has_work);
	pthread_cond_destroy(&w->has_room);
	pthread_mutex_destroy(&w->lock);
}

static int failure_locked(const struct lake_workers *w, struct err *e)
{
	if (!w->has_failed)
		return 0;
	*e = w->failure;
	return -1;
}

bool workers_are_idle(struct lake_workers *w)
{
	bool is_idle;

	pthread_mutex_lock(&w->lock);
	is_idle = w->working == 0 && w->ready_first == NULL;
	pthread_mutex_unlock(&w->lock);
	return is_idle;
}

bool workers_have(struct lake_workers *w, const struct lake_table *t)
{
	bool has;

	pthread_mutex_lock(&w->lock);
	has = t->is_busy || t->first != NULL;
	pthread_mutex_unlock(&w->lock);
	return has;
}

int workers_failure(struct lake_workers *w, struct err *e)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	rc = failure_locked(w, e);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

int workers_give(struct lake_workers *w, struct lake_table *t, bool commits, struct err *e)
{
	struct lake_work *work = memory_new(struct lake_work);
	int rc;

	*work = (struct lake_work){ .shown = schema_share(t->schema), .batch = t->open, .commits = commits };
	work->bytes = batch_bytes(t->open) + t->long_bytes;
	t->open = NULL;
	t->open_bytes = t->long_bytes = 0;
	t->is_full = false;
	t->has_parts = !commits;
	pthread_mutex_lock(&w->lock);
	while (!w->has_failed && w->bytes > 0 && w->bytes + work->bytes > w->bytes_max)
		pthread_cond_wait(&w->has_room, &w->lock);
	w->bytes += work->bytes;
	if (t->work_since == UINT64_MAX)
		t->work_since = t->open_since;
	t->open_since = UINT64_MAX;
	if (t->last != NULL)
		t->last->next = work;
	else
		t->first = work;
	t->last = work;
	push_ready(w, t);
	rc = failure_locked(w, e);
	pthread_mutex_unlock(&w->lock);
	return rc;
}

void workers_catch_up(struct lake_workers *w, struct lake_table *const *tables, uint32_t count)
{
	int64_t now_us = clock_monotonic_us();

	pthread_mutex_lock(&w->lock);
	for (uint32_t i = 0; i < count; i++) {
		struct lake_table *t = tables[i];

		if (t->is_busy || t->first != NULL || !lake_table_is_behind(t, now_us))
			continue;
		t->first = t->last = memory_new(struct lake_work);
		push_ready(w, t);
	}
	pthread_mutex_unlock(&w->lock);
}

int workers_wait(struct lake_workers *w, struct err *e)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	while (!w->has_failed && (w->working > 0 || w->ready_first != NULL))
		pthread_cond_wait(&w->has_room, &w->lock);
	rc = failure_locked(w, e);
	pthread_mutex_unlock(&w->lock);
	return rc;
}
