/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells of any bytes as Debezium's messages: what is written stays in the room that was reserved, and when they are
 * UTF-8, as texts must be, it is JSON.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "message/debezium.h"
#include "message/put.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *words;
	enum type type;
} kinds[] = {
	{ "text", TYPE_STRING },	{ "json", TYPE_STRING },     { "enum('a','b,c')", TYPE_STRING },
	{ "time(6)", TYPE_STRING },	{ "decimal(65,30)", TYPE_STRING }, { "vector(3)", TYPE_STRING },
	{ "point", TYPE_BINARY },	{ "geometry", TYPE_BINARY }, { "blob", TYPE_BINARY },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static void write_row(const struct debezium_options *o, struct bytes cell, char op)
{
	static const struct origin origin = { 0 };
	struct debezium_event event = { .op = op, .origin = &origin };
	struct debezium_image none = { 0 }, row = { 0 };
	struct schema *s = schema_new("d", "t");
	struct debezium_table *t;
	struct columns cells;
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	json_error_t why;

	for (size_t i = 0; i < KIND_COUNT; i++)
		schema_add(s, kinds[i].words, kinds[i].type, true)->source_type = memory_copy_text(kinds[i].words);
	if (debezium_table_new(&t, o, s, &e) < 0)
		abort();
	columns_init(&cells, s);
	for (size_t i = 0; i < KIND_COUNT; i++)
		column_add_bytes(&cells.columns[i], cell.data, (uint32_t)cell.size);
	columns_end_row(&cells);
	row.columns = &cells;
	debezium_value(t, &event, none, row, &out);
	if (text_is_utf8(cell)) {
		json_t *value = json_loadb((const char *)out.data, out.size, JSON_ALLOW_NUL, &why);

		if (value == NULL)
			abort();
		json_decref(value);
	}
	buffer_release(&out);
	columns_release(&cells);
	debezium_table_free(t);
	schema_release(s);
}

/* The shortest digits read back. */
static void write_numbers(struct bytes cell)
{
	char text[PUT_DOUBLE_MAX + 1];
	double v;

	if (cell.size < sizeof(v))
		return;
	memcpy(&v, cell.data, sizeof(v));
	if (!__builtin_isfinite(v))
		return;
	*put_double((uint8_t *)text, v) = 0;
	if (strtod(text, NULL) != v)
		abort();
	if (!__builtin_isfinite((float)v))
		return;
	*put_float((uint8_t *)text, (float)v) = 0;
	if (strtof(text, NULL) != (float)v)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct debezium_options o = { .topic_prefix = "p", .connector = "mysql" };
	char op = size > 0 && data[0] % 2 == 0 ? 'r' : 'c';
	struct bytes cell = { data + (size > 0), size - (size > 0) };

	option_defaults(debezium_option_table, &o);
	write_row(&o, cell, op);
	write_numbers(cell);
	option_release(debezium_option_table, &o);
	return 0;
}
