/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder inside: what its files share. */
#ifndef SOURCE_MYSQL_DECODER_STATE_H
#define SOURCE_MYSQL_DECODER_STATE_H

#include "source/mysql/decoder.h"
#include "source/mysql/event.h"
#include "source/mysql/statement.h"

#define BLOCK_ROWS_MAX  4096u
#define BLOCK_BYTES_MAX ((size_t)4 << 20)
#define PRESENT_BYTES   (TABLE_COLUMNS_MAX / 8)
#define TABLE_ID_DUMMY  0xffffffu /* a rows event that changes nothing */
#define HELD_BYTES_MAX  ((size_t)256 << 20)
#define STATEMENT_BYTES_MAX ((size_t)64 << 10) /* its verb and tables stand at its beginning */
#define EVENT_BYTES_MAX                                                                  \
	((size_t)1536 << 20) /* a 1 GiB row before and after is split by neither server  \
			      */

struct event {
	struct event_header header;
	struct bytes body; /* behind the header, without checksum */
};

/* A table id of the log, until it gets another map or the log file ends. */
struct table_slot {
	uint64_t id;
	struct buffer raw; /* the map's body: the same bytes need no second parse */
	struct arena arena;
	struct table_map map;
	struct mysql_table *table;  /* NULL: not captured */
	struct value_plan *plans;
	struct columns before, after;
	bool has_columns;
	uint64_t transaction; /* number of the transaction that `is_done` was asked for */
	bool is_done;               /* the table has all of it already */
};

/* Rows of one table and operation that were not given to the sink yet. */
struct block {
	struct table_slot *slot; /* NULL: none */
	enum op op;
	uint32_t count;
	bool all_before, all_after, has_patched, is_replace;
	uint8_t before_present[PRESENT_BYTES], after_present[PRESENT_BYTES],
		patched[PRESENT_BYTES];
	struct origin origin;
	struct log_event *events; /* owned, kept from block to block */
	uint32_t event_count, event_capacity;
};

/* From a GTID event or BEGIN to the end of the group. */
struct transaction {
	bool is_open;
	bool has_begun; /* more than one statement: ends with XID, COMMIT, ROLLBACK or
			   XA_PREPARE */
	bool is_known; /* read again for the XA transactions in it: nothing of it goes
			  downstream */
	bool has_gtid;
	bool is_xa;       /* rows are held until the XA transaction's end is known */
	bool has_rows;    /* rows of captured tables were seen */
	bool keeps_rows;  /* some of them of a table without transactions */
	bool was_taken;   /* the sink has some of it */
	struct gtid gtid;
	char gtid_text[96];
	uint64_t start;   /* offset of its first event */
	int64_t time_us;
	uint64_t thread_id;
	struct xid xid;
	struct buffer held; /* events of the XA transaction: { u32 size, event }, without
			       checksum */
};

/* An XA transaction that is prepared and not decided. */
struct prepared {
	struct mysql_prepared place;
	bool is_missing; /* known from the position only; its events are still to be read
			    again */
	struct buffer held;
};

struct decoder {
	bool is_mariadb;
	struct charset_list *charsets;
	struct sink *sink;
	struct decoder_callbacks callbacks;
	struct value_policy policy;

	char file[256];
	uint64_t offset, end; /* of the event at hand, and of the next one */
	struct event_format format;
	bool has_format;
	struct mysql_position position;
	bool reads_again; /* up to the position: the log was asked for from before it */
	struct mysql_start again; /* how far that is */
	uint64_t rows;

	struct table_slot **slots; /* open hash by id */
	uint32_t slot_count, slot_capacity;
	struct transaction transaction;
	uint64_t transaction_number;
	struct block block;
	struct prepared *prepared;
	uint32_t prepared_count;
	struct buffer inflated, payload, text;
	uint64_t sql_mode; /* of the QUERY at hand, 0: it does not say so */
	struct buffer statement; /* MariaDB: the beginning of the one whose rows these are, or empty */
	struct image *images; /* before and after, of the event at hand */
};

/* decoder.c */
int decoder_dispatch(struct decoder *d, const struct event *event, struct err *e);
void decoder_origin(const struct decoder *d, const struct event *event,
		    struct origin *out);

/* decoder_table.c */
int decoder_table_map(struct decoder *d, const struct event *event, struct err *e);
struct table_slot *decoder_slot(const struct decoder *d, uint64_t id);
void decoder_drop_slots(struct decoder *d);
/* Announces the schema of a captured table that the sink has not seen yet. */
int decoder_announce(struct decoder *d, struct mysql_table *t,
		     const struct origin *origin, struct err *e);

/* decoder_rows.c */
int decoder_rows_event(struct decoder *d, const struct event *event, struct err *e);
/* MariaDB's ANNOTATE_ROWS: the statement, as its client sent it. */
int decoder_annotation(struct decoder *d, const struct event *event, struct err *e);
/* decoder_block.c: gives the pending rows to the sink. */
int decoder_flush(struct decoder *d, struct err *e);
void decoder_drop_block(struct decoder *d);
/* Opens, or goes on with, the block that these rows belong to. */
int decoder_block(struct decoder *d, const struct block *wanted,
		  const struct event *event, struct err *e);
/* The block's next row is row `row` of the event at hand. */
void decoder_note_row(struct decoder *d, uint32_t row);

/* decoder_group.c: transactions */
int decoder_gtid(struct decoder *d, const struct event *event, struct err *e);
int decoder_begin(struct decoder *d, const struct event *event, struct err *e);
int decoder_commit(struct decoder *d, const struct event *event, struct err *e);
int decoder_query(struct decoder *d, const struct event *event, struct err *e);

/* decoder_xa.c */
void decoder_xa_start(struct decoder *d, const struct xid *xid);
int decoder_xa_hold(struct decoder *d, const struct event *event, struct err *e);
int decoder_xa_prepare(struct decoder *d, const struct event *event, struct err *e);
int decoder_xa_end(struct decoder *d, const struct event *event, const struct xid *xid,
		   bool commits, struct err *e);
void decoder_xa_forget(struct decoder *d);

/* decoder_compressed.c */
int decoder_payload(struct decoder *d, const struct event *event, struct err *e);
/* MariaDB: one compressed run of bytes into d->inflated. */
int decoder_inflate(struct decoder *d, struct bytes packed, struct err *e);
int mariadb_inflate(struct buffer *out, struct bytes packed, size_t size_max);

#endif
