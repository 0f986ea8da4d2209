/* SPDX-License-Identifier: Apache-2.0 */
#include "source/mysql/reply.h"

#include "source/mysql/value.h"

#define UNSIGNED_FLAG 0x20

/*
 * Names, then u8 12, character set u16, length u32, type u8, flags u16, decimals u8, zeros u16. Of the names
 * there are six, and with MariaDB's extended metadata more.
 */
bool reply_column_read(struct reply_column *out, struct bytes packet)
{
	struct reader r;

	if (packet.size < 13 || packet.data[packet.size - 13] != 12)
		return false;
	r = (struct reader){ packet.data + packet.size - 6, packet.data + packet.size, false };
	out->type = reader_u8(&r);
	out->is_unsigned = (reader_u16le(&r) & UNSIGNED_FLAG) != 0;
	return true;
}

/* A length-encoded string at *at. */
static inline bool take_string(const uint8_t **at, const uint8_t *end, struct bytes *cell)
{
	uint64_t size;

	if (*at == end)
		return false;
	if (**at < 0xfb) {
		size = *(*at)++;
	} else {
		struct reader r = { *at, end, false };

		size = reader_lenenc(&r);
		if (r.short_read)
			return false;
		*at = r.at;
	}
	if (size > (uint64_t)(end - *at))
		return false;
	*cell = (struct bytes){ *at, (size_t)size };
	*at += size;
	return true;
}

/* 0xfb stands for NULL. */
bool reply_text_row(struct bytes packet, uint32_t count, struct bytes *cells)
{
	const uint8_t *at = packet.data, *end = at + packet.size;

	for (uint32_t i = 0; i < count; i++) {
		if (at < end && *at == 0xfb) {
			cells[i] = (struct bytes){ NULL, 0 };
			at++;
		} else if (!take_string(&at, end, &cells[i])) {
			return false;
		}
	}
	return at == end;
}

/* Bytes of a cell that has no length in front; 0: it has one. */
static inline size_t fixed_size(uint8_t type)
{
	static const uint8_t sizes[] = {
		[MYSQL_TINY] = 1,  [MYSQL_SHORT] = 2, [MYSQL_YEAR] = 2,   [MYSQL_INT24] = 4,
		[MYSQL_LONG] = 4,  [MYSQL_FLOAT] = 4, [MYSQL_DOUBLE] = 8, [MYSQL_LONGLONG] = 8,
	};

	return type < sizeof(sizes) ? sizes[type] : 0;
}

/* A zero byte, a bitmap of the NULLs whose first column is bit 2, the cells of the others. */
bool reply_row(struct bytes packet, const struct reply_column *columns, uint32_t count, struct bytes *cells)
{
	size_t nulls_size = ((size_t)count + 9) / 8;
	const uint8_t *nulls = packet.data + 1, *at = nulls + nulls_size, *end = packet.data + packet.size;

	if (packet.size < 1 + nulls_size || packet.data[0] != 0)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		size_t size = fixed_size(columns[i].type);

		if ((nulls[(i + 2) / 8] >> ((i + 2) % 8) & 1) != 0) {
			cells[i] = (struct bytes){ NULL, 0 };
		} else if (size == 0) {
			if (!take_string(&at, end, &cells[i]))
				return false;
		} else {
			if (size > (size_t)(end - at))
				return false;
			cells[i] = (struct bytes){ at, size };
			at += size;
		}
	}
	return at == end;
}
