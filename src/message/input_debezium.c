/* SPDX-License-Identifier: Apache-2.0 */
/* Debezium's messages, of any connector, with and without the schema beside the payload. */
#include <string.h>

#include "base/text.h"
#include "message/input_parts.h"

#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }

enum envelope { BEFORE, AFTER, SOURCE, TRANSACTION, OP, TS_MS, TS_US, TS_NS, DDL, TABLE_CHANGES, ENVELOPE };

static const struct member_names envelope_names = { ENVELOPE,
						    { NAME("before"), NAME("after"), NAME("source"), NAME("transaction"),
						      NAME("op"), NAME("ts_ms"), NAME("ts_us"), NAME("ts_ns"),
						      NAME("ddl"), NAME("tableChanges") } };

enum source {
	VERSION,
	CONNECTOR,
	LOG_NAME,
	SOURCE_TS_MS,
	SNAPSHOT,
	DB,
	SEQUENCE,
	SOURCE_TS_US,
	SOURCE_TS_NS,
	SCHEMA,
	TABLE,
	SERVER_ID,
	GTID,
	FILE_NAME,
	POS,
	ROW,
	THREAD,
	QUERY,
	TX_ID,
	LSN,
	SOURCE_MEMBERS,
};

static const struct member_names source_names = {
	SOURCE_MEMBERS,
	{ NAME("version"), NAME("connector"), NAME("name"), NAME("ts_ms"), NAME("snapshot"), NAME("db"), NAME("sequence"),
	  NAME("ts_us"), NAME("ts_ns"), NAME("schema"), NAME("table"), NAME("server_id"), NAME("gtid"), NAME("file"), NAME("pos"), NAME("row"),
	  NAME("thread"), NAME("query"), NAME("txId"), NAME("lsn") }
};

static int64_t source_time_us(const struct json_value *got)
{
	if (got[SOURCE_TS_US].type == JSON_NUMBER)
		return member_int(&got[SOURCE_TS_US]);
	if (got[SOURCE_TS_NS].type == JSON_NUMBER)
		return member_int(&got[SOURCE_TS_NS]) / 1000;
	return member_us(&got[SOURCE_TS_MS], 1000);
}

/* false, "false" and null mean a row of the log. */
static bool is_snapshot(const struct json_value *v)
{
	return v->type == JSON_TRUE || (v->type == JSON_STRING && !json_is_text(v, "false"));
}

/* PostgreSQL: ["LSN of the last commit","LSN"] in a text; the first may be null. */
static uint64_t commit_of(const struct json_value *sequence)
{
	const char *text = member_text(sequence);
	uint64_t lsn = 0;

	if (text != NULL && strncmp(text, "[\"", 2) == 0)
		(void)text_parse_uint((struct bytes){ (const uint8_t *)text + 2, strcspn(text + 2, "\"") }, &lsn);
	return lsn;
}

static int take_source(struct input *in, const struct json_value *source, struct err *e)
{
	struct json_value got[SOURCE_MEMBERS];
	struct message *m = &in->message;
	const char *schema;

	if (members_take(source, "source", &source_names, got, e) < 0)
		return -1;
	schema = member_text(&got[SCHEMA]);
	m->database = schema != NULL ? schema : member_text(&got[DB]);
	m->table = member_text(&got[TABLE]);
	m->is_snapshot = is_snapshot(&got[SNAPSHOT]);
	m->log_name = member_text(&got[LOG_NAME]);
	m->commit_offset = commit_of(&got[SEQUENCE]);
	m->log_row = (uint32_t)member_int(&got[ROW]);
	m->transaction = (uint64_t)member_int(&got[TX_ID]);
	m->origin = (struct origin){
		.connector = member_text(&got[CONNECTOR]),
		.log_file = member_text(&got[FILE_NAME]),
		.log_offset = (uint64_t)member_int(got[LSN].type != JSON_NULL ? &got[LSN] : &got[POS]),
		.gtid = member_text(&got[GTID]),
		.time_us = source_time_us(got),
		.server_id = (uint32_t)member_int(&got[SERVER_ID]),
		.thread_id = (uint64_t)member_int(&got[THREAD]),
	};
	return 0;
}

/* These logs hold every value, or say by their images what is missing. */
static bool leaves_values_out(const char *connector)
{
	return connector != NULL && strcmp(connector, "mysql") != 0 && strcmp(connector, "mariadb") != 0;
}

/* The key's object: the payload when its schema stands beside it. */
static int take_key(struct input *in, struct bytes key, struct json_value *out, struct err *e)
{
	struct json_value payload;

	*out = (struct json_value){ .type = JSON_NULL };
	if (key.data == NULL)
		return 0;
	if (json_parse(&in->key, key, out, e) < 0)
		return err_wrap(e, "key (if it is no JSON, name the key's columns)");
	if (json_count(out) == 2 && json_get(out, "payload", &payload) && json_get_text(out, "schema") == NULL)
		*out = payload;
	return 0;
}

/* The key's columns are known from the first message on. */
static int learn_key(struct input *in, struct bytes key, struct err *e)
{
	struct json_cursor members = { 0 };
	struct json_value object, v;
	struct err why = ERR_INIT;
	struct bytes name;

	if (in->table->has_key)
		return 0;
	if (take_key(in, key, &object, &why) == 0 && object.type == JSON_OBJECT)
		members = json_open(&object);
	else if (why.kind == ERR_NONE && object.type != JSON_NULL)
		err_set(&why, ERR_CONFIG, "key: %s, which does not tell the key's columns: name them",
			json_type_name(object.type));
	if (why.kind != ERR_NONE && !in->options.is_key_optional)
		return err_set(e, ERR_CONFIG, "%s", why.text);
	while (json_next(&members, &name, &v))
		input_table_add_key(in->table, name);
	in->table->has_key = true;
	return 0;
}

/* An object of just these members. */
static bool names_key(const struct input_table *t, const struct json_value *object)
{
	struct json_value v;

	if (object->type != JSON_OBJECT || json_count(object) != t->key_count)
		return false;
	for (uint32_t i = 0; i < t->key_count; i++) {
		if (!json_get(object, t->key[i], &v))
			return false;
	}
	return t->key_count > 0;
}

int input_delete(struct input *in, struct bytes key, struct message *out, struct err *e)
{
	struct err ignored = ERR_INIT;

	if (in->options.format != FORMAT_DEBEZIUM || in->options.by_event || in->table_count != 1 ||
	    in->tables[0]->schema == NULL || key.data == NULL ||
	    take_key(in, key, &in->images.before, &ignored) < 0 || !names_key(in->tables[0], &in->images.before))
		return 1;
	in->table = in->tables[0];
	in->message.database = in->table->database;
	in->message.table = in->table->table;
	if (input_take_rows(in, OP_DELETE, 1, e) < 0)
		return input_fail(in, e);
	*out = in->message;
	return 0;
}

static int take_images(struct input *in, const struct json_value *got, struct bytes key, struct err *e)
{
	struct images *i = &in->images;
	char op = got[OP].type == JSON_STRING && got[OP].text.size == 1 ? (char)got[OP].text.data[0] : 0;
	enum op is = op == 'c' ? OP_INSERT : op == 'r' ? OP_COPY : op == 'u' ? OP_UPDATE : OP_DELETE;

	if (op == 't')
		return input_take_truncate(in, e);
	if (op == 'm')
		return in->message.kind = MESSAGE_SIDE, 0;
	if (op == 0 || strchr("crud", op) == NULL)
		return err_set(e, ERR_DATA, "unknown op \"%.20s\"",
			       got[OP].type == JSON_STRING ? member_text(&got[OP]) : "");
	if (is != OP_DELETE)
		i->after = got[AFTER];
	if (is == OP_UPDATE || is == OP_DELETE)
		i->before = got[BEFORE];
	if (is == OP_DELETE && i->before.type == JSON_NULL && take_key(in, key, &i->before, e) < 0)
		return -1;
	if ((is != OP_DELETE && i->after.type != JSON_OBJECT) || (is == OP_DELETE && i->before.type != JSON_OBJECT))
		return err_set(e, ERR_DATA, "op \"%c\" without its row", op);
	i->fill = FILL_KEY;
	i->rules.has_unavailable = leaves_values_out(in->message.origin.connector);
	return input_take_rows(in, is, 1, e);
}

/* Heartbeats have times and nothing else, a transaction's marks say what it is that begins or ends. */
static int take_side(struct input *in, const struct json_value *payload, struct err *e)
{
	struct json_cursor members = json_open(payload);
	struct json_value v;
	struct bytes name;
	bool has_times = json_count(payload) > 0;

	while (has_times && json_next(&members, &name, &v))
		has_times = name.size > 3 && memcmp(name.data, "ts_", 3) == 0;
	if (!has_times && !(json_get(payload, "status", &v) && json_get(payload, "id", &v)))
		return err_set(e, ERR_DATA, "it has no \"op\", and is no heartbeat, schema change or mark of a transaction (rows must "
			       "come in Debezium's envelope: without ExtractNewRecordState)");
	return in->message.kind = MESSAGE_SIDE, 0;
}

/* 1: `known` is not the payload's table. */
static int take_payload(struct input *in, const struct json_value *schema, const struct input_table *known,
			const struct json_value *payload, struct bytes key, struct err *e)
{
	struct json_value got[ENVELOPE];

	if (members_take(payload, "payload", &envelope_names, got, e) < 0)
		return -1;
	if (got[SOURCE].type == JSON_OBJECT && take_source(in, &got[SOURCE], e) < 0)
		return -1;
	if (got[OP].type == JSON_NULL && got[DDL].type == JSON_STRING) {
		in->message.kind = MESSAGE_CONTROL;
		in->message.control = member_text(&got[DDL]);
		in->message.tells_columns = schema == NULL; /* the rows' messages have a schema, too */
		return schema == NULL ? input_take_changes(in, &got[TABLE_CHANGES], e) : 0;
	}
	if (got[OP].type == JSON_NULL && got[AFTER].type == JSON_NULL && got[BEFORE].type == JSON_NULL)
		return take_side(in, payload, e);
	if (input_enter_table(in, e) < 0)
		return -1;
	if (known != NULL && known != in->table)
		return 1;
	if (schema != NULL && connect_declare(in->table, schema, e) < 0)
		return -1;
	if (got[OP].type == JSON_STRING && !json_is_text(&got[OP], "t") && learn_key(in, key, e) < 0)
		return -1;
	return take_images(in, got, key, e);
}

/* {"schema":…,"payload": are the same bytes as at the message before; its '}' is the last byte. */
static bool has_known_lead(const struct input *in, struct bytes value)
{
	size_t size = in->known_lead.size;

	return size > 0 && value.size > size + 1 && memcmp(value.data, in->known_lead.data, size) == 0 &&
	       value.data[value.size - 1] == '}';
}

/*
 * Keeps the bytes up to the payload's value, when this is the only thing behind them: a value that begins in the same
 * way has the same schema part, which need not be read again.
 */
static void keep_lead(struct input *in, struct bytes value, struct bytes payload_name)
{
	size_t at = json_offset(&in->value, payload_name) + payload_name.size;

	if (at + 1 >= value.size || value.data[at] != '"' || value.data[at + 1] != ':')
		return;
	buffer_append(&in->known_lead, value.data, at + 2);
	in->known_table = in->table;
}

/* 1: it is not so simple, or not the table whose schema it was. */
static int read_known(struct input *in, struct bytes key, struct bytes value, struct err *e)
{
	size_t size = in->known_lead.size;
	struct bytes payload = { value.data + size, value.size - size - 1 };
	struct json_value v;

	if (json_parse(&in->value, payload, &v, e) < 0)
		return 1;
	if (v.type != JSON_OBJECT || json_count(&v) == 0)
		return 1;
	return take_payload(in, NULL, in->known_table, &v, key, e);
}

static int read_whole(struct input *in, struct bytes key, struct bytes value, struct err *e)
{
	static const struct member_names names = { 2, { NAME("schema"), NAME("payload") } };
	struct json_value v, member, got[2];
	struct bytes name, last = { NULL, 0 };
	struct json_cursor members;

	buffer_clear(&in->known_lead);
	if (json_parse(&in->value, value, &v, e) < 0)
		return -1;
	if (!json_get(&v, "payload", &member) || !json_get(&v, "schema", &member))
		return take_payload(in, NULL, NULL, &v, key, e);
	if (members_take(&v, "value", &names, got, e) < 0)
		return -1;
	if (got[1].type == JSON_NULL)
		return in->message.kind = MESSAGE_TOMBSTONE, 0;
	if (take_payload(in, got[0].type == JSON_OBJECT ? &got[0] : NULL, NULL, &got[1], key, e) < 0)
		return -1;
	members = json_open(&v);
	while (json_next(&members, &name, &member))
		last = name;
	if (bytes_equal(last, BYTES_OF("payload")) && in->message.kind == MESSAGE_ROWS)
		keep_lead(in, value, last);
	return 0;
}

int input_read_debezium(struct input *in, struct bytes key, struct bytes value, struct err *e)
{
	struct err ignored = ERR_INIT;
	int rc = 1;

	if (has_known_lead(in, value)) {
		struct message blank = in->message;
		struct images none = in->images;

		rc = read_known(in, key, value, &ignored);
		if (rc < 0)
			*e = ignored;
		if (rc == 1) {
			in->message = blank;
			in->images = none;
		}
	}
	return rc == 1 ? read_whole(in, key, value, e) : rc;
}
