/* SPDX-License-Identifier: Apache-2.0 */
#include "message/debezium_schema_change.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "message/put.h"
#include "message/source.h"

/* java.sql.Types; what is not here is OTHER. */
static const struct {
	const char *word;
	int type;
} jdbc_types[] = {
	{ "bit", -7 },	     { "tinyint", 5 },	   { "smallint", 5 },	 { "mediumint", 4 },   { "int", 4 },
	{ "bigint", -5 },    { "year", 4 },	   { "float", 6 },	 { "double", 8 },      { "decimal", 3 },
	{ "char", 1 },	     { "enum", 1 },	   { "set", 1 },	 { "varchar", 12 },    { "tinytext", 12 },
	{ "text", 12 },	     { "mediumtext", 12 }, { "longtext", 12 },	 { "binary", -2 },     { "varbinary", -3 },
	{ "tinyblob", 2004 }, { "blob", 2004 },	   { "mediumblob", 2004 }, { "longblob", 2004 }, { "date", 91 },
	{ "time", 92 },	     { "datetime", 93 },   { "timestamp", 2014 },
};
#define JDBC_OTHER 1111

/* "decimal(9,2) unsigned" taken apart. */
struct type_words {
	struct bytes name, inner, rest; /* "decimal", "9,2", " unsigned" */
	bool has_labels;                /* an ENUM or SET: `inner` has their quoted labels */
};

static struct type_words words_of(const char *type)
{
	const char *open = strchr(type, '('), *close = open != NULL ? strrchr(open, ')') : NULL;
	size_t size = strcspn(type, "( ");
	struct type_words w = { .name = { (const uint8_t *)type, size }, .rest = bytes_of_text(type + size) };

	if (close != NULL) {
		w.inner = (struct bytes){ (const uint8_t *)open + 1, (size_t)(close - open) - 1 };
		w.rest = bytes_of_text(close + 1);
		w.has_labels = w.inner.size > 0 && *w.inner.data == '\'';
	}
	return w;
}

static int jdbc_type(struct bytes name)
{
	for (size_t i = 0; i < sizeof(jdbc_types) / sizeof(jdbc_types[0]); i++) {
		const char *word = jdbc_types[i].word;

		if (strlen(word) == name.size && strncasecmp(word, (const char *)name.data, name.size) == 0)
			return jdbc_types[i].type;
	}
	return JDBC_OTHER;
}

static void append_type_name(const struct type_words *w, struct buffer *out)
{
	struct buffer name = { 0 };

	buffer_bytes_append(&name, w->name);
	buffer_bytes_append(&name, w->rest);
	for (size_t i = 0; i < name.size; i++)
		name.data[i] = (uint8_t)toupper(name.data[i]);
	append_bytes_string(out, buffer_bytes(&name));
	buffer_release(&name);
}

/* Behind the quoted label at `at`. */
static const uint8_t *skip_label(const uint8_t *at, const uint8_t *end)
{
	for (at++; at < end; at++) {
		if (*at == '\'' && (++at == end || *at != '\''))
			return at;
	}
	return end;
}

/* With their quotes, as an array; returns how many there are. */
static uint32_t append_labels(const struct type_words *w, struct buffer *out)
{
	const uint8_t *at = w->inner.data, *end = at + w->inner.size;
	uint32_t count = 0;

	buffer_char(out, '[');
	while (at < end) {
		const uint8_t *behind = skip_label(at, end);

		if (count++ > 0)
			buffer_char(out, ',');
		append_bytes_string(out, (struct bytes){ at, (size_t)(behind - at) });
		at = behind + (behind < end && *behind == ',');
	}
	buffer_char(out, ']');
	return count;
}

static void append_number(struct bytes digits, struct buffer *out)
{
	if (digits.size > 0)
		buffer_bytes_append(out, digits);
	else
		buffer_text(out, "null");
}

/* An ENUM is one character long to Debezium, a SET has one for each label and a comma between them. */
static void append_length(const struct type_words *w, uint32_t labels, struct buffer *out)
{
	const uint8_t *comma = w->inner.size > 0 ? memchr(w->inner.data, ',', w->inner.size) : NULL;
	struct bytes length = w->inner, scale = { 0 };

	if (w->has_labels) {
		buffer_format(out, "%u,\"scale\":null", toupper(*w->name.data) == 'E' ? 1 : labels * 2 - 1);
		return;
	}
	if (comma != NULL) {
		length.size = (size_t)(comma - length.data);
		scale = (struct bytes){ comma + 1, w->inner.size - length.size - 1 };
	}
	append_number(length, out);
	buffer_text(out, ",\"scale\":");
	append_number(scale, out);
}

/* b'101' is 101; the time of the change is 1970. */
static void append_default(const struct column_definition *c, struct buffer *out)
{
	const char *text = c->default_value;
	struct bytes bits;

	if (c->default_is_now) {
		buffer_text(out, "\"1970-01-01 00:00:00\"");
	} else if (text != NULL && strncasecmp(c->type, "bit", 3) == 0 && strncasecmp(text, "b'", 2) == 0) {
		bits = bytes_of_text(text + 2);
		bits.size -= bits.size > 0 && bits.data[bits.size - 1] == '\'';
		append_bytes_string(out, bits);
	} else {
		append_string(out, text);
	}
}

static void append_flag(struct buffer *out, const char *name, bool is_set)
{
	buffer_format(out, ",\"%s\":%s", name, is_set ? "true" : "false");
}

static bool is_mysql(const struct debezium_options *o)
{
	return strcmp(o->connector, "mysql") == 0;
}

/* Its MySQL connector leaves comments out, its MariaDB connector does not. */
static void append_comment(const struct debezium_options *o, const char *comment, struct buffer *out)
{
	buffer_text(out, ",\"comment\":");
	append_string(out, is_mysql(o) ? NULL : comment);
}

static void append_column(const struct debezium_options *o, const struct column_definition *c, uint32_t position,
			  struct buffer *out)
{
	struct type_words w = words_of(c->type);
	struct buffer labels = { 0 };
	uint32_t label_count = w.has_labels ? append_labels(&w, &labels) : 0;
	/* its MySQL connector takes ON UPDATE for an AUTO_INCREMENT, and "generated" for the same */
	bool is_auto = c->is_auto_increment || (c->is_updated_to_now && is_mysql(o));

	buffer_text(out, "{\"name\":");
	append_string(out, c->name);
	buffer_format(out, ",\"jdbcType\":%d,\"nativeType\":null,\"typeName\":", jdbc_type(w.name));
	append_type_name(&w, out);
	buffer_text(out, ",\"typeExpression\":");
	append_type_name(&w, out);
	buffer_text(out, ",\"charsetName\":");
	append_string(out, c->charset);
	buffer_text(out, ",\"length\":");
	append_length(&w, label_count, out);
	buffer_format(out, ",\"position\":%u", position);
	append_flag(out, "optional", c->is_nullable);
	append_flag(out, "autoIncremented", is_auto);
	append_flag(out, "generated", is_auto);
	append_comment(o, c->comment, out);
	buffer_text(out, ",\"defaultValueExpression\":");
	append_default(c, out);
	buffer_text(out, ",\"enumValues\":");
	if (w.has_labels)
		buffer_bytes_append(out, buffer_bytes(&labels));
	else
		buffer_text(out, "null");
	buffer_char(out, '}');
	buffer_release(&labels);
}

static void append_definition(const struct debezium_options *o, const struct table_definition *t, struct buffer *out)
{
	buffer_text(out, "{\"defaultCharsetName\":");
	append_string(out, t->charset);
	buffer_text(out, ",\"primaryKeyColumnNames\":[");
	for (uint32_t i = 0; i < t->key_count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		append_string(out, t->key[i]);
	}
	buffer_text(out, "],\"columns\":[");
	for (uint32_t i = 0; i < t->column_count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		append_column(o, &t->columns[i], i + 1, out);
	}
	buffer_char(out, ']');
	append_comment(o, t->comment, out);
	buffer_char(out, '}');
}

static void append_table_change(const struct debezium_options *o, const struct ddl *ddl, struct buffer *out)
{
	static const char *const types[] = { [TABLE_CREATED] = "CREATE", [TABLE_ALTERED] = "ALTER",
					     [TABLE_DROPPED] = "DROP" };
	struct buffer id = { 0 };

	if (ddl->effect == TABLE_UNTOUCHED || (ddl->effect != TABLE_DROPPED && ddl->definition == NULL))
		return;
	buffer_format(&id, "\"%s\".\"%s\"", ddl->database, ddl->table);
	buffer_format(out, "{\"type\":\"%s\",\"id\":", types[ddl->effect]);
	append_bytes_string(out, buffer_bytes(&id));
	buffer_text(out, ",\"table\":");
	if (ddl->effect == TABLE_DROPPED)
		buffer_text(out, "null");
	else
		append_definition(o, ddl->definition, out);
	buffer_char(out, '}');
	buffer_release(&id);
}

static void append_value_schema(const struct debezium_options *o, struct buffer *out)
{
	buffer_text(out, "{\"schema\":{\"type\":\"struct\",\"fields\":[");
	source_schema(o->connector, out);
	buffer_text(out,
		    "," SCHEMA_FIELD("int64", "false", "ts_ms") "," SCHEMA_FIELD("string", "true", "databaseName") ","
		    SCHEMA_FIELD("string", "true", "schemaName") "," SCHEMA_FIELD("string", "true", "ddl") ","
		    "{\"type\":\"array\",\"items\":{\"type\":\"struct\",\"fields\":["
		    SCHEMA_FIELD("string", "false", "type") "," SCHEMA_FIELD("string", "false", "id") ","
		    "{\"type\":\"struct\",\"fields\":[" SCHEMA_FIELD("string", "true", "defaultCharsetName") ","
		    "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"optional\":false},\"optional\":true,"
		    "\"field\":\"primaryKeyColumnNames\"},"
		    "{\"type\":\"array\",\"items\":{\"type\":\"struct\",\"fields\":["
		    SCHEMA_FIELD("string", "false", "name") "," SCHEMA_FIELD("int32", "false", "jdbcType") ","
		    SCHEMA_FIELD("int32", "true", "nativeType") "," SCHEMA_FIELD("string", "false", "typeName") ","
		    SCHEMA_FIELD("string", "true", "typeExpression") "," SCHEMA_FIELD("string", "true", "charsetName") ","
		    SCHEMA_FIELD("int32", "true", "length") "," SCHEMA_FIELD("int32", "true", "scale") ","
		    SCHEMA_FIELD("int32", "false", "position") "," SCHEMA_FIELD("boolean", "true", "optional") ","
		    SCHEMA_FIELD("boolean", "true", "autoIncremented") "," SCHEMA_FIELD("boolean", "true", "generated") ","
		    SCHEMA_FIELD("string", "true", "comment") "," SCHEMA_FIELD("string", "true", "defaultValueExpression") ","
		    "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"optional\":false},\"optional\":true,"
		    "\"field\":\"enumValues\"}],\"optional\":false,\"name\":\"io.debezium.connector.schema.Column\","
		    "\"version\":1},\"optional\":false,\"field\":\"columns\"}," SCHEMA_FIELD("string", "true", "comment")
		    "],\"optional\":true,\"name\":\"io.debezium.connector.schema.Table\",\"version\":1,\"field\":\"table\"}],"
		    "\"optional\":false,\"name\":\"io.debezium.connector.schema.Change\",\"version\":1},\"optional\":false,"
		    "\"field\":\"tableChanges\"}]");
	buffer_format(out, ",\"optional\":false,\"name\":\"io.debezium.connector.%s.SchemaChangeValue\",\"version\":1},"
			   "\"payload\":", o->connector);
}

static void append_key(const struct debezium_options *o, const char *database, struct buffer *out)
{
	if (o->schemas)
		buffer_format(out, "{\"schema\":{\"type\":\"struct\",\"fields\":["
				   SCHEMA_FIELD("string", "false", "databaseName")
				   "],\"optional\":false,\"name\":\"io.debezium.connector.%s.SchemaChangeKey\","
				   "\"version\":1},\"payload\":", o->connector);
	buffer_text(out, "{\"databaseName\":");
	append_string(out, database);
	buffer_text(out, o->schemas ? "}}" : "}");
}

/* The source block; a statement of the log has the milliseconds only. */
static void append_source(const struct debezium_options *o, const struct ddl *ddl, const struct origin *origin,
			  int64_t now_us, struct buffer *out)
{
	struct schema names = { .database = (char *)(uintptr_t)ddl->database, .table = (char *)(uintptr_t)(ddl->names != NULL ? ddl->names : ddl->table) };
	struct origin place = *origin;
	struct debezium_event event = { .origin = &place, .log_offset = origin->log_offset, .now_us = now_us,
					.snapshot = ddl->is_copy ? SNAPSHOT_TRUE : SNAPSHOT_FALSE };
	struct source_block block;

	place.thread_id = 0;
	place.time_us = ddl->is_copy ? 0 : origin->time_us / 1000 * 1000;
	source_block_init(&block, o, &names);
	source_block_make(&block, &event);
	buffer_reserve(out, source_block_size(&block, &event));
	out->size = (size_t)(put_source(out->data + out->size, &block, &event) - out->data);
	source_block_release(&block);
}

void debezium_schema_change(const struct debezium_options *o, const struct ddl *ddl, const struct origin *origin,
			    int64_t now_us, struct buffer *key, struct buffer *value)
{
	append_key(o, ddl->database, key);
	if (o->schemas)
		append_value_schema(o, value);
	buffer_char(value, '{');
	append_source(o, ddl, origin, now_us, value);
	buffer_format(value, ",\"ts_ms\":%lld,\"databaseName\":", (long long)(now_us / 1000));
	append_string(value, ddl->database);
	buffer_text(value, ",\"schemaName\":null,\"ddl\":");
	append_string(value, ddl->statement);
	buffer_text(value, ",\"tableChanges\":[");
	append_table_change(o, ddl, value);
	buffer_text(value, o->schemas ? "]}}" : "]}");
}
