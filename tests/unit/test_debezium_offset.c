/* SPDX-License-Identifier: Apache-2.0 */
/* Where a real Debezium stood, read from the files that Kafka Connect kept for it. */
#include "lib/test.h"

#include "base/file.h"
#include "base/memory.h"
#include "message/debezium_offset.h"

#define FOLDER "tests/golden/debezium/"

static struct buffer read_offsets(const char *name)
{
	struct err e = ERR_INIT;
	struct buffer file = { 0 };

	must(file_read(&file, name, 1 << 20, &e), &e);
	return file;
}

static void a_connectors_offset_is_a_position(void **state)
{
	static const struct {
		const char *file, *prefix, *start, *end;
	} cases[] = {
		{ FOLDER "mysql.offsets", "isostring_schemas",
		  "{\"server\":\"\",\"server_id\":1,\"file\":\"binlog.000001\",\"offset\":58907,\"gtids\":\"",
		  ":1-118\",\"time_us\":1795270546000000}" },
		{ FOLDER "mariadb.offsets", "query",
		  "{\"server\":\"\",\"server_id\":2,\"file\":\"binlog.000001\",\"offset\":53703,\"gtids\":\"0-2-123\"",
		  ",\"time_us\":1795271183000000}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer file = read_offsets(cases[i].file), position = { 0 };
		struct err e = ERR_INIT;
		const char *text;

		must(debezium_offset_read(&position, buffer_bytes(&file), cases[i].prefix, &e), &e);
		text = buffer_string(&position);
		if (strncmp(text, cases[i].start, strlen(cases[i].start)) != 0 ||
		    strcmp(text + strlen(text) - strlen(cases[i].end), cases[i].end) != 0)
			fail_msg("%s", text);
		buffer_release(&position);
		buffer_release(&file);
	}
}

static void another_prefix_is_refused(void **state)
{
	struct buffer file = read_offsets(FOLDER "mysql.offsets"), position = { 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(debezium_offset_read(&position, buffer_bytes(&file), "isostring_", &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "topic.prefix is \"isostring_\""));
	assert_int_equal(position.size, 0);
	buffer_release(&file);
}

/* Wherever the file ends, or a byte of it is another: an answer, and nothing read beyond it. */
static void a_damaged_file_is_no_harm(void **state)
{
	struct buffer file = read_offsets(FOLDER "mariadb.offsets");

	(void)state;
	for (size_t size = 0; size < file.size; size++) {
		uint8_t *part = memory_copy(file.data, size);
		struct buffer position = { 0 };
		struct err e = ERR_INIT;

		(void)debezium_offset_read(&position, (struct bytes){ part, size }, "query", &e);
		buffer_release(&position);
		if (size < 700)
			part[size / 2] ^= 0x55;
		(void)debezium_offset_read(&position, (struct bytes){ part, size }, "doubles", &e);
		buffer_release(&position);
		memory_free(part);
	}
	buffer_release(&file);
}

static void a_file_of_something_else_is_refused(void **state)
{
	static const char *const texts[] = { "", "{\"server\":\"p\"}", "\xac\xed\x00\x05" };
	struct err e = ERR_INIT;
	struct buffer position = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(debezium_offset_read(&position, bytes_of_text(texts[i]), "p", &e), -1);
		assert_non_null(strstr(e.text, "offset.storage.file.filename"));
	}
}

static void a_message_tells_its_row(void **state)
{
	static const char bare[] = "{\"before\":null,\"source\":{\"file\":\"b.000002\",\"pos\":5000000000,\"row\":3},\"op\":\"c\"}";
	struct debezium_place place;
	struct buffer whole = { 0 };

	(void)state;
	assert_true(debezium_place_read(&place, bytes_of_text(bare)));
	assert_string_equal(place.file, "b.000002");
	assert_int_equal(place.offset, 5000000000);
	assert_int_equal(place.row, 3);
	buffer_format(&whole, "{\"schema\":{},\"payload\":%s}", bare);
	assert_true(debezium_place_read(&place, buffer_bytes(&whole)));
	buffer_release(&whole);
	assert_false(debezium_place_read(&place, bytes_of_text("{\"id\":1}")));
	assert_false(debezium_place_read(&place, bytes_of_text("no JSON")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connectors_offset_is_a_position),
		cmocka_unit_test(another_prefix_is_refused),
		cmocka_unit_test(a_damaged_file_is_no_harm),
		cmocka_unit_test(a_file_of_something_else_is_refused),
		cmocka_unit_test(a_message_tells_its_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
