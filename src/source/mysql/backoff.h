/* SPDX-License-Identifier: Apache-2.0 */
/* Pauses between attempts to connect again: doubled, with jitter, and not for ever. */
#ifndef SOURCE_MYSQL_BACKOFF_H
#define SOURCE_MYSQL_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint32_t attempt;
	int64_t since_us; /* monotonic; of the first failure in a row */
	uint64_t noise;   /* state of the jitter; any value */
};

void backoff_reset(struct backoff *b); /* something worked */
/* The next pause in microseconds, or -1 when it has been going on for too long. */
int64_t backoff_next(struct backoff *b, int64_t now_us);

#endif
