/* SPDX-License-Identifier: Apache-2.0 */
/* Where a Debezium connector stands, from the file that Kafka Connect keeps (offset.storage.file.filename). */
#ifndef MESSAGE_DEBEZIUM_OFFSET_H
#define MESSAGE_DEBEZIUM_OFFSET_H

#include "base/bytes.h"
#include "base/err.h"

/*
 * `file` is the file's content, a Java object stream of a HashMap<byte[], byte[]>; `prefix` the connector's
 * topic.prefix. Appends the position as the mysql source has it (source/mysql/decoder.h): the start of the
 * transaction that it was in, whose first changes may be in the topics. ERR_CONFIG when there is no such connector,
 * or its copy was not complete.
 */
int debezium_offset_read(struct buffer *position, struct bytes file, const char *prefix, struct err *e);

/* The row that a message tells of, of its `source` block. */
struct debezium_place {
	char file[256];
	uint64_t offset;
	uint32_t row;
};
/* false: this is no such message. */
bool debezium_place_read(struct debezium_place *out, struct bytes value);

#endif
