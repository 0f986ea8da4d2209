/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct iceberg, for the files iceberg*.c. */
#ifndef TABLE_ICEBERG_ICEBERG_HANDLE_H
#define TABLE_ICEBERG_ICEBERG_HANDLE_H

#include "table/iceberg/catalog.h"
#include "table/iceberg/iceberg.h"
#include "table/iceberg/live.h"
#include "table/iceberg/position_deletes.h"

/* Properties of the table. */
#define ICEBERG_SOURCE "tailrace.source"
#define ICEBERG_APP    "tailrace.app"
/* Properties of the table, and members of our snapshots' summaries. */
#define ICEBERG_COMMIT   "tailrace.commit"         /* the number of the commit among ours */
#define ICEBERG_POSITION "tailrace.position"       /* absent: none yet */
#define ICEBERG_INVALID  "tailrace.invalid-values" /* the sum of all commits; absent: 0 */
/* Of summaries alone; a number that is 0 is left out. */
#define ICEBERG_OPERATION "tailrace.operation"
#define ICEBERG_IN        "tailrace.rows-in"
#define ICEBERG_CHANGED   "tailrace.rows-changed"
#define ICEBERG_DELETED   "tailrace.rows-deleted"
#define ICEBERG_SOURCE_TIME "tailrace.source-time-us"

struct iceberg {
	struct table table; /* snapshot.files[i] is live.files[i] */
	struct store *store; /* of data files, and of all else but for a face */
	char *uri;          /* of its root */
	struct store *face; /* of a face's metadata, NULL else */
	char *face_uri;
	struct iceberg_places places;
	struct catalog *catalog; /* NULL: opened for reading */
	int format_version;
	char *app_id;       /* NULL: opened for reading */
	struct catalog_version version; /* zeroed: there is none */
	const struct iceberg_snapshot *shown; /* NULL: the table has none yet */
	struct live live;   /* of it */
	struct row_lineage lineage; /* its files' first row ids */
	struct position_deletes spread; /* what live.spread deletes */
	bool is_stale;      /* what is in memory cannot be trusted: refresh loads all anew */
};

static inline struct iceberg *iceberg_of(const struct table *t)
{
	return (struct iceberg *)(uintptr_t)t;
}

/* iceberg.c, iceberg_commit.c, iceberg_history.c: operations of the table. */
int iceberg_read_dv(struct table *t, uint32_t slot, struct row_set **out, struct err *e);
int iceberg_create(struct table *t, struct schema *schema, const char *source_name, const char *position,
		   enum commit_result *out, struct err *e);
int iceberg_commit(struct table *t, const struct prepared_commit *p, enum commit_result *out, struct err *e);
int iceberg_history(struct table *t, uint32_t limit, struct history_entry **out, uint32_t *count, struct err *e);

/* iceberg_show.c */

/* Takes over a version, and loads the files of the snapshot (NULL: it has none). */
int iceberg_load(struct iceberg *t, struct catalog_version *v, const struct iceberg_snapshot *s, struct err *e);
/* The table's snapshot becomes that of version, `shown` and `live`. */
int iceberg_show(struct iceberg *t, struct err *e);
/* Nothing is loaded any more. */
void iceberg_forget(struct iceberg *t);
/* A number in a summary or a property; `otherwise` when there is no text, or it is none. */
int64_t iceberg_number(const char *text, int64_t otherwise);

#endif
