/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Delta Lake table in a folder of a store: its state from the log, and commits to it
 * (delta-io/delta PROTOCOL.md; section names in this folder are that document's).
 */
#ifndef TABLE_DELTA_DELTA_H
#define TABLE_DELTA_DELTA_H

#include "table/table.h"

/*
 * As table_open. An unknown outcome of a commit is resolved by commitInfo.txnId; checkpoints are written when
 * due.
 */
int delta_open(struct table **out, struct store *store, const char *app_id, struct err *e);
/* As table_open_read: any table whose reader features we know. */
int delta_open_read(struct table **out, struct store *store, int64_t version, struct err *e);
/* As table_find_readable. */
int delta_find_readable(int64_t *out, struct store *store, int64_t from, struct err *e);

#endif
