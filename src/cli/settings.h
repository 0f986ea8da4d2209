/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of one call: the command's option tables filled from file, environment and command line. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "base/option.h"

struct command;
struct settings;

/* An option table with the struct that it fills. */
struct option_group {
	const char *title;        /* "Source: MySQL and MariaDB" */
	const struct option *rows; /* ends with a NULL name */
	size_t size;              /* of the struct */
	/* Whether the settings matter to this call; NULL: always. `why_not` completes "has no effect: ". */
	bool (*applies)(const struct settings *, const char **why_not);
	bool is_flags_only;       /* neither in the file nor in the environment */
};

#define SETTINGS_GROUPS_MAX 9

struct settings {
	const struct command *command;
	void *values[SETTINGS_GROUPS_MAX]; /* in the order of command->groups */
	const char *argument;              /* TABLE, or NULL; borrowed from argv */
	bool wants_help;
	struct setting_given *given;       /* of every origin, in no order */
	uint32_t given_count;
};

/*
 * argv after the command's name. ERR_CONFIG: an unknown name (the nearest known one is suggested), a wrong
 * value, a setting given twice or without effect, a missing or superfluous argument. Release it in
 * either case.
 */
int settings_load(struct settings *out, const struct command *command, int count, char *const *words,
		  struct err *e);
void settings_release(struct settings *s);
/* The struct of a group, or NULL when the command does not have it. */
void *settings_of(const struct settings *s, const struct option_group *g);
/* The setting of this name as the user wrote it, a flag or another; NULL: it has its default. */
const char *settings_given(const struct settings *s, const char *name);

#endif
