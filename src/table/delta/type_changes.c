/* SPDX-License-Identifier: Apache-2.0 */
#include "table/delta/type_changes.h"

#include <string.h>

#include "base/memory.h"

json_t *type_changes_open(const char *schema_string)
{
	json_t *root = schema_string != NULL ? json_loads(schema_string, 0, NULL) : NULL;
	json_t *fields = json_incref(json_object_get(root, "fields"));

	json_decref(root);
	return fields;
}

static json_t *find(json_t *fields, const char *name)
{
	for (size_t i = 0; i < json_array_size(fields); i++) {
		json_t *field = json_array_get(fields, i);
		const char *other = json_string_value(json_object_get(field, "name"));

		if (other != NULL && strcmp(other, name) == 0)
			return field;
	}
	return NULL;
}

bool type_changes_format(struct buffer *out, json_t *fields, const char *name, const char *type)
{
	json_t *field = find(fields, name), *was = json_object_get(field, "type");
	json_t *is = json_loads(type, JSON_DECODE_ANY, NULL);
	json_t *changes = json_deep_copy(json_object_get(json_object_get(field, "metadata"), TYPE_CHANGES));
	char *text;

	if (changes == NULL)
		changes = json_array();
	if (json_is_string(was) && !json_equal(was, is))
		json_array_append_new(changes, json_pack("{s:O, s:O}", "fromType", was, "toType", is));
	json_decref(is);
	if (json_array_size(changes) == 0) {
		json_decref(changes);
		return false;
	}
	text = json_dumps(changes, JSON_COMPACT);
	buffer_text(out, ",\"" TYPE_CHANGES "\":");
	buffer_text(out, text);
	memory_free(text);
	json_decref(changes);
	return true;
}
