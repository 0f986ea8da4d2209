/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"

static int version(const struct settings *s, struct err *e)
{
	(void)s, (void)e;
	puts("tailrace " TAILRACE_VERSION);
	return 0;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "Print the version",
	.details = "Prints the program's version.",
	.run = version,
};
