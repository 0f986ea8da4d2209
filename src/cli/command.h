/* SPDX-License-Identifier: Apache-2.0 */
/* What the program can be told to do: one cmd_*.c file and one row a command. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/settings.h"

struct command {
	const char *name;
	const char *argument; /* "TABLE", required; "[COMMAND]", may be left out; or NULL */
	const char *summary;  /* one sentence without a period */
	const char *details;  /* paragraphs for --help and the man page */
	const struct option_group *groups[SETTINGS_GROUPS_MAX]; /* ends with NULL */
	int (*run)(const struct settings *, struct err *e);
};

extern const struct command *const command_list[]; /* in the order of help; ends with NULL */
/* ERR_CONFIG suggests the nearest name. */
int command_find(const struct command **out, const char *name, struct err *e);

extern const struct command cmd_run, cmd_sync, cmd_describe, cmd_history, cmd_cat, cmd_diff, cmd_doctor, cmd_publish, cmd_help,
	cmd_version;

#endif
