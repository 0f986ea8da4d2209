/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder's questions about tables, answered from the captured ones and, when those are older, the server. */
#ifndef SOURCE_MYSQL_STREAM_TABLES_H
#define SOURCE_MYSQL_STREAM_TABLES_H

#include "source/mysql/stream.h"

struct stream_tables {
	const struct stream_settings *settings;
	const struct server *server;
	struct captured_list *tables;
	struct charset_list *charsets;
	struct sink *sink;             /* for statements that it may want */
	const struct decoder *decoder; /* for the place of a message */
};

/* For the outlet: loads table->defaults over a connection of its own. `context` is `t`. */
int stream_tables_defaults(void *context, struct captured *table, struct err *e);
/* The callbacks' context is `t`. */
void stream_tables_callbacks(struct stream_tables *t, struct decoder_callbacks *out);
void stream_tables_policy(struct stream_tables *t, struct value_policy *out);

#endif
