/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the newest metadata of one table is found, and how the next is put in its place:
 * a plain directory, the tables of a JDBC catalog in SQLite or PostgreSQL, or a REST
 * catalog. One object, one table, one thread at a time.
 *
 * Nothing is ever deleted because of an outcome that is not known.
 */
#ifndef TABLE_ICEBERG_CATALOG_H
#define TABLE_ICEBERG_CATALOG_H

#include "store/store.h"
#include "table/iceberg/change_set.h"
#include "table/table.h"

struct catalog;

/*
 * Everything is borrowed: the store and its location for as long as the catalog is open,
 * the rest until it is opened.
 */
struct catalog_settings {
	/*
	 * NULL or "": the table's own directory. Else one of these, with parameters
	 * behind a '?' (NAME=VALUE, joined by '&', percent-encoded):
	 *
	 * sqlite:///path/of/catalog.db
	 *     catalog (catalog_name of its rows, "tailrace")
	 * postgresql://user@host:port/database
	 *     the same, password, and libpq's: sslmode, sslrootcert, host=/run/..., ...
	 * https://host/path and http://
	 *     warehouse, prefix, token, credential (ID:SECRET), scope,
	 *     oauth2-server-uri, ca-file
	 *
	 * password, token and credential are named, not written out: file:PATH or env:NAME.
	 */
	const char *url;
	const char *namespace; /* levels are separated by '.' */
	const char *name;
	/* Holds the metadata files: of a directory, the table's folder; NULL for REST. */
	struct store *store;
	const char *location; /* URI of the store's root, without a slash at its end */
	/* Of a directory: a hint that a killed writer did not get to is written when the table is loaded. */
	bool mends;
};

/* The table at one of its commits. */
struct catalog_version {
	struct iceberg_metadata *metadata;
	char *path; /* URI of the metadata file; "" when a REST catalog does not tell */
	uint64_t digest; /* of the file's bytes; of a REST catalog's 0 */
};

/* A zeroed one is fine; leaves a zeroed one. */
void catalog_version_release(struct catalog_version *v);

/*
 * Connects to nothing that it can do without yet. ERR_CONFIG: a URL, a parameter or a
 * name that is none; a secret that is not to be had.
 */
int catalog_open(struct catalog **out, const struct catalog_settings *s, struct err *e);
/*
 * The newest version, or 1: there is no such table. ERR_CONFIG: the table that was there
 * when this object last looked was dropped, dropped and made again, or moved; the catalog
 * refuses us. ERR_RETRY: it does not answer. ERR_DATA: with nonsense.
 */
int catalog_load(struct catalog *c, struct catalog_version *out, struct err *e);
/*
 * Makes the change set the next version after `base` (as load or commit gave it; NULL:
 * the set creates the table; a namespace that is not there is made before). COMMIT_DONE:
 * `out` is the new version. COMMIT_LOST: somebody else was before us; load again. When
 * the outcome is not known (the answer was lost, 5xx, a timeout), the table is loaded and
 * looked into a bounded number of times; then ERR_RETRY says that it may still have
 * happened.
 */
int catalog_commit(struct catalog *c, const struct catalog_version *base,
		   const struct iceberg_change_set *changes, struct catalog_version *out,
		   enum commit_result *result, struct err *e);
/*
 * Whether the catalog gives metadata the time of its newest snapshot, as Java's do: then none may be older than the metadata
 * before it.
 */
bool catalog_dates_metadata(const struct catalog *c);
void catalog_close(struct catalog *c); /* NULL is fine */

#endif
