/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of one format: a byte that chooses it and whether the columns are given; with its highest bit set one more, for
 * image lists and event order. Then messages: key and value, each ended by a line break (an empty one is null). The
 * columns given have every type.
 */
#include <stdlib.h>

#include "message/input.h"
#include "message/spark_ddl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS                                                                                             \
	"id BIGINT NOT NULL, a BOOLEAN, b INT, c FLOAT, d DOUBLE, e DECIMAL(12,2), f DECIMAL(38,0), g DATE, " \
	"h TIMESTAMP, i TIMESTAMP_NTZ COMMENT 'datetime(6)', j STRING, k STRING COMMENT 'time(3)', "        \
	"l STRING COMMENT 'vector(3)', m STRING COMMENT 'set', n STRING COMMENT 'enum', o BINARY, "         \
	"p BINARY COMMENT 'geometry', q BIGINT COMMENT 'bit(9)', r DECIMAL(20,0) COMMENT 'bigint unsigned', " \
	"s STRING COMMENT 'decimal(65,30)'"

/* The next line; null when it is empty. */
static struct bytes take_line(struct reader *r)
{
	const uint8_t *start = r->at;

	while (r->at < r->end && *r->at != '\n')
		r->at++;
	if (r->at == start) {
		reader_skip(r, r->at < r->end);
		return (struct bytes){ NULL, 0 };
	}
	reader_skip(r, r->at < r->end);
	return (struct bytes){ start, (size_t)(r->at - start) - (r->at[-1] == '\n') };
}

static void read_all(struct input *in, struct reader *r)
{
	struct row_run run = { 0 };
	struct message m;

	while (r->at < r->end) {
		struct bytes key = take_line(r), value = take_line(r);
		struct err e = ERR_INIT;
		int rc = input_read(in, key, value, &m, &e);

		while (rc == 0 && (rc = input_rows(in, &run, &e)) == 1) {
			if (run.count == 0)
				abort();
			row_run_clear(&run);
			rc = 0;
		}
		if (rc == 0 && m.kind == MESSAGE_ROWS && m.row_count > 0 && run.count == 0)
			abort();
		(void)format_detect(value);
	}
	row_run_release(&run);
}

static void choose_more(struct input_options *o, uint8_t more)
{
	static const char *const key[] = { "id" }, *const order_by[] = { "b" };

	o->format = (enum message_format)((more & 7) % FORMATS);
	o->by_event = (more & 8) != 0;
	o->image = (more & 16) != 0 ? IMAGE_PARTIAL : IMAGE_FULL;
	o->is_key_optional = (more & 32) != 0 && !o->by_event;
	o->wants_old_key_only = (more & 32) == 0;
	o->wants_each_present = more >> 7 == 0;
	o->image_list = IMAGE_LIST;
	o->image_action = IMAGE_ACTION;
	o->image_time = IMAGE_TIME;
	o->key = key;
	o->key_count = (more & 64) == 0;
	o->order_by = order_by;
	o->order_by_count = more >> 7;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of((struct bytes){ data, size });
	uint8_t first = reader_u8(&r);
	struct input_options o = { .format = (enum message_format)(first & 3),
				   .decimals = (enum input_decimals)(first >> 3 & 1),
				   .times = (enum input_times)((first >> 4 & 7) % 5) };
	struct err e = ERR_INIT;
	struct input *in;

	if ((first & 128) != 0)
		choose_more(&o, reader_u8(&r));
	if ((first & 4) != 0 && spark_ddl_parse(&o.schema, COLUMNS, "d", "t", &e) < 0)
		abort();
	in = input_new(&o);
	schema_release(o.schema);
	read_all(in, &r);
	input_free(in);
	return 0;
}
