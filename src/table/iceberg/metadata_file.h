/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata files of a table in a store, which names them by key, while catalogs and
 * metadata name them by URI.
 */
#ifndef TABLE_ICEBERG_METADATA_FILE_H
#define TABLE_ICEBERG_METADATA_FILE_H

#include "store/store.h"
#include "table/iceberg/catalog.h"

struct metadata_place {
	struct store *store;  /* borrowed */
	const char *location; /* URI of the store's root; borrowed */
};

/*
 * Appends the key of what lies at the URI. file:///a, file:/a and /a are the same.
 * ERR_CONFIG: it lies elsewhere: the directory was moved, or the catalog means another
 * one.
 */
int metadata_file_key(struct buffer *out, const struct metadata_place *p, const char *uri,
		      struct err *e);
/* The version whose file this is; 1: there is none. */
int metadata_file_read(struct catalog_version *out, const struct metadata_place *p,
		       const char *uri, struct err *e);
/* The version whose file has this text. */
int metadata_file_parse(struct catalog_version *out, struct bytes text, const char *uri,
			struct err *e);
/*
 * After a commit: removes the files that it dropped from the metadata's log, of which no
 * reader that begins now hears, unless write.metadata.delete-after-commit.enabled is
 * "false". What cannot be removed stays.
 */
void metadata_file_clean(const struct metadata_place *p,
			 const struct iceberg_metadata *before,
			 const struct iceberg_metadata *after);

#endif
