/* SPDX-License-Identifier: Apache-2.0 */
#include "message/format.h"

#include "base/json.h"

const char *format_name(enum message_format f)
{
	static const char *const names[FORMATS + 1] = {
		[FORMAT_DEBEZIUM] = "debezium", [FORMAT_MAXWELL] = "maxwell", [FORMAT_CANAL] = "canal",
		[FORMAT_DMS] = "dms",           [FORMAT_IMAGE] = "image",       [FORMATS] = "unknown",
	};

	return names[f];
}

static bool has(const struct json_value *object, const char *name)
{
	struct json_value v;

	return json_get(object, name, &v);
}

/* Rows have an op; schema changes, transactions and heartbeats have not. */
static bool is_debezium(const struct json_value *v)
{
	if (has(v, "op"))
		return has(v, "before") || has(v, "after") || has(v, "source");
	return (has(v, "source") && has(v, "ddl")) || (has(v, "status") && has(v, "event_count")) ||
	       (has(v, "ts_ms") && json_count(v) == 1);
}

static enum message_format format_of(const struct json_value *v)
{
	struct json_value inner;

	if (json_get(v, "payload", &inner) && has(v, "schema"))
		return is_debezium(&inner) ? FORMAT_DEBEZIUM : FORMATS;
	if (json_get(v, "metadata", &inner) && has(&inner, "record-type"))
		return FORMAT_DMS;
	if (has(v, "isDdl") && has(v, "database") && has(v, "type"))
		return FORMAT_CANAL;
	if (has(v, "database") && has(v, "type") && has(v, "ts"))
		return FORMAT_MAXWELL;
	if (json_get(v, IMAGE_LIST, &inner) && inner.type == JSON_ARRAY)
		return FORMAT_IMAGE;
	return is_debezium(v) ? FORMAT_DEBEZIUM : FORMATS;
}

enum message_format format_detect(struct bytes value)
{
	struct json_parser parser = { 0 };
	struct json_value v;
	struct err e = ERR_INIT;
	enum message_format f = FORMATS;

	if (value.data != NULL && json_parse(&parser, value, &v, &e) == 0)
		f = format_of(&v);
	json_parser_release(&parser);
	return f;
}
