/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes of one table since its last commit, in arrival order, in columns. Cut only behind a
 * source commit, except as a part of a transaction larger than memory, which the merge stages.
 */
#ifndef BATCH_BATCH_H
#define BATCH_BATCH_H

#include "change/change.h"

/* An entry of the log of what happened: which block, which row of it. */
enum batch_op {
	BATCH_UPSERT, /* row of `after` */
	BATCH_DELETE, /* row of `before` */
	BATCH_MOVE,   /* a delete (row of `before`) whose row goes on under the key of the next change */
};

struct batch_run { /* `count` consecutive rows with the same operation, in arrival order */
	enum batch_op op;
	uint32_t first, count;  /* rows of after (UPSERT) or before (DELETE, MOVE) */
	uint32_t present;       /* index + 1 into `presences`, 0: full image */
};

struct presence { /* of a partial image: bit per field of the batch's schema */
	uint8_t *present, *patched; /* patched may be NULL */
	bool is_overtaken, is_upsert; /* as in struct rows */
};

struct batch_mark { /* how far the last source commit reached */
	uint32_t after_rows, before_rows, run_count, last_run_rows;
	uint64_t rows_in;
	bool truncates_first;
};

struct batch {
	struct schema *schema;
	struct columns after;   /* inserted and updated rows */
	struct columns before;  /* deleted rows: all fields, or only the key's when the source sends no more */
	struct batch_run *runs;
	uint32_t run_count, run_capacity;
	struct presence *presences;
	uint32_t presence_count;
	uint32_t *presence_slots; /* open hash of them: number + 1, 0 is free */
	uint32_t presence_slot_count; /* a power of two, at least twice as many */
	struct columns backfill; /* one row: new fields of the rows so far (CHANGE_SCHEMA); 0 rows: none */
	bool truncates_first;   /* the table is emptied before the first run */
	bool is_copy;           /* only OP_COPY rows: nothing of it is in the table yet, unless resumed */
	uint64_t rows_in;       /* changes taken, before any is folded */
	int64_t opened_at_us;   /* monotonic; 0: empty */
	int64_t source_time_us; /* of the last commit */
	uint64_t sequence;      /* of the commit that it ends with */
	struct batch_mark mark;
	struct buffer position; /* JSON text at the end of the batch */
	struct buffer tag;      /* of its data file (change/share.h); empty: none */
};

struct batch *batch_new(struct schema *schema);
void batch_free(struct batch *b); /* NULL is fine */
bool batch_is_empty(const struct batch *b);
/* Appends the rows. An update whose key did not move is one UPSERT; a moved key is a DELETE before it. */
void batch_add(struct batch *b, const struct rows *rows);
/* Rows that were appended to `after` itself, behind those of the runs: whole inserts. */
void batch_take_after(struct batch *b);
/* Takes back what came after the last batch_mark: the source's transaction will be sent again. */
void batch_mark(struct batch *b);
void batch_rollback(struct batch *b);
/* Forgets all rows so far: the table is empty from here on. */
void batch_truncate(struct batch *b);
size_t batch_bytes(const struct batch *b);

#endif
