/* SPDX-License-Identifier: Apache-2.0 */
/* How long the log and tombstones are kept ("Metadata Cleanup"). */
#ifndef TABLE_DELTA_LOG_CLEAN_H
#define TABLE_DELTA_LOG_CLEAN_H

#include "table/delta/handle.h"

enum retention {
	RETENTION_LOG,     /* delta.logRetentionDuration, 30 days */
	RETENTION_REMOVES, /* delta.deletedFileRetentionDuration, 7 days */
	RETENTIONS,
};

/* The table's setting in milliseconds; one that we cannot read counts as for ever. */
int64_t log_retention_ms(const struct state *s, enum retention what);

/*
 * Removes entries and checkpoints before the newest checkpoint that is not newer than the newest entry
 * out of retention: that checkpoint, its own entry and all after it stay. Nothing while the table says
 * delta.enableExpiredLogCleanup = false.
 */
int log_clean(struct delta *d, struct err *e);

#endif
