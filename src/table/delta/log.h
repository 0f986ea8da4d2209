/* SPDX-License-Identifier: Apache-2.0 */
/* The folder _delta_log: names of its files, and which of them make a version ("Delta Log Entries", "Checkpoints"). */
#ifndef TABLE_DELTA_LOG_H
#define TABLE_DELTA_LOG_H

#include "store/store.h"

#define LOG_FOLDER "_delta_log"
#define LOG_KEY_BYTES_MAX 128

enum log_file_kind {
	LOG_OTHER, /* compactions, checksums, and what we do not know: not needed to read */
	LOG_ENTRY,
	LOG_CHECKPOINT,       /* classic */
	LOG_CHECKPOINT_PART,  /* one of several */
	LOG_CHECKPOINT_UUID,  /* v2 */
	LOG_FILE_KINDS,
};

struct log_file {
	enum log_file_kind kind;
	int64_t version;
	uint32_t part, part_count;
};

/* By the last part of its key. */
struct log_file log_file_parse(const char *name);
void log_entry_key(char out[LOG_KEY_BYTES_MAX], int64_t version);

/* The files that a version is made of: a checkpoint, or none, and every entry after it. */
struct log_segment {
	int64_t version;            /* -1: there is no table */
	int64_t checkpoint_version; /* -1: no checkpoint; entries begin with 0 */
	struct store_list checkpoint;   /* its files */
	uint64_t checkpoint_bytes;
};

/*
 * Finds the files of a version (-1: the newest); checkpoints above `checkpoint_max` are passed over.
 * ERR_DATA when the log has a gap, ERR_CONFIG when the version is not there.
 */
int log_segment_find(struct log_segment *out, struct store *store, int64_t version,
		     int64_t checkpoint_max, struct err *e);
void log_segment_release(struct log_segment *s);
/*
 * The oldest version from which on all can be made, up to the newest, one entry after the other: behind it the log has no gap.
 * -1: there is no table.
 */
int log_find_oldest(int64_t *out, struct store *store, struct err *e);

#endif
