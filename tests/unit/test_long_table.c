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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_column_is_shown_whatever_it_begins_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
