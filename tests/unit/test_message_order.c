/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of event order that are made for rows of every format. */
#include "lib/message_reading.h"

#include "base/clock.h"
#include "message/spark_ddl.h"

static const char *const pk[] = { "PK" };
static const char *const seq[] = { "seq" };

#define LISTS                                                                                                 \
	.format = FORMAT_IMAGE, .image_list = IMAGE_LIST, .image_action = IMAGE_ACTION, .image_time = IMAGE_TIME, \
	.key = pk, .key_count = 1, .by_event = true, .wants_old_key_only = true
#define BY_SEQ .order_by = seq, .order_by_count = 1

#define LIST(rows)           "{\"after_image\":[" rows "]}"
#define ROW(action, members) "{\"_action\":\"" action "\",\"_timestamp\":\"2025-01-01 00:00:02\"," members "}"

#define AT_US  1735689602000000
#define DAY_US ((int64_t)86400 * 1000000)

static void assert_columns(const struct reading *r, const char *ddl)
{
	struct buffer text = { 0 };

	spark_ddl_format(r->message.schema, &text);
	assert_string_equal(buffer_string(&text), ddl);
	buffer_release(&text);
}

/* The names of the schema's order, as JSON. */
static void assert_order(const struct schema *s, const char *names)
{
	struct buffer text = { 0 };

	schema_names_format(&text, s, s->order, s->order_count);
	assert_string_equal(buffer_string(&text), names);
	buffer_release(&text);
}

/* Reads one message, whose rows fit one run. */
static void read_rows(struct reading *r, const char *value)
{
	must(read_message(r, NULL, value), &r->e);
	row_run_clear(&r->run);
	must(input_rows(r->input, &r->run, &r->e), &r->e);
	assert_true(r->run.count > 0);
}

/* A row's cell of this column, in the image that the table is merged by; it is told. */
static int64_t cell(const struct reading *r, const char *name, uint32_t row)
{
	struct rows rows = row_run_rows(&r->run);
	int at = schema_find(r->run.schema, name);

	assert_true(at >= 0);
	assert_true(field_present(rows.op == OP_DELETE ? rows.before_present : rows.after_present, (uint32_t)at));
	return column_int64(&(rows.op == OP_DELETE ? rows.before : rows.after)->columns[at], row);
}

static int64_t rank_of(struct reading *r, const char *value)
{
	read_rows(r, value);
	return cell(r, "_event_rank", 0);
}

static void our_columns_stand_behind_those_of_the_first_message(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS, BY_SEQ }, NULL);
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":7,\"a\":1")));
	assert_columns(&r, "PK BIGINT NOT NULL, seq BIGINT, a BIGINT, _event_time TIMESTAMP NOT NULL, _event_rank BIGINT NOT NULL");
	assert_order(r.message.schema, "[\"_event_time\",\"seq\",\"_event_rank\"]");
	assert_int_equal(cell(&r, "_event_time", 0), AT_US);
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":7,\"b\":\"x\"")));
	assert_columns(&r, "PK BIGINT NOT NULL, seq BIGINT, a BIGINT, _event_time TIMESTAMP NOT NULL, _event_rank BIGINT NOT NULL, "
			   "b STRING");
	assert_order(r.message.schema, "[\"_event_time\",\"seq\",\"_event_rank\"]");
	reading_stop(&r);
}

static void a_table_that_is_there_keeps_its_places(void **state)
{
	struct schema *known;
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	must(spark_ddl_parse(&known, "_event_time TIMESTAMP NOT NULL, PK BIGINT NOT NULL, _event_rank BIGINT NOT NULL, a STRING", "", "",
			     &r.e), &r.e);
	must(input_know(r.input, "", "", known, true, &r.e), &r.e);
	schema_release(known);
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":\"x\",\"b\":1")));
	assert_columns(&r, "_event_time TIMESTAMP NOT NULL, PK BIGINT NOT NULL, _event_rank BIGINT NOT NULL, a STRING, b BIGINT");
	assert_order(r.message.schema, "[\"_event_time\",\"_event_rank\"]");
	assert_int_equal(cell(&r, "_event_time", 0), AT_US);
	assert_bad(&r, LIST(ROW("_insert", "\"PK\":1.5")), "--schema \"PK STRING NOT NULL, a STRING, b BIGINT\" would do");
	reading_stop(&r);
}

static void a_delete_tells_its_key_and_its_order_alone(void **state)
{
	struct reading r;
	struct rows rows;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS, BY_SEQ }, "PK INT NOT NULL, a INT, seq INT");
	read_rows(&r, LIST(ROW("_delete", "\"PK\":1,\"a\":2,\"seq\":3") "," ROW("_delete", "\"PK\":2,\"seq\":4,\"b\":5")));
	rows = row_run_rows(&r.run);
	assert_int_equal(rows.op, OP_DELETE);
	assert_int_equal(rows.count, 2);
	assert_true(field_present(rows.before_present, 0) && !field_present(rows.before_present, 1) &&
		    field_present(rows.before_present, 2));
	assert_int_equal(cell(&r, "_event_time", 1), AT_US);
	assert_int_equal(cell(&r, "_event_rank", 1) >> 61, 2);
	reading_stop(&r);
}

static void a_partial_image_is_an_update_whatever_its_action(void **state)
{
	struct reading r;
	struct rows rows;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS, .image = IMAGE_PARTIAL }, "PK INT NOT NULL, a INT, b INT");
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":2") "," ROW("_update", "\"PK\":1,\"a\":3")));
	rows = row_run_rows(&r.run);
	assert_true(r.run.schema->is_by_column);
	assert_int_equal(rows.op, OP_UPDATE);
	assert_int_equal(rows.count, 2);
	assert_true(field_present(rows.after_present, 1) && !field_present(rows.after_present, 2));
	assert_true(field_present(rows.before_present, 0) && !field_present(rows.before_present, 1));
	assert_int_equal(cell(&r, "_event_rank", 0) >> 61, 0);
	assert_int_equal(cell(&r, "_event_rank", 1) >> 61, 1);
	for (unsigned c = 0; c < 2; c++) /* both images are of one event */
		assert_int_equal(column_int64(&rows.before->columns[3 + c], 1), column_int64(&rows.after->columns[3 + c], 1));
	reading_stop(&r);
}

static void partial_images_come_together_where_each_says_what_it_has(void **state)
{
	static const uint32_t told[] = { 1, 2, 0 };
	struct input_options o = { LISTS, .image = IMAGE_PARTIAL, .wants_each_present = true };
	struct reading r;
	struct rows rows;

	(void)state;
	reading_start(&r, o, "PK INT NOT NULL, a INT, b INT");
	must(read_message(&r, NULL, LIST(ROW("_insert", "\"PK\":1,\"a\":2") "," ROW("_update", "\"PK\":1,\"b\":null") ","
					 ROW("_update", "\"PK\":2") "," ROW("_delete", "\"PK\":2"))), &r.e);
	assert_int_equal(input_rows(r.input, &r.run, &r.e), 1);
	rows = row_run_rows(&r.run);
	assert_int_equal(rows.op, OP_INSERT);
	assert_int_equal(rows.count, 3);
	assert_null(rows.after_present);
	for (uint32_t i = 0; i < rows.count; i++) {
		for (uint32_t f = 0; f < 5; f++) /* the key, a, b, time and rank */
			assert_int_equal(field_present(rows.each_present + i, f), f == 0 || f > 2 || f == told[i]);
	}
	row_run_clear(&r.run);
	must(input_rows(r.input, &r.run, &r.e), &r.e);
	rows = row_run_rows(&r.run);
	assert_int_equal(rows.op, OP_DELETE);
	assert_null(rows.each_present);
	assert_true(field_present(rows.before_present, 0) && !field_present(rows.before_present, 1));
	reading_stop(&r);
}

static void at_one_instant_a_delete_is_above_an_update_above_an_insert(void **state)
{
	struct reading r;
	int64_t insert, update, delete;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	insert = rank_of(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":\"zzzz\"")));
	update = rank_of(&r, LIST(ROW("_update", "\"PK\":1,\"a\":\"a\"")));
	delete = rank_of(&r, LIST(ROW("_delete", "\"PK\":1")));
	assert_true(0 <= insert && insert < update && update < delete);
	reading_stop(&r);
}

static void a_rank_is_of_the_row_s_content(void **state)
{
	static const char *const same[] = {
		LIST(ROW("_update", "\"PK\":1,\"a\":\"\\u00e9\",\"b\":[1,{\"c\":null}]")),
		LIST(ROW("_update", "\"a\":\"\u00e9\",  \"b\" : [1, {\"c\": null}], \"PK\":1")),
		"{\"after_image\":[{\"b\":[1,{\"c\":null}],\"_timestamp\":\"2026-01-01T00:00:00Z\",\"PK\":1,\"a\":\"\u00e9\","
		"\"_action\":\"update\"}]}",
	};
	static const char *const others[] = {
		LIST(ROW("_update", "\"PK\":1,\"a\":\"\u00e9\",\"b\":[1,{\"c\":0}]")),
		LIST(ROW("_update", "\"PK\":\"1\",\"a\":\"\u00e9\",\"b\":[1,{\"c\":null}]")),
		LIST(ROW("_update", "\"PK\":1,\"b\":[1,{\"c\":null}]")),
		LIST(ROW("_update", "\"PK\":1,\"a\":null,\"b\":[1,{\"c\":null}]")),
		LIST(ROW("_update", "\"PK\":1,\"a\":true,\"b\":[1,{\"c\":null}]")),
		LIST(ROW("_update", "\"PK\":1,\"a\":false,\"b\":[1,{\"c\":null}]")),
	};
	int64_t first, seen[sizeof(others) / sizeof(others[0])];
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, "PK STRING NOT NULL, a STRING, b STRING");
	first = rank_of(&r, same[0]);
	for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++)
		assert_int_equal(rank_of(&r, same[i]), first);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		seen[i] = rank_of(&r, others[i]);
		assert_int_not_equal(seen[i], first);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seen[i], seen[j]);
	}
	reading_stop(&r);
}

#define MEMBERS 5u
#define EVENTS  12u

/* A row whose members stand in an order of chance. */
static void add_row(struct buffer *out, uint32_t number, unsigned *chance)
{
	unsigned order[MEMBERS + 2];

	for (unsigned i = 0; i < MEMBERS + 2; i++) {
		unsigned j = (unsigned)rand_r(chance) % (i + 1);

		order[i] = order[j];
		order[j] = i;
	}
	buffer_char(out, '{');
	for (unsigned i = 0; i < MEMBERS + 2; i++) {
		if (order[i] == MEMBERS)
			buffer_text(out, "\"_action\":\"_insert\"");
		else if (order[i] == MEMBERS + 1)
			buffer_format(out, "\"_timestamp\":%u", 1735689602 + number % 3);
		else
			buffer_format(out, "\"%s%u\":%u", order[i] == 0 ? "PK" : "m", order[i], order[i] == 0 ? number : number % 4 * order[i]);
		buffer_char(out, i < MEMBERS + 1 ? ',' : '}');
	}
}

/* The events in an order of chance, cut into messages by chance: ranks and times by their keys. */
static void read_by_chance(unsigned *chance, int64_t ranks[EVENTS], int64_t times[EVENTS])
{
	static const char *const key[] = { "PK0" };
	struct input_options o = { LISTS };
	struct buffer value = { 0 };
	struct reading r;
	uint32_t events[EVENTS], done = 0;

	for (uint32_t i = 0; i < EVENTS; i++) {
		uint32_t j = (uint32_t)rand_r(chance) % (i + 1);

		events[i] = events[j];
		events[j] = i;
	}
	o.key = key;
	reading_start(&r, o, NULL);
	while (done < EVENTS) {
		uint32_t rows = (uint32_t)rand_r(chance) % (EVENTS - done) + 1;

		buffer_clear(&value);
		buffer_text(&value, "{\"after_image\":[");
		for (uint32_t i = 0; i < rows; i++) {
			add_row(&value, events[done + i], chance);
			buffer_char(&value, i + 1 < rows ? ',' : ']');
		}
		buffer_char(&value, '}');
		read_rows(&r, buffer_string(&value));
		for (uint32_t i = 0; i < rows; i++) {
			int64_t number = cell(&r, "PK0", i);

			ranks[number] = cell(&r, "_event_rank", i);
			times[number] = cell(&r, "_event_time", i);
		}
		done += rows;
	}
	reading_stop(&r);
	buffer_release(&value);
}

static void neither_arrival_nor_messages_nor_arrangement_change_an_order_value(void **state)
{
	int64_t ranks[2][EVENTS], times[2][EVENTS];
	unsigned chance = 6;

	(void)state;
	read_by_chance(&chance, ranks[0], times[0]);
	for (unsigned i = 0; i < 300; i++) {
		read_by_chance(&chance, ranks[1], times[1]);
		assert_memory_equal(ranks[0], ranks[1], sizeof(ranks[0]));
		assert_memory_equal(times[0], times[1], sizeof(times[0]));
	}
}

#define UPDATE(row, name)                                                                                         \
	"{\"before\":null,\"after\":{\"id\":1,\"name\":\"" name "\"},\"op\":\"u\",\"source\":{\"connector\":\"mysql\"," \
	"\"ts_us\":1735689602000001,\"db\":\"inv\",\"table\":\"person\",\"file\":\"binlog.000012\",\"pos\":4021,\"row\":" row "}}"
#define READ                                                                                                      \
	"{\"before\":null,\"after\":{\"id\":1,\"name\":\"x\"},\"op\":\"r\",\"source\":{\"connector\":\"mysql\",\"snapshot\":true," \
	"\"ts_us\":1735689602000001,\"db\":\"inv\",\"table\":\"person\",\"file\":\"binlog.000012\",\"pos\":4021,\"row\":0}}"

static void events_of_a_log_have_their_place_in_it(void **state)
{
	struct input_options o = { .format = FORMAT_DEBEZIUM, .by_event = true, .wants_old_key_only = true };
	struct reading r;
	int64_t first, read;

	(void)state;
	reading_start(&r, o, NULL);
	must(read_message(&r, "{\"id\":1}", UPDATE("0", "x")), &r.e);
	must(input_rows(r.input, &r.run, &r.e), &r.e);
	assert_columns(&r, "id BIGINT NOT NULL, name STRING, _event_time TIMESTAMP NOT NULL, _event_file BIGINT NOT NULL, "
			   "_event_offset BIGINT NOT NULL, _event_rank BIGINT NOT NULL");
	assert_order(r.message.schema, "[\"_event_time\",\"_event_file\",\"_event_offset\",\"_event_rank\"]");
	assert_int_equal(cell(&r, "_event_time", 0), AT_US + 1);
	assert_int_equal(cell(&r, "_event_file", 0), 12);
	assert_int_equal(cell(&r, "_event_offset", 0), 4021);
	first = cell(&r, "_event_rank", 0);
	assert_int_equal(rank_of(&r, UPDATE("0", "x")), first);
	assert_int_not_equal(rank_of(&r, UPDATE("0", "y")), first);
	assert_true(rank_of(&r, UPDATE("1", "x")) > first && rank_of(&r, UPDATE("1", "y")) > first);
	read = rank_of(&r, READ);
	assert_true(0 <= read && read < first);
	read_rows(&r, "{\"before\":{\"id\":1,\"name\":\"x\"},\"after\":null,\"op\":\"d\",\"source\":{\"connector\":\"postgresql\","
		      "\"ts_ms\":1735689602000,\"schema\":\"inv\",\"table\":\"person\",\"lsn\":24023128}}");
	assert_int_equal(cell(&r, "_event_file", 0), 0);
	assert_int_equal(cell(&r, "_event_offset", 0), 24023128);
	reading_stop(&r);
}

static void other_formats_tell_what_they_know_of_the_place(void **state)
{
	struct input_options o = { .format = FORMAT_MAXWELL, .by_event = true, .key = pk, .key_count = 1 };
	struct reading r;
	int64_t rank;

	(void)state;
	reading_start(&r, o, NULL);
	read_rows(&r, "{\"database\":\"i\",\"table\":\"p\",\"type\":\"insert\",\"ts\":1735689602,\"xid\":99,\"xoffset\":3,\"data\":{\"PK\":1}}");
	assert_int_equal(cell(&r, "_event_time", 0), AT_US);
	assert_int_equal(cell(&r, "_event_offset", 0), 99);
	rank = cell(&r, "_event_rank", 0);
	read_rows(&r, "{\"database\":\"i\",\"table\":\"p\",\"type\":\"insert\",\"ts\":1735689602,\"xid\":99,\"commit\":true,"
		      "\"data\":{\"PK\":1}}");
	assert_true(cell(&r, "_event_rank", 0) > rank); /* a transaction's last row has no offset */
	read_rows(&r, "{\"database\":\"i\",\"table\":\"p\",\"type\":\"insert\",\"ts\":1735689602,\"xid\":99,\"xoffset\":2,"
		      "\"position\":\"b.000007:44\",\"data\":{\"PK\":1}}");
	assert_int_equal(cell(&r, "_event_file", 0), 7);
	assert_int_equal(cell(&r, "_event_offset", 0), 44);
	assert_true(cell(&r, "_event_rank", 0) < rank);
	reading_stop(&r);
	o.format = FORMAT_CANAL;
	reading_start(&r, o, NULL);
	read_rows(&r, "{\"database\":\"i\",\"table\":\"p\",\"type\":\"INSERT\",\"isDdl\":false,\"es\":1735689602000,\"data\":[{\"PK\":\"1\"},"
		      "{\"PK\":\"1\"}]}");
	assert_int_equal(cell(&r, "_event_time", 1), AT_US);
	assert_true(cell(&r, "_event_rank", 0) < cell(&r, "_event_rank", 1));
	reading_stop(&r);
	o.format = FORMAT_DMS;
	reading_start(&r, o, NULL);
	read_rows(&r, "{\"data\":{\"PK\":1},\"metadata\":{\"record-type\":\"data\",\"operation\":\"delete\",\"schema-name\":\"i\","
		      "\"table-name\":\"p\",\"transaction-id\":7,\"commit-timestamp\":\"2025-01-01T00:00:02Z\"}}");
	assert_int_equal(cell(&r, "_event_time", 0), AT_US);
	assert_int_equal(cell(&r, "_event_offset", 0), 7);
	reading_stop(&r);
}

static void a_moved_key_s_images_are_of_one_event(void **state)
{
	struct input_options o = { .format = FORMAT_MAXWELL, .by_event = true, .key = pk, .key_count = 1, BY_SEQ,
				   .wants_old_key_only = true };
	struct reading r;
	struct rows rows;

	(void)state;
	reading_start(&r, o, NULL);
	read_rows(&r, "{\"database\":\"i\",\"table\":\"p\",\"type\":\"update\",\"ts\":1735689602,\"data\":{\"PK\":2,\"seq\":6},"
		      "\"old\":{\"PK\":1,\"seq\":5}}");
	rows = row_run_rows(&r.run);
	assert_int_equal(column_int64(&rows.before->columns[0], 0), 1);
	for (uint32_t i = 1; i < r.run.schema->field_count; i++) {
		assert_true(field_present(rows.before_present, i));
		assert_int_equal(column_int64(&rows.before->columns[i], 0), column_int64(&rows.after->columns[i], 0));
	}
	reading_stop(&r);
}

static void assert_refused(struct reading *r, const char *value, enum err_kind kind, const char *said)
{
	int rc = read_message(r, NULL, value);

	row_run_clear(&r->run);
	if (rc == 0)
		rc = input_rows(r->input, &r->run, &r->e);
	assert_int_equal(rc, -1);
	if (r->e.kind != kind || strstr(r->e.text, said) == NULL)
		fail_msg("%s\ngives: %s", value, r->e.text);
}

static void what_has_no_place_in_the_order_is_refused(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	assert_refused(&r, LIST("{\"_action\":\"_insert\",\"PK\":1}"), ERR_DATA, "it has no \"_timestamp\", by which events are ordered");
	assert_refused(&r, LIST("{\"_action\":\"_insert\",\"_timestamp\":null,\"PK\":1}"), ERR_DATA, "it has no \"_timestamp\"");
	reading_stop(&r);
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM, .by_event = true, .key = pk, .key_count = 1 }, NULL);
	assert_refused(&r, "{\"before\":null,\"after\":{\"PK\":1},\"op\":\"c\",\"source\":{}}", ERR_DATA,
		       "it does not say when its change was made");
	assert_refused(&r, "{\"before\":null,\"after\":{\"PK\":1},\"op\":\"c\",\"source\":{\"ts_us\":9223372036854775807}}", ERR_DATA,
		       "is not in the years 1 to 9999");
	assert_refused(&r, "{\"before\":null,\"after\":null," SOURCE ",\"op\":\"t\"}", ERR_DATA, "event order has no TRUNCATE");
	assert_refused(&r, "{\"before\":null,\"after\":{\"PK\":1,\"a\":\"__debezium_unavailable_value\"},\"op\":\"u\","
		       "\"source\":{\"connector\":\"postgresql\",\"ts_us\":1735689602000000}}", ERR_DATA,
		       "column \"a\" has not changed, and its source does not say what it is");
	read_rows(&r, "{\"before\":null,\"after\":{\"PK\":1},\"op\":\"c\",\"source\":{\"ts_us\":1735689602000000}}");
	must(read_message(&r, "{\"PK\":1}", NULL), &r.e);
	assert_int_equal(input_delete(r.input, bytes_or_null("{\"PK\":1}"), &r.message, &r.e), 1);
	reading_stop(&r);
	reading_start(&r, (struct input_options){ .format = FORMAT_DEBEZIUM, .by_event = true }, NULL);
	assert_refused(&r, "{\"before\":null,\"after\":{\"PK\":1},\"op\":\"c\",\"source\":{\"ts_us\":1735689602000000}}", ERR_CONFIG,
		       "rows without a key have no newer and older changes");
	reading_stop(&r);
}

static void a_column_of_the_rows_does_not_bear_a_name_of_ours(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1,\"_event_rank\":7")), ERR_CONFIG, "the rows have a column \"_event_rank\"");
	reading_stop(&r);
	reading_start(&r, (struct input_options){ LISTS }, NULL);
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1")));
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1,\"_event_rank\":7")), ERR_CONFIG, "the rows have a column \"_event_rank\"");
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1,\"_Event_Time\":7")), ERR_CONFIG, "the rows have a column \"_Event_Time\"");
	reading_stop(&r);
	reading_start(&r, (struct input_options){ LISTS }, "PK INT NOT NULL");
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"_event_time\":7")));
	assert_int_equal(cell(&r, "_event_time", 0), AT_US);
	reading_stop(&r);
	reading_start(&r, (struct input_options){ LISTS }, "PK INT NOT NULL, _event_time STRING");
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1")), ERR_CONFIG, "the rows have a column \"_event_time\"");
	reading_stop(&r);
}

static void events_are_ordered_by_numbers_and_times_only(void **state)
{
	struct reading r;

	(void)state;
	reading_start(&r, (struct input_options){ LISTS, BY_SEQ }, NULL);
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":\"2025-01-01\"")), ERR_DATA,
		       "events cannot be ordered by column \"seq\" (--order-by), which is string by its values");
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1")), ERR_DATA, "no message has told a value of column \"seq\" so far");
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":5")));
	/* what was refused leaves the column as it was */
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":\"x\"")), ERR_DATA, "which is string by its values");
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":6")));
	assert_int_equal(cell(&r, "seq", 0), 6);
	read_rows(&r, LIST(ROW("_insert", "\"PK\":1,\"a\":6")));
	reading_stop(&r);
	reading_start(&r, (struct input_options){ LISTS, BY_SEQ }, "PK INT NOT NULL, seq STRING");
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":\"x\"")), ERR_CONFIG, "events cannot be ordered by column \"seq\"");
	reading_stop(&r);
	reading_start(&r, (struct input_options){ LISTS, BY_SEQ }, "PK INT NOT NULL");
	assert_refused(&r, LIST(ROW("_insert", "\"PK\":1,\"seq\":1")), ERR_CONFIG, "\"seq\" is not among the columns of --schema");
	reading_stop(&r);
}

/* A row whose time is so far from now. */
static const char *row_at(int64_t us)
{
	static char text[200];
	char shown[32];

	snprintf(text, sizeof(text), LIST("{\"_action\":\"_insert\",\"_timestamp\":\"%s\",\"PK\":1}"),
		 clock_format(shown, sizeof(shown), clock_now_us() + us));
	return text;
}

static void a_time_too_far_ahead_is_refused(void **state)
{
	static const char last[] = LIST("{\"_action\":\"_insert\",\"_timestamp\":\"9999-12-31T23:59:59.999999999\",\"PK\":1}");
	struct input_options o = { LISTS, .ahead_us_max = DAY_US };
	struct reading r;

	(void)state;
	reading_start(&r, o, NULL);
	read_rows(&r, row_at(DAY_US - DAY_US / 24));
	assert_refused(&r, row_at(DAY_US + DAY_US / 24), ERR_DATA, "is later than the clock of this machine by more than 86400 s (--max-ahead)");
	assert_refused(&r, last, ERR_DATA, "its time, 9999-12-31T23:59:59");
	reading_stop(&r);
	o.ahead_us_max = 0;
	reading_start(&r, o, NULL);
	read_rows(&r, last);
	reading_stop(&r);
	o = (struct input_options){ .format = FORMAT_MAXWELL, .by_event = true, .key = pk, .key_count = 1, .ahead_us_max = DAY_US };
	reading_start(&r, o, NULL);
	assert_refused(&r, "{\"database\":\"i\",\"table\":\"p\",\"type\":\"insert\",\"ts\":99999999999,\"data\":{\"PK\":1}}", ERR_DATA,
		       "later than the clock");
	reading_stop(&r);
	o.by_event = false; /* then its time does not count */
	reading_start(&r, o, NULL);
	read_rows(&r, "{\"database\":\"i\",\"table\":\"p\",\"type\":\"insert\",\"ts\":99999999999,\"data\":{\"PK\":1}}");
	reading_stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_columns_stand_behind_those_of_the_first_message),
		cmocka_unit_test(a_table_that_is_there_keeps_its_places),
		cmocka_unit_test(a_delete_tells_its_key_and_its_order_alone),
		cmocka_unit_test(a_partial_image_is_an_update_whatever_its_action),
		cmocka_unit_test(partial_images_come_together_where_each_says_what_it_has),
		cmocka_unit_test(at_one_instant_a_delete_is_above_an_update_above_an_insert),
		cmocka_unit_test(a_rank_is_of_the_row_s_content),
		cmocka_unit_test(neither_arrival_nor_messages_nor_arrangement_change_an_order_value),
		cmocka_unit_test(events_of_a_log_have_their_place_in_it),
		cmocka_unit_test(other_formats_tell_what_they_know_of_the_place),
		cmocka_unit_test(a_moved_key_s_images_are_of_one_event),
		cmocka_unit_test(what_has_no_place_in_the_order_is_refused),
		cmocka_unit_test(a_column_of_the_rows_does_not_bear_a_name_of_ours),
		cmocka_unit_test(events_are_ordered_by_numbers_and_times_only),
		cmocka_unit_test(a_time_too_far_ahead_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
