/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of texts. */
#include <stdlib.h>

#include "base/text.h"
#include "message/way_read.h"

static const char *add_json(const struct json_value *v, struct column *c)
{
	struct buffer text = { 0 };
	bool fits = json_write(&text, v);

	if (fits)
		column_add_bytes(c, text.data, (uint32_t)text.size);
	buffer_release(&text);
	return fits ? NULL : "is deeper than 64 levels";
}

const char *read_string(const struct way *w, const struct json_value *v, struct column *c)
{
	(void)w;
	if (v->type != JSON_STRING && v->type != JSON_NUMBER)
		return add_json(v, c);
	column_add_bytes(c, v->text.data, (uint32_t)v->text.size);
	return NULL;
}

const char *read_enum(const struct way *w, const struct json_value *v, struct column *c)
{
	uint32_t used = 0;
	uint8_t *at;

	(void)w;
	if (v->type != JSON_STRING)
		return "is not a text";
	at = column_begin_bytes(c, (uint32_t)v->text.size);
	for (size_t i = 0; i < v->text.size; i++) {
		if (v->text.data[i] == '\\' && i + 1 < v->text.size && v->text.data[i + 1] == ',')
			i++;
		at[used++] = v->text.data[i];
	}
	column_end_bytes(c, used);
	return NULL;
}

const char *read_set(const struct way *w, const struct json_value *v, struct column *c)
{
	struct json_cursor labels = json_open(v);
	struct buffer text = { 0 };
	struct json_value label;
	const char *why = NULL;

	if (v->type != JSON_ARRAY)
		return read_string(w, v, c);
	while (json_next(&labels, NULL, &label)) {
		if (label.type != JSON_STRING)
			why = "is not a list of labels";
		if (text.size > 0)
			buffer_char(&text, ',');
		buffer_bytes_append(&text, label.text);
	}
	if (why == NULL)
		column_add_bytes(c, text.data, (uint32_t)text.size);
	buffer_release(&text);
	return why;
}

const char *read_vector(const struct way *w, const struct json_value *v, struct column *c)
{
	struct json_cursor list = json_open(v);
	struct buffer text = { 0 };
	struct column number = { .storage = STORAGE_FLOAT };
	struct json_value item;
	const char *why = v->type == JSON_ARRAY ? NULL : "is not a list of numbers";

	buffer_char(&text, '[');
	while (why == NULL && json_next(&list, NULL, &item)) {
		why = read_float(w, &item, &number);
		if (why != NULL)
			break;
		if (text.size > 1)
			buffer_char(&text, ',');
		text_float(&text, column_float(&number, number.row_count - 1));
	}
	buffer_char(&text, ']');
	if (why == NULL)
		column_add_bytes(c, text.data, (uint32_t)text.size);
	memory_free(number.values);
	buffer_release(&text);
	return why;
}
