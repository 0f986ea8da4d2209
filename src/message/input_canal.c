/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canal's flat messages: many rows each, every value a text, the MySQL types beside them. `old` has what an update
 * changed. TIMESTAMP columns arrive in the time zone of Canal's server, which is not said: they are wall clocks here.
 */
#include "message/input_parts.h"
#include "message/mysql_type.h"

#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }

enum canal { ID, DATABASE, TABLE, PK_NAMES, IS_DDL, TYPE, ES, TS, SQL, MYSQL_TYPE, DATA, OLD, GTID, MEMBERS };

static const struct member_names names = {
	MEMBERS,
	{ NAME("id"), NAME("database"), NAME("table"), NAME("pkNames"), NAME("isDdl"), NAME("type"), NAME("es"),
	  NAME("ts"), NAME("sql"), NAME("mysqlType"), NAME("data"), NAME("old"), NAME("gtid") }
};

static int declare(const struct input_options *o, struct input_table *t, const struct json_value *types, struct err *e)
{
	struct json_cursor members = json_open(types);
	struct json_value v;
	struct bytes name;

	if (types->type != JSON_OBJECT)
		return 0;
	if (t->types == TYPES_INFERRED)
		t->types = TYPES_DECLARED;
	while (json_next(&members, &name, &v)) {
		struct field f = { .is_nullable = true };
		struct declared d;

		mysql_type_field(&f, v.type == JSON_STRING ? (const char *)v.text.data : "");
		if (f.type == TYPE_TIMESTAMP)
			f.type = TYPE_TIMESTAMP_NTZ;
		d = declared_given(o, &f, name);
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
	if (declare(&in->options, in->table, &got[MYSQL_TYPE], e) < 0)
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
