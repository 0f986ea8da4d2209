/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a changelog table (--mode append): one for each change, with what it was and where it stood, then the
 * table's columns, then, if they are wanted, those of the old image. docs/messages.md has the columns.
 */
#ifndef FEED_CHANGELOG_H
#define FEED_CHANGELOG_H

#include "message/input.h"

/* Rows of one table on their way; a zeroed one is valid. */
struct changelog {
	struct schema *schema; /* of the changelog table; NULL: none yet */
	struct columns rows;   /* in the first columns more rows than in the others, until changelog_end */
	struct buffer text;
};

void changelog_release(struct changelog *l);

/*
 * The changelog table of a table with these columns. ERR_CONFIG: a column of the table has the name of one of ours.
 * The caller owns it; not shared yet.
 */
int changelog_schema(struct schema **out, const struct schema *columns, const char *database, const char *table,
		     bool has_before, struct err *e);

/* The table's columns that a changelog table was made of, without a key; the caller's. */
struct schema *changelog_columns(const struct schema *changelog);

/* Where a message stands in Kafka. */
struct message_place {
	const char *topic;
	uint32_t partition;
	int64_t offset;
};

/* Makes it ready for rows of this table; what it had must have been sent. */
void changelog_enter(struct changelog *l, struct schema *schema);
/*
 * `count` rows of the message, from its row `first` on, as what stands beside the columns says of them. A TRUNCATE is
 * one row.
 */
void changelog_note(struct changelog *l, const struct message *m, const struct message_place *at, uint32_t first,
		    uint32_t count);
/* The rows noted get their columns from the run, which has as many rows, or none; `rows` is then whole. */
void changelog_end(struct changelog *l, const struct row_run *run);
void changelog_clear(struct changelog *l);

#endif
