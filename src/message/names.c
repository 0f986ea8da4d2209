/* SPDX-License-Identifier: Apache-2.0 */
/* Java counts characters in units of UTF-16: one of UTF-8's four bytes are two of them. */
#include "message/names.h"

#include "message/plan.h"

#define TOPIC_NAME_MAX 249u

enum name_mode {
	NAME_NONE,
	NAME_AVRO,
	NAME_AVRO_UNICODE,
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_topic_character(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

static void append_topic_part(struct buffer *out, const char *text)
{
	for (; *text != 0; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_topic_character(*text))
			buffer_char(out, *text);
		else if (c < 0x80 || c >= 0xc0)
			buffer_text(out, c >= 0xf0 ? "__" : "_");
	}
}

void name_topic(struct buffer *out, const struct debezium_options *o, const char *database, const char *table)
{
	size_t start = out->size;

	append_topic_part(out, o->topic_prefix);
	buffer_char(out, '.');
	append_topic_part(out, database);
	buffer_char(out, '.');
	append_topic_part(out, table);
	if (out->size - start > TOPIC_NAME_MAX)
		out->size = start + TOPIC_NAME_MAX;
}

static void append_adjusted(struct buffer *out, const char *text, enum name_mode mode)
{
	for (const char *c = text; *c != 0; c++) {
		bool is_first = c == text, is_digit = *c >= '0' && *c <= '9';

		if (is_letter(*c) || (*c == '_' && mode == NAME_AVRO) || (!is_first && (is_digit || *c == '.')))
			buffer_char(out, *c);
		else if (mode == NAME_AVRO_UNICODE)
			buffer_format(out, "_u00%02x", (unsigned char)*c);
		else
			buffer_char(out, '_');
		if (is_first && is_digit && mode == NAME_AVRO)
			buffer_char(out, *c);
	}
}

void name_schema(struct buffer *out, const struct debezium_options *o, const char *topic, const char *suffix)
{
	unsigned mode = debezium_choice(o, offsetof(struct debezium_options, schema_name_mode));
	struct buffer name = { 0 };

	buffer_format(&name, "%s.%s", topic, suffix);
	if (mode == NAME_NONE)
		buffer_bytes_append(out, buffer_bytes(&name));
	else
		append_adjusted(out, buffer_string(&name), (enum name_mode)mode);
	buffer_release(&name);
}
