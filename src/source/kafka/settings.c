/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "message/spark_ddl.h"
#include "source/kafka/kafka_state.h"

#define OPTION(field) offsetof(struct kafka_source_options, field)
#define DDL_BYTES_MAX ((size_t)1 << 20)

const struct option kafka_source_option_table[] = {
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
	{ "group", OPTION_TEXT, OPTION(group), NULL, 0, 0, NULL,
	  "Consumer group: the processes that run with it share the partitions and write the same tables" },
	{ "bad.message", OPTION_CHOICE, OPTION(bad_message), "halt", 0, 0, "halt|quarantine",
	  "What becomes of a message that cannot be read; quarantine keeps it in the table topics.quarantine and goes on" },
	{ "from.offset", OPTION_TEXT, OPTION(from_offset), "earliest", 0, 0, NULL,
	  "Where the first run begins in each partition that is there: earliest, latest, or places with commas "
	  "(topic:partition:offset); partitions without a place begin with their earliest message" },
	{ 0 },
};

static int read_url(struct kafka_source *s, struct err *e)
{
	static const char scheme[] = "kafka://";
	const char *url = s->options->url, *host, *slash;

	host = strncmp(url, scheme, sizeof(scheme) - 1) == 0 ? url + sizeof(scheme) - 1 : "";
	slash = strchr(host, '/');
	if (slash == NULL || slash == host || slash[1] == '\0')
		return err_set(e, ERR_CONFIG, "\"%s\": it must be kafka://host:port[,host:port]/TOPIC[,TOPIC] (or /regular "
			       "expression/ for a TOPIC)", url);
	s->brokers = memory_copy(host, (size_t)(slash - host));
	s->patterns = memory_copy_text(slash + 1);
	s->options->broker->brokers = s->brokers;
	return 0;
}

/* A DDL string, or the file that has one: no DDL is the name of a file that is there. */
static int read_schema(struct kafka_source *s, struct err *e)
{
	struct buffer text = { 0 };
	struct err no_file = ERR_INIT;
	int rc;

	if (s->options->schema == NULL)
		return 0;
	if (strchr(s->options->schema, ' ') != NULL || file_read(&text, s->options->schema, DDL_BYTES_MAX, &no_file) < 0) {
		buffer_clear(&text);
		buffer_text(&text, s->options->schema);
	}
	rc = spark_ddl_parse(&s->given, buffer_string(&text), "", "", e);
	buffer_release(&text);
	return rc < 0 ? err_wrap(e, "--schema") : 0;
}

static void read_key(struct kafka_source *s)
{
	char *copy = memory_copy_text(s->options->key), *rest = copy, *name;

	while (rest != NULL && (name = strsep(&rest, ",")) != NULL) {
		s->key = memory_grow(s->key, char *, s->key_count + 1);
		s->key[s->key_count++] = memory_copy_text(name);
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

static int read_mode(struct kafka_source *s, struct err *e)
{
	static const char *const modes[] = { "merge", "append", "raw", NULL };
	const struct kafka_source_options *o = s->options;
	const struct {
		const char *flag;
		bool is_given;
	} of_reading[] = {
		{ "--input-format", strcmp(o->format, "auto") != 0 }, { "--schema", o->schema != NULL },
		{ "--key", o->key != NULL },                          { "--bad-message", strcmp(o->bad_message, "halt") != 0 },
	};

	s->mode = (enum table_mode)index_of(o->mode, modes);
	if (o->before_image && s->mode != MODE_APPEND)
		return err_set(e, ERR_CONFIG, "--before-image has no effect without --mode append");
	for (size_t i = 0; i < sizeof(of_reading) / sizeof(of_reading[0]) && s->mode == MODE_RAW; i++) {
		if (of_reading[i].is_given)
			return err_set(e, ERR_CONFIG, "%s has no effect with --mode raw, which does not look into messages",
				       of_reading[i].flag);
	}
	return 0;
}

int kafka_settings_read(struct kafka_source *s, struct err *e)
{
	static const char *const decimals[] = { "precise", "string", "double", NULL };
	static const char *const times[] = { "adaptive_time_microseconds", "connect", "isostring", "microseconds",
					     "nanoseconds", NULL };
	static const char *const binaries[] = { "bytes", "base64", "base64-url-safe", "hex", NULL };
	const struct debezium_options *m = s->options->messages;
	const char *table = s->options->table;

	if (table != NULL && (strchr(table, '.') == NULL || *table == '.' || strchr(table, '.')[1] == '\0'))
		return err_set(e, ERR_CONFIG, "--table: \"%s\" is not database.table", table);
	if (read_mode(s, e) < 0 || read_url(s, e) < 0 || read_schema(s, e) < 0)
		return -1;
	read_key(s);
	s->input_options = (struct input_options){
		.format = FORMATS,
		.schema = s->given,
		.key = (const char *const *)s->key,
		.key_count = s->key_count,
		.is_key_optional = s->mode == MODE_APPEND,
		.wants_old_key_only = s->mode == MODE_MERGE && s->known != NULL && !s->known->wants_before,
		.decimals = (enum input_decimals)index_of(m->decimal_mode, decimals),
		.times = (enum input_times)index_of(m->time_precision_mode, times),
		.binaries = (enum input_binaries)index_of(m->binary_mode, binaries),
		.lost = strcmp(s->options->invalid_values, "null") == 0 ? kafka_note_lost : NULL,
		.lost_context = s,
	};
	for (enum message_format f = 0; f < FORMATS; f++) {
		if (strcmp(format_name(f), s->options->format) == 0)
			s->input_options.format = f;
	}
	return 0;
}

void kafka_settings_release(struct kafka_source *s)
{
	for (uint32_t i = 0; i < s->key_count; i++)
		memory_free(s->key[i]);
	memory_free(s->key);
	schema_release(s->given);
	memory_free(s->brokers);
	memory_free(s->patterns);
}
