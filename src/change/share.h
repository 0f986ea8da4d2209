/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One of several processes that write the same tables, each with its own part of the source. A key belongs to one
 * part at a time, a table's position holds all parts. What the parts are is the source's business.
 */
#ifndef CHANGE_SHARE_H
#define CHANGE_SHARE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

struct schema;

/* Does not change during a run; all but `mark` and `tag` are called from any thread. Positions are texts, NULL: none yet. */
struct share {
	/* Whether our part is the same in both; else somebody had it meanwhile, and what we read has no base. */
	bool (*holds)(const struct share *, const char *before, const char *now);
	/*
	 * The position `now` with our part of it from `ours`. ERR_CONFIG when the table's rows are not divided as the
	 * parts are.
	 */
	int (*join)(const struct share *, const struct schema *table, const char *ours, const char *now,
		    struct buffer *out, struct err *);
	/*
	 * Before the run, for each worker that left one: its low-water mark, and of which tables (in the order that they
	 * were resumed) all commits are there that it knew of.
	 */
	void (*mark)(struct share *, const char *position, const bool *covers);
	/* Names our part, for the files that we write; by the thread that the changes come from. */
	void (*tag)(const struct share *, const struct schema *table, struct buffer *out);
	/* Whether a file with this tag (NULL: it has none) may hold rows of ours. */
	bool (*concerns)(const struct share *, const char *tag);
};

#endif
