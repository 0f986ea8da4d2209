/* SPDX-License-Identifier: Apache-2.0 */
/* What will go wrong with a file as a source, before it does: each check adds lines. */
#include <string.h>

#include "feed/options.h"
#include "source/file/file_state.h"

/* The first line must show what all of them are, unless that was said. */
static int check_format(struct file_source *s, struct err *e)
{
	struct json_parser parser = { 0 };
	struct json_value value;
	struct bytes line = { NULL, 0 };
	int rc, filled;

	do {
		filled = line_reader_fill(&s->lines, 0, e);
		rc = filled >= 0 ? line_reader_next(&s->lines, &line, e) : -1;
	} while (rc == 1 && filled == 0);
	line = rc == 1 ? line_reader_rest(&s->lines) : line;
	if (rc >= 0 && line.size > 0)
		rc = json_parse(&parser, line, &value, e);
	json_parser_release(&parser);
	if (rc < 0 || line.size == 0 || strcmp(s->options->feed->format, "auto") != 0 || format_detect(line) != FORMATS)
		return rc < 0 ? -1 : 0;
	return err_set(e, ERR_DATA, "line %lld is no change message of a format that we know (--input-format)",
		       (long long)s->lines.number);
}

/* The tables that a run would begin with. */
static void check_tables(const struct file_source_options *o, const struct table_check *target, struct findings *out)
{
	const struct sink unknown = { .take = NULL };
	struct file_source_options own = *o;
	struct err e = ERR_INIT;
	bool has_read = false;
	struct source *source;

	own.has_read = &has_read;
	source = file_source_new(&own);
	if (source->ops->open(source, &unknown, &e) < 0)
		findings_add(out, true, "%s", e.text);
	else
		feed_check_tables(&((struct file_source *)(void *)source)->feed, target->check, target->context, out);
	source->ops->close(source);
}

int file_source_doctor(const struct file_source_options *o, const struct table_check *target, struct findings *out)
{
	struct file_source s = { .options = o, .fd = -1 };
	struct err e = ERR_INIT;

	if (feed_open(&s.feed, NULL, o->feed, NULL, &e) < 0 || file_open(&s, &e) < 0 || file_add_topic(&s, &e) < 0)
		findings_add(out, true, "%s", e.text);
	else if (!s.lines.is_file)
		findings_add(out, false, "%s cannot be read again: after a halt, run with all of its lines that were not committed; "
			     "lines that come twice are merged, and doubled with --mode append or raw", s.what);
	else if (s.feed.mode != MODE_RAW && check_format(&s, &e) < 0)
		findings_add(out, true, "%s: %s", s.what, e.text);
	else
		check_tables(o, target, out);
	feed_close(&s.feed);
	file_close(&s);
	return 0;
}
