/* SPDX-License-Identifier: Apache-2.0 */
/* The next stage, as the previous one sees it. */
#ifndef CHANGE_SINK_H
#define CHANGE_SINK_H

#include "base/err.h"
#include "change/change.h"

/*
 * Called from one thread at a time. `take` copies what it keeps. Both may block: that is the
 * back-pressure. A failure is final for the stream; ERR_STOP means that a stop was asked for.
 */
struct sink {
	int (*take)(struct sink *, const struct change *, struct err *);
	/*
	 * Called by a source that has nothing more for now (at least ten times a second while idle):
	 * what is due by age may be committed. Never waits for a commit.
	 */
	int (*idle)(struct sink *, struct err *);
	/*
	 * A table that was not among the source's at the start: what struct target_ops.resume does, for a source that
	 * hears of tables as it goes. NULL: this sink takes none.
	 */
	int (*open_table)(struct sink *, struct schema *, char **position, bool **lacks, struct err *);
	/*
	 * The columns that the table of this name has there already: *out is the caller's, NULL when there is no such
	 * table. NULL: this sink has no tables.
	 */
	int (*known_table)(const struct sink *, const char *database, const char *table, struct schema **out,
			   struct err *);
	/* The sequence of the newest COMMIT that is durable with all before it; NULL: this sink cannot tell. */
	uint64_t (*durable)(struct sink *);
	/* false: `before` of an update carries only the key's fields (before_present says so). */
	bool wants_before;
	/*
	 * true: in event order partial images of an image list come together, as inserts with each_present; false: as updates,
	 * those together that have the same fields.
	 */
	bool wants_each_present;
	/* false: a row may come again after a restart of a copy (the target upserts by key). */
	bool wants_exact_copy;
	/* true: without a primary key, the unique key that the definition has first; false: the first by name. */
	bool wants_declared_key;
	/* true: schemas carry the columns' DEFAULTs (schema.defaults), as far as the source can read them. */
	bool wants_defaults;
	/* true: CHANGE_DDL for the statements of DDL, and for what a copy finds; false: none comes. */
	bool wants_ddl;
};

#endif
