/* SPDX-License-Identifier: Apache-2.0 */
/* One table's topic: its rows as messages. */
#ifndef TARGET_KAFKA_TABLE_H
#define TARGET_KAFKA_TABLE_H

#include "target/kafka_context.h"

struct kafka_table {
	char *name;                       /* "db.table" */
	struct schema *schema;            /* that `messages` were made for; NULL: none yet */
	const char *connector;            /* the same */
	struct debezium_table *messages;
	struct kafka_stream stream;
	char *position;                   /* where it stands in the source, if that is not the stream's place; may be NULL */
	bool is_complete;                 /* its copy is in the topic */
	bool is_touched;                  /* it is in the target's list */
	uint64_t order;                   /* of its messages in the open transaction */
	struct columns held;              /* the copy's newest row: whether it is the last is not known yet */
	struct origin held_origin;
	char *held_file;                  /* held_origin's */
	bool any_copied;
};

struct kafka_table *kafka_table_new(const char *name);
void kafka_table_free(struct kafka_table *t);
/* Makes what depends on the schema, unless it is that one. */
int kafka_table_set_schema(struct kafka_table *t, struct kafka_context *k, struct schema *s,
			   const struct origin *origin, struct err *e);
int kafka_table_rows(struct kafka_table *t, struct kafka_context *k, const struct change *c, struct err *e);
int kafka_table_truncate(struct kafka_table *t, struct kafka_context *k, const struct change *c, struct err *e);
/*
 * What stands in k->key and k->value, to a topic that is no table's. `place` NULL: without a place, and without the
 * headers that messages of tables have.
 */
int kafka_table_send_beside(struct kafka_context *k, struct kafka_stream *s, const struct kafka_place *place,
			    struct err *e);
/* Sends the row that the copy held back, as the table's last or as the last of all. */
int kafka_table_end_copy(struct kafka_table *t, struct kafka_context *k, bool is_last, struct err *e);

#endif
