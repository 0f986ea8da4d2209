/* SPDX-License-Identifier: Apache-2.0 */
/* Row images: which columns stand in one, and where their cells go. */
#ifndef SOURCE_MYSQL_DECODER_IMAGE_H
#define SOURCE_MYSQL_DECODER_IMAGE_H

#include "source/mysql/decoder_state.h"

struct image_column {
	const struct value_plan *plan;
	struct column *target; /* NULL: step over it */
	uint32_t index;
};

struct image {
	struct image_column columns[TABLE_COLUMNS_MAX];
	uint32_t count;
	bool has_all;                    /* every column of the table is decoded */
	uint8_t decoded[PRESENT_BYTES];
};

struct rows_event {
	struct table_slot *slot;
	const struct event *event;
	enum op op;
	bool is_partial;
	bool is_replace; /* an update: what the new image leaves out has its DEFAULT */
	bool ends_statement;
	struct bytes before, after; /* bitmaps of present columns */
	struct bytes rows;
};

static inline bool image_bit(const uint8_t *bits, uint32_t i)
{
	return (bits[i >> 3] >> (i & 7) & 1) != 0;
}

static inline void image_set_bit(uint8_t *bits, uint32_t i)
{
	bits[i >> 3] = (uint8_t)(bits[i >> 3] | 1u << (i & 7));
}

/* One image off `r`, a cell into each of its targets. */
int decoder_image(struct decoder *d, const struct table_slot *s,
		  const struct image *image, struct reader *r, struct err *e);
/* One cell into its target. */
int decoder_cell(struct decoder *d, const struct table_slot *s,
		 const struct image_column *c, struct bytes cell, struct err *e);
int decoder_bad_value(const struct table_slot *s, const struct image_column *c,
		      struct bytes cell, struct err *e);
void decoder_wanted_block(struct block *out, const struct rows_event *rows,
			  const struct image *before, const struct image *after);

/* decoder_partial.c: the rows of a PARTIAL_UPDATE_ROWS event; images[0] and [1] are made.
 */
int decoder_partial_rows(struct decoder *d, const struct rows_event *rows, struct err *e);

#endif
