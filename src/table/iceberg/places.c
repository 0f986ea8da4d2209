/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/places.h"

#include <string.h>

void places_uri(struct buffer *out, const char *root_uri, const char *key)
{
	buffer_text(out, root_uri);
	buffer_char(out, '/');
	buffer_text(out, key);
}

/* Where the path begins in a URI of a local file, "file:///a" or Java's "file:/a"; other URIs are compared as they are. */
static const char *path_of(const char *uri)
{
	if (strncmp(uri, "file:", 5) != 0)
		return uri;
	uri += 5;
	if (strncmp(uri, "//", 2) == 0) /* an authority: none, or localhost */
		uri += 2 + strcspn(uri + 2, "/");
	return uri;
}

int places_key(const char **key, const char *root_uri, const char *uri, struct err *e)
{
	const char *root = path_of(root_uri), *path = path_of(uri);
	size_t size = strlen(root);

	if (strncmp(path, root, size) != 0 || path[size] != '/' || !store_key_is_safe(path + size + 1))
		return err_set(e, ERR_CONFIG, "its file \"%s\" does not lie in \"%s\": Iceberg's paths are absolute; was the directory "
			       "moved, or is it another one's table?", uri, root_uri);
	*key = path + size + 1;
	return 0;
}
