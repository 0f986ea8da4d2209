/* SPDX-License-Identifier: Apache-2.0 */
/* The names of topics and schemas. */
#ifndef MESSAGE_NAMES_H
#define MESSAGE_NAMES_H

#include "message/debezium.h"

/* Appends "prefix.database.table" as a topic may be named: at most 249 characters of [A-Za-z0-9._-]. */
void name_topic(struct buffer *out, const struct debezium_options *o, const char *database, const char *table);
/* Appends "topic.suffix" as schema.name.adjustment.mode has it. */
void name_schema(struct buffer *out, const struct debezium_options *o, const char *topic, const char *suffix);

#endif
