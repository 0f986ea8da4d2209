/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas as Delta spells them. Our marks: field metadata "tailrace.id" and
 * "tailrace.type", configuration "tailrace.key" (a JSON array of names),
 * "tailrace.database", "tailrace.table" and, unless it is "merge", "tailrace.mode"; of a table that is merged in event
 * order, "tailrace.order" (as the key), and of one that is put together from its long table, "tailrace.by-column".
 */
#include "table/delta/schema_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "table/delta/type_changes.h"

#define COLUMNS_MAX 4096 /* MySQL's own limit */

int mapping_mode_parse(enum mapping_mode *out, const struct metadata *m,
		       const struct protocol *p, struct err *e)
{
	static const char *const names[] = { "none", "name", "id" };
	const char *mode = text_map_get(&m->configuration, "delta.columnMapping.mode");

	_Static_assert(sizeof(names) / sizeof(names[0]) == MAPPING_MODES,
		       "a word per mode");
	*out = MAPPING_NONE;
	if (mode == NULL || p->min_reader < 2 ||
	    (p->min_reader >= 3 && !text_list_has(&p->reader_features, "columnMapping")))
		return 0;
	for (int i = 0; i < MAPPING_MODES; i++) {
		if (strcmp(mode, names[i]) == 0) {
			*out = (enum mapping_mode)i;
			return 0;
		}
	}
	return err_set(e, ERR_CONFIG, "unknown delta.columnMapping.mode \"%s\"", mode);
}

bool schema_needs_mapping(const struct schema *s)
{
	for (uint32_t i = 0; i < s->field_count; i++) {
		if (strpbrk(s->fields[i].name, " ,;{}()\n\t=") != NULL)
			return true;
	}
	return false;
}

static int32_t max_id(const struct schema *s)
{
	int32_t max = 0;

	for (uint32_t i = 0; i < s->field_count; i++) {
		if (s->fields[i].id > max)
			max = s->fields[i].id;
	}
	return max;
}

static const struct type_word {
	const char *word;
	enum type type;
} type_words[] = {
	{ "boolean", TYPE_BOOLEAN },
	{ "integer", TYPE_INT },
	{ "long", TYPE_LONG },
	{ "float", TYPE_FLOAT },
	{ "double", TYPE_DOUBLE },
	{ "date", TYPE_DATE },
	{ "timestamp", TYPE_TIMESTAMP },
	{ "timestamp_ntz", TYPE_TIMESTAMP_NTZ },
	{ "string", TYPE_STRING },
	{ "binary", TYPE_BINARY },
	/* Read only: we never write these two, their Parquet form is an INT32. */
	{ "short", TYPE_INT },
	{ "byte", TYPE_INT },
};

#define TYPE_WORDS (sizeof(type_words) / sizeof(type_words[0]))

static void format_type(struct buffer *out, const struct field *f)
{
	if (f->type == TYPE_DECIMAL) {
		buffer_format(out, "\"decimal(%u,%u)\"", f->precision, f->scale);
		return;
	}
	for (size_t i = 0; i < TYPE_WORDS; i++) {
		if (type_words[i].type == f->type) {
			buffer_format(out, "\"%s\"", type_words[i].word);
			return;
		}
	}
}

/* "decimal(10,2)" or a word of the table. */
static bool parse_type(struct field *out, const char *word)
{
	unsigned precision, scale;
	int used = 0;

	if (sscanf(word, "decimal(%2u,%2u)%n", &precision, &scale, &used) == 2 &&
	    used > 0 && word[used] == 0 && precision >= 1 && precision <= 38 &&
	    scale <= precision) {
		out->type = TYPE_DECIMAL;
		out->precision = (uint8_t)precision;
		out->scale = (uint8_t)scale;
		return true;
	}
	for (size_t i = 0; i < TYPE_WORDS; i++) {
		if (strcmp(type_words[i].word, word) == 0) {
			out->type = type_words[i].type;
			return true;
		}
	}
	return false;
}

static bool format_field_metadata(struct buffer *out, const struct field *f, bool is_mapped, json_t *was)
{
	struct buffer type = { 0 };
	bool has_changed;

	buffer_format(out, "{\"tailrace.id\":%" PRId32, f->id);
	if (f->source_type != NULL) {
		buffer_text(out, ",\"tailrace.type\":");
		text_json_string(out, f->source_type);
	}
	if (is_mapped) {
		buffer_format(out, ",\"delta.columnMapping.id\":%" PRId32
			      ",\"delta.columnMapping.physicalName\":", f->id);
		text_json_string(out, f->name);
	}
	format_type(&type, f);
	has_changed = type_changes_format(out, was, f->name, buffer_string(&type));
	buffer_release(&type);
	buffer_char(out, '}');
	return has_changed;
}

bool schema_format(struct buffer *out, const struct schema *s, bool is_mapped, const char *was)
{
	json_t *fields = type_changes_open(was);
	bool has_changed = false;

	buffer_text(out, "{\"type\":\"struct\",\"fields\":[");
	for (uint32_t i = 0; i < s->field_count; i++) {
		const struct field *f = &s->fields[i];

		buffer_text(out, i > 0 ? ",{\"name\":" : "{\"name\":");
		text_json_string(out, f->name);
		buffer_text(out, ",\"type\":");
		format_type(out, f);
		buffer_format(out, ",\"nullable\":%s,\"metadata\":",
			      f->is_nullable ? "true" : "false");
		has_changed |= format_field_metadata(out, f, is_mapped, fields);
		buffer_char(out, '}');
	}
	buffer_text(out, "]}");
	json_decref(fields);
	return has_changed;
}

/* It never falls: a dropped column may have had the greatest id. */
#define MAX_COLUMN_ID "delta.columnMapping.maxColumnId"

int32_t metadata_last_id(const struct metadata *m, const struct schema *s)
{
	const char *text = text_map_get(&m->configuration, MAX_COLUMN_ID);
	int64_t id = 0;

	if (text == NULL || !text_parse_int(bytes_of_text(text), &id) || id < max_id(s) || id > INT32_MAX)
		return max_id(s);
	return (int32_t)id;
}

static void set_names(struct metadata *m, const char *property, const struct schema *s, const uint32_t *fields,
		      uint32_t count, struct arena *arena)
{
	struct buffer text = { 0 };

	schema_names_format(&text, s, fields, count);
	text_map_set(&m->configuration, property, buffer_string(&text), arena);
	buffer_release(&text);
}

bool metadata_set_schema(struct metadata *m, const struct schema *s, bool is_mapped,
			 struct arena *arena)
{
	struct buffer text = { 0 };
	char last_id[16];
	bool has_changed = schema_format(&text, s, is_mapped, m->schema_string);

	m->schema_string = arena_text(arena, text.data, text.size);
	set_names(m, "tailrace.key", s, s->key, s->key_count, arena);
	if (s->order_count > 0)
		set_names(m, "tailrace.order", s, s->order, s->order_count, arena);
	if (s->is_by_column)
		text_map_set(&m->configuration, "tailrace.by-column", "true", arena);
	text_map_set(&m->configuration, "tailrace.database", s->database, arena);
	text_map_set(&m->configuration, "tailrace.table", s->table, arena);
	if (s->mode != MODE_MERGE)
		text_map_set(&m->configuration, "tailrace.mode", table_mode_name(s->mode), arena);
	if (is_mapped) {
		snprintf(last_id, sizeof(last_id), "%" PRId32, metadata_last_id(m, s));
		text_map_set(&m->configuration, "delta.columnMapping.mode", "name",
			     arena);
		text_map_set(&m->configuration, MAX_COLUMN_ID, last_id,
			     arena);
	}
	if (has_changed)
		text_map_set(&m->configuration, "delta.enableTypeWidening", "true", arena);
	buffer_release(&text);
	return has_changed;
}

static int parse_mapping(const char *name, const json_t *metadata, enum mapping_mode mode,
			 struct err *e)
{
	const char *physical = json_string_value(
		json_object_get(metadata, "delta.columnMapping.physicalName"));

	if (mode == MAPPING_NONE || (physical != NULL && strcmp(physical, name) == 0))
		return 0;
	return err_set(
		e, ERR_CONFIG,
		"column \"%s\" is stored under the name \"%s\" (column "
		"mapping): tailrace reads mapped tables only where the two are equal",
		name, physical != NULL ? physical : "");
}

static bool is_known_change(const json_t *change)
{
	const char *from = json_string_value(json_object_get(change, "fromType"));
	const char *to = json_string_value(json_object_get(change, "toType"));
	struct field was = { 0 }, is = { 0 };

	return from != NULL && to != NULL && json_object_get(change, "fieldPath") == NULL && parse_type(&was, from) &&
	       parse_type(&is, to) && (field_same_type(&was, &is) || field_widens(&was, &is));
}

/* Older files have the types of before, which must be such as we read. */
static int check_changes(const char *name, const json_t *changes, struct err *e)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *change = json_array_get(changes, i);
		const char *from = json_string_value(json_object_get(change, "fromType"));

		if (!is_known_change(change))
			return err_set(e, ERR_CONFIG, "column \"%s\" was of type %s before, and tailrace does not read its older files: "
				       "rewrite them (ALTER TABLE … DROP FEATURE typeWidening)", name, from != NULL ? from : "unknown");
	}
	return 0;
}

static int parse_field(struct schema *s, const json_t *j, enum mapping_mode mode,
		       struct err *e)
{
	const json_t *metadata = json_object_get(j, "metadata");
	const json_t *id = json_object_get(metadata, "tailrace.id");
	const char *name = json_string_value(json_object_get(j, "name"));
	const char *type = json_string_value(json_object_get(j, "type"));
	const char *source_type =
		json_string_value(json_object_get(metadata, "tailrace.type"));
	struct field parsed = { 0 }, *f;

	if (name == NULL || json_object_get(j, "type") == NULL)
		return err_set(e, ERR_DATA,
			       "a column of the schema without name or type");
	if (type == NULL)
		type = json_string_value(
			json_object_get(json_object_get(j, "type"), "type"));
	if (type == NULL || !parse_type(&parsed, type))
		return err_set(e, ERR_CONFIG,
			       "column \"%s\" is of type %s, which tailrace does not "
			       "read",
			       name, type != NULL ? type : "unknown");
	if (schema_find(s, name) >= 0)
		return err_set(e, ERR_DATA, "the schema has column \"%s\" twice", name);
	if (parse_mapping(name, metadata, mode, e) < 0 || check_changes(name, json_object_get(metadata, TYPE_CHANGES), e) < 0)
		return -1;
	f = schema_add(s, name, parsed.type,
		       !json_is_false(json_object_get(j, "nullable")));
	f->precision = parsed.precision;
	f->scale = parsed.scale;
	f->source_type = memory_copy_text(source_type);
	if (!json_is_integer(id))
		id = json_object_get(metadata, "delta.columnMapping.id");
	if (json_is_integer(id) && json_integer_value(id) > 0 &&
	    json_integer_value(id) < INT32_MAX)
		f->id = (int32_t)json_integer_value(id);
	return 0;
}

/* A list of fields' names; set_fields is schema_set_key or schema_set_order. */
static int parse_names(struct schema *s, const struct metadata *m, const char *property,
		       void (*set_fields)(struct schema *, const uint32_t *, uint32_t), struct err *e)
{
	const char *text = text_map_get(&m->configuration, property);
	json_error_t error;
	json_t *list;
	uint32_t *fields;
	size_t count;
	int rc = 0;

	if (text == NULL)
		return 0;
	list = json_loads(text, 0, &error);
	if (!json_is_array(list)) {
		json_decref(list);
		return err_set(e, ERR_DATA, "configuration %s is \"%s\"", property, text);
	}
	count = json_array_size(list);
	fields = memory_array(uint32_t, count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		const char *name = json_string_value(json_array_get(list, i));
		int field = name != NULL ? schema_find(s, name) : -1;

		if (field < 0)
			rc = err_set(e, ERR_DATA, "configuration %s names \"%s\", which is no column", property,
				     name != NULL ? name : "");
		else
			fields[i] = (uint32_t)field;
	}
	if (rc == 0)
		set_fields(s, fields, (uint32_t)count);
	memory_free(fields);
	json_decref(list);
	return rc;
}

static int parse_partition(struct schema *s, const struct text_list *columns, struct err *e)
{
	for (uint32_t i = 0; i < columns->count; i++) {
		int field = schema_find(s, columns->texts[i]);

		if (field < 0)
			return err_set(e, ERR_DATA, "partitionColumns names \"%s\", which is no column",
				       columns->texts[i]);
		schema_add_partition(s, (uint32_t)field, "identity", columns->texts[i]);
	}
	return 0;
}

static int parse_mode(struct schema *s, const char *text, struct err *e)
{
	enum table_mode mode = MODE_MERGE;

	while (text != NULL && mode < TABLE_MODES && strcmp(table_mode_name(mode), text) != 0)
		mode++;
	if (mode == TABLE_MODES)
		return err_set(e, ERR_CONFIG, "configuration tailrace.mode is \"%s\", which this tailrace does not know", text);
	s->mode = mode;
	return 0;
}

static int parse_fields(struct schema *s, const json_t *fields, enum mapping_mode mode,
			struct err *e)
{
	if (!json_is_array(fields) || json_array_size(fields) > COLUMNS_MAX)
		return err_set(e, ERR_DATA, "the schema has no fields, or more than %d",
			       COLUMNS_MAX);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		if (parse_field(s, json_array_get(fields, i), mode, e) < 0)
			return -1;
	}
	return 0;
}

int schema_parse(struct schema **out, const struct metadata *m, const struct protocol *p,
		 struct err *e)
{
	const char *database = text_map_get(&m->configuration, "tailrace.database");
	const char *table = text_map_get(&m->configuration, "tailrace.table");
	enum mapping_mode mode;
	json_error_t error;
	struct schema *s;
	json_t *json;
	int rc;

	if (mapping_mode_parse(&mode, m, p, e) < 0)
		return -1;
	if (m->schema_string == NULL)
		return err_set(e, ERR_DATA, "the log's metaData has no schemaString");
	json = json_loads(m->schema_string, 0, &error);
	if (json == NULL)
		return err_set(e, ERR_DATA, "damaged schemaString: %s", error.text);
	s = schema_new(database != NULL ? database : "", table != NULL ? table : "");
	rc = parse_fields(s, json_object_get(json, "fields"), mode, e);
	json_decref(json);
	if (rc == 0)
		rc = parse_names(s, m, "tailrace.key", schema_set_key, e);
	if (rc == 0)
		rc = parse_names(s, m, "tailrace.order", schema_set_order, e);
	if (rc == 0)
		rc = schema_check_order(s, e);
	s->is_by_column = text_map_get(&m->configuration, "tailrace.by-column") != NULL;
	if (rc == 0)
		rc = parse_partition(s, &m->partition_columns, e);
	if (rc == 0)
		rc = parse_mode(s, text_map_get(&m->configuration, "tailrace.mode"), e);
	if (rc < 0)
		schema_release(s);
	else
		*out = s;
	return rc;
}
