/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a table that is merged in event order keeps with each commit, as the member "order" of the commit's position: how
 * far events have come, what came to nothing, and the files that hold its tombstones.
 */
#ifndef MERGE_EVENT_STATE_H
#define MERGE_EVENT_STATE_H

#include "base/bytes.h"
#include "base/err.h"
#include "merge/fold.h"

struct tombstone_file {
	char *path; /* its key in the table's store */
	uint64_t size_bytes, row_count;
	int64_t newest_us; /* the time of its newest event */
};

struct event_state {
	struct event_clock clock; /* its horizon is that of the commit's run */
	struct event_counts counts; /* since the table was made */
	struct tombstone_file *files; /* oldest first */
	uint32_t file_count;
};

/* Of a position (NULL or without the member: nothing has come so far). ERR_DATA: the member is damaged. Released in any case. */
int event_state_parse(struct event_state *out, const char *position, struct err *e);
void event_state_release(struct event_state *s);
/* Appends the position, which is a JSON object without the member, with it. */
void event_state_join(const struct event_state *s, const char *position, struct buffer *out);

/* Takes over the path. */
void event_state_add_file(struct event_state *s, char *path, uint64_t size_bytes, uint64_t row_count, int64_t newest_us);

#endif
