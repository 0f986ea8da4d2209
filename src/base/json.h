/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON text (RFC 8259) taken apart, numbers as they are written. What a member is called twice is for the reader of
 * the object to find.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/bytes.h"
#include "base/err.h"

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
	JSON_TYPES,
};

struct json_value {
	enum json_type type;
	struct bytes text; /* a string's characters (UTF-8, a NUL behind them), a number's digits; else empty */
	const void *node;
};

/* The memory of one text at a time. A zeroed one is valid. */
struct json_parser {
	struct buffer text; /* the text, its strings unescaped in place */
	struct buffer pool; /* yyjson's memory for texts that are not large */
	void *large;        /* yyjson's document of a large one, or NULL */
};

#define JSON_BYTES_MAX ((size_t)64 << 20)
#define JSON_DEPTH_MAX 64u

void json_parser_release(struct json_parser *p);
/* What `out` points to is valid until the next parse. ERR_DATA says what is wrong, and at which byte. */
int json_parse(struct json_parser *p, struct bytes text, struct json_value *out, struct err *e);
/* Where a string's first character stood in the text that was parsed. */
size_t json_offset(const struct json_parser *p, struct bytes string);

/* Walks through the members of an object or the elements of an array; anything else has none. */
struct json_cursor {
	const void *node;
	size_t left;
	bool is_object;
};

struct json_cursor json_open(const struct json_value *v);
size_t json_count(const struct json_value *v);
/* false at the end. `name` may be NULL; an element of an array has none. */
bool json_next(struct json_cursor *c, struct bytes *name, struct json_value *out);
/* The names of an object's members, in the order in which they mostly come. */
struct member_names {
	unsigned count;
	struct bytes names[32];
};

/*
 * got[i] is the object's member names[i], or a null; what has another name is passed over. ERR_DATA: a name that stands in
 * it twice; `what` is the object's own.
 */
int json_members(const struct json_value *object, const char *what, const struct member_names *names,
		 struct json_value *got, struct err *e);
/* The first member of this name; false, and `out` a null, when there is none. */
bool json_get(const struct json_value *object, const char *name, struct json_value *out);
/* The member's text when it is a string, and NULL. */
const char *json_get_text(const struct json_value *object, const char *name);
/* The member when it is an integer, also one in a string; otherwise 0. */
int64_t json_get_int(const struct json_value *object, const char *name);
/* The double next to a number as JSON writes it. false: not so, strtod will know more. */
bool json_read_double(struct bytes number, double *out);
bool json_is_text(const struct json_value *v, const char *text);

/* Appends the value without white space. false when it is deeper than JSON_DEPTH_MAX. */
bool json_write(struct buffer *out, const struct json_value *v);

const char *json_type_name(enum json_type t);

#endif
