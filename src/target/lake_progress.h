/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline's low-water mark: a position up to which every table is complete, kept in
 * _tailrace/<name>/progress.json so that idle tables do not hold a restart back. A hint: it may lag or be
 * deleted, it never leads. In a group each process has one, in its slot's folder, of the part that was its own.
 */
#ifndef TARGET_LAKE_PROGRESS_H
#define TARGET_LAKE_PROGRESS_H

#include <jansson.h>

#include "change/position.h"
#include "target/lake_slot.h"
#include "target/lake_table.h"
#include "target/lake_workers.h"

struct lake_progress {
	struct store *store;   /* the lake's, borrowed */
	bool source_copies;    /* tables that the lake has not; set before a load */
	char *folder, *key;
	struct buffer text;    /* a candidate's JSON, waiting for the tables to pass it */
	uint64_t sequence;     /* of the candidate; UINT64_MAX: none */
	uint64_t saved_sequence;
	int64_t saved_at_us;   /* monotonic */
	json_t *used;          /* of each mark that the source was told: the tables' commits then */
};

void progress_open(struct lake_progress *p, struct store *store, const char *name, const struct lake_slot *slot);
void progress_release(struct lake_progress *p);
/*
 * The saved position, if every one of the tables that has a position of its own was part of the pipeline when
 * it was saved and has all commits that it had then, and none was moved away since whose rows only a new reading
 * brings; else NULL. An unreadable file is the same as none, and says so in the log.
 */
int progress_load(struct lake_progress *p, struct lake_table *const *tables, uint32_t count,
		  char **position, struct err *e);
/* In a group: tells the share the marks of all slots that there are. */
int progress_load_slots(struct lake_progress *p, uint32_t slot_count, struct lake_table *const *tables, uint32_t count,
			struct share *share, struct err *e);
/* false: the source begins at a mark without knowing of this table, which may lack what stands before. */
bool progress_covers(const struct lake_progress *p, const struct lake_table *t);
/* Removes the file, in a group all of them: the next start goes by the tables' own positions. */
int progress_forget(struct lake_progress *p, uint32_t slot_count, struct err *e);
/* The sequence up to which all tables are committed. */
uint64_t progress_durable(const struct position *now, struct lake_workers *workers,
			  struct lake_table *const *tables, uint32_t count);
/* After a COMMIT or while idle: takes candidates, saves one when all tables passed it. Cheap. */
int progress_note(struct lake_progress *p, const struct position *now, struct lake_workers *workers,
		  struct lake_table *const *tables, uint32_t count, struct err *e);
/* Everything up to `now` is committed: saves it. */
int progress_save(struct lake_progress *p, const struct position *now, struct lake_workers *workers,
		  struct lake_table *const *tables, uint32_t count, struct err *e);

#endif
