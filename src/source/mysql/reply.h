/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of a query's result: the text form of plain statements, and the binary form of prepared ones ("Binary
 * Protocol Resultset" in the MySQL Internals manual), in which the copy reads.
 */
#ifndef SOURCE_MYSQL_REPLY_H
#define SOURCE_MYSQL_REPLY_H

#include "base/bytes.h"

/* A column as the server announces it in front of the rows. */
struct reply_column {
	uint8_t type; /* enum mysql_type; numbers and temporals as value.h has them */
	bool is_unsigned;
};

/* From a column's definition as the server sends it; false: it is none. */
bool reply_column_read(struct reply_column *out, struct bytes packet);

/*
 * Takes a packet apart; false: it is not such a row. A cell is a piece of the packet, data NULL for NULL.
 * Text: every cell is text. Binary: integers and floats are little-endian of their type's width, temporals
 * their parts (value_reply.c), everything else bytes as in the text form.
 */
bool reply_text_row(struct bytes packet, uint32_t count, struct bytes *cells);
bool reply_row(struct bytes packet, const struct reply_column *columns, uint32_t count, struct bytes *cells);

#endif
