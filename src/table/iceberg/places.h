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
 * the folder.
 */
int places_key(const char **key, const char *root_uri, const char *uri, struct err *e);

#endif
