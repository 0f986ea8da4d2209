/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of other programs, one by one, into changes for a sink: tables that are what their source has, changelogs,
 * or the messages as they are. Where messages come from is their reader's business, a source's: here they stand in
 * topics, these have partitions, and a message's number in its partition is its offset.
 */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include "change/lost_values.h"
#include "change/sink.h"
#include "feed/changelog.h"
#include "feed/offsets.h"
#include "feed/seen.h"

struct feed;
struct feed_options;
struct findings;

/* Its bytes are the reader's, for as long as the call takes that gets it. */
struct feed_message {
	uint32_t topic, partition; /* topic: of feed.topics */
	int64_t offset, time_ms;   /* time_ms: -1 none */
	int time_type;             /* Kafka's number: -1 none, 0 the producer's, 1 the broker's */
	struct bytes key, value;   /* data NULL: null */
	const void *handle;        /* the reader's, for headers */
};

/* A table that messages named. */
struct feed_table {
	char *database, *table;
	struct schema *schema;     /* as announced to the sink, or to be; NULL: not known yet */
	struct schema *columns;    /* of them, what stands in messages; NULL with schema */
	struct schema *said;       /* an input's that was found to be the same; NULL: none */
	bool is_sought;            /* whether the sink has it already is known */
	bool is_final;             /* it has: its columns' types stay as they are */
	struct offsets has;        /* what the target has of it already */
	struct lost_values lost;
	struct seen seen;          /* MODE_MERGE: with the last message taken */
	bool is_warned;            /* that rows are older than a column */
	uint32_t told;             /* schema changes that its input was told of */
	bool *is_from;             /* by topic: it gets messages of that one */
	bool is_inferred;          /* when its messages were looked at, some of their types were what the values look like */
	bool is_open;              /* the target knows it */
	bool is_announced;
};

struct feed_topic {
	char *name;
	uint32_t partitions;
	char *database, *of_table; /* where messages go that do not say it */
	struct input *input;       /* NULL until a message showed its format */
	bool tells;                /* of other topics' columns: Debezium's schema changes are in it */
	struct feed_table *table;  /* of its last message; NULL: none yet */
};

/* What the feed asks of its reader, which has the feed as a member. */
struct feed_ops {
	/* Appends where the message stands, as sentences say it: "topic shop.orders, partition 0, offset 17". */
	void (*place)(const struct feed *, const struct feed_message *, struct buffer *out);
	/* Of the message with this handle the header of this number, from 0; false: it has no more. NULL: there are none. */
	bool (*header)(const void *handle, size_t number, const char **name, struct bytes *value);
	/* Before each COMMIT: puts into `next` what else finds it again. NULL: nothing does. */
	void (*mark)(struct feed *);
	/* The target has opened a table that it heard of while the feed ran: what it has may not go together with what is read. */
	int (*opened)(struct feed *, struct feed_table *, struct err *);
};

/* A COMMIT's position; the last one stays as it is until the next COMMIT was taken. */
struct feed_position {
	struct position base;      /* first */
	struct feed *feed;
	struct offsets next;
};

#define FEED_MESSAGES_LOOKED_AT 500u /* of each topic, before the first row */

/* A zeroed one can be closed. */
struct feed {
	const struct feed_ops *ops;
	const struct feed_options *options;
	bool is_shared;                /* other processes write the same tables */
	char **key;                    /* names; NULL: from the messages */
	uint32_t key_count;
	char **order_by;               /* names; NULL: none */
	uint32_t order_by_count;
	struct schema *given;          /* of --schema, or NULL */
	struct input_options input_options;
	enum table_mode mode;

	struct feed_topic *topics;
	uint32_t topic_count;
	struct feed_table **tables;
	uint32_t table_count;
	struct schema **first;         /* of the tables that feed_looked had found: a display reads them beside the run */
	uint32_t first_count;

	const struct sink *known;      /* the sink of the run to come: what tables it has */
	struct sink *sink;             /* NULL before the run; the reader sets it */
	struct row_run run;
	struct changelog changelog;    /* MODE_APPEND: what becomes of the run */
	struct feed_table *run_table;  /* of the rows in `run` */
	struct columns messages;       /* messages as they are, ... */
	struct feed_table *messages_table; /* ... of a raw table; else the quarantine, or NULL */
	uint64_t refused;              /* messages in the quarantine since the feed was opened */
	struct origin run_origin;      /* of its last row, texts left out */
	struct offsets next;           /* behind the last message taken */
	struct offsets begun;          /* where the pipeline began in partitions of which not all was to be read */
	struct feed_position positions[2];
	uint64_t commits;
	uint32_t schema_changes;       /* read so far */
	const struct feed_message *taking; /* the message whose rows are read, of run_table */
	uint64_t replayed;             /* messages that came again, since that was logged */
	int64_t replay_told_us;        /* monotonic; 0: never */
	int64_t time_us;               /* of the newest message at its source */
};

/* What halts say when only reading again helps. A low-water mark from before is not used then: target/lake_progress.h. */
#define READ_ANEW(tables) "move " tables " away and run again: its messages are read from the first one that is kept"

/* ERR_CONFIG says what is wrong with the options, which live longer than the feed. `known`: the sink of the run to come. */
int feed_open(struct feed *f, const struct feed_ops *ops, const struct feed_options *o, const struct sink *known,
	      struct err *e);
void feed_close(struct feed *f);
/* Before anything is looked at. Messages that name no database or no table go to these. */
void feed_add_topic(struct feed *f, const char *name, uint32_t partitions, const char *database, const char *table);

/*
 * Looks at a message before anything is taken: its format, its table's columns; of each topic FEED_MESSAGES_LOOKED_AT,
 * and all of one that tells of others' columns. What cannot be read is passed over. feed_looked then finds the raw
 * tables, or the quarantine, and notes which tables were there first.
 */
int feed_look(struct feed *f, const struct feed_message *m, struct err *e);
/* What was found in the topics that do not tell, before one that does was read, is to be found anew. */
void feed_forget_untold(struct feed *f);
int feed_looked(struct feed *f, struct err *e);
/*
 * Tables that were named and have no columns yet are none of those that are resumed, nor are those that are not
 * `kept` (NULL: all are).
 */
void feed_drop_tables(struct feed *f, bool (*kept)(const struct feed *, const struct feed_table *));

/* For doctor: what is to be said of each table, when all was looked at. `check` is the target's (source/source.h) or NULL. */
void feed_check_tables(const struct feed *f, int (*check)(const void *context, const struct schema *, struct err *),
		       const void *context, struct findings *out);

/* What the target has of a table: `position` NULL: nothing; `lacks` columns of it. */
int feed_table_start(struct feed *f, struct feed_table *t, const char *position, bool lacks, struct err *e);
struct feed_table *feed_table_find(struct feed *f, const char *database, const char *table);
/* Only if it was named already, otherwise NULL. */
struct feed_table *feed_table_named(const struct feed *f, const char *database, const char *table);

/* Takes a message; its rows go to the sink, at the latest with feed_commit. */
int feed_take(struct feed *f, const struct feed_message *m, struct err *e);
/* Keeps a message that its source could not read whole in the quarantine, which there is (messages_table). */
int feed_refuse(struct feed *f, const struct feed_message *m, const char *why, struct err *e);
/* A COMMIT behind the last message taken. */
int feed_commit(struct feed *f, struct err *e);
/* Logs how many events came again, when there are some and it was not logged lately, or `at_once`. */
void feed_tell_replayed(struct feed *f, bool at_once);

/* Whether a table's position has the message that TOPIC:PARTITION:OFFSET names. ERR_CONFIG: it is no such place. */
int feed_position_has(bool *out, const char *position, const char *place, struct err *e);
/* A table's position as text: how far its topics were read, where the pipeline began, and what was seen in them. */
void feed_position_format(const struct offsets *next, const struct offsets *begun, const struct seen *seen,
			  const struct lost_values *lost, struct buffer *out);
int feed_position_parse(struct offsets *next, struct offsets *begun, struct seen *seen, struct lost_values *lost,
			const char *position, struct err *e);

#endif
