/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Header, all little-endian: timestamp u32, type u8, server id u32, size u32, next offset
 * u32, flags u16. With checksums, CRC-32 (zlib's) of all that stands before it in the
 * last four bytes.
 *
 * FORMAT_DESCRIPTION: binlog version u16 (4), server version char[50], created u32,
 * header length u8 (19), one post-header length per type, checksum algorithm u8 (0 none,
 * 1 CRC-32), checksum u32 (always there, 0 when the algorithm is none).
 */
#include "source/mysql/event.h"

#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

#define SERVER_VERSION_BYTES 50

static const char *const name_of[256] = {
	[EVENT_QUERY] = "QUERY",
	[EVENT_STOP] = "STOP",
	[EVENT_ROTATE] = "ROTATE",
	[EVENT_INTVAR] = "INTVAR",
	[EVENT_LOAD] = "LOAD",
	[EVENT_CREATE_FILE] = "CREATE_FILE",
	[EVENT_APPEND_BLOCK] = "APPEND_BLOCK",
	[EVENT_EXEC_LOAD] = "EXEC_LOAD",
	[EVENT_DELETE_FILE] = "DELETE_FILE",
	[EVENT_NEW_LOAD] = "NEW_LOAD",
	[EVENT_RAND] = "RAND",
	[EVENT_USER_VAR] = "USER_VAR",
	[EVENT_FORMAT_DESCRIPTION] = "FORMAT_DESCRIPTION",
	[EVENT_XID] = "XID",
	[EVENT_BEGIN_LOAD_QUERY] = "BEGIN_LOAD_QUERY",
	[EVENT_EXECUTE_LOAD_QUERY] = "EXECUTE_LOAD_QUERY",
	[EVENT_TABLE_MAP] = "TABLE_MAP",
	[EVENT_WRITE_ROWS_V1] = "WRITE_ROWS v1",
	[EVENT_UPDATE_ROWS_V1] = "UPDATE_ROWS v1",
	[EVENT_DELETE_ROWS_V1] = "DELETE_ROWS v1",
	[EVENT_INCIDENT] = "INCIDENT",
	[EVENT_HEARTBEAT] = "HEARTBEAT",
	[EVENT_IGNORABLE] = "IGNORABLE",
	[EVENT_ROWS_QUERY] = "ROWS_QUERY",
	[EVENT_WRITE_ROWS] = "WRITE_ROWS",
	[EVENT_UPDATE_ROWS] = "UPDATE_ROWS",
	[EVENT_DELETE_ROWS] = "DELETE_ROWS",
	[EVENT_GTID] = "GTID",
	[EVENT_ANONYMOUS_GTID] = "ANONYMOUS_GTID",
	[EVENT_PREVIOUS_GTIDS] = "PREVIOUS_GTIDS",
	[EVENT_TRANSACTION_CONTEXT] = "TRANSACTION_CONTEXT",
	[EVENT_VIEW_CHANGE] = "VIEW_CHANGE",
	[EVENT_XA_PREPARE] = "XA_PREPARE",
	[EVENT_PARTIAL_UPDATE_ROWS] = "PARTIAL_UPDATE_ROWS",
	[EVENT_TRANSACTION_PAYLOAD] = "TRANSACTION_PAYLOAD",
	[EVENT_HEARTBEAT_V2] = "HEARTBEAT_V2",
	[EVENT_GTID_TAGGED] = "GTID_TAGGED",
	[EVENT_ANNOTATE_ROWS] = "ANNOTATE_ROWS",
	[EVENT_BINLOG_CHECKPOINT] = "BINLOG_CHECKPOINT",
	[EVENT_MARIADB_GTID] = "GTID (MariaDB)",
	[EVENT_GTID_LIST] = "GTID_LIST",
	[EVENT_START_ENCRYPTION] = "START_ENCRYPTION",
	[EVENT_QUERY_COMPRESSED] = "QUERY_COMPRESSED",
	[EVENT_WRITE_ROWS_COMPRESSED_V1] = "WRITE_ROWS_COMPRESSED v1",
	[EVENT_UPDATE_ROWS_COMPRESSED_V1] = "UPDATE_ROWS_COMPRESSED v1",
	[EVENT_DELETE_ROWS_COMPRESSED_V1] = "DELETE_ROWS_COMPRESSED v1",
	[EVENT_WRITE_ROWS_COMPRESSED] = "WRITE_ROWS_COMPRESSED",
	[EVENT_UPDATE_ROWS_COMPRESSED] = "UPDATE_ROWS_COMPRESSED",
	[EVENT_DELETE_ROWS_COMPRESSED] = "DELETE_ROWS_COMPRESSED",
	[EVENT_PARTIAL_ROW_DATA] = "PARTIAL_ROW_DATA",
};

const char *event_name(uint8_t type)
{
	static _Thread_local char number[16];

	if (name_of[type] != NULL)
		return name_of[type];
	snprintf(number, sizeof(number), "type %u", type);
	return number;
}

int event_header_parse(struct event_header *out, struct bytes event, struct err *e)
{
	struct reader r = reader_of(event);
	struct event_header h;

	h.timestamp = reader_u32le(&r);
	h.type = reader_u8(&r);
	h.server_id = reader_u32le(&r);
	h.size = reader_u32le(&r);
	h.next_offset = reader_u32le(&r);
	h.flags = reader_u16le(&r);
	if (r.short_read)
		return err_set(e, ERR_DATA,
			       "event of %zu bytes is shorter than its header",
			       event.size);
	if (h.size != event.size)
		return err_set(e, ERR_DATA, "%s event says %u bytes, %zu came",
			       event_name(h.type), h.size, event.size);
	*out = h;
	return 0;
}

bool event_checksum_fits(struct bytes event)
{
	struct reader tail;

	if (event.size < EVENT_HEADER_BYTES + EVENT_CHECKSUM_BYTES)
		return false;
	tail = reader_of(event);
	reader_skip(&tail, event.size - EVENT_CHECKSUM_BYTES);
	return libdeflate_crc32(0, event.data, event.size - EVENT_CHECKSUM_BYTES) ==
	       reader_u32le(&tail);
}

/* The server sums a file's first event before it marks the file as in use. */
static bool format_checksum_fits(struct bytes event)
{
	struct reader tail = reader_of(event);
	uint8_t header[EVENT_HEADER_BYTES];
	uint32_t crc;

	memcpy(header, event.data, sizeof(header));
	header[17] = (uint8_t)(header[17] & ~EVENT_FLAG_IN_USE);
	crc = libdeflate_crc32(0, header, sizeof(header));
	reader_skip(&tail, sizeof(header));
	crc = libdeflate_crc32(crc, tail.at, reader_left(&tail) - EVENT_CHECKSUM_BYTES);
	reader_skip(&tail, reader_left(&tail) - EVENT_CHECKSUM_BYTES);
	return crc == reader_u32le(&tail);
}

int event_format_parse(struct event_format *out, struct bytes event, struct err *e)
{
	struct event_format f = { .has_checksum = false };
	struct reader r = reader_of(event);
	struct bytes version, lengths;
	uint16_t binlog_version;
	uint8_t header_bytes, algorithm;

	reader_skip(&r, EVENT_HEADER_BYTES);
	binlog_version = reader_u16le(&r);
	version = reader_bytes(&r, SERVER_VERSION_BYTES);
	f.created_at = reader_u32le(&r);
	header_bytes = reader_u8(&r);
	if (r.short_read || reader_left(&r) < 1 + EVENT_CHECKSUM_BYTES)
		return err_set(e, ERR_DATA, "FORMAT_DESCRIPTION event is truncated");
	if (binlog_version != 4 || header_bytes != EVENT_HEADER_BYTES)
		return err_set(
			e, ERR_DATA,
			"binary log version %u with headers of %u bytes is not supported",
			binlog_version, header_bytes);
	lengths = reader_bytes(&r, reader_left(&r) - 1 - EVENT_CHECKSUM_BYTES);
	algorithm = reader_u8(&r);
	if (lengths.size > sizeof(f.post_header) || lengths.size < EVENT_DELETE_ROWS_V1)
		return err_set(e, ERR_DATA,
			       "FORMAT_DESCRIPTION event names %zu event types",
			       lengths.size);
	if (algorithm > 1)
		return err_set(e, ERR_DATA, "unrecognized checksum algorithm %u",
			       algorithm);
	if (algorithm == 1 && !format_checksum_fits(event))
		return err_set(e, ERR_DATA,
			       "FORMAT_DESCRIPTION event has a wrong checksum");
	memcpy(f.server_version, version.data, SERVER_VERSION_BYTES);
	memcpy(f.post_header, lengths.data, lengths.size);
	f.post_header_count = (uint8_t)lengths.size;
	f.has_checksum = algorithm == 1;
	*out = f;
	return 0;
}
