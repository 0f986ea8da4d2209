/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns the long table has, which the table that is put together from it, and what can be neither. */
#include "lib/test.h"

#include "change/event.h"
#include "merge/unpivot.h"

/* Events with the key column `key` and one more. */
static struct schema *events_of(const char *key, const char *column, bool is_nullable)
{
	struct schema *s = schema_new("d", "t");

	schema_add(s, key, TYPE_LONG, false);
	schema_add(s, column, TYPE_STRING, is_nullable);
	schema_add(s, EVENT_TIME, TYPE_TIMESTAMP, true);
	schema_add(s, EVENT_RANK, TYPE_LONG, true);
	schema_set_key(s, (uint32_t[]){ 0 }, 1);
	schema_set_order(s, (uint32_t[]){ 2, 3 }, 2);
	s->is_by_column = true;
	return s;
}

static void a_column_is_shown_whatever_it_begins_with(void **state)
{
	struct schema *events = events_of("id", "_event_type", true), *shown = long_shown(events), *tall;
	struct columns row;
	struct long_rows rows;
	struct batch *b = batch_new(events);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(shown->field_count, 2);
	assert_int_equal(schema_find(shown, "_event_type"), 1);
	columns_init(&row, events);
	column_add_int64(&row.columns[0], 1);
	column_add_bytes(&row.columns[1], "x", 1);
	column_add_int64(&row.columns[2], 1);
	column_add_int64(&row.columns[3], (int64_t)EVENT_UPDATE << EVENT_ACTION_SHIFT);
	columns_end_row(&row);
	batch_add(b, &(struct rows){ .op = OP_INSERT, .count = 1, .after = &row });
	must(long_schema(&tall, events, &e), &e);
	unpivot(&rows, tall, b);
	assert_int_equal(rows.batch->after.row_count, 1);
	assert_int_equal(rows.origins[0].attribute, 1);
	long_rows_release(&rows);
	columns_release(&row);
	batch_free(b);
	schema_release(tall);
	schema_release(shown);
	schema_release(events);
}

static void rows_take_memory_by_the_columns_that_they_tell(void **state)
{
	struct schema *events = events_of("id", "a", true);
	const uint8_t each[] = { 1, 3, 3 }, two = 3;
	size_t row = long_rows_bytes(events, &(struct rows){ .op = OP_DELETE, .count = 1 });

	(void)state;
	assert_in_range(row, 64, 512);
	assert_int_equal(long_rows_bytes(events, &(struct rows){ .op = OP_INSERT, .count = 3, .each_present = each }), 5 * row);
	assert_int_equal(long_rows_bytes(events, &(struct rows){ .op = OP_UPDATE, .count = 3, .after_present = &two }), 6 * row);
	assert_int_equal(long_rows_bytes(events, &(struct rows){ .op = OP_INSERT, .count = 3 }), 12 * row);
	schema_release(events);
}

static void assert_refused(struct schema *events, const char *says)
{
	struct err e = ERR_INIT;
	struct schema *tall;

	assert_int_equal(long_schema(&tall, events, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	if (strstr(e.text, says) == NULL)
		fail_msg("\"%s\" is not in: %s", says, e.text);
	schema_release(events);
}

static void a_column_that_must_not_be_null_is_refused(void **state)
{
	(void)state;
	assert_refused(events_of("id", "a", false), "column \"a\" is NOT NULL");
}

static void a_key_of_a_name_of_the_long_table_is_refused_in_any_case_of_letters(void **state)
{
	struct schema *events = events_of("id", "Value", true), *tall;
	struct err e = ERR_INIT;

	(void)state;
	assert_refused(events_of("Value", "a", true), "column \"Value\" is of the key");
	assert_refused(events_of("id", "_delete", true), "column \"_delete\" has a name");
	must(long_schema(&tall, events, &e), &e); /* a column's name is a value there */
	schema_release(tall);
	schema_release(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_column_is_shown_whatever_it_begins_with),
		cmocka_unit_test(rows_take_memory_by_the_columns_that_they_tell),
		cmocka_unit_test(a_column_that_must_not_be_null_is_refused),
		cmocka_unit_test(a_key_of_a_name_of_the_long_table_is_refused_in_any_case_of_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
