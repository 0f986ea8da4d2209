/* SPDX-License-Identifier: Apache-2.0 */
/* The schema-change topics that the real Debezium wrote, made again from what its messages say, byte for byte. */
#include "lib/test.h"

#include <ctype.h>

#include "base/memory.h"
#include "lib/debezium_record.h"
#include "message/debezium_schema_change.h"

/* "INT UNSIGNED", length 10: int(10) unsigned; labels as they are. */
static char *words_of_column(json_t *column)
{
	const char *name = text_at(column, "typeName");
	size_t size = strcspn(name, " "), i;
	json_t *labels = json_object_get(column, "enumValues"), *label;
	struct buffer out = { 0 };
	char *words;

	buffer_append(&out, name, size);
	if (json_is_array(labels)) {
		json_array_foreach(labels, i, label)
			buffer_format(&out, "%s%s", i == 0 ? "(" : ",", json_string_value(label));
		buffer_char(&out, ')');
	} else if (json_is_integer(json_object_get(column, "length"))) {
		buffer_format(&out, "(%d", (int)int_at(column, "length"));
		if (json_is_integer(json_object_get(column, "scale")))
			buffer_format(&out, ",%d", (int)int_at(column, "scale"));
		buffer_char(&out, ')');
	}
	for (i = 0; i < size; i++)
		out.data[i] = (uint8_t)tolower(out.data[i]);
	for (i = size; name[i] != 0; i++)
		buffer_char(&out, (char)tolower(name[i]));
	words = memory_copy_text(buffer_string(&out));
	buffer_release(&out);
	return words;
}

static void read_definition(struct table_definition *t, json_t *table)
{
	json_t *columns = json_object_get(table, "columns"), *keys = json_object_get(table, "primaryKeyColumnNames"), *one;
	size_t i;

	*t = (struct table_definition){ .charset = memory_copy_text(text_at(table, "defaultCharsetName")),
					.comment = memory_copy_text(text_at(table, "comment")),
					.column_count = (uint32_t)json_array_size(columns),
					.key_count = (uint32_t)json_array_size(keys) };
	t->columns = memory_array(struct column_definition, t->column_count + 1);
	t->key = memory_array(char *, t->key_count + 1);
	json_array_foreach(keys, i, one)
		t->key[i] = memory_copy_text(json_string_value(one));
	json_array_foreach(columns, i, one) {
		const char *value = text_at(one, "defaultValueExpression");
		bool is_auto = json_is_true(json_object_get(one, "autoIncremented"));
		bool is_time = strcmp(text_at(one, "typeName"), "TIMESTAMP") == 0;

		t->columns[i] = (struct column_definition){
			.name = memory_copy_text(text_at(one, "name")), .type = words_of_column(one),
			.charset = memory_copy_text(text_at(one, "charsetName")),
			.comment = memory_copy_text(text_at(one, "comment")),
			.default_value = memory_copy_text(value),
			.default_is_now = value != NULL && strcmp(value, "1970-01-01 00:00:00") == 0,
			.is_nullable = json_is_true(json_object_get(one, "optional")),
			.is_auto_increment = is_auto && !is_time, .is_updated_to_now = is_auto && is_time,
		};
	}
}

static enum table_effect effect_of(json_t *change)
{
	const char *type = text_at(change, "type");

	if (type == NULL)
		return TABLE_UNTOUCHED;
	return *type == 'C' ? TABLE_CREATED : *type == 'A' ? TABLE_ALTERED : TABLE_DROPPED;
}

/* In the copy the source's time has nanoseconds, and the message was handled a moment later. */
static void compare(const char *theirs, const char *ours)
{
	for (; *theirs != 0; theirs++, ours++) {
		size_t name = strncmp(theirs, "\"ts_ns\":", 8) == 0 ? 8 : strncmp(theirs, "},\"ts_ms\":", 10) == 0 ? 10 : 0;

		if (name > 0 && strncmp(theirs, ours, name) == 0) {
			theirs += name + strspn(theirs + name, "0123456789");
			ours += name + strspn(ours + name, "0123456789");
		}
		if (*theirs != *ours)
			fail_msg("Debezium ...%.300s\nwe       ...%.300s", theirs, ours);
	}
	assert_int_equal(*ours, 0);
}

/* "db"."table": the table. To be freed. */
static char *table_of(json_t *change)
{
	const char *id = text_at(change, "id"), *start;

	if (id == NULL)
		return NULL;
	start = strstr(id, "\".\"") + 3;
	return memory_copy(start, strlen(start) - 1);
}

static void compare_message(const struct debezium_options *o, const struct line *line)
{
	json_t *payload = payload_of(line->value), *source = json_object_get(payload, "source");
	json_t *change = json_array_get(json_object_get(payload, "tableChanges"), 0);
	struct origin origin = {
		.log_file = text_at(source, "file"), .gtid = text_at(source, "gtid"),
		.log_offset = (uint64_t)int_at(source, "pos"), .server_id = (uint32_t)int_at(source, "server_id"),
		.time_us = int_at(source, "ts_us"), .thread_id = 77,
	};
	struct table_definition definition = { 0 };
	char *table = table_of(change);
	struct ddl ddl = { .database = text_at(payload, "databaseName"), .table = table, .names = text_at(source, "table"),
			   .statement = text_at(payload, "ddl"), .effect = effect_of(change),
			   .is_copy = strcmp(text_at(source, "snapshot"), "true") == 0 };
	int64_t now_us = ddl.is_copy ? origin.time_us : int_at(payload, "ts_ms") * 1000;
	struct buffer key = { 0 }, value = { 0 };

	if (ddl.effect == TABLE_CREATED || ddl.effect == TABLE_ALTERED) {
		read_definition(&definition, json_object_get(change, "table"));
		ddl.definition = &definition;
	}
	debezium_schema_change(o, &ddl, &origin, now_us, &key, &value);
	assert_string_equal(buffer_string(&key), line->key);
	compare(line->text, buffer_string(&value));
	table_definition_release(&definition);
	memory_free(table);
	buffer_release(&key);
	buffer_release(&value);
}

/* Not so are tables that Debezium read from the statement, with words that a server's catalog does not have (BOOL). */
static bool is_comparable(json_t *payload)
{
	json_t *source = json_object_get(payload, "source");

	return text_at(source, "table") == NULL || strcmp(text_at(source, "db"), "golden") != 0 ||
	       strcmp(text_at(source, "snapshot"), "true") == 0;
}

static void compare_topic(const char *kind, const char *run, uint32_t least)
{
	struct debezium_options o = options_of(kind, run);
	struct lines lines;
	struct line line;
	uint32_t count = 0;

	lines_open(&lines, kind, run);
	while (lines_next(&lines, &line)) {
		if (strcmp(line.topic, run) == 0 && is_comparable(payload_of(line.value))) {
			compare_message(&o, &line);
			count++;
		}
		line_close(&line);
	}
	if (count < least)
		fail_msg("%s %s: only %u", kind, run, count);
	option_release(debezium_option_table, &o);
}

static void schema_changes_are_debeziums(void **state)
{
	(void)state;
	compare_topic("mysql", "operations", 50);
	compare_topic("mysql", "operations_schemas", 1);
	compare_topic("mariadb", "operations", 50);
	compare_topic("mariadb", "operations_schemas", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(schema_changes_are_debeziums) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
