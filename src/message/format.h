/* SPDX-License-Identifier: Apache-2.0 */
/* The formats of change messages, and which one a message has. */
#ifndef MESSAGE_FORMAT_H
#define MESSAGE_FORMAT_H

#include "base/bytes.h"

enum message_format {
	FORMAT_DEBEZIUM, /* with or without its schema; tailrace's own is the same */
	FORMAT_MAXWELL,
	FORMAT_CANAL,    /* flat messages */
	FORMAT_DMS,
	FORMATS,         /* unknown */
};

const char *format_name(enum message_format f); /* "debezium" */
/*
 * The format that this message shows, or FORMATS when it shows none: a tombstone, a text that is no JSON, an object
 * like none of them. Ask the first messages until one answers.
 */
enum message_format format_detect(struct bytes value);

#endif
