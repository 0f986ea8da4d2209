/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row places against the table's files: which snapshot file or staged file an index file number means,
 * and each file's bitmap of dead rows while a commit is prepared.
 */
#ifndef MERGE_PLACES_H
#define MERGE_PLACES_H

#include "merge/key_index.h"
#include "table/table.h"

struct file_rows { /* a file that places can mean */
	struct row_set *dead; /* loaded on the first mark; NULL before */
	uint64_t known;       /* how many of them are dead in the table too */
	bool is_touched;      /* marks were added since the last commit */
};

struct places {
	struct table *table;          /* borrowed */
	const struct key_index *index; /* borrowed */
	int32_t *target;              /* by index file number: 0 gone, slot + 1, or -(staged + 1) */
	uint32_t target_count;
	struct file_rows *slots;      /* by snapshot slot */
	uint32_t slot_count;
	struct file_rows *staged;     /* by staged file */
	uint32_t staged_count;
};

void places_init(struct places *p, struct table *table, const struct key_index *index);
void places_release(struct places *p);
/* Matches the index's file numbers to the snapshot's files again: after open and refresh. */
void places_reload(struct places *p);
/* After a commit: the staged files are the snapshot's last ones. Keeps the bitmaps in memory. */
void places_commit(struct places *p);
/*
 * After a refresh: our marks move to the snapshot's slots and go over those that others made. ERR_CONFLICT when a
 * file that we marked rows of is gone, or another writer marked one of the same rows.
 */
int places_follow(struct places *p, struct err *e);
/* No place means anything any more: the table is being truncated. */
void places_forget(struct places *p);
/* A new staged file under this index file number. */
void places_stage(struct places *p, uint32_t index_file);

/* true when the place is of a file that the table (or the staged part) still has. */
bool place_is_live(const struct places *p, struct row_place place);
/* Clears the places of rows that are dead, or whose file is gone: an index that lags behind still has them. */
int places_drop_dead(struct places *p, struct row_place *places, uint32_t count, struct err *e);
/*
 * Marks rows as dead, in any order (the list is sorted in place). Marks that were there already are no
 * harm; `added` counts the new ones. Places that are not live are skipped.
 */
int places_mark(struct places *p, struct row_place *dead, uint32_t count, uint64_t *added,
		struct err *e);
/* As above for one row; *was_live tells whether it was the first mark. */
int places_mark_one(struct places *p, struct row_place place, bool *was_live, struct err *e);

#endif
