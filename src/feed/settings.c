/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "feed/feed_parts.h"
#include "feed/options.h"
#include "message/debezium.h"
#include "message/spark_ddl.h"

#define OPTION(field) offsetof(struct feed_options, field)
#define DDL_BYTES_MAX ((size_t)1 << 20)

const struct option feed_option_table[] = {
	{ "input.format", OPTION_CHOICE, OPTION(format), "auto", 0, 0, "auto|debezium|maxwell|canal|dms|image",
	  "What the messages are; auto looks at the first ones of each topic; image: lists of rows, each with its action and time" },
	{ "image", OPTION_CHOICE, OPTION(image), "full", 0, 0, "full|partial",
	  "What the rows of image lists have: every column (one that is not there is NULL), or the key and what changed" },
	{ "image.list", OPTION_TEXT, OPTION(image_list), IMAGE_LIST, 0, 0, NULL, "Member of an image list's message: the list" },
	{ "image.action", OPTION_TEXT, OPTION(image_action), IMAGE_ACTION, 0, 0, NULL,
	  "Member of an image list's rows: _insert, _update or _delete" },
	{ "image.time", OPTION_TEXT, OPTION(image_time), IMAGE_TIME, 0, 0, NULL,
	  "Member of an image list's rows: when the change was made, as text or a number since 1970" },
	{ "schema", OPTION_TEXT, OPTION(schema), NULL, 0, 0, NULL,
	  "Columns as Spark's DDL has them (\"id BIGINT NOT NULL, at TIMESTAMP\"), or a file with that; else the messages' "
	  "own schema counts, else what their values look like" },
	{ "key", OPTION_TEXT, OPTION(key), NULL, 0, 0, NULL,
	  "Columns of the key with commas; else as the messages have it" },
	{ "table", OPTION_TEXT, OPTION(table), NULL, 0, 0, NULL,
	  "database.table that all messages go to; else the table that each names" },
	{ "mode", OPTION_CHOICE, OPTION(mode), "merge", 0, 0, "merge|append|raw",
	  "merge: tables are what the source has; append: a row for each change, with what it was and where it stood; raw: a row "
	  "for each message as it is" },
	{ "before.image", OPTION_FLAG, OPTION(before_image), NULL, 0, 0, NULL,
	  "With --mode append: columns _before_... of the row as it was before an update or delete" },
	{ "order", OPTION_CHOICE, OPTION(order), "log", 0, 0, "log|event",
	  "Which of two changes of a row is the newer one: log: the one that arrives later; event: the one that was made later, "
	  "however they arrive" },
	{ "order.by", OPTION_TEXT, OPTION(order_by), NULL, 0, 0, NULL,
	  "With --order event: columns with commas that decide between changes made at the same time" },
	{ "max.ahead", OPTION_DURATION, OPTION(max_ahead_ms), "1d", 0, INT64_C(365) * 86400000, NULL,
	  "With --order event: how far a change's time may be ahead of this machine's clock, lest a wrong one hold the row for "
	  "ever; 0: any" },
	{ "bad.message", OPTION_CHOICE, OPTION(bad_message), "halt", 0, 0, "halt|quarantine",
	  "What becomes of a message that cannot be read; quarantine keeps it in the table topics.quarantine and goes on" },
	{ 0 },
};

/* A DDL string, or the file that has one: no DDL is the name of a file that is there. */
static int read_schema(struct feed *f, struct err *e)
{
	struct buffer text = { 0 };
	struct err no_file = ERR_INIT;
	int rc;

	if (f->options->schema == NULL)
		return 0;
	if (strchr(f->options->schema, ' ') != NULL || file_read(&text, f->options->schema, DDL_BYTES_MAX, &no_file) < 0) {
		buffer_clear(&text);
		buffer_text(&text, f->options->schema);
	}
	rc = spark_ddl_parse(&f->given, buffer_string(&text), "", "", e);
	buffer_release(&text);
	return rc < 0 ? err_wrap(e, "--schema") : 0;
}

static void read_names(const char *text, char ***names, uint32_t *count)
{
	char *copy = memory_copy_text(text), *rest = copy, *name;

	while (rest != NULL && (name = strsep(&rest, ",")) != NULL) {
		*names = memory_grow(*names, char *, *count + 1);
		(*names)[(*count)++] = memory_copy_text(name);
	}
	memory_free(copy);
}

static void release_names(char **names, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		memory_free(names[i]);
	memory_free(names);
}

static uint32_t index_of(const char *text, const char *const *names)
{
	uint32_t i = 0;

	while (names[i] != NULL && strcmp(names[i], text) != 0)
		i++;
	return i;
}

static int read_mode(struct feed *f, struct err *e)
{
	static const char *const modes[] = { "merge", "append", "raw", NULL };
	const struct feed_options *o = f->options;
	const struct {
		const char *flag;
		bool is_given;
	} of_reading[] = {
		{ "--input-format", strcmp(o->format, "auto") != 0 }, { "--schema", o->schema != NULL },
		{ "--key", o->key != NULL },                          { "--bad-message", strcmp(o->bad_message, "halt") != 0 },
		{ "--order", strcmp(o->order, "log") != 0 },
	};

	f->mode = (enum table_mode)index_of(o->mode, modes);
	if (o->before_image && f->mode != MODE_APPEND)
		return err_set(e, ERR_CONFIG, "--before-image has no effect without --mode append");
	for (size_t i = 0; i < sizeof(of_reading) / sizeof(of_reading[0]) && f->mode == MODE_RAW; i++) {
		if (of_reading[i].is_given)
			return err_set(e, ERR_CONFIG, "%s has no effect with --mode raw, which does not look into messages",
				       of_reading[i].flag);
	}
	return 0;
}

static int read_order(struct feed *f, struct err *e)
{
	const struct feed_options *o = f->options;
	bool by_event = strcmp(o->order, "event") == 0;

	if (by_event && f->mode == MODE_APPEND)
		return err_set(e, ERR_CONFIG, "--order event has no effect with --mode append, which keeps every change as it arrives");
	if (strcmp(o->format, "image") == 0 && o->key == NULL && f->mode == MODE_MERGE)
		return err_set(e, ERR_CONFIG, "--input-format image needs --key: image lists do not say which columns are the key");
	if (strcmp(o->image_action, o->image_time) == 0)
		return err_set(e, ERR_CONFIG, "--image-action and --image-time name the same member \"%s\"", o->image_time);
	read_names(o->order_by, &f->order_by, &f->order_by_count);
	return 0;
}

/* What image lists and event order are read by. */
static void set_order(const struct feed *f, struct input_options *out)
{
	const struct feed_options *o = f->options;

	out->image = strcmp(o->image, "partial") == 0 ? IMAGE_PARTIAL : IMAGE_FULL;
	out->image_list = o->image_list;
	out->image_action = o->image_action;
	out->image_time = o->image_time;
	out->by_event = strcmp(o->order, "event") == 0;
	out->order_by = (const char *const *)f->order_by;
	out->order_by_count = f->order_by_count;
	out->wants_each_present = f->known != NULL && f->known->wants_each_present;
	out->ahead_us_max = o->max_ahead_ms * 1000;
}

int feed_settings_read(struct feed *f, struct err *e)
{
	static const char *const decimals[] = { "precise", "string", "double", NULL };
	static const char *const times[] = { "adaptive_time_microseconds", "connect", "isostring", "microseconds",
					     "nanoseconds", NULL };
	static const char *const binaries[] = { "bytes", "base64", "base64-url-safe", "hex", NULL };
	const struct debezium_options *m = f->options->messages;
	const char *table = f->options->table;

	if (table != NULL && (strchr(table, '.') == NULL || *table == '.' || strchr(table, '.')[1] == '\0'))
		return err_set(e, ERR_CONFIG, "--table: \"%s\" is not database.table", table);
	if (read_mode(f, e) < 0 || read_order(f, e) < 0 || read_schema(f, e) < 0)
		return -1;
	read_names(f->options->key, &f->key, &f->key_count);
	f->input_options = (struct input_options){
		.format = FORMATS,
		.schema = f->given,
		.key = (const char *const *)f->key,
		.key_count = f->key_count,
		.is_key_optional = f->mode == MODE_APPEND,
		.wants_old_key_only = f->mode == MODE_MERGE && f->known != NULL && !f->known->wants_before,
		.decimals = (enum input_decimals)index_of(m->decimal_mode, decimals),
		.times = (enum input_times)index_of(m->time_precision_mode, times),
		.binaries = (enum input_binaries)index_of(m->binary_mode, binaries),
		.lost = strcmp(f->options->invalid_values, "null") == 0 ? feed_note_lost : NULL,
		.lost_context = f,
	};
	set_order(f, &f->input_options);
	for (enum message_format i = 0; i < FORMATS; i++) {
		if (strcmp(format_name(i), f->options->format) == 0)
			f->input_options.format = i;
	}
	return 0;
}

void feed_settings_release(struct feed *f)
{
	release_names(f->key, f->key_count);
	release_names(f->order_by, f->order_by_count);
	schema_release(f->given);
}
