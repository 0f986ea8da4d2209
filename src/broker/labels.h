/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers that many messages carry in front of one of their own. Of the six allocations that the library makes for five
 * headers one is left: a list comes back when its message is acknowledged, and the next one changes its last header.
 */
#ifndef BROKER_LABELS_H
#define BROKER_LABELS_H

#include <librdkafka/rdkafka.h>

#include "broker/producer.h"

struct producer_labels {
	struct producer_labels *next; /* the producer's */
	rd_kafka_headers_t *pattern;  /* the shared headers alone */
	rd_kafka_headers_t **spare;   /* lists that came back, each with its message's own header */
	uint32_t spare_count, spare_capacity;
};

struct producer_labels *labels_new(const struct producer_header *headers, uint32_t count);
void labels_free(struct producer_labels *l);
/* A list with this header behind the shared ones, the caller's. All its messages' own headers have one name. */
rd_kafka_headers_t *labels_take(struct producer_labels *l, const struct producer_header *own);
/* Takes a list of labels_take back. */
void labels_give(struct producer_labels *l, rd_kafka_headers_t *list);

void header_add(rd_kafka_headers_t *list, const struct producer_header *h);

#endif
