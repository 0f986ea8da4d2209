/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/places.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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

	if (path == uri && strstr(uri, "://") != NULL)
		return err_set(e, ERR_CONFIG, "its file \"%s\" does not lie in a local folder: tailrace reads and writes no others, also "
			       "where a catalog gives credentials for them", uri);
	if (strncmp(path, root, size) != 0 || path[size] != '/' || !store_key_is_safe(path + size + 1))
		return err_set(e, ERR_CONFIG, "its file \"%s\" does not lie in \"%s\": Iceberg's paths are absolute; was the directory "
			       "moved, or is it another one's table?", uri, root_uri);
	*key = path + size + 1;
	return 0;
}

bool places_equal(const char *a, const char *b)
{
	return strcmp(path_of(a), path_of(b)) == 0;
}

int places_root(char **uri, struct store *store, struct err *e)
{
	char *path = store->ops->local_path(store, ""), *whole = NULL;
	struct buffer out = { 0 };
	size_t size = path != NULL ? strlen(path) : 0, kept;

	while (size > 1 && path[size - 1] == '/')
		path[--size] = 0;
	/* the folders above that are there are named as the system knows them */
	for (kept = size; kept > 0 && whole == NULL; kept -= whole == NULL) {
		char last = path[kept];

		if (last != '/' && kept != size)
			continue;
		path[kept] = 0;
		whole = realpath(path, NULL);
		path[kept] = last;
	}
	if (whole == NULL) {
		memory_free(path);
		return err_set(e, ERR_CONFIG, "Iceberg: the lake has no path of its own, by which metadata could name its files");
	}
	buffer_format(&out, "file://%s%s", strcmp(whole, "/") != 0 ? whole : "", path + kept);
	free(whole);
	memory_free(path);
	*uri = memory_copy_text(buffer_string(&out));
	buffer_release(&out);
	return 0;
}
