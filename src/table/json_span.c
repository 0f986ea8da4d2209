/* SPDX-License-Identifier: Apache-2.0 */
#include "table/json_span.h"

#include <string.h>

static size_t skip_space(struct bytes t, size_t at)
{
	while (at < t.size && memchr(" \t\r\n", t.data[at], 4) != NULL)
		at++;
	return at;
}

/* Past the string that starts at `at` with its quote. */
static size_t skip_string(struct bytes t, size_t at)
{
	for (at++; at < t.size && t.data[at] != '"'; at++) {
		if (t.data[at] == '\\')
			at++;
	}
	return at < t.size ? at + 1 : t.size;
}

/* Past the value at `at`: to the comma or bracket that ends it at its own depth. */
static size_t skip_value(struct bytes t, size_t at)
{
	size_t depth = 0;

	while (at < t.size) {
		uint8_t c = t.data[at];

		if (c == '"') {
			at = skip_string(t, at);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			return at;
		if (c == '}' || c == ']')
			depth--;
		at++;
	}
	return t.size;
}

bool json_span_find(struct bytes object, const char *key, struct bytes *value)
{
	size_t size = strlen(key), at = skip_space(object, 0), start, end;

	if (at >= object.size || object.data[at] != '{')
		return false;
	for (at++;; at = end + 1) {
		bool is_it;

		start = skip_space(object, at);
		if (start >= object.size || object.data[start] != '"')
			return false;
		end = skip_string(object, start);
		is_it = end - start == size + 2 &&
			memcmp(object.data + start + 1, key, size) == 0;
		at = skip_space(object, end);
		if (at >= object.size || object.data[at] != ':')
			return false;
		start = skip_space(object, at + 1);
		end = skip_value(object, start);
		if (is_it)
			break;
		if (end >= object.size || object.data[end] != ',')
			return false;
	}
	while (end > start && memchr(" \t\r\n", object.data[end - 1], 4) != NULL)
		end--;
	*value = (struct bytes){ object.data + start, end - start };
	return true;
}
