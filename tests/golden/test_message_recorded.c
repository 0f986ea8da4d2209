/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What real Debezium wrote (tests/golden/debezium) becomes the cells that the same statements gave directly from the
 * log (tests/golden/mysql), with the schema in the message and without it.
 */
#include "lib/test.h"

#include <dirent.h>

#include "base/json.h"
#include "base/memory.h"
#include "change/render.h"
#include "message/input.h"

#define MESSAGES "tests/golden/debezium/"
#define DIRECT   "tests/golden/mysql/"
#define TABLES_MAX 64

/* One table as the direct way had it. */
struct direct_table {
	struct schema *schema;
	struct buffer rows; /* JSON lines */
	struct input *input;
	unsigned compared;
};

struct direct {
	struct direct_table tables[TABLES_MAX];
	unsigned count;
};

/* Each message of a file; the callback gets the topic, key and value. */
typedef void message_take(void *context, const char *topic, struct bytes key, struct bytes value);

static unsigned each_message(const char *path, message_take *take, void *context)
{
	struct json_parser parser = { 0 };
	FILE *file = fopen(path, "r");
	struct err e = ERR_INIT;
	char *line = NULL;
	size_t capacity = 0;
	unsigned count = 0;
	ssize_t size;

	assert_non_null(file);
	while ((size = getline(&line, &capacity, file)) > 0) {
		struct json_value v, key, value;

		must(json_parse(&parser, (struct bytes){ (uint8_t *)line, (size_t)size }, &v, &e), &e);
		(void)json_get(&v, "key", &key);
		(void)json_get(&v, "value", &value);
		take(context, json_get_text(&v, "topic"), key.text, value.text);
		count++;
	}
	free(line);
	fclose(file);
	json_parser_release(&parser);
	return count;
}

struct decoding {
	struct input *input;
	struct row_run run;
	const char *path;
	unsigned rows, failed;
};

static void decode(void *context, const char *topic, struct bytes key, struct bytes value)
{
	struct decoding *d = context;
	struct err e = ERR_INIT;
	struct message m;
	int rc;

	if (value.data != NULL)
		assert_int_equal(format_detect(value), FORMAT_DEBEZIUM);
	must(input_read(d->input, key, value, &m, &e), &e);
	rc = input_rows(d->input, &d->run, &e);
	if (rc == 1) {
		row_run_clear(&d->run);
		rc = input_rows(d->input, &d->run, &e);
	}
	d->rows += rc == 0 ? m.row_count : 0;
	if (rc == 0)
		return;
	/* Debezium's nanoseconds of the year 1000 are beyond 64 bits, and wrapped. */
	if (strstr(d->path, "nanoseconds_schemas") == NULL || strstr(topic, "golden.times") == NULL ||
	    strstr(e.text, "6283264147419103232") == NULL)
		fail_msg("%s %s: %s", d->path, topic, e.text);
	d->failed++;
}

static void every_recorded_message_becomes_rows_or_is_known_to_have_none(void **state)
{
	struct input_options o = { .format = FORMAT_DEBEZIUM };
	struct decoding d = { .rows = 0 };
	unsigned files = 0, messages = 0;
	struct dirent *entry;
	DIR *dir = opendir(MESSAGES);
	char path[512];

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (strstr(entry->d_name, ".jsonl") == NULL)
			continue;
		snprintf(path, sizeof(path), MESSAGES "%s", entry->d_name);
		d.path = path;
		d.input = input_new(&o);
		messages += each_message(path, decode, &d);
		row_run_clear(&d.run);
		input_free(d.input);
		files++;
	}
	closedir(dir);
	row_run_release(&d.run);
	assert_true(files >= 32);
	assert_true(messages >= 1500 && d.rows >= 900);
	assert_true(d.failed <= 4);
}

static void add_key(struct schema *s, uint32_t field)
{
	uint32_t key[8];

	memcpy(key, s->key_count > 0 ? s->key : key, s->key_count * sizeof(*key));
	key[s->key_count] = field;
	schema_set_key(s, key, s->key_count + 1);
}

/* "  name type [not null] [key] <- words" */
static void add_field(struct schema *s, const char *line)
{
	static const char *const flags[] = { " not null", " key" };
	const char *words = strstr(line, " <- "), *end = words, *type_at;
	char name[64], type[64];
	unsigned precision = 0, scale = 0;
	struct field *f;
	bool is_key = false, is_not_null = false;

	for (int i = 1; i >= 0; i--) {
		size_t size = strlen(flags[i]);

		if ((size_t)(end - line) < size || strncmp(end - size, flags[i], size) != 0)
			continue;
		end -= size;
		is_key |= i == 1;
		is_not_null |= i == 0;
	}
	type_at = end;
	while (type_at[-1] != ' ')
		type_at--;
	snprintf(name, sizeof(name), "%.*s", (int)(type_at - 1 - line - 2), line + 2);
	snprintf(type, sizeof(type), "%.*s", (int)(end - type_at), type_at);
	f = schema_add(s, name, TYPE_DECIMAL, !is_not_null);
	if (is_key)
		add_key(s, s->field_count - 1);
	f->source_type = memory_copy_text(words + 4);
	if (sscanf(type, "decimal(%u,%u)", &precision, &scale) == 2) {
		f->precision = (uint8_t)precision;
		f->scale = (uint8_t)scale;
		return;
	}
	for (f->type = 0; f->type < TYPES && strcmp(type_name(f->type), type) != 0;)
		f->type++;
	assert_true(f->type < TYPES);
}

static struct direct_table *table_of(struct direct *d, const char *name)
{
	for (unsigned i = 0; i < d->count; i++) {
		if (strcmp(d->tables[i].schema->table, name) == 0)
			return &d->tables[i];
	}
	return NULL;
}

/* The schemas and inserted rows of a .txt beside the recorded logs. */
static void read_direct(struct direct *d, const char *path)
{
	struct direct_table *t = NULL;
	FILE *file = fopen(path, "r");
	char *line = NULL, name[128];
	bool is_schema = false;
	size_t capacity = 0;

	assert_non_null(file);
	while (getline(&line, &capacity, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "schema golden.%127[^\n]", name) == 1) {
			is_schema = table_of(d, name) == NULL;
			t = is_schema ? &d->tables[d->count++] : NULL;
			if (is_schema)
				t->schema = schema_new("golden", name);
		} else if (strncmp(line, "insert golden.", 14) == 0) {
			is_schema = false;
			sscanf(line, "insert golden.%127[^ ]", name);
			t = table_of(d, name);
		} else if (t != NULL && is_schema && strstr(line, " <- ") != NULL) {
			add_field(t->schema, line);
		} else if (t != NULL && strncmp(line, "  + ", 4) == 0) {
			buffer_text(&t->rows, line + 4);
			buffer_char(&t->rows, '\n');
		} else {
			t = NULL;
		}
	}
	free(line);
	fclose(file);
}

static void release_direct(struct direct *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		schema_release(d->tables[i].schema);
		buffer_release(&d->tables[i].rows);
		input_free(d->tables[i].input);
	}
}

struct comparison {
	struct direct direct;
	struct input_options options;
	enum {
		TYPES_BY_SCHEMA_PART,
		TYPES_BY_GIVEN_COLUMNS,
		TYPES_BY_SCHEMA_CHANGES,
	} by;
	struct input *input; /* one for all tables, but for given columns */
	struct row_run run;
	unsigned compared;
};

/* What Debezium itself changes or leaves out; tests/golden/debezium/README.md says more of each. */
static const struct difference {
	const char *table, *column; /* begins with */
	const char *direct;         /* how the direct value begins; NULL: any */
	const char *message;        /* what the message has: "null", or NULL: any */
	bool with_schema_only, connect_only;
	const char *why;
} differences[] = {
	{ "ints", "j", NULL, NULL, true, false, "BIGINT UNSIGNED wraps, and nothing in the schema says so" },
	{ "ints", "y", "0", NULL, false, false, "YEAR 0 is 1900" },
	{ "reals", "c", NULL, NULL, true, false, "FLOAT(10,2) is a double" },
	{ "times", "d", "000", NULL, false, false, "years below 100 are moved to others" },
	{ "times", "ts", "null", NULL, false, false, "MariaDB's zero is 1970" },
	{ "times", "t", NULL, "null", false, false, "times beyond a day are null in some modes" },
	{ "times", "t", NULL, NULL, true, false, "the schema does not tell the fraction's digits" },
	{ "times", "dt6", NULL, NULL, false, true, "time.precision.mode=connect cuts to milliseconds" },
	{ "times", "t4", NULL, NULL, false, true, "the same" },
	{ "times", "t6", NULL, NULL, false, true, "the same" },
	{ "own", "u", NULL, NULL, false, false, "UUID is shifted" },
};

static const char *shown(const struct json_value *v)
{
	return v->type == JSON_NULL ? "null" : (const char *)v->text.data;
}

static bool is_excused(const struct comparison *c, const char *table, const char *column, const struct json_value *want,
		       const struct json_value *have)
{
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		const struct difference *d = &differences[i];

		if (strcmp(d->table, table) == 0 && strncmp(d->column, column, strlen(d->column)) == 0 &&
		    (d->direct == NULL || strncmp(shown(want), d->direct, strlen(d->direct)) == 0) &&
		    (d->message == NULL || strcmp(shown(have), d->message) == 0) &&
		    !(c->by != TYPES_BY_SCHEMA_PART && d->with_schema_only) &&
		    (!d->connect_only || c->options.times == TIMES_CONNECT))
			return true;
	}
	return false;
}

static void compare_cells(struct comparison *c, const char *table, const struct json_value *want,
			  const struct json_value *have)
{
	struct json_cursor members = json_open(want);
	struct json_value a, b;
	struct bytes name;

	while (json_next(&members, &name, &a)) {
		if (!json_get(have, (const char *)name.data, &b))
			continue;
		if ((a.type != b.type || !bytes_equal(a.text, b.text)) &&
		    !is_excused(c, table, (const char *)name.data, &a, &b))
			fail_msg("%s.%s: \"%.*s\" directly, \"%.*s\" by its message", table, (const char *)name.data,
				 (int)a.text.size, a.text.data, (int)b.text.size, b.text.data);
		c->compared++;
	}
}

/* The direct row with the same id. */
static void compare_row(struct comparison *c, struct direct_table *t, struct bytes row)
{
	struct json_parser want_parser = { 0 }, have_parser = { 0 };
	struct json_value want, have, id, want_id;
	const uint8_t *at = t->rows.data, *end;
	struct err e = ERR_INIT;

	must(json_parse(&have_parser, row, &have, &e), &e);
	(void)json_get(&have, "id", &id);
	for (; at < t->rows.data + t->rows.size; at = end + 1) {
		end = memchr(at, '\n', (size_t)(t->rows.data + t->rows.size - at));
		must(json_parse(&want_parser, (struct bytes){ at, (size_t)(end - at) }, &want, &e), &e);
		(void)json_get(&want, "id", &want_id);
		if (!bytes_equal(id.text, want_id.text))
			continue;
		compare_cells(c, t->schema->table, &want, &have);
		t->compared++;
		break;
	}
	json_parser_release(&want_parser);
	json_parser_release(&have_parser);
}

/* The same lake types, NULLs and key. */
static void compare_schema(struct comparison *c, const struct direct_table *t, const struct schema *s)
{
	struct json_value null = { .type = JSON_NULL };

	assert_int_equal(s->key_count, t->schema->key_count);
	for (uint32_t i = 0; i < s->field_count; i++) {
		const struct field *have = &s->fields[i], *want;
		int at = schema_find(t->schema, have->name);

		if (at < 0)
			fail_msg("%s.%s is not a column", s->table, have->name);
		want = &t->schema->fields[at];
		if ((have->type != want->type || have->precision != want->precision || have->scale != want->scale ||
		     have->is_nullable != want->is_nullable || schema_is_key(s, i) != schema_is_key(t->schema, (uint32_t)at)) &&
		    !is_excused(c, s->table, have->name, &null, &null))
			fail_msg("%s.%s is %s(%u,%u), not %s(%u,%u)", s->table, have->name, type_name(have->type),
				 have->precision, have->scale, type_name(want->type), want->precision, want->scale);
	}
}

static struct input *input_of(struct comparison *c, struct direct_table *t)
{
	if (c->by != TYPES_BY_GIVEN_COLUMNS)
		return c->input;
	if (t->input == NULL) {
		c->options.schema = t->schema;
		t->input = input_new(&c->options);
	}
	return t->input;
}

static void compare_message(void *context, const char *topic, struct bytes key, struct bytes value)
{
	struct comparison *c = context;
	const char *name = strrchr(topic, '.');
	struct direct_table *t = name != NULL ? table_of(&c->direct, name + 1) : NULL;
	struct buffer row = { 0 };
	struct err e = ERR_INIT;
	struct message m;

	if (strchr(topic, '.') == NULL && c->by == TYPES_BY_SCHEMA_CHANGES)
		must(input_read(c->input, key, value, &m, &e), &e);
	if (t == NULL || strstr(topic, ".golden.") == NULL)
		return;
	must(input_read(input_of(c, t), key, value, &m, &e), &e);
	if (m.kind != MESSAGE_ROWS || m.op != OP_INSERT) /* the copy is not compared: it is text of the server's */
		return;
	row_run_clear(&c->run);
	must(input_rows(input_of(c, t), &c->run, &e), &e);
	assert_int_equal(c->run.count, 1);
	compare_schema(c, t, c->run.schema);
	render_json_row(&row, c->run.schema, &c->run.after, 0, NULL);
	compare_row(c, t, buffer_bytes(&row));
	buffer_release(&row);
}

static void compare_run(const char *run, const char *direct, struct input_options o, int by, unsigned cells_min)
{
	struct comparison c = { .options = o, .by = by, .input = input_new(&o) };
	char path[256];

	snprintf(path, sizeof(path), DIRECT "%s_types.txt", direct);
	read_direct(&c.direct, path);
	snprintf(path, sizeof(path), MESSAGES "%s_%s.jsonl", direct, run);
	each_message(path, compare_message, &c);
	if (c.compared < cells_min)
		fail_msg("%s %s: only %u cells compared", direct, run, c.compared);
	row_run_release(&c.run);
	input_free(c.input);
	release_direct(&c.direct);
}

static const char *const servers[] = { "mysql", "mariadb" };

static void messages_with_their_schema_have_the_cells_of_the_direct_way(void **state)
{
	struct input_options o = { .format = FORMAT_DEBEZIUM };

	(void)state;
	for (int i = 0; i < 2; i++)
		compare_run("types_schemas", servers[i], o, TYPES_BY_SCHEMA_PART, 70);
}

static void messages_without_a_schema_have_them_when_the_columns_are_given(void **state)
{
	struct input_options o = { .format = FORMAT_DEBEZIUM };

	(void)state;
	for (int i = 0; i < 2; i++)
		compare_run("types", servers[i], o, TYPES_BY_GIVEN_COLUMNS, 250);
}

static void the_schema_change_topic_says_what_the_messages_do_not(void **state)
{
	struct input_options o = { .format = FORMAT_DEBEZIUM };

	(void)state;
	for (int i = 0; i < 2; i++)
		compare_run("types", servers[i], o, TYPES_BY_SCHEMA_CHANGES, 250);
}

static void every_handling_mode_is_understood_without_a_schema(void **state)
{
	static const struct {
		const char *run;
		struct input_options options;
	} modes[] = {
		{ "connect", { .decimals = DECIMALS_STRING, .times = TIMES_CONNECT, .binaries = BINARIES_BASE64 } },
		{ "isostring", { .times = TIMES_ISOSTRING, .binaries = BINARIES_HEX } },
		{ "microseconds", { .times = TIMES_MICROSECONDS } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		for (int server = 0; server < 2; server++)
			compare_run(modes[i].run, servers[server], modes[i].options, TYPES_BY_GIVEN_COLUMNS, 80);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_message_becomes_rows_or_is_known_to_have_none),
		cmocka_unit_test(messages_with_their_schema_have_the_cells_of_the_direct_way),
		cmocka_unit_test(messages_without_a_schema_have_them_when_the_columns_are_given),
		cmocka_unit_test(the_schema_change_topic_says_what_the_messages_do_not),
		cmocka_unit_test(every_handling_mode_is_understood_without_a_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
