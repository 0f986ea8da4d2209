/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of files and pipes, whatever stands in them. */
#include "lib/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "source/file/line_reader.h"

/* A file without a name. */
static struct line_reader file_of(const void *text, size_t size)
{
	char path[] = "/tmp/tailrace-lines-XXXXXX";
	struct line_reader l = { .fd = mkstemp(path), .is_file = true };

	assert_true(l.fd >= 0);
	unlink(path);
	assert_int_equal(write(l.fd, text, size), size);
	return l;
}

static void end(struct line_reader *l)
{
	close(l->fd);
	line_reader_release(l);
}

/* All that can be read, as "number:line|" for each line, then the rest. */
static void expect(struct line_reader *l, const char *wanted)
{
	struct buffer got = { 0 };
	struct err e = ERR_INIT;
	struct bytes line;
	int rc;

	while (line_reader_fill(l, 0, &e) == 0) {
		while ((rc = line_reader_next(l, &line, &e)) == 0) {
			buffer_format(&got, "%lld:", (long long)l->number);
			buffer_bytes_append(&got, line);
			buffer_char(&got, '|');
		}
		must(rc < 0 ? -1 : 0, &e);
	}
	buffer_bytes_append(&got, line_reader_rest(l));
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
}

#define FILE_OF(text) file_of(text, sizeof(text) - 1)

static void lines_are_numbered_as_an_editor_does(void **state)
{
	struct line_reader l = FILE_OF("a\n\n  \t\r\nb\n\nc");

	(void)state;
	expect(&l, "1:a|4:b|c");
	assert_int_equal(line_reader_offset(&l), 11);
	end(&l);
}

static void line_ends_and_marks_of_other_systems_are_no_part_of_a_line(void **state)
{
	struct line_reader l = FILE_OF("\xef\xbb\xbf{}\r\n\xef\xbb\xbfx\r\r\ny\r");

	(void)state;
	expect(&l, "1:{}|2:\xef\xbb\xbfx\r|y");
	end(&l);
	l = FILE_OF("\xef\xbb\xbf\n\xef\xbb\xbf");
	expect(&l, "\xef\xbb\xbf");
	assert_int_equal(l.number, 1);
	end(&l);
}

static void any_byte_but_a_newline_may_stand_in_a_line(void **state)
{
	struct line_reader l = FILE_OF("a\0b\n\xff\xfe\n\0\n");
	struct err e = ERR_INIT;
	struct bytes line;

	(void)state;
	must(line_reader_fill(&l, 0, &e), &e);
	must(line_reader_next(&l, &line, &e), &e);
	assert_int_equal(line.size, 3);
	assert_memory_equal(line.data, "a\0b", 3);
	must(line_reader_next(&l, &line, &e), &e);
	assert_memory_equal(line.data, "\xff\xfe", 2);
	must(line_reader_next(&l, &line, &e), &e);
	assert_int_equal(line.size, 1);
	assert_int_equal(line_reader_next(&l, &line, &e), 1);
	end(&l);
}

static void a_file_that_grows_is_read_on(void **state)
{
	struct line_reader l = FILE_OF("a\nb");

	(void)state;
	expect(&l, "1:a|b");
	assert_int_equal(write(l.fd, "c\nd\n", 4), 4);
	expect(&l, "2:bc|3:d|");
	end(&l);
}

static void a_newline_behind_what_was_taken_without_one_ends_no_line(void **state)
{
	struct line_reader l = FILE_OF("a\nb\r\nc\nd\n");
	struct err e = ERR_INIT;

	(void)state;
	must(line_reader_seek(&l, 3, 2, &e), &e);
	assert_true(l.is_behind_text);
	expect(&l, "3:c|4:d|");
	must(line_reader_seek(&l, 2, 1, &e), &e);
	expect(&l, "2:b|3:c|4:d|");
	assert_int_equal(line_reader_seek(&l, 10, 4, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	end(&l);
}

static void a_file_that_changes_before_its_end_is_refused(void **state)
{
	struct line_reader l = FILE_OF("a\nb\nc");
	struct err e = ERR_INIT;

	(void)state;
	expect(&l, "1:a|2:b|c");
	assert_int_equal(ftruncate(l.fd, 4), 0);
	assert_int_equal(line_reader_fill(&l, 0, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_int_equal(pwrite(l.fd, "C\nd\n", 4, 4), 4);
	assert_int_equal(line_reader_fill(&l, 0, &e), -1);
	assert_int_equal(pwrite(l.fd, "c\nd\n", 4, 4), 4);
	expect(&l, "3:c|4:d|");
	end(&l);
}

static void what_is_held_can_be_read_again(void **state)
{
	struct line_reader l = { 0 };
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	l.fd = ends[0];
	l.is_held = true;
	assert_int_equal(write(ends[1], "a\nb\nc", 5), 5);
	expect(&l, "1:a|2:b|c");
	assert_false(l.has_ended);
	line_reader_rewind(&l);
	l.is_held = false;
	assert_int_equal(write(ends[1], "d\n", 2), 2);
	expect(&l, "1:a|2:b|3:cd|");
	close(ends[1]);
	expect(&l, "");
	assert_true(l.has_ended);
	end(&l);
}

static void a_long_line_is_read_whole_and_its_memory_given_back(void **state)
{
	size_t size = (size_t)10 << 20;
	char *text = malloc(size + 4);
	struct line_reader l;
	struct err e = ERR_INIT;
	struct bytes line;
	int rc = 1;

	(void)state;
	memset(text, 'x', size);
	memcpy(text + size, "\na\n", 4);
	l = file_of(text, size + 3);
	while (rc == 1 && line_reader_fill(&l, 0, &e) == 0)
		rc = line_reader_next(&l, &line, &e);
	assert_int_equal(line.size, size);
	must(line_reader_next(&l, &line, &e), &e);
	assert_int_equal(line_reader_fill(&l, 0, &e), 1);
	assert_true(l.data.capacity < (size_t)1 << 20);
	end(&l);
	free(text);
}

static void a_line_without_an_end_is_refused(void **state)
{
	struct line_reader l = FILE_OF("a\n");
	struct err e = ERR_INIT;
	struct bytes line;
	int rc = 0;

	(void)state;
	assert_int_equal(ftruncate(l.fd, (off_t)LINE_BYTES_MAX + ((off_t)1 << 20)), 0);
	while (rc >= 0 && line_reader_fill(&l, 0, &e) == 0)
		rc = line_reader_next(&l, &line, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_string_equal(e.text, "line 2 has more than 64 MiB: no message may have that");
	end(&l);
}

/* "a", a line of LINE_BYTES_MAX + `more` bytes, then `behind`. */
static struct line_reader long_file(size_t more, const char *behind)
{
	struct line_reader l = FILE_OF("a\nbegin");

	l.cuts_long = true;
	assert_int_equal(pwrite(l.fd, behind, strlen(behind), (off_t)(2 + LINE_BYTES_MAX + more)), strlen(behind));
	return l;
}

static void a_long_line_is_cut_and_those_behind_it_are_read(void **state)
{
	static const size_t more[] = { 1, (size_t)3 << 20 };
	struct err e = ERR_INIT;
	struct bytes line;
	int rc = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		struct line_reader l = long_file(more[i], "\nb\nc");

		while ((rc = line_reader_next(&l, &line, &e)) == 1 || l.number < 2) {
			must(rc, &e);
			assert_int_equal(line_reader_offset(&l), l.number == 0 ? 0 : 2); /* never within a line */
			must(rc == 1 ? line_reader_fill(&l, 0, &e) : 0, &e);
		}
		assert_int_equal(line.size, LINE_CUT_BYTES);
		assert_memory_equal(line.data, "begin", 5);
		assert_int_equal(l.cut_from_bytes, LINE_BYTES_MAX + more[i]);
		assert_int_equal(line_reader_offset(&l), 3 + LINE_BYTES_MAX + more[i]);
		must(line_reader_next(&l, &line, &e), &e);
		assert_memory_equal(line.data, "b", 1);
		assert_int_equal(l.cut_from_bytes, 0);
		assert_int_equal(l.number, 3);
		assert_int_equal(line_reader_rest(&l).size, 1);
		end(&l);
	}
}

static void a_long_line_without_its_end_is_the_rest(void **state)
{
	struct line_reader l = long_file(1000, "x");
	struct err e = ERR_INIT;
	struct bytes line;

	(void)state;
	while (line_reader_fill(&l, 0, &e) == 0) {
		while (line_reader_next(&l, &line, &e) == 0)
			;
	}
	assert_int_equal(line_reader_offset(&l), 2);
	assert_int_equal(line_reader_rest(&l).size, LINE_CUT_BYTES);
	assert_int_equal(l.cut_from_bytes, LINE_BYTES_MAX + 1001);
	line_reader_take_rest(&l);
	assert_int_equal(line_reader_offset(&l), 2 + LINE_BYTES_MAX + 1001);
	assert_int_equal(l.number, 2);
	assert_int_equal(line_reader_rest(&l).size, 0);
	end(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_numbered_as_an_editor_does),
		cmocka_unit_test(line_ends_and_marks_of_other_systems_are_no_part_of_a_line),
		cmocka_unit_test(any_byte_but_a_newline_may_stand_in_a_line),
		cmocka_unit_test(a_file_that_grows_is_read_on),
		cmocka_unit_test(a_newline_behind_what_was_taken_without_one_ends_no_line),
		cmocka_unit_test(a_file_that_changes_before_its_end_is_refused),
		cmocka_unit_test(what_is_held_can_be_read_again),
		cmocka_unit_test(a_long_line_is_read_whole_and_its_memory_given_back),
		cmocka_unit_test(a_line_without_an_end_is_refused),
		cmocka_unit_test(a_long_line_is_cut_and_those_behind_it_are_read),
		cmocka_unit_test(a_long_line_without_its_end_is_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
