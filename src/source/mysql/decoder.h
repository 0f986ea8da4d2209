/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binary log events to changes. One decoder per stream: it is fed whole events in order
 * and calls the sink. It knows nothing of connections: a recorded file feeds it as well.
 */
#ifndef SOURCE_MYSQL_DECODER_H
#define SOURCE_MYSQL_DECODER_H

#include "change/sink.h"
#include "source/mysql/gtid.h"
#include "source/mysql/statement.h"
#include "source/mysql/table_map.h"
#include "source/mysql/value.h"

/*
 * An XA transaction that was prepared before the position and is not decided: its rows
 * stand in the log before the position, and are needed when its XA COMMIT comes.
 */
struct mysql_prepared {
	struct xid xid;
	char file[256];
	uint64_t offset;        /* of the first event of its group */
	bool has_gtid;
	struct gtid gtid; /* of the group that prepared it; it is in the position's set */
};

/* Where the log is read from: with GTIDs all that is not in the set. */
struct mysql_start {
	char file[256];
	uint64_t offset;
	struct gtid_set gtids;
};

/* A place in the log, after a finished transaction. */
struct mysql_position {
	struct position base;
	char server_uuid[37];   /* MariaDB: "" (it has none; server_id below) */
	uint32_t server_id;
	char file[256];
	uint64_t offset;        /* end of the last finished transaction */
	struct gtid_set
		gtids; /* all that was read and finished, or empty without GTIDs */
	struct mysql_prepared *prepared;
	uint32_t prepared_count;
	/*
	 * Instead of a list: what is prepared here, was prepared behind this place. `file` is "" when
	 * there is no such place.
	 */
	struct mysql_start xa_from;
	/* Adds members to the JSON object for a table whose copy is under way; may be
	 * NULL. */
	void (*format_copy)(void *context, const struct schema *table,
			    struct buffer *out);
	void *copy_context;
};
/*
 * {"server":"uuid","server_id":1,"file":"binlog.000003","offset":1234,"gtids":"…","time_us":…}
 * and, while there are such, "prepared":[{"xid":"format:global:branch" in
 * hex,"file":…,"offset":…,"gtid":…}], or "xa_from":{"file":…,"offset":…,"gtids":"…"}
 */
void mysql_position_format(const struct position *p, const struct schema *table,
			   struct buffer *out);
/* Reads the members above back; unrecognized members are left to their owner. */
int mysql_position_parse(struct mysql_position *out, const char *json, bool is_mariadb,
			 struct err *e);
void mysql_position_release(struct mysql_position *p);
/* Copies; `to` is overwritten. */
void position_copy(struct mysql_position *to, const struct mysql_position *from);
/*
 * Where the stream must be asked to start: the position itself, or what comes before it
 * when prepared XA transactions have to be read again (the decoder tells them from the
 * rest, and drops the rest). `out` is overwritten.
 */
void mysql_position_start(const struct mysql_position *p, struct mysql_start *out);
void mysql_start_copy(struct mysql_start *to,
		      const struct mysql_start *from); /* `to` is overwritten */
void mysql_start_release(struct mysql_start *s);
/* True when nothing up to the position comes any more from there on. */
bool mysql_start_reaches(const struct mysql_start *s, const struct mysql_position *p);

/*
 * Order of two places in the log of one server: file numbers ("binlog.000009" < "binlog.1000000"), then
 * offsets.
 */
int place_compare(const char *file_a, uint64_t offset_a, const char *file_b, uint64_t offset_b);
/* True when everything up to `inner` is in `outer`: by GTIDs when both have them, else by place. */
bool position_reaches(const struct mysql_position *outer, const struct mysql_position *inner);

struct decoder_callbacks {
	/*
	 * Loads the character set of a collation that a TABLE_MAP names and the charset
	 * list has not yet. May be NULL: such columns then come with charset NULL.
	 */
	int (*charset)(void *context, uint16_t collation, struct err *e);
	/*
	 * The table of a map, or *out = NULL: not captured, its rows are skipped. Called
	 * when a table id is seen the first time or with another layout; the answer is
	 * kept until the id is dropped (rotation, or a new map of the same id). A
	 * difference that is more than added columns is the callee's error to return.
	 */
	int (*table)(void *context, const struct table_map *map, struct mysql_table **out,
		     struct err *e);
	/*
	 * The table of a name, for TRUNCATE, or *out = NULL: not captured. `database` is
	 * the session's when the statement names none.
	 */
	int (*named)(void *context, const char *database, const char *table,
		     struct mysql_table **out, struct err *e);
	/*
	 * A statement in the log that is no row change: `sql` in the session's
	 * `database`. Returns -1 to halt. The decoder itself handles BEGIN, COMMIT,
	 * ROLLBACK, SAVEPOINT and XA; this gets DDL, and DML in statement format (which
	 * must halt when it may touch a captured table).
	 */
	int (*statement)(void *context, const char *database, struct bytes sql,
			 const struct origin *origin, struct err *e);
	/*
	 * True when `table` has all of the transaction that stands at `offset` of `file`
	 * already: its own position has the gtid, or is past the offset. Asked once per
	 * table and transaction. May be NULL.
	 */
	bool (*has_already)(void *context, const struct mysql_table *table,
			    const struct gtid *gtid, const char *file, uint64_t offset);
	void *context;
};

struct decoder;

struct decoder *decoder_new(bool is_mariadb, struct charset_list *charsets,
			    struct sink *sink, const struct decoder_callbacks *callbacks,
			    const struct value_policy *policy);
void decoder_free(struct decoder *d);
/* Where the next event comes from: set before the first one. Copies. */
void decoder_set_position(struct decoder *d, const struct mysql_position *p);
/*
 * After the last finished transaction and what stood behind it without belonging to one (rotations,
 * descriptions). Valid until the next call.
 */
const struct mysql_position *decoder_position(const struct decoder *d);
/* Of the statement that the callback is told of: the server's bits, which are the same ones for both kinds. */
#define SQL_MODE_STRICT_TRANS ((uint64_t)1 << 21)
#define SQL_MODE_STRICT_ALL   ((uint64_t)1 << 22)
uint64_t decoder_sql_mode(const struct decoder *d);
/*
 * One event as sent: 19-byte header, body, and 4 bytes CRC-32 when `has_checksum`.
 * Returns 1 for the end of what the decoder may read (never now), 0, or -1: ERR_DATA
 * names file, offset, event type.
 */
int decoder_event(struct decoder *d, struct bytes event, struct err *e);
/* Whether a transaction is open (a COMMIT is still to come). After a reconnect the stream
 * starts over at decoder_position, so the open part is to be dropped by the sink:
 * decoder_in_transaction tells. */
bool decoder_in_transaction(const struct decoder *d);
uint64_t decoder_rows(const struct decoder *d); /* rows given to the sink so far */

#endif
