/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canal's flat messages: many rows each, every value a text, the MySQL types beside them. `old` has what an update
 * changed. TIMESTAMP columns arrive in the time zone of Canal's server, which is not said: they are wall clocks here.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "message/input_parts.h"

#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }

enum canal { ID, DATABASE, TABLE, PK_NAMES, IS_DDL, TYPE, ES, TS, SQL, MYSQL_TYPE, DATA, OLD, GTID, MEMBERS };

static const struct member_names names = {
	MEMBERS,
	{ NAME("id"), NAME("database"), NAME("table"), NAME("pkNames"), NAME("isDdl"), NAME("type"), NAME("es"),
	  NAME("ts"), NAME("sql"), NAME("mysqlType"), NAME("data"), NAME("old"), NAME("gtid") }
};

/* By the first word of a type; docs/types.md has the same. */
static const struct {
	const char *word;
	enum type type, type_unsigned;
	enum coding coding;
} words[] = {
	{ "tinyint", TYPE_INT, TYPE_INT, CODING_PLAIN },
	{ "smallint", TYPE_INT, TYPE_INT, CODING_PLAIN },
	{ "mediumint", TYPE_INT, TYPE_INT, CODING_PLAIN },
	{ "int", TYPE_INT, TYPE_LONG, CODING_PLAIN },
	{ "integer", TYPE_INT, TYPE_LONG, CODING_PLAIN },
	{ "bigint", TYPE_LONG, TYPE_DECIMAL, CODING_PLAIN },
	{ "decimal", TYPE_DECIMAL, TYPE_DECIMAL, CODING_PLAIN },
	{ "numeric", TYPE_DECIMAL, TYPE_DECIMAL, CODING_PLAIN },
	{ "float", TYPE_FLOAT, TYPE_FLOAT, CODING_PLAIN },
	{ "double", TYPE_DOUBLE, TYPE_DOUBLE, CODING_PLAIN },
	{ "bit", TYPE_DECIMAL, TYPE_DECIMAL, CODING_PLAIN },
	{ "year", TYPE_INT, TYPE_INT, CODING_PLAIN },
	{ "date", TYPE_DATE, TYPE_DATE, CODING_PLAIN },
	{ "datetime", TYPE_TIMESTAMP_NTZ, TYPE_TIMESTAMP_NTZ, CODING_PLAIN },
	{ "timestamp", TYPE_TIMESTAMP_NTZ, TYPE_TIMESTAMP_NTZ, CODING_PLAIN },
	{ "binary", TYPE_BINARY, TYPE_BINARY, CODING_LATIN1 },
	{ "varbinary", TYPE_BINARY, TYPE_BINARY, CODING_LATIN1 },
	{ "tinyblob", TYPE_BINARY, TYPE_BINARY, CODING_LATIN1 },
	{ "blob", TYPE_BINARY, TYPE_BINARY, CODING_LATIN1 },
	{ "mediumblob", TYPE_BINARY, TYPE_BINARY, CODING_LATIN1 },
	{ "longblob", TYPE_BINARY, TYPE_BINARY, CODING_LATIN1 },
};

/* "(12,2)" of a decimal, "(20)" of the bits; BIGINT UNSIGNED has 20 digits. */
static void take_digits(struct declared *d, const char *type)
{
	const char *open = strchr(type, '('), *comma = open != NULL ? strchr(open, ',') : NULL;
	bool is_decimal = strncasecmp(type, "dec", 3) == 0 || strncasecmp(type, "num", 3) == 0;
	int precision = open != NULL ? atoi(open + 1) : 10, scale = comma != NULL ? atoi(comma + 1) : 0;

	d->precision = 20;
	if (!is_decimal)
		return;
	if (precision < 1 || precision > 38 || scale < 0 || scale > precision) {
		d->type = TYPE_STRING;
		precision = scale = 0;
	}
	d->precision = (uint8_t)precision;
	d->scale = (uint8_t)scale;
}

/* Any other type is text. */
static void type_of(struct declared *d, const char *type)
{
	size_t size = strcspn(type, "( ");

	d->type = TYPE_STRING;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].word) != size || strncasecmp(words[i].word, type, size) != 0)
			continue;
		d->type = strcasestr(type, "unsigned") != NULL ? words[i].type_unsigned : words[i].type;
		d->from.coding = words[i].coding;
	}
	if (d->type == TYPE_DECIMAL)
		take_digits(d, type);
}

static int declare(struct input_table *t, const struct json_value *types, struct err *e)
{
	struct json_cursor members = json_open(types);
	struct json_value v;
	struct bytes name;

	if (types->type != JSON_OBJECT)
		return 0;
	if (t->types == TYPES_INFERRED)
		t->types = TYPES_DECLARED;
	while (json_next(&members, &name, &v)) {
		struct declared d = { .name = name, .is_nullable = true };

		type_of(&d, v.type == JSON_STRING ? (const char *)v.text.data : "");
		if (input_table_declare(t, &d, e) < 0)
			return -1;
	}
	return 0;
}

static int take_rows(struct input *in, enum op op, const struct json_value *got, struct err *e)
{
	struct images *i = &in->images;
	size_t rows = json_count(&got[DATA]);

	if (input_enter_table(in, e) < 0)
		return -1;
	input_take_key_list(in, &got[PK_NAMES]);
	if (declare(in->table, &got[MYSQL_TYPE], e) < 0)
		return -1;
	if (got[DATA].type != JSON_ARRAY)
		return err_set(e, ERR_DATA, "type \"%s\" without its list of rows", member_text(&got[TYPE]));
	if (op == OP_UPDATE && got[OLD].type == JSON_ARRAY && json_count(&got[OLD]) != rows)
		return err_set(e, ERR_DATA, "%zu old rows beside %zu new ones", json_count(&got[OLD]), rows);
	i->fill = got[OLD].type == JSON_ARRAY ? FILL_ALL : FILL_KEY;
	if (op == OP_DELETE)
		i->before_list = json_open(&got[DATA]);
	else
		i->after_list = json_open(&got[DATA]);
	if (op == OP_UPDATE)
		i->before_list = json_open(&got[OLD]);
	if (input_take_rows(in, op, (uint32_t)rows, e) < 0)
		return -1;
	(void)json_next(&i->after_list, NULL, &i->after);
	(void)json_next(&i->before_list, NULL, &i->before);
	return 0;
}

int input_read_canal(struct input *in, struct bytes key, struct bytes value, struct err *e)
{
	static const struct {
		const char *word;
		enum op op;
	} ops[] = { { "INSERT", OP_INSERT }, { "UPDATE", OP_UPDATE }, { "DELETE", OP_DELETE } };
	struct message *m = &in->message;
	struct json_value v, got[MEMBERS];

	(void)key;
	if (json_parse(&in->value, value, &v, e) < 0 || members_take(&v, "value", &names, got, e) < 0)
		return -1;
	m->database = member_text(&got[DATABASE]);
	m->table = member_text(&got[TABLE]);
	m->origin.connector = "mysql";
	m->origin.time_us = member_us(&got[ES], 1000);
	m->origin.gtid = member_text(&got[GTID]);
	if (json_is_text(&got[TYPE], "TRUNCATE"))
		return input_take_truncate(in, e);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]) && got[IS_DDL].type != JSON_TRUE; i++) {
		if (json_is_text(&got[TYPE], ops[i].word))
			return take_rows(in, ops[i].op, got, e);
	}
	if (got[IS_DDL].type != JSON_TRUE)
		return err_set(e, ERR_DATA, "unknown type \"%.40s\"",
			       got[TYPE].type == JSON_STRING ? member_text(&got[TYPE]) : "");
	m->kind = MESSAGE_CONTROL;
	m->control = got[SQL].type == JSON_STRING ? member_text(&got[SQL]) : "DDL";
	return 0;
}
