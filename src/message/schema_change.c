/* SPDX-License-Identifier: Apache-2.0 */
/* Debezium's schema changes of MySQL and MariaDB: what the columns of each table are, in the server's words. */
#include <ctype.h>
#include <string.h>

#include "message/input_parts.h"
#include "message/mysql_type.h"

/* The next name of "database"."table", a quote in it doubled; false when there is none. */
static bool take_name(const char **at, struct buffer *out)
{
	if (**at == '.')
		(*at)++;
	if (**at != '"')
		return false;
	for ((*at)++; **at != 0; (*at)++) {
		if (**at == '"' && *++*at != '"')
			return true;
		buffer_char(out, **at);
	}
	return false;
}

/* "DECIMAL UNSIGNED" with its length and scale as the server has it: "decimal(10,2) unsigned". */
static void take_words(struct buffer *out, const struct json_value *column)
{
	const char *name = json_get_text(column, "typeName");
	int64_t length = json_get_int(column, "length"), scale = json_get_int(column, "scale");
	size_t first = name != NULL ? strcspn(name, " (") : 0;
	struct json_value v;

	for (size_t i = 0; i < first; i++)
		buffer_char(out, (char)tolower((unsigned char)name[i]));
	if (length > 0 && json_get(column, "scale", &v) && v.type == JSON_NUMBER)
		buffer_format(out, "(%lld,%lld)", (long long)length, (long long)scale);
	else if (length > 0)
		buffer_format(out, "(%lld)", (long long)length);
	for (size_t i = first; name != NULL && name[i] != 0; i++)
		buffer_char(out, (char)tolower((unsigned char)name[i]));
}

/* Rows from before and behind such a change stand in another topic side by side, and do not say which they are. */
static void note_recoded(struct input_table *t, const struct declared *d)
{
	int at = input_table_find(t, d->name, 0);
	const struct encoding *was = at >= 0 ? &t->fields[at].is.from : &d->from;

	if (was->coding != d->from.coding || was->scale != d->from.scale || was->unit != d->from.unit)
		t->recoded = at;
}

static int take_column(struct input *in, const struct json_value *column, struct err *e)
{
	struct json_value name, optional;
	struct buffer words = { 0 };
	struct declared d;
	struct field f;
	int rc;

	if (!json_get(column, "name", &name) || name.type != JSON_STRING)
		return err_set(e, ERR_DATA, "a schema change with a column without its name");
	(void)json_get(column, "optional", &optional);
	take_words(&words, column);
	f = (struct field){ .is_nullable = optional.type != JSON_FALSE };
	mysql_type_field(&f, buffer_string(&words));
	d = declared_given(&in->options, &f, name.text);
	note_recoded(in->table, &d);
	rc = input_table_declare(in->table, &d, e);
	buffer_release(&words);
	return rc;
}

static int take_change(struct input *in, const char *id, const struct json_value *table, struct err *e)
{
	struct buffer database = { 0 }, name = { 0 };
	struct json_value columns, column;
	struct json_cursor list;
	int rc = 0;

	if (!take_name(&id, &database) || !take_name(&id, &name)) {
		rc = err_set(e, ERR_DATA, "a schema change of a table without its name");
	} else {
		in->message.database = buffer_string(&database);
		in->message.table = buffer_string(&name);
		rc = input_enter_table(in, e);
	}
	(void)json_get(table, "columns", &columns);
	list = json_open(&columns);
	if (rc == 0 && in->table->types == TYPES_INFERRED)
		in->table->types = TYPES_DECLARED;
	if (rc == 0)
		in->table->is_told = true;
	while (rc == 0 && json_next(&list, NULL, &column))
		rc = take_column(in, &column, e);
	buffer_release(&database);
	buffer_release(&name);
	return rc;
}

int input_take_changes(struct input *in, const struct json_value *changes, struct err *e)
{
	const char *database = in->message.database, *table = in->message.table;
	struct json_cursor list = json_open(changes);
	struct json_value change, definition;
	int rc = 0;

	while (rc == 0 && changes->type == JSON_ARRAY && json_next(&list, NULL, &change)) {
		const char *id = json_get_text(&change, "id");

		if (id != NULL && json_get(&change, "table", &definition) && definition.type == JSON_OBJECT)
			rc = take_change(in, id, &definition, e);
	}
	in->message.database = database;
	in->message.table = table;
	return rc;
}
