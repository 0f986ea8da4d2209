/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a binary log event: header, checksum, and the log's own description of
 * itself. */
#ifndef SOURCE_MYSQL_EVENT_H
#define SOURCE_MYSQL_EVENT_H

#include "base/bytes.h"
#include "base/err.h"

/* Log_event_type: MySQL's numbers up to 42, MariaDB's from 160. */
enum event_type {
	EVENT_QUERY = 2,
	EVENT_STOP = 3,
	EVENT_ROTATE = 4,
	EVENT_INTVAR = 5,
	EVENT_LOAD = 6,
	EVENT_CREATE_FILE = 8,
	EVENT_APPEND_BLOCK = 9,
	EVENT_EXEC_LOAD = 10,
	EVENT_DELETE_FILE = 11,
	EVENT_NEW_LOAD = 12,
	EVENT_RAND = 13,
	EVENT_USER_VAR = 14,
	EVENT_FORMAT_DESCRIPTION = 15,
	EVENT_XID = 16,
	EVENT_BEGIN_LOAD_QUERY = 17,
	EVENT_EXECUTE_LOAD_QUERY = 18,
	EVENT_TABLE_MAP = 19,
	EVENT_WRITE_ROWS_V1 = 23,
	EVENT_UPDATE_ROWS_V1 = 24,
	EVENT_DELETE_ROWS_V1 = 25,
	EVENT_INCIDENT = 26,
	EVENT_HEARTBEAT = 27,
	EVENT_IGNORABLE = 28,
	EVENT_ROWS_QUERY = 29,
	EVENT_WRITE_ROWS = 30,
	EVENT_UPDATE_ROWS = 31,
	EVENT_DELETE_ROWS = 32,
	EVENT_GTID = 33,
	EVENT_ANONYMOUS_GTID = 34,
	EVENT_PREVIOUS_GTIDS = 35,
	EVENT_TRANSACTION_CONTEXT = 36,
	EVENT_VIEW_CHANGE = 37,
	EVENT_XA_PREPARE = 38,
	EVENT_PARTIAL_UPDATE_ROWS = 39,
	EVENT_TRANSACTION_PAYLOAD = 40,
	EVENT_HEARTBEAT_V2 = 41,
	EVENT_GTID_TAGGED = 42,
	EVENT_ANNOTATE_ROWS = 160,
	EVENT_BINLOG_CHECKPOINT = 161,
	EVENT_MARIADB_GTID = 162,
	EVENT_GTID_LIST = 163,
	EVENT_START_ENCRYPTION = 164,
	EVENT_QUERY_COMPRESSED = 165,
	EVENT_WRITE_ROWS_COMPRESSED_V1 = 166,
	EVENT_UPDATE_ROWS_COMPRESSED_V1 = 167,
	EVENT_DELETE_ROWS_COMPRESSED_V1 = 168,
	EVENT_WRITE_ROWS_COMPRESSED = 169,
	EVENT_UPDATE_ROWS_COMPRESSED = 170,
	EVENT_DELETE_ROWS_COMPRESSED = 171,
	EVENT_PARTIAL_ROW_DATA = 172,
};

/* The server's word for it ("WRITE_ROWS"), or "type 77". Valid until the next call of
 * this thread. */
const char *event_name(uint8_t type);

enum event_flags {
	EVENT_FLAG_IN_USE = 0x01,     /* a log file that was not closed */
	EVENT_FLAG_ARTIFICIAL = 0x20, /* made for the stream: not in the file */
	EVENT_FLAG_IGNORABLE = 0x80,  /* who does not know the type may skip it */
};

#define EVENT_HEADER_BYTES   19
#define EVENT_CHECKSUM_BYTES 4

struct event_header {
	uint32_t timestamp; /* seconds since 1970 */
	uint8_t type;
	uint32_t server_id;
	uint32_t size;        /* whole event, header and checksum included */
	uint32_t next_offset; /* end of the event in its file, low 32 bits; 0 unknown */
	uint16_t flags;
};

/* From FORMAT_DESCRIPTION: how the events behind it lie. */
struct event_format {
	char server_version[51];
	bool has_checksum;      /* the events behind carry a CRC-32 */
	uint32_t created_at;    /* not 0: the server started here; table ids start over */
	uint8_t post_header_count;
	uint8_t post_header[255]; /* length of type t's post-header at [t - 1] */
};

/* ERR_DATA when `event` is not exactly one event. */
int event_header_parse(struct event_header *out, struct bytes event, struct err *e);
/* Whether the event's last four bytes are the CRC-32 of what stands before them. */
bool event_checksum_fits(struct bytes event);
/* `event` whole, checksum included when it has one; it is verified here. */
int event_format_parse(struct event_format *out, struct bytes event, struct err *e);

#endif
