/* SPDX-License-Identifier: Apache-2.0 */
/* One partition at a time, from a given offset, without a group. */
#ifndef BROKER_PARTITION_READER_H
#define BROKER_PARTITION_READER_H

#include "base/bytes.h"
#include "base/err.h"
#include "broker/broker.h"

struct partition_reader;

/* Valid until the next call. */
struct partition_message {
	int64_t offset;
	struct bytes key, value; /* data NULL: null */
	void *handle;            /* of the client library */
};

int partition_reader_open(struct partition_reader **out, const struct broker_options *o, struct err *e);
void partition_reader_close(struct partition_reader *r); /* NULL is fine */
/* Partitions of the topic; 0: it is not there. */
int partition_reader_count(struct partition_reader *r, const char *topic, uint32_t *out, struct err *e);
/* The offsets of the oldest message that is kept and behind the newest one. */
int partition_reader_range(struct partition_reader *r, const char *topic, uint32_t partition, int64_t *first,
			   int64_t *end, struct err *e);
int partition_reader_start(struct partition_reader *r, const char *topic, uint32_t partition, int64_t offset,
			   struct err *e);
/* Reads no further: nothing is fetched ahead. */
void partition_reader_stop(struct partition_reader *r);
/*
 * 1: nothing came within `wait_ms`; or *at_end, when that is not NULL: everything was read that is there now.
 */
int partition_reader_next(struct partition_reader *r, int wait_ms, bool *at_end, struct partition_message *out,
			  struct err *e);
/* The last header of this name; false: there is none. */
bool partition_message_header(const struct partition_message *m, const char *name, struct bytes *out);

#endif
