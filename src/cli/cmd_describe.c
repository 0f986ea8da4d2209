/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/invalid_values.h"
#include "cli/table_view.h"
#include "merge/event_state.h"
#include "merge/unpivot.h"
#include "table/iceberg/follow.h"

/* Versions searched for the newest commit of ours: others may have committed since. */
#define VERSIONS_SEARCHED 100

static void print_field(const struct schema *s, uint32_t i)
{
	const struct field *f = &s->fields[i];
	char plain[1024];

	printf("  %-24s %s", text_plain(plain, sizeof(plain), f->name), type_name(f->type));
	if (f->type == TYPE_DECIMAL)
		printf("(%u,%u)", f->precision, f->scale);
	printf("%s%s", f->is_nullable ? "" : " not null", schema_is_key(s, i) ? " key" : "");
	if (f->source_type != NULL)
		printf("  <- %s", text_plain(plain, sizeof(plain), f->source_type));
	putchar('\n');
}

static void print_files(const struct snapshot *s)
{
	uint64_t bytes = 0, rows = 0, dead = 0;
	bool is_known = true;

	for (uint32_t i = 0; i < s->file_count; i++) {
		bytes += s->files[i].size_bytes;
		dead += s->files[i].dead_count;
		if (s->files[i].row_count == ROWS_UNKNOWN)
			is_known = false;
		else
			rows += s->files[i].row_count;
	}
	printf("files         %u, %llu bytes\n", s->file_count, (unsigned long long)bytes);
	if (is_known)
		printf("live rows     %llu\n", (unsigned long long)(rows - dead));
	else
		puts("live rows     unknown: the files' writer did not count them");
	printf("deleted rows  %llu, still in the files\n", (unsigned long long)dead);
}

static int print_invalid(const char *position, struct err *e)
{
	struct buffer text = { 0 };
	int rc = invalid_values_describe(&text, position, e);

	if (rc == 0 && text.size > 0)
		printf("values that the lake does not have\n%s", buffer_string(&text));
	buffer_release(&text);
	return rc;
}

/* How far a table that is merged in event order has come, and what came to nothing. */
static int print_events(const struct schema *s, const char *position, struct err *e)
{
	struct event_state state;
	char newest[32], edge[32];
	int rc;

	if (s->is_by_column)
		puts("order         of each column: the table beside this one whose name ends in " LONG_SUFFIX " has it");
	if (s->order_count == 0)
		return 0;
	rc = event_state_parse(&state, position, e);
	for (uint32_t i = 0; i < s->order_count; i++)
		printf("%s%s", i == 0 ? "order         by " : ", ", s->fields[s->order[i]].name);
	puts("");
	if (state.clock.watermark_us != INT64_MIN)
		printf("newest event  %s\n", clock_format(newest, sizeof(newest), state.clock.watermark_us));
	if (event_clock_edge(&state.clock) != INT64_MIN)
		printf("watermark     %s: what is older is late\n", clock_format(edge, sizeof(edge), event_clock_edge(&state.clock)));
	printf("no effect     %llu late, %llu stale, %llu twice\n", (unsigned long long)state.counts.late,
	       (unsigned long long)state.counts.stale, (unsigned long long)state.counts.duplicate);
	event_state_release(&state);
	return rc;
}

static int print_position(const struct table_view *v, struct err *e)
{
	struct history_entry *entries = NULL;
	int64_t now_us = clock_now_us();
	uint32_t count = 0, at = 0;
	const char *position;
	char when[32];
	int rc = 0;

	if (table_history(v->table, VERSIONS_SEARCHED, &entries, &count, e) < 0)
		return -1;
	while (at < count && !entries[at].is_ours)
		at++;
	/* also where what brought it here is no longer told of */
	position = at < count ? entries[at].position : v->snapshot->position;
	if (position != NULL) {
		printf("position      %s\n", position);
		rc = print_invalid(position, e);
	}
	if (rc == 0)
		rc = print_events(v->snapshot->schema, position, e);
	while (at < count && entries[at].source_time_us == 0)
		at++;
	if (at < count)
		printf("source time   %s\nlag           %.1f s since the newest change in the table\n",
		       clock_format(when, sizeof(when), entries[at].source_time_us),
		       (double)(now_us - entries[at].source_time_us) / 1e6);
	table_history_free(entries, count);
	return rc;
}

/* The Iceberg metadata in the table's folder. What is wrong with it is said, and is no failure: the table is whole. */
static void print_face(const struct table_view *v)
{
	const struct follow_settings settings = { .namespace = "lake", .name = "table", .format_version = 3 };
	struct follow *f = NULL;
	struct err e = ERR_INIT;
	int64_t version;

	if (follow_open(&f, v->store, &settings, &e) < 0 || follow_version(f, &version, &e) < 0)
		printf("iceberg       %s\n", e.text);
	else if (version >= 0)
		printf("iceberg       format %d, has version %lld, %lld behind\n              %s\n", follow_format_version(f),
		       (long long)version, (long long)(v->snapshot->version - version), follow_metadata(f));
	follow_close(f);
}

static void print_partition(const struct schema *s)
{
	struct buffer words = { 0 };
	char plain[1024];

	for (uint32_t i = 0; i < s->partition_count; i++) {
		buffer_clear(&words);
		partition_words(&words, s, &s->partition[i]);
		printf("%s%s%s", i > 0 ? ", " : "partitions    by ", text_plain(plain, sizeof(plain), buffer_string(&words)),
		       i + 1 == s->partition_count ? "\n" : "");
	}
	buffer_release(&words);
}

static int print_table(const struct table_view *v, const char *path, struct err *e)
{
	const struct snapshot *s = v->snapshot;
	struct buffer protocol = { 0 };
	char source[1024];

	table_protocol(v->table, &protocol);
	printf("table         %s\nversion       %lld\nsource        %s\nprotocol      %s\n", path,
	       (long long)s->version, s->source_name != NULL ? text_plain(source, sizeof(source), s->source_name) : "not ours",
	       buffer_string(&protocol));
	buffer_release(&protocol);
	if (s->schema->mode != MODE_MERGE)
		printf("mode          %s: rows are only added\n", table_mode_name(s->schema->mode));
	print_partition(s->schema);
	print_files(s);
	if (print_position(v, e) < 0)
		return -1;
	if (v->is_folder)
		print_face(v);
	puts("columns");
	for (uint32_t i = 0; i < s->schema->field_count; i++)
		print_field(s->schema, i);
	return 0;
}

static int describe(const struct settings *s, struct err *e)
{
	struct table_view v;
	int rc = table_view_find(&v, s, -1, e);

	if (rc == 0)
		rc = print_table(&v, s->argument, e);
	table_view_release(&v);
	return rc;
}

const struct command cmd_describe = {
	.name = "describe",
	.argument = "TABLE",
	.summary = "Print a table's schema, size, source position and lag",
	.details = "Prints version, protocol, files, live and deleted rows, source position, lag, the "
		   "values that became NULL because the lake does not have them, the Iceberg metadata in the table's "
		   "folder with the version that it has, and the columns with the source's own types.",
	.groups = { &view_group },
	.run = describe,
};
