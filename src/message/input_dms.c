/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of AWS DMS, whose data leaves NULL columns out (unless it is told not to), and whose images before a change
 * have the key, or more, as it is set up: in an object of their own, or among the data under names that begin with BI_.
 */
#include <string.h>

#include "message/input_parts.h"

#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }

enum dms { DATA, BEFORE_IMAGE, CONTROL, METADATA, MEMBERS };
static const struct member_names names = {
	MEMBERS, { NAME("data"), NAME("before-image"), NAME("control"), NAME("metadata") }
};

enum metadata {
	TIMESTAMP,
	RECORD_TYPE,
	OPERATION,
	SCHEMA_NAME,
	TABLE_NAME,
	TRANSACTION_ID,
	RECORD_ID,
	COMMITTED,
	METADATA_MEMBERS,
};

static const struct member_names metadata_names = {
	METADATA_MEMBERS,
	{ NAME("timestamp"), NAME("record-type"), NAME("operation"), NAME("schema-name"), NAME("table-name"),
	  NAME("transaction-id"), NAME("transaction-record-id"), NAME("commit-timestamp") }
};

static void take_metadata(struct input *in, const struct json_value *got)
{
	struct message *m = &in->message;

	m->database = member_text(&got[SCHEMA_NAME]);
	m->table = member_text(&got[TABLE_NAME]);
	m->transaction = (uint64_t)member_int(&got[TRANSACTION_ID]);
	m->log_row = (uint32_t)member_int(&got[RECORD_ID]);
	m->origin.time_us = member_time_us(&got[got[COMMITTED].type == JSON_STRING ? COMMITTED : TIMESTAMP]);
}

static int take_row(struct input *in, const struct json_value *got, const struct json_value *operation, struct err *e)
{
	static const struct {
		const char *word;
		enum op op;
	} ops[] = { { "load", OP_COPY }, { "insert", OP_INSERT }, { "update", OP_UPDATE }, { "delete", OP_DELETE } };
	struct images *i = &in->images;
	size_t op = 0;

	while (op < sizeof(ops) / sizeof(ops[0]) && !json_is_text(operation, ops[op].word))
		op++;
	if (op == sizeof(ops) / sizeof(ops[0]))
		return err_set(e, ERR_DATA, "unknown operation \"%.40s\"",
			       operation->type == JSON_STRING ? (const char *)operation->text.data : "");
	if (got[DATA].type != JSON_OBJECT)
		return err_set(e, ERR_DATA, "operation \"%s\" without its data", ops[op].word);
	in->message.is_snapshot = ops[op].op == OP_COPY;
	*(ops[op].op == OP_DELETE ? &i->before : &i->after) = got[DATA];
	if (ops[op].op == OP_UPDATE) {
		i->rules.has_both = got[BEFORE_IMAGE].type != JSON_OBJECT;
		i->before = got[i->rules.has_both ? DATA : BEFORE_IMAGE];
	}
	i->fill = FILL_KEY;
	i->rules.null_is_left_out = true;
	return input_take_rows(in, ops[op].op, 1, e);
}

/* The definition that a control record may carry names the key. */
static int take_control(struct input *in, const struct json_value *control, const struct json_value *operation,
			struct err *e)
{
	struct json_value definition, key;

	(void)json_get(control, "table-def", &definition);
	if (json_get(&definition, "primary-key", &key))
		input_take_key_list(in, &key);
	if (json_is_text(operation, "truncate-table"))
		return input_take_truncate(in, e);
	in->message.kind = MESSAGE_CONTROL;
	in->message.control = operation->type == JSON_STRING ? (const char *)operation->text.data : "";
	return 0;
}

int input_read_dms(struct input *in, struct bytes key, struct bytes value, struct err *e)
{
	struct json_value v, got[MEMBERS], metadata[METADATA_MEMBERS];

	(void)key;
	if (json_parse(&in->value, value, &v, e) < 0 || members_take(&v, "value", &names, got, e) < 0 ||
	    members_take(&got[METADATA], "metadata", &metadata_names, metadata, e) < 0)
		return -1;
	take_metadata(in, metadata);
	if (input_enter_table(in, e) < 0)
		return -1;
	if (json_is_text(&metadata[RECORD_TYPE], "data"))
		return take_row(in, got, &metadata[OPERATION], e);
	if (!json_is_text(&metadata[RECORD_TYPE], "control"))
		return err_set(e, ERR_DATA, "unknown record-type \"%.40s\"",
			       metadata[RECORD_TYPE].type == JSON_STRING ? member_text(&metadata[RECORD_TYPE]) : "");
	return take_control(in, &got[CONTROL], &metadata[OPERATION], e);
}
