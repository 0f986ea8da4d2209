/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the metadata of a table small that is committed to every second, and is ours alone: how many snapshots it keeps, and the
 * manifest lists, manifests and deletes that nothing names once older ones are gone. Data files are never touched.
 *
 * Objects are removed only after the commit that let go of them stands, and only those whose names drafts give (draft.h). A
 * crash in between leaves objects that nobody needs.
 */
#ifndef TABLE_ICEBERG_TIDY_H
#define TABLE_ICEBERG_TIDY_H

#include "table/iceberg/live.h"

#define TIDY_SNAPSHOTS_MAX 500 /* kept at least, while the spec's age allows them */
#define TIDY_BATCH         50  /* so many go at once: what remains is then read a single time for all of them */
#define TIDY_BATCH_MAX     200 /* and no more: the rest goes with later commits */

/*
 * The snapshots that a commit may drop: by the spec's age (iceberg_expired_snapshots) or beyond TIDY_SNAPSHOTS_MAX. Where
 * somebody has branches or tags, those of the spec alone. Ascending ids, freed by the caller.
 */
void tidy_choose(const struct iceberg_metadata *m, bool adds_snapshot, int64_t now_ms, int64_t **ids, uint32_t *count);
/*
 * The commit that dropped these snapshots of `before` made `after`, whose current snapshot's files are `live`: removes what only
 * they named. Where somebody has branches or tags, or an object cannot be read, nothing. What cannot be removed stays.
 */
void tidy_remove(const struct iceberg_places *p, const struct iceberg_metadata *before, const struct iceberg_metadata *after,
		 const struct live *live, const int64_t *expired, uint32_t expired_count);

#endif
