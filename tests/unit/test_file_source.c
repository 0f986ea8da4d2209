/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in files and pipes as the source sends them on, over restarts and whatever becomes of the file meanwhile. */
#include "lib/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "change/render.h"
#include "lib/scratch.h"
#include "message/debezium.h"
#include "source/file/file.h"

/* A sink that remembers rows and positions, as a lake of one table would. */
struct rig {
	struct sink sink; /* first */
	struct scratch scratch;
	struct debezium_options messages;
	struct feed_options feed;
	struct file_source_options options;
	char path[200];
	bool has_read;
	struct source *source; /* of the run */
	struct buffer rows;    /* "table row", one a line */
	char *table, *stream;  /* positions of the last COMMIT, or NULL */
	void (*step)(struct rig *, unsigned number); /* while nothing comes */
	unsigned steps;
	uint32_t tables; /* opened */
};

static int take(struct sink *sink, const struct change *c, struct err *e)
{
	struct rig *r = (struct rig *)sink;
	struct schema table = { .database = (char *)(uintptr_t)"shop", .table = (char *)(uintptr_t)"t" };
	struct buffer text = { 0 };

	(void)e;
	for (uint32_t i = 0; c->kind == CHANGE_ROWS && i < c->rows.count; i++) {
		buffer_format(&r->rows, "%s.%s ", c->schema->database, c->schema->table);
		render_json_row(&r->rows, c->schema, c->rows.after, i, c->rows.after_present);
		buffer_char(&r->rows, '\n');
	}
	if (c->kind != CHANGE_COMMIT)
		return 0;
	c->position->format(c->position, &table, &text);
	memory_free(r->table);
	r->table = memory_copy_text(buffer_string(&text));
	buffer_clear(&text);
	c->position->format(c->position, NULL, &text);
	memory_free(r->stream);
	r->stream = memory_copy_text(buffer_string(&text));
	buffer_release(&text);
	return 0;
}

static int idle(struct sink *sink, struct err *e)
{
	struct rig *r = (struct rig *)sink;

	(void)e;
	if (r->step != NULL)
		r->step(r, r->steps++);
	return 0;
}

static int open_table(struct sink *sink, struct schema *schema, char **position, bool **lacks, struct err *e)
{
	(void)schema, (void)position, (void)lacks, (void)e;
	((struct rig *)sink)->tables++;
	return 0;
}

static int set_up(void **state)
{
	struct rig *r = memory_new(struct rig);

	r->sink = (struct sink){ .take = take, .idle = idle, .open_table = open_table };
	scratch_make(&r->scratch);
	snprintf(r->path, sizeof(r->path), "%s", scratch_path(&r->scratch, "shop.t.jsonl"));
	option_defaults(debezium_option_table, &r->messages);
	option_defaults(feed_option_table, &r->feed);
	r->feed.messages = &r->messages;
	r->feed.invalid_values = "halt";
	r->feed.key = memory_copy_text("id");
	r->options = (struct file_source_options){ r->path, &r->feed, &r->has_read };
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	option_release(feed_option_table, &r->feed);
	option_release(debezium_option_table, &r->messages);
	scratch_remove(&r->scratch);
	buffer_release(&r->rows);
	memory_free(r->table);
	memory_free(r->stream);
	memory_free(r);
	return 0;
}

static void set(char **option, const char *text)
{
	memory_free(*option);
	*option = memory_copy_text(text);
}

/* Makes or extends the file. */
static void add(const struct rig *r, const char *text)
{
	int fd = open(r->path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void replace(const struct rig *r, const char *text)
{
	unlink(r->path);
	add(r, text);
}

/* A run from what the last one left: of the table, and as low-water mark. */
static int run_from(struct rig *r, const char *of_table, const char *stream, bool until_now, struct err *e)
{
	struct source *s = r->source = file_source_new(&r->options);
	struct table_start *starts = NULL;
	int rc;

	buffer_clear(&r->rows);
	*e = ERR_INIT;
	rc = s->ops->open(s, &r->sink, e);
	starts = memory_array(struct table_start, s->ops->table_count(s) + 1);
	starts[0].position = (char *)(uintptr_t)(s->ops->table_count(s) > 0 ? of_table : NULL);
	if (rc == 0)
		rc = s->ops->run(s, starts, stream, until_now, &r->sink, e);
	memory_free(starts);
	s->ops->close(s);
	return rc;
}

static int run_on(struct rig *r, bool until_now, struct err *e)
{
	char *table = r->table != NULL ? memory_copy_text(r->table) : NULL;
	char *stream = r->stream != NULL ? memory_copy_text(r->stream) : NULL;
	int rc = run_from(r, table, stream, until_now, e);

	memory_free(table);
	memory_free(stream);
	return rc;
}

/* A sync that takes these rows. */
static void expect(struct rig *r, const char *rows)
{
	struct err e = ERR_INIT;

	must(run_on(r, true, &e), &e);
	assert_string_equal(buffer_string(&r->rows), rows);
}

static void expect_halt(struct rig *r, bool until_now, const char *why)
{
	struct err e = ERR_INIT;

	assert_int_equal(run_on(r, until_now, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

#define MESSAGE(columns) "{\"after\":{" columns "},\"op\":\"c\",\"source\":{\"db\":\"shop\",\"table\":\"t\",\"ts_ms\":1785578400000}}"
#define LINE(id) MESSAGE("\"id\":" id) "\n"
#define ROW(id) "shop.t {\"id\":" id "}\n"

static void a_run_goes_on_where_the_last_one_ended(void **state)
{
	struct rig *r = *state;

	add(r, LINE("1") LINE("2"));
	expect(r, ROW("1") ROW("2"));
	expect(r, "");
	add(r, "\n" LINE("3"));
	expect(r, ROW("3"));
	add(r, "\n\n\r\n");
	expect(r, "");
	add(r, "no message\n");
	expect_halt(r, true, "shop.t.jsonl, line 8: not JSON");
}

static void what_a_table_has_does_not_come_again_without_a_mark(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;
	char *table;

	add(r, LINE("1") LINE("2"));
	expect(r, ROW("1") ROW("2"));
	add(r, LINE("3"));
	table = memory_copy_text(r->table);
	must(run_from(r, table, NULL, true, &e), &e);
	assert_string_equal(buffer_string(&r->rows), ROW("3"));
	memory_free(table);
}

static void a_copy_of_the_file_is_the_same_file(void **state)
{
	struct rig *r = *state;

	add(r, LINE("1") LINE("2"));
	expect(r, ROW("1") ROW("2"));
	replace(r, LINE("1") LINE("2") LINE("3"));
	expect(r, ROW("3"));
}

static void another_file_under_its_name_halts(void **state)
{
	struct rig *r = *state;

	add(r, LINE("1") LINE("2"));
	expect(r, ROW("1") ROW("2"));
	replace(r, LINE("1"));
	expect_halt(r, true, "table shop.t stands behind line 2 of ");
	replace(r, LINE("3") LINE("4") LINE("5"));
	expect_halt(r, true, "does not stand in the file: it was truncated, written anew or replaced");
	r->table[0] = '\0'; /* the mark alone */
	memory_free(r->table);
	r->table = NULL;
	expect_halt(r, true, "the low-water mark stands behind line 2 of ");
}

static void files_of_other_names_go_into_the_same_table(void **state)
{
	struct rig *r = *state;

	add(r, LINE("1") LINE("2"));
	expect(r, ROW("1") ROW("2"));
	snprintf(r->path, sizeof(r->path), "%s", scratch_path(&r->scratch, "next.jsonl"));
	add(r, LINE("3"));
	expect(r, ROW("3"));
	snprintf(r->path, sizeof(r->path), "%s", scratch_path(&r->scratch, "shop.t.jsonl"));
	add(r, LINE("4"));
	expect(r, ROW("4"));
}

static void a_last_line_without_a_newline_is_a_message_or_waits(void **state)
{
	struct rig *r = *state;

	add(r, LINE("1") MESSAGE("\"id\":2"));
	expect(r, ROW("1") ROW("2"));
	expect(r, "");
	add(r, "\r\n" LINE("3") "{\"after\":{\"id\":");
	expect(r, ROW("3"));
	add(r, "4},\"op\":\"c\"");
	expect(r, "");
	add(r, ",\"source\":{\"db\":\"shop\",\"table\":\"t\"}}\nbad");
	expect(r, ROW("4"));
	add(r, "\n");
	expect_halt(r, true, ", line 5: not JSON");
}

static void lines_that_are_no_messages_halt_or_are_kept(void **state)
{
	static const char *const bad[] = { "{}", "{\"after\":{\"id\":\"\xff\"},\"op\":\"c\"}", "null", "[1]", "\x01", "{\"a\":1" };
	struct rig *r = *state;
	char line[40];

	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		replace(r, "\xef\xbb\xbf" MESSAGE("\"id\":1") "\r\n\n");
		add(r, bad[i]);
		add(r, "\n" LINE("2"));
		memory_free(r->table);
		memory_free(r->stream);
		r->table = r->stream = NULL;
		set(&r->feed.bad_message, "halt");
		snprintf(line, sizeof(line), "shop.t.jsonl, line %u: ", 3);
		expect_halt(r, true, line);
		memory_free(r->table);
		memory_free(r->stream);
		r->table = r->stream = NULL;
		set(&r->feed.bad_message, "quarantine");
		assert_int_equal(run_on(r, true, &(struct err){ 0 }), 0);
		assert_non_null(strstr(buffer_string(&r->rows), ROW("1")));
		assert_non_null(strstr(buffer_string(&r->rows), ROW("2")));
		assert_non_null(strstr(buffer_string(&r->rows), "\"topic\":\"shop.t.jsonl\",\"partition\":0,\"offset\":3,"));
	}
}

/* The position of a COMMIT that a new column makes is at its own line, in the middle of what was read. */
static void a_commit_between_lines_is_where_it_says(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;
	char first[600] = "";

	for (int i = 0; i < 502; i++)
		add(r, LINE("1"));
	add(r, "\n\n" MESSAGE("\"id\":2,\"v\":1") "\n" "bad\n" MESSAGE("\"id\":3,\"v\":2") "\n");
	assert_int_equal(run_on(r, true, &e), -1);
	snprintf(first, sizeof(first), "%s", r->stream);
	assert_non_null(strstr(first, "{\"shop.t.jsonl\":[503]}"));
	set(&r->feed.bad_message, "quarantine");
	must(run_from(r, NULL, first, true, &e), &e);
	assert_non_null(strstr(buffer_string(&r->rows), "shop.t {\"id\":2,\"v\":1}\n"));
	assert_non_null(strstr(buffer_string(&r->rows), "\"offset\":506,"));
	assert_null(strstr(buffer_string(&r->rows), ROW("1")));
}

static void the_name_of_a_file_names_its_table(void **state)
{
	static const struct {
		const char *file, *table;
	} names[] = {
		{ "shop.t.jsonl", "shop.t " }, { "t.ndjson", "topics.t " }, { "a.b.c.json", "topics.a_b_c " },
		{ "plain", "topics.plain " }, { "t.2026", "t.2026 " }, { ".jsonl", "topics._jsonl " }, { "x.", "topics.x_ " },
	};
	struct rig *r = *state;

	set(&r->feed.mode, "raw");
	set(&r->feed.key, "id");
	memory_free(r->feed.key);
	r->feed.key = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err e = ERR_INIT;

		snprintf(r->path, sizeof(r->path), "%s", scratch_path(&r->scratch, names[i].file));
		add(r, " as it is\r\nwhole");
		must(run_from(r, NULL, NULL, true, &e), &e);
		assert_int_equal(strncmp(buffer_string(&r->rows), names[i].table, strlen(names[i].table)), 0);
		assert_non_null(strstr(buffer_string(&r->rows), "\"value\":\"IGFzIGl0IGlz\""));
		assert_non_null(strstr(buffer_string(&r->rows), "\"offset\":1,"));
	}
}

/* --- run -------------------------------------------------------------------------------------- */

static void append_and_stop(struct rig *r, unsigned number)
{
	static const char *const parts[] = { "{\"after\":{\"id\":2", "},\"op\":\"c\",\"source\":{\"db\":\"shop\",\"table\":\"t\"}}",
					     "\n" LINE("3"), MESSAGE("\"id\":4") };

	if (number < sizeof(parts) / sizeof(parts[0]))
		add(r, parts[number]);
	else
		r->source->ops->stop(r->source);
}

static void a_run_follows_what_is_appended(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;

	add(r, LINE("1"));
	r->step = append_and_stop;
	must(run_on(r, false, &e), &e);
	assert_string_equal(buffer_string(&r->rows), ROW("1") ROW("2") ROW("3")); /* the last one waits for its newline */
	r->step = NULL;
	expect(r, ROW("4"));
}

static void add_column_and_table(struct rig *r, unsigned number)
{
	const struct source *s = r->source;

	if (number == 0)
		add(r, MESSAGE("\"id\":2,\"v\":1") "\n{\"after\":{\"id\":3},\"op\":\"c\",\"source\":{\"db\":\"shop\",\"table\":\"u\"}}\n");
	if (number < 2)
		return;
	assert_int_equal(s->ops->table_count(s), 1);
	assert_string_equal(s->ops->table(s, 0)->table, "t");
	assert_int_equal(s->ops->table(s, 0)->field_count, 1);
	r->source->ops->stop(r->source);
}

static void what_a_display_reads_stays_as_it_was_at_the_start(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;

	add(r, LINE("1"));
	r->step = add_column_and_table;
	must(run_on(r, false, &e), &e);
	assert_string_equal(buffer_string(&r->rows), ROW("1") "shop.t {\"id\":2,\"v\":1}\nshop.u {\"id\":3}\n");
}

static void rotate(struct rig *r, unsigned number)
{
	char old[sizeof(r->path) + 2];
	int fd;

	snprintf(old, sizeof(old), "%s.1", r->path);
	if (number == 0) {
		rename(r->path, old);
	} else if (number == 1) { /* whoever writes has not opened the new one yet */
		fd = open(old, O_WRONLY | O_APPEND);
		assert_int_equal(write(fd, LINE("2"), strlen(LINE("2"))), strlen(LINE("2")));
		close(fd);
		add(r, LINE("3"));
	}
}

static void a_file_that_is_replaced_is_read_to_its_end_before_the_halt(void **state)
{
	struct rig *r = *state;

	add(r, LINE("1"));
	r->step = rotate;
	expect_halt(r, false, "is another file now; the one before was read to its end, line 2: ");
	assert_string_equal(buffer_string(&r->rows), ROW("1") ROW("2"));
}

static void cut(struct rig *r, unsigned number)
{
	assert_int_equal(number, 0);
	assert_int_equal(truncate(r->path, 10), 0);
}

static void a_file_that_is_truncated_halts(void **state)
{
	struct rig *r = *state;

	add(r, LINE("1"));
	r->step = cut;
	expect_halt(r, false, ", behind line 1: what was read of it stands there no longer: it was truncated or written anew");
}

/* --- pipes ------------------------------------------------------------------------------------ */

static int writer; /* the test's end of a named pipe */

static void write_and_close(struct rig *r, unsigned number)
{
	(void)r;
	if (number == 1)
		assert_true(write(writer, LINE("1") "\n", strlen(LINE("1")) + 1) > 0);
	if (number == 3)
		assert_true(write(writer, MESSAGE("\"id\":2.5"), strlen(MESSAGE("\"id\":2.5"))) > 0);
	if (number == 5)
		close(writer);
}

static void a_pipe_is_read_to_its_end_and_not_twice(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;

	assert_int_equal(mkfifo(r->path, 0600), 0);
	writer = open(r->path, O_RDWR | O_CLOEXEC);
	r->step = write_and_close;
	must(run_on(r, false, &e), &e);
	/* what came within a second was looked at before it was taken */
	assert_string_equal(buffer_string(&r->rows), "shop.t {\"id\":1}\nshop.t {\"id\":2.5}\n");
	assert_non_null(strstr(r->stream, "{\"shop.t.jsonl\":[4]}"));
	assert_int_equal(run_on(r, false, &e), -1);
	assert_int_equal(e.kind, ERR_IO);
	assert_non_null(strstr(e.text, "cannot be read again"));
	r->has_read = false; /* another program's */
	writer = open(r->path, O_RDWR | O_CLOEXEC);
	r->steps = 0;
	must(run_on(r, true, &e), &e);
	assert_string_equal(buffer_string(&r->rows), "shop.t {\"id\":1}\nshop.t {\"id\":2.5}\n");
}

static void stop(struct rig *r, unsigned number)
{
	(void)number;
	r->source->ops->stop(r->source);
}

static void a_pipe_in_which_nothing_comes_can_be_stopped(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;

	assert_int_equal(mkfifo(r->path, 0600), 0);
	r->step = stop;
	must(run_on(r, true, &e), &e);
	assert_string_equal(buffer_string(&r->rows), "");
}

static void what_is_no_file_is_refused(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;

	assert_int_equal(run_on(r, true, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "No such file"));
	assert_int_equal(mkdir(r->path, 0700), 0);
	assert_int_equal(run_on(r, true, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "is a folder"));
	rmdir(r->path);
}

#define UPDATE(columns, ms) "{\"before\":{\"id\":1},\"after\":{\"id\":1," columns "},\"op\":\"u\"," \
	"\"source\":{\"db\":\"shop\",\"table\":\"t\",\"ts_ms\":" ms "}}\n"

static void in_event_order_an_update_that_is_older_than_a_column_has_null_there(void **state)
{
	struct rig *r = *state;
	struct err e = ERR_INIT;

	set(&r->feed.order, "event");
	add(r, UPDATE("\"a\":1,\"b\":2", "2000") UPDATE("\"a\":3", "1000"));
	must(run_on(r, true, &e), &e);
	assert_non_null(strstr(buffer_string(&r->rows), "{\"id\":1,\"a\":1,\"b\":2,"));
	assert_non_null(strstr(buffer_string(&r->rows), "{\"id\":1,\"a\":3,\"b\":null,"));
	replace(r, UPDATE("\"a\":1", "2000"));
	r->feed.schema = memory_copy_text("id BIGINT, a BIGINT, b BIGINT NOT NULL");
	assert_int_equal(run_from(r, NULL, NULL, true, &e), -1);
	assert_non_null(strstr(e.text, "leaves out column \"b\", which is NOT NULL"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_run_goes_on_where_the_last_one_ended),
		TEST(what_a_table_has_does_not_come_again_without_a_mark),
		TEST(a_copy_of_the_file_is_the_same_file),
		TEST(another_file_under_its_name_halts),
		TEST(files_of_other_names_go_into_the_same_table),
		TEST(a_last_line_without_a_newline_is_a_message_or_waits),
		TEST(lines_that_are_no_messages_halt_or_are_kept),
		TEST(a_commit_between_lines_is_where_it_says),
		TEST(the_name_of_a_file_names_its_table),
		TEST(a_run_follows_what_is_appended),
		TEST(what_a_display_reads_stays_as_it_was_at_the_start),
		TEST(a_file_that_is_replaced_is_read_to_its_end_before_the_halt),
		TEST(a_file_that_is_truncated_halts),
		TEST(a_pipe_is_read_to_its_end_and_not_twice),
		TEST(a_pipe_in_which_nothing_comes_can_be_stopped),
		TEST(what_is_no_file_is_refused),
		TEST(in_event_order_an_update_that_is_older_than_a_column_has_null_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
