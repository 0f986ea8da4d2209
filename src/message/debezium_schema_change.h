/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of DDL as Debezium writes them to the topic that is named as the prefix. */
#ifndef MESSAGE_DEBEZIUM_SCHEMA_CHANGE_H
#define MESSAGE_DEBEZIUM_SCHEMA_CHANGE_H

#include "change/definition.h"
#include "message/debezium.h"

/* Appends key and value. `origin` is where the statement stands; now_us: when it was handled. */
void debezium_schema_change(const struct debezium_options *o, const struct ddl *ddl, const struct origin *origin,
			    int64_t now_us, struct buffer *key, struct buffer *value);

#endif
