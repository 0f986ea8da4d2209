/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that we write as Debezium's messages come back as the same cells, in every handling mode. */
#include "lib/test.h"

#include "base/memory.h"
#include "change/render.h"
#include "message/debezium.h"
#include "message/input.h"

/* The source's words, the lake's type, and cells as JSON would show them. */
static const struct sample {
	const char *words;
	enum type type;
	uint8_t precision, scale;
	int64_t number[2];   /* or days, microseconds, unscaled digits */
	const char *text[2]; /* of STRING and BINARY */
} samples[] = {
	{ "tinyint(1)", TYPE_INT, 0, 0, { 0, -128 }, { 0 } },
	{ "int", TYPE_INT, 0, 0, { INT32_MIN, INT32_MAX }, { 0 } },
	{ "int unsigned", TYPE_LONG, 0, 0, { 0, UINT32_MAX }, { 0 } },
	{ "bigint", TYPE_LONG, 0, 0, { INT64_MIN, INT64_MAX }, { 0 } },
	{ "bigint unsigned", TYPE_DECIMAL, 20, 0, { 0, INT64_MAX }, { 0 } },
	{ "decimal(9,2)", TYPE_DECIMAL, 9, 2, { -999999999, 1 }, { 0 } },
	{ "decimal(18,9)", TYPE_DECIMAL, 18, 9, { 999999999999999999, 0 }, { 0 } },
	{ "decimal(65,30)", TYPE_STRING, 0, 0, { 0 }, { "-12345678901234567890123456789012345.123456789012345678901234567890", "0.000000000000000000000000000001" } },
	{ "bit(1)", TYPE_BOOLEAN, 0, 0, { 0, 1 }, { 0 } },
	{ "bit(9)", TYPE_LONG, 0, 0, { 0, 511 }, { 0 } },
	{ "bit(64)", TYPE_DECIMAL, 20, 0, { 0, INT64_MAX }, { 0 } },
	{ "year", TYPE_INT, 0, 0, { 1901, 2155 }, { 0 } },
	{ "date", TYPE_DATE, 0, 0, { -354285, 2932896 }, { 0 } },
	{ "datetime(3)", TYPE_TIMESTAMP_NTZ, 0, 0, { -30610224000000000 + 1000, 1785578400123000 }, { 0 } },
	{ "datetime(6)", TYPE_TIMESTAMP_NTZ, 0, 0, { 1, 1785578400123456 }, { 0 } },
	{ "timestamp(6)", TYPE_TIMESTAMP, 0, 0, { 1000001, 1785578400123456 }, { 0 } },
	{ "varchar(40)", TYPE_STRING, 0, 0, { 0 }, { "", "a\"b\\c\n\x01\xf0\x9f\x98\x80" } },
	{ "varbinary(40)", TYPE_BINARY, 0, 0, { 0 }, { "", "\xff\x01z" } },
	{ "enum('a,b','c')", TYPE_STRING, 0, 0, { 0 }, { "a,b", "c" } },
	{ "set('x','y')", TYPE_STRING, 0, 0, { 0 }, { "x,y", "" } },
	{ "time(3)", TYPE_STRING, 0, 0, { 0 }, { "-838:59:59.001", "00:00:00.123" } },
	{ "vector(2)", TYPE_STRING, 0, 0, { 0 }, { "[1,2.5]", "[-3e-10]" } },
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void add_cell(struct column *c, const struct sample *s, int which)
{
	int64_t v = s->number[which];

	switch (c->storage) {
	case STORAGE_BOOL:
		column_add_bool(c, v != 0);
		break;
	case STORAGE_INT32:
		column_add_int32(c, (int32_t)v);
		break;
	case STORAGE_INT64:
		column_add_int64(c, v);
		break;
	case STORAGE_INT128: /* unsigned: the second is as large as it can be */
		column_add_int128(c, which == 1 ? (int128_t)v * 2 + 1 : v);
		break;
	default:
		column_add_bytes(c, s->text[which], (uint32_t)strlen(s->text[which]));
		break;
	}
}

static struct schema *make_schema(void)
{
	struct schema *s = schema_new("inv", "t");
	uint32_t key = 0;

	schema_add(s, "id", TYPE_INT, false)->source_type = memory_copy_text("int");
	for (size_t i = 0; i < SAMPLES; i++) {
		char name[16];
		struct field *f;

		snprintf(name, sizeof(name), "c%zu", i);
		f = schema_add(s, name, samples[i].type, true);
		f->source_type = memory_copy_text(samples[i].words);
		f->precision = samples[i].precision;
		f->scale = samples[i].scale;
	}
	schema_set_key(s, &key, 1);
	return s;
}

/* Two rows of samples and one of NULLs. */
static void make_rows(struct columns *rows, const struct schema *s)
{
	columns_init(rows, s);
	for (int row = 0; row < 3; row++) {
		column_add_int32(&rows->columns[0], row);
		for (size_t i = 0; i < SAMPLES; i++) {
			if (row == 2)
				column_set_null(&rows->columns[i + 1]);
			else
				add_cell(&rows->columns[i + 1], &samples[i], row);
		}
		columns_end_row(rows);
	}
}

static void choose(struct debezium_options *d, const char *name, const char *value)
{
	const struct option *o = debezium_option_table;
	struct err e = ERR_INIT;

	while (strcmp(o->name, name) != 0)
		o++;
	must(option_store(o, d, value, name, &e), &e);
}

/* Every cell of a row as it went in. BIGINT UNSIGNED and TIME lose what a Connect schema does not say. */
static void compare(const struct schema *want, const struct columns *rows, uint32_t row, const struct row_run *have,
		    bool has_schema)
{
	for (uint32_t i = 0; i < want->field_count; i++) {
		const char *words = want->fields[i].source_type;
		struct buffer a = { 0 }, b = { 0 };

		if (has_schema && (strcmp(words, "bigint unsigned") == 0 || strncmp(words, "time(", 5) == 0))
			continue;
		render_json(&a, &want->fields[i], &rows->columns[i], row);
		render_json(&b, &have->schema->fields[i], &have->after.columns[i], 0);
		if (!bytes_equal(buffer_bytes(&a), buffer_bytes(&b)))
			fail_msg("%s: %s went in, %s came out", words, buffer_string(&a), buffer_string(&b));
		buffer_release(&a);
		buffer_release(&b);
	}
}

static void send_row(struct debezium_table *t, struct input *in, const struct schema *s, const struct columns *rows,
		     uint32_t row, bool has_schema)
{
	struct origin origin = { .connector = "mysql", .log_file = "b.000003", .gtid = "x:1", .time_us = 1785578400000000,
				 .server_id = 7 };
	struct debezium_event event = { .op = 'c', .origin = &origin, .log_offset = 1021, .log_row = row };
	struct buffer key = { 0 }, value = { 0 };
	struct row_run run = { 0 };
	struct err e = ERR_INIT;
	struct message m;

	assert_true(debezium_key(t, (struct debezium_image){ rows, row }, &key));
	debezium_value(t, &event, (struct debezium_image){ NULL, 0 }, (struct debezium_image){ rows, row }, &value);
	must(input_read(in, buffer_bytes(&key), buffer_bytes(&value), &m, &e), &e);
	must(input_rows(in, &run, &e), &e);
	assert_int_equal(run.count, 1);
	assert_true(m.schema->key_count == 1 && m.schema->key[0] == 0);
	assert_string_equal(m.origin.log_file, "b.000003");
	assert_int_equal(m.origin.time_us, origin.time_us);
	assert_int_equal(m.log_row, row);
	compare(s, rows, row, &run, has_schema);
	row_run_release(&run);
	buffer_release(&key);
	buffer_release(&value);
}

/* The names and values of options, in pairs up to a NULL, and what the reader is told of them. */
static void go_round(bool schemas, struct input_options told, const char *const *chosen)
{
	struct debezium_options d = { 0 };
	struct schema *s = make_schema();
	struct debezium_table *t = NULL;
	struct columns rows;
	struct err e = ERR_INIT;
	struct input *in;

	option_defaults(debezium_option_table, &d);
	d.topic_prefix = "shop";
	d.connector = "mysql";
	d.schemas = schemas;
	for (; *chosen != NULL; chosen += 2)
		choose(&d, chosen[0], chosen[1]);
	must(debezium_table_new(&t, &d, s, &e), &e);
	make_rows(&rows, s);
	told.format = FORMAT_DEBEZIUM;
	told.schema = schemas ? NULL : s;
	in = input_new(&told);
	for (uint32_t row = 0; row < rows.row_count; row++)
		send_row(t, in, s, &rows, row, schemas);
	input_free(in);
	columns_release(&rows);
	debezium_table_free(t);
	schema_release(s);
	option_release(debezium_option_table, &d);
}

static void our_messages_come_back_as_they_were(void **state)
{
	static const char *const none[] = { NULL };

	(void)state;
	go_round(true, (struct input_options){ .key = NULL }, none);
	go_round(false, (struct input_options){ .key = NULL }, none);
}

static void they_do_so_in_other_handling_modes(void **state)
{
	static const char *const texts[] = { "decimal.handling.mode", "string", "binary.handling.mode", "hex", NULL };
	static const char *const url[] = { "binary.handling.mode", "base64-url-safe", "time.precision.mode", "microseconds",
					   NULL };

	(void)state;
	go_round(false, (struct input_options){ .decimals = DECIMALS_STRING, .binaries = BINARIES_HEX }, texts);
	go_round(false, (struct input_options){ .binaries = BINARIES_BASE64_URL, .times = TIMES_MICROSECONDS }, url);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_messages_come_back_as_they_were),
		cmocka_unit_test(they_do_so_in_other_handling_modes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
