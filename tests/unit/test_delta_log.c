/* SPDX-License-Identifier: Apache-2.0 */
/* Logs as others write them, and logs that are damaged. */
#include "base/memory.h"
#include "lib/delta_table.h"
#include "lib/test_lake.h"
#include "lib/test.h"
#include "table/delta/handle.h"
#include "table/json_span.h"

#define ENTRY(n)    "_delta_log/0000000000000000000" #n ".json"
#define PROTOCOL    "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define SCHEMA_OF(type)                                                                  \
	"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\","          \
	"\\\"type\\\":"                                                                  \
	"\\\"" type "\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}"
#define METADATA_OF(type)                                                                \
	"{\"metaData\":{\"id\":\"t\",\"format\":{\"provider\":\"parquet\",\"options\":{" \
	"}},"                                                                            \
	"\"schemaString\":\"" SCHEMA_OF(type) "\",\"partitionColumns\":[],"              \
					      "\"configuration\":{}}}\n"
#define METADATA    METADATA_OF("long")
#define ADD(path, more)                                                              \
	"{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":9,"             \
	"\"modificationTime\":1,\"dataChange\":true" more "}}\n"
#define REMOVE(path, more)                                                               \
	"{\"remove\":{\"path\":\"" path                                                  \
	"\",\"deletionTimestamp\":1,\"dataChange\":true" more "}}\n"
#define STATS(n)    ",\"stats\":\"{\\\"numRecords\\\":" #n "}\""
#define DV(place, n)                                                                 \
	",\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"" place "\","   \
	"\"offset\":1,\"sizeInBytes\":40,\"cardinality\":" #n "}"

static void write_entry(struct test_lake *l, const char *key, const char *text)
{
	enum put_result result;
	struct err e = ERR_INIT;

	must(store_put(l->store, key, bytes_of_text(text), false, &result, &e), &e);
}

static struct table *open_read(struct test_lake *l)
{
	struct err e = ERR_INIT;
	struct table *d;

	must(delta_open_read(&d, l->store, -1, &e), &e);
	return d;
}

static void refused(struct test_lake *l, enum err_kind kind, const char *why)
{
	struct err e = ERR_INIT;
	struct table *d;

	assert_int_equal(delta_open_read(&d, l->store, -1, &e), -1);
	if (e.kind != kind || strstr(e.text, why) == NULL)
		fail_msg("kind %d: \"%s\" does not tell \"%s\"", e.kind, e.text, why);
}

static void a_foreign_table_reads(void **state)
{
	struct test_lake *l = *state;
	const struct snapshot *s;
	struct table *d;

	write_entry(l, ENTRY(0), PROTOCOL METADATA ADD("a%20b.parquet", STATS(7)));
	write_entry(l, ENTRY(1),
		    "{\"unknown\":{\"x\":18446744073709551616}}\n"
		    "{\"add\":null,\"remove\":null}\n\n" ADD("c.parquet", ""));
	d = open_read(l);
	s = table_snapshot(d);
	assert_int_equal(s->version, 1);
	assert_int_equal(s->file_count, 2);
	assert_int_equal(s->files[0].row_count, 7);
	assert_true(s->files[1].row_count == ROWS_UNKNOWN);
	assert_null(s->source_name);
	table_close(d);
}

static void the_order_within_an_entry_does_not_matter(void **state)
{
	struct test_lake *l = *state;
	struct table *d;

	write_entry(l, ENTRY(0), PROTOCOL METADATA ADD("a", STATS(7)) ADD("b", STATS(7)));
	write_entry(l, ENTRY(1), ADD("a", STATS(7) DV("x", 2)) REMOVE("a", ""));
	write_entry(l, ENTRY(2), REMOVE("a", DV("x", 2)) ADD("a", STATS(7) DV("y", 3)));
	/* a remove of a logical file that is not there any more */
	write_entry(l, ENTRY(3), REMOVE("a", DV("x", 2)) REMOVE("b", ""));
	d = open_read(l);
	assert_int_equal(table_snapshot(d)->file_count, 1);
	assert_int_equal(table_snapshot(d)->files[0].dead_count, 3);
	assert_string_equal(delta_of(d)->state.dvs[0].place, "y");
	table_close(d);
}

static void doubled_rows_are_refused(void **state)
{
	struct test_lake *l = *state;

	write_entry(l, ENTRY(0), PROTOCOL METADATA ADD("a", STATS(7)));
	write_entry(l, ENTRY(1), ADD("a", STATS(7) DV("x", 2)));
	refused(l, ERR_DATA, "never removed");
}

static void more_deleted_rows_than_rows_are_refused(void **state)
{
	struct test_lake *l = *state;

	write_entry(l, ENTRY(0), PROTOCOL METADATA ADD("a", STATS(7) DV("x", 8)));
	refused(l, ERR_DATA, "deletes 8 of 7 rows");
}

static void a_gap_is_refused_by_name(void **state)
{
	struct test_lake *l = *state;

	write_entry(l, ENTRY(0), PROTOCOL METADATA);
	write_entry(l, ENTRY(2), ADD("a", ""));
	refused(l, ERR_DATA, "00000000000000000001.json is missing");
	assert_int_equal(store_remove(l->store, ENTRY(0), &(struct err){ 0 }), 0);
	refused(l, ERR_DATA, "00000000000000000000.json is missing");
}

static void every_cut_of_an_entry_is_refused_or_whole(void **state)
{
	static const char entry[] = ADD("a", STATS(7)) ADD("b", STATS(8));
	struct test_lake *l = *state;
	size_t first = strlen(ADD("a", STATS(7)));
	char text[sizeof(entry)];

	write_entry(l, ENTRY(0), PROTOCOL METADATA);
	for (size_t size = 0; size < sizeof(entry) - 1; size++) {
		struct err e = ERR_INIT;
		struct table *d;

		memcpy(text, entry, size);
		text[size] = 0;
		write_entry(l, ENTRY(1), text);
		if (delta_open_read(&d, l->store, -1, &e) == 0) {
			assert_true(size == first || size == first - 1 ||
				    size == sizeof(entry) - 2);
			table_close(d);
			continue;
		}
		assert_int_equal(e.kind, ERR_DATA);
		assert_non_null(strstr(e.text, "00000000000000000001.json"));
		assert_non_null(strstr(e.text, "restore it"));
	}
}

static void every_cut_of_an_entry_of_ours_is_refused(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	char *text, *part;
	size_t whole;

	delta_table_add(d, "a", 3, 1);
	table_close(d);
	text = scratch_read(&l->folder, ENTRY(1), &whole);
	part = memory_copy_text(text);
	for (size_t size = 0; size < whole - 1; size++) {
		struct err e = ERR_INIT;

		memcpy(part, text, size);
		part[size] = 0;
		write_entry(l, ENTRY(1), part);
		assert_int_equal(delta_open_read(&d, l->store, -1, &e), -1);
		assert_int_equal(e.kind, ERR_DATA);
	}
	memory_free(part);
	memory_free(text);
}

static void what_we_cannot_read_is_named(void **state)
{
	static const struct {
		const char *entry, *why;
		enum err_kind kind;
	} cases[] = {
		{ "{\"protocol\":{\"minReaderVersion\":4,\"minWriterVersion\":7}}"
		  "\n" METADATA,
		  "reader version 4", ERR_CONFIG },
		{ "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
		  "\"readerFeatures\":["
		  "\"deletionVectors\",\"variantType\"],\"writerFeatures\":[]}}"
		  "\n" METADATA,
		  "\"variantType\"", ERR_CONFIG },
		{ METADATA, "no protocol", ERR_DATA },
		{ PROTOCOL, "no metaData", ERR_DATA },
		{ PROTOCOL METADATA_OF("variant"), "type variant", ERR_CONFIG },
		{ PROTOCOL METADATA_OF("decimal(39,2)"), "decimal(39,2)", ERR_CONFIG },
		{ PROTOCOL METADATA METADATA, "more than one", ERR_DATA },
		{ PROTOCOL METADATA "[]\n", "line 3", ERR_DATA },
		{ PROTOCOL METADATA "{\"add\":{}}\n", "without a path", ERR_DATA },
		{ PROTOCOL METADATA "{\"add\":{\"path\":\"a\"}}\n", "without its size",
		  ERR_DATA },
		{ PROTOCOL METADATA "{\"txn\":{\"appId\":\"a\"}}\n", "txn without",
		  ERR_DATA },
		{ PROTOCOL METADATA "{\"add\":\n", "damaged JSON", ERR_DATA },
	};
	struct test_lake *l = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_entry(l, ENTRY(0), cases[i].entry);
		refused(l, cases[i].kind, cases[i].why);
	}
}

static void a_foreign_table_is_not_written(void **state)
{
	struct test_lake *l = *state;
	struct err e = ERR_INIT;
	struct table *d;

	write_entry(l, ENTRY(0), PROTOCOL METADATA);
	assert_int_equal(delta_open(&d, l->store, TEST_APP, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "did not make"));
}

static void another_pipelines_table_is_not_written(void **state)
{
	struct test_lake *l = *state;
	struct err e = ERR_INIT;
	struct table *d;

	table_close(delta_table_make(l->store));
	assert_int_equal(delta_open(&d, l->store, "other", &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, TEST_APP));
}

static void a_feature_that_we_cannot_keep_stops_writing_not_reading(void **state)
{
	struct test_lake *l = *state;
	struct err e = ERR_INIT;
	struct table *d;

	table_close(delta_table_make(l->store));
	write_entry(l, ENTRY(1),
		    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,"
		    "\"readerFeatures\":[\"deletionVectors\"],\"writerFeatures\":["
		    "\"deletionVectors\",\"checkConstraints\"]}}\n");
	assert_int_equal(delta_open(&d, l->store, TEST_APP, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_non_null(strstr(e.text, "\"checkConstraints\""));
	table_close(open_read(l));
}

/* The entry's commitInfo is gone, as after a clean-up: only the side copy is left. */
static void drop_commit_info(struct test_lake *l, const char *name)
{
	char *text = scratch_read(&l->folder, name, NULL);

	write_entry(l, name, strchr(text, '\n') + 1);
	memory_free(text);
}

static void the_position_survives_the_loss_of_one_copy(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	const char *side = "_tailrace/positions/00000000000000000001.json";
	struct err e = ERR_INIT;

	delta_table_add(d, "a", 1, 5);
	table_close(d);
	assert_int_equal(store_remove(l->store, side, &e), 0);
	d = delta_table_open(l->store); /* makes the side copy anew */
	assert_string_equal(table_snapshot(d)->position, "{\"at\":5}");
	table_close(d);
	drop_commit_info(l, ENTRY(1));
	d = delta_table_open(l->store);
	assert_string_equal(table_snapshot(d)->position, "{\"at\":5}");
	table_close(d);
	assert_int_equal(store_remove(l->store, side, &e), 0);
	assert_int_equal(delta_open(&d, l->store, TEST_APP, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, "neither in the log nor in"));
}

static void two_copies_that_differ_stop(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	const char *side = "_tailrace/positions/00000000000000000001.json";
	struct err e = ERR_INIT;
	char *text, *at;

	delta_table_add(d, "a", 1, 5);
	table_close(d);
	text = scratch_read(&l->folder, side, NULL);
	at = strstr(text, "{\"at\":5}");
	at[6] = '6';
	write_entry(l, side, text);
	assert_int_equal(delta_open(&d, l->store, TEST_APP, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	assert_non_null(strstr(e.text, "different positions"));
	memory_free(text);
}

static void a_side_copy_of_a_commit_that_lost_is_mended(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);
	const char *side = "_tailrace/positions/00000000000000000001.json";
	char *text;

	delta_table_add(d, "a", 1, 5);
	table_close(d);
	write_entry(l, side,
		    "{\"appId\":\"" TEST_APP "\",\"version\":1,\"txnId\":\"other\","
		    "\"invalidValues\":0,\"position\":{\"at\":9}}");
	d = delta_table_open(l->store);
	assert_string_equal(table_snapshot(d)->position, "{\"at\":5}");
	table_close(d);
	text = scratch_read(&l->folder, side, NULL);
	assert_non_null(strstr(text, "{\"at\":5}"));
	memory_free(text);
}

static void sixteen_side_copies_are_kept(void **state)
{
	struct test_lake *l = *state;
	struct table *d = delta_table_make(l->store);

	for (int i = 1; i < 30; i++)
		delta_table_add(d, "a", 0, i);
	assert_int_equal(scratch_count(&l->folder, "_tailrace/positions", "0"), 16);
	table_close(d);
	write_entry(l, "_tailrace/positions/00000000000000000003.json", "{}");
	table_close(delta_table_open(l->store));
	assert_int_equal(scratch_count(&l->folder, "_tailrace/positions", "0"), 16);
}

static void file_names_of_the_log_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(log_file_parse("00000000000000000012.json").kind, LOG_ENTRY);
	assert_int_equal(log_file_parse("00000000000000000012.json").version, 12);
	assert_int_equal(log_file_parse("00000000000000000012.crc").kind, LOG_OTHER);
	assert_int_equal(
		log_file_parse("00000000000000000001.00000000000000000012.compacted.json")
			.kind,
		LOG_OTHER);
	assert_int_equal(log_file_parse("00000000000000000012.checkpoint.parquet").kind,
			 LOG_CHECKPOINT);
	assert_int_equal(
		log_file_parse("00000000000000000012.checkpoint.0000000002.0000000003"
			       ".parquet")
			.part,
		2);
	assert_int_equal(
		log_file_parse("00000000000000000012.checkpoint.0000000004.0000000003"
			       ".parquet")
			.kind,
		LOG_OTHER);
	assert_int_equal(
		log_file_parse("00000000000000000012.checkpoint.80a083e8-7026-4e79-81be-"
			       "64bd76c43a11.json")
			.kind,
		LOG_CHECKPOINT_UUID);
	assert_int_equal(log_file_parse("99999999999999999999.json").kind, LOG_OTHER);
	assert_int_equal(log_file_parse("_last_checkpoint").version, -1);
	assert_int_equal(log_file_parse("12.json").kind, LOG_OTHER);
}

static void members_are_found_where_they_stand(void **state)
{
	struct bytes value;

	(void)state;
	assert_true(json_span_find(
		BYTES_OF(" { \"a\" : {\"b\":[1,\"}\"]} , \"b\": 12.50 }"), "b", &value));
	assert_int_equal(value.size, 5);
	assert_memory_equal(value.data, "12.50", 5);
	assert_false(json_span_find(BYTES_OF("{\"a\":{\"c\":1}}"), "c", &value));
	assert_false(json_span_find(BYTES_OF("{\"a"), "a", &value));
	assert_false(json_span_find(BYTES_OF("{\"a\\"), "a", &value));
	assert_false(json_span_find(BYTES_OF("[1]"), "a", &value));
	assert_int_equal(
		stats_row_count("{\"minValues\":{\"numRecords\":3},\"numRecords\":4}"),
		4);
	assert_true(stats_row_count("{\"numRecords\":-4}") == ROWS_UNKNOWN);
}

static void statistics_are_widened_in_place(void **state)
{
	struct buffer a = { 0 }, b = { 0 };

	(void)state;
	stats_widen(&a,
		    "{\"numRecords\":3,\"tightBounds\":true,\"minValues\":{\"x\":1.10}}");
	assert_buffer_text(
		a, "{\"numRecords\":3,\"tightBounds\":false,\"minValues\":{\"x\":1.10}}");
	stats_widen(&b, "{\"numRecords\":3}");
	assert_buffer_text(b, "{\"tightBounds\":false,\"numRecords\":3}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAKE_TEST(a_foreign_table_reads),
		LAKE_TEST(the_order_within_an_entry_does_not_matter),
		LAKE_TEST(doubled_rows_are_refused),
		LAKE_TEST(more_deleted_rows_than_rows_are_refused),
		LAKE_TEST(a_gap_is_refused_by_name),
		LAKE_TEST(every_cut_of_an_entry_is_refused_or_whole),
		LAKE_TEST(every_cut_of_an_entry_of_ours_is_refused),
		LAKE_TEST(what_we_cannot_read_is_named),
		LAKE_TEST(a_foreign_table_is_not_written),
		LAKE_TEST(another_pipelines_table_is_not_written),
		LAKE_TEST(a_feature_that_we_cannot_keep_stops_writing_not_reading),
		LAKE_TEST(the_position_survives_the_loss_of_one_copy),
		LAKE_TEST(two_copies_that_differ_stop),
		LAKE_TEST(a_side_copy_of_a_commit_that_lost_is_mended),
		LAKE_TEST(sixteen_side_copies_are_kept),
		cmocka_unit_test(file_names_of_the_log_are_told_apart),
		cmocka_unit_test(members_are_found_where_they_stand),
		cmocka_unit_test(statistics_are_widened_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
