/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one commit does to a table's metadata, and what must still hold for it. A catalog that keeps metadata files applies
 * it to the newest and gets the next one's text; a REST catalog is sent the same as `requirements` and `updates`
 * (rest-catalog-open-api.yaml, CommitTableRequest), also when the table is made: so its column ids stay ours.
 *
 *     struct iceberg_change_set c;
 *     iceberg_change_set_init(&c, metadata);
 *     c.snapshot = &snapshot;
 *     rc = iceberg_change_set_apply(&text, &c, newest, newest_path, now_ms, e);
 */
#ifndef TABLE_ICEBERG_CHANGE_SET_H
#define TABLE_ICEBERG_CHANGE_SET_H

#include "table/iceberg/metadata.h"

/* A table that is made; its properties are those of the change set, and the schema's marks (schema_iceberg.h). */
struct iceberg_creation {
	const char *uuid;     /* fresh, 36 characters */
	const char *location; /* the table's folder, a URI without a slash at its end */
	int format_version;   /* 2 or 3 */
	struct schema *schema;
	const struct iceberg_spec *spec; /* NULL: not partitioned */
};

/* Everything is borrowed. */
struct iceberg_change_set {
	const struct iceberg_creation *creation; /* NULL: the table is there, and what is below must hold */
	const char *uuid;
	int format_version; /* REST has no requirement for it, and takes no snapshot of another version */
	int64_t main_snapshot_id; /* -1: no snapshot yet */
	int32_t current_schema_id, last_column_id, default_spec_id;
	const struct iceberg_ref *main_ref; /* its limits stay; NULL: none yet */

	/* Becomes the current schema, by iceberg_change_set_schema; NULL: unchanged. */
	struct schema *schema;
	int32_t schema_id;
	bool adds_schema; /* false: the table had this schema before */
	/*
	 * Becomes main's. Parent, sequence number (the last one + 1), first_row_id (next_row_id, version 3) as the
	 * metadata had them, the schema id of the schema that is current with this commit.
	 */
	const struct iceberg_snapshot *snapshot;
	const struct iceberg_pair *properties; /* set */
	uint32_t property_count;
	const char *const *removed; /* keys of properties that are there */
	uint32_t removed_count;
	const int64_t *expired; /* ids of snapshots that go, ascending; see iceberg_expired_snapshots */
	uint32_t expired_count;
};

/* No changes yet; requires what the metadata says now. NULL: the caller sets `creation`. */
void iceberg_change_set_init(struct iceberg_change_set *c, const struct iceberg_metadata *base);
/* Makes the schema current: under the id that it has in the table, or as a new one. `base` as in init. */
void iceberg_change_set_schema(struct iceberg_change_set *c, const struct iceberg_metadata *base,
			       struct schema *schema);
/*
 * Appends the JSON of the metadata that follows `newest`, which lies at `newest_path` (both NULL: there is no table).
 * ERR_CONFLICT: what the set requires does not hold: somebody else committed, made or dropped the table. ERR_CONFIG: we
 * do not write to such a table, or it would be too large. The last write.metadata.previous-versions-max (100) files stay
 * in `metadata-log`; what is not there any more may be deleted. A schema's marks become properties with it.
 */
int iceberg_change_set_apply(struct buffer *out, const struct iceberg_change_set *c,
			     const struct iceberg_metadata *newest, const char *newest_path, int64_t now_ms,
			     struct err *e);
/* Appends a JSON array: the members `requirements` and `updates` of a CommitTableRequest. */
void iceberg_change_set_requirements(struct buffer *out, const struct iceberg_change_set *c);
void iceberg_change_set_updates(struct buffer *out, const struct iceberg_change_set *c);

/*
 * The snapshots that a commit at this time may drop ("Snapshot Retention Policy"): beyond the newest
 * history.expire.min-snapshots-to-keep (1) of every branch and older than history.expire.max-snapshot-age-ms (5 days), a
 * branch's own limits first; nothing that a reference names, but main's when the commit adds a snapshot. Ascending, freed
 * by the caller.
 */
void iceberg_expired_snapshots(const struct iceberg_metadata *m, bool adds_snapshot, int64_t now_ms, int64_t **ids,
			       uint32_t *count);

#endif
