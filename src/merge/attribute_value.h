/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cell as the long table has it: exact text, from which the cell comes back whatever its type. Numbers in decimal digits
 * (floating-point ones the shortest that reads back), true and false, dates 2026-08-01, instants 2026-08-01T10:00:00.123456Z,
 * wall clocks 2026-08-01 10:00:00.123456, texts as they are, binary as base64. NULL is NULL.
 */
#ifndef MERGE_ATTRIBUTE_VALUE_H
#define MERGE_ATTRIBUTE_VALUE_H

#include "base/err.h"
#include "change/columns.h"

/* Appends the text of a cell; `scratch` is overwritten. */
void attribute_value_put(struct column *out, const struct field *f, const struct column *c, uint32_t row,
			 struct buffer *scratch);
/* Appends the cell of such a text, of a field of the same type or a wider one. ERR_DATA: it is none. */
int attribute_value_read(struct column *out, const struct field *f, const struct column *text, uint32_t row,
			 struct buffer *scratch, struct err *e);

#endif
