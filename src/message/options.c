/* SPDX-License-Identifier: Apache-2.0 */
#include "message/plan.h"

const struct option debezium_option_table[] = {
	{ "schemas", OPTION_FLAG, offsetof(struct debezium_options, schemas),
	  .help = "send the Connect schema with each message, as schemas.enable does" },
	{ "decimal.handling.mode", OPTION_CHOICE, offsetof(struct debezium_options, decimal_mode), "precise",
	  .choices = "precise|string|double", .help = "how DECIMAL is written: exact bytes, text, or a double" },
	{ "bigint.unsigned.handling.mode", OPTION_CHOICE, offsetof(struct debezium_options, bigint_unsigned_mode),
	  "long", .choices = "long|precise",
	  .help = "how BIGINT UNSIGNED is written: a long, negative from 2^63 on, or exact" },
	{ "time.precision.mode", OPTION_CHOICE, offsetof(struct debezium_options, time_precision_mode),
	  "adaptive_time_microseconds",
	  .choices = "adaptive_time_microseconds|connect|isostring|microseconds|nanoseconds",
	  .help = "how DATE, TIME and DATETIME are written" },
	{ "binary.handling.mode", OPTION_CHOICE, offsetof(struct debezium_options, binary_mode), "bytes",
	  .choices = "bytes|base64|base64-url-safe|hex", .help = "how binary columns are written" },
	{ "schema.name.adjustment.mode", OPTION_CHOICE, offsetof(struct debezium_options, schema_name_mode), "none",
	  .choices = "none|avro|avro_unicode",
	  .help = "what becomes of characters in schema names that Avro does not have" },
	{ "replace.null.with.default", OPTION_FLAG, offsetof(struct debezium_options, null_is_default),
	  .help = "write a column's DEFAULT where the row has NULL, as Connect does unless told otherwise" },
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
