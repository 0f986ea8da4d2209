/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/groups.h"

#define WORDS_MAX 16

static char config_file[] = "/tmp/tailrace-settings-XXXXXX";

static void write_config(const char *text)
{
	FILE *file = fopen(config_file, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Loads the blank-separated words as those behind the command; the caller releases. */
static int load(struct settings *s, const struct command *c, const char *line, struct err *e)
{
	static char text[512]; /* arguments are borrowed */
	char *words[WORDS_MAX], *rest = text;
	int count = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;)
		words[count++] = word;
	*e = ERR_INIT;
	return settings_load(s, c, count, words, e);
}

static void assert_refused(const struct command *c, const char *line, const char *text)
{
	struct settings s;
	struct err e;

	assert_int_equal(load(&s, c, line, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	if (strstr(e.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, text);
	settings_release(&s);
}

static int64_t rows_max(const char *line)
{
	const struct lake_options *lake;
	struct settings s;
	struct err e;
	int64_t v;

	must(load(&s, &cmd_run, line, &e), &e);
	lake = settings_of(&s, &lake_group);
	v = lake->rows_max;
	settings_release(&s);
	return v;
}

static void flag_beats_environment_beats_file_beats_default(void **state)
{
	char line[128], flag[160];

	(void)state;
	write_config("batch:\n  rows_max: 11\n");
	snprintf(line, sizeof(line), "--config %s", config_file);
	snprintf(flag, sizeof(flag), "%s --batch-rows-max=33", line);
	assert_int_equal(rows_max(""), 400000);
	assert_int_equal(rows_max(line), 11);
	setenv("TAILRACE_BATCH_ROWS_MAX", "22", 1);
	assert_int_equal(rows_max(line), 22);
	assert_int_equal(rows_max(flag), 33);
	unsetenv("TAILRACE_BATCH_ROWS_MAX");
}

static void unknown_names_are_refused_with_the_nearest(void **state)
{
	(void)state;
	assert_refused(&cmd_run, "--batch-row-max 5", "did you mean --batch-rows-max?");
	assert_refused(&cmd_run, "--where-key 5", "it belongs to \"tailrace cat\"");
	assert_refused(&cmd_run, "--zzzzzzzz 5", "--help");
	setenv("TAILRACE_BATCH_ROWMAX", "22", 1);
	assert_refused(&cmd_run, "", "did you mean TAILRACE_BATCH_ROWS_MAX?");
	unsetenv("TAILRACE_BATCH_ROWMAX");
}

static void what_has_no_effect_is_refused(void **state)
{
	(void)state;
	assert_refused(&cmd_run, "--to - --workers 3", "--workers has no effect");
	assert_refused(&cmd_run, "--to null: --batch-rows-max 3", "--batch-rows-max has no effect");
	assert_refused(&cmd_run, "--to a --to b", "given twice");
	assert_refused(&cmd_run, "--to", "needs a value");
	assert_refused(&cmd_run, "lake", "unexpected argument");
	assert_refused(&cmd_cat, "--limit 3", "needs TABLE");
}

static void a_variable_of_another_command_is_passed_over(void **state)
{
	struct settings s;
	struct err e;

	(void)state;
	setenv("TAILRACE_WORKERS", "3", 1);
	assert_int_equal(load(&s, &cmd_describe, "table", &e), 0);
	assert_string_equal(s.argument, "table");
	settings_release(&s);
	unsetenv("TAILRACE_WORKERS");
}

static void files_are_checked_with_their_lines(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "batch:\n  row_max: 5\n", ":2: unknown setting batch.row_max; did you mean batch.rows_max?" },
		{ "workers: 1\nworkers: 2\n", ":2: workers stands in line 1 already" },
		{ "workers: many\n", "\"many\" is not a whole number" },
		{ "config: x\n", "cannot name another" },
		{ "- a\n- b\n", ":1: expected \"name: value\"" },
		{ "a: [\n", "line" },
		{ "a: *b\n", ":1:" },
		{ "workers: 1\n---\nworkers: 2\n", "a second document" },
		{ "a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}\n", "" },
		{ "limit: 3\n", "unknown setting limit" },
	};
	char line[128];

	(void)state;
	snprintf(line, sizeof(line), "--config %s", config_file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_config(cases[i].text);
		assert_refused(&cmd_run, line, strcmp(cases[i].says, "line") == 0 ? ":" : cases[i].says);
	}
	assert_refused(&cmd_run, "--config /does/not/exist", "could not open the configuration file");
}

static void names_nest_and_lists_become_commas(void **state)
{
	struct config c;
	struct err e = ERR_INIT;

	(void)state;
	write_config("a:\n  b:\n    c: 1\n  d: x y\ntables: [p.q, r.*]\ne.f: \"2\"\n");
	assert_int_equal(config_read(&c, config_file, &e), 0);
	assert_int_equal(c.count, 4);
	assert_string_equal(c.entries[0].name, "a.b.c");
	assert_string_equal(c.entries[1].name, "a.d");
	assert_string_equal(c.entries[1].value, "x y");
	assert_string_equal(c.entries[2].name, "tables");
	assert_string_equal(c.entries[2].value, "p.q,r.*");
	assert_string_equal(c.entries[3].name, "e.f");
	assert_int_equal(c.entries[3].line, 6);
	config_release(&c);
}

static void properties_come_one_by_one(void **state)
{
	const struct broker_options *broker;
	struct settings s;
	struct err e;
	char line[200];

	(void)state;
	write_config("from: mysql://u@h/d\nto: kafka://b:1/p\nkafka:\n  linger.ms: 7\n  acks: 1\n");
	snprintf(line, sizeof(line), "--config %s --kafka linger.ms=9 --kafka client.id=me", config_file);
	assert_int_equal(load(&s, &cmd_run, line, &e), 0);
	broker = settings_of(&s, &broker_group);
	/* the later of two lines counts: the command line's */
	assert_string_equal(broker->properties, "linger.ms=7\nacks=1\nlinger.ms=9\nclient.id=me");
	settings_release(&s);
	assert_refused(&cmd_run, "--to kafka://b:1/p --kafka a=1 --kafka a=2", "--kafka is given twice");
}

/* Two options of a command with one spelling could not be told apart. */
static void every_spelling_is_unique_in_its_command(void **state)
{
	(void)state;
	for (const struct command *const *c = command_list; *c != NULL; c++) {
		struct buffer all = { 0 };

		for (uint32_t g = 0; (*c)->groups[g] != NULL; g++) {
			for (const struct option *o = (*c)->groups[g]->rows; o->name != NULL; o++) {
				struct buffer flag = { 0 };

				option_flag(&flag, o);
				buffer_char(&flag, ' ');
				assert_null(strstr(buffer_string(&all), buffer_string(&flag)));
				buffer_bytes_append(&all, buffer_bytes(&flag));
				buffer_release(&flag);
			}
		}
		buffer_release(&all);
	}
}

static void ends_must_be_of_a_kind_that_we_have(void **state)
{
	static const char *const lines[] = {
		"--to lake", "--from mysql://h/d", "--from postgres://h/d --to lake",
		"--from mysql://h/d --to s3://bucket",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct settings s;
		struct ends ends;
		struct err e;

		assert_int_equal(load(&s, &cmd_run, lines[i], &e), 0);
		assert_int_equal(ends_check(&ends, &s, &e), -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		settings_release(&s);
	}
}

static void what_belongs_to_event_order_is_refused_without_it(void **state)
{
	static const struct {
		const char *line, *says;
	} lines[] = {
		{ "--late keep", "--late has no effect without --order event" },
		{ "--order log --late-horizon 7d", "--late-horizon has no effect without --order event" },
		{ "--max-ahead 1h", "--max-ahead has no effect without --order event" },
		{ "--order-by v", "--order-by has no effect without --order event" },
		{ "--image partial --incomplete-rows hide", "--incomplete-rows has no effect without --order event and --image partial" },
		{ "--order event --incomplete-rows hide", "--incomplete-rows has no effect without --order event and --image partial" },
		{ "--order event --late keep --late-horizon 1d --max-ahead 0 --order-by v", NULL },
		{ "--order event --image partial --incomplete-rows hide", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char line[200];
		struct settings s;
		struct ends ends;
		struct err e;

		snprintf(line, sizeof(line), "--from events.jsonl --to lake %s", lines[i].line);
		assert_int_equal(load(&s, &cmd_run, line, &e), 0);
		assert_int_equal(ends_check(&ends, &s, &e), lines[i].says != NULL ? -1 : 0);
		if (lines[i].says != NULL) {
			assert_int_equal(e.kind, ERR_CONFIG);
			assert_string_equal(e.text, lines[i].says);
		}
		settings_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flag_beats_environment_beats_file_beats_default),
		cmocka_unit_test(unknown_names_are_refused_with_the_nearest),
		cmocka_unit_test(what_has_no_effect_is_refused),
		cmocka_unit_test(a_variable_of_another_command_is_passed_over),
		cmocka_unit_test(files_are_checked_with_their_lines),
		cmocka_unit_test(names_nest_and_lists_become_commas),
		cmocka_unit_test(properties_come_one_by_one),
		cmocka_unit_test(every_spelling_is_unique_in_its_command),
		cmocka_unit_test(ends_must_be_of_a_kind_that_we_have),
		cmocka_unit_test(what_belongs_to_event_order_is_refused_without_it),
	};
	int file = mkstemp(config_file), rc;

	assert_true(file >= 0);
	close(file);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(config_file);
	return rc;
}
