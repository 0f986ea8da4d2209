/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in the source's log a commit stands. What a position consists of is the source's business:
 * here it has an order within this run and a text (one JSON object) that goes into the table's commit
 * and is handed back to the source at the next start.
 */
#ifndef CHANGE_POSITION_H
#define CHANGE_POSITION_H

#include <stdint.h>

#include "base/bytes.h"

struct schema;

struct position {
	uint64_t sequence;       /* grows with every commit of this run; 0 = before the first */
	int64_t committed_at_us; /* the source's own commit time, microseconds since 1970; 0 unknown */
	/*
	 * Appends the position as a JSON object. With a table, as that table must be resumed (a copy
	 * under way adds its progress); with NULL, the stream's own place.
	 */
	void (*format)(const struct position *, const struct schema *table, struct buffer *out);
};

#endif
