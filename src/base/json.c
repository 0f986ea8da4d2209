/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yyjson reads in place and keeps numbers raw. Its memory comes from a pool that lives as long as the parser: twelve times
 * the text at worst, which is too much for large ones.
 */
#include "base/json.h"

#include <string.h>
#include <yyjson.h>

#include "base/text.h"

#define READ_FLAGS (YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW)

#define POOLED_BYTES_MAX ((size_t)64 << 10)

/* What a large text took is not kept. */
static void forget_large(struct json_parser *p)
{
	if (p->large == NULL)
		return;
	yyjson_doc_free(p->large);
	p->large = NULL;
	buffer_release(&p->text);
}

void json_parser_release(struct json_parser *p)
{
	forget_large(p);
	buffer_release(&p->text);
	buffer_release(&p->pool);
}

static void value_of(yyjson_val *v, struct json_value *out)
{
	out->node = v;
	out->text = (struct bytes){ NULL, 0 };
	switch (unsafe_yyjson_get_type(v)) {
	case YYJSON_TYPE_STR:
		out->type = JSON_STRING;
		break;
	case YYJSON_TYPE_RAW:
		out->type = JSON_NUMBER;
		break;
	case YYJSON_TYPE_OBJ:
		out->type = JSON_OBJECT;
		return;
	case YYJSON_TYPE_ARR:
		out->type = JSON_ARRAY;
		return;
	case YYJSON_TYPE_BOOL:
		out->type = unsafe_yyjson_get_bool(v) ? JSON_TRUE : JSON_FALSE;
		return;
	default:
		out->type = JSON_NULL;
		return;
	}
	out->text = (struct bytes){ (const uint8_t *)unsafe_yyjson_get_str(v), unsafe_yyjson_get_len(v) };
}

static yyjson_doc *read_pooled(struct json_parser *p, size_t size, yyjson_read_err *why)
{
	yyjson_alc pool;

	buffer_reserve(&p->pool, yyjson_read_max_memory_usage(size, READ_FLAGS));
	yyjson_alc_pool_init(&pool, p->pool.data, p->pool.capacity);
	return yyjson_read_opts((char *)p->text.data, size, READ_FLAGS, &pool, why);
}

int json_parse(struct json_parser *p, struct bytes text, struct json_value *out, struct err *e)
{
	bool is_large = text.size > POOLED_BYTES_MAX;
	yyjson_read_err why;
	yyjson_doc *doc;

	if (text.size > JSON_BYTES_MAX)
		return err_set(e, ERR_DATA, "%zu bytes of JSON are more than %zu", text.size, JSON_BYTES_MAX);
	forget_large(p);
	buffer_clear(&p->text);
	buffer_reserve(&p->text, text.size + YYJSON_PADDING_SIZE);
	buffer_bytes_append(&p->text, text);
	memset(p->text.data + text.size, 0, YYJSON_PADDING_SIZE);
	doc = is_large ? yyjson_read_opts((char *)p->text.data, text.size, READ_FLAGS, NULL, &why) :
			 read_pooled(p, text.size, &why);
	if (doc == NULL && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
		return err_set(e, ERR_IO, "no memory for %zu bytes of JSON", text.size);
	if (doc == NULL)
		return err_set(e, ERR_DATA, "not JSON: %s at byte %zu", why.msg, why.pos);
	p->large = is_large ? doc : NULL;
	value_of(yyjson_doc_get_root(doc), out);
	return 0;
}

size_t json_offset(const struct json_parser *p, struct bytes string)
{
	return (size_t)(string.data - p->text.data);
}

struct json_cursor json_open(const struct json_value *v)
{
	yyjson_val *node = (yyjson_val *)v->node;

	if (v->type != JSON_OBJECT && v->type != JSON_ARRAY)
		return (struct json_cursor){ 0 };
	return (struct json_cursor){ unsafe_yyjson_get_first(node), unsafe_yyjson_get_len(node),
				     v->type == JSON_OBJECT };
}

size_t json_count(const struct json_value *v)
{
	return json_open(v).left;
}

bool json_next(struct json_cursor *c, struct bytes *name, struct json_value *out)
{
	yyjson_val *v = (yyjson_val *)c->node;

	if (c->left == 0)
		return false;
	c->left--;
	if (c->is_object) {
		if (name != NULL)
			*name = (struct bytes){ (const uint8_t *)unsafe_yyjson_get_str(v),
						unsafe_yyjson_get_len(v) };
		v++;
	}
	value_of(v, out);
	if (c->left > 0)
		c->node = unsafe_yyjson_get_next(v);
	return true;
}

/* Short names, without a call. */
static inline bool is_name(const char *text, size_t size, struct bytes name)
{
	uint64_t a[2], b[2];
	uint32_t c[2], d[2];

	if (size != name.size || *text != *name.data)
		return false;
	if (size < 4 || size > 16)
		return memcmp(text, name.data, size) == 0;
	if (size < 8) {
		memcpy(&c[0], text, 4);
		memcpy(&d[0], name.data, 4);
		memcpy(&c[1], text + size - 4, 4);
		memcpy(&d[1], name.data + size - 4, 4);
		return c[0] == d[0] && c[1] == d[1];
	}
	memcpy(&a[0], text, 8);
	memcpy(&b[0], name.data, 8);
	memcpy(&a[1], text + size - 8, 8);
	memcpy(&b[1], name.data + size - 8, 8);
	return a[0] == b[0] && a[1] == b[1];
}

/* Mostly it is the one behind the last. names->count: none. */
static unsigned find_name(const struct member_names *names, yyjson_val *name, unsigned hint)
{
	const char *text = unsafe_yyjson_get_str(name);
	size_t size = unsafe_yyjson_get_len(name);
	unsigned at = hint;

	for (unsigned i = 0; i < names->count; i++, at++) {
		at = at < names->count ? at : 0;
		if (is_name(text, size, names->names[at]))
			return at;
	}
	return names->count;
}

int json_members(const struct json_value *object, const char *what, const struct member_names *names,
		 struct json_value *got, struct err *e)
{
	struct json_cursor members = json_open(object);
	yyjson_val *name = (yyjson_val *)members.node;
	uint32_t seen = 0;
	unsigned hint = 0;

	memset(got, 0, names->count * sizeof(*got));
	for (size_t left = members.left; left > 0; left--) {
		unsigned at = find_name(names, name, hint);

		if (at < names->count && (seen >> at & 1) != 0)
			return err_set(e, ERR_DATA, "\"%s\" stands in %s twice", unsafe_yyjson_get_str(name), what);
		if (at < names->count) {
			seen |= 1u << at;
			value_of(name + 1, &got[at]);
			hint = at + 1;
		}
		name = left > 1 ? unsafe_yyjson_get_next(name + 1) : name;
	}
	return 0;
}

#define NUMBER_BYTES_MAX 40u

bool json_read_double(struct bytes number, double *out)
{
	char copy[NUMBER_BYTES_MAX + 1];
	const char *end;
	yyjson_val v;

	if (number.size == 0 || number.size > NUMBER_BYTES_MAX)
		return false;
	memcpy(copy, number.data, number.size);
	copy[number.size] = '\0';
	end = yyjson_read_number(copy, &v, 0, NULL, NULL);
	if (end != copy + number.size)
		return false;
	*out = unsafe_yyjson_get_num(&v);
	return *out != 0; /* -0 was an integer */
}

bool json_get(const struct json_value *object, const char *name, struct json_value *out)
{
	struct json_cursor c = json_open(object);
	struct bytes wanted = bytes_of_text(name), at;

	while (object->type == JSON_OBJECT && json_next(&c, &at, out)) {
		if (bytes_equal(at, wanted))
			return true;
	}
	*out = (struct json_value){ .type = JSON_NULL };
	return false;
}

const char *json_get_text(const struct json_value *object, const char *name)
{
	struct json_value v;

	return json_get(object, name, &v) && v.type == JSON_STRING ? (const char *)v.text.data : NULL;
}

int64_t json_get_int(const struct json_value *object, const char *name)
{
	struct json_value v;
	int64_t number = 0;

	if (json_get(object, name, &v))
		(void)text_parse_int(v.text, &number);
	return number;
}

bool json_is_text(const struct json_value *v, const char *text)
{
	return v->type == JSON_STRING && bytes_equal(v->text, bytes_of_text(text));
}

static bool write_value(struct buffer *out, const struct json_value *v, unsigned depth);

static bool write_inside(struct buffer *out, const struct json_value *v, unsigned depth)
{
	struct json_cursor c = json_open(v);
	struct json_value inner;
	struct bytes name;
	bool is_first = true;

	if (depth >= JSON_DEPTH_MAX)
		return false;
	buffer_char(out, c.is_object ? '{' : '[');
	while (json_next(&c, &name, &inner)) {
		if (!is_first)
			buffer_char(out, ',');
		is_first = false;
		if (c.is_object) {
			text_json(out, name);
			buffer_char(out, ':');
		}
		if (!write_value(out, &inner, depth + 1))
			return false;
	}
	buffer_char(out, v->type == JSON_OBJECT ? '}' : ']');
	return true;
}

static bool write_value(struct buffer *out, const struct json_value *v, unsigned depth)
{
	switch (v->type) {
	case JSON_ARRAY:
	case JSON_OBJECT:
		return write_inside(out, v, depth);
	case JSON_STRING:
		text_json(out, v->text);
		return true;
	case JSON_NUMBER:
		buffer_bytes_append(out, v->text);
		return true;
	default:
		buffer_text(out, v->type == JSON_NULL ? "null" : v->type == JSON_TRUE ? "true" : "false");
		return true;
	}
}

bool json_write(struct buffer *out, const struct json_value *v)
{
	return write_value(out, v, 0);
}

const char *json_type_name(enum json_type t)
{
	static const char *const names[JSON_TYPES] = {
		[JSON_NULL] = "null",     [JSON_FALSE] = "a boolean", [JSON_TRUE] = "a boolean",
		[JSON_NUMBER] = "a number", [JSON_STRING] = "a text", [JSON_ARRAY] = "a list",
		[JSON_OBJECT] = "an object",
	};

	return names[t];
}
