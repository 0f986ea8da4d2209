/* SPDX-License-Identifier: Apache-2.0 */
/* The manifests of one snapshot (spec, "Manifest Lists"). */
#ifndef TABLE_ICEBERG_MANIFEST_LIST_H
#define TABLE_ICEBERG_MANIFEST_LIST_H

#include "store/store.h"
#include "table/iceberg/tuple.h"

enum iceberg_content {
	ICEBERG_DATA,
	ICEBERG_POSITION_DELETES, /* of a manifest: deletes of any kind */
	ICEBERG_EQUALITY_DELETES,
};

/* In the order of the spec's fields; empty where it has none or nobody wrote them. */
struct iceberg_summaries {
	struct iceberg_summary *items;
	uint32_t count;
};

/* One row. It owns what it points to; -1 and NULL are null. */
struct iceberg_manifest {
	char *path;	/* an absolute URI */
	int64_t length; /* bytes */
	int32_t spec_id;
	enum iceberg_content content;		      /* DATA or POSITION_DELETES */
	int64_t sequence_number, min_sequence_number; /* -1: not yet in a list */
	int64_t added_snapshot_id;
	int32_t added_files, existing_files, deleted_files; /* -1: not told (version 1) */
	int64_t added_rows, existing_rows, deleted_rows;
	struct iceberg_summaries partitions;
	struct buffer key_metadata;
	int64_t first_row_id; /* -1: null */
};

struct iceberg_manifests {
	struct iceberg_manifest *items;
	uint32_t count;
};

void iceberg_manifest_init(struct iceberg_manifest *m); /* all null or empty, of data */
void iceberg_manifest_release(struct iceberg_manifest *m); /* as init leaves it */
/* A deep copy into one that is released or new. */
void iceberg_manifest_copy(struct iceberg_manifest *out,
			   const struct iceberg_manifest *m);
void iceberg_manifests_release(struct iceberg_manifests *m);

/*
 * What a commit gives the manifests that are new in it: its sequence number, and in
 * version 3 (`next_row_id` not NULL) to those of data a range of row ids from
 * `*next_row_id` on, which is moved behind all of them ("First Row ID Assignment"). What
 * has been given is kept: a commit that lost the race copies its manifests anew before.
 * ERR_DATA: there are no more ids.
 */
int iceberg_manifests_assign(struct iceberg_manifests *m, int64_t sequence_number,
			     int64_t *next_row_id, struct err *e);

struct iceberg_snapshot_ids {		/* the list's key-values */
	int64_t snapshot_id, parent_id; /* parent -1: none */
	int64_t sequence_number;
	int64_t first_row_id; /* version 3: the snapshot's; -1: null */
};

/*
 * Appends the list's bytes to `out`, which must be empty; version 2 or 3. Same manifests,
 * same bytes. ERR_DATA: a manifest has no counts (it came from a table of version 1).
 */
int iceberg_manifest_list_write(struct buffer *out, int version,
				const struct iceberg_snapshot_ids *ids,
				const struct iceberg_manifests *manifests, struct err *e);
/*
 * Of any version; where one has no sequence numbers they are 0. At most 100,000. `out` is
 * released by the caller after success. ERR_DATA names the object, the block and the
 * field.
 */
int iceberg_manifest_list_read(struct iceberg_manifests *out, struct store *store,
			       const char *key, struct err *e);

#endif
