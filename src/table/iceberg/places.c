/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/places.h"

#include <string.h>

void places_uri(struct buffer *out, const char *root_uri, const char *key)
{
	buffer_text(out, root_uri);
	buffer_char(out, '/');
	buffer_text(out, key);
}

/* Java writes "file:/a" for "file:///a". */
static const char *path_of(const char *uri)
{
	if (strncmp(uri, "file:", 5) != 0)
		return uri;
	return strncmp(uri, "file:///", 8) == 0 ? uri + 7 : uri + 5;
}

int places_key(const char **key, const char *root_uri, const char *uri, struct err *e)
{
	const char *root = path_of(root_uri), *path = path_of(uri);
	size_t size = strlen(root);

	if (strncmp(path, root, size) != 0 || path[size] != '/' || !store_key_is_safe(path + size + 1))
		return err_set(e, ERR_CONFIG, "it names \"%s\", which is not below \"%s\": Iceberg's metadata has absolute paths, and "
			       "this folder was moved or copied", uri, root_uri);
	*key = path + size + 1;
	return 0;
}
