/* SPDX-License-Identifier: Apache-2.0 */
/* Avro's container files and schemas: what comes back, and what is refused. */
#include <libdeflate.h>

#include "lib/one_object.h"
#include "lib/test.h"
#include "table/iceberg/avro.h"

static const char marker[] = "0123456789abcdef";

/* A header by hand. */
static void put_header(struct buffer *out, const char *schema, const char *codec)
{
	buffer_text(out, "Obj\1");
	avro_put_long(out, 2);
	avro_put_bytes(out, BYTES_OF("avro.schema"));
	avro_put_bytes(out, bytes_of_text(schema));
	avro_put_bytes(out, BYTES_OF("avro.codec"));
	avro_put_bytes(out, bytes_of_text(codec));
	avro_put_long(out, 0);
	buffer_text(out, marker);
}

static void put_block(struct buffer *out, int64_t count, struct bytes data)
{
	avro_put_long(out, count);
	avro_put_bytes(out, data);
	buffer_text(out, marker);
}

static const char two_fields[] = "{\"type\":\"record\",\"name\":\"r\",\"fields\":["
				 "{\"name\":\"n\",\"type\":\"long\",\"field-id\":1},"
				 "{\"name\":\"s\",\"type\":\"string\",\"field-id\":2}]}";

/* Reads all records of two_fields; their count, or -1. */
static int count_records(struct store *store, struct err *e)
{
	struct avro_reader *a;
	struct reader *r;
	int count = 0, rc;

	if (avro_reader_open(&a, "file", store, "x", e) < 0)
		return -1;
	while ((rc = avro_reader_next(a, &r, e)) == 0) {
		avro_skip(r, avro_reader_schema(a));
		if (r->short_read) {
			rc = err_set(e, ERR_DATA, "cut off");
			break;
		}
		count++;
	}
	avro_reader_close(a);
	return rc < 0 ? -1 : count;
}

/* The whole error that reading gives. */
static void assert_refused(const struct buffer *data, const char *words)
{
	struct err e = ERR_INIT;
	struct one_object p = one_object_of(buffer_bytes(data));

	if (count_records(&p.store, &e) >= 0)
		fail_msg("it was read, not refused for: %s", words);
	assert_int_equal(e.kind, ERR_DATA);
	if (strstr(e.text, words) == NULL)
		fail_msg("\"%s\" does not say: %s", e.text, words);
}

static void write_file(struct buffer *out, int records)
{
	const struct avro_pair pair = { "key", BYTES_OF("value") };
	struct avro_writer w;

	avro_writer_begin(&w, out, bytes_of_text(two_fields), &pair, 1);
	for (int i = 0; i < records; i++) {
		avro_put_long(&w.block, i - records / 2);
		avro_put_bytes(&w.block,
			       BYTES_OF("file:///lake/shop/orders/some.parquet"));
		avro_writer_record(&w);
	}
	avro_writer_finish(&w);
	avro_writer_release(&w);
}

static void records_come_back_over_many_blocks(void **state)
{
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct avro_reader *a;
	struct reader *r;
	struct one_object p;

	(void)state;
	write_file(&out, 5000);
	p = one_object_of(buffer_bytes(&out));
	must(avro_reader_open(&a, "file", &p.store, "x", &e), &e);
	assert_true(bytes_equal(avro_reader_pair(a, "key"), BYTES_OF("value")));
	assert_null(avro_reader_pair(a, "other").data);
	for (int i = 0; i < 5000; i++) {
		must(avro_reader_next(a, &r, &e), &e);
		assert_int_equal(avro_read_long(r), i - 2500);
		assert_int_equal(avro_read_bytes(r).size, 37);
	}
	assert_int_equal(avro_reader_next(a, &r, &e), 1);
	assert_int_equal(avro_reader_next(a, &r, &e), 1);
	avro_reader_close(a);
	buffer_release(&out);
}

static void a_file_without_records_is_whole(void **state)
{
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	write_file(&out, 0);
	p = one_object_of(buffer_bytes(&out));
	assert_int_equal(count_records(&p.store, &e), 0);
	buffer_release(&out);
}

static void the_same_records_are_the_same_bytes(void **state)
{
	struct buffer a = { 0 }, b = { 0 };

	(void)state;
	write_file(&a, 100);
	write_file(&b, 100);
	assert_true(bytes_equal(buffer_bytes(&a), buffer_bytes(&b)));
	buffer_release(&a);
	buffer_release(&b);
}

static void every_shortened_file_is_refused(void **state)
{
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	size_t whole, header;
	struct one_object p;

	(void)state;
	write_file(&out, 0);
	header = out.size;
	buffer_clear(&out);
	write_file(&out, 3);
	whole = out.size;
	for (size_t size = 0; size < whole; size++) {
		p = one_object_of((struct bytes){ out.data, size });
		assert_int_equal(count_records(&p.store, &e), size == header ? 0 : -1);
	}
	buffer_release(&out);
}

static void every_altered_byte_is_refused_or_harmless(void **state)
{
	struct buffer out = { 0 };
	struct err e = ERR_INIT;
	struct one_object p;

	(void)state;
	write_file(&out, 3);
	p = one_object_of(buffer_bytes(&out));
	for (size_t i = 0; i < out.size; i++) {
		out.data[i] ^= 0x15;
		(void)count_records(&p.store, &e);
		out.data[i] ^= 0x15;
	}
	buffer_release(&out);
}

static void lies_about_lengths_and_counts_are_refused(void **state)
{
	const struct bytes record = BYTES_OF("\2\2a"); /* 1, "a" */
	struct buffer out = { 0 };
	size_t header;

	(void)state;
	buffer_reserve(&out, 1);
	assert_refused(&out, "file \"x\": it is not an Avro file");
	put_header(&out, two_fields, "null");
	header = out.size;
	put_block(&out, 2, record);
	assert_refused(
		&out,
		"file \"x\": block at byte 173: 2 records do not fit into its 3 bytes");
	out.size = header;
	put_block(&out, 1, BYTES_OF("\2\2a\2\2b"));
	assert_refused(&out, "3 bytes stand behind its 1 records");
	out.size = header;
	put_block(&out, 1, BYTES_OF("\2\x80")); /* a string's length that does not end */
	assert_refused(&out, "cut off");
	out.size = header;
	put_block(&out, 0, record);
	assert_refused(&out, "malformed (0 records, 3 bytes)");
	out.size = header;
	put_block(&out, 1, record);
	out.data[out.size - 1] ^= 1;
	assert_refused(&out, "no sync marker stands behind it");
	out.size = header;
	avro_put_long(&out, 1);
	avro_put_long(&out, INT64_MAX);
	assert_refused(&out, "malformed (1 records, 9223372036854775807 bytes)");
	out.size = header;
	avro_put_long(&out, 1);
	avro_put_long(&out, 1 << 20);
	assert_refused(&out, "it is cut off");
	buffer_clear(&out);
	put_header(&out, two_fields, "bzip2");
	assert_refused(&out, "its codec \"bzip2\" is unknown");
	buffer_release(&out);
}

/* libdeflate's raw form of data, as a block with this codec's name. */
static void put_deflated(struct buffer *out, struct bytes data)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(1);
	uint8_t packed[200];
	size_t size = libdeflate_deflate_compress(c, data.data, data.size, packed,
						  sizeof(packed));

	libdeflate_free_compressor(c);
	put_block(out, 1, (struct bytes){ packed, size });
}

static void blocks_that_do_not_unpack_are_refused(void **state)
{
	static const char *const codecs[] = { "deflate", "snappy", "zstandard" };
	const struct bytes snappy_a =
		BYTES_OF("\3\x08\2\2a\0\0\0\0"); /* with a wrong CRC */
	const struct bytes snappy_lie = BYTES_OF("\xff\xff\xff\xff\x0f\x08\2\2a\0\0\0\0");
	struct buffer out = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++) {
		buffer_clear(&out);
		put_header(&out, two_fields, codecs[i]);
		put_block(&out, 1, BYTES_OF("no such form"));
		assert_refused(&out, "block at byte");
	}
	buffer_clear(&out);
	put_header(&out, two_fields, "snappy");
	put_block(&out, 1, snappy_a);
	assert_refused(&out, "its CRC-32 is wrong");
	buffer_clear(&out);
	put_header(&out, two_fields, "snappy");
	put_block(&out, 1, snappy_lie);
	assert_refused(&out, "does not decompress");
	buffer_clear(&out);
	put_header(&out, two_fields, "snappy");
	put_block(&out, 1, BYTES_OF("abc"));
	assert_refused(&out, "too short for snappy");
	buffer_clear(&out);
	put_header(&out, two_fields, "deflate");
	put_deflated(&out, BYTES_OF("\2\2"));
	assert_refused(&out, "cut off");
	buffer_release(&out);
}

/* Examples of the spec, "Binary Encoding". */
static void numbers_are_the_specs(void **state)
{
	static const struct {
		int64_t value;
		uint8_t bytes[10];
		size_t size;
	} examples[] = {
		{ 0, { 0 }, 1 },
		{ -1, { 1 }, 1 },
		{ 1, { 2 }, 1 },
		{ -64, { 0x7f }, 1 },
		{ 64, { 0x80, 1 }, 2 },
		{ 2, { 4 }, 1 },
		{ INT64_MIN, { 255, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, 10 },
		{ INT64_MAX, { 254, 255, 255, 255, 255, 255, 255, 255, 255, 1 }, 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct buffer out = { 0 };
		struct reader r;

		avro_put_long(&out, examples[i].value);
		assert_int_equal(out.size, examples[i].size);
		assert_memory_equal(out.data, examples[i].bytes, out.size);
		r = reader_of(buffer_bytes(&out));
		assert_true(avro_read_long(&r) == examples[i].value && !r.short_read);
		buffer_release(&out);
	}
}

static const struct avro_type *parse(struct arena *arena, const char *text)
{
	const struct avro_type *t = NULL;
	struct err e = ERR_INIT;

	must(avro_schema_parse(&t, bytes_of_text(text), arena, &e), &e);
	return t;
}

static void values_of_every_type_are_stepped_over(void **state)
{
	static const struct {
		const char *schema;
		struct bytes value;
	} cases[] = {
		{ "\"null\"", { NULL, 0 } },
		{ "\"boolean\"", BYTES_OF("\1") },
		{ "{\"type\":\"int\",\"logicalType\":\"date\"}", BYTES_OF("\x80\1") },
		{ "\"float\"", BYTES_OF("1234") },
		{ "\"double\"", BYTES_OF("12345678") },
		{ "\"bytes\"", BYTES_OF("\4ab") },
		{ "{\"type\":\"fixed\",\"name\":\"f\",\"size\":3}", BYTES_OF("abc") },
		{ "{\"type\":\"enum\",\"name\":\"e\",\"symbols\":[\"A\",\"B\"]}",
		  BYTES_OF("\2") },
		{ "[\"null\",\"string\"]", BYTES_OF("\2\2a") },
		{ "[\"null\",\"string\"]", BYTES_OF("\0") },
		{ "{\"type\":\"array\",\"items\":\"long\"}", BYTES_OF("\4\2\4\2\6\0") },
		/* a negative count has the block's size behind it */
		{ "{\"type\":\"array\",\"items\":\"long\"}", BYTES_OF("\3\4\2\4\0") },
		{ "{\"type\":\"map\",\"values\":\"int\"}", BYTES_OF("\2\2k\4\0") },
		{ "{\"type\":\"record\",\"name\":\"a.r\",\"fields\":[{\"name\":\"x\","
		  "\"type\":{\"type\":"
		  "\"fixed\",\"name\":\"f\",\"size\":2}},{\"name\":\"y\",\"type\":["
		  "\"null\",\"a.f\"]}]}",
		  BYTES_OF("ab\2cd") },
	};
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reader r = reader_of(cases[i].value);

		avro_skip(&r, parse(&arena, cases[i].schema));
		assert_true(!r.short_read && reader_left(&r) == 0);
		if (cases[i].value.size == 0)
			continue;
		r = reader_of(
			(struct bytes){ cases[i].value.data, cases[i].value.size - 1 });
		avro_skip(&r, parse(&arena, cases[i].schema));
		assert_true(r.short_read);
	}
	arena_release(&arena);
}

static void schemas_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *schema, *words;
	} cases[] = {
		{ "{", "its schema: not JSON" },
		{ "7", "something that is no type" },
		{ "\"longer\"", "an unknown type longer" },
		{ "[]", "a union without branches" },
		{ "{\"type\":\"record\",\"name\":\"r\"}",
		  "a record without a list of fields" },
		{ "{\"type\":\"record\",\"fields\":[]}", "a type without a name" },
		{ "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"type\":\"int\"}]}",
		  "a field without a name" },
		{ "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\","
		  "\"type\":\"int\","
		  "\"field-id\":\"1\"}]}",
		  "a wrong field-id of the field f" },
		/* a list of itself would have no end */
		{ "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"f\","
		  "\"type\":\"r\"}]}",
		  "an unknown type r" },
		{ "{\"type\":\"array\",\"items\":\"null\"}",
		  "an array of items without bytes" },
		{ "{\"type\":\"fixed\",\"name\":\"f\",\"size\":-1}",
		  "a fixed type of a wrong size" },
	};
	struct buffer deep = { 0 };
	struct arena arena = { 0 };
	const struct avro_type *t;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(
			avro_schema_parse(&t, bytes_of_text(cases[i].schema), &arena, &e),
			-1);
		assert_int_equal(e.kind, ERR_DATA);
		if (strstr(e.text, cases[i].words) == NULL)
			fail_msg("\"%s\" does not say: %s", e.text, cases[i].words);
	}
	for (int i = 0; i < 40; i++)
		buffer_text(&deep, "{\"type\":\"array\",\"items\":");
	buffer_text(&deep, "\"int\"");
	for (int i = 0; i < 40; i++)
		buffer_char(&deep, '}');
	assert_int_equal(
		avro_schema_parse(&t, buffer_bytes(&deep), &arena, &(struct err){ 0 }),
		-1);
	buffer_release(&deep);
	arena_release(&arena);
}

/* Each name is two of the one before: what they hold doubles, and so would their levels.
 */
static void names_cannot_make_a_schema_endless(void **state)
{
	struct buffer text = { 0 };
	struct arena arena = { 0 };
	const struct avro_type *t;
	struct err e = ERR_INIT;

	(void)state;
	buffer_text(&text, "[{\"type\":\"fixed\",\"name\":\"r0\",\"size\":0}");
	for (int i = 1; i < 100; i++)
		buffer_format(&text,
			      ",{\"type\":\"record\",\"name\":\"r%d\",\"fields\":[{"
			      "\"name\":\"a\",\"type\":\"r%d\"},"
			      "{\"name\":\"b\",\"type\":\"r%d\"}]}",
			      i, i - 1, i - 1);
	buffer_char(&text, ']');
	assert_int_equal(avro_schema_parse(&t, buffer_bytes(&text), &arena, &e), -1);
	assert_non_null(strstr(e.text, "too many levels"));
	buffer_release(&text);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back_over_many_blocks),
		cmocka_unit_test(a_file_without_records_is_whole),
		cmocka_unit_test(the_same_records_are_the_same_bytes),
		cmocka_unit_test(every_shortened_file_is_refused),
		cmocka_unit_test(every_altered_byte_is_refused_or_harmless),
		cmocka_unit_test(lies_about_lengths_and_counts_are_refused),
		cmocka_unit_test(blocks_that_do_not_unpack_are_refused),
		cmocka_unit_test(numbers_are_the_specs),
		cmocka_unit_test(values_of_every_type_are_stepped_over),
		cmocka_unit_test(schemas_that_are_none_are_refused),
		cmocka_unit_test(names_cannot_make_a_schema_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
