/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole messages of the real Debezium, taken apart and made again, byte for byte: the envelope, keys and side topics;
 * the DEFAULTs in schemas; JSON columns of the log from the server's text.
 */
#include "lib/test.h"

#include <stdio.h>

#include "base/memory.h"
#include "lib/debezium_record.h"
#include "source/mysql/charset.h"

/* Tables of operations.sql with values that stand in JSON as the server prints them. */
static const struct {
	const char *table;
	uint32_t key[2], key_count;
} plain_tables[] = {
	{ "composite", { 2, 1 }, 2 },
	{ "keyless", { 0 }, 0 },
	{ "uniq", { 2 }, 1 },
	{ "we ird-n\xc3\xa4me", { 0 }, 1 },
	{ "mark", { 0 }, 1 },
};

#define PLAIN_TABLES (sizeof(plain_tables) / sizeof(plain_tables[0]))

/* False: the row is of another version of the table. */
static bool read_cells(struct mysql_table *t, json_t *image, struct columns *out)
{
	struct value_policy policy = { .halts = false };
	struct err e = ERR_INIT;
	uint32_t i = 0;
	const char *name;
	json_t *value;
	char number[24];

	columns_init(out, t->schema);
	if (json_object_size(image) != t->column_count)
		return false;
	json_object_foreach(image, name, value) {
		const char *text = json_string_value(value);

		if (strcmp(name, t->columns[i].name) != 0)
			return false;
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		text = text != NULL ? text : number;
		if (json_is_null(value))
			column_set_null(&out->columns[i]);
		else
			assert_int_equal(value_from_text(t, i, (struct bytes){ (const uint8_t *)text, strlen(text) },
							 &out->columns[i], &policy, &e), 0);
		i++;
	}
	columns_end_row(out);
	return true;
}

static enum debezium_snapshot snapshot_of(const char *mark)
{
	static const char *const marks[SNAPSHOTS] = {
		"false", "first", "first_in_data_collection", "true", "last_in_data_collection", "last",
	};
	unsigned i = 0;

	while (strcmp(marks[i], mark) != 0)
		i++;
	return (enum debezium_snapshot)i;
}

/* The last time of a message has nanoseconds of Java's clock: compared up to there. */
static void compare_texts(const char *theirs, const char *ours)
{
	const char *end = strstr(theirs, ",\"op\":\"");
	size_t size;

	assert_non_null(end);
	size = (size_t)(strstr(end, ",\"ts_ns\":") - theirs);
	if (strncmp(theirs, ours, size) != 0)
		fail_msg("Debezium %s\nwe       %s", theirs, ours);
}

static bool compare_message(struct debezium_table *encoder, struct mysql_table *t, const struct line *line)
{
	json_t *payload = payload_of(line->value), *source = json_object_get(payload, "source");
	json_t *in = json_object_get(payload, "transaction");
	struct origin origin = {
		.log_file = text_at(source, "file"), .gtid = text_at(source, "gtid"),
		.time_us = int_at(source, "ts_us"), .server_id = (uint32_t)int_at(source, "server_id"),
		.thread_id = (uint64_t)int_at(source, "thread"),
	};
	struct debezium_transaction transaction = {
		text_at(in, "id"), (uint64_t)int_at(in, "total_order"), (uint64_t)int_at(in, "data_collection_order"),
	};
	struct debezium_event event = {
		.op = text_at(payload, "op")[0], .snapshot = snapshot_of(text_at(source, "snapshot")),
		.origin = &origin, .log_offset = (uint64_t)int_at(source, "pos"),
		.log_row = (uint32_t)int_at(source, "row"),
		.transaction = json_is_null(in) ? NULL : &transaction, .now_us = int_at(payload, "ts_us"),
	};
	json_t *images[2] = { json_object_get(payload, "before"), json_object_get(payload, "after") };
	struct debezium_image rows[2] = { { 0 } };
	struct columns cells[2] = { { 0 } };
	struct buffer out = { 0 };
	bool is_ours = true;

	for (int i = 0; i < 2; i++) {
		if (json_is_null(images[i]))
			continue;
		is_ours &= read_cells(t, images[i], &cells[i]);
		rows[i].columns = &cells[i];
	}
	if (is_ours) {
		debezium_value(encoder, &event, rows[0], rows[1], &out);
		compare_texts(line->text, buffer_string(&out));
		buffer_clear(&out);
		if (event.op != 't' && debezium_key(encoder, rows[rows[1].columns != NULL], &out))
			assert_string_equal(buffer_string(&out), line->key);
		else
			assert_null(line->key);
	}
	columns_release(&cells[0]);
	columns_release(&cells[1]);
	buffer_release(&out);
	return is_ours;
}

static void compare_rows(const char *kind, const char *run, uint32_t least)
{
	struct debezium_options o = options_of(kind, run);
	struct debezium_table *encoders[PLAIN_TABLES];
	struct mysql_table *tables[PLAIN_TABLES];
	struct charset_list *charsets = charset_list_new();
	struct lines lines;
	struct line line;
	struct err e = ERR_INIT;
	uint32_t count = 0;

	for (size_t i = 0; i < PLAIN_TABLES; i++) {
		const char *name = plain_tables[i].table, *database = strcmp(name, "mark") == 0 ? "marks" : "ops";
		char *create = create_of(kind, "plain", name);

		tables[i] = table_of_create(create, database, name, plain_tables[i].key, plain_tables[i].key_count,
					    charset_find(charsets, "utf8mb4"));
		assert_int_equal(debezium_table_new(&encoders[i], &o, tables[i]->schema, &e), 0);
		memory_free(create);
	}
	lines_open(&lines, kind, run);
	while (lines_next(&lines, &line)) {
		for (size_t i = 0; i < PLAIN_TABLES && line.value != NULL; i++)
			count += strcmp(line.topic, debezium_topic(encoders[i])) == 0 &&
				 compare_message(encoders[i], tables[i], &line);
		line_close(&line);
	}
	if (count < least)
		fail_msg("%s %s: only %u", kind, run, count);
	for (size_t i = 0; i < PLAIN_TABLES; i++) {
		debezium_table_free(encoders[i]);
		mysql_table_free(tables[i]);
	}
	charset_list_free(charsets);
	option_release(debezium_option_table, &o);
}

static void rows_are_debeziums_bytes(void **state)
{
	(void)state;
	compare_rows("mysql", "plain", 25);
	compare_rows("mysql", "operations", 25);
	compare_rows("mysql", "operations_schemas", 10);
	compare_rows("mariadb", "plain", 25);
	compare_rows("mariadb", "operations", 25);
	compare_rows("mariadb", "operations_schemas", 10);
}

static void make_transaction(const struct debezium_options *o, json_t *payload, struct buffer *key,
			     struct buffer *value)
{
	json_t *counts = json_object_get(payload, "data_collections"), *one;
	struct debezium_table_count tables[8];
	const char *id = text_at(payload, "id");
	int64_t time_us = int_at(payload, "ts_ms") * 1000;
	size_t i;

	assert_true(json_array_size(counts) <= 8);
	json_array_foreach(counts, i, one)
		tables[i] = (struct debezium_table_count){ text_at(one, "data_collection"),
							   (uint64_t)int_at(one, "event_count") };
	if (strcmp(text_at(payload, "status"), "BEGIN") == 0)
		debezium_transaction_begin(o, id, time_us, key, value);
	else
		debezium_transaction_end(o, id, time_us, tables, (uint32_t)json_array_size(counts), key, value);
}

static void compare_side_topics(const char *kind, const char *run)
{
	struct debezium_options o = options_of(kind, run);
	char transactions[80], heartbeats[80];
	uint32_t transaction_count = 0, heartbeat_count = 0;
	struct lines lines;
	struct line line;

	snprintf(transactions, sizeof(transactions), "%s.transaction", run);
	snprintf(heartbeats, sizeof(heartbeats), "__debezium-heartbeat.%s", run);
	lines_open(&lines, kind, run);
	while (lines_next(&lines, &line)) {
		struct buffer key = { 0 }, value = { 0 };
		bool is_transaction = strcmp(line.topic, transactions) == 0;

		if (is_transaction || strcmp(line.topic, heartbeats) == 0) {
			if (is_transaction)
				make_transaction(&o, payload_of(line.value), &key, &value);
			else
				debezium_heartbeat(&o, int_at(payload_of(line.value), "ts_ms") * 1000, &key, &value);
			assert_buffer_text(key, line.key);
			assert_buffer_text(value, line.text);
			transaction_count += is_transaction;
			heartbeat_count += !is_transaction;
		}
		line_close(&line);
	}
	assert_true(transaction_count >= 2);
	assert_true(heartbeat_count >= 1);
	option_release(debezium_option_table, &o);
}

static void side_topics_are_debeziums_bytes(void **state)
{
	(void)state;
	compare_side_topics("mysql", "operations");
	compare_side_topics("mysql", "operations_schemas");
	compare_side_topics("mariadb", "operations");
	compare_side_topics("mariadb", "operations_schemas");
}

/*
 * The DEFAULTs that we have otherwise: its BIGINT UNSIGNED ends at Java's long, and its BINARY has the backslash of
 * the statement's \0.
 */
static const char *const other_defaults[] = { "u", "bn" };

static void drop_others(json_t *schema)
{
	json_t *images = json_object_get(schema, "fields"), *field;

	for (size_t image = 0; image < 2; image++) {
		json_t *fields = json_object_get(json_array_get(images, image), "fields");
		size_t i;

		json_array_foreach(fields, i, field) {
			for (size_t k = 0; k < sizeof(other_defaults) / sizeof(other_defaults[0]); k++) {
				if (strcmp(text_at(field, "field"), other_defaults[k]) == 0)
					json_object_del(field, "default");
			}
		}
	}
}

static void compare_defaults_schema(struct debezium_table *encoder, const struct line *line)
{
	static const struct origin origin = { 0 };
	struct debezium_event event = { .op = 'r', .origin = &origin };
	struct debezium_image none = { 0 };
	json_t *ours, *schema = json_object_get(line->value, "schema");
	struct buffer out = { 0 };
	json_error_t why;
	char *a, *b;

	debezium_value(encoder, &event, none, none, &out);
	ours = json_loads(buffer_string(&out), 0, &why);
	assert_non_null(ours);
	drop_others(schema);
	drop_others(json_object_get(ours, "schema"));
	a = json_dumps(schema, 0);
	b = json_dumps(json_object_get(ours, "schema"), 0);
	assert_string_equal(a, b);
	memory_free(a);
	memory_free(b);
	json_decref(ours);
	buffer_release(&out);
}

static void compare_defaults(const char *kind, const char *run)
{
	struct debezium_options o = options_of(kind, run);
	struct charset_list *charsets = charset_list_new();
	char *create = create_of(kind, "plain", "defaults");
	uint32_t key = 0, count = 0;
	struct mysql_table *t =
		table_of_create(create, "ops", "defaults", &key, 1, charset_find(charsets, "utf8mb4"));
	struct debezium_table *encoder;
	struct lines lines;
	struct line line;
	struct err e = ERR_INIT;

	defaults_of_create(t, create);
	assert_int_equal(debezium_table_new(&encoder, &o, t->schema, &e), 0);
	lines_open(&lines, kind, run);
	while (lines_next(&lines, &line)) {
		if (strcmp(line.topic, debezium_topic(encoder)) == 0) {
			compare_defaults_schema(encoder, &line);
			count++;
		}
		line_close(&line);
	}
	assert_true(count >= 1);
	debezium_table_free(encoder);
	mysql_table_free(t);
	charset_list_free(charsets);
	memory_free(create);
	option_release(debezium_option_table, &o);
}

static void defaults_in_schemas_are_debeziums(void **state)
{
	static const char *const runs[] = { "operations_schemas", "connect_schemas",	  "doubles_schemas",
					    "isostring_schemas",  "microseconds_schemas", "nanoseconds_schemas" };

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		compare_defaults("mysql", runs[i]);
		compare_defaults("mariadb", runs[i]);
	}
}

/* The copy of row 1 has the server's text of what the log has in row 5; likewise the others. */
static void the_logs_json_comes_of_the_servers_text(void **state)
{
	static const struct origin origin = { 0 };
	struct debezium_event event = { .op = 'c', .origin = &origin };
	struct debezium_image none = { 0 }, row = { 0 };
	struct debezium_options o = options_of("mysql", "plain");
	struct schema *s = schema_new("ops", "js");
	json_t *copies[8] = { 0 };
	struct debezium_table *encoder;
	struct columns cells;
	struct lines lines;
	struct line line;
	struct err e = ERR_INIT;
	uint32_t count = 0;

	(void)state;
	schema_add(s, "j", TYPE_STRING, true)->source_type = memory_copy_text("json");
	columns_init(&cells, s);
	row.columns = &cells;
	assert_int_equal(debezium_table_new(&encoder, &o, s, &e), 0);
	lines_open(&lines, "mysql", "plain");
	while (lines_next(&lines, &line)) {
		static const int copy_of[8] = { [5] = 1, [6] = 3, [7] = 4 };
		json_t *payload = payload_of(line.value), *after = json_object_get(payload, "after");
		const char *op = text_at(payload, "op");
		int64_t id = int_at(after, "id");
		struct buffer out = { 0 };
		json_error_t why;
		json_t *ours;

		if (strcmp(line.topic, "plain.ops.js") == 0 && op != NULL && *op == 'r') {
			copies[id] = json_incref(json_object_get(after, "j"));
		} else if (strcmp(line.topic, "plain.ops.js") == 0 && op != NULL && *op == 'c') {
			const char *text = json_string_value(copies[copy_of[id]]);

			columns_clear(&cells);
			column_add_bytes(&cells.columns[0], text, (uint32_t)strlen(text));
			columns_end_row(&cells);
			debezium_value(encoder, &event, none, row, &out);
			ours = json_loads(buffer_string(&out), 0, &why);
			assert_string_equal(text_at(json_object_get(ours, "after"), "j"), text_at(after, "j"));
			json_decref(ours);
			buffer_release(&out);
			count++;
		}
		line_close(&line);
	}
	assert_int_equal(count, 3);
	for (int i = 0; i < 8; i++)
		json_decref(copies[i]);
	debezium_table_free(encoder);
	columns_release(&cells);
	schema_release(s);
	option_release(debezium_option_table, &o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_debeziums_bytes),
		cmocka_unit_test(side_topics_are_debeziums_bytes),
		cmocka_unit_test(defaults_in_schemas_are_debeziums),
		cmocka_unit_test(the_logs_json_comes_of_the_servers_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
