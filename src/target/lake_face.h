/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second format of a lake's table: it follows the table's commits, and never holds them up. What fails is told and tried
 * again with the next commit, or after FACE_RETRY_US.
 */
#ifndef TARGET_LAKE_FACE_H
#define TARGET_LAKE_FACE_H

#include "table/iceberg/follow.h"
#include "table/row_lineage.h"
#include "target/lake.h"

#define FACE_RETRY_US 5000000

struct lake_face {
	const struct lake_options *options; /* NULL: the table has no second format */
	char *database, *table; /* its name in a catalog */
	struct follow *follow;  /* opened with the first commit, or when it is caught up */
	struct err failure;     /* of the last try; ERR_NONE: it has what the table has */
	char *warned;           /* the last failure that was logged, or NULL */
	int64_t tried_us;       /* monotonic; the last try; 0: none yet */
	struct row_lineage lineage; /* its files' first ids */
};

/* The options are borrowed until close. */
void lake_face_init(struct lake_face *f, const struct lake_options *options, const struct schema *name);
/* Brings it to the table's newest version. -1: `failure` says why, and it was logged. */
int lake_face_up(struct lake_face *f, struct store *store, struct table *table);
/* NULL: rows of the second format have no ids, or there is none. */
const struct row_lineage *lake_face_lineage(const struct lake_face *f);
/* It was not looked at yet, or failed, and it is time to try again. */
bool lake_face_is_due(const struct lake_face *f, int64_t now_us);
void lake_face_close(struct lake_face *f);

#endif
