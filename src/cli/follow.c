/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/follow.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/groups.h"
#include "cli/progress.h"
#include "pipeline/pipeline.h"
#include "target/kafka.h"
#include "target/stream.h"

static struct pipeline *volatile running; /* for the signal handler */

static int open_source(void *context, struct source **out, struct err *e)
{
	const struct ends *ends = context;

	(void)e;
	switch (ends->source) {
	case SOURCE_MYSQL:
		*out = mysql_source_new(ends->mysql);
		return 0;
	case SOURCE_KAFKA:
		*out = kafka_source_new(ends->topics);
		return 0;
	case SOURCE_FILE:
		break;
	}
	*out = file_source_new(&ends->file);
	return 0;
}

static int open_target(void *context, struct target **out, struct err *e)
{
	const struct ends *ends = context;

	switch (ends->target) {
	case TARGET_STDOUT:
		*out = stdout_target_new(stdout);
		return 0;
	case TARGET_NULL:
		*out = null_target_new();
		return 0;
	case TARGET_KAFKA:
		*out = kafka_target_new(ends->kafka, e);
		return *out != NULL ? 0 : -1;
	case TARGET_LAKE:
		break;
	}
	*out = lake_open(ends->lake, e);
	return *out != NULL ? 0 : -1;
}

/* The first signal drains, the second ends at once: the tables stand at their last commit. */
static void on_signal(int number)
{
	struct pipeline *p = running;

	(void)number;
	running = NULL;
	if (p == NULL)
		_exit(1);
	pipeline_stop(p);
}

static void catch_signals(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static void report(struct pipeline *p, int64_t started_us)
{
	struct pipeline_progress now;
	double seconds = (double)(clock_monotonic_us() - started_us) / 1e6;

	pipeline_progress(p, &now);
	log_info("done", "rows=%llu commits=%llu seconds=%.3f", (unsigned long long)now.counts.rows,
		 (unsigned long long)now.counts.commits, seconds);
}

int follow(const struct settings *s, bool until_now, struct err *e)
{
	struct kafka_source_options *topics = settings_of(s, &topics_group);
	struct lake_options *lake = settings_of(s, &lake_group);
	struct pipeline_ends ends = { .open_source = open_source, .open_target = open_target };
	int64_t started_us = clock_monotonic_us();
	struct lake_slot slot = LAKE_SLOT_INIT;
	struct group *member = NULL;
	bool has_read = false;
	struct ends chosen;
	struct pipeline *p;
	int rc;

	if (ends_check(&chosen, s, e) < 0)
		return -1;
	if (topics->group != NULL && until_now)
		return err_set(e, ERR_CONFIG, "--group: sync reads every partition itself; leave it out, or use run");
	topics->member = &member;
	chosen.file.has_read = &has_read;
	lake->slot = topics->group != NULL ? &slot : NULL;
	ends.context = &chosen;
	ends.counts = chosen.target == TARGET_LAKE ? lake_counts :
		      chosen.target == TARGET_KAFKA ? kafka_target_counts : stream_target_counts;
	p = pipeline_new(&ends);
	running = p;
	catch_signals(on_signal);
	if (chosen.target != TARGET_STDOUT || !isatty(STDOUT_FILENO)) /* rows and a display would mix */
		progress_start(p);
	rc = pipeline_run(p, until_now, e);
	progress_stop();
	catch_signals(SIG_IGN);
	if (rc == 0)
		report(p, started_us);
	pipeline_free(p);
	group_close(member); /* what was read is committed */
	lake_slot_release(&slot);
	return rc;
}
