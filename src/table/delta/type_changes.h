/* SPDX-License-Identifier: Apache-2.0 */
/* What the types of a table's columns were before ("Type Change Metadata"): its older files have them. */
#ifndef TABLE_DELTA_TYPE_CHANGES_H
#define TABLE_DELTA_TYPE_CHANGES_H

#include <jansson.h>
#include <stdbool.h>

#include "base/bytes.h"

#define TYPE_CHANGES "delta.typeChanges"

/* The fields of a schemaString; NULL: there is none, or it cannot be read. Released with json_decref. */
json_t *type_changes_open(const char *schema_string);
/*
 * Appends ,"delta.typeChanges":[…] of a field that has this type (a JSON string with its quotes) from now on and is in `fields`
 * as it was; or nothing, where it has always had it. Whether anything was appended.
 */
bool type_changes_format(struct buffer *out, json_t *fields, const char *name, const char *type);

#endif
