/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the copy of one table is: its key space in ranges, and per range the last key that was
 * copied. Keys are the server's texts of the key's columns; only the server compares them.
 */
#ifndef SOURCE_MYSQL_COPY_PROGRESS_H
#define SOURCE_MYSQL_COPY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

struct json_t;

/* What halts say when only a copy helps: of one table, or of all, for the log that the others need is not there. */
#define COPY_ANEW "move the lake table away and run again to copy it anew"
#define COPY_ALL_ANEW "move all lake tables of this pipeline away and run again to copy them anew"

struct copy_key {
	/*
	 * One per key column, owned; NULL: no limit. Trailing cells without data: a limit by the first columns
	 * only.
	 */
	struct bytes *cells;
};

struct copy_range { /* from < key <= to */
	struct copy_key from, to;
	struct copy_key last; /* of the last row that was given to the sink; no cells: none yet */
	bool is_done;
	bool is_taken;        /* a connection is at work on it; not part of the text */
};

struct copy_progress {
	bool is_open;
	uint32_t key_count;
	struct copy_range *ranges; /* empty: not cut yet */
	uint32_t range_count;
	uint64_t rows;
	bool is_finishing;    /* the last commit is being made; not part of the text */
};

void copy_progress_release(struct copy_progress *p);
void copy_key_set(struct copy_key *to, const struct bytes *cells, uint32_t count);
/* Appends a range; NULL cells are no limit. */
struct copy_range *copy_progress_add(struct copy_progress *p, const struct bytes *from,
				     const struct bytes *to);
/* The first range that is neither done nor taken, or NULL. */
struct copy_range *copy_progress_next(struct copy_progress *p);
bool copy_progress_is_done(const struct copy_progress *p);

/*
 * {"rows":n,"ranges":[{"from":["hex"…]|null,"to":…,"last":…,"done":bool}…]}; a finished range has no
 * "last", and a limit by the first columns only is a shorter list.
 */
void copy_progress_format(const struct copy_progress *p, struct buffer *out);
/* ERR_DATA: not of this form, or keys of another number of columns. */
int copy_progress_parse(struct copy_progress *out, const struct json_t *from, uint32_t key_count,
			struct err *e);

#endif
