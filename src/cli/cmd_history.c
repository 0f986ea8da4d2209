/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/table_view.h"

struct history_options {
	int64_t limit;
};

static const struct option history_table[] = {
	{ "limit", OPTION_INT, offsetof(struct history_options, limit), "20", 1, UINT32_MAX, NULL,
	  "At most so many versions, the newest first" },
	{ 0 },
};

static const struct option_group history_group = {
	"Versions", history_table, sizeof(struct history_options), NULL, true,
};

static void print_entry(const struct history_entry *h)
{
	char when[32], operation[64];

	printf("%8lld  %-27s  %-12s", (long long)h->version,
	       clock_format(when, sizeof(when), h->timestamp_ms * 1000),
	       h->operation != NULL ? text_plain(operation, sizeof(operation), h->operation) : "-");
	if (h->is_ours)
		printf("  in %llu  changed %llu  deleted %llu  %s", (unsigned long long)h->rows_in,
		       (unsigned long long)h->rows_changed, (unsigned long long)h->rows_deleted,
		       h->position != NULL ? h->position : "-");
	putchar('\n');
}

static int history(const struct settings *s, struct err *e)
{
	const struct history_options *o = settings_of(s, &history_group);
	struct history_entry *entries = NULL;
	struct table_view v;
	uint32_t count = 0;
	int rc = table_view_find(&v, s, -1, e);

	if (rc == 0)
		rc = table_history(v.table, (uint32_t)o->limit, &entries, &count, e);
	for (uint32_t i = 0; i < count; i++)
		print_entry(&entries[i]);
	table_history_free(entries, count);
	table_view_release(&v);
	return rc;
}

const struct command cmd_history = {
	.name = "history",
	.argument = "TABLE",
	.summary = "Print a line for each version of a table",
	.details = "Prints version, time, operation, the rows that came in, were changed and deleted, and "
		   "the source position of each version of a table, the newest first.",
	.groups = { &history_group, &view_group },
	.run = history,
};
