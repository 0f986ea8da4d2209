/* SPDX-License-Identifier: Apache-2.0 */
/* The source inside: what its files share. */
#ifndef SOURCE_KAFKA_KAFKA_STATE_H
#define SOURCE_KAFKA_KAFKA_STATE_H

#include "change/lost_values.h"
#include "source/kafka/changelog.h"
#include "source/kafka/kafka.h"
#include "source/kafka/offsets.h"
#include "source/kafka/seen.h"

struct consumer;
struct consumer_topic;
struct consumer_message;

/* A table that messages named. */
struct kafka_table {
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

struct kafka_topic {
	struct input *input;       /* NULL until a message showed its format */
	uint32_t partitions;
	bool tells;                /* of other topics' columns: Debezium's schema changes are in it */
	struct kafka_table *table; /* of its last message; NULL: none yet */
	bool *is_ours;             /* by partition, in a group; NULL: none of them */
};

/* A COMMIT's position; the last one stays as it is until the next COMMIT was taken. */
struct kafka_position {
	struct position base;      /* first */
	struct kafka_source *source;
	struct offsets next;
};

/* Up to where a worker of the group had brought the tables; of those that are not covered only what they have counts. */
struct kafka_mark {
	struct offsets at;
	bool *covers;              /* by table */
};

struct kafka_source {
	struct source source;      /* first */
	struct share share;        /* of a group */
	const struct kafka_source_options *options;
	char *brokers, *patterns;  /* of the URL */
	char **key;                /* names; NULL: from the messages */
	uint32_t key_count;
	struct schema *given;      /* of --schema, or NULL */
	struct input_options input_options;
	enum table_mode mode;

	struct kafka_mark *marks;
	uint32_t mark_count;

	struct offsets places;         /* of --from-offset */
	struct offsets begun;          /* where the pipeline began in the partitions that --from-offset was for */
	bool has_begun;                /* a run before this one read some of the topics */
	struct consumer *consumer;
	const struct consumer_topic *names;
	struct kafka_topic *topics;
	uint32_t topic_count;
	struct kafka_table **tables;
	uint32_t table_count;

	const struct sink *known;      /* the sink of the run to come: what tables it has */
	struct sink *sink;             /* NULL before the run */
	struct row_run run;
	struct changelog changelog;    /* MODE_APPEND: what becomes of the run */
	struct kafka_table *run_table; /* of the rows in `run` */
	struct columns messages;       /* messages as they are, ... */
	struct kafka_table *messages_table; /* ... of a raw table; else the quarantine, or NULL */
	uint64_t refused;              /* messages in the quarantine since the source was opened */
	struct origin run_origin;      /* of its last row, texts left out */
	struct offsets next;           /* behind the last message taken */
	struct offsets begin;          /* where this run began without a low-water mark */
	struct kafka_position positions[2];
	struct offsets told;           /* what the group is told next, once `told_at` is durable */
	uint64_t told_at;              /* a COMMIT's sequence; 0: nothing waits */
	int64_t quiet_us;              /* since when nothing came, or that was told; monotonic */
	int64_t looked_us;             /* when the group was told, or new partitions were looked for; monotonic */
	uint64_t commits;
	uint32_t schema_changes;       /* read so far */
	const struct consumer_message *taking; /* the message whose rows are read, of run_table */
	uint64_t replayed;             /* messages that came again, since that was logged */
	int64_t replay_told_us;        /* monotonic; 0: never */
	int64_t time_us;               /* of the newest message at its source */
	volatile bool is_stopping;
};

/* What halts say when only reading again helps. A low-water mark from before is not used then: target/lake_progress.h. */
#define READ_ANEW(tables) "move " tables " away and run again: its topics are read from their beginning, as far as they are kept"
/* Of messages that are gone. */
#define READ_WHAT_IS_LEFT(tables) "nothing is skipped: " READ_ANEW(tables) "; what they do not tell any more takes a new snapshot by " \
	"their producer"

#define RUN_ROWS_MAX 4096u /* are sent on at once */

/* settings.c: ERR_CONFIG says what is wrong with the options. */
int kafka_settings_read(struct kafka_source *s, struct err *e);
void kafka_settings_release(struct kafka_source *s);

/* kafka.c: a COMMIT behind the last message taken. */
int kafka_commit(struct kafka_source *s, struct err *e);
/* A table's position as text: how far its topics were read, where the pipeline began, and what was seen in them. */
void kafka_position_format(const struct offsets *next, const struct offsets *begun, const struct seen *seen,
			   const struct lost_values *lost, struct buffer *out);
int kafka_position_parse(struct offsets *next, struct offsets *begun, struct seen *seen, struct lost_values *lost,
			 const char *position, struct err *e);

/* begin.c: takes --from-offset apart. ERR_CONFIG: it is none, or names what is not read. */
int kafka_begin_read(struct kafka_source *s, struct err *e);
/* When all that earlier runs have left was found: the topics of a first run are those that --from-offset is for. */
void kafka_begin_start(struct kafka_source *s);
/* Where a partition begins when the stream has no place in it, noted in s->begun. ERR_CONFIG: not where the user says. */
int kafka_begin_at(struct kafka_source *s, const char *topic, uint32_t partition, int64_t first, int64_t end,
		   int64_t *out, struct err *e);
/*
 * An earlier run left this, and this of s->begun. One of other topics, under the same name, is no earlier run: then it is this
 * one that begins.
 */
void kafka_begin_found(struct kafka_source *s, const struct offsets *next, const struct offsets *begun);
/* A table cannot have more of a partition than there is: ERR_DATA, the topic was made again. */
int kafka_check_end(const struct kafka_table *t, const char *topic, uint32_t partition, int64_t end, struct err *e);

/* look.c: the first messages of all topics, before the run. */
int kafka_look_at_topics(struct kafka_source *s, struct err *e);
void kafka_forget_table(struct kafka_table *t);

/* columns.c: the input learns what schema changes in other topics told of the message's table. 1: read it again. */
int kafka_table_tell(struct kafka_source *s, struct kafka_table *t, struct input *input, const struct message *said,
		     struct err *e);
/* the columns that the sink's table has, once. */
int kafka_table_seek(struct kafka_source *s, struct kafka_table *t, struct err *e);
/*
 * Makes the table's columns and those that the input reads the same: new ones stand behind the table's. 1: the input was
 * told of the table's, the message is to be read again, and `is_again` then. ERR_DATA: a column became another one.
 */
int kafka_table_meet(struct kafka_source *s, struct kafka_table *t, struct input *input, const struct message *said,
		     bool is_again, struct err *e);

/* share.c */

/* Whether we read the partition; without a group we read all. */
bool kafka_is_ours(const struct kafka_source *s, uint32_t topic, uint32_t partition);
/* s->share speaks for the partitions that are ours from here on. */
void kafka_share_init(struct kafka_source *s);
/* In a group: what of the topics is ours from here on, and with whom we share the tables. */
int kafka_share_open(struct kafka_source *s, struct err *e);
/* How far before us our partitions were brought by whoever had them: into s->next. */
void kafka_share_start(struct kafka_source *s);
/* Tells the group every second how far everything is durable, for whoever watches its lag. */
void kafka_share_tell(struct kafka_source *s);
void kafka_share_release(struct kafka_source *s);
/* ERR_CONFIG when the table's keys were in other partitions before. */
int kafka_share_check(const struct kafka_source *s, const struct kafka_table *t, struct err *e);

/* messages.c */
/* Where messages of the topic go that name this table, or none (""). */
struct kafka_table *kafka_table_of(struct kafka_source *s, uint32_t topic, const char *database, const char *table);
/* The target is told of the table and its columns, unless it knows them. */
int kafka_announce(struct kafka_source *s, struct kafka_table *t, struct err *e);
struct kafka_table *kafka_table_find(struct kafka_source *s, const char *database, const char *table);
/* Only if it was named already, otherwise NULL. */
struct kafka_table *kafka_table_named(const struct kafka_source *s, const char *database, const char *table);
/* What the target has of it. */
int kafka_table_start(struct kafka_source *s, struct kafka_table *t, const struct table_start *start, struct err *e);
/*
 * ERR_DATA: what the target has of it ends before where the run began, at no low-water mark; nobody knows what stood
 * between.
 */
int kafka_check_gap(const struct kafka_source *s, const struct kafka_table *t, struct err *e);
/* Looks at a message of a topic that was not read yet: its format, its table's columns. */
int kafka_look(struct kafka_source *s, const struct consumer_message *m, struct err *e);
/* Takes a message; its rows go to the sink, at the latest with kafka_flush. */
int kafka_take(struct kafka_source *s, const struct consumer_message *m, struct err *e);
int kafka_flush(struct kafka_source *s, struct err *e);
/* The source is told of a date that became NULL in the message being taken. */
void kafka_note_lost(void *source, const char *column, const char *value);

/* raw.c. Finds the raw tables, or the quarantine; when the topics have been looked at, before anything is taken. */
int raw_open(struct kafka_source *s, struct err *e);
/* A message of a raw table. */
int raw_take(struct kafka_source *s, const struct consumer_message *m, struct err *e);
/* Keeps a message that cannot be read in the quarantine. */
int raw_refuse(struct kafka_source *s, const struct consumer_message *m, const char *why, struct err *e);
int raw_flush(struct kafka_source *s, struct err *e);

#endif
