/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/thread.h"

#define DRAW_US      250000
#define LOG_US       10000000
#define TABLES_SHOWN 12 /* of those under copy */
#define QUIET_US     5000000 /* a copy that stood still so long is over: estimates are no end */

struct sample {
	int64_t at_us; /* monotonic */
	uint64_t rows, commits;
};

struct table_seen {
	uint64_t rows;
	int64_t started_us, moved_us; /* monotonic; 0: no row yet */
};

static struct {
	struct pipeline *pipeline;
	pthread_t thread;
	pthread_mutex_t lock;     /* the members below */
	pthread_cond_t wake;
	struct buffer text;       /* what the screen shows, or will after the curtain */
	unsigned lines;           /* of it that are on the screen */
	bool is_stopping, has_thread;
	struct sample last;       /* from here on the thread's own */
	struct table_seen *tables;
	uint32_t table_count;
} display = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

void progress_count(struct buffer *out, uint64_t n)
{
	if (n >= 1000) {
		progress_count(out, n / 1000);
		buffer_format(out, ",%03u", (unsigned)(n % 1000));
	} else {
		buffer_format(out, "%u", (unsigned)n);
	}
}

void progress_time(struct buffer *out, int64_t seconds)
{
	if (seconds >= 3600)
		buffer_format(out, "%lld h %lld min", (long long)(seconds / 3600),
			      (long long)(seconds / 60 % 60));
	else if (seconds >= 60)
		buffer_format(out, "%lld min %lld s", (long long)(seconds / 60), (long long)(seconds % 60));
	else
		buffer_format(out, "%lld s", (long long)seconds);
}

static void erase(void)
{
	for (; display.lines > 0; display.lines--)
		fputs("\033[A\033[2K", stderr);
}

static void draw(void)
{
	for (size_t i = 0; i < display.text.size; i++)
		display.lines += display.text.data[i] == '\n';
	fwrite(display.text.data, 1, display.text.size, stderr);
	fflush(stderr);
}

/* A log line comes: the lock is held until it is out. */
static void lift(void)
{
	pthread_mutex_lock(&display.lock);
	erase();
}

static void drop(void)
{
	draw();
	pthread_mutex_unlock(&display.lock);
}

static uint64_t per_second(uint64_t now, uint64_t before, int64_t us)
{
	return us > 0 && now > before ? (uint64_t)((double)(now - before) * 1e6 / (double)us) : 0;
}

/* One line for a table whose copy is under way. */
static void table_line(struct buffer *out, const char *name, const struct table_progress *t, int64_t us)
{
	uint64_t rate = per_second(t->rows_copied, 0, us);

	buffer_format(out, "  %-32s ", name);
	progress_count(out, t->rows_copied);
	if (t->rows_expected > t->rows_copied) {
		buffer_text(out, " of about ");
		progress_count(out, t->rows_expected);
		if (rate > 0) {
			buffer_text(out, ", ");
			progress_time(out, (int64_t)((t->rows_expected - t->rows_copied) / rate));
			buffer_text(out, " left");
		}
	}
	buffer_char(out, '\n');
}

/* Notes the copy's progress of a table; false: it has not begun or is over. */
static bool is_copying(struct table_seen *seen, const struct table_progress *t, int64_t now_us)
{
	if (t->rows_copied > seen->rows) {
		if (seen->started_us == 0)
			seen->started_us = now_us;
		seen->moved_us = now_us;
	}
	seen->rows = t->rows_copied;
	return seen->started_us > 0 && now_us - seen->moved_us < QUIET_US;
}

static void table_lines(struct buffer *out, uint32_t count, int64_t now_us)
{
	struct buffer name = { 0 };
	uint32_t shown = 0;

	if (count > display.table_count) {
		display.tables = memory_grow(display.tables, struct table_seen, count);
		memset(display.tables + display.table_count, 0,
		       (count - display.table_count) * sizeof(struct table_seen));
		display.table_count = count;
	}
	for (uint32_t i = 0; i < count && shown < TABLES_SHOWN; i++) {
		struct table_seen *seen = &display.tables[i];
		struct table_progress t = { 0 };

		if (!pipeline_table(display.pipeline, i, &name, &t) || !is_copying(seen, &t, now_us))
			continue;
		table_line(out, buffer_string(&name), &t, now_us - seen->started_us);
		shown++;
	}
	buffer_release(&name);
}

static void total_line(struct buffer *out, const struct pipeline_progress *p, const struct sample *now)
{
	progress_count(out, now->rows);
	buffer_text(out, " rows, ");
	progress_count(out, per_second(now->rows, display.last.rows, now->at_us - display.last.at_us));
	buffer_text(out, " rows/s, ");
	progress_count(out, now->commits);
	buffer_text(out, " commits");
	if (p->counts.source_time_us > 0)
		buffer_format(out, ", newest change %.1f s old",
			      (double)(clock_now_us() - p->counts.source_time_us) / 1e6);
	buffer_char(out, '\n');
}

static void show(bool is_terminal)
{
	struct pipeline_progress p;
	struct buffer text = { 0 };
	struct sample now;

	pipeline_progress(display.pipeline, &p);
	now = (struct sample){ clock_monotonic_us(), p.counts.rows, p.counts.commits };
	if (is_terminal) {
		table_lines(&text, p.table_count, now.at_us);
		total_line(&text, &p, &now);
		pthread_mutex_lock(&display.lock);
		erase();
		buffer_release(&display.text);
		display.text = text;
		draw();
		pthread_mutex_unlock(&display.lock);
	} else if (now.rows != display.last.rows) {
		log_info("progress", "rows=%llu rows_per_second=%llu commits=%llu",
			 (unsigned long long)now.rows,
			 (unsigned long long)per_second(now.rows, display.last.rows,
							now.at_us - display.last.at_us),
			 (unsigned long long)now.commits);
	}
	display.last = now;
}

/* False: the display is to end. */
static bool wait_us(int64_t us)
{
	int64_t until_us = clock_now_us() + us;
	struct timespec until = { until_us / 1000000, until_us % 1000000 * 1000 };
	bool go_on;

	pthread_mutex_lock(&display.lock);
	while (!display.is_stopping && pthread_cond_timedwait(&display.wake, &display.lock, &until) == 0)
		;
	go_on = !display.is_stopping;
	pthread_mutex_unlock(&display.lock);
	return go_on;
}

static void *run(void *context)
{
	bool is_terminal = isatty(STDERR_FILENO) != 0;

	(void)context;
	while (wait_us(is_terminal ? DRAW_US : LOG_US))
		show(is_terminal);
	return NULL;
}

void progress_start(struct pipeline *p)
{
	sigset_t all, before;

	display.pipeline = p;
	display.is_stopping = false;
	display.last = (struct sample){ .at_us = clock_monotonic_us() };
	if (isatty(STDERR_FILENO))
		log_set_curtain(lift, drop);
	sigfillset(&all); /* signals are the other threads' */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	display.has_thread = thread_start(&display.thread, run, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void progress_stop(void)
{
	pthread_mutex_lock(&display.lock);
	display.is_stopping = true;
	pthread_cond_signal(&display.wake);
	pthread_mutex_unlock(&display.lock);
	if (display.has_thread)
		pthread_join(display.thread, NULL);
	log_set_curtain(NULL, NULL);
	buffer_release(&display.text);
	memory_free(display.tables);
	display.tables = NULL;
	display.table_count = 0;
	display.lines = 0; /* the last state stays on the screen */
}
