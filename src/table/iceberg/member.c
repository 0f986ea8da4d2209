/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/member.h"

#include <string.h>

#include "base/text.h"

#define COUNT_MAX (INT64_C(1) << 62)

static int wrong(const struct json_value *v, const char *name, const char *wanted, struct err *e)
{
	if (!is_given(v))
		return err_set(e, ERR_DATA, "\"%s\" is missing", name);
	if (v->type == JSON_NUMBER)
		return err_set(e, ERR_DATA, "\"%s\" is %.*s, not %s", name,
			       (int)(v->text.size < 40 ? v->text.size : 40), (const char *)v->text.data, wanted);
	return err_set(e, ERR_DATA, "\"%s\" is %s, not %s", name, json_type_name(v->type), wanted);
}

int need_text(const char **out, const struct json_value *v, const char *name, struct err *e)
{
	if (v->type != JSON_STRING)
		return wrong(v, name, "a text", e);
	if (strlen((const char *)v->text.data) != v->text.size)
		return err_set(e, ERR_DATA, "\"%s\" has a NUL in it", name);
	*out = (const char *)v->text.data;
	return 0;
}

int need_long(int64_t *out, const struct json_value *v, const char *name, struct err *e)
{
	if (v->type != JSON_NUMBER || !text_parse_int(v->text, out))
		return wrong(v, name, "a whole number of 64 bits", e);
	return 0;
}

int need_count(int64_t *out, const struct json_value *v, const char *name, struct err *e)
{
	int64_t number;

	if (v->type != JSON_NUMBER || !text_parse_int(v->text, &number) || number < 0 || number > COUNT_MAX)
		return wrong(v, name, "a whole number from 0 to 2^62", e);
	*out = number;
	return 0;
}

int need_int(int32_t *out, const struct json_value *v, const char *name, struct err *e)
{
	int64_t number;

	if (v->type != JSON_NUMBER || !text_parse_int(v->text, &number) || number < 0 || number > INT32_MAX)
		return wrong(v, name, "a whole number from 0 to 2147483647", e);
	*out = (int32_t)number;
	return 0;
}

int need_list(const struct json_value *v, enum json_type type, size_t count_max, const char *name, struct err *e)
{
	if (v->type != type)
		return wrong(v, name, json_type_name(type), e);
	if (json_count(v) > count_max)
		return err_set(e, ERR_DATA, "\"%s\" has %zu entries, more than %zu", name, json_count(v), count_max);
	return 0;
}
