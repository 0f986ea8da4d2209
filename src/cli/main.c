/* SPDX-License-Identifier: Apache-2.0 */
/* tailrace: follows a database's log and keeps lake tables equal to it. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/manual.h"

/* 0 done, 1 failed, 2 the user must change something. */
static int exit_status(const struct err *e)
{
	if (e->kind == ERR_STOP)
		return 0;
	fprintf(stderr, "tailrace: %s\n", e->text);
	return e->kind == ERR_CONFIG ? 2 : 1;
}

static int run_command(const struct command *command, int count, char *const *words, struct err *e)
{
	struct settings settings;
	int rc = settings_load(&settings, command, count, words, e);

	if (rc == 0 && settings.wants_help)
		manual_command(stdout, command);
	else if (rc == 0)
		rc = command->run(&settings, e);
	settings_release(&settings);
	return rc;
}

static const char *command_name(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return "help";
	return strcmp(word, "--version") == 0 ? "version" : word;
}

int main(int count, char **words)
{
	const struct command *command;
	struct err e = ERR_INIT;

	signal(SIGPIPE, SIG_IGN); /* a reader that goes away is a failed write */
	signal(SIGXFSZ, SIG_IGN); /* so is a file that grows past its limit */
	mallopt(M_ARENA_MAX, 2);  /* batches are large: more arenas keep what others need */
	if (count < 2) {
		manual_overview(stderr);
		return 2;
	}
	if (command_find(&command, command_name(words[1]), &e) < 0 ||
	    run_command(command, count - 2, words + 2, &e) < 0)
		return exit_status(&e);
	if (fflush(stdout) != 0 && errno != EPIPE) { /* … | head has what it wants */
		err_system(&e, "could not write to standard output");
		return exit_status(&e);
	}
	return 0;
}
