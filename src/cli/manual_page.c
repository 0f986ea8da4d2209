/* SPDX-License-Identifier: Apache-2.0 */
/* The man page, man(7). */
#include "cli/manual.h"

#include <string.h>

/* Text with what troff would take for its own escaped. */
static void roff(FILE *out, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", out);
	for (; *text != 0; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else
			fputc(*text, out);
	}
}

static void option_roff(FILE *out, const struct option *o)
{
	struct buffer flag = { 0 };

	option_flag(&flag, o);
	fputs(".TP\n\\fB", out);
	roff(out, buffer_string(&flag));
	fputs("\\fR", out);
	if (option_placeholder(o)[0] != 0) {
		fputs(" \\fI", out);
		roff(out, option_placeholder(o));
		fputs("\\fR", out);
	}
	fputc('\n', out);
	roff(out, o->help);
	if (o->fallback != NULL) {
		fputs(" (default ", out);
		roff(out, o->fallback);
		fputc(')', out);
	}
	fputs(".\n", out);
	buffer_release(&flag);
}

static bool is_first(const struct option_group *group, const struct command *const *at)
{
	for (const struct command *const *c = command_list; c != at; c++) {
		for (uint32_t g = 0; (*c)->groups[g] != NULL; g++) {
			if ((*c)->groups[g] == group)
				return false;
		}
	}
	return true;
}

static void synopsis(FILE *out)
{
	for (const struct command *const *c = command_list; *c != NULL; c++) {
		fprintf(out, ".B tailrace %s\n", (*c)->name);
		if ((*c)->argument != NULL)
			fprintf(out, ".I %s\n", (*c)->argument);
		if ((*c)->groups[0] != NULL)
			fputs("[settings]\n", out);
		fputs(".br\n", out);
	}
}

static void commands(FILE *out)
{
	for (const struct command *const *c = command_list; *c != NULL; c++) {
		fprintf(out, ".TP\n.B %s\n", (*c)->name);
		roff(out, (*c)->details);
		fputc('\n', out);
	}
}

static void settings(FILE *out)
{
	for (const struct command *const *c = command_list; *c != NULL; c++) {
		for (uint32_t g = 0; (*c)->groups[g] != NULL; g++) {
			const struct option_group *group = (*c)->groups[g];

			if (!is_first(group, c))
				continue;
			fprintf(out, ".SS %s\n", group->title);
			for (const struct option *o = group->rows; o->name != NULL; o++)
				option_roff(out, o);
		}
	}
}

void manual_page(FILE *out)
{
	fputs(".\\\" Printed by \"tailrace help --man\".\n"
	      ".TH TAILRACE 1 \"\" \"tailrace " TAILRACE_VERSION "\"\n.SH NAME\n"
	      "tailrace \\- keep Delta Lake tables equal to a MySQL or MariaDB database\n.SH SYNOPSIS\n", out);
	synopsis(out);
	fputs(".SH COMMANDS\n", out);
	commands(out);
	fputs(".SH SETTINGS\n"
	      "Each is a flag, a name in the YAML file of \\fB\\-\\-config\\fR (\\-\\-batch\\-rows\\-max is "
	      "batch.rows_max), and an environment variable (TAILRACE_BATCH_ROWS_MAX); the flag wins over "
	      "the variable, the variable over the file.\n", out);
	settings(out);
	fputs(".SH ENVIRONMENT\n.TP\n.B MYSQL_PWD\n"
	      "The source's password, when no file and no credential holds it.\n"
	      ".TP\n.B CREDENTIALS_DIRECTORY\n"
	      "Set by systemd; its file from\\-password holds the password.\n"
	      ".SH SIGNALS\n"
	      "SIGTERM and SIGINT end \\fBrun\\fR and \\fBsync\\fR: what was taken is committed, the status "
	      "is 0. A second one ends the program at once; the next start goes on from the last commit.\n"
	      ".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nfailed; the reason is on standard error\n"
	      ".TP\n.B 2\nyou must change something; standard error says what\n"
	      ".SH EXAMPLES\n.nf\n"
	      "tailrace doctor \\-\\-from mysql://cdc@db1/shop \\-\\-to /srv/lake\n"
	      "tailrace run \\-\\-from mysql://cdc@db1/shop \\-\\-to /srv/lake\n"
	      "tailrace cat /srv/lake/shop/orders \\-\\-where\\-key 42\n.fi\n", out);
}
