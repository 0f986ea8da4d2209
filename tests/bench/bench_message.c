/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of each format, 8 columns a row, into columns: how many in a second of one core. "bench_message" makes them in
 * memory; "bench_message SECONDS" takes so long for each.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "message/input.h"
#include "message/spark_ddl.h"

#define MESSAGES 2000u

#define COLUMNS                                                                                           \
	"id BIGINT NOT NULL, a INT, b BIGINT, name STRING, city STRING, price DECIMAL(12,2), "            \
	"at TIMESTAMP_NTZ COMMENT 'datetime(3)', weight DOUBLE"
#define DECLARED                                                                                               \
	"{\"type\":\"int64\",\"optional\":false,\"field\":\"id\"},{\"type\":\"int32\",\"optional\":true,\"field\":\"a\"}," \
	"{\"type\":\"int64\",\"optional\":true,\"field\":\"b\"},{\"type\":\"string\",\"optional\":true,\"field\":\"name\"}," \
	"{\"type\":\"string\",\"optional\":true,\"field\":\"city\"},{\"type\":\"bytes\",\"optional\":true,"    \
	"\"name\":\"org.apache.kafka.connect.data.Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\","   \
	"\"connect.decimal.precision\":\"12\"},\"field\":\"price\"},{\"type\":\"int64\",\"optional\":true,"    \
	"\"name\":\"io.debezium.time.Timestamp\",\"version\":1,\"field\":\"at\"},"                             \
	"{\"type\":\"double\",\"optional\":true,\"field\":\"weight\"}"
#define SCHEMA                                                                                              \
	"{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"struct\",\"fields\":[" DECLARED           \
	"],\"optional\":true,\"name\":\"shop.inv.person.Value\",\"field\":\"before\"},{\"type\":\"struct\"," \
	"\"fields\":[" DECLARED "],\"optional\":true,\"name\":\"shop.inv.person.Value\",\"field\":\"after\"}]," \
	"\"optional\":false,\"name\":\"shop.inv.person.Envelope\"},\"payload\":"

static void add_debezium(struct buffer *out, unsigned i)
{
	buffer_format(out,
		      "{\"before\":null,\"after\":{\"id\":%u,\"a\":%u,\"b\":%llu,\"name\":\"customer-%09u\",\"city\":"
		      "\"Springfield-upon-Oak\",\"price\":\"AzQ=\",\"at\":1785578400123,\"weight\":%u.25},",
		      i, i * 7, i * 1000003ull, i, i);
	buffer_text(out, "\"source\":{\"version\":\"3.6.1.Final\",\"connector\":\"mysql\",\"name\":\"shop\",\"ts_ms\":1785578400000,"
			 "\"snapshot\":\"false\",\"db\":\"inv\",\"sequence\":null,\"ts_us\":1785578400000000,"
			 "\"ts_ns\":1785578400000000000,\"table\":\"person\",\"server_id\":223344,"
			 "\"gtid\":\"24bc7850-2c16-11ee-a000-0242ac110002:19\",\"file\":\"mysql-bin.000003\",\"pos\":1021,");
	buffer_text(out, "\"row\":0,\"thread\":11,\"query\":null},\"transaction\":null,\"op\":\"c\",\"ts_ms\":1785578400456,"
			 "\"ts_us\":1785578400456123,\"ts_ns\":1785578400456123000}");
}

static void add_debezium_schema(struct buffer *out, unsigned i)
{
	buffer_text(out, SCHEMA);
	add_debezium(out, i);
	buffer_char(out, '}');
}

static void add_maxwell(struct buffer *out, unsigned i)
{
	buffer_format(out,
		      "{\"database\":\"inv\",\"table\":\"person\",\"type\":\"insert\",\"ts\":1785578400,\"xid\":23396,"
		      "\"commit\":true,\"data\":{\"id\":%u,\"a\":%u,\"b\":%llu,\"name\":\"customer-%09u\",\"city\":"
		      "\"Springfield-upon-Oak\",\"price\":8.20,\"at\":\"2026-08-01 10:00:00.123\",\"weight\":%u.25}}",
		      i, i * 7, i * 1000003ull, i, i);
}

static void add_canal(struct buffer *out, unsigned i)
{
	buffer_format(out,
		      "{\"id\":%u,\"database\":\"inv\",\"table\":\"person\",\"pkNames\":[\"id\"],\"isDdl\":false,\"type\":"
		      "\"INSERT\",\"es\":1785578400000,\"ts\":1785578400456,\"sql\":\"\",\"data\":[{\"id\":\"%u\",\"a\":\"%u\","
		      "\"b\":\"%llu\",\"name\":\"customer-%09u\",\"city\":\"Springfield-upon-Oak\",\"price\":\"8.20\","
		      "\"at\":\"2026-08-01 10:00:00.123\",\"weight\":\"%u.25\"}],\"old\":null}",
		      i, i, i * 7, i * 1000003ull, i, i);
}

static void add_dms(struct buffer *out, unsigned i)
{
	buffer_format(out,
		      "{\"data\":{\"id\":%u,\"a\":%u,\"b\":%llu,\"name\":\"customer-%09u\",\"city\":\"Springfield-upon-Oak\","
		      "\"price\":8.20,\"at\":\"2026-08-01T10:00:00.123Z\",\"weight\":%u.25},\"metadata\":{\"timestamp\":"
		      "\"2026-08-01T10:00:01.000000Z\",\"record-type\":\"data\",\"operation\":\"insert\",",
		      i, i * 7, i * 1000003ull, i, i);
	buffer_text(out, "\"partition-key-type\":\"primary-key\",\"schema-name\":\"inv\",\"table-name\":\"person\","
			 "\"transaction-id\":8589934611,\"commit-timestamp\":\"2026-08-01T10:00:00.000000Z\"}}");
}

static void add_image(struct buffer *out, unsigned i, const char *members)
{
	buffer_format(out, "{\"after_image\":[{\"_action\":\"_%s\",\"_timestamp\":\"2026-08-01 10:00:00.%06u\",\"id\":%u,%s}]}",
		      i % 4 == 0 ? "insert" : "update", i % 1000000, i, members);
}

static void add_full_image(struct buffer *out, unsigned i)
{
	char members[200];

	snprintf(members, sizeof(members), "\"a\":%u,\"b\":%llu,\"name\":\"customer-%09u\",\"city\":\"Springfield-upon-Oak\","
		 "\"price\":8.20,\"at\":\"2026-08-01 10:00:00.123\",\"weight\":%u.25", i * 7, i * 1000003ull, i, i);
	add_image(out, i, members);
}

/* Three columns of eight, in turn. */
static void add_partial_image(struct buffer *out, unsigned i)
{
	char members[100];

	if (i % 2 == 0)
		snprintf(members, sizeof(members), "\"a\":%u,\"name\":\"customer-%09u\",\"price\":8.20", i * 7, i);
	else
		snprintf(members, sizeof(members), "\"b\":%llu,\"city\":\"Springfield-upon-Oak\",\"weight\":%u.25", i * 1000003ull, i);
	add_image(out, i, members);
}

/* What else runs on this machine does not count. */
static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* A run is forgotten when a row does not fit it. */
static int take_rows(struct input *in, struct row_run *run, struct err *e)
{
	int rc;

	while ((rc = input_rows(in, run, e)) == 1)
		row_run_clear(run);
	return rc;
}

/* Everything once; exits when a message is refused. */
static void read_all(struct input *in, struct row_run *run, const struct buffer *all, const size_t *ends)
{
	struct err e = ERR_INIT;
	struct message m;
	size_t start = 0;

	for (unsigned i = 0; i < MESSAGES; start = ends[i++]) {
		struct bytes value = { all->data + start, ends[i] - start };

		if (input_read(in, (struct bytes){ NULL, 0 }, value, &m, &e) < 0 || take_rows(in, run, &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			exit(1);
		}
	}
	row_run_clear(run);
}

static void measure(const char *name, struct input_options o, const char *ddl, void (*add)(struct buffer *, unsigned),
		    double seconds)
{
	static size_t ends[MESSAGES];
	struct buffer all = { 0 };
	struct row_run run = { 0 };
	struct err e = ERR_INIT;
	uint64_t count = 0;
	struct input *in;
	double start, used;

	for (unsigned i = 0; i < MESSAGES; i++) {
		add(&all, i);
		ends[i] = all.size;
	}
	if (ddl != NULL && spark_ddl_parse(&o.schema, ddl, "inv", "person", &e) < 0)
		exit(1);
	in = input_new(&o);
	schema_release(o.schema);
	start = cpu_seconds();
	do {
		read_all(in, &run, &all, ends);
		count += MESSAGES;
		used = cpu_seconds() - start;
	} while (used < seconds);
	printf("%-36s %5zu bytes %9.0f messages/s %7.1f MB/s\n", name, all.size / MESSAGES, (double)count / used,
	       (double)all.size / MESSAGES * (double)count / used / 1e6);
	row_run_release(&run);
	input_free(in);
	buffer_release(&all);
}

int main(int argc, char **argv)
{
	static const char *const key[] = { "id" };
	struct input_options image = { .format = FORMAT_IMAGE, .image_list = IMAGE_LIST, .image_action = IMAGE_ACTION,
				       .image_time = IMAGE_TIME, .key = key, .key_count = 1, .wants_old_key_only = true,
				       .by_event = true, .ahead_us_max = INT64_C(36500) * 86400 * 1000000 };
	double seconds = argc > 1 ? atof(argv[1]) : 2;

	measure("debezium, columns given", (struct input_options){ .format = FORMAT_DEBEZIUM }, COLUMNS, add_debezium, seconds);
	measure("debezium, columns inferred", (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL, add_debezium, seconds);
	measure("debezium, schema in the message", (struct input_options){ .format = FORMAT_DEBEZIUM }, NULL,
		add_debezium_schema, seconds);
	measure("maxwell, columns given", (struct input_options){ .format = FORMAT_MAXWELL }, COLUMNS, add_maxwell, seconds);
	measure("canal, columns given", (struct input_options){ .format = FORMAT_CANAL }, COLUMNS, add_canal, seconds);
	measure("dms, columns given", (struct input_options){ .format = FORMAT_DMS }, COLUMNS, add_dms, seconds);
	measure("image lists, columns given", image, COLUMNS, add_full_image, seconds);
	measure("image lists, columns inferred", image, NULL, add_full_image, seconds);
	image.image = IMAGE_PARTIAL;
	measure("partial image lists, columns given", image, COLUMNS, add_partial_image, seconds);
	image.wants_each_present = true;
	measure("each with its own columns", image, COLUMNS, add_partial_image, seconds);
	return 0;
}
