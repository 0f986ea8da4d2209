/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/invalid_values.h"

#include <jansson.h>

static int describe_column(struct buffer *out, const char *name, const json_t *entry, struct err *e)
{
	const json_t *count = json_object_get(entry, "count");
	const char *first = json_string_value(json_object_get(entry, "first"));
	const char *at = json_string_value(json_object_get(entry, "at"));

	if (!json_is_integer(count) || first == NULL || at == NULL)
		return err_set(e, ERR_DATA, "the position's count of invalid values in \"%s\" is damaged",
			       name);
	buffer_format(out, "  %s: %lld became NULL, the first at %s (%s)\n", name,
		      (long long)json_integer_value(count), at, first);
	return 0;
}

int invalid_values_describe(struct buffer *out, const char *position, struct err *e)
{
	json_t *root = json_loads(position, JSON_REJECT_DUPLICATES, NULL);
	json_t *entry;
	const char *name;
	int rc = json_is_object(root) ? 0 : err_set(e, ERR_DATA, "the table's position is damaged");

	json_object_foreach(json_object_get(root, "invalid"), name, entry) {
		if (rc == 0)
			rc = describe_column(out, name, entry, e);
	}
	json_decref(root);
	return rc;
}
