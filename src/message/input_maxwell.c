/* SPDX-License-Identifier: Apache-2.0 */
/* Maxwell's messages: one row each, whole; `old` has what an update changed. */
#include <string.h>

#include "base/text.h"
#include "message/input_parts.h"

#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }

enum maxwell {
	DATABASE,
	TABLE,
	TYPE,
	TS,
	XID,
	XOFFSET,
	COMMIT,
	POSITION,
	GTID,
	SERVER_ID,
	THREAD_ID,
	PRIMARY_KEY_COLUMNS,
	DATA,
	OLD,
	SQL,
	MEMBERS,
};

static const struct member_names names = {
	MEMBERS,
	{ NAME("database"), NAME("table"), NAME("type"), NAME("ts"), NAME("xid"), NAME("xoffset"), NAME("commit"),
	  NAME("position"), NAME("gtid"), NAME("server_id"), NAME("thread_id"), NAME("primary_key_columns"), NAME("data"), NAME("old"),
	  NAME("sql") }
};

static const struct {
	const char *word;
	enum message_kind kind;
	enum op op;
} types[] = {
	{ "insert", MESSAGE_ROWS, OP_INSERT },
	{ "update", MESSAGE_ROWS, OP_UPDATE },
	{ "delete", MESSAGE_ROWS, OP_DELETE },
	{ "bootstrap-insert", MESSAGE_ROWS, OP_COPY },
	{ "bootstrap-start", MESSAGE_SIDE, OP_COPY },
	{ "bootstrap-complete", MESSAGE_SIDE, OP_COPY },
	{ "database-create", MESSAGE_CONTROL, OP_COPY },
	{ "database-alter", MESSAGE_CONTROL, OP_COPY },
	{ "database-drop", MESSAGE_CONTROL, OP_COPY },
	{ "table-create", MESSAGE_CONTROL, OP_COPY },
	{ "table-alter", MESSAGE_CONTROL, OP_COPY },
	{ "table-drop", MESSAGE_CONTROL, OP_COPY },
};

/* "binlog.000003:1021" */
static void take_position(struct input *in, const struct json_value *position)
{
	struct bytes text = position->text;
	const uint8_t *colon = text.size > 0 ? memrchr(text.data, ':', text.size) : NULL;
	uint64_t offset;

	if (colon == NULL || !text_parse_uint((struct bytes){ colon + 1, text.size - (size_t)(colon + 1 - text.data) },
					      &offset))
		return;
	buffer_clear(&in->control);
	buffer_append(&in->control, text.data, (size_t)(colon - text.data));
	in->message.origin.log_file = buffer_string(&in->control);
	in->message.origin.log_offset = offset;
}

static void take_origin(struct input *in, const struct json_value *got)
{
	struct message *m = &in->message;

	m->database = member_text(&got[DATABASE]);
	m->table = member_text(&got[TABLE]);
	m->is_snapshot = m->op == OP_COPY && m->kind == MESSAGE_ROWS;
	m->transaction = (uint64_t)member_int(&got[XID]);
	m->log_row = (uint32_t)member_int(&got[XOFFSET]);
	m->ends_transaction = got[COMMIT].type == JSON_TRUE;
	m->origin.connector = "mysql";
	/* seconds, but milliseconds for definitions */
	m->origin.time_us = member_us(&got[TS], m->kind == MESSAGE_CONTROL ? 1000 : 1000000);
	m->origin.gtid = member_text(&got[GTID]);
	m->origin.server_id = (uint32_t)member_int(&got[SERVER_ID]);
	m->origin.thread_id = (uint64_t)member_int(&got[THREAD_ID]);
	take_position(in, &got[POSITION]);
}

/* {"database":…,"table":…,"pk.id":7} */
static void take_key_members(struct input *in, const struct json_value *key)
{
	struct json_cursor members = json_open(key);
	struct json_value v;
	struct bytes name;

	while (json_next(&members, &name, &v)) {
		if (name.size > 3 && memcmp(name.data, "pk.", 3) == 0)
			input_table_add_key(in->table, (struct bytes){ name.data + 3, name.size - 3 });
	}
}

/* ["inv","person",[{"a":1},{"b":2}]] */
static void take_key_list(struct input *in, const struct json_value *key)
{
	struct json_cursor parts = json_open(key), columns, members;
	struct json_value part, column, v;
	struct bytes name;

	while (json_next(&parts, NULL, &part)) {
		columns = json_open(&part);
		while (part.type == JSON_ARRAY && json_next(&columns, NULL, &column)) {
			members = json_open(&column);
			while (column.type == JSON_OBJECT && json_next(&members, &name, &v))
				input_table_add_key(in->table, name);
		}
	}
}

static int learn_key(struct input *in, struct bytes key, struct err *e)
{
	struct err why = ERR_INIT;
	struct json_value v;

	if (in->table->has_key || key.data == NULL)
		return 0;
	if (json_parse(&in->key, key, &v, &why) < 0) {
		in->table->has_key = in->options.is_key_optional;
		return in->table->has_key ? 0 : err_set(e, ERR_CONFIG, "key (if it is no JSON, name the key's columns): %s",
							why.text);
	}
	if (v.type == JSON_OBJECT)
		take_key_members(in, &v);
	else if (v.type == JSON_ARRAY)
		take_key_list(in, &v);
	return 0;
}

static int take_row(struct input *in, const struct json_value *got, struct bytes key, struct err *e)
{
	struct images *i = &in->images;
	enum op op = in->message.op;

	if (input_enter_table(in, e) < 0)
		return -1;
	input_take_key_list(in, &got[PRIMARY_KEY_COLUMNS]);
	if (learn_key(in, key, e) < 0)
		return -1;
	if (got[DATA].type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "type \"%s\" without its data", member_text(&got[TYPE]));
	*(op == OP_DELETE ? &i->before : &i->after) = got[DATA];
	if (op == OP_UPDATE)
		i->before = got[OLD];
	i->fill = got[OLD].type == JSON_OBJECT ? FILL_ALL : FILL_KEY;
	return input_take_rows(in, op, 1, e);
}

int input_read_maxwell(struct input *in, struct bytes key, struct bytes value, struct err *e)
{
	struct json_value v, got[MEMBERS];
	size_t type = 0, count = sizeof(types) / sizeof(types[0]);

	if (json_parse(&in->value, value, &v, e) < 0 || members_take(&v, "value", &names, got, e) < 0)
		return -1;
	while (type < count && !json_is_text(&got[TYPE], types[type].word))
		type++;
	if (type == count)
		return err_set(e, ERR_DATA, "unknown type \"%.40s\"",
			       got[TYPE].type == JSON_STRING ? member_text(&got[TYPE]) : "");
	in->message.kind = types[type].kind;
	in->message.op = types[type].op;
	take_origin(in, got);
	if (in->message.kind == MESSAGE_CONTROL)
		in->message.control = got[SQL].type == JSON_STRING ? member_text(&got[SQL]) : types[type].word;
	return in->message.kind == MESSAGE_ROWS ? take_row(in, got, key, e) : 0;
}
