/* SPDX-License-Identifier: Apache-2.0 */
/* The source inside: what its files share. */
#ifndef SOURCE_KAFKA_KAFKA_STATE_H
#define SOURCE_KAFKA_KAFKA_STATE_H

#include "broker/consumer.h"
#include "message/input.h"
#include "source/kafka/changelog.h"
#include "source/kafka/kafka.h"
#include "source/kafka/offsets.h"

/* A table that messages named. */
struct kafka_table {
	char *database, *table;
	struct schema *schema;     /* as announced to the sink, or to be */
	struct schema *said;       /* the messages' columns that it was made of */
	struct offsets has;        /* what the target has of it already */
	bool is_open;              /* the target knows it */
	bool is_announced;
};

struct kafka_topic {
	struct input *input;       /* NULL until a message showed its format */
	uint32_t partitions;
};

/* A COMMIT's position; the last one stays as it is until the next COMMIT was taken. */
struct kafka_position {
	struct position base;      /* first */
	struct offsets next;
};

struct kafka_source {
	struct source source;      /* first */
	const struct kafka_source_options *options;
	char *brokers, *patterns;  /* of the URL */
	char **key;                /* names; NULL: from the messages */
	uint32_t key_count;
	struct schema *given;      /* of --schema, or NULL */
	struct input_options input_options;
	enum table_mode mode;

	struct consumer *consumer;
	const struct consumer_topic *names;
	struct kafka_topic *topics;
	uint32_t topic_count;
	struct kafka_table **tables;
	uint32_t table_count;

	struct sink *sink;
	struct row_run run;
	struct changelog changelog;    /* MODE_APPEND: what becomes of the run */
	struct kafka_table *run_table; /* of the rows in `run` */
	struct origin run_origin;      /* of its last row, texts left out */
	struct offsets next;           /* behind the last message taken */
	struct offsets begin;          /* where this run began */
	struct kafka_position positions[2];
	uint64_t commits, controls;
	int64_t time_us;               /* of the newest message at its source */
	volatile bool is_stopping;
};

/* settings.c: ERR_CONFIG says what is wrong with the options. */
int kafka_settings_read(struct kafka_source *s, struct err *e);
void kafka_settings_release(struct kafka_source *s);

/* messages.c */
struct kafka_table *kafka_table_find(struct kafka_source *s, const char *database, const char *table);
/* What the target has of it. */
int kafka_table_start(struct kafka_table *t, const struct table_start *start, struct err *e);
/* Looks at a message of a topic that was not read yet: its format, its table's columns. */
int kafka_look(struct kafka_source *s, const struct consumer_message *m, struct err *e);
/* Takes a message; its rows go to the sink, at the latest with kafka_flush. */
int kafka_take(struct kafka_source *s, const struct consumer_message *m, struct err *e);
int kafka_flush(struct kafka_source *s, struct err *e);

#endif
