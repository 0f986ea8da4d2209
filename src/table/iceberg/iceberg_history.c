/* SPDX-License-Identifier: Apache-2.0 */
/* What the summaries say of each snapshot. */
#include <string.h>

#include "base/memory.h"
#include "table/iceberg/iceberg_handle.h"

static uint64_t count_of(const struct iceberg_snapshot *s, const char *key)
{
	return (uint64_t)iceberg_number(iceberg_snapshot_summary(s, key), 0);
}

static void fill(struct history_entry *h, const struct iceberg_snapshot *s)
{
	const char *theirs = iceberg_snapshot_summary(s, "operation");
	const char *ours = iceberg_snapshot_summary(s, ICEBERG_OPERATION);

	*h = (struct history_entry){
		.version = s->sequence_number,
		.timestamp_ms = s->timestamp_ms,
		.operation = memory_copy_text(ours != NULL ? ours : theirs),
		.position = memory_copy_text(iceberg_snapshot_summary(s, ICEBERG_POSITION)),
		.rows_in = count_of(s, ICEBERG_IN),
		.rows_changed = count_of(s, ICEBERG_CHANGED),
		.rows_deleted = count_of(s, ICEBERG_DELETED),
		.source_time_us = (int64_t)count_of(s, ICEBERG_SOURCE_TIME),
		.is_ours = iceberg_snapshot_summary(s, ICEBERG_COMMIT) != NULL,
		.changes_rows = theirs == NULL || strcmp(theirs, "replace") != 0,
	};
}

int iceberg_history(struct table *table, uint32_t limit, struct history_entry **out, uint32_t *count, struct err *e)
{
	const struct iceberg *t = iceberg_of(table);
	const struct iceberg_metadata *m = t->version.metadata;
	const struct iceberg_snapshot *s = t->shown;
	struct history_entry *entries = NULL;
	uint32_t n = 0;

	(void)e;
	for (; s != NULL && n < limit && n < m->snapshot_count; s = iceberg_metadata_snapshot(m, s->parent_id)) {
		entries = memory_grow(entries, struct history_entry, n + 1);
		fill(&entries[n++], s);
	}
	*out = entries;
	*count = n;
	return 0;
}
