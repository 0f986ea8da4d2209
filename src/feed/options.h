/* SPDX-License-Identifier: Apache-2.0 */
/* What a user says of messages: how they are to be read, and what becomes of them. */
#ifndef FEED_OPTIONS_H
#define FEED_OPTIONS_H

#include "base/option.h"

struct debezium_options;

struct feed_options {
	char *format;      /* "auto", "debezium", ... */
	char *image;       /* "full", "partial" */
	char *image_list, *image_action, *image_time; /* names of members */
	char *schema;      /* Spark DDL, NULL: from the messages */
	char *key;         /* names of the key's columns with commas, NULL: from the messages */
	char *table;       /* "database.table" of all messages, NULL: as each says */
	char *mode;        /* "merge", "append", "raw" */
	bool before_image; /* changelog tables have columns of the old image */
	char *order;       /* "log", "event" */
	char *order_by;    /* names of columns with commas; NULL: none */
	int64_t max_ahead_ms; /* 0: any */
	char *bad_message; /* "halt", "quarantine" */
	const struct debezium_options *messages; /* the modes that the messages were written with; not in the table */
	const char *invalid_values; /* "null", "halt"; not in the table either */
};

extern const struct option feed_option_table[];

#endif
