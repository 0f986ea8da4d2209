/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "change/render.h"
#include "cli/command.h"
#include "cli/table_view.h"
#include "merge/diff.h"

struct diff_options {
	int64_t from, to, memory_max, limit;
	bool counts;
};

#define OPTION(field) offsetof(struct diff_options, field)

static const struct option diff_table[] = {
	{ "from", OPTION_INT, OPTION(from), "-1", -1, INT64_MAX, NULL, "The older version; -1 is the one before --to" },
	{ "to", OPTION_INT, OPTION(to), "-1", -1, INT64_MAX, NULL, "The newer version; -1 is the newest" },
	{ "counts", OPTION_FLAG, OPTION(counts), "false", 0, 0, NULL, "Only how many rows were inserted, updated and deleted" },
	{ "limit", OPTION_INT, OPTION(limit), "0", 0, INT64_MAX, NULL, "At most so many changes; 0 is all" },
	{ "memory.max", OPTION_BYTES, OPTION(memory_max), "256MiB", 1 << 20, INT64_MAX, NULL,
	  "Memory for rows; where more have changed, their files are read again" },
	{ 0 },
};

static const struct option_group diff_group = { "Changes", diff_table, sizeof(struct diff_options), NULL, true };

struct printing {
	const struct diff_options *options;
	struct buffer line;
	uint64_t inserts, updates, deletes;
};

static void put_row(struct buffer *line, const char *name, const struct schema *s, const struct columns *rows, uint32_t row)
{
	if (rows == NULL)
		return;
	buffer_format(line, ",\"%s\":", name);
	render_json_row(line, s, rows, row, NULL);
}

/* Returns 1 when nobody reads any more. */
static int write_line(struct printing *p, struct err *e)
{
	buffer_char(&p->line, '\n');
	if (fwrite(p->line.data, 1, p->line.size, stdout) == p->line.size)
		return 0;
	return errno == EPIPE ? 1 : err_system(e, "could not write to standard output");
}

static int take(void *context, const struct diff_row *row, struct err *e)
{
	struct printing *p = context;
	const char *op = row->before == NULL ? "insert" : row->after == NULL ? "delete" : "update";
	int rc = 0;

	p->inserts += row->before == NULL;
	p->deletes += row->after == NULL;
	p->updates += row->before != NULL && row->after != NULL;
	if (!p->options->counts) {
		buffer_clear(&p->line);
		buffer_format(&p->line, "{\"op\":\"%s\"", op);
		put_row(&p->line, "before", row->before_schema, row->before, row->before_row);
		put_row(&p->line, "after", row->after_schema, row->after, row->after_row);
		buffer_char(&p->line, '}');
		rc = write_line(p, e);
	}
	if (rc == 0 && p->options->limit > 0 && p->inserts + p->updates + p->deletes >= (uint64_t)p->options->limit)
		rc = 1;
	return rc;
}

static int print_changes(struct printing *p, const struct table_view *from, const struct table_view *to, struct err *e)
{
	const struct diff_version older = { from->store, from->table }, newer = { to->store, to->table };

	if (diff_versions(&older, &newer, (size_t)p->options->memory_max, take, p, e) < 0)
		return -1;
	if (p->options->counts)
		printf("{\"from\":%" PRId64 ",\"to\":%" PRId64 ",\"inserted\":%" PRIu64 ",\"updated\":%" PRIu64 ",\"deleted\":%" PRIu64 "}\n",
		       from->snapshot->version, to->snapshot->version, p->inserts, p->updates, p->deletes);
	return fflush(stdout) != 0 && errno != EPIPE ? err_system(e, "could not write to standard output") : 0;
}

static int diff(const struct settings *s, struct err *e)
{
	const struct diff_options *o = settings_of(s, &diff_group);
	struct printing p = { .options = o };
	struct table_view from = { .store = NULL }, to;
	int rc = table_view_find(&to, s, o->to, e);

	if (rc == 0 && o->from < 0 && to.snapshot->version == 0)
		rc = err_set(e, ERR_CONFIG, "version 0 is the table's first: there is none before it");
	if (rc == 0)
		rc = table_view_find(&from, s, o->from >= 0 ? o->from : to.snapshot->version - 1, e);
	if (rc == 0)
		rc = print_changes(&p, &from, &to, e);
	buffer_release(&p.line);
	table_view_release(&from);
	table_view_release(&to);
	return rc;
}

const struct command cmd_diff = {
	.name = "diff",
	.argument = "TABLE",
	.summary = "Print what changed between two versions of a table",
	.details = "Prints a line of JSON for each row that was inserted, updated (as it was and as it is) or deleted between two "
		   "versions of a Delta or Iceberg table, in no order. Only files and deletion vectors that differ are read; rows that "
		   "only moved to another file are no change. Of a table without a key equal rows are the same row, and there are no updates.",
	.groups = { &diff_group, &view_group },
	.run = diff,
};
