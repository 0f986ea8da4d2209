/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include "base/memory.h"
#include "change/render.h"
#include "source/mysql/layout.h"
#include "source/mysql/outlet.h"
#include "source/mysql/resume.h"

#define UUID "3dc7ac11-e57a-11f1-801b-02fc00000001"

struct fixture {
	struct sink sink; /* first: prints what it takes */
	struct captured_list tables;
	struct outlet outlet;
	struct buffer text;
};

static int take(struct sink *sink, const struct change *c, struct err *e)
{
	struct fixture *f = (struct fixture *)sink;
	struct buffer *out = &f->text;

	(void)e;
	switch (c->kind) {
	case CHANGE_ROWS:
		for (uint32_t i = 0; i < c->rows.count; i++) {
			if (c->rows.before != NULL)
				render_json_row(out, c->schema, c->rows.before, i, c->rows.before_present);
			if (c->rows.after != NULL)
				render_json_row(out, c->schema, c->rows.after, i, c->rows.after_present);
		}
		break;
	case CHANGE_SCHEMA:
		buffer_format(out, "schema %u ", c->schema->field_count);
		if (c->backfill != NULL)
			render_json_row(out, c->schema, c->backfill, 0, NULL);
		break;
	case CHANGE_COMMIT:
		c->position->format(c->position, f->tables.tables[0].first_schema, out);
		break;
	default:
		break;
	}
	return 0;
}

/* d.t of INTs, some of which may have been added later; the key is `id`. */
static struct catalog_table make_table_of(const char *const *names, uint32_t count)
{
	struct mysql_column *columns = memory_array(struct mysql_column, count);
	struct catalog_table t = { .key_is_primary = true };
	struct err e = ERR_INIT;
	uint32_t key = 0;

	for (uint32_t i = 0; i < count; i++) {
		bool is_key = strcmp(names[i], "id") == 0;

		columns[i].name = memory_copy_text(names[i]);
		columns[i].declared = memory_copy_text("int");
		columns[i].is_nullable = !is_key;
		assert_int_equal(mysql_column_declare(&columns[i], "int", false, 1, &e), 0);
		key = is_key ? i : key;
	}
	assert_int_equal(mysql_table_new(&t.table, "d", "t", columns, count, &key, 1, &e), 0);
	t.defaults = memory_array(struct column_default, count);
	t.default_count = count;
	t.defaults[key].kind = DEFAULT_NONE;
	return t;
}

/* d.t (n INT, id INT, m INT), or its first columns. */
static struct catalog_table make_table(uint32_t column_count)
{
	return make_table_of((const char *const[]){ "n", "id", "m" }, column_count);
}

static int set_up(void **state)
{
	struct fixture *f = memory_new(struct fixture);
	struct catalog c = { .tables = memory_new(struct catalog_table), .table_count = 1 };

	f->sink = (struct sink){ .take = take, .wants_before = true };
	c.tables[0] = make_table(3);
	captured_take(&f->tables, &c);
	outlet_init(&f->outlet, &f->sink, &f->tables);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	outlet_release(&f->outlet);
	captured_release(&f->tables);
	buffer_release(&f->text);
	memory_free(f);
	return 0;
}

static struct table_map map_of(const struct mysql_column *columns, uint32_t count)
{
	static const uint32_t first = 0;

	return (struct table_map){ .database = "d", .table = "t", .column_count = count, .has_names = true,
				   .columns = columns, .key = &first, .key_count = 1 };
}

static void rows_of_an_older_layout_are_widened(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct mysql_column id = { .name = (char *)"id", .type = MYSQL_LONG };
	struct table_map map = map_of(&id, 1);
	struct origin origin = { 0 };
	struct mysql_table *older, *again;
	struct columns before, after;
	struct err e = ERR_INIT;
	struct change c;

	assert_int_equal(layout_compare(&t->now, &map, &e), LAYOUT_OLDER);
	assert_int_equal(layout_older(t, &map, &older, &e), 0);
	assert_int_equal(layout_older(t, &map, &again, &e), 0);
	assert_ptr_equal(older, again);
	columns_init(&before, older->schema);
	columns_init(&after, older->schema);
	column_add_int32(&before.columns[0], 1);
	columns_end_row(&before);
	column_add_int32(&after.columns[0], 2);
	columns_end_row(&after);
	c = (struct change){ .kind = CHANGE_ROWS, .schema = older->schema, .origin = &origin,
			     .rows = { OP_UPDATE, 1, &before, &after, NULL, (const uint8_t[]){ 1 }, NULL } };
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	/* all of the before image; of the partial after image only what it has */
	assert_string_equal(buffer_string(&f->text), "{\"n\":null,\"id\":1,\"m\":null}{\"id\":2}");
	columns_release(&before);
	columns_release(&after);
}

/* The server's part: n has DEFAULT 5, m DEFAULT NULL. */
static int load(void *context, struct captured *t, struct err *e)
{
	struct columns *row = &t->defaults.row;

	(void)context, (void)e;
	columns_init(row, t->now.table->schema);
	column_add_int32(&row->columns[0], 5);
	column_set_null(&row->columns[1]);
	column_set_null(&row->columns[2]);
	columns_end_row(row);
	t->defaults.is_loaded = true;
	return 0;
}

static void rows_of_an_older_layout_get_the_defaults_of_later_columns(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct mysql_column id = { .name = (char *)"id", .type = MYSQL_LONG };
	struct table_map map = map_of(&id, 1);
	struct origin origin = { 0 };
	struct mysql_table *older;
	struct columns after;
	struct err e = ERR_INIT;
	struct change c;

	t->now.defaults[0].kind = DEFAULT_LITERAL;
	f->outlet.load = load;
	assert_int_equal(layout_older(t, &map, &older, &e), 0);
	columns_init(&after, older->schema);
	column_add_int32(&after.columns[0], 1);
	columns_end_row(&after);
	c = (struct change){ .kind = CHANGE_ROWS, .schema = older->schema, .origin = &origin,
			     .rows = { .op = OP_INSERT, .count = 1, .after = &after } };
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_string_equal(buffer_string(&f->text), "{\"n\":5,\"id\":1,\"m\":null}");
	columns_release(&after);
}

static void a_partial_insert_is_made_whole_or_halts(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct origin origin = { 0 };
	struct columns after;
	struct err e = ERR_INIT;
	struct change c;

	t->now.defaults[0].kind = DEFAULT_LITERAL;
	f->outlet.load = load;
	columns_init(&after, t->now.table->schema);
	for (int i = 0; i < 2; i++) {
		column_set_null(&after.columns[0]);
		column_add_int32(&after.columns[1], i);
		column_set_null(&after.columns[2]);
		columns_end_row(&after);
	}
	c = (struct change){ .kind = CHANGE_ROWS, .schema = t->now.table->schema, .origin = &origin,
			     .rows = { .op = OP_INSERT, .count = 2, .after = &after,
				       .after_present = (const uint8_t[]){ 2 } } };
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_string_equal(buffer_string(&f->text),
			    "{\"n\":5,\"id\":0,\"m\":null}{\"n\":5,\"id\":1,\"m\":null}");
	t->now.defaults[2].kind = DEFAULT_NONE;
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "column \"m\""));
	columns_release(&after);
}

static void what_the_target_lacks_is_announced_with_its_default(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct origin origin = { 0 };
	struct err e = ERR_INIT;
	struct change c = { .kind = CHANGE_TRUNCATE, .schema = t->now.table->schema, .origin = &origin };

	t->now.defaults[0].kind = DEFAULT_LITERAL;
	t->lacks = memory_array(bool, 3);
	t->lacks[0] = true;
	f->outlet.load = load;
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_string_equal(buffer_string(&f->text), "schema 3 {\"n\":5,\"id\":null,\"m\":null}");
}

static void defaults_are_told_apart(void **state)
{
	static const struct {
		const char *text, *extra;
		bool is_nullable, is_mariadb;
		enum default_kind kind;
	} cases[] = {
		{ NULL, "", true, false, DEFAULT_NULL }, { NULL, "", false, true, DEFAULT_NONE },
		{ "NULL", "", true, true, DEFAULT_NULL }, { "NULL", "", true, false, DEFAULT_LITERAL },
		{ "'NULL'", "", true, true, DEFAULT_LITERAL }, { "-1.5e3", "", true, true, DEFAULT_LITERAL },
		{ "'it''s'", "", true, true, DEFAULT_LITERAL }, { "b'101'", "", true, true, DEFAULT_LITERAL },
		{ "'a' + 'b'", "", true, true, DEFAULT_COMPUTED }, { "uuid()", "", true, true, DEFAULT_COMPUTED },
		{ "(1 + 2)", "DEFAULT_GENERATED", true, false, DEFAULT_COMPUTED },
	};
	struct column_default d;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mysql_column c = { .type = MYSQL_LONG, .is_nullable = cases[i].is_nullable };

		column_default_read(&d, &c, cases[i].text, cases[i].extra, cases[i].is_mariadb);
		assert_int_equal(d.kind, cases[i].kind);
		memory_free(d.text);
	}
}

static void the_time_of_the_change_is_no_literal(void **state)
{
	static const char *const now[] = { "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP(6)", "current_timestamp()",
					   "current_timestamp(3)" };
	struct mysql_column c = { .type = MYSQL_DATETIME2 };
	struct column_default d;

	(void)state;
	for (size_t i = 0; i < sizeof(now) / sizeof(*now); i++) {
		column_default_read(&d, &c, now[i], i < 2 ? "DEFAULT_GENERATED" : "", i >= 2);
		assert_int_equal(d.kind, DEFAULT_NOW);
	}
	column_default_read(&d, &c, "current_timestamp() + interval 1 day", "", true);
	assert_int_equal(d.kind, DEFAULT_COMPUTED);
}

static void assert_changed_defaults(const char *sql, const char *expected)
{
	struct buffer names = { 0 };
	char name[NAME_BYTES_MAX];

	for (uint32_t i = 0; ddl_changed_default(bytes_of_text(sql), i, name); i++)
		buffer_format(&names, "%s;", name);
	assert_buffer_text(names, expected);
}

static void the_columns_whose_default_changes_are_found(void **state)
{
	(void)state;
	assert_changed_defaults("ALTER TABLE t ADD x INT, ALTER a SET DEFAULT 4", "a;");
	assert_changed_defaults("ALTER TABLE d.t ALTER COLUMN IF EXISTS `a``b` DROP DEFAULT, ALTER c SET DEFAULT (1, 2)",
				"a`b;c;");
	assert_changed_defaults("ALTER TABLE t ALTER INDEX a VISIBLE", "");
	assert_changed_defaults("ALTER TABLE t ALTER", ";");
}

static void a_newer_definition_is_announced_before_its_rows(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct catalog_table newer = make_table(3);
	struct origin origin = { 0 };
	struct columns rows;
	struct err e = ERR_INIT;
	struct change c;

	assert_int_equal(layout_extends(&t->now, &newer, &e), 0);
	captured_replace(t, &newer);
	columns_init(&rows, t->now.table->schema);
	for (int i = 0; i < 3; i++)
		column_add_int32(&rows.columns[i], i);
	columns_end_row(&rows);
	c = (struct change){ .kind = CHANGE_ROWS, .schema = t->now.table->schema, .origin = &origin,
			     .rows = { .op = OP_INSERT, .count = 1, .after = &rows } };
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_string_equal(buffer_string(&f->text),
			    "schema 3 {\"n\":0,\"id\":1,\"m\":2}{\"n\":0,\"id\":1,\"m\":2}");
	columns_release(&rows);
}

static void what_is_known_of_columns_stays_theirs_when_others_come_in_front(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct catalog_table newer = make_table_of((const char *const[]){ "z", "n", "y", "id", "m" }, 5);
	struct mysql_column id = { .name = (char *)"id", .type = MYSQL_LONG };
	struct table_map map = map_of(&id, 1);
	struct origin origin = { 0 };
	struct mysql_table *older;
	struct columns before;
	struct buffer text = { 0 };
	struct err e = ERR_INIT;
	struct change c;

	assert_int_equal(layout_older(t, &map, &older, &e), 0);
	captured_note_invalid(t, 0, "x", "b:1");
	assert_int_equal(layout_extends(&t->now, &newer, &e), 0);
	captured_replace(t, &newer);
	columns_init(&before, older->schema);
	column_add_int32(&before.columns[0], 1);
	columns_end_row(&before);
	c = (struct change){ .kind = CHANGE_ROWS, .schema = older->schema, .origin = &origin,
			     .rows = { .op = OP_DELETE, .count = 1, .before = &before } };
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_string_equal(buffer_string(&f->text),
			    "schema 5 {\"z\":null,\"n\":null,\"y\":null,\"id\":1,\"m\":null}");
	captured_format(&f->tables, t->first_schema, &text);
	assert_string_equal(buffer_string(&text),
			    ",\"invalid\":{\"n\":{\"count\":1,\"first\":\"x\",\"at\":\"b:1\"}}");
	buffer_release(&text);
	columns_release(&before);
}

static void columns_with_a_value_for_old_rows_halt(void **state)
{
	struct fixture *f = *state;
	struct catalog_table known = make_table(2), newer = make_table(3);
	struct err e = ERR_INIT;

	(void)f;
	assert_int_equal(layout_extends(&known, &newer, &e), 0);
	newer.defaults[2].kind = DEFAULT_LITERAL;
	assert_int_equal(layout_extends(&known, &newer, &e), 0);
	newer.defaults[2].kind = DEFAULT_COMPUTED;
	assert_int_equal(layout_extends(&known, &newer, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_int_equal(layout_extends(&newer, &known, &e), -1);
	catalog_table_release(&known);
	catalog_table_release(&newer);
}

static void unknown_columns_ask_the_catalog(void **state)
{
	struct fixture *f = *state;
	struct mysql_column columns[] = { { .name = (char *)"id", .type = MYSQL_LONG },
					  { .name = (char *)"n", .type = MYSQL_LONG }, { .type = MYSQL_LONG } };
	struct table_map map = map_of(columns, 2);
	struct err e = ERR_INIT;

	assert_int_equal(layout_compare(&f->tables.tables[0].now, &map, &e), LAYOUT_UNKNOWN);
	columns[1].name = (char *)"nobody";
	assert_int_equal(layout_compare(&f->tables.tables[0].now, &map, &e), LAYOUT_UNKNOWN);
	assert_non_null(strstr(e.text, "nobody"));
	map = (struct table_map){ .column_count = 3, .columns = columns };
	assert_int_equal(layout_compare(&f->tables.tables[0].now, &map, &e), LAYOUT_SAME);
	map.column_count = 4;
	assert_int_equal(layout_compare(&f->tables.tables[0].now, &map, &e), LAYOUT_UNKNOWN);
}

/* d.t (n, id, m) of these types; n and m were narrower in the log. */
static struct catalog_table make_typed(const char *n, const char *m)
{
	const char *const types[] = { n, "int", m }, *const names[] = { "n", "id", "m" };
	struct mysql_column *columns = memory_array(struct mysql_column, 3);
	struct catalog_table t = { .key_is_primary = true };
	const uint32_t key = 1;
	struct err e = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		columns[i].name = memory_copy_text(names[i]);
		columns[i].declared = memory_copy_text(types[i]);
		columns[i].is_nullable = i != 1;
		must(mysql_column_declare(&columns[i], types[i], false, 1, &e), &e);
	}
	must(mysql_table_new(&t.table, "d", "t", columns, 3, &key, 1, &e), &e);
	t.defaults = memory_array(struct column_default, 3);
	t.default_count = 3;
	return t;
}

static void rows_of_narrower_types_get_those_of_now(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct mysql_column columns[] = { { .name = (char *)"n", .type = MYSQL_LONG }, { .name = (char *)"id", .type = MYSQL_LONG },
					  { .name = (char *)"m", .type = MYSQL_NEWDECIMAL, .precision = 8, .scale = 2 } };
	struct catalog_table newer = make_typed("bigint", "decimal(30,2)");
	struct table_map map = map_of(columns, 3);
	struct origin origin = { 0 };
	struct mysql_table *older;
	struct columns after;
	struct err e = ERR_INIT;
	struct change c;

	map.key = (const uint32_t[]){ 1 };
	captured_replace(t, &newer);
	assert_int_equal(layout_compare(&t->now, &map, &e), LAYOUT_UNKNOWN); /* has it a sign? */
	map.has_signedness = true;
	assert_int_equal(layout_compare(&t->now, &map, &e), LAYOUT_OLDER);
	assert_int_equal(layout_older(t, &map, &older, &e), 0);
	assert_int_equal(older->schema->fields[0].type, TYPE_INT);
	columns_init(&after, older->schema);
	column_add_int32(&after.columns[0], -5);
	column_add_int32(&after.columns[1], 1);
	column_set_null(&after.columns[2]);
	columns_end_row(&after);
	column_set_null(&after.columns[0]);
	column_add_int32(&after.columns[1], 2);
	column_add_int32(&after.columns[2], -1234);
	columns_end_row(&after);
	c = (struct change){ .kind = CHANGE_ROWS, .schema = older->schema, .origin = &origin, .rows = { OP_INSERT, 2, .after = &after } };
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), 0);
	assert_string_equal(buffer_string(&f->text), "schema 3 {\"n\":-5,\"id\":1,\"m\":null}{\"n\":null,\"id\":2,\"m\":-12.34}");
	columns_release(&after);
	columns[2].scale = 3;
	assert_int_equal(layout_compare(&t->now, &map, &e), LAYOUT_UNKNOWN);
	columns[0] = (struct mysql_column){ .name = (char *)"n", .type = MYSQL_LONGLONG, .is_unsigned = true };
	assert_int_equal(layout_compare(&t->now, &map, &e), LAYOUT_UNKNOWN);
}

static struct mysql_position position(const char *gtids, const char *file, uint64_t offset)
{
	struct mysql_position p = { .base.format = mysql_position_format, .server_uuid = UUID, .server_id = 1,
				    .offset = offset };
	struct err e = ERR_INIT;

	strncpy(p.file, file, sizeof(p.file) - 1);
	if (gtids[0] != '\0')
		assert_int_equal(gtid_set_parse(&p.gtids, false, bytes_of_text(gtids), &e), 0);
	return p;
}

static void a_table_ahead_of_the_stream_keeps_its_position(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct mysql_position now = position(UUID ":1-5", "b.000001", 50);
	struct err e = ERR_INIT;

	t->at = position(UUID ":1-9", "b.000001", 90);
	t->has_position = true;
	assert_int_equal(outlet_commit(&f->outlet, &now, &e), 0);
	assert_non_null(strstr(buffer_string(&f->text), "\"offset\":90,\"gtids\":\"" UUID ":1-9\""));
	assert_false(t->is_passed);
	buffer_clear(&f->text);
	mysql_position_release(&now);
	now = position(UUID ":1-9", "b.000001", 90);
	assert_int_equal(outlet_commit(&f->outlet, &now, &e), 0);
	assert_true(t->is_passed);
	mysql_position_release(&now);
}

static void copied_through_is_told_until_the_stream_has_passed_it(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct mysql_position now = position("", "b.000001", 50);
	struct err e = ERR_INIT;

	t->at = position("", "b.000001", 40);
	t->copied_through = position("", "b.000002", 4);
	t->has_position = t->has_copied_through = true;
	assert_int_equal(outlet_commit(&f->outlet, &now, &e), 0);
	assert_non_null(strstr(buffer_string(&f->text), ",\"copied_through\":{\"server\":"));
	buffer_clear(&f->text);
	now = position("", "b.000002", 4);
	assert_int_equal(outlet_commit(&f->outlet, &now, &e), 0);
	assert_null(strstr(buffer_string(&f->text), "copied_through"));
}

static void the_place_of_the_defaults_is_kept_until_the_stream_has_passed_it(void **state)
{
	struct fixture *f = *state;
	struct captured *t = &f->tables.tables[0];
	struct mysql_position now = position("", "b.000001", 50);
	struct err e = ERR_INIT;
	char *text;

	t->defaults_at = position("", "b.000001", 90);
	t->has_position = t->has_defaults_at = true;
	assert_int_equal(outlet_commit(&f->outlet, &now, &e), 0);
	text = memory_copy_text(buffer_string(&f->text));
	t->has_defaults_at = false;
	assert_int_equal(captured_resume(t, text, false, &e), 0);
	memory_free(text);
	assert_true(t->has_defaults_at);
	assert_int_equal(t->defaults_at.offset, 90);
	buffer_clear(&f->text);
	now = position("", "b.000001", 90);
	assert_int_equal(outlet_commit(&f->outlet, &now, &e), 0);
	assert_false(t->has_defaults_at);
	assert_null(strstr(buffer_string(&f->text), "defaults_at"));
}

static void the_stream_starts_at_the_least_position(void **state)
{
	struct captured tables[3] = { { .has_position = true }, { .has_position = true },
				      { .has_position = true } };
	struct captured_list l = { .tables = tables, .count = 3 };
	struct mysql_position start;
	struct schema *s = schema_new("d", "t");
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 3; i++)
		tables[i].first_schema = s;
	tables[0].at = position(UUID ":1-9", "b.000001", 90);
	tables[1].at = position(UUID ":1-5", "b.000001", 50);
	tables[2].at = position(UUID ":1-7", "b.000001", 70);
	assert_int_equal(resume_choose(&start, &l, NULL, false, &e), 0);
	assert_int_equal(start.offset, 50);
	mysql_position_release(&start);
	mysql_position_release(&tables[2].at);
	tables[2].at = position("4dc7ac11-e57a-11f1-801b-02fc00000001:1-7", "b.000001", 70);
	assert_int_equal(resume_choose(&start, &l, NULL, false, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	for (int i = 0; i < 3; i++)
		mysql_position_release(&tables[i].at);
	schema_release(s);
}

static void files_are_ordered_by_number(void **state)
{
	(void)state;
	assert_true(place_compare("b.999999", 5, "b.1000000", 4) < 0);
	assert_true(place_compare("b.000002", 4, "b.000001", 999) > 0);
	assert_int_equal(place_compare("b.000002", 4, "b.000002", 4), 0);
}

static int refuse_idle(struct sink *sink, struct err *e)
{
	(void)sink;
	return err_set(e, ERR_RETRY, "no");
}

static int refuse(struct sink *sink, const struct change *c, struct err *e)
{
	(void)c;
	return refuse_idle(sink, e);
}

/* Nor may the stream take it for one of its own, after which it would connect again and go on. */
static void a_failure_of_the_sink_is_remembered_as_one(void **state)
{
	struct fixture *f = *state;
	struct origin origin = { 0 };
	struct change c = { .kind = CHANGE_ROLLBACK, .origin = &origin };
	struct err e = ERR_INIT;

	must(f->outlet.sink.take(&f->outlet.sink, &c, &e), &e);
	assert_false(f->outlet.has_failed);
	f->sink.take = refuse;
	assert_int_equal(f->outlet.sink.take(&f->outlet.sink, &c, &e), -1);
	assert_true(f->outlet.has_failed);
	f->outlet.has_failed = false;
	f->sink.idle = refuse_idle;
	assert_int_equal(f->outlet.sink.idle(&f->outlet.sink, &e), -1);
	assert_true(f->outlet.has_failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failure_of_the_sink_is_remembered_as_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rows_of_an_older_layout_are_widened, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rows_of_narrower_types_get_those_of_now, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rows_of_an_older_layout_get_the_defaults_of_later_columns,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_partial_insert_is_made_whole_or_halts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_target_lacks_is_announced_with_its_default, set_up,
						tear_down),
		cmocka_unit_test(defaults_are_told_apart),
		cmocka_unit_test(the_time_of_the_change_is_no_literal),
		cmocka_unit_test_setup_teardown(a_newer_definition_is_announced_before_its_rows, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_known_of_columns_stays_theirs_when_others_come_in_front,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(columns_with_a_value_for_old_rows_halt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(unknown_columns_ask_the_catalog, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_table_ahead_of_the_stream_keeps_its_position, set_up,
						tear_down),
		cmocka_unit_test(the_columns_whose_default_changes_are_found),
		cmocka_unit_test_setup_teardown(the_place_of_the_defaults_is_kept_until_the_stream_has_passed_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(copied_through_is_told_until_the_stream_has_passed_it, set_up,
						tear_down),
		cmocka_unit_test(the_stream_starts_at_the_least_position),
		cmocka_unit_test(files_are_ordered_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
