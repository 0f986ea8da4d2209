/* SPDX-License-Identifier: Apache-2.0 */
/* What flows from a source to a target: an event with everything that its kind needs. */
#ifndef CHANGE_CHANGE_H
#define CHANGE_CHANGE_H

#include "change/columns.h"
#include "change/definition.h"
#include "change/position.h"
#include "change/schema.h"

enum change_kind {
	CHANGE_ROWS,     /* rows of one table, all with the same operation */
	CHANGE_TRUNCATE, /* the table is empty from here on */
	CHANGE_SCHEMA,   /* the table's rows have this schema from here on (also: first seen) */
	CHANGE_COMMIT,   /* the end of a source transaction: a consistent point, `position` is set */
	CHANGE_DDL,      /* a statement that defines; only for a sink that wants it */
	CHANGE_ROLLBACK, /* everything since the last COMMIT is void: the stream starts over there */
	CHANGE_KINDS,
};

enum op {
	OP_COPY,   /* read by the initial copy: after */
	OP_INSERT, /* after */
	OP_UPDATE, /* before and after, row i of one belongs to row i of the other */
	OP_DELETE, /* before */
	OPS,
};

/* Rows from `first` on, up to the next entry's, are rows `row`, row + 1, ... of one event of the log. */
struct log_event {
	uint32_t first, row;
	uint64_t offset; /* start of the event in the origin's file; XA COMMIT of rows that were prepared before */
};

/*
 * Partial images: `*_present` has a bit per field (bit f of byte f/8); a field without its bit has
 * NULLs in the columns that mean "absent", never NULL. NULL pointer = every field is present.
 * `each_present`: partial images that have each their own fields: instead of after_present, its (field_count + 7) / 8
 * bytes for each row; NULL pointer = they have the same. Only for a sink that wants_each_present.
 * `patched` marks fields of `after` whose cells are JSON patches (change/json_patch.h), to be applied
 * to the row's present value; NULL pointer = none.
 * `is_replace`: an update that leaves no column as it was; what is absent has its DEFAULT. Sinks never
 * see such a row with a field absent: the source knows the DEFAULTs.
 * `is_upsert`: partial rows that make their row where there is none; what they lack is NULL then.
 * `is_overtaken`: partial rows from before the end of a copy by chunks. The copy may have read the row
 * after them: when it is not in the table, it was deleted since, and the update is of no account.
 */
struct rows {
	enum op op;
	uint32_t count;
	const struct columns *before, *after;
	const uint8_t *before_present, *after_present, *each_present;
	const uint8_t *patched;
	bool is_replace, is_overtaken, is_upsert;
	const struct log_event *events; /* in order of `first`, the first one's is 0; NULL: not from a log */
	uint32_t event_count;
};

/*
 * Where the change stands, for messages and for stream targets. All text lives until `take` returned;
 * what a source has no word for is NULL or 0.
 */
struct origin {
	const char *connector;  /* "mysql", "mariadb": whose log; NULL: unknown */
	const char *log_file;   /* "binlog.000003" */
	uint64_t log_offset;    /* start of the event; of rows, the first one's */
	uint64_t transaction_offset; /* start of the transaction */
	const char *gtid;       /* of this transaction */
	int64_t time_us;        /* when the source made the change */
	uint32_t server_id;
	uint64_t thread_id;
};

/* Valid, with all that it points to, until the `take` that received it returns. */
struct change {
	enum change_kind kind;
	struct schema *schema; /* ROWS, TRUNCATE, SCHEMA; schema_share it to keep it */
	const struct origin *origin; /* never NULL */
	union {
		struct rows rows;
		/*
		 * SCHEMA: one row with what the rows so far hold in the fields that are new (the
		 * column's DEFAULT), or NULL: they hold NULL.
		 */
		const struct columns *backfill;
		const struct ddl *ddl; /* DDL */
		const struct position *position; /* COMMIT; valid until the next COMMIT's take */
	};
};

static inline bool field_present(const uint8_t *present, uint32_t field)
{
	return present == NULL || (present[field >> 3] >> (field & 7) & 1) != 0;
}

#endif
