/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MariaDB's own types. UUID: 16 bytes in the order that sorts by time, aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee lying
 * as e, d, c, b, a, or, for versions 6 and 7 and other variants in new servers, as it is written. INET4: 4 bytes.
 * INET6: 16 bytes, printed as RFC 5952 says. COMPRESSED columns: a header byte of zero and the value, or a
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
	memcpy(out, cell.data, cell.size);
	return true;
}

/* Stored segments of a swapped UUID, and where each begins in the written order. */
static void unswap(const uint8_t in[16], uint8_t out[16])
{
	memcpy(out + 10, in, 6);
	memcpy(out + 8, in + 6, 2);
	memcpy(out + 6, in + 8, 2);
	memcpy(out + 4, in + 10, 2);
	memcpy(out, in + 12, 4);
}

/*
 * A swapped UUID has its variant (10…) in byte 6 and its version (1-5) in byte 8; one stored as written has the
 * variant in byte 8 and the version (6-8) in byte 6, where the variant bit of a swapped one would be 0.
 */
static bool is_swapped(const uint8_t in[16])
{
	return !((in[6] & 0x80) == 0 && (in[6] >> 4) >= 6 && (in[8] & 0x80) != 0);
}

static enum value_result add_uuid(struct bytes cell, struct column *c)
{
	static const uint8_t dash_before[16] = { [4] = 1, [6] = 1, [8] = 1, [10] = 1 };
	static const char digits[] = "0123456789abcdef";
	uint8_t in[16], uuid[16];
	char *at;

	if (!padded(cell, in, sizeof(in)))
		return VALUE_BAD;
	if (is_swapped(in))
		unswap(in, uuid);
	else
		memcpy(uuid, in, sizeof(uuid));
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

static enum value_result add_inet(struct bytes cell, struct column *c, int family, size_t size)
{
	uint8_t address[16];
	char text[INET6_ADDRSTRLEN];

	if (!padded(cell, address, size) || inet_ntop(family, address, text, sizeof(text)) == NULL)
		return VALUE_BAD;
	column_add_bytes(c, text, (uint32_t)strlen(text));
	return VALUE_OK;
}

enum value_result value_add_extension(const struct value_plan *p, struct bytes cell, struct column *c)
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

static enum value_result add_plain(const struct value_plan *p, struct bytes value, struct column *c)
{
	return p->column->charset != NULL ? value_add_text(p, value, c) : value_add_bytes(p, value, c);
}

enum value_result value_add_compressed(const struct value_plan *p, struct bytes cell, struct column *c)
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
