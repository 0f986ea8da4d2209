/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in given partitions now, side by side, from given offsets, without a group. */
#ifndef BROKER_PARTITION_READER_H
#define BROKER_PARTITION_READER_H

#include "base/bytes.h"
#include "base/err.h"
#include "broker/broker.h"

struct partition_reader;

/* A partition that is read; the caller's, and at the same place until the reader is stopped. */
struct partition_place {
	const char *topic;
	uint32_t partition;
	int64_t first, end; /* offsets of the oldest message that is kept, and behind the newest one */
	int64_t next;       /* the offset to go on at */
	bool is_untouched;  /* nothing has come of it since the start */
};

/* Valid until the next call. */
struct partition_message {
	struct partition_place *place;
	int64_t offset;
	struct bytes key, value; /* data NULL: null */
	void *handle;            /* of the client library */
};

int partition_reader_open(struct partition_reader **out, const struct broker_options *o, struct err *e);
void partition_reader_close(struct partition_reader *r); /* NULL is fine */
/* Asks for `first` and `end` of the places. */
int partition_reader_ask(struct partition_reader *r, struct partition_place *places, uint32_t count, struct err *e);
/* Reads the places from their `next` on up to their `end`. */
int partition_reader_start(struct partition_reader *r, struct partition_place *places, uint32_t count, struct err *e);
/* The next message of any of them, in order within each; 1: all have been read. ERR_RETRY: nothing comes for 10 s. */
int partition_reader_next(struct partition_reader *r, struct partition_message *out, struct err *e);
/* Reads no further: nothing is fetched ahead. */
void partition_reader_stop(struct partition_reader *r);
/* The last header of this name; false: there is none. */
bool partition_message_header(const struct partition_message *m, const char *name, struct bytes *out);

#endif
