/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs recorded from real servers (record.sh) give the changes in the .txt beside them,
 * and the same cells as the servers' own query answers (.copy). GOLDEN_WRITE=1 rewrites
 * the .txt files. "--select NAME" prints the statements whose answers record.sh keeps,
 * "--questions SET" those that make a character set's table.
 */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "change/render.h"
#include "lib/recorded.h"

#define FOLDER "tests/golden/mysql"

static bool is_mariadb(const char *name)
{
	return strncmp(name, "mariadb", 7) == 0;
}

static bool replay(struct recorded *r, const char *name, bool wants_before)
{
	struct buffer log = { 0 };
	bool has_log;

	recorded_init(r, FOLDER, is_mariadb(name), wants_before);
	buffer_char(&r->types, '\n');
	recorded_file(&r->types, FOLDER, name, ".types");
	has_log = recorded_file(&log, FOLDER, name, ".binlog");
	if (has_log)
		recorded_run(r, buffer_bytes(&log));
	buffer_release(&log);
	return has_log;
}

static void check_text(const char *name, struct buffer *out)
{
	struct buffer expected = { 0 };
	char path[300];

	if (getenv("GOLDEN_WRITE") != NULL) {
		FILE *f;

		snprintf(path, sizeof(path), FOLDER "/%s.txt", name);
		f = fopen(path, "wb");
		assert_non_null(f);
		fwrite(out->data, 1, out->size, f);
		fclose(f);
	}
	assert_true(recorded_file(&expected, FOLDER, name, ".txt"));
	assert_string_equal(buffer_string(out), buffer_string(&expected));
	buffer_release(&expected);
}

/* One field of a line as the client prints it: \t \n \0 \\ escaped, NULL as such. False:
 * NULL. */
static bool unescape(struct buffer *out, const char *text, size_t size)
{
	buffer_clear(out);
	if (size == 4 && memcmp(text, "NULL", 4) == 0)
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (c == '\\' && i + 1 < size) {
			c = text[++i];
			c = c == 't' ? '\t' : c == 'n' ? '\n' : c == '0' ? 0 : c;
		}
		buffer_char(out, c);
	}
	return true;
}

static void check_row(struct recorded_table *t, uint32_t row, const char *line,
		      size_t size)
{
	const struct schema *s = t->table->schema;
	struct value_policy policy = { .halts = false };
	struct buffer text = { 0 }, copy = { 0 }, log = { 0 };
	struct columns cells;
	struct err e = ERR_INIT;

	columns_init(&cells, s);
	assert_true(row < t->inserted.row_count);
	for (uint32_t i = 0; i < s->field_count; i++) {
		const char *tab = memchr(line, '\t', size);
		size_t field = tab != NULL ? (size_t)(tab - line) : size;

		if (!unescape(&text, line, field))
			column_set_null(&cells.columns[i]);
		else if (value_from_text(t->table, i, buffer_bytes(&text),
					 &cells.columns[i], &policy, &e) < 0)
			fail_msg("%s", e.text);
		line += field + 1;
		size -= field + (i + 1 < s->field_count);
		buffer_clear(&copy);
		buffer_clear(&log);
		render_json(&copy, &s->fields[i], &cells.columns[i], 0);
		render_json(&log, &s->fields[i], &t->inserted.columns[i], row);
		if (strcmp(buffer_string(&copy), buffer_string(&log)) != 0)
			fail_msg("%s.%s row %u: copy %s, log %s", s->table,
				 s->fields[i].name, row, buffer_string(&copy),
				 buffer_string(&log));
	}
	columns_release(&cells);
	buffer_release(&text);
	buffer_release(&copy);
	buffer_release(&log);
}

/* "#table database table" lines, each with the table's rows behind it in the order of
 * their inserts. */
static void check_copy(const char *name, struct recorded *r)
{
	struct buffer file = { 0 };
	struct recorded_table *t = NULL;
	const char *at, *end;
	uint32_t row = 0;

	if (!recorded_file(&file, FOLDER, name, ".copy"))
		return;
	end = buffer_string(&file) + file.size;
	for (at = (const char *)file.data; at < end;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		char database[64], table[64];

		if (sscanf(at, "#table\t%63[^\t]\t%63[^\n]\n", database, table) == 2) {
			t = recorded_find(r, database, table);
			assert_non_null(t);
			row = 0;
		} else {
			check_row(t, row++, at, (size_t)(line_end - at));
		}
		at = line_end + 1;
	}
	buffer_release(&file);
}

static void check(const char *name, bool wants_before)
{
	struct recorded r;

	assert_true(replay(&r, name, wants_before));
	check_text(name, &r.out);
	check_copy(name, &r);
	recorded_release(&r);
}

static int print_selects(const char *name)
{
	struct buffer sql = { 0 };
	struct recorded r;

	if (!replay(&r, name, true))
		return 1;
	for (uint32_t i = 0; i < r.table_count; i++) {
		struct mysql_table *t = r.tables[i].table;

		if (r.tables[i].inserted.row_count == 0)
			continue;
		buffer_format(&sql, "SELECT '#table','%s','%s';\nSELECT ",
			      t->schema->database, t->schema->table);
		for (uint32_t k = 0; k < t->column_count; k++) {
			buffer_text(&sql, k > 0 ? ", " : "");
			value_select(t, k, &sql);
		}
		buffer_text(&sql, " FROM ");
		mysql_quote_name(&sql, t->schema->database);
		buffer_char(&sql, '.');
		mysql_quote_name(&sql, t->schema->table);
		buffer_text(&sql, " ORDER BY 1;\n");
	}
	fputs(buffer_string(&sql), stdout);
	buffer_release(&sql);
	recorded_release(&r);
	return 0;
}

static int print_questions(const char *charset)
{
	struct buffer statements = { 0 };
	struct err e = ERR_INIT;
	uint32_t count;

	if (charset_questions(charset, &statements, &count, &e) < 0)
		return 1;
	for (const char *at = buffer_string(&statements); count > 0; count--) {
		puts(at);
		at += strlen(at) + 1;
	}
	buffer_release(&statements);
	return 0;
}

#define RECORDING(name)                               \
	static void log_of_##name(void **state)       \
	{                                             \
		(void)state;                          \
		check(#name, true);                   \
	}
#include "recordings.h"
#undef RECORDING

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
#define RECORDING(name) cmocka_unit_test(log_of_##name),
#include "recordings.h"
#undef RECORDING
	};

	if (argc > 2 && strcmp(argv[1], "--select") == 0)
		return print_selects(argv[2]);
	if (argc > 2 && strcmp(argv[1], "--questions") == 0)
		return print_questions(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
