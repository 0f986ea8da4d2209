/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WKB: byte order u8 (1: little-endian), type u32, then coordinates or members. EWKB sets
 * 0x20000000 in the outermost type and puts the SRID behind it; with SRID 0 both are the
 * same.
 */
#include "source/mysql/geometry.h"

#define EWKB_HAS_SRID   0x20000000u
#define WKB_TYPE_MAX    7u /* GEOMETRYCOLLECTION */
#define WKB_BYTES_MIN   9u /* byte order, type, a count */

bool geometry_append(struct column *c, struct bytes value)
{
	struct reader r = reader_of(value);
	uint32_t srid = reader_u32le(&r), size, type;
	struct bytes wkb = reader_bytes(&r, reader_left(&r));
	uint8_t *at;

	r = reader_of(wkb);
	if (wkb.size < WKB_BYTES_MIN || reader_u8(&r) != 1)
		return false;
	type = reader_u32le(&r);
	if (type == 0 || type > WKB_TYPE_MAX)
		return false;
	if (srid == 0) {
		column_add_bytes(c, wkb.data, (uint32_t)wkb.size);
		return true;
	}
	type |= EWKB_HAS_SRID;
	size = (uint32_t)wkb.size + (uint32_t)sizeof(srid);
	at = column_begin_bytes(c, size);
	at[0] = 1;
	memcpy(at + 1, &type, sizeof(type));
	memcpy(at + 5, &srid, sizeof(srid));
	memcpy(at + 9, r.at, reader_left(&r));
	column_end_bytes(c, size);
	return true;
}
