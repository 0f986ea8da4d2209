/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/schema_iceberg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/member.h"

static const char *const type_words[TYPES] = {
	[TYPE_BOOLEAN] = "boolean",       [TYPE_INT] = "int",
	[TYPE_LONG] = "long",             [TYPE_FLOAT] = "float",
	[TYPE_DOUBLE] = "double",         [TYPE_DECIMAL] = "decimal",
	[TYPE_DATE] = "date",             [TYPE_TIMESTAMP] = "timestamptz",
	[TYPE_TIMESTAMP_NTZ] = "timestamp", [TYPE_STRING] = "string",
	[TYPE_BINARY] = "binary",
};

void iceberg_schema_release(struct iceberg_schema *s)
{
	schema_release(s->columns);
	memory_free(s->unread);
	*s = (struct iceberg_schema){ 0 };
}

int iceberg_schema_require(const struct iceberg_schema *s, struct err *e)
{
	return s->unread == NULL ? 0 : err_set(e, ERR_CONFIG, "%s", s->unread);
}

int32_t iceberg_schema_max_id(const struct schema *s)
{
	int32_t max = 0;

	for (uint32_t i = 0; i < s->field_count; i++)
		max = s->fields[i].id > max ? s->fields[i].id : max;
	return max;
}

/* "decimal(10, 2)", with or without blanks, or a word. */
static bool parse_type(struct field *out, const char *word)
{
	unsigned precision, scale;
	int used = 0;

	if (sscanf(word, "decimal ( %2u , %2u )%n", &precision, &scale, &used) == 2 && used > 0 && word[used] == 0 &&
	    precision >= 1 && precision <= 38 && scale <= precision) {
		out->type = TYPE_DECIMAL;
		out->precision = (uint8_t)precision;
		out->scale = (uint8_t)scale;
		return true;
	}
	for (int t = 0; t < TYPES; t++) {
		out->type = (enum type)t;
		if (t != TYPE_DECIMAL && strcmp(type_words[t], word) == 0)
			return true;
	}
	return false;
}

enum { FIELD_ID, FIELD_NAME, FIELD_REQUIRED, FIELD_TYPE, FIELD_DOC, FIELD_DEFAULT, FIELD_MEMBERS };

static const struct member_names field_members = {
	FIELD_MEMBERS,
	{ BYTES_OF("id"), BYTES_OF("name"), BYTES_OF("required"), BYTES_OF("type"), BYTES_OF("doc"),
	  BYTES_OF("initial-default") },
};

static void leave_out(struct iceberg_schema *s, const char *name, const char *why, const char *type)
{
	struct buffer text = { 0 };

	if (s->unread != NULL)
		return;
	buffer_format(&text, "column \"%.200s\" %s%.100s, which tailrace does not read", name, why, type);
	s->unread = memory_copy_text(buffer_string(&text));
	buffer_release(&text);
}

static int add_field(struct schema *s, const struct field *parsed, const struct json_value *got, struct err *e)
{
	const char *doc = NULL;
	struct field *f;

	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].id == parsed->id || strcmp(s->fields[i].name, parsed->name) == 0)
			return err_set(e, ERR_DATA, "columns \"%s\" and \"%s\" have the same name or the same id %" PRId32,
				       s->fields[i].name, parsed->name, parsed->id);
	}
	if (is_given(&got[FIELD_DOC]) && need_text(&doc, &got[FIELD_DOC], "doc", e) < 0)
		return err_wrap(e, "column \"%s\"", parsed->name);
	f = schema_add(s, parsed->name, parsed->type, got[FIELD_REQUIRED].type == JSON_FALSE);
	f->precision = parsed->precision;
	f->scale = parsed->scale;
	f->id = parsed->id;
	f->source_type = memory_copy_text(doc);
	return 0;
}

static int parse_field(struct iceberg_schema *s, const struct json_value *j, struct err *e)
{
	struct json_value got[FIELD_MEMBERS];
	const struct json_value *type = &got[FIELD_TYPE];
	struct field parsed = { 0 };
	const char *name, *word;

	if (json_members(j, "a column", &field_members, got, e) < 0 ||
	    need_text(&name, &got[FIELD_NAME], "name", e) < 0)
		return -1;
	parsed.name = (char *)name;
	if (need_int(&parsed.id, &got[FIELD_ID], "id", e) < 0)
		return err_wrap(e, "column \"%s\"", name);
	if (got[FIELD_REQUIRED].type != JSON_TRUE && got[FIELD_REQUIRED].type != JSON_FALSE)
		return err_set(e, ERR_DATA, "column \"%s\": \"required\" is missing", name);
	word = type->type == JSON_OBJECT ? json_get_text(type, "type") : (const char *)type->text.data;
	if (word == NULL || (type->type != JSON_OBJECT && type->type != JSON_STRING))
		return err_set(e, ERR_DATA, "column \"%s\" has no type", name);
	if (type->type != JSON_STRING || !parse_type(&parsed, word))
		leave_out(s, name, "is of type ", word);
	else if (is_given(&got[FIELD_DEFAULT]))
		leave_out(s, name, "has an initial-default", "");
	else
		return add_field(s->columns, &parsed, got, e);
	return 0;
}

static int find_id(const struct schema *s, int32_t id)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].id == id)
			return (int)i;
	}
	return -1;
}

/* A key of which a column was left out is none. */
static int parse_identifiers(struct iceberg_schema *s, const struct json_value *j, struct err *e)
{
	struct json_cursor c = json_open(j);
	uint32_t *key = memory_array(uint32_t, json_count(j));
	uint32_t count = 0;
	bool is_whole = true;
	struct json_value v;
	int32_t id;
	int rc = 0;

	while (rc == 0 && json_next(&c, NULL, &v)) {
		int at = -1;

		rc = need_int(&id, &v, "identifier-field-ids", e);
		if (rc == 0 && (at = find_id(s->columns, id)) < 0 && s->unread == NULL)
			rc = err_set(e, ERR_DATA, "\"identifier-field-ids\" has %" PRId32 ", which is no column's", id);
		is_whole = is_whole && at >= 0;
		key[count++] = (uint32_t)at;
	}
	if (rc == 0 && is_whole)
		schema_set_key(s->columns, key, count);
	memory_free(key);
	return rc;
}

enum { SCHEMA_ID, SCHEMA_TYPE, SCHEMA_FIELDS, SCHEMA_IDENTIFIERS, SCHEMA_MEMBERS };

static const struct member_names schema_members = {
	SCHEMA_MEMBERS,
	{ BYTES_OF("schema-id"), BYTES_OF("type"), BYTES_OF("fields"), BYTES_OF("identifier-field-ids") },
};

static int parse_columns(struct iceberg_schema *s, const struct json_value *got, struct err *e)
{
	struct json_cursor fields;
	struct json_value v;

	if (need_list(&got[SCHEMA_FIELDS], JSON_ARRAY, ICEBERG_COLUMNS_MAX, "fields", e) < 0)
		return -1;
	fields = json_open(&got[SCHEMA_FIELDS]);
	while (json_next(&fields, NULL, &v)) {
		if (parse_field(s, &v, e) < 0)
			return -1;
	}
	if (!is_given(&got[SCHEMA_IDENTIFIERS]))
		return 0;
	if (need_list(&got[SCHEMA_IDENTIFIERS], JSON_ARRAY, ICEBERG_COLUMNS_MAX, "identifier-field-ids", e) < 0)
		return -1;
	return parse_identifiers(s, &got[SCHEMA_IDENTIFIERS], e);
}

int iceberg_schema_parse(struct iceberg_schema *out, const struct json_value *j, struct err *e)
{
	struct json_value got[SCHEMA_MEMBERS];
	struct iceberg_schema s = { 0 };

	if (j->type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "a schema is %s, not an object", json_type_name(j->type));
	if (json_members(j, "a schema", &schema_members, got, e) < 0)
		return -1;
	if (!json_is_text(&got[SCHEMA_TYPE], "struct"))
		return err_set(e, ERR_DATA, "a schema's \"type\" is not \"struct\"");
	/* version 1 may leave it out */
	if (is_given(&got[SCHEMA_ID]) && need_int(&s.id, &got[SCHEMA_ID], "schema-id", e) < 0)
		return -1;
	s.columns = schema_new("", "");
	if (parse_columns(&s, got, e) < 0) {
		err_wrap(e, "schema %" PRId32, s.id);
		iceberg_schema_release(&s);
		return -1;
	}
	*out = s;
	return 0;
}

/* The spec's identifiers: required, and no floating-point numbers. All of the key, or none. */
static bool key_identifies(const struct schema *s)
{
	for (uint32_t i = 0; i < s->key_count; i++) {
		const struct field *f = &s->fields[s->key[i]];

		if (f->is_nullable || f->type == TYPE_FLOAT || f->type == TYPE_DOUBLE)
			return false;
	}
	return s->key_count > 0;
}

static void format_field(struct buffer *out, const struct field *f)
{
	buffer_format(out, "{\"id\":%" PRId32 ",\"name\":", f->id);
	text_json_string(out, f->name);
	buffer_format(out, ",\"required\":%s,\"type\":\"%s", f->is_nullable ? "false" : "true", type_words[f->type]);
	if (f->type == TYPE_DECIMAL)
		buffer_format(out, "(%u, %u)", f->precision, f->scale);
	buffer_char(out, '"');
	if (f->source_type != NULL) {
		buffer_text(out, ",\"doc\":");
		text_json_string(out, f->source_type);
	}
	buffer_char(out, '}');
}

void iceberg_schema_format(struct buffer *out, const struct schema *s, int32_t id)
{
	buffer_format(out, "{\"type\":\"struct\",\"schema-id\":%" PRId32, id);
	if (key_identifies(s)) {
		for (uint32_t i = 0; i < s->key_count; i++)
			buffer_format(out, "%s%" PRId32, i > 0 ? "," : ",\"identifier-field-ids\":[",
				      s->fields[s->key[i]].id);
		buffer_char(out, ']');
	}
	buffer_text(out, ",\"fields\":[");
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		format_field(out, &s->fields[i]);
	}
	buffer_text(out, "]}");
}

uint32_t iceberg_schema_marks(struct schema_mark marks[SCHEMA_MARKS], const struct schema *s)
{
	uint32_t count = 0;

	memset(marks, 0, SCHEMA_MARKS * sizeof(*marks));
	marks[count].key = "tailrace.database";
	buffer_text(&marks[count++].value, s->database);
	marks[count].key = "tailrace.table";
	buffer_text(&marks[count++].value, s->table);
	if (s->mode != MODE_MERGE) {
		marks[count].key = "tailrace.mode";
		buffer_text(&marks[count++].value, table_mode_name(s->mode));
	}
	if (s->order_count > 0) {
		marks[count].key = "tailrace.order";
		schema_names_format(&marks[count++].value, s, s->order, s->order_count);
	}
	if (s->is_by_column) {
		marks[count].key = "tailrace.by-column";
		buffer_text(&marks[count++].value, "true");
	}
	marks[count].key = "tailrace.key";
	schema_names_format(&marks[count++].value, s, s->key, s->key_count);
	return count;
}

/* Marks that are lists of fields' names. */
static const struct {
	const char *key;
	void (*set)(struct schema *, const uint32_t *, uint32_t);
} name_lists[] = {
	{ "tailrace.key", schema_set_key },
	{ "tailrace.order", schema_set_order },
};

static int set_names(struct schema *s, const struct json_value *list, size_t which, struct err *e)
{
	const char *key = name_lists[which].key;
	struct json_cursor c = json_open(list);
	struct json_value v;
	uint32_t fields[ICEBERG_COLUMNS_MAX], count = 0;
	const char *name;

	if (need_list(list, JSON_ARRAY, ICEBERG_COLUMNS_MAX, key, e) < 0)
		return -1;
	while (json_next(&c, NULL, &v)) {
		int field;

		if (need_text(&name, &v, key, e) < 0)
			return -1;
		field = schema_find(s, name);
		if (field < 0)
			return err_set(e, ERR_DATA, "property %s names \"%s\", which is no column", key, name);
		fields[count++] = (uint32_t)field;
	}
	name_lists[which].set(s, fields, count);
	return schema_check_order(s, e);
}

static int set_mode(struct schema *s, const char *name, struct err *e)
{
	for (int m = 0; m < TABLE_MODES; m++) {
		if (strcmp(table_mode_name((enum table_mode)m), name) == 0) {
			s->mode = (enum table_mode)m;
			return 0;
		}
	}
	return err_set(e, ERR_CONFIG, "property tailrace.mode is \"%s\", which this tailrace does not know", name);
}

static void set_text(char **text, const char *value)
{
	memory_free(*text);
	*text = memory_copy_text(value);
}

static int set_name_list(struct schema *s, size_t which, const char *value, struct err *e)
{
	struct json_parser json = { 0 };
	struct json_value list;
	int rc = json_parse(&json, bytes_of_text(value), &list, e);

	if (rc == 0)
		rc = set_names(s, &list, which, e);
	else
		err_wrap(e, "property %s", name_lists[which].key);
	json_parser_release(&json);
	return rc;
}

int iceberg_schema_set_mark(struct schema *s, const char *key, const char *value, struct err *e)
{

	if (strcmp(key, "tailrace.database") == 0)
		set_text(&s->database, value);
	else if (strcmp(key, "tailrace.table") == 0)
		set_text(&s->table, value);
	else if (strcmp(key, "tailrace.mode") == 0)
		return set_mode(s, value, e);
	else if (strcmp(key, "tailrace.by-column") == 0)
		s->is_by_column = true;
	for (size_t i = 0; i < sizeof(name_lists) / sizeof(name_lists[0]); i++) {
		if (strcmp(key, name_lists[i].key) == 0)
			return set_name_list(s, i, value, e);
	}
	return 0;
}
