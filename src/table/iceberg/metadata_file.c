/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/metadata_file.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"
#include "table/iceberg/places.h"

#define DELETE_KEY "write.metadata.delete-after-commit.enabled"

int metadata_file_key(struct buffer *out, const struct metadata_place *p, const char *uri,
		      struct err *e)
{
	const char *key;

	if (places_key(&key, p->location, uri, e) < 0)
		return -1;
	buffer_text(out, key);
	return 0;
}

int metadata_file_parse(struct catalog_version *out, struct bytes text, const char *uri,
			struct err *e)
{
	struct iceberg_metadata *m;

	if (iceberg_metadata_parse(&m, text, e) < 0)
		return err_wrap(e, "metadata file \"%s\"", uri);
	*out = (struct catalog_version){ .metadata = m, .path = memory_copy_text(uri), .digest = XXH3_64bits(text.data, text.size) };
	return 0;
}

int metadata_file_read(struct catalog_version *out, const struct metadata_place *p,
		       const char *uri, struct err *e)
{
	struct buffer key = { 0 }, text = { 0 };
	uint64_t size;
	int rc = metadata_file_key(&key, p, uri, e);

	if (rc == 0)
		rc = p->store->ops->size(p->store, buffer_string(&key), &size, e);
	if (rc == 0 && size > ICEBERG_METADATA_BYTES_MAX)
		rc = err_set(e, ERR_DATA,
			     "metadata file \"%s\" has %" PRIu64
			     " bytes, the most is %zu",
			     uri, size, ICEBERG_METADATA_BYTES_MAX);
	if (rc == 0)
		rc = store_get(p->store, buffer_string(&key), 0, 0, &text, e);
	if (rc == 0)
		rc = metadata_file_parse(out, buffer_bytes(&text), uri, e);
	buffer_release(&key);
	buffer_release(&text);
	return rc;
}

static bool is_logged(const struct iceberg_metadata *m, const char *path)
{
	for (uint32_t i = 0; i < m->metadata_log_count; i++) {
		if (strcmp(m->metadata_log[i].path, path) == 0)
			return true;
	}
	return false;
}

void metadata_file_clean(const struct metadata_place *p,
			 const struct iceberg_metadata *before,
			 const struct iceberg_metadata *after)
{
	const char *wish = iceberg_metadata_property(after, DELETE_KEY);

	if (wish != NULL && strcmp(wish, "false") == 0)
		return;
	for (uint32_t i = 0; i < before->metadata_log_count; i++) {
		const char *path = before->metadata_log[i].path;
		struct buffer key = { 0 };
		struct err ignored = ERR_INIT;

		if (!is_logged(after, path) &&
		    metadata_file_key(&key, p, path, &ignored) == 0)
			store_remove(p->store, buffer_string(&key), &ignored);
		buffer_release(&key);
	}
}
