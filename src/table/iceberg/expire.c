/* SPDX-License-Identifier: Apache-2.0 */
/* Which snapshots a commit may drop. */
#include <string.h>

#include "base/text.h"
#include "table/iceberg/change_set.h"

#define AGE_KEY     "history.expire.max-snapshot-age-ms"
#define AGE_DEFAULT (INT64_C(5) * 24 * 60 * 60 * 1000)
#define KEEP_KEY     "history.expire.min-snapshots-to-keep"
#define KEEP_DEFAULT 1

/* A property's number from `min` on, or the spec's default. */
static int64_t limit_of(const struct iceberg_metadata *m, const char *key, int64_t min, int64_t otherwise)
{
	const char *text = iceberg_metadata_property(m, key);
	int64_t number;

	if (text == NULL || !text_parse_int(bytes_of_text(text), &number) || number < min)
		return otherwise;
	return number;
}

/*
 * From its head on a branch keeps the newest `keep` and all that are as young as `since_ms`, up to the first that is
 * neither. Ancestors in a circle end after all snapshots. `is_kept` goes by the order of m->snapshots.
 */
static void keep_branch(bool *is_kept, const struct iceberg_metadata *m, const struct iceberg_snapshot *head,
			int64_t keep, int64_t since_ms)
{
	for (uint32_t count = 0; head != NULL && count < m->snapshot_count; count++) {
		if (count >= keep && head->timestamp_ms < since_ms)
			return;
		is_kept[head - m->snapshots] = true;
		head = iceberg_metadata_snapshot(m, head->parent_id);
	}
}

static void keep_ref(bool *is_kept, const struct iceberg_metadata *m, const struct iceberg_ref *r, bool adds_snapshot,
		     int64_t now_ms)
{
	const struct iceberg_snapshot *head = iceberg_metadata_snapshot(m, r->snapshot_id);
	int64_t age_ms = r->max_snapshot_age_ms > 0 ? r->max_snapshot_age_ms : limit_of(m, AGE_KEY, 0, AGE_DEFAULT);
	int64_t keep = r->min_snapshots_to_keep > 0 ? r->min_snapshots_to_keep : limit_of(m, KEEP_KEY, 1, KEEP_DEFAULT);

	if (!r->is_branch)
		is_kept[head - m->snapshots] = true;
	else if (adds_snapshot && strcmp(r->name, ICEBERG_MAIN) == 0)
		keep_branch(is_kept, m, head, keep - 1, now_ms - age_ms);
	else
		keep_branch(is_kept, m, head, keep, now_ms - age_ms);
}

void iceberg_expired_snapshots(const struct iceberg_metadata *m, bool adds_snapshot, int64_t now_ms, int64_t **ids,
			       uint32_t *count)
{
	int64_t since_ms = now_ms - limit_of(m, AGE_KEY, 0, AGE_DEFAULT);
	bool *is_kept = memory_array(bool, m->snapshot_count);
	bool *is_ancestor = memory_array(bool, m->snapshot_count);

	*ids = memory_array(int64_t, m->snapshot_count);
	*count = 0;
	for (uint32_t i = 0; i < m->ref_count; i++) {
		keep_ref(is_kept, m, &m->refs[i], adds_snapshot, now_ms);
		/* all ancestors of a branch are judged by its limits */
		if (m->refs[i].is_branch)
			keep_branch(is_ancestor, m, iceberg_metadata_snapshot(m, m->refs[i].snapshot_id), INT64_MAX, 0);
	}
	for (uint32_t i = 0; i < m->snapshot_count; i++) {
		size_t place = (size_t)(m->by_id[i] - m->snapshots);

		if (!is_kept[place] && (is_ancestor[place] || m->by_id[i]->timestamp_ms < since_ms))
			(*ids)[(*count)++] = m->by_id[i]->id;
	}
	memory_free(is_kept);
	memory_free(is_ancestor);
}
