/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a JSON object as the spec demands them: there, of their type, in range. A null is as good as none. */
#ifndef TABLE_ICEBERG_MEMBER_H
#define TABLE_ICEBERG_MEMBER_H

#include "base/err.h"
#include "base/json.h"

static inline bool is_given(const struct json_value *v)
{
	return v->type != JSON_NULL;
}

/*
 * Each is about the member `name`, whose value is `v`: ERR_DATA when it is missing or something else, and then `out` is as
 * it was. Texts live as long as the parsed JSON and have no NUL inside.
 */
int need_text(const char **out, const struct json_value *v, const char *name, struct err *e);
int need_long(int64_t *out, const struct json_value *v, const char *name, struct err *e);
/* From 0 on, and far from the end. */
int need_count(int64_t *out, const struct json_value *v, const char *name, struct err *e);
int need_int(int32_t *out, const struct json_value *v, const char *name, struct err *e); /* from 0 on */
/* A list or an object of at most `count_max` elements. */
int need_list(const struct json_value *v, enum json_type type, size_t count_max, const char *name, struct err *e);

#endif
