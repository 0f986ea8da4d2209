/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of other programs, and our own, back to rows: the bytes of a Kafka message become a table's cells. Nothing
 * here knows Kafka: who reads the topics hands the bytes in and puts topic, partition and offset before an error.
 *
 * A message is read in two steps. input_read says what it is and brings its table's schema up to date; input_rows
 * appends its rows to a run, which the caller sends on when it is full, or when a row does not fit it.
 */
#ifndef MESSAGE_INPUT_H
#define MESSAGE_INPUT_H

#include "change/change.h"
#include "message/format.h"

/* What Debezium was told (its own names and defaults): messages without a schema do not say it. */
enum input_decimals { DECIMALS_PRECISE, DECIMALS_STRING, DECIMALS_DOUBLE };
enum input_times { TIMES_ADAPTIVE, TIMES_CONNECT, TIMES_ISOSTRING, TIMES_MICROSECONDS, TIMES_NANOSECONDS };
enum input_binaries { BINARIES_BYTES, BINARIES_BASE64, BINARIES_BASE64_URL, BINARIES_HEX };

/* Image lists: what a row that is new or changed has. */
enum input_image {
	IMAGE_FULL,    /* every column: one that is not there is NULL */
	IMAGE_PARTIAL, /* the key and what changed: one that is not there is not told */
};

struct input_options {
	enum message_format format;
	/* FORMAT_IMAGE: what rows have, and the members that are their list, a row's action and its time. */
	enum input_image image;
	const char *image_list, *image_action, *image_time;
	/*
	 * Event order (schema.h): the schemas say it, and rows have columns of ours in it, behind those of the table's first
	 * message: `_event_time`, then the columns that `order_by` names, `_event_file` and `_event_offset` (not of image
	 * lists), `_event_rank`. They are told in every image, also in a delete's. docs/messages.md says what is in them.
	 */
	bool by_event;
	const char *const *order_by;
	uint32_t order_by_count;
	int64_t ahead_us_max; /* by_event: a time that is later than the clock by more is refused; 0: none is */
	/*
	 * The columns of every table of this input (message/spark_ddl.h), or NULL: the message's schema part, the schema
	 * changes that were read before, or else what the values look like. Members that it does not name are left out.
	 * A field's source_type says what JSON does not: "datetime(6)", "time(3)", "bit(9)", "vector(3)", "enum", "set".
	 */
	struct schema *schema;
	const char *const *key; /* names of the key's columns, or NULL: as the messages have it */
	uint32_t key_count;
	bool is_key_optional; /* rows are of use without one: what does not name columns of the rows is no key */
	bool wants_each_present; /* by_event: partial images of a list are inserts with each_present (change.h), not updates */
	/* Of an update's old image only the key's columns are read, when there is a key and the new image is whole. */
	bool wants_old_key_only;
	enum input_decimals decimals;
	enum input_times times;
	enum input_binaries binaries;
	/*
	 * Dates and times that do not exist (0000-00-00) are NULL in a column that may be, and told: the column's name
	 * and the value, for each that is in a row that input_rows has appended. NULL: they are refused.
	 */
	void (*lost)(void *context, const char *column, const char *value);
	void *lost_context;
};

enum message_kind {
	MESSAGE_ROWS,
	MESSAGE_TRUNCATE,
	MESSAGE_TOMBSTONE, /* the value is null: the key's row is gone, as its delete has said */
	MESSAGE_CONTROL,   /* a change of a definition; `control` says which */
	MESSAGE_SIDE,      /* heartbeats, ends of transactions, marks: no rows and no definition */
	MESSAGE_KINDS,
};

struct message_row {
	enum op op;
	int64_t time_us; /* when the change was made; 0: it does not say */
};

/* Texts and all that is borrowed are valid until the next input_read. */
struct message {
	enum message_kind kind;
	enum op op;             /* ROWS: of all its rows; OP_COPY for those that a snapshot or load read */
	uint32_t row_count;
	const struct message_row *rows; /* what each says of itself, instead of `op` and the origin's time; NULL: nothing */
	/*
	 * ROWS, TRUNCATE: the table's columns, schema_share it to keep it; NULL: not known yet. `has_new_schema`: they
	 * are others than at the table's last message (or its first): fields added, types widened, never less. Types that
	 * are inferred may change with any message; to settle them by the first ones, read those before the first
	 * input_rows and then once more.
	 */
	struct schema *schema;
	bool has_new_schema, is_inferred;
	const char *database, *table; /* "" when the message does not say */
	bool tells_columns;           /* CONTROL: of tables, for input_told; their rows stand in other topics */
	const char *control;          /* CONTROL: the statement or the record's word; never NULL */
	struct origin origin;         /* what the message says of it; of PostgreSQL, log_offset is the LSN; of rows that say
					 their times themselves, the latest one */
	const char *log_name;         /* Debezium's topic.prefix, whose log it is; NULL unknown */
	uint64_t commit_offset;       /* PostgreSQL: LSN of the commit before this transaction; 0 unknown */
	uint32_t log_row;             /* the row's number in its event, from 0 */
	bool ends_transaction;        /* it is its transaction's last row, and has no number (Maxwell) */
	uint64_t transaction;         /* the source's number of it; 0 unknown */
	bool is_snapshot;
};

/* Rows of one table with one operation and, unless each says its own, the same fields present: struct rows to be. */
struct row_run {
	struct schema *schema; /* NULL: empty */
	enum op op;
	uint32_t count;
	struct columns before, after;
	struct buffer before_present, after_present; /* a bit for each field */
	bool before_is_partial, after_is_partial;
	struct buffer each_present; /* has_each: of each row's `after`, instead of after_present */
	bool has_each;
	bool is_upsert; /* as in struct rows */
};

/* A zeroed one is valid. Clearing keeps its memory. */
void row_run_clear(struct row_run *r);
void row_run_release(struct row_run *r);
/* Borrows from the run. */
struct rows row_run_rows(const struct row_run *r);

struct input;

/* Copies the options with their texts, and shares their schema. */
struct input *input_new(const struct input_options *o);
void input_free(struct input *in); /* NULL is fine */

/*
 * What the table of such rows has already, in the lake or by another topic: those fields stand first, in their order, and
 * what comes to them may be NULL. `is_final`: types that are inferred stay what they are there, and values must fit
 * them. The schema is another one then: the message that was read last is to be read again. Columns that were given are
 * only brought into that order. ERR_DATA: a type that a field's cannot become.
 */
int input_know(struct input *in, const char *database, const char *table, const struct schema *known, bool is_final,
	       struct err *e);
/*
 * The columns of a table as schema changes (MESSAGE_CONTROL) have told them, NULL when none was about it; valid until
 * the next input_read. Another input whose rows are of that table, and whose messages have no schema, takes them over
 * by input_tell: a row with a column of which it was not told is ERR_RETRY then. ERR_CONFIG: a change made a column's
 * values others, and what such a row has cannot be known.
 */
int input_told(struct input *in, const char *database, const char *table, struct schema **out, struct err *e);
int input_tell(struct input *in, const char *database, const char *table, const struct schema *told, struct err *e);
/*
 * Takes a message apart; `data` NULL is Kafka's null. ERR_DATA says what is wrong in which field, and how the value
 * begins; ERR_CONFIG what the user must say. The bytes are not needed any more when it returns.
 */
int input_read(struct input *in, struct bytes key, struct bytes value, struct message *out, struct err *e);
/*
 * After a MESSAGE_TOMBSTONE: makes it the delete of its key's row, for a topic in which a delete may stand as nothing
 * else (it was compacted away). Only Debezium's, of an input that has read rows of one table, whose key the message's
 * names; 1: it is not so, and nothing is to be done. In event order it never is: a tombstone does not say its time.
 */
int input_delete(struct input *in, struct bytes key, struct message *out, struct err *e);
/*
 * Appends the rows of the message read last: 0 all of them; 1 the run is of another table, operation or set of fields:
 * send it, clear it and call again. After -1 the run has none of the message's rows.
 *
 * A field that the message does not have, or has as "unavailable", is absent (see struct rows), in rows of every
 * operation. An update without an old image has the new key as `before`, with the other fields absent. So has every
 * partial image in event order, also of an insert: it says what its fields became, whether the row was there or not; a
 * reader who wants_each_present has them as inserts, many in a run. A full image is an insert for a reader who
 * wants_old_key_only: the new row stands for the key's, whichever was there.
 */
int input_rows(struct input *in, struct row_run *run, struct err *e);
/* Whether it could; the rows are still to be taken. */
int input_try_rows(struct input *in, struct err *e);

#endif
