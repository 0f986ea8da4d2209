/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a server: queries with whole or streaming results, and the raw binary log. The only
 * part of the program that knows the client library.
 *
 * Failures: ERR_RETRY when the connection was lost or the server is too busy, ERR_CONFIG with what to
 * do when the server refuses us, ERR_STOP when *stop became true while waiting. After ERR_RETRY the
 * connection is of no use any more.
 */
#ifndef SOURCE_MYSQL_CONNECTION_H
#define SOURCE_MYSQL_CONNECTION_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/memory.h"
#include "source/mysql/reply.h"
#include "source/mysql/url.h"

struct connection;

struct connection_settings { /* borrowed while connecting */
	const struct mysql_url *url;
	const char *tls, *ca_file, *password_file;
	const volatile bool *stop; /* borrowed until close; may be NULL */
	uint32_t read_timeout_s;   /* silence that means a dead connection */
};

/*
 * Connects (10 s), with the session set up for exact reading: names and results as bytes of utf8mb4
 * or of the column's own set, time zone UTC, read only, no LOAD DATA LOCAL.
 */
int connection_open(struct connection **out, const struct connection_settings *s, struct err *e);
void connection_close(struct connection *c); /* NULL is fine; an unfinished result is dropped */
bool connection_is_encrypted(const struct connection *c);
bool connection_is_mariadb(const struct connection *c);
const char *connection_version(const struct connection *c); /* "8.0.36" as the server says */
/* The server's number for the last failure (1045 …), 0 none. */
uint32_t connection_error(const struct connection *c);

/* A statement whose result, if any, is of no interest. */
int connection_run(struct connection *c, const char *sql, struct err *e);

/* A small result, kept. A zeroed one is valid and empty. */
struct answer {
	struct bytes *cells; /* row by row; data NULL for NULL, otherwise a NUL stands behind */
	uint32_t row_count, column_count;
	struct arena arena;
};
/* At most 256 MiB; asks anew into the same answer, whose old cells become invalid. */
int connection_ask(struct connection *c, struct answer *out, const char *sql, struct err *e);
void answer_release(struct answer *a);
/* NULL for NULL and for a cell that is not there. Valid until the next ask. */
const char *answer_text(const struct answer *a, uint32_t row, uint32_t column);
uint64_t answer_uint(const struct answer *a, uint32_t row, uint32_t column); /* 0 when not a number */
struct bytes answer_bytes(const struct answer *a, uint32_t row, uint32_t column);

/*
 * A large result: rows one by one, by a prepared statement, so that numbers and times need not become text.
 * No other query until the end was seen. `columns` are valid until the next select.
 */
int connection_select(struct connection *c, const char *sql, const struct reply_column **columns,
		      uint32_t *column_count, struct err *e);
/*
 * 0: `cells` (column_count of them, as reply_row has them) are valid until the next call; 1: the end. The
 * row's size on the wire is added to *wire_bytes.
 */
int connection_row(struct connection *c, struct bytes *cells, uint64_t *wire_bytes, struct err *e);

/* How the log is asked for. */
struct dump_request {
	uint32_t server_id;
	bool is_mariadb;
	bool by_gtid;          /* MySQL: COM_BINLOG_DUMP_GTID with `gtids`; else by file and offset */
	const char *file;      /* MariaDB by GTID: "" */
	uint64_t offset;
	struct bytes gtids;    /* MySQL: encoded; MariaDB: text for @slave_connect_state */
	uint32_t heartbeat_ms;
};
int connection_dump(struct connection *c, const struct dump_request *r, struct err *e);
/*
 * 1: an event can be read now (or the connection's end seen); 0: nothing came for that long. Encrypted
 * connections always say 1: their reads return by the heartbeats.
 */
int connection_wait(struct connection *c, int timeout_ms);
/*
 * 0: `event` (joined from as many packets as it took) is valid until the next call; 1: the server
 * ended the log.
 */
int connection_event(struct connection *c, struct bytes *event, struct err *e);

#endif
