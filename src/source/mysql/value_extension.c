/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MariaDB's own types. UUID: 16 bytes in the order that they are written in (the log does
 * not have the order that the server keeps them in). INET4: 4 bytes. INET6: 16 bytes,
 * printed as RFC 5952 says. COMPRESSED columns: a header byte of zero and the value, or a
 * packed run as in compressed events.
 */
#include "source/mysql/value_decode.h"

#include <arpa/inet.h>

#include "source/mysql/decoder_state.h"

/* In the log the trailing zeros are left out, as BINARY's are. */
static bool padded(struct bytes cell, uint8_t *out, size_t size)
{
	if (cell.size > size)
		return false;
	memset(out, 0, size);
	if (cell.size > 0)
		memcpy(out, cell.data, cell.size);
	return true;
}

static enum value_result add_uuid(struct bytes cell, struct column *c)
{
	static const uint8_t dash_before[16] = { [4] = 1, [6] = 1, [8] = 1, [10] = 1 };
	static const char digits[] = "0123456789abcdef";
	uint8_t uuid[16];
	char *at;

	if (!padded(cell, uuid, sizeof(uuid)))
		return VALUE_BAD;
	at = (char *)column_begin_bytes(c, 36);
	for (size_t i = 0; i < sizeof(uuid); i++) {
		if (dash_before[i] != 0)
			*at++ = '-';
		*at++ = digits[uuid[i] >> 4];
		*at++ = digits[uuid[i] & 15];
	}
	column_end_bytes(c, 36);
	return VALUE_OK;
}

static enum value_result add_inet(struct bytes cell, struct column *c, int family,
				  size_t size)
{
	uint8_t address[16];
	char text[INET6_ADDRSTRLEN];

	if (!padded(cell, address, size) ||
	    inet_ntop(family, address, text, sizeof(text)) == NULL)
		return VALUE_BAD;
	column_add_bytes(c, text, (uint32_t)strlen(text));
	return VALUE_OK;
}

enum value_result value_add_extension(const struct value_plan *p, struct bytes cell,
				      struct column *c)
{
	switch (p->column->extension) {
	case MARIADB_UUID:
		return add_uuid(cell, c);
	case MARIADB_INET4:
		return add_inet(cell, c, AF_INET, 4);
	case MARIADB_INET6:
		return add_inet(cell, c, AF_INET6, 16);
	case MARIADB_VECTOR:
		return value_add_vector(p, cell, c);
	case MYSQL_PLAIN:
	case MARIADB_COMPRESSED:
		break;
	}
	return VALUE_BAD;
}

static enum value_result add_plain(const struct value_plan *p, struct bytes value,
				   struct column *c)
{
	return p->column->charset != NULL ? value_add_text(p, value, c)
					  : value_add_bytes(p, value, c);
}

enum value_result value_add_compressed(const struct value_plan *p, struct bytes cell,
				       struct column *c)
{
	struct buffer value = { 0 };
	enum value_result result = VALUE_BAD;
	struct reader r = reader_of(cell);

	if (cell.size == 0 || cell.data[0] == 0) {
		reader_skip(&r, cell.size > 0);
		return add_plain(p, (struct bytes){ r.at, reader_left(&r) }, c);
	}
	if (mariadb_inflate(&value, cell, COLUMN_HEAP_BYTES_MAX) == 0)
		result = add_plain(p, buffer_bytes(&value), c);
	buffer_release(&value);
	return result;
}
