/* SPDX-License-Identifier: Apache-2.0 */
/* A row's members become the cells of its columns. */
#include <stdio.h>

#include "base/text.h"
#include "message/input_table.h"

/* Debezium's words for a value that the server did not send, as it is, in base64 and in hex. */
static bool is_unavailable(const struct json_value *v)
{
	static const struct bytes forms[] = {
		BYTES_OF("__debezium_unavailable_value"),
		BYTES_OF("X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="),
		BYTES_OF("5f5f646562657a69756d5f756e617661696c61626c655f76616c7565"),
	};
	struct json_cursor items = json_open(v);
	struct json_value item;

	if (v->type == JSON_ARRAY)
		return items.left == 1 && json_next(&items, NULL, &item) && item.type == JSON_STRING &&
		       is_unavailable(&item);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (v->type == JSON_STRING && bytes_equal(v->text, forms[i]))
			return true;
	}
	return false;
}

static int field_fail(const struct input_field *f, const struct json_value *v, const char *why, struct err *e)
{
	char shown[48], plain[48];

	if (v->type != JSON_STRING && v->type != JSON_NUMBER)
		return err_set(e, ERR_DATA, "column \"%s\" (%s): %s %s", f->name, type_name(f->is.type),
			       json_type_name(v->type), why);
	snprintf(shown, sizeof(shown), "%.*s", (int)v->text.size, v->text.size > 0 ? (const char *)v->text.data : "");
	return err_set(e, ERR_DATA, "column \"%s\" (%s): \"%s\" %s", f->name, type_name(f->is.type),
		       text_plain(plain, sizeof(plain), shown), why);
}

/* A cell is never twice as long as its message. */
#define CELLS_BYTES_MAX (COLUMN_HEAP_BYTES_MAX - 2 * JSON_BYTES_MAX)

/* A date that does not exist is the NULL that its reader appended, where NULL may be. */
static bool lose(const struct field *is, uint32_t place, const struct json_value *v, struct lost_dates *lost)
{
	struct lost_date *date;

	if (lost == NULL || !is->is_nullable)
		return false;
	lost->list = memory_grow(lost->list, struct lost_date, lost->count + 1);
	date = &lost->list[lost->count++];
	date->place = place;
	snprintf(date->value, sizeof(date->value), "%.*s", (int)v->text.size, (const char *)v->text.data);
	return true;
}

/* One member; `is_there`: whether it says what the value is. */
static int read_member(const struct input_table *t, const struct input_field *f, const struct json_value *v,
		       struct image_rules rules, struct column *c, bool *is_there, struct lost_dates *lost, struct err *e)
{
	const struct field *is = &t->schema->fields[f->place];
	const char *why;

	*is_there = true;
	if (v->type == JSON_NULL) {
		*is_there = is->is_nullable || !rules.is_old;
		if (!is->is_nullable && !rules.is_old)
			return field_fail(f, v, "in a column that is NOT NULL", e);
		column_set_null(c);
		return 0;
	}
	if (rules.has_unavailable && is_unavailable(v)) {
		if (t->options->by_event && !rules.is_old)
			return err_set(e, ERR_DATA, "column \"%s\" has not changed, and its source does not say what it is: events that "
				       "are ordered by their time must have whole rows (PostgreSQL: REPLICA IDENTITY FULL)", f->name);
		*is_there = false;
		column_set_null(c);
		return 0;
	}
	if (c->heap_size > CELLS_BYTES_MAX)
		return field_fail(f, v, "is too long for the rows gathered so far", e);
	why = f->way.read(&f->way, v, c);
	if (why == NULL || (why == way_no_such_date && lose(is, (uint32_t)f->place, v, lost)))
		return 0;
	return field_fail(f, v, why, e);
}

/* Columns that got no cell. */
static void fill_absent(const struct input_table *t, struct image_rules rules, struct columns *c, uint8_t *present)
{
	for (uint32_t i = 0; i < c->column_count; i++) {
		if (c->columns[i].row_count > c->row_count)
			continue;
		column_set_null(&c->columns[i]);
		if (rules.null_is_left_out && t->schema->fields[i].is_nullable)
			present[i >> 3] = (uint8_t)(present[i >> 3] | 1u << (i & 7));
	}
}

int image_check(const struct json_value *row, struct image_rules rules, struct err *e)
{
	if (row->type != JSON_OBJECT && (row->type != JSON_NULL || !rules.is_old))
		return err_set(e, ERR_DATA, "a row is %s, not an object", json_type_name(row->type));
	if (json_count(row) > MEMBERS_MAX)
		return err_set(e, ERR_DATA, "a row of %zu members, more than %u", json_count(row), MEMBERS_MAX);
	return 0;
}

bool image_old_name(const struct json_value *row, struct bytes *name)
{
	struct bytes column = { name->data + 3, name->size - 3 };
	struct json_value v;

	if (name->size <= 3 || memcmp(name->data, "BI_", 3) != 0 || !json_get(row, (const char *)column.data, &v))
		return false;
	*name = column;
	return true;
}

int image_read(const struct input_table *t, const struct json_value *row, struct image_rules rules, struct columns *c,
	       uint8_t *present, struct lost_dates *lost, struct err *e)
{
	struct json_cursor members = json_open(row);
	uint32_t hint = 0;
	struct json_value v;
	struct bytes name;

	if (image_check(row, rules, e) < 0)
		return -1;
	while (json_next(&members, &name, &v)) {
		bool is_there;
		int at, place;

		if (rules.has_both && image_old_name(row, &name) != rules.is_old)
			continue;
		at = input_table_find(t, name, hint);
		if (at < 0 && t->is_told_elsewhere && t->types == TYPES_DECLARED)
			return err_set(e, ERR_RETRY, "no schema change has told of column \"%s\" so far", (const char *)name.data);
		if (at < 0 && t->types == TYPES_DECLARED)
			return err_set(e, ERR_DATA, "column \"%s\" is not among those that the schema part names",
				       (const char *)name.data);
		if (at < 0 || t->fields[at].place < 0)
			continue;
		hint = (uint32_t)at + 1;
		if (t->fields[at].is_ours && t->types != TYPES_GIVEN)
			return input_table_check_name(t, t->fields[at].name, e);
		place = t->fields[at].place;
		if (t->fields[at].is_ours || (rules.is_key_only && !schema_is_key(t->schema, (uint32_t)place) &&
					      !schema_is_order(t->schema, (uint32_t)place)))
			continue;
		if (c->columns[place].row_count > c->row_count)
			return err_set(e, ERR_DATA, "column \"%s\" stands in a row twice", t->fields[at].name);
		if (read_member(t, &t->fields[at], &v, rules, &c->columns[place], &is_there, lost, e) < 0) {
			if (t->types == TYPES_INFERRED)
				input_table_suggest(t, (uint32_t)at, &v, e);
			return -1;
		}
		if (is_there)
			present[place >> 3] = (uint8_t)(present[place >> 3] | 1u << (place & 7));
	}
	fill_absent(t, rules, c, present);
	columns_end_row(c);
	return 0;
}
