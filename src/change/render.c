/* SPDX-License-Identifier: Apache-2.0 */
#include "change/render.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "change/change.h"

static void render_decimal(struct buffer *out, int128_t v, unsigned scale)
{
	bool is_negative = v < 0;
	unsigned __int128 left = is_negative ? 0 - (unsigned __int128)v : (unsigned __int128)v;
	char text[48];
	size_t at = sizeof(text);

	for (unsigned digits = 0; left > 0 || digits <= scale; digits++) {
		if (digits == scale && scale > 0)
			text[--at] = '.';
		text[--at] = (char)('0' + (int)(left % 10));
		left /= 10;
	}
	if (is_negative)
		text[--at] = '-';
	buffer_append(out, text + at, sizeof(text) - at);
}

static void render_timestamp(struct buffer *out, int64_t us, bool is_instant)
{
	char text[32];
	size_t size;

	clock_format(text, sizeof(text), us);
	size = strlen(text) - 1; /* without Z */
	if (memcmp(text + size - 7, ".000000", 7) == 0)
		size -= 7;
	buffer_append(out, text, size);
	if (is_instant)
		buffer_char(out, 'Z');
}

static int128_t unscaled(const struct column *c, uint32_t row)
{
	if (c->storage == STORAGE_INT32)
		return column_int32(c, row);
	return c->storage == STORAGE_INT64 ? column_int64(c, row) : column_int128(c, row);
}

/* The text alone: no quotes, no escapes. */
static void render_plain(struct buffer *out, const struct field *f, const struct column *c, uint32_t row)
{
	char text[32];

	switch (f->type) {
	case TYPE_BOOLEAN:
		buffer_text(out, c->values[row] ? "true" : "false");
		break;
	case TYPE_INT:
		text_int(out, column_int32(c, row));
		break;
	case TYPE_LONG:
		text_int(out, column_int64(c, row));
		break;
	case TYPE_FLOAT:
		text_float(out, column_float(c, row));
		break;
	case TYPE_DOUBLE:
		text_double(out, column_double(c, row));
		break;
	case TYPE_DECIMAL:
		render_decimal(out, unscaled(c, row), f->scale);
		break;
	case TYPE_DATE:
		clock_format(text, sizeof(text), (int64_t)column_int32(c, row) * 86400 * 1000000);
		buffer_append(out, text, strcspn(text, "T"));
		break;
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		render_timestamp(out, column_int64(c, row), f->type == TYPE_TIMESTAMP);
		break;
	case TYPE_STRING:
		buffer_bytes_append(out, column_bytes(c, row));
		break;
	case TYPE_BINARY:
		text_base64(out, column_bytes(c, row));
		break;
	case TYPES:
		break;
	}
}

static bool is_bare(const struct field *f, const struct column *c, uint32_t row)
{
	switch (f->type) {
	case TYPE_FLOAT:
		return isfinite(column_float(c, row));
	case TYPE_DOUBLE:
		return isfinite(column_double(c, row));
	default:
		return f->type < TYPE_DATE;
	}
}

void render_json(struct buffer *out, const struct field *f, const struct column *c, uint32_t row)
{
	if (column_is_null(c, row)) {
		buffer_text(out, "null");
	} else if (f->type == TYPE_STRING) {
		text_json(out, column_bytes(c, row));
	} else if (is_bare(f, c, row)) {
		render_plain(out, f, c, row);
	} else {
		buffer_char(out, '"');
		render_plain(out, f, c, row);
		buffer_char(out, '"');
	}
}

void render_json_row(struct buffer *out, const struct schema *s, const struct columns *rows, uint32_t row,
		     const uint8_t *present)
{
	char before = '{';

	for (uint32_t i = 0; i < s->field_count; i++) {
		if (!field_present(present, i))
			continue;
		buffer_char(out, before);
		text_json_string(out, s->fields[i].name);
		buffer_char(out, ':');
		render_json(out, &s->fields[i], &rows->columns[i], row);
		before = ',';
	}
	if (before == '{')
		buffer_char(out, before);
	buffer_char(out, '}');
}

static bool needs_quotes(struct bytes text)
{
	if (text.size == 0)
		return true;
	for (size_t i = 0; i < text.size; i++) {
		if (strchr(",\"\r\n", text.data[i]) != NULL) /* NUL is found too: quoted */
			return true;
	}
	return false;
}

void render_csv(struct buffer *out, const struct field *f, const struct column *c, uint32_t row)
{
	struct bytes text;

	if (column_is_null(c, row))
		return;
	if (f->type != TYPE_STRING) {
		render_plain(out, f, c, row);
		return;
	}
	text = column_bytes(c, row);
	if (!needs_quotes(text)) {
		buffer_bytes_append(out, text);
		return;
	}
	buffer_char(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			buffer_char(out, '"');
		buffer_char(out, (char)text.data[i]);
	}
	buffer_char(out, '"');
}
