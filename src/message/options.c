/* SPDX-License-Identifier: Apache-2.0 */
#include "message/plan.h"

#define OPTION(field) offsetof(struct debezium_options, field)

const struct option debezium_option_table[] = {
	{ "schemas", OPTION_FLAG, OPTION(schemas), NULL, 0, 0, NULL,
	  "Send the Connect schema with each message, as schemas.enable does" },
	{ "decimal.handling.mode", OPTION_CHOICE, OPTION(decimal_mode), "precise", 0, 0, "precise|string|double",
	  "How DECIMAL is written: exact bytes, text, or a double" },
	{ "bigint.unsigned.handling.mode", OPTION_CHOICE, OPTION(bigint_unsigned_mode), "long", 0, 0, "long|precise",
	  "How BIGINT UNSIGNED is written: a long, negative from 2^63 on, or exact bytes" },
	{ "time.precision.mode", OPTION_CHOICE, OPTION(time_precision_mode), "adaptive_time_microseconds", 0, 0,
	  "adaptive_time_microseconds|connect|isostring|microseconds|nanoseconds",
	  "How DATE, TIME and DATETIME are written" },
	{ "binary.handling.mode", OPTION_CHOICE, OPTION(binary_mode), "bytes", 0, 0, "bytes|base64|base64-url-safe|hex",
	  "How binary columns are written" },
	{ "schema.name.adjustment.mode", OPTION_CHOICE, OPTION(schema_name_mode), "none", 0, 0,
	  "none|avro|avro_unicode", "What becomes of characters in schema names that Avro does not have" },
	{ "replace.null.with.default", OPTION_FLAG, OPTION(null_is_default), NULL, 0, 0, NULL,
	  "Write a column's DEFAULT where the row has NULL, as Connect does unless told otherwise" },
	{ 0 },
};

unsigned debezium_choice(const struct debezium_options *o, size_t offset)
{
	const struct option *row = debezium_option_table;
	const char *value, *at;
	unsigned choice = 0;
	size_t size;

	while (row->offset != offset)
		row++;
	memcpy(&value, (const char *)o + offset, sizeof(value));
	size = strlen(value);
	for (at = row->choices; strncmp(at, value, size) != 0 || (at[size] != '|' && at[size] != 0); choice++)
		at = strchr(at, '|') + 1;
	return choice;
}
