/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/invalid_values.h"

#include <jansson.h>

#define INVALID_KEY "_tailrace/invalid.json"

static int describe_column(struct buffer *out, const char *name, const json_t *entry, struct err *e)
{
	const json_t *count = json_object_get(entry, "count");
	const char *first = json_string_value(json_object_get(entry, "first"));
	const char *value = json_string_value(json_object_get(entry, "value"));

	if (!json_is_integer(count))
		return err_set(e, ERR_DATA, "\"%s\": column \"%s\" has no count", INVALID_KEY, name);
	buffer_format(out, "  %s: %lld became NULL", name, (long long)json_integer_value(count));
	if (first != NULL)
		buffer_format(out, ", the first at %s", first);
	if (value != NULL)
		buffer_format(out, " (%s)", value);
	buffer_char(out, '\n');
	return 0;
}

int invalid_values_describe(struct buffer *out, struct store *table, struct err *e)
{
	struct buffer text = { 0 };
	json_t *all = NULL, *entry;
	json_error_t reason;
	const char *name;
	int rc = table->ops->get(table, INVALID_KEY, 0, 0, &text, e);

	if (rc == 0) {
		all = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &reason);
		if (!json_is_object(all))
			rc = err_set(e, ERR_DATA, "\"%s\" is damaged", INVALID_KEY);
	}
	if (rc == 0) {
		json_object_foreach(all, name, entry) {
			rc = describe_column(out, name, entry, e);
			if (rc < 0)
				break;
		}
	}
	json_decref(all);
	buffer_release(&text);
	return rc < 0 ? -1 : 0;
}
