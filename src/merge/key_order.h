/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of events (struct schema's `order`) as words: compared in turn as unsigned numbers they tell which of two events
 * of a key is the newer one. A word is of one field, and so is exact; NULL counts as the least value.
 */
#ifndef MERGE_KEY_ORDER_H
#define MERGE_KEY_ORDER_H

#include "change/columns.h"

/* out[i * order_count ..] for rows [first, first + count). */
void key_order_rows(const struct schema *s, const struct columns *rows, uint32_t first, uint32_t count, uint64_t *out);

/* Less than, equal to or greater than 0, as memcmp. */
static inline int key_order_compare(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	for (uint32_t i = 0; i < words; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

/* The first word is the event's time; microseconds since 1970. */
static inline uint64_t key_order_of_time(int64_t time_us)
{
	return (uint64_t)time_us ^ (uint64_t)1 << 63;
}

static inline int64_t key_order_time(const uint64_t *order)
{
	return (int64_t)(order[0] ^ (uint64_t)1 << 63);
}

#endif
