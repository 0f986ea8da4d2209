/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"
#include "cli/manual.h"

struct help_options {
	bool man, settings;
};

#define OPTION(field) offsetof(struct help_options, field)

static const struct option help_table[] = {
	{ "man", OPTION_FLAG, OPTION(man), NULL, 0, 0, NULL, "Print the man page" },
	{ "settings", OPTION_FLAG, OPTION(settings), NULL, 0, 0, NULL,
	  "Print the page of all settings (Markdown)" },
	{ 0 },
};

static const struct option_group help_group = {
	"Help", help_table, sizeof(struct help_options), NULL, true,
};

static int help(const struct settings *s, struct err *e)
{
	const struct help_options *o = settings_of(s, &help_group);
	const struct command *command;

	if (s->argument != NULL && (o->man || o->settings))
		return err_set(e, ERR_CONFIG, "--man and --settings take no command");
	if (s->argument != NULL) {
		if (command_find(&command, s->argument, e) < 0)
			return -1;
		manual_command(stdout, command);
	} else if (o->man) {
		manual_page(stdout);
	} else if (o->settings) {
		manual_settings(stdout);
	} else {
		manual_overview(stdout);
	}
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.argument = "[COMMAND]",
	.summary = "Explain the commands, or one of them",
	.details = "Lists the commands, or explains one of them with its settings.",
	.groups = { &help_group },
	.run = help,
};
