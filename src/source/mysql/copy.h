/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The initial copy. Tables with a key go in chunks by key, read side by side, while writers are at work: the log
 * from the position read before (P0) brings every change since, and the target upserts. Tables without a
 * key, and all tables for a target that cannot upsert, are read in one consistent snapshot and come as one
 * unit.
 */
#ifndef SOURCE_MYSQL_COPY_H
#define SOURCE_MYSQL_COPY_H

#include <pthread.h>

#include "change/sink.h"
#include "source/mysql/captured.h"

struct copy_settings { /* borrowed during the run */
	struct connection_settings connection;
	uint32_t connections;
	uint64_t chunk_rows_max, chunk_bytes_max;
	bool invalid_halts;
	const volatile bool *stop;
};

/* A commit's position during the copy: each table's own; the stream's place is what all tables have. */
struct copy_position {
	struct position base; /* first */
	struct captured_list *tables;
	struct mysql_position low;
};

struct copy {
	const struct copy_settings *settings;
	const struct server *server;
	struct captured_list *tables;
	struct sink *sink;
	struct copy_position *position;
	struct mysql_start xa_from; /* copy_note_xa's place; `file` "": none */
	bool has_xa;                /* somebody uses XA on this server */
	pthread_mutex_t lock;  /* all below and of the tables, and the sink */
	_Atomic bool has_failed;
	struct err failure;
};

/*
 * Copies whatever of the tables has no position yet or a copy under way. `position` must outlive the sink's
 * use of it; its sequence goes on from what it is. Returns 0 when all tables have a position, -1 otherwise
 * (ERR_STOP: *stop).
 */
int copy_run(const struct copy_settings *s, const struct server *server, struct captured_list *tables,
	     struct copy_position *position, struct sink *sink, struct err *e);

/* The snapshot's part (copy_snapshot.c): every table that copy_wants_snapshot. */
int copy_snapshots(struct copy *c, struct err *e);
/* Tells a sink that wants DDL of the tables to be copied (copy_definitions.c). `at`: the copy's place. */
int copy_definitions(struct copy *c, struct connection *connection, const struct mysql_position *at, struct err *e);
bool copy_wants_snapshot(const struct copy *c, const struct captured *t);
/* P0: everything before it is visible to what is read from now on. */
int copy_start_position(struct mysql_position *out, const struct copy *c, struct connection *connection,
			struct err *e);
/*
 * XA transactions (copy_xa.c). Before the copy takes its place: notes where the log is; waits until what is
 * prepared is decided (ERR_CONFIG: it is not within a minute). Behind that: lets what is committed be seen.
 */
int copy_note_xa(struct copy *c, struct connection *connection, struct err *e);
int copy_await_xa(struct copy *c, struct connection *connection, struct err *e);
int copy_settle_xa(const struct copy *c, struct connection *connection, struct err *e);
/* For a place of the copy: what is prepared there, was prepared since copy_note_xa. */
void copy_mark_xa(const struct copy *c, struct mysql_position *at);
/* With a brief global lock, which is given up by snapshot_unlock or by closing. */
int snapshot_lock(const struct copy *c, struct connection *connection, struct err *e);
int snapshot_unlock(struct connection *connection, struct err *e);

/* Rows of one result, on their way to the sink (copy_rows.c). */
struct copy_rows {
	struct copy *copy;
	struct captured *table;
	struct columns columns;
	const struct reply_column *reply; /* of the result; the connection's */
	struct bytes *cells;
	struct bytes *key;         /* copy_rows_key's answer, and the memory of its texts */
	struct buffer *key_texts;
	uint64_t wire_bytes, block_bytes;
	uint64_t row_count; /* of this result so far */
};
void copy_rows_init(struct copy_rows *r, struct copy *c, struct captured *t);
void copy_rows_release(struct copy_rows *r);
/* Asks for rows: one column for each of the table's, in order. */
int copy_rows_select(struct copy_rows *r, struct connection *connection, const char *sql, struct err *e);
/* 0: a row was added; 1: the result ended. The row can be seen until the next call. */
int copy_rows_next(struct copy_rows *r, struct connection *connection, struct err *e);
/* The key of the last row as texts of the server's; valid until the next call. */
const struct bytes *copy_rows_key(struct copy_rows *r);
bool copy_rows_is_full(const struct copy_rows *r);
/*
 * Gives the block to the sink. With `range`: its progress becomes `cells` (NULL: the range is done), and a
 * COMMIT follows. The caller does not hold the lock.
 */
int copy_rows_give(struct copy_rows *r, struct copy_range *range, const struct bytes *cells,
		   struct err *e);
/* A COMMIT; the caller holds the lock. With `table`, its schema goes first, so that it gets a version. */
int copy_commit(struct copy *c, struct captured *table, struct err *e);
/* Other connections stop at their next block; the first reason stays. */
void copy_fail(struct copy *c, const struct err *failure);
bool copy_is_over(const struct copy *c); /* failed or stopped */

#endif
