/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "change/render.h"
#include "cli/command.h"
#include "cli/table_view.h"
#include "cli/version_at.h"
#include "merge/data_file.h"

#define BLOCK_ROWS 8192

struct cat_options {
	int64_t version, snapshot, limit;
	char *at, *position, *where_key;
	char *as;
};

#define OPTION(field) offsetof(struct cat_options, field)

static const struct option cat_table[] = {
	{ "version", OPTION_INT, OPTION(version), "-1", -1, INT64_MAX, NULL,
	  "Version of the table, of an Iceberg table a sequence number or a snapshot's id; -1 is the newest" },
	{ "snapshot", OPTION_INT, OPTION(snapshot), "-1", -1, INT64_MAX, NULL,
	  "The same, as engines that read Iceberg call it: a snapshot's id" },
	{ "at", OPTION_TEXT, OPTION(at), NULL, 0, 0, NULL,
	  "The newest version that was committed by this time: 2026-08-01, \"2026-08-01 10:00\", 2026-08-01T12:00:00+02:00; without a zone "
	  "it is UTC" },
	{ "position", OPTION_TEXT, OPTION(position), NULL, 0, 0, NULL,
	  "The oldest version that has this place of the source's log: a GTID, FILE:OFFSET, or TOPIC:PARTITION:OFFSET" },
	{ "where_key", OPTION_TEXT, OPTION(where_key), NULL, 0, 0, NULL,
	  "Only the row with this key; the parts of a longer key with commas between, as in CSV" },
	{ "limit", OPTION_INT, OPTION(limit), "0", 0, INT64_MAX, NULL,
	  "At most so many rows; 0 is all" },
	{ "as", OPTION_CHOICE, OPTION(as), "jsonl", 0, 0, "jsonl|csv",
	  "Lines of JSON, or CSV with a header" },
	{ 0 },
};

static const struct option_group cat_group = { "Rows", cat_table, sizeof(struct cat_options), NULL, true };

struct printing {
	const struct cat_options *options;
	struct schema *schema;
	struct columns rows;
	struct buffer line, key;
	uint64_t printed;
	bool is_csv;
};

/* Returns 1 when nobody reads any more. */
static int write_line(struct printing *p, struct err *e)
{
	buffer_char(&p->line, '\n');
	if (fwrite(p->line.data, 1, p->line.size, stdout) == p->line.size)
		return 0;
	if (errno == EPIPE)
		return 1;
	return err_system(e, "could not write to standard output");
}

static void csv_text(struct buffer *out, const char *text)
{
	if (text[0] != 0 && strpbrk(text, ",\"\r\n") == NULL) {
		buffer_text(out, text);
		return;
	}
	buffer_char(out, '"');
	for (; *text != 0; text++) {
		if (*text == '"')
			buffer_char(out, '"');
		buffer_char(out, *text);
	}
	buffer_char(out, '"');
}

static int write_header(struct printing *p, struct err *e)
{
	buffer_clear(&p->line);
	for (uint32_t i = 0; i < p->schema->field_count; i++) {
		if (i > 0)
			buffer_char(&p->line, ',');
		csv_text(&p->line, p->schema->fields[i].name);
	}
	return write_line(p, e);
}

static int write_row(struct printing *p, uint32_t row, struct err *e)
{
	buffer_clear(&p->line);
	if (!p->is_csv)
		render_json_row(&p->line, p->schema, &p->rows, row, NULL);
	for (uint32_t i = 0; p->is_csv && i < p->schema->field_count; i++) {
		if (i > 0)
			buffer_char(&p->line, ',');
		render_csv(&p->line, &p->schema->fields[i], &p->rows.columns[i], row);
	}
	p->printed++;
	return write_line(p, e);
}

/* The key as CSV is what --where-key says; a single text need not be quoted. */
static bool is_wanted(struct printing *p, uint32_t row)
{
	const struct schema *s = p->schema;
	const char *wanted = p->options->where_key;
	const struct column *only = &p->rows.columns[s->key_count > 0 ? s->key[0] : 0];

	if (wanted == NULL)
		return true;
	if (s->key_count == 1 && s->fields[s->key[0]].type == TYPE_STRING)
		return bytes_equal(column_bytes(only, row), bytes_of_text(wanted));
	buffer_clear(&p->key);
	for (uint32_t i = 0; i < s->key_count; i++) {
		if (i > 0)
			buffer_char(&p->key, ',');
		render_csv(&p->key, &s->fields[s->key[i]], &p->rows.columns[s->key[i]], row);
	}
	return strcmp(buffer_string(&p->key), wanted) == 0;
}

static bool is_enough(const struct printing *p)
{
	return p->options->limit > 0 && p->printed >= (uint64_t)p->options->limit;
}

static int write_block(struct printing *p, const struct row_set *dead, uint32_t first, struct err *e)
{
	for (uint32_t i = 0; i < p->rows.row_count; i++) {
		int rc;

		if (row_set_has(dead, first + i) || !is_wanted(p, i))
			continue;
		rc = write_row(p, i, e);
		if (rc != 0)
			return rc;
		if (is_enough(p))
			return 1;
	}
	return 0;
}

static int write_file(struct printing *p, const struct table_view *v, const struct data_file *file,
		      struct err *e)
{
	struct data_file_reader *reader = NULL;
	struct row_set *dead = NULL;
	uint32_t first = 0;
	int rc = table_read_dv(v->table, file->slot, &dead, e);

	if (rc == 0)
		rc = data_file_open(&reader, v->store, file, p->schema, e);
	while (rc == 0) {
		columns_clear(&p->rows);
		rc = data_file_next(reader, BLOCK_ROWS, &p->rows, e);
		if (rc != 0)
			break;
		rc = write_block(p, dead, first, e);
		first += p->rows.row_count;
		if (rc == 1)
			goto out; /* enough: no more files */
	}
	if (rc < 0)
		err_wrap(e, "data file \"%s\"", file->path);
	else
		rc = 0;
out:
	data_file_close(reader);
	row_set_free(dead);
	return rc;
}

static int write_table(struct printing *p, const struct table_view *v, struct err *e)
{
	int rc = p->is_csv ? write_header(p, e) : 0;

	for (uint32_t i = 0; rc == 0 && i < v->snapshot->file_count; i++)
		rc = write_file(p, v, &v->snapshot->files[i], e);
	if (rc == 0 && fflush(stdout) != 0 && errno != EPIPE)
		rc = err_system(e, "could not write to standard output");
	return rc < 0 ? -1 : 0;
}

/* --where-key must have a part for each column of the key, or nothing would ever match. */
static int check_key(const struct schema *s, const char *wanted, struct err *e)
{
	uint32_t parts = 1;
	bool is_quoted = false;

	if (wanted == NULL)
		return 0;
	if (s->key_count == 0)
		return err_set(e, ERR_CONFIG, "--where-key: the table has no key");
	for (const char *c = wanted; *c != 0; c++) {
		is_quoted ^= *c == '"';
		parts += *c == ',' && !is_quoted;
	}
	if (s->key_count == 1 || parts == s->key_count)
		return 0;
	return err_set(e, ERR_CONFIG, "--where-key: the table's key has %u parts, not %u; write them as CSV, with "
		       "commas between", s->key_count, parts);
}

/* The version that the options mean. */
static int open_wanted(struct table_view *v, const struct settings *s, const struct cat_options *o, struct err *e)
{
	int64_t version = o->snapshot >= 0 ? o->snapshot : o->version;

	if ((o->version >= 0) + (o->snapshot >= 0) + (o->at != NULL) + (o->position != NULL) > 1)
		return err_set(e, ERR_CONFIG, "--version, --snapshot, --at and --position: give one of them");
	if (table_view_find(v, s, version, e) < 0)
		return -1;
	if (o->at == NULL && o->position == NULL)
		return 0;
	if ((o->at != NULL ? version_at(&version, v->table, o->at, e) : version_with(&version, v->table, o->position, e)) < 0)
		return -1;
	table_view_release(v);
	return table_view_find(v, s, version, e);
}

static int cat(const struct settings *s, struct err *e)
{
	const struct cat_options *o = settings_of(s, &cat_group);
	struct printing p = { .options = o, .is_csv = strcmp(o->as, "csv") == 0 };
	struct table_view v = { .store = NULL };
	int rc = open_wanted(&v, s, o, e);

	if (rc < 0)
		goto out;
	p.schema = v.snapshot->schema;
	rc = check_key(p.schema, o->where_key, e);
	if (rc < 0)
		goto out;
	columns_init(&p.rows, p.schema);
	rc = write_table(&p, &v, e);
	columns_release(&p.rows);
	buffer_release(&p.line);
	buffer_release(&p.key);
out:
	table_view_release(&v);
	return rc;
}

const struct command cmd_cat = {
	.name = "cat",
	.argument = "TABLE",
	.summary = "Print a table's rows",
	.details = "Prints the live rows of a version of a Delta or Iceberg table, through our own reader. TABLE is "
		   "the table's folder, such as ./lake/shop/orders, or _iceberg in it for the Iceberg side of a Delta table; "
		   "with --iceberg-catalog its name, such as shop.orders, where its files lie on this machine.",
	.groups = { &cat_group, &view_group },
	.run = cat,
};
