/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot before its commit: deletes, manifests and the manifest list are written and durable, nothing names them yet
 * (spec, "Snapshots", "Manifest Lists"). Manifests with files that change are written anew, the others stay as they are;
 * more than DRAFT_MANIFESTS_MAX of a content are put together.
 */
#ifndef TABLE_ICEBERG_DRAFT_H
#define TABLE_ICEBERG_DRAFT_H

#include "table/deletion_vector.h"
#include "table/iceberg/live.h"

#define DRAFT_MANIFESTS_MAX       100            /* commit.manifest.min-count-to-merge */
#define DRAFT_MANIFEST_BYTES_MAX  ((int64_t)8 << 20) /* commit.manifest.target-size-bytes; of what is put together */

struct draft_added {
	const char *path;  /* a URI */
	uint64_t size_bytes, row_count;
	const char *stats; /* of table/stats.h, or NULL */
	int32_t spec_id;   /* one of the table's */
	struct iceberg_values partition; /* of that spec's fields */
	const struct row_set *dead; /* rows that are deleted already; NULL: none */
};

struct draft_deleted {
	uint32_t file; /* number in live.files */
	const struct row_set *rows; /* all that are deleted of it, at least one */
};

/* What the snapshot does; everything is borrowed until the draft is freed. No file is in two of the lists. */
struct draft_edit {
	const struct draft_added *added;
	uint32_t added_count;
	const uint32_t *removed; /* numbers in live.files */
	uint32_t removed_count;
	const struct draft_deleted *deleted;
	uint32_t deleted_count;
	bool keeps_rows; /* the same rows in other files: operation "replace" */
	struct schema *schema; /* current with this commit */
	int32_t schema_id;
	int64_t time_ms;      /* of what it repeats, which may have been long ago; 0: it is made now */
	int64_t row_ids_from; /* new ids are not below: added files bring lower ones along; 0 is fine */
	const struct iceberg_pair *summary; /* beside what is counted */
	uint32_t summary_count;
};

struct draft;

/*
 * Follows `base`, whose current snapshot's files are `live` (both borrowed until the draft is freed). Data files are durable
 * before. ERR_DATA: a manifest that is written anew is damaged, deletes do not fit their file.
 */
int draft_write(struct draft **out, const struct iceberg_places *p, const struct iceberg_metadata *base,
		const struct live *live, const struct draft_edit *edit, int64_t now_ms, struct err *e);
/* For the change set; lives as long as the draft. */
const struct iceberg_snapshot *draft_snapshot(const struct draft *d);
/* It was committed: `live`, the one that it was made of, becomes that of the snapshot. */
void draft_settle(struct draft *d, struct live *live);
/* It lost the race, and nothing names its objects: they are removed as far as that works. */
void draft_discard(struct draft *d);
void draft_free(struct draft *d); /* NULL is fine */
/* Whether an object with this key is named as a draft's objects are: list, manifest or deletes. */
bool draft_is_key(const char *key);

#endif
