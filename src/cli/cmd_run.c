/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/groups.h"

static int run(const struct settings *s, struct err *e)
{
	return follow(s, false, e);
}

const struct command cmd_run = {
	.name = "run",
	.summary = "Follow the source for ever, until SIGTERM or SIGINT",
	.details = "Copies what the target lacks, then follows the source's log for ever. "
		   "SIGTERM or SIGINT commits what was taken and ends with status 0; a "
		   "second signal ends at once. A later start goes on from the tables' own "
		   "positions.",
	.groups = { &ends_group, &source_group, &feed_group, &topics_group, &lake_group, &kafka_group, &messages_group, &broker_group },
	.run = run,
};
