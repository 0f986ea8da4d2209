/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/manual.h"

#include <string.h>

/* Width of the left column of help texts. */
#define LEFT_WIDTH 30
#define LINE_WIDTH 80

static void usage(FILE *out, const struct command *c)
{
	fprintf(out, "tailrace %s%s%s%s", c->name, c->argument != NULL ? " " : "",
		c->argument != NULL ? c->argument : "", c->groups[0] != NULL ? " [settings]" : "");
}

/* Words of `text` from column `at` on, wrapped behind a margin. */
static void wrap(FILE *out, const char *text, int margin, int at)
{
	while (*text != 0) {
		int width = (int)strcspn(text, " ");

		if (at > margin && at + 1 + width > LINE_WIDTH) {
			fprintf(out, "\n%*s", margin, "");
			at = margin;
		} else if (at > margin) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, (size_t)width, out);
		at += width;
		text += width + (text[width] == ' ');
	}
	fputc('\n', out);
}

static void option_help(FILE *out, const struct option *o)
{
	struct buffer left = { 0 }, right = { 0 };
	const char *word = option_placeholder(o);

	option_flag(&left, o);
	buffer_format(&left, "%s%s", word[0] != 0 ? " " : "", word);
	buffer_text(&right, o->help);
	if (o->fallback != NULL && o->type != OPTION_FLAG)
		buffer_format(&right, " [%s]", o->fallback);
	fprintf(out, "  %s", buffer_string(&left));
	if (left.size + 3 > LEFT_WIDTH)
		fprintf(out, "\n%*s", LEFT_WIDTH, "");
	else
		fprintf(out, "%*s", LEFT_WIDTH - 2 - (int)left.size, "");
	wrap(out, buffer_string(&right), LEFT_WIDTH, LEFT_WIDTH);
	buffer_release(&left);
	buffer_release(&right);
}

void manual_overview(FILE *out)
{
	fputs("tailrace keeps Delta Lake tables equal to a MySQL or MariaDB database, exactly once.\n\n",
	      out);
	for (const struct command *const *c = command_list; *c != NULL; c++) {
		fprintf(out, "  %-10s", (*c)->name);
		wrap(out, (*c)->summary, 12, 12);
	}
	fputs("\n\"tailrace COMMAND --help\" lists a command's settings.\n"
	      "\n  tailrace sync --from mysql://cdc@db1/shop --to ./lake\n"
	      "  tailrace cat ./lake/shop/orders --limit 5\n", out);
}

void manual_command(FILE *out, const struct command *c)
{
	usage(out, c);
	fputs("\n\n", out);
	wrap(out, c->details, 0, 0);
	for (uint32_t g = 0; c->groups[g] != NULL; g++) {
		fprintf(out, "\n%s\n", c->groups[g]->title);
		for (const struct option *o = c->groups[g]->rows; o->name != NULL; o++)
			option_help(out, o);
	}
}

/* Whether an earlier command has the group too: it is described once. */
static bool was_shown(const struct option_group *group, const struct command *const *until)
{
	for (const struct command *const *c = command_list; c != until; c++) {
		for (uint32_t g = 0; (*c)->groups[g] != NULL; g++) {
			if ((*c)->groups[g] == group)
				return true;
		}
	}
	return false;
}

static void group_commands(struct buffer *out, const struct option_group *group)
{
	for (const struct command *const *c = command_list; *c != NULL; c++) {
		for (uint32_t g = 0; (*c)->groups[g] != NULL; g++) {
			if ((*c)->groups[g] != group)
				continue;
			buffer_format(out, "%s`%s`", out->size > 0 ? ", " : "", (*c)->name);
		}
	}
}

static void markdown_cell(FILE *out, const char *text)
{
	for (; *text != 0; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void option_range(struct buffer *out, const struct option *o)
{
	buffer_text(out, option_placeholder(o));
	if (o->type != OPTION_INT && o->type != OPTION_BYTES && o->type != OPTION_DURATION)
		return;
	if (o->most == INT64_MAX)
		buffer_format(out, ", at least %lld", (long long)o->least);
	else
		buffer_format(out, ", %lld to %lld", (long long)o->least, (long long)o->most);
	if (o->type == OPTION_DURATION)
		buffer_text(out, " ms");
}

static void option_markdown(FILE *out, const struct option *o, bool is_flags_only)
{
	struct buffer flag = { 0 }, variable = { 0 }, range = { 0 };

	option_flag(&flag, o);
	option_environment(&variable, o);
	option_range(&range, o);
	fprintf(out, "| `%s` |", buffer_string(&flag));
	if (!is_flags_only)
		fprintf(out, " `%s` | `%s` |", o->name, buffer_string(&variable));
	fputc(' ', out);
	markdown_cell(out, buffer_string(&range));
	fprintf(out, " | %s | ", o->fallback != NULL ? o->fallback : "");
	markdown_cell(out, o->help);
	fputs(" |\n", out);
	buffer_release(&flag);
	buffer_release(&variable);
	buffer_release(&range);
}

static void group_markdown(FILE *out, const struct option_group *group)
{
	struct buffer commands = { 0 };

	group_commands(&commands, group);
	fprintf(out, "\n## %s\nFor %s.\n\n", group->title, buffer_string(&commands));
	buffer_release(&commands);
	if (group->is_flags_only)
		fputs("| flag | value | default | |\n|---|---|---|---|\n", out);
	else
		fputs("| flag | in the file | in the environment | value | default | |\n"
		      "|---|---|---|---|---|---|\n", out);
	for (const struct option *o = group->rows; o->name != NULL; o++)
		option_markdown(out, o, group->is_flags_only);
}

void manual_settings(FILE *out)
{
	fputs("# Settings\n"
	      "<!-- Printed by \"tailrace help --settings\"; make docs writes it, make check compares. -->\n"
	      "A setting comes from the command line (`--batch-rows-max 5` or `--batch-rows-max=5`), else "
	      "from the environment\n(`TAILRACE_BATCH_ROWS_MAX=5`), else from the file that `--config` "
	      "names, else it has its default. In the file names are\nnested or dotted; a list is the same "
	      "as its elements with commas between:\n\n"
	      "    from: mysql://cdc@db1/shop\n    batch:\n        rows_max: 100000\n    commit.interval: 200ms\n"
	      "    tables: [shop.orders, shop.customers]\n\n"
	      "BYTES are written `64MiB`, `1GB` or as a plain number, TIME as `200ms`, `10s`, `5m`, `1h`, "
	      "`1d`. An unknown name, a value\nout of range, a setting given twice and one without effect "
	      "are errors (exit status 2). Environment variables of other\ncommands are passed over.\n\n"
	      "The password is no setting: it stands in `--from-password-file`, in the systemd credential "
	      "`from-password`, or in\n`MYSQL_PWD`, looked for in this order.\n", out);
	for (const struct command *const *c = command_list; *c != NULL; c++) {
		for (uint32_t g = 0; (*c)->groups[g] != NULL; g++) {
			if (!was_shown((*c)->groups[g], c))
				group_markdown(out, (*c)->groups[g]);
		}
	}
}
