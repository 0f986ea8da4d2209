/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log of inserts (BIGINT key and 7 columns, 88 bytes a row) through the decoder into
 * nothing, checksums included: "bench_decoder" makes its own log in memory,
 * "bench_decoder FILE" reads a recorded one.
 */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/mysql/decoder.h"

#define ROWS_PER_EVENT 90u
#define EVENTS         22222u

static int take(struct sink *s, const struct change *c, struct err *e)
{
	(void)s;
	(void)c;
	(void)e;
	return 0;
}

static int table_of(void *context, const struct table_map *map, struct mysql_table **out,
		    struct err *e)
{
	struct mysql_table **last = context;

	if (*last == NULL &&
	    mysql_table_new(last, map->database, map->table, mysql_columns_copy(map),
			    map->column_count, map->key, map->key_count, e) < 0)
		return -1;
	*out = *last;
	return 0;
}

static void add_event(struct buffer *log, uint8_t type, const struct buffer *body)
{
	size_t start = log->size;
	uint32_t size = (uint32_t)(body->size + 19 + 4);

	buffer_u32le(log, 1700000000);
	buffer_char(log, (char)type);
	buffer_u32le(log, 1);
	buffer_u32le(log, size);
	buffer_u32le(log, (uint32_t)(start + size));
	buffer_u16le(log, 0);
	buffer_bytes_append(log, buffer_bytes(body));
	buffer_u32le(log, libdeflate_crc32(0, log->data + start, log->size - start));
}

static void add_format(struct buffer *log)
{
	struct buffer body = { 0 };
	uint8_t *at = buffer_grow(&body, 2 + 50 + 4 + 1 + 41 + 1);

	memset(at, 0, body.size);
	at[0] = 4;
	memcpy(at + 2, "9.7.4", 5);
	at[56] = 19;
	memset(at + 57, 8, 41);
	at[57 + 41] = 1;
	add_event(log, 15, &body);
	buffer_release(&body);
}

static void add_table_map(struct buffer *log)
{
	static const uint8_t types[] = { 8, 3, 8, 15, 15, 246, 18, 5 };
	static const uint8_t meta[] = { 80, 0, 160, 0, 12, 2, 6, 8 };
	static const char *const names[] = { "id",   "a",     "b",  "name",
					     "city", "price", "at", "weight" };
	struct buffer body = { 0 };

	buffer_append(&body, "\x2a\0\0\0\0\0\1\0\4shop\0\6orders\0\x08", 8 + 6 + 8 + 1);
	buffer_append(&body, types, sizeof(types));
	buffer_char(&body, sizeof(meta));
	buffer_append(&body, meta, sizeof(meta));
	buffer_char(&body, (char)0xfe);
	buffer_append(&body, "\1\1\0\2\3\xfc\xff\0\4", 9);
	buffer_char(&body, 8 + 2 + 1 + 1 + 4 + 4 + 5 + 2 + 6);
	for (int i = 0; i < 8; i++) {
		buffer_char(&body, (char)strlen(names[i]));
		buffer_text(&body, names[i]);
	}
	buffer_append(&body, "\x08\1\0", 3);
	add_event(log, 19, &body);
	buffer_release(&body);
}

static void add_row(struct buffer *b, uint64_t id)
{
	double weight = (double)id / 7;

	buffer_char(b, 0);
	buffer_u64le(b, id);
	buffer_u32le(b, (uint32_t)(id * 7));
	buffer_u64le(b, id * 1000003);
	buffer_char(b, 18);
	buffer_format(b, "customer-%09llu", (unsigned long long)id);
	buffer_char(b, 20);
	buffer_text(b, "Springfield-upon-Oak");
	buffer_append(b, "\x80\0\0\x01\x2c\x2d", 6);
	buffer_append(b, "\x99\xb4\x1e\x10\x20\x01\x02\x03", 8);
	buffer_append(b, &weight, sizeof(weight));
}

static void make_log(struct buffer *log)
{
	struct buffer body = { 0 };
	uint64_t id = 1;

	buffer_append(log, "\xfe" "bin", 4);
	add_format(log);
	buffer_append(&body, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0BEGIN", 19);
	add_event(log, 2, &body);
	for (uint32_t i = 0; i < EVENTS; i++) {
		if (i % 100 == 0)
			add_table_map(log);
		buffer_clear(&body);
		buffer_append(&body, "\x2a\0\0\0\0\0\0\0\2\0\x08\xff", 12);
		for (uint32_t k = 0; k < ROWS_PER_EVENT; k++)
			add_row(&body, id++);
		add_event(log, 30, &body);
	}
	buffer_clear(&body);
	buffer_u64le(&body, 1);
	add_event(log, 16, &body);
	buffer_release(&body);
}

static bool read_log(struct buffer *log, const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t piece[65536];
	size_t size;

	if (f == NULL)
		return false;
	while ((size = fread(piece, 1, sizeof(piece), f)) > 0)
		buffer_append(log, piece, size);
	fclose(f);
	return true;
}

static int run(struct decoder *d, struct bytes log, struct err *e)
{
	struct mysql_position start = { .file = "binlog.000001", .offset = 4 };
	struct reader r = reader_of(log);

	decoder_set_position(d, &start);
	reader_skip(&r, 4);
	while (reader_left(&r) > 0) {
		struct reader look = r;

		reader_skip(&look, 9);
		if (decoder_event(d, reader_bytes(&r, reader_u32le(&look)), e) < 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct buffer log = { 0 };
	struct charset_list *charsets = charset_list_new();
	struct mysql_table *table = NULL;
	struct sink sink = { .take = take };
	struct decoder_callbacks callbacks = { .table = table_of, .context = &table };
	struct value_policy policy = { .halts = false };
	struct decoder *d = decoder_new(false, charsets, &sink, &callbacks, &policy);
	struct err e = ERR_INIT;
	int64_t start, took;
	int rc;

	charset_bind_collation(charsets, 255, "utf8mb4");
	if (argc < 2)
		make_log(&log);
	else if (!read_log(&log, argv[1]))
		return 1;
	for (int round = 0; round < 3; round++) {
		uint64_t rows = decoder_rows(d);

		start = clock_monotonic_us();
		rc = run(d, buffer_bytes(&log), &e);
		took = clock_monotonic_us() - start;
		if (rc < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		rows = decoder_rows(d) - rows;
		printf("decoder.rows %.2f Mrows/s  %.3f s  %.0f MB/s\n",
		       (double)rows / (double)took, (double)took / 1e6,
		       (double)log.size / (double)took);
	}
	decoder_free(d);
	mysql_table_free(table);
	charset_list_free(charsets);
	buffer_release(&log);
	return 0;
}
