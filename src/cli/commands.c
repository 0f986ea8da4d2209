/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

const struct command *const command_list[] = {
	&cmd_sync, &cmd_run, &cmd_describe, &cmd_history, &cmd_cat, &cmd_diff, &cmd_publish,
	&cmd_doctor, &cmd_help, &cmd_version, NULL,
};

int command_find(const struct command **out, const char *name, struct err *e)
{
	const char *near = NULL;

	for (const struct command *const *c = command_list; *c != NULL; c++) {
		if (strcmp((*c)->name, name) == 0) {
			*out = *c;
			return 0;
		}
		if (near == NULL && option_is_near(name, (*c)->name))
			near = (*c)->name;
	}
	if (near != NULL)
		return err_set(e, ERR_CONFIG, "unknown command \"%s\"; did you mean \"%s\"?", name, near);
	return err_set(e, ERR_CONFIG, "unknown command \"%s\"; \"tailrace help\" lists them", name);
}
