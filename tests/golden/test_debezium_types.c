/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every type against the real Debezium: the log that the same statements gave (tests/golden/mysql) goes through our
 * decoder and encoder; keys and schemas are compared byte for byte, values as JSON, with what Debezium made of its
 * own log and of its copy.
 */
#include "lib/test.h"

#include <stdio.h>

#include "base/memory.h"
#include "lib/debezium_record.h"
#include "lib/recorded.h"

#define LOGS "tests/golden/mysql"
#define ANY  (-1)

/* Where we differ from Debezium on purpose: by server, run, table, column, operation, row (NULL, 0, ANY: all). */
static const struct {
	const char *kind, *run, *table, *column;
	char op;
	int id;
	const char *reason;
} differences[] = {
	{ NULL, NULL, "ints", "k", 'c', ANY,
	  "BOOL in a statement is a boolean there; in a copy, as in the catalog, tinyint(1)" },
	{ NULL, NULL, "ints", "y", 0, 4, "YEAR 0000 is 1900 in its log, 2000 in its copy" },
	{ NULL, NULL, "reals", "a", 'r', ANY,
	  "its copy has a FLOAT as the server rounds it for answers, to six digits" },
	{ NULL, NULL, "reals", "e", 'r', 6, "likewise" },
	{ NULL, NULL, "times", "dt6", 'r', 4, "its copy makes 2001-01-01 of a partial date" },
	{ NULL, NULL, "times", "d", 0, 6, "its time adjuster makes 2001 of the year 1" },
	{ NULL, NULL, "times", "dt", 0, 6, "likewise" },
	{ "mariadb", NULL, "times", "ts", 'c', 3,
	  "TIMESTAMP 0000-00-00 is 1970 in 3.5's log; null in its copy, and in 3.6" },
	{ "mariadb", NULL, "times", "ts1", 'c', 3, "likewise" },
	{ "mariadb", NULL, "times", "ts6", 'c', 3, "likewise" },
	{ "mariadb", NULL, "own", "u", 'c', ANY, "a UUID that ends in zeros is read without them" },
	{ "mariadb", NULL, "own", "j", 'c', ANY,
	  "JSON in a statement is a type there; in a copy, as in the catalog, longtext" },
	{ "mariadb", "nanoseconds", "times", "dt", 0, 1, "3.5 lets nanoseconds run over; 3.6 writes null" },
	{ "mariadb", "nanoseconds", "times", "dt", 0, 2, "likewise" },
	{ "mariadb", "nanoseconds", "times", "dt3", 0, 1, "likewise" },
	{ "mariadb", "nanoseconds", "times", "dt3", 0, 2, "likewise" },
	{ "mariadb", "nanoseconds", "times", "dt6", 0, 1, "likewise" },
	{ "mariadb", "nanoseconds", "times", "dt6", 0, 2, "likewise" },
};

/* The tables of the recorded log, their types in the catalog's words. */
static void read_log(struct recorded *r, const char *kind)
{
	struct buffer log = { 0 };
	char name[40];

	snprintf(name, sizeof(name), "%s_types", kind);
	recorded_init(r, LOGS, strcmp(kind, "mariadb") == 0, true);
	buffer_char(&r->types, '\n');
	recorded_file(&r->types, LOGS, name, ".types");
	assert_true(recorded_file(&log, LOGS, name, ".binlog"));
	recorded_run(r, buffer_bytes(&log));
	buffer_release(&log);
	for (uint32_t i = 0; i < r->table_count; i++) {
		struct schema *s = r->tables[i].table->schema;
		char *create = create_of(kind, "types", s->table);

		for (uint32_t k = 0; k < s->field_count; k++) {
			memory_free(s->fields[k].source_type);
			s->fields[k].source_type = words_of(create, s->fields[k].name);
		}
		defaults_of_create(r->tables[i].table, create);
		memory_free(create);
	}
}

static bool is_known_difference(const struct debezium_options *o, const char *table, const char *column, char op,
				int64_t id)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		const char *kind = differences[i].kind, *run = differences[i].run;

		if ((kind == NULL || strcmp(kind, o->connector) == 0) &&
		    (run == NULL || strncmp(run, o->topic_prefix, strlen(run)) == 0) &&
		    strcmp(differences[i].table, table) == 0 && strcmp(differences[i].column, column) == 0 &&
		    (differences[i].op == 0 || differences[i].op == op) &&
		    (differences[i].id == ANY || differences[i].id == id))
			return true;
	}
	return false;
}

static void differ(const char *what, const char *table, const char *column, json_t *theirs, json_t *ours)
{
	char *a = json_dumps(theirs, JSON_ENCODE_ANY), *b = json_dumps(ours, JSON_ENCODE_ANY);

	fail_msg("%s %s.%s: Debezium %s, we %s", what, table, column, a, b);
}

/* The JDK of the recording writes some floats with a digit more than it takes. */
static bool equal_floats(json_t *a, json_t *b)
{
	return json_is_real(a) && json_is_real(b) && (float)json_real_value(a) == (float)json_real_value(b);
}

/* Same names in the same order, same values. */
static void compare_images(const struct debezium_options *o, const struct schema *s, char op, json_t *theirs,
			   json_t *ours)
{
	void *a = json_object_iter(theirs), *b = json_object_iter(ours);
	int64_t id = int_at(theirs, "id");

	for (uint32_t i = 0; a != NULL && b != NULL; i++) {
		const char *name = json_object_iter_key(a);

		assert_string_equal(name, json_object_iter_key(b));
		if (!json_equal(json_object_iter_value(a), json_object_iter_value(b)) &&
		    !is_known_difference(o, s->table, name, op, id) &&
		    !(s->fields[i].type == TYPE_FLOAT &&
		      equal_floats(json_object_iter_value(a), json_object_iter_value(b))))
			differ(o->topic_prefix, s->table, name, json_object_iter_value(a), json_object_iter_value(b));
		a = json_object_iter_next(theirs, a);
		b = json_object_iter_next(ours, b);
	}
	assert_null(a);
	assert_null(b);
}

/* The row with these key bytes. */
static uint32_t row_of_key(const struct debezium_table *t, const struct columns *rows, const char *key)
{
	struct buffer ours = { 0 };
	uint32_t row;

	for (row = 0; row < rows->row_count; row++) {
		buffer_clear(&ours);
		assert_true(debezium_key(t, (struct debezium_image){ rows, row }, &ours));
		if (strcmp(buffer_string(&ours), key) == 0)
			break;
	}
	if (row == rows->row_count)
		fail_msg("no row has Debezium's key %s; ours are like %s", key, buffer_string(&ours));
	buffer_release(&ours);
	return row;
}

/* With schemas: all before the payload, byte for byte. */
static void compare_schemas(const struct debezium_options *o, const struct schema *s, char op, const char *theirs,
			    const char *ours)
{
	size_t same = 0, end = (size_t)(strstr(theirs, ",\"payload\":") - theirs);

	for (uint32_t i = 0; i < s->field_count; i++) {
		if (is_known_difference(o, s->table, s->fields[i].name, op, ANY))
			return; /* the schema says so, too */
	}
	while (same < end && theirs[same] == ours[same])
		same++;
	if (same < end)
		fail_msg("%s: Debezium …%.120s, we …%.120s", s->table, theirs + (same > 40 ? same - 40 : 0),
			 ours + (same > 40 ? same - 40 : 0));
}

static void compare_row(const struct debezium_options *o, struct recorded_table *t,
			struct debezium_table *encoder, const struct line *line)
{
	static const struct origin origin = { .log_file = "x" };
	json_t *payload = payload_of(line->value), *ours;
	struct debezium_event event = { .op = text_at(payload, "op")[0], .origin = &origin, .now_us = 1000 };
	struct debezium_image after = { &t->inserted, row_of_key(encoder, &t->inserted, line->key) }, none = { 0 };
	struct buffer out = { 0 };
	json_error_t why;

	debezium_value(encoder, &event, none, after, &out);
	ours = json_loads(buffer_string(&out), JSON_ALLOW_NUL, &why);
	if (ours == NULL)
		fail_msg("%s: %s", why.text, buffer_string(&out));
	if (json_object_get(line->value, "schema") != NULL)
		compare_schemas(o, t->table->schema, event.op, line->text, buffer_string(&out));
	compare_images(o, t->table->schema, event.op, json_object_get(payload, "after"),
		       json_object_get(payload_of(ours), "after"));
	json_decref(ours);
	buffer_release(&out);
}

/* The recorded logs of both servers, read once. */
static struct logs {
	struct recorded mysql, mariadb;
} logs;

/* Of each table, in the log's order; those of an unrecorded table stay unused. */
static void make_encoders(struct debezium_table **out, const struct debezium_options *o, const struct recorded *r)
{
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < r->table_count; i++) {
		if (debezium_table_new(&out[i], o, r->tables[i].table->schema, &e) < 0)
			fail_msg("%s", e.text);
	}
}

static void compare_types(const char *kind, const char *run, uint32_t least)
{
	struct recorded *r = strcmp(kind, "mysql") == 0 ? &logs.mysql : &logs.mariadb;
	struct debezium_options o = options_of(kind, run);
	struct debezium_table *encoders[128];
	struct lines lines;
	struct line line;
	uint32_t count = 0;

	make_encoders(encoders, &o, r);
	lines_open(&lines, kind, run);
	while (lines_next(&lines, &line)) {
		for (uint32_t i = 0; i < r->table_count && line.value != NULL; i++) {
			if (strcmp(line.topic, debezium_topic(encoders[i])) != 0)
				continue;
			compare_row(&o, &r->tables[i], encoders[i], &line);
			count++;
		}
		line_close(&line);
	}
	assert_true(count >= least);
	for (uint32_t i = 0; i < r->table_count; i++)
		debezium_table_free(encoders[i]);
	option_release(debezium_option_table, &o);
}

static int read_logs(void **state)
{
	(void)state;
	read_log(&logs.mysql, "mysql");
	read_log(&logs.mariadb, "mariadb");
	return 0;
}

static int release_logs(void **state)
{
	(void)state;
	recorded_release(&logs.mysql);
	recorded_release(&logs.mariadb);
	return 0;
}

#define TYPES_OF(run, least)                                   \
	static void mysql_##run(void **state)                  \
	{                                                      \
		(void)state;                                   \
		compare_types("mysql", #run, least);           \
	}                                                      \
	static void mariadb_##run(void **state)                \
	{                                                      \
		(void)state;                                   \
		compare_types("mariadb", #run, least);         \
	}
TYPES_OF(types, 90)
TYPES_OF(types_schemas, 23)
TYPES_OF(connect, 36)
TYPES_OF(connect_schemas, 8)
TYPES_OF(doubles, 36)
TYPES_OF(doubles_schemas, 8)
TYPES_OF(isostring, 36)
TYPES_OF(isostring_schemas, 8)
TYPES_OF(microseconds, 36)
TYPES_OF(microseconds_schemas, 8)
TYPES_OF(nanoseconds, 36)
TYPES_OF(nanoseconds_schemas, 8)

#define TEST_OF(run) cmocka_unit_test(mysql_##run), cmocka_unit_test(mariadb_##run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_OF(types),		TEST_OF(types_schemas),	       TEST_OF(connect),
		TEST_OF(connect_schemas),    TEST_OF(doubles),		       TEST_OF(doubles_schemas),
		TEST_OF(isostring),		TEST_OF(isostring_schemas),    TEST_OF(microseconds),
		TEST_OF(microseconds_schemas), TEST_OF(nanoseconds), TEST_OF(nanoseconds_schemas),
	};

	return cmocka_run_group_tests(tests, read_logs, release_logs);
}
