/* SPDX-License-Identifier: Apache-2.0 */
/* MySQL's binary JSON to exactly the text that the server itself prints for it. */
#ifndef SOURCE_MYSQL_JSON_BINARY_H
#define SOURCE_MYSQL_JSON_BINARY_H

#include "base/bytes.h"

/* Appends the text (UTF-8); -1 when the value is malformed, with a part of the text
 * appended. */
int json_binary_text(struct buffer *out, struct bytes value);
/*
 * A partial update's JSON field (its bytes behind the length) as a patch cell of
 * change/json_patch.h; -1 when malformed.
 */
int json_binary_patch(struct buffer *patch, struct bytes diffs);
/* A double as MySQL prints it inside JSON: shortest digits, ".0" behind whole numbers,
 * "1e20". */
void json_binary_double(struct buffer *out, double v);

#endif
