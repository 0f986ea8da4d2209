/* SPDX-License-Identifier: Apache-2.0 */
/* Where partitions end, behind messages of open transactions too, which a consumer does not see yet. */
#ifndef BROKER_ENDS_H
#define BROKER_ENDS_H

#include "base/err.h"
#include "broker/broker.h"

struct partition_end {
	const char *topic;
	uint32_t partition;
	int64_t end; /* the offset behind the newest message */
};

/* Fills in the ends, by a connection of its own and one question for all. ERR_RETRY: not all could be told. */
int ends_ask(const struct broker_options *o, struct partition_end *ends, uint32_t count, struct err *e);

#endif
