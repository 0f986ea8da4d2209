/* SPDX-License-Identifier: Apache-2.0 */
/* Where a table's objects lie: Iceberg names them by absolute URIs, a store by keys. */
#ifndef TABLE_ICEBERG_PLACES_H
#define TABLE_ICEBERG_PLACES_H

#include "base/bytes.h"
#include "base/err.h"
#include "store/store.h"

/* Borrowed. URIs are of the stores' roots, without a slash at the end. */
struct iceberg_places {
	struct store *meta; /* manifests, lists, deletes: in its folder METADATA_FOLDER */
	const char *meta_uri;
	struct store *data; /* data files */
	const char *data_uri;
};

#define METADATA_FOLDER "metadata"

/* "uri/key", appended. */
void places_uri(struct buffer *out, const char *root_uri, const char *key);
/*
 * The key of a URI in the store whose root it is; points into `uri`. ERR_CONFIG: it lies elsewhere, as after somebody has moved
 * the folder, or in an object store.
 */
int places_key(const char **key, const char *root_uri, const char *uri, struct err *e);

/* "file:///…" of a store's root, whether or not that folder is there yet; the caller frees it. ERR_CONFIG: it has no paths of its own. */
int places_root(char **uri, struct store *store, struct err *e);
/* Two spellings of one place: file:///a, file:/a and /a. */
bool places_equal(const char *a, const char *b);

#endif
