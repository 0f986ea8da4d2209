/* SPDX-License-Identifier: Apache-2.0 */
/* What the decoder refuses, and where it goes on, on the recorded logs. */
#include "lib/test.h"

#include <libdeflate.h>

#include "base/memory.h"
#include "lib/recorded.h"
#include "source/mysql/event.h"

#define FOLDER "tests/golden/mysql"

static struct bytes first_event(struct bytes log, uint8_t type, size_t *offset)
{
	struct reader r = reader_of(log);
	struct err e = ERR_INIT;

	reader_skip(&r, 4);
	while (reader_left(&r) > 0) {
		struct reader look = r;
		struct event_header h;
		struct bytes event;

		*offset = (size_t)(r.at - log.data);
		reader_skip(&look, 9);
		event = reader_bytes(&r, reader_u32le(&look));
		assert_int_equal(event_header_parse(&h, event, &e), 0);
		if (h.type == type)
			return event;
	}
	fail_msg("no such event");
	return (struct bytes){ NULL, 0 };
}

static void mend(uint8_t *event, size_t size)
{
	uint32_t crc = libdeflate_crc32(0, event, size - 4);

	memcpy(event + size - 4, &crc, sizeof(crc));
}

/* Runs the log with one byte of the first event of that type changed; the text of what
 * came out. */
static char *run_changed(uint8_t type, size_t at, uint8_t value, bool mends)
{
	struct buffer log = { 0 };
	struct recorded r;
	struct bytes event;
	size_t offset = 0;
	char *out;

	assert_true(recorded_file(&log, FOLDER, "mysql_events", ".binlog"));
	event = first_event(buffer_bytes(&log), type, &offset);
	log.data[offset + at] = value;
	if (mends)
		mend(log.data + offset, event.size);
	recorded_init(&r, FOLDER, false, true);
	recorded_run(&r, buffer_bytes(&log));
	out = memory_copy_text(buffer_string(&r.out));
	recorded_release(&r);
	buffer_release(&log);
	return out;
}

static void assert_refused(uint8_t type, size_t at, uint8_t value, bool mends,
			   const char *why)
{
	char *out = run_changed(type, at, value, mends);

	if (strstr(out, why) == NULL ||
	    strstr(out, "error log binlog.000001 at ") == NULL)
		fail_msg("no \"%s\" in: %s", why,
			 strstr(out, "error") != NULL ? strstr(out, "error") : out);
	memory_free(out);
}

static void damage_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_refused(EVENT_WRITE_ROWS, 40, 0x55, false,
		       "WRITE_ROWS event: wrong checksum");
	assert_refused(EVENT_XID, 4, 77, true, "unrecognized event type 77");
	assert_refused(EVENT_XID, 4, EVENT_INCIDENT, true, "events were lost");
	assert_refused(EVENT_XID, 4, EVENT_START_ENCRYPTION, true, "encrypted");
	assert_refused(EVENT_TABLE_MAP, 19, 0xee, true, "has no TABLE_MAP");
	assert_refused(EVENT_WRITE_ROWS, 29, 9, true,
		       "9 columns, but the TABLE_MAP of golden.t has 3");
	assert_refused(EVENT_GTID, 36, 0, true, "cannot have the number 0");
	assert_refused(EVENT_FORMAT_DESCRIPTION, 30, 'x', false, "wrong checksum");
}

static void an_unknown_event_that_may_be_ignored_is(void **state)
{
	char *out;

	(void)state;
	out = run_changed(EVENT_ROWS_QUERY, 4, 77, true);
	assert_null(strstr(out, "error"));
	memory_free(out);
}

/* Runs the log until XA transactions were prepared or decided so often; "two" is the first that is prepared. */
static void run_until(struct recorded *r, struct bytes log, int changes, struct mysql_position *out)
{
	struct mysql_position start = { .file = "binlog.000001", .offset = 4 };
	struct reader at = reader_of(log);
	struct err e = ERR_INIT;
	uint32_t count = 0;

	decoder_set_position(r->decoder, &start);
	reader_skip(&at, 4);
	while (reader_left(&at) > 0 && changes > 0) {
		struct reader look = at;

		reader_skip(&look, 9);
		must(decoder_event(r->decoder, reader_bytes(&at, reader_u32le(&look)), &e), &e);
		changes -= decoder_position(r->decoder)->prepared_count != count;
		count = decoder_position(r->decoder)->prepared_count;
	}
	position_copy(out, decoder_position(r->decoder));
}

/* By way of its text. */
static struct mysql_position read_back(const struct mysql_position *p)
{
	struct mysql_position out;
	struct buffer json = { 0 };
	struct err e = ERR_INIT;

	mysql_position_format(&p->base, NULL, &json);
	must(mysql_position_parse(&out, buffer_string(&json), p->gtids.is_mariadb, &e), &e);
	buffer_release(&json);
	return out;
}

static void feed(struct recorded *r, struct bytes log, uint64_t from)
{
	struct reader at = reader_of(log);
	struct err e = ERR_INIT;

	reader_skip(&at, 4);
	while (reader_left(&at) > 0) {
		struct reader look = at;
		size_t place = (size_t)(at.at - log.data);
		struct bytes event;

		reader_skip(&look, 9);
		event = reader_bytes(&at, reader_u32le(&look));
		/* A server sends the log's description first, whatever the place. */
		if (place >= from || event.data[4] == EVENT_FORMAT_DESCRIPTION) {
			must(decoder_event(r->decoder, event, &e), &e);
		}
	}
}

static const char *const servers[] = { "mysql_events", "mariadb_events" };

static void a_restart_reads_prepared_transactions_again(void **state)
{
	struct buffer log = { 0 };
	struct recorded whole, resumed;
	struct mysql_position at, p;
	struct mysql_start start;
	const char *rest;

	(void)state;
	assert_true(recorded_file(&log, FOLDER, "mysql_events", ".binlog"));
	recorded_init(&whole, FOLDER, false, true);
	run_until(&whole, buffer_bytes(&log), 1, &at);
	p = read_back(&at);
	assert_int_equal(p.prepared_count, 1);
	mysql_position_start(&p, &start);
	assert_true(start.offset < p.offset);
	assert_false(gtid_set_has(&start.gtids, &p.prepared[0].gtid));
	buffer_clear(&whole.out);
	feed(&whole, buffer_bytes(&log), p.offset);

	recorded_init(&resumed, FOLDER, false, true);
	decoder_set_position(resumed.decoder, &p);
	feed(&resumed, buffer_bytes(&log), start.offset);
	assert_null(strstr(buffer_string(&resumed.out), "\"xa1\""));
	rest = strstr(buffer_string(&resumed.out),
		      "insert golden.t 1\n  + {\"id\":8,\"v\":\"xa2\",\"n\":8}");
	assert_non_null(rest);
	assert_non_null(strstr(buffer_string(&whole.out), "\"xa2\""));
	assert_string_equal(
		strstr(rest, "commit"),
		strstr(strstr(buffer_string(&whole.out), "\"xa2\""), "commit"));
	mysql_start_release(&start);
	mysql_position_release(&at);
	mysql_position_release(&p);
	recorded_release(&whole);
	recorded_release(&resumed);
	buffer_release(&log);
}

/* Also behind the prepared transaction, up to the position. */
static void nothing_else_is_read_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer log = { 0 };
		struct mysql_position prepared, p;
		struct recorded r;

		assert_true(recorded_file(&log, FOLDER, servers[i], ".binlog"));
		recorded_init(&r, FOLDER, i == 1, true);
		run_until(&r, buffer_bytes(&log), 1, &prepared);
		run_until(&r, buffer_bytes(&log), 4, &p); /* "three" was rolled back */
		assert_int_equal(p.prepared_count, 0);
		p.prepared = memory_copy(prepared.prepared, sizeof(*p.prepared));
		p.prepared_count = 1;
		buffer_clear(&r.out);
		decoder_set_position(r.decoder, &p);
		feed(&r, buffer_bytes(&log), p.prepared->offset);
		assert_null(strstr(buffer_string(&r.out), "\"xa2\""));
		assert_non_null(strstr(buffer_string(&r.out), "{\"id\":10"));
		mysql_position_release(&prepared);
		mysql_position_release(&p);
		recorded_release(&r);
		buffer_release(&log);
	}
}

static struct mysql_position place_of_copy(const struct mysql_position *at)
{
	struct mysql_position p;

	position_copy(&p, at);
	p.prepared_count = 0;
	p.xa_from.offset = 4;
	memcpy(p.xa_from.file, "binlog.000001", sizeof("binlog.000001"));
	return p;
}

static void a_copy_s_place_has_what_was_prepared_before_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer log = { 0 };
		struct mysql_position at, unread, p;
		struct recorded r;

		assert_true(recorded_file(&log, FOLDER, servers[i], ".binlog"));
		recorded_init(&r, FOLDER, i == 1, true);
		run_until(&r, buffer_bytes(&log), 1, &at);
		unread = place_of_copy(&at);
		p = read_back(&unread);
		assert_int_equal(p.xa_from.offset, 4);
		buffer_clear(&r.out);
		decoder_set_position(r.decoder, &p);
		feed(&r, buffer_bytes(&log), 0);
		assert_null(strstr(buffer_string(&r.out), "\"xa1\""));
		assert_non_null(strstr(buffer_string(&r.out), "\"xa2\""));
		assert_null(strstr(buffer_string(&r.out), "\"xa3\""));
		assert_int_equal(decoder_position(r.decoder)->xa_from.file[0], 0);
		assert_int_equal(decoder_position(r.decoder)->prepared_count, 0);
		mysql_position_release(&at);
		mysql_position_release(&unread);
		mysql_position_release(&p);
		recorded_release(&r);
		buffer_release(&log);
	}
}

static void what_was_decided_before_a_copy_s_place_is_forgotten(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct buffer log = { 0 };
		struct mysql_position at, p;
		struct recorded r;

		assert_true(recorded_file(&log, FOLDER, servers[i], ".binlog"));
		recorded_init(&r, FOLDER, i == 1, true);
		run_until(&r, buffer_bytes(&log), 3, &at); /* "two" was committed, "three" is prepared */
		p = place_of_copy(&at);
		decoder_set_position(r.decoder, &p);
		log.size = at.offset;
		buffer_clear(&r.out);
		feed(&r, buffer_bytes(&log), 0);
		assert_int_equal(strncmp(buffer_string(&r.out), "commit {", 8), 0); /* the next run need not read it again */
		assert_null(strstr(buffer_string(&r.out), "xa_from"));
		assert_int_equal(decoder_position(r.decoder)->prepared_count, 1);
		assert_memory_equal(&decoder_position(r.decoder)->prepared->xid, &at.prepared->xid,
				    sizeof(at.prepared->xid));
		assert_int_equal(decoder_position(r.decoder)->xa_from.file[0], 0);
		mysql_position_release(&at);
		mysql_position_release(&p);
		recorded_release(&r);
		buffer_release(&log);
	}
}

static void an_unwanted_old_row_has_its_key_only(void **state)
{
	struct buffer log = { 0 };
	struct recorded r;

	(void)state;
	assert_true(recorded_file(&log, FOLDER, "mysql_events", ".binlog"));
	recorded_init(&r, FOLDER, false, false);
	recorded_run(&r, buffer_bytes(&log));
	assert_non_null(
		strstr(buffer_string(&r.out), "update golden.t 1\n  - {\"id\":2}\n  + "
					      "{\"id\":20,\"v\":\"B\",\"n\":2}\n"));
	assert_non_null(
		strstr(buffer_string(&r.out), /* without a key it is needed whole */
		       "update golden.k 1\n  - {\"a\":1,\"b\":\"x\"}\n"));
	recorded_release(&r);
	buffer_release(&log);
}

static bool has_everything(void *context, const struct mysql_table *t,
			   const struct gtid *gtid, const char *file, uint64_t offset)
{
	(void)context;
	(void)gtid;
	(void)offset;
	return strcmp(t->schema->table, "t") == 0 && strcmp(file, "binlog.000001") == 0;
}

static int table_of(void *context, const struct table_map *map, struct mysql_table **out,
		    struct err *e)
{
	struct mysql_table **tables = context;

	for (; *tables != NULL; tables++) {
		if (strcmp((*tables)->schema->table, map->table) == 0 &&
		    (*tables)->column_count == map->column_count) {
			*out = *tables;
			return 0;
		}
	}
	*out = NULL;
	if (mysql_table_new(tables, map->database, map->table, mysql_columns_copy(map),
			    map->column_count, map->key, map->key_count, e) < 0)
		return -1;
	*out = *tables;
	return 0;
}

static void what_a_table_has_already_is_left_out(void **state)
{
	struct decoder_callbacks callbacks = { .table = table_of,
					       .has_already = has_everything };
	struct mysql_table *tables[32] = { NULL };
	struct value_policy policy = { .halts = false };
	struct buffer log = { 0 };
	struct recorded r;

	(void)state;
	assert_true(recorded_file(&log, FOLDER, "mysql_events", ".binlog"));
	recorded_init(&r, FOLDER, false, true);
	recorded_run(&r, buffer_bytes(&log)); /* its sink then knows the tables */
	callbacks.context = tables;
	decoder_free(r.decoder);
	r.decoder = decoder_new(false, r.charsets, &r.sink, &callbacks, &policy);
	buffer_clear(&r.out);
	recorded_run(&r, buffer_bytes(&log));
	assert_null(strstr(buffer_string(&r.out), "insert golden.t "));
	assert_non_null(strstr(buffer_string(&r.out), "insert golden.k 2"));
	decoder_free(r.decoder);
	r.decoder = NULL;
	for (size_t i = 0; tables[i] != NULL; i++)
		mysql_table_free(tables[i]);
	recorded_release(&r);
	buffer_release(&log);
}

struct watched {
	struct recorded r; /* first */
	struct bytes log;
	uint32_t rows, joined; /* blocks of several events */
	uint64_t offset;       /* of the last row's event, and the row's number in it */
	uint32_t row;
};

static int watch(struct sink *sink, const struct change *c, struct err *e)
{
	struct watched *w = (struct watched *)sink;

	(void)e;
	if (c->kind != CHANGE_ROWS)
		return 0;
	assert_int_equal(c->rows.events[0].first, 0);
	assert_int_equal(c->rows.events[0].offset, c->origin->log_offset);
	for (uint32_t i = 0; i < c->rows.event_count; i++) {
		const struct log_event *at = &c->rows.events[i];
		uint32_t end = i + 1 < c->rows.event_count ? at[1].first : c->rows.count;
		uint8_t type = w->log.data[at->offset + 4];

		assert_true(end > at->first);
		assert_true((type >= EVENT_WRITE_ROWS && type <= EVENT_DELETE_ROWS) ||
			    type == EVENT_QUERY || type == EVENT_XA_PREPARE); /* the end of XA */
		if (at->row > 0) {
			assert_int_equal(at->offset, w->offset);
			assert_int_equal(at->row, w->row + 1);
		}
		w->offset = at->offset;
		w->row = at->row + end - at->first - 1;
	}
	w->joined += c->rows.event_count > 1;
	w->rows += c->rows.count;
	return 0;
}

static void every_row_tells_its_event_in_the_log(void **state)
{
	static const char *const names[] = { "mysql_events", "mysql_types", "mysql_json", "mysql_nochecksum" };
	struct watched w = { .rows = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct buffer log = { 0 };

		assert_true(recorded_file(&log, FOLDER, names[i], ".binlog"));
		w.log = buffer_bytes(&log);
		recorded_init(&w.r, FOLDER, false, true);
		w.r.sink.take = watch;
		recorded_run(&w.r, w.log);
		recorded_release(&w.r);
		buffer_release(&log);
	}
	assert_true(w.joined > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(damage_is_refused_with_its_place),
		cmocka_unit_test(an_unknown_event_that_may_be_ignored_is),
		cmocka_unit_test(a_restart_reads_prepared_transactions_again),
		cmocka_unit_test(nothing_else_is_read_twice),
		cmocka_unit_test(a_copy_s_place_has_what_was_prepared_before_it),
		cmocka_unit_test(what_was_decided_before_a_copy_s_place_is_forgotten),
		cmocka_unit_test(an_unwanted_old_row_has_its_key_only),
		cmocka_unit_test(what_a_table_has_already_is_left_out),
		cmocka_unit_test(every_row_tells_its_event_in_the_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
