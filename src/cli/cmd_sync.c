/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/groups.h"

static int sync(const struct settings *s, struct err *e)
{
	return follow(s, true, e);
}

const struct command cmd_sync = {
	.name = "sync",
	.summary = "Catch up with the source as it is now, then end",
	.details = "Copies what the target lacks, follows the source's log up to the "
		   "position that it has at the start, and ends with status 0. Interrupted "
		   "at any instant, the next call goes on from the tables' own positions.",
	.groups = { &ends_group, &source_group, &feed_group, &topics_group, &lake_group, &kafka_group, &messages_group, &broker_group },
	.run = sync,
};
