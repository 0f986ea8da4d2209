/* SPDX-License-Identifier: Apache-2.0 */
/* The schema part of Kafka Connect's JsonConverter: types and the semantic names of Debezium, as lake types. */
#include <string.h>

#include "base/text.h"
#include "message/input_parts.h"

/* A semantic name, or the plain Connect type when no name is known. */
static const struct connect_type {
	const char *name;
	enum type type;
	enum coding coding;
	uint8_t unit;
} connect_types[] = {
	{ "io.debezium.time.Date", TYPE_DATE, CODING_PLAIN, 0 },
	{ "io.debezium.time.IsoDate", TYPE_DATE, CODING_PLAIN, 0 },
	{ "org.apache.kafka.connect.data.Date", TYPE_DATE, CODING_PLAIN, 0 },
	{ "io.debezium.time.Time", TYPE_STRING, CODING_TIME, 3 },
	{ "io.debezium.time.MicroTime", TYPE_STRING, CODING_TIME, 6 },
	{ "io.debezium.time.NanoTime", TYPE_STRING, CODING_TIME, 9 },
	{ "io.debezium.time.IsoTime", TYPE_STRING, CODING_TIME, 6 },
	{ "org.apache.kafka.connect.data.Time", TYPE_STRING, CODING_TIME, 3 },
	{ "io.debezium.time.Timestamp", TYPE_TIMESTAMP_NTZ, CODING_TIMESTAMP, 3 },
	{ "io.debezium.time.MicroTimestamp", TYPE_TIMESTAMP_NTZ, CODING_TIMESTAMP, 6 },
	{ "io.debezium.time.NanoTimestamp", TYPE_TIMESTAMP_NTZ, CODING_TIMESTAMP, 9 },
	{ "io.debezium.time.IsoTimestamp", TYPE_TIMESTAMP_NTZ, CODING_PLAIN, 0 },
	{ "org.apache.kafka.connect.data.Timestamp", TYPE_TIMESTAMP_NTZ, CODING_TIMESTAMP, 3 },
	{ "io.debezium.time.ZonedTimestamp", TYPE_TIMESTAMP, CODING_PLAIN, 0 },
	{ "org.apache.kafka.connect.data.Decimal", TYPE_DECIMAL, CODING_UNSCALED, 0 },
	{ "io.debezium.data.VariableScaleDecimal", TYPE_STRING, CODING_VARIABLE, 0 },
	{ "io.debezium.data.Bits", TYPE_LONG, CODING_BITS, 0 },
	{ "io.debezium.data.Enum", TYPE_STRING, CODING_ENUM, 0 },
	{ "io.debezium.data.FloatVector", TYPE_STRING, CODING_VECTOR, 0 },
	{ "io.debezium.data.geometry.Geometry", TYPE_BINARY, CODING_GEOMETRY, 0 },
	{ "io.debezium.data.geometry.Geography", TYPE_BINARY, CODING_GEOMETRY, 0 },
	{ "io.debezium.data.geometry.Point", TYPE_BINARY, CODING_GEOMETRY, 0 },
	{ "boolean", TYPE_BOOLEAN, CODING_PLAIN, 0 },
	{ "int8", TYPE_INT, CODING_PLAIN, 0 },
	{ "int16", TYPE_INT, CODING_PLAIN, 0 },
	{ "int32", TYPE_INT, CODING_PLAIN, 0 },
	{ "int64", TYPE_LONG, CODING_PLAIN, 0 },
	{ "float", TYPE_FLOAT, CODING_PLAIN, 0 },
	{ "float32", TYPE_FLOAT, CODING_PLAIN, 0 },
	{ "double", TYPE_DOUBLE, CODING_PLAIN, 0 },
	{ "float64", TYPE_DOUBLE, CODING_PLAIN, 0 },
	{ "bytes", TYPE_BINARY, CODING_BASE64, 0 },
	{ "string", TYPE_STRING, CODING_PLAIN, 0 },
	{ "array", TYPE_STRING, CODING_PLAIN, 0 },
	{ "map", TYPE_STRING, CODING_PLAIN, 0 },
	{ "struct", TYPE_STRING, CODING_PLAIN, 0 },
};

static const struct connect_type *type_find(const char *name)
{
	for (size_t i = 0; name != NULL && i < sizeof(connect_types) / sizeof(connect_types[0]); i++) {
		if (strcmp(connect_types[i].name, name) == 0)
			return &connect_types[i];
	}
	return NULL;
}

/* Decimals of more than 38 digits are text; bits beyond 64 stay bytes. */
static void apply_parameters(struct declared *d, const struct json_value *field)
{
	struct json_value parameters;
	int64_t precision, scale, length;

	(void)json_get(field, "parameters", &parameters);
	precision = json_get_int(&parameters, "connect.decimal.precision");
	scale = json_get_int(&parameters, "scale");
	length = json_get_int(&parameters, "length");
	d->from.time_digits = TIME_DIGITS_SHORTEST;
	if (d->from.coding == CODING_TIME && json_get_text(&parameters, "__debezium.source.column.type") != NULL) {
		length = json_get_int(&parameters, "__debezium.source.column.length");
		d->from.time_digits = length >= 0 && length <= 6 ? (uint8_t)length : TIME_DIGITS_SHORTEST;
	}
	if (d->from.coding == CODING_UNSCALED) {
		precision = precision > 0 ? precision : 38;
		d->type = precision <= 38 && scale >= 0 && scale <= precision ? TYPE_DECIMAL : TYPE_STRING;
		d->precision = d->type == TYPE_DECIMAL ? (uint8_t)precision : 0;
		d->scale = d->type == TYPE_DECIMAL ? (uint8_t)scale : 0;
		d->from.scale = scale >= 0 && scale <= 100 ? (uint8_t)scale : 0;
	}
	if (d->from.coding == CODING_BITS && length == 64) {
		d->type = TYPE_DECIMAL;
		d->precision = 20;
	} else if (d->from.coding == CODING_BITS && length > 64) {
		d->type = TYPE_BINARY;
	}
}

static int declare_field(struct input_table *t, const struct json_value *field, struct err *e)
{
	const char *word = json_get_text(field, "type");
	const struct connect_type *c = type_find(json_get_text(field, "name"));
	struct json_value name, optional;
	struct declared d;

	if (!json_get(field, "field", &name) || name.type != JSON_STRING || word == NULL)
		return err_set(e, ERR_DATA, "schema: a field without its name or type");
	c = c != NULL ? c : type_find(word);
	if (c == NULL)
		return err_set(e, ERR_DATA, "schema: field \"%s\" has the unknown type \"%.40s\"",
			       (const char *)name.text.data, word);
	(void)json_get(field, "optional", &optional);
	d = (struct declared){ .name = name.text,
			       .type = c->type,
			       .is_nullable = optional.type != JSON_FALSE,
			       .from = { .coding = c->coding, .unit = c->unit } };
	apply_parameters(&d, field);
	return input_table_declare(t, &d, e);
}

/* The field of this name among a struct's fields. */
static bool find_field(const struct json_value *schema, const char *name, struct json_value *out)
{
	struct json_value fields, is;
	struct json_cursor list;

	(void)json_get(schema, "fields", &fields);
	list = json_open(&fields);
	while (json_next(&list, NULL, out)) {
		if (json_get(out, "field", &is) && json_is_text(&is, name))
			return true;
	}
	return false;
}

int connect_declare(struct input_table *t, const struct json_value *schema, struct err *e)
{
	struct json_value image, fields, field;
	struct json_cursor list;

	if (!find_field(schema, "after", &image) && !find_field(schema, "before", &image))
		return err_set(e, ERR_DATA, "schema: an envelope without a field \"after\"");
	(void)json_get(&image, "fields", &fields);
	list = json_open(&fields);
	if (t->types == TYPES_INFERRED)
		t->types = TYPES_DECLARED;
	while (json_next(&list, NULL, &field)) {
		if (declare_field(t, &field, e) < 0)
			return -1;
	}
	return 0;
}
