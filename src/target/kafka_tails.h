/* SPDX-License-Identifier: Apache-2.0 */
/* What the partitions of topics end with: which of our messages is the newest one there. */
#ifndef TARGET_KAFKA_TAILS_H
#define TARGET_KAFKA_TAILS_H

#include "target/kafka_stream.h"

/* Fills the tails of open streams, reading all their partitions side by side. */
int kafka_tails_read(struct kafka_stream *const *streams, uint32_t count, struct partition_reader *r, struct err *e);

#endif
