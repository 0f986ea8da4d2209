/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the decoder and the sink: rows of an older layout get the columns that were added since and the types of now, inserts
 * the DEFAULTs that a partial image leaves out, a changed schema is announced before its first row, and a commit's position is each table's own.
 */
#ifndef SOURCE_MYSQL_OUTLET_H
#define SOURCE_MYSQL_OUTLET_H

#include "change/sink.h"
#include "source/mysql/captured.h"

struct outlet_position {
	struct position base; /* first */
	struct mysql_position now;
	struct captured_list *tables;
};

/* One cell, repeated for as many rows as the block at hand has. */
struct outlet_fill {
	const struct column *cell; /* of a table's defaults; NULL: nothing yet */
	struct column column;
};

struct outlet {
	struct sink sink; /* first: what the decoder sees */
	struct sink *next;
	bool has_failed; /* the next one: which is final, whatever kind of failure it was */
	struct captured_list *tables;
	struct outlet_position position;
	struct columns wide[2];      /* before, after: borrowed columns beside empty ones */
	struct columns converted[2]; /* owned: those of a narrower type, as the wide field's */
	struct column *nulls;        /* owned, per wide field */
	uint32_t null_count;
	struct outlet_fill *fills;   /* owned, per field of the widest table */
	uint32_t fill_count;
	/* Loads t->defaults from the server. Set by the stream before the first row. */
	int (*load)(void *context, struct captured *t, struct err *e);
	void *load_context;
	uint8_t *present[3];         /* bitmaps in the wide schema's order */
};

void outlet_init(struct outlet *o, struct sink *next, struct captured_list *tables);
void outlet_release(struct outlet *o);
/* A COMMIT at a place that is no transaction's end. */
int outlet_commit(struct outlet *o, const struct mysql_position *now, struct err *e);

#endif
