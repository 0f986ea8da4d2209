/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/backoff.h"

#define PAUSE_US_FIRST 100000
#define PAUSE_US_MAX   5000000
#define TOTAL_US_MAX   120000000

void backoff_reset(struct backoff *b)
{
	b->attempt = 0;
}

int64_t backoff_next(struct backoff *b, int64_t now_us)
{
	int64_t pause_us = PAUSE_US_FIRST;

	if (b->attempt == 0)
		b->since_us = now_us;
	else if (now_us - b->since_us >= TOTAL_US_MAX)
		return -1;
	for (uint32_t i = 0; i < b->attempt && pause_us < PAUSE_US_MAX; i++)
		pause_us *= 2;
	b->attempt++;
	if (pause_us > PAUSE_US_MAX)
		pause_us = PAUSE_US_MAX;
	b->noise = b->noise * 6364136223846793005u + 1442695040888963407u;
	return pause_us / 2 + (int64_t)((b->noise >> 33) % (uint64_t)(pause_us / 2));
}
