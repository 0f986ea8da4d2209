/* SPDX-License-Identifier: Apache-2.0 */
/* Writing checkpoints, and cleaning up the log that they cover ("Checkpoints", "Metadata Cleanup"). */
#ifndef TABLE_DELTA_CHECKPOINT_H
#define TABLE_DELTA_CHECKPOINT_H

#include "table/delta/handle.h"

/*
 * Writes a classic checkpoint of the present state when the entries since the last one are many, or
 * large against it, and removes entries that are older than 30 days and covered.
 */
int checkpoint_if_due(struct delta *d, struct err *e);
/* The same whether due or not. */
int checkpoint_write(struct delta *d, struct err *e);

#endif
