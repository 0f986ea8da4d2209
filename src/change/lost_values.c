/* SPDX-License-Identifier: Apache-2.0 */
#include "change/lost_values.h"

#include <jansson.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

void lost_values_release(struct lost_values *l)
{
	for (uint32_t i = 0; i < l->column_count; i++) {
		memory_free(l->columns[i].column);
		memory_free(l->columns[i].first);
		memory_free(l->columns[i].at);
	}
	memory_free(l->columns);
	*l = (struct lost_values){ 0 };
}

static void add(struct lost_values *l, const char *column, uint64_t count, const char *first, const char *at)
{
	l->columns = memory_grow(l->columns, struct lost_value, l->column_count + 1);
	l->columns[l->column_count++] = (struct lost_value){ memory_copy_text(column), count, memory_copy_text(first),
							     memory_copy_text(at) };
}

void lost_values_note(struct lost_values *l, const struct schema *table, const char *column, const char *value,
		      const char *at)
{
	char name[80], quoted[120];

	for (uint32_t i = 0; i < l->column_count; i++) {
		if (strcmp(l->columns[i].column, column) == 0) {
			l->columns[i].count++;
			return;
		}
	}
	add(l, column, 1, value, at);
	log_warn("an invalid value became NULL", "table=%s.%s column=%s value=%s at=%s",
		 table->database, table->table, log_quote(name, sizeof(name), column),
		 log_quote(quoted, sizeof(quoted), value), at);
}

void lost_values_told(struct lost_values *l)
{
	for (uint32_t i = 0; i < l->column_count; i++)
		l->columns[i].count = 0;
}

void lost_values_add(struct lost_values *to, const struct lost_values *from)
{
	for (uint32_t i = 0; i < from->column_count; i++) {
		const struct lost_value *v = &from->columns[i];
		uint32_t at = 0;

		while (at < to->column_count && strcmp(to->columns[at].column, v->column) != 0)
			at++;
		if (at == to->column_count)
			add(to, v->column, v->count, v->first, v->at);
		else
			to->columns[at].count += v->count;
	}
}

void lost_values_format(const struct lost_values *l, struct buffer *out)
{
	bool is_first = true;

	for (uint32_t i = 0; i < l->column_count; i++) {
		const struct lost_value *v = &l->columns[i];

		if (v->count == 0)
			continue;
		buffer_text(out, is_first ? ",\"invalid\":{" : ",");
		text_json_string(out, v->column);
		buffer_format(out, ":{\"count\":%llu,\"first\":", (unsigned long long)v->count);
		text_json_string(out, v->first);
		buffer_text(out, ",\"at\":");
		text_json_string(out, v->at);
		buffer_char(out, '}');
		is_first = false;
	}
	if (!is_first)
		buffer_char(out, '}');
}

int lost_values_parse(struct lost_values *out, const char *position, struct err *e)
{
	json_t *root = json_loads(position, 0, NULL), *entry;
	const char *name;
	int rc = 0;

	*out = (struct lost_values){ 0 };
	json_object_foreach(json_object_get(root, "invalid"), name, entry) {
		const json_t *count = json_object_get(entry, "count");
		const char *first = json_string_value(json_object_get(entry, "first"));
		const char *at = json_string_value(json_object_get(entry, "at"));

		if (json_is_integer(count) && first != NULL && at != NULL)
			add(out, name, (uint64_t)json_integer_value(count), first, at);
		else
			rc = err_set(e, ERR_DATA, "the counts of invalid values in the lake are not readable");
	}
	json_decref(root);
	if (rc < 0)
		lost_values_release(out);
	return rc;
}
