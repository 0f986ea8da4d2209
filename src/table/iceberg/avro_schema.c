/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/avro_schema.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

#define DEPTH_MAX      32
#define TYPES_MAX      10000u
#define NAMES_MAX      1000u
#define FIXED_SIZE_MAX (1 << 20)

static const char *const kind_names[] = {
	"null",	  "boolean", "int",  "long",   "float", "double", "bytes",
	"string", "fixed",   "enum", "record", "array", "map",	  "union",
};
_Static_assert(sizeof(kind_names) / sizeof(kind_names[0]) == AVRO_KINDS,
	       "a word per kind");

/* What a value of the kind takes at least; records, fixed and unions are computed. */
static const uint8_t kind_bytes_min[AVRO_KINDS] = {
	[AVRO_BOOLEAN] = 1, [AVRO_INT] = 1,   [AVRO_LONG] = 1,	 [AVRO_FLOAT] = 4,
	[AVRO_DOUBLE] = 8,  [AVRO_BYTES] = 1, [AVRO_STRING] = 1, [AVRO_ENUM] = 1,
	[AVRO_ARRAY] = 1,   [AVRO_MAP] = 1,   [AVRO_UNION] = 1,
};

struct named {
	const char *name;
	const struct avro_type *type;
};

struct parsing {
	struct arena *arena;
	struct named names[NAMES_MAX];
	uint32_t name_count, type_count;
	struct err *e;
};

const char *avro_kind_name(enum avro_kind k)
{
	return kind_names[k];
}

static const struct avro_type *parse(struct parsing *p, const struct json_value *json, int depth);

static const struct avro_type *refuse(struct parsing *p, const char *what,
				      const char *word)
{
	err_set(p->e, ERR_DATA, "its schema has %s%s%s", what, word[0] != 0 ? " " : "",
		word);
	return NULL;
}

static struct avro_type *type_new(struct parsing *p, enum avro_kind kind)
{
	struct avro_type *t = arena_new(p->arena, struct avro_type, 1);

	t->kind = kind;
	t->bytes_min = kind_bytes_min[kind];
	return t;
}

/* Full names and short ones are the same to us: writers of Iceberg use no namespaces. */
static const char *short_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL ? dot + 1 : name;
}

static const struct avro_type *parse_word(struct parsing *p, const char *word, int depth)
{
	for (int k = AVRO_NULL; k <= AVRO_STRING; k++) {
		if (strcmp(word, kind_names[k]) == 0)
			return type_new(p, (enum avro_kind)k);
	}
	for (uint32_t i = 0; i < p->name_count; i++) {
		if (strcmp(p->names[i].name, short_name(word)) != 0)
			continue;
		if (depth + p->names[i].type->height > DEPTH_MAX)
			return refuse(p, "too many levels", "");
		return p->names[i].type;
	}
	return refuse(p, "an unknown type", word);
}

static void contain(struct avro_type *outer, const struct avro_type *inner)
{
	if (outer->height <= inner->height)
		outer->height = inner->height + 1;
}

static bool remember(struct parsing *p, const struct json_value *json, const struct avro_type *t)
{
	const char *name = json_get_text(json, "name");

	if (name == NULL || p->name_count == NAMES_MAX)
		return refuse(p,
			      name == NULL ? "a type without a name" : "too many names",
			      ""),
		       false;
	name = short_name(name);
	p->names[p->name_count++] =
		(struct named){ arena_text(p->arena, name, strlen(name)), t };
	return true;
}

/* A whole number from 0 to `most`. */
static bool read_number(const struct json_value *v, int64_t most, int64_t *out)
{
	return v->type == JSON_NUMBER && text_parse_int(v->text, out) && *out >= 0 && *out <= most;
}

static bool parse_field(struct parsing *p, struct avro_field *out, const struct json_value *json,
			int depth)
{
	const char *name = json_get_text(json, "name");
	struct json_value type, id;
	int64_t number = AVRO_FIELD_NO_ID;

	if (name == NULL)
		return refuse(p, "a field without a name", ""), false;
	if (json_get(json, "field-id", &id) && !read_number(&id, INT32_MAX, &number))
		return refuse(p, "a wrong field-id of the field", name), false;
	json_get(json, "type", &type);
	out->name = arena_text(p->arena, name, strlen(name));
	out->id = (int32_t)number;
	out->type = parse(p, &type, depth + 1);
	return out->type != NULL;
}

static const struct avro_type *parse_record(struct parsing *p, const struct json_value *json,
					    int depth)
{
	struct avro_type *t = type_new(p, AVRO_RECORD);
	struct json_value fields, field;
	struct json_cursor c;
	size_t count;

	json_get(json, "fields", &fields);
	count = json_count(&fields);
	if (fields.type != JSON_ARRAY || count > TYPES_MAX)
		return refuse(p, "a record without a list of fields", "");
	t->fields = arena_new(p->arena, struct avro_field, count);
	t->field_count = (uint32_t)count;
	c = json_open(&fields);
	for (size_t i = 0; json_next(&c, NULL, &field); i++) {
		if (!parse_field(p, &t->fields[i], &field, depth))
			return NULL;
		contain(t, t->fields[i].type);
		/*
		 * Names nest sizes in sizes: the sum stops far above any limit of a
		 * block.
		 */
		if (t->bytes_min < UINT32_MAX / 4)
			t->bytes_min += t->fields[i].type->bytes_min;
	}
	return remember(p, json, t) ? t : NULL;
}

static const struct avro_type *parse_union(struct parsing *p, const struct json_value *json,
					   int depth)
{
	struct avro_type *t = type_new(p, AVRO_UNION);
	struct json_cursor c = json_open(json);
	size_t count = json_count(json);
	struct json_value branch;

	if (count == 0 || count > TYPES_MAX)
		return refuse(p, "a union without branches", "");
	t->fields = arena_new(p->arena, struct avro_field, count);
	t->field_count = (uint32_t)count;
	for (size_t i = 0; json_next(&c, NULL, &branch); i++) {
		t->fields[i].id = AVRO_FIELD_NO_ID;
		t->fields[i].type = parse(p, &branch, depth + 1);
		if (t->fields[i].type == NULL)
			return NULL;
		contain(t, t->fields[i].type);
	}
	return t;
}

static const struct avro_type *parse_items(struct parsing *p, enum avro_kind kind,
					   const struct json_value *json, const char *member, int depth)
{
	struct avro_type *t = type_new(p, kind);
	struct json_value items;

	json_get(json, member, &items);
	t->items = parse(p, &items, depth + 1);
	if (t->items == NULL)
		return NULL;
	if (kind == AVRO_ARRAY && t->items->bytes_min == 0)
		return refuse(p, "an array of items without bytes", "");
	contain(t, t->items);
	return t;
}

static bool is_decimal(const struct json_value *json)
{
	const char *logical = json_get_text(json, "logicalType");

	return logical != NULL && strcmp(logical, "decimal") == 0;
}

static const struct avro_type *parse_fixed(struct parsing *p, const struct json_value *json)
{
	struct avro_type *t = type_new(p, AVRO_FIXED);
	struct json_value size;
	int64_t number;

	json_get(json, "size", &size);
	if (!read_number(&size, FIXED_SIZE_MAX, &number))
		return refuse(p, "a fixed type of a wrong size", "");
	t->size = t->bytes_min = (uint32_t)number;
	t->is_decimal = is_decimal(json);
	return remember(p, json, t) ? t : NULL;
}

static const struct avro_type *parse_enum(struct parsing *p, const struct json_value *json)
{
	struct avro_type *t = type_new(p, AVRO_ENUM);

	return remember(p, json, t) ? t : NULL;
}

/*
 * {"type": "int", "logicalType": "date"}: the inner type, with what the outside says
 * about it.
 */
static const struct avro_type *parse_wrapped(struct parsing *p, const struct json_value *json,
					     const struct json_value *inner, int depth)
{
	const struct avro_type *t = parse(p, inner, depth + 1);
	struct avro_type *copy;

	if (t == NULL || !is_decimal(json))
		return t;
	copy = arena_new(p->arena, struct avro_type, 1);
	*copy = *t;
	copy->is_decimal = true;
	return copy;
}

static const struct avro_type *parse_object(struct parsing *p, const struct json_value *json,
					    int depth)
{
	struct json_value type;

	json_get(json, "type", &type);
	if (json_is_text(&type, "record"))
		return parse_record(p, json, depth);
	if (json_is_text(&type, "array"))
		return parse_items(p, AVRO_ARRAY, json, "items", depth);
	if (json_is_text(&type, "map"))
		return parse_items(p, AVRO_MAP, json, "values", depth);
	if (json_is_text(&type, "enum"))
		return parse_enum(p, json);
	if (json_is_text(&type, "fixed"))
		return parse_fixed(p, json);
	return parse_wrapped(p, json, &type, depth);
}

static const struct avro_type *parse(struct parsing *p, const struct json_value *json, int depth)
{
	if (depth > DEPTH_MAX || p->type_count++ > TYPES_MAX)
		return refuse(p, depth > DEPTH_MAX ? "too many levels" : "too many types",
			      "");
	if (json->type == JSON_STRING)
		return parse_word(p, (const char *)json->text.data, depth);
	if (json->type == JSON_ARRAY)
		return parse_union(p, json, depth);
	if (json->type == JSON_OBJECT)
		return parse_object(p, json, depth);
	return refuse(p, "something that is no type", "");
}

int avro_schema_parse(const struct avro_type **out, struct bytes text,
		      struct arena *arena, struct err *e)
{
	struct json_parser parser = { 0 };
	struct json_value json;
	struct parsing *p;

	*out = NULL;
	if (json_parse(&parser, text, &json, e) < 0) {
		err_wrap(e, "its schema");
	} else {
		p = memory_new(struct parsing);
		p->arena = arena;
		p->e = e;
		*out = parse(p, &json, 0);
		memory_free(p);
	}
	json_parser_release(&parser);
	return *out != NULL ? 0 : -1;
}

int64_t avro_read_long(struct reader *r)
{
	uint64_t v = reader_varint(r);

	return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

struct bytes avro_read_bytes(struct reader *r)
{
	int64_t size = avro_read_long(r);

	if (size < 0 || (uint64_t)size > reader_left(r)) {
		r->short_read = true;
		size = 0;
	}
	return reader_bytes(r, (size_t)size);
}

uint64_t avro_read_count(struct reader *r)
{
	int64_t count = avro_read_long(r);
	uint64_t size = count < 0 ? 0 - (uint64_t)count : (uint64_t)count;

	if (count < 0)
		avro_read_long(r);
	if (size > reader_left(r)) {
		r->short_read = true;
		return 0;
	}
	return size;
}

static void skip_items(struct reader *r, const struct avro_type *type)
{
	uint64_t count;

	while ((count = avro_read_count(r)) > 0) {
		for (; count > 0 && !r->short_read; count--) {
			if (type->kind == AVRO_MAP)
				avro_read_bytes(r);
			avro_skip(r, type->items);
		}
	}
}

static void skip_union(struct reader *r, const struct avro_type *type)
{
	int64_t branch = avro_read_long(r);

	if (branch < 0 || branch >= type->field_count)
		r->short_read = true;
	else
		avro_skip(r, type->fields[branch].type);
}

void avro_skip(struct reader *r, const struct avro_type *type)
{
	if (type->bytes_min == 0) /* of null, of nothing else: however many there are */
		return;
	switch (type->kind) {
	case AVRO_NULL:
		break;
	case AVRO_INT:
	case AVRO_LONG:
	case AVRO_ENUM:
		avro_read_long(r);
		break;
	case AVRO_BYTES:
	case AVRO_STRING:
		avro_read_bytes(r);
		break;
	case AVRO_BOOLEAN:
	case AVRO_FLOAT:
	case AVRO_DOUBLE:
	case AVRO_FIXED:
		reader_skip(r, type->bytes_min);
		break;
	case AVRO_RECORD:
		for (uint32_t i = 0; i < type->field_count && !r->short_read; i++)
			avro_skip(r, type->fields[i].type);
		break;
	case AVRO_ARRAY:
	case AVRO_MAP:
		skip_items(r, type);
		break;
	case AVRO_UNION:
		skip_union(r, type);
		break;
	case AVRO_KINDS:
		assert(false);
	}
}

void avro_put_long(struct buffer *out, int64_t v)
{
	buffer_varint(out, (uint64_t)v << 1 ^ (0 - (uint64_t)(v < 0)));
}

void avro_put_bytes(struct buffer *out, struct bytes v)
{
	avro_put_long(out, (int64_t)v.size);
	buffer_bytes_append(out, v);
}
