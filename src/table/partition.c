/* SPDX-License-Identifier: Apache-2.0 */
#include "table/partition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/text.h"
#include "change/cell.h"
#include "change/render.h"

const char *text_map_get(const struct text_map *m, const char *key)
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (strcmp(m->pairs[i].key, key) == 0)
			return m->pairs[i].value;
	}
	return NULL;
}

static const char *put_text(char **at, const char *text)
{
	size_t size = text != NULL ? strlen(text) + 1 : 0;
	char *copy = text != NULL ? memcpy(*at, text, size) : NULL;

	*at += size;
	return copy;
}

struct text_map text_map_keep(const struct text_map *m)
{
	size_t bytes = m->count * sizeof(struct text_pair);
	struct text_map copy = { .count = m->count };
	char *at;

	if (m->count == 0)
		return copy;
	for (uint32_t i = 0; i < m->count; i++) {
		bytes += strlen(m->pairs[i].key) + 1;
		bytes += m->pairs[i].value != NULL ? strlen(m->pairs[i].value) + 1 : 0;
	}
	at = memory_array(char, bytes);
	copy.pairs = (struct text_pair *)(void *)at;
	at += m->count * sizeof(struct text_pair);
	for (uint32_t i = 0; i < m->count; i++) {
		copy.pairs[i].key = put_text(&at, m->pairs[i].key);
		copy.pairs[i].value = put_text(&at, m->pairs[i].value);
	}
	return copy;
}

int partition_find_column(const struct schema *s, const char *name)
{
	int at = schema_find(s, name);

	for (uint32_t i = 0; at < 0 && i < s->field_count; i++) {
		if (strcasecmp(s->fields[i].name, name) == 0)
			at = (int)i;
	}
	return at;
}

static int add_column(struct schema *s, const char *name, struct err *e)
{
	int at = partition_find_column(s, name);
	const struct field *f;

	if (at < 0 && strchr(name, '(') != NULL)
		return err_set(e, ERR_CONFIG, "--partition-by: \"%s\": Delta has no transforms: name columns, or let Iceberg keep the "
			       "table alone (--table-format iceberg)", name);
	if (at < 0)
		return err_set(e, ERR_CONFIG, "--partition-by: the table has no column \"%s\"", name);
	f = &s->fields[at];
	if (f->type == TYPE_FLOAT || f->type == TYPE_DOUBLE || f->type == TYPE_BINARY)
		return err_set(e, ERR_CONFIG, "--partition-by: column \"%s\" is %s, whose values are not spelled alike by all "
			       "readers; choose another column", f->name, type_name(f->type));
	for (uint32_t i = 0; i < s->partition_count; i++) {
		if (s->partition[i].field == (uint32_t)at)
			return err_set(e, ERR_CONFIG, "--partition-by: column \"%s\" is there twice", f->name);
	}
	schema_add_partition(s, (uint32_t)at, "identity", f->name);
	return 0;
}

int partition_by(struct schema *s, const char *columns, struct err *e)
{
	char *copy = memory_copy_text(columns), *rest = copy, *name;
	int rc = 0;

	while (rc == 0 && (name = strsep(&rest, ",")) != NULL)
		rc = add_column(s, name, e);
	memory_free(copy);
	return rc;
}

void partition_words(struct buffer *out, const struct schema *s, const struct partition_field *p)
{
	const char *column = s->fields[p->field].name, *width = strchr(p->transform, '[');

	if (strcmp(p->transform, "identity") == 0)
		buffer_text(out, column);
	else if (width == NULL)
		buffer_format(out, "%s(%s)", p->transform, column);
	else
		buffer_format(out, "%.*s(%.*s,%s)", (int)(width - p->transform), p->transform, (int)strcspn(width + 1, "]"), width + 1,
			      column);
}

void partition_text(struct buffer *out, const struct field *f, const struct column *c, uint32_t row)
{
	char text[32];

	if (f->type == TYPE_STRING) {
		buffer_bytes_append(out, column_bytes(c, row));
	} else if (f->type == TYPE_TIMESTAMP) {
		buffer_text(out, clock_format(text, sizeof(text), column_int64(c, row)));
	} else if (f->type == TYPE_TIMESTAMP_NTZ) {
		clock_format(text, sizeof(text), column_int64(c, row));
		text[strlen("2026-08-01")] = ' ';
		buffer_append(out, text, strlen(text) - 1); /* without Z */
	} else {
		render_csv(out, f, c, row);
	}
}

static bool put_int(struct column *out, const char *text)
{
	int64_t v;

	if (!text_parse_int(bytes_of_text(text), &v))
		return false;
	if (out->storage == STORAGE_INT64)
		column_add_int64(out, v);
	else if (v >= INT32_MIN && v <= INT32_MAX)
		column_add_int32(out, (int32_t)v);
	else
		return false;
	return true;
}

static bool put_bool(struct column *out, const char *text)
{
	bool v = strcasecmp(text, "true") == 0;

	if (!v && strcasecmp(text, "false") != 0)
		return false;
	column_add_bool(out, v);
	return true;
}

static bool put_real(struct column *out, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (*end != 0)
		return false;
	if (out->storage == STORAGE_FLOAT)
		column_add_float(out, strtof(text, NULL));
	else
		column_add_double(out, v);
	return true;
}

#define DIGITS_MAX 76 /* of a decimal's text, leading and trailing zeros included */

static bool put_decimal(struct column *out, const struct field *f, const char *text)
{
	bool is_negative = *text == '-';
	char digits[DIGITS_MAX + 1];
	size_t count = 0, fraction = 0;
	bool has_point = false;

	for (text += is_negative; *text != 0 && count < DIGITS_MAX; text++) {
		if (*text == '.' && !has_point) {
			has_point = true;
		} else if (*text >= '0' && *text <= '9') {
			digits[count++] = *text;
			fraction += has_point;
		} else {
			return false;
		}
	}
	for (; count > 0 && fraction < f->scale && count < DIGITS_MAX; fraction++)
		digits[count++] = '0';
	for (; fraction > f->scale && count > 0 && digits[count - 1] == '0'; fraction--)
		count--;
	digits[count] = 0;
	return *text == 0 && count > 0 && fraction == f->scale &&
	       count - strspn(digits, "0") <= f->precision && cell_decimal(out, is_negative, digits, count, f->scale);
}

/* "1970-01-01", with " 00:00:00.123456" or "T00:00:00.123456Z" behind it. */
static bool read_calendar(struct calendar *out, const char *text, bool has_time)
{
	int used = 0, digits = 0;

	*out = (struct calendar){ 0 };
	if (sscanf(text, "%4d-%2d-%2d%n", &out->year, &out->month, &out->day, &used) != 3)
		return false;
	text += used;
	if (!has_time || *text == 0)
		return *text == 0;
	used = 0;
	if ((*text != ' ' && *text != 'T') ||
	    sscanf(text + 1, "%2d:%2d:%2d%n", &out->hour, &out->minute, &out->second, &used) != 3)
		return false;
	text += 1 + used;
	if (*text == '.') {
		for (text++; *text >= '0' && *text <= '9' && digits < 6; text++, digits++)
			out->microsecond = out->microsecond * 10 + (*text - '0');
		for (; digits < 6; digits++)
			out->microsecond *= 10;
	}
	return *text == 0 || strcmp(text, "Z") == 0;
}

static bool put_cell(struct column *out, const struct field *f, const char *text)
{
	struct calendar at;

	switch (f->type) {
	case TYPE_BOOLEAN:
		return put_bool(out, text);
	case TYPE_INT:
	case TYPE_LONG:
		return put_int(out, text);
	case TYPE_FLOAT:
	case TYPE_DOUBLE:
		return put_real(out, text);
	case TYPE_DECIMAL:
		return put_decimal(out, f, text);
	case TYPE_DATE:
		return read_calendar(&at, text, false) && cell_date(out, &at);
	case TYPE_TIMESTAMP:
	case TYPE_TIMESTAMP_NTZ:
		return read_calendar(&at, text, true) && cell_timestamp(out, &at);
	case TYPE_STRING:
	case TYPE_BINARY:
		column_add_bytes(out, text, (uint32_t)strlen(text));
		return true;
	case TYPES:
		break;
	}
	return false;
}

int partition_cell(struct column *out, const struct field *f, const char *text, struct err *e)
{
	if (text == NULL || text[0] == 0)
		column_set_null(out);
	else if (!put_cell(out, f, text))
		return err_set(e, ERR_DATA, "partition column \"%s\": \"%.40s\" is no %s", f->name, text,
			       type_name(f->type));
	return 0;
}
