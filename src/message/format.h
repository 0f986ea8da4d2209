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
	FORMAT_IMAGE,    /* lists of rows, each with its action and time */
	FORMATS,         /* unknown */
};

#define IMAGE_LIST   "after_image" /* names that an image list's members have, unless others are agreed on */
#define IMAGE_ACTION "_action"
#define IMAGE_TIME   "_timestamp"

const char *format_name(enum message_format f); /* "debezium" */
/*
 * The format that this message shows, or FORMATS when it shows none: a tombstone, a text that is no JSON, an object
 * like none of them. Ask the first messages until one answers. An image list shows itself by IMAGE_LIST alone.
 */
enum message_format format_detect(struct bytes value);

#endif
