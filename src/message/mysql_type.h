/* SPDX-License-Identifier: Apache-2.0 */
/* The lake type of a MySQL or MariaDB column, from the words for its type in a message. */
#ifndef MESSAGE_MYSQL_TYPE_H
#define MESSAGE_MYSQL_TYPE_H

#include "change/schema.h"

/*
 * Sets the field's type, and lends it the words as its source_type: "decimal(12,2) unsigned", in any case of letters.
 * The types are those of docs/types.md; what is not known is STRING.
 */
void mysql_type_field(struct field *f, const char *words);

#endif
