/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Debezium's JSON of inserted rows (BIGINT key and 7 columns), keys and values, into a buffer: "bench_debezium
 * [ROWS]". Without the schema beside the payload, then with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "message/debezium.h"

#define ROWS_OF_A_BATCH 1000u

static void add_field(struct schema *s, const char *name, const char *words, enum type type)
{
	struct field *f = schema_add(s, name, type, s->field_count > 0);

	f->source_type = memory_copy_text(words);
	f->precision = type == TYPE_DECIMAL ? 12 : 0;
	f->scale = type == TYPE_DECIMAL ? 2 : 0;
}

static struct schema *make_schema(void)
{
	struct schema *s = schema_new("shop", "orders");
	uint32_t key = 0;

	add_field(s, "id", "bigint", TYPE_LONG);
	add_field(s, "customer", "int", TYPE_INT);
	add_field(s, "name", "varchar(40)", TYPE_STRING);
	add_field(s, "amount", "decimal(12,2)", TYPE_DECIMAL);
	add_field(s, "price", "double", TYPE_DOUBLE);
	add_field(s, "made", "datetime(6)", TYPE_TIMESTAMP_NTZ);
	add_field(s, "seen", "timestamp(3)", TYPE_TIMESTAMP);
	add_field(s, "note", "text", TYPE_STRING);
	schema_set_key(s, &key, 1);
	return s;
}

static void make_rows(struct columns *c, const struct schema *s)
{
	char text[64];

	columns_init(c, s);
	for (uint32_t i = 0; i < ROWS_OF_A_BATCH; i++) {
		int64_t us = 1785578400000000 + (int64_t)i * 1234567;

		column_add_int64(&c->columns[0], 1000000 + i);
		column_add_int32(&c->columns[1], (int32_t)(i * 7919 % 100000));
		snprintf(text, sizeof(text), "Customer number %u", i);
		column_add_bytes(&c->columns[2], text, (uint32_t)strlen(text));
		column_add_int64(&c->columns[3], (int64_t)i * 12345 % 10000000);
		column_add_double(&c->columns[4], i / 7.0);
		column_add_int64(&c->columns[5], us);
		column_add_int64(&c->columns[6], us / 1000 * 1000);
		if (i % 4 == 0)
			column_set_null(&c->columns[7]);
		else
			column_add_bytes(&c->columns[7], "left at the \"back\" door, as asked", 33);
		columns_end_row(c);
	}
}

static void run(const struct debezium_options *o, struct schema *s, const struct columns *rows, uint32_t row_count)
{
	struct origin origin = {
		.log_file = "binlog.000003", .gtid = "24bc7850-2c16-11ee-a000-0242ac110002:19",
		.time_us = 1785578400000000, .server_id = 223344, .thread_id = 11,
	};
	struct debezium_event event = { .op = 'c', .origin = &origin, .now_us = 1785578400456123 };
	struct debezium_image none = { 0 }, row = { .columns = rows };
	struct buffer key = { 0 }, value = { 0 };
	struct debezium_table *t;
	struct err e = ERR_INIT;
	uint64_t bytes = 0;
	int64_t start;
	double seconds;

	if (debezium_table_new(&t, o, s, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	start = clock_monotonic_us();
	for (uint32_t i = 0; i < row_count; i++) {
		buffer_clear(&key);
		buffer_clear(&value);
		row.row = i % ROWS_OF_A_BATCH;
		event.log_row = row.row;
		event.log_offset = 1021 + i / 90 * 8192;
		debezium_key(t, row, &key);
		debezium_value(t, &event, none, row, &value);
		bytes += key.size + value.size;
	}
	seconds = (double)(clock_monotonic_us() - start) / 1e6;
	printf("%s: %.0f rows/s, %.0f ns a row, %.0f MB/s, %.0f bytes a row\n",
	       o->schemas ? "with schemas" : "without schemas", row_count / seconds, seconds * 1e9 / row_count,
	       (double)bytes / seconds / 1e6, (double)bytes / row_count);
	debezium_table_free(t);
	buffer_release(&key);
	buffer_release(&value);
}

int main(int argc, char **argv)
{
	uint32_t row_count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000000;
	struct schema *s = make_schema();
	struct debezium_options o = { 0 };
	struct columns rows;

	option_defaults(debezium_option_table, &o);
	o.topic_prefix = "shop";
	o.connector = "mysql";
	make_rows(&rows, s);
	run(&o, s, &rows, row_count);
	o.schemas = true;
	run(&o, s, &rows, row_count / 4);
	columns_release(&rows);
	schema_release(s);
	option_release(debezium_option_table, &o);
	return 0;
}
