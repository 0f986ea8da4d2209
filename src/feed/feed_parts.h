/* SPDX-License-Identifier: Apache-2.0 */
/* What the feed's files have of each other. */
#ifndef FEED_FEED_PARTS_H
#define FEED_FEED_PARTS_H

#include "feed/feed.h"

#define FEED_RUN_ROWS_MAX 4096u /* are sent on at once */

/* settings.c */
int feed_settings_read(struct feed *f, struct err *e);
void feed_settings_release(struct feed *f);

/* tables.c */
/* Where messages of the topic go that name this table, or none (""). */
struct feed_table *feed_table_of(struct feed *f, uint32_t topic, const char *database, const char *table);
/* The target is told of the table and its columns, unless it knows them. */
int feed_announce(struct feed *f, struct feed_table *t, struct err *e);
void feed_forget_tables(struct feed *f);

/* columns.c: the input learns what schema changes in other topics told of the message's table. 1: read it again. */
int feed_table_tell(struct feed *f, struct feed_table *t, struct input *input, const struct message *said,
		    struct err *e);
/* the columns that the sink's table has, once. */
int feed_table_seek(struct feed *f, struct feed_table *t, struct err *e);
/*
 * Makes the table's columns and those that the input reads the same: new ones stand behind the table's. 1: the input was
 * told of the table's, the message is to be read again, and `is_again` then. ERR_DATA: a column became another one.
 */
int feed_table_meet(struct feed *f, struct feed_table *t, struct input *input, const struct message *said,
		    bool is_again, struct err *e);
/* A changelog of which no row was seen yet: it has the columns of --schema, if any; others come with rows. */
int feed_table_begin(struct feed *f, struct feed_table *t, struct err *e);

/* take.c */
int feed_flush(struct feed *f, struct err *e);
/* The feed is told of a date that became NULL in the message being taken. */
void feed_note_lost(void *feed, const char *column, const char *value);

/* raw.c: finds the raw tables, or the quarantine. */
int raw_open(struct feed *f, struct err *e);
/* A message of a raw table. */
int raw_take(struct feed *f, const struct feed_message *m, struct err *e);
/* Keeps a message that cannot be read in the quarantine. */
int raw_refuse(struct feed *f, const struct feed_message *m, const char *why, struct err *e);
int raw_flush(struct feed *f, struct err *e);

#endif
