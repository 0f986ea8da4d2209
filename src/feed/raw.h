/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages as they are: rows of raw tables (--mode raw), with the columns of Spark's Kafka source, and of the table that
 * keeps messages which cannot be read (--bad-message quarantine), with the headers and the reason behind them.
 */
#ifndef FEED_RAW_H
#define FEED_RAW_H

#include "feed/feed.h"

#define QUARANTINE_DATABASE "topics"
#define QUARANTINE_TABLE    "quarantine"

/* Of MODE_RAW or MODE_QUARANTINE. The caller owns it; not shared yet. */
struct schema *raw_schema(const char *database, const char *table, enum table_mode mode);
/* Appends the message; `why`, of MODE_QUARANTINE only, is the reason. */
void raw_add(struct columns *rows, const struct feed_ops *ops, const char *topic, const struct feed_message *m,
	     const char *why);

#endif
