/* SPDX-License-Identifier: Apache-2.0 */
#include "broker/labels.h"

#include "base/memory.h"

void header_add(rd_kafka_headers_t *list, const struct producer_header *h)
{
	rd_kafka_header_add(list, h->name, -1, h->value.data, (ssize_t)h->value.size);
}

struct producer_labels *labels_new(const struct producer_header *headers, uint32_t count)
{
	struct producer_labels *l = memory_new(struct producer_labels);

	l->pattern = rd_kafka_headers_new(count);
	for (uint32_t i = 0; i < count; i++)
		header_add(l->pattern, &headers[i]);
	return l;
}

void labels_free(struct producer_labels *l)
{
	for (uint32_t i = 0; i < l->spare_count; i++)
		rd_kafka_headers_destroy(l->spare[i]);
	rd_kafka_headers_destroy(l->pattern);
	memory_free(l->spare);
	memory_free(l);
}

rd_kafka_headers_t *labels_take(struct producer_labels *l, const struct producer_header *own)
{
	rd_kafka_headers_t *list;

	if (l->spare_count > 0) {
		list = l->spare[--l->spare_count];
		rd_kafka_header_remove(list, own->name);
	} else {
		list = rd_kafka_headers_copy(l->pattern);
	}
	header_add(list, own);
	return list;
}

void labels_give(struct producer_labels *l, rd_kafka_headers_t *list)
{
	if (l->spare_count == l->spare_capacity) {
		l->spare_capacity = l->spare_capacity > 0 ? l->spare_capacity * 2 : 256;
		l->spare = memory_grow(l->spare, rd_kafka_headers_t *, l->spare_capacity);
	}
	l->spare[l->spare_count++] = list;
}
