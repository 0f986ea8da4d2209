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
	{ "input.format", OPTION_CHOICE, OPTION(format), "auto", 0, 0, "auto|debezium|maxwell|canal|dms",
	  "What the messages are; auto looks at the first ones of each topic" },
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

static void read_key(struct feed *f)
{
	char *copy = memory_copy_text(f->options->key), *rest = copy, *name;

	while (rest != NULL && (name = strsep(&rest, ",")) != NULL) {
		f->key = memory_grow(f->key, char *, f->key_count + 1);
		f->key[f->key_count++] = memory_copy_text(name);
	}
	memory_free(copy);
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
	if (read_mode(f, e) < 0 || read_schema(f, e) < 0)
		return -1;
	read_key(f);
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
	for (enum message_format i = 0; i < FORMATS; i++) {
		if (strcmp(format_name(i), f->options->format) == 0)
			f->input_options.format = i;
	}
	return 0;
}

void feed_settings_release(struct feed *f)
{
	for (uint32_t i = 0; i < f->key_count; i++)
		memory_free(f->key[i]);
	memory_free(f->key);
	schema_release(f->given);
}
