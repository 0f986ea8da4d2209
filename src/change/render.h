/* SPDX-License-Identifier: Apache-2.0 */
/* A cell as text: one canonical form per type, for JSON lines, CSV, logs and comparisons. */
#ifndef CHANGE_RENDER_H
#define CHANGE_RENDER_H

#include "change/columns.h"

/*
 * JSON: numbers bare (DECIMAL too, with all its fraction digits; NaN and infinities as strings), BINARY as
 * base64, DATE "2026-08-01", TIMESTAMP "2026-08-01T10:00:00.123456Z", TIMESTAMP_NTZ the same without Z
 * (fraction left out when zero), STRING as is, NULL as null.
 */
void render_json(struct buffer *out, const struct field *f, const struct column *c, uint32_t row);
/* {"field":value,…} of the present fields in schema order. */
void render_json_row(struct buffer *out, const struct schema *s, const struct columns *rows,
		     uint32_t row, const uint8_t *present);
/* As JSON without the quotes, and quoted by RFC 4180 where needed; NULL is empty, an empty text "". */
void render_csv(struct buffer *out, const struct field *f, const struct column *c, uint32_t row);

#endif
