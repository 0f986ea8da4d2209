/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions of a log can still be read, and how a reader goes from one to the next. */
#include "lib/test.h"
#include "lib/test_lake.h"
#include "table/delta/delta.h"
#include "table/delta/log.h"

#define ENTRY(n)      "_delta_log/0000000000000000000" #n ".json"
#define CHECKPOINT(n) "_delta_log/0000000000000000000" #n ".checkpoint.parquet"
#define PART(n, i)    "_delta_log/0000000000000000000" #n ".checkpoint.000000000" #i ".0000000002.parquet"
#define SCHEMA(more)                                                                                                            \
	"{\"metaData\":{\"id\":\"t\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":"     \
	"\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"a\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata"    \
	"\\\":{}}" more "]}\",\"partitionColumns\":[],\"configuration\":{}}}\n"
#define COLUMN_B ",{\\\"name\\\":\\\"b\\\",\\\"type\\\":\\\"string\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}"
#define PROTOCOL "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define ADD(path, more)                                                                                                         \
	"{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":9,\"modificationTime\":1,\"dataChange\":true,\"stats\":" \
	"\"{\\\"numRecords\\\":7}\"" more "}}\n"
#define REMOVE(path, more) "{\"remove\":{\"path\":\"" path "\",\"deletionTimestamp\":1,\"dataChange\":true" more "}}\n"
#define DV                                                                                                                      \
	",\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"00000000000000000000\",\"offset\":1,\"sizeInBytes\":40," \
	"\"cardinality\":2}"
#define DV_FILE "deletion_vector_00000000-0000-0000-0000-000000000000.bin"

static void put(struct test_lake *l, const char *key, const char *text)
{
	enum put_result result;
	struct err e = ERR_INIT;

	must(store_put(l->store, key, bytes_of_text(text), false, &result, &e), &e);
}

static void the_oldest_version_is_behind_every_gap(void **state)
{
	static const struct {
		const char *keys[6];
		int64_t oldest;
	} cases[] = {
		{ { NULL }, -1 },
		{ { ENTRY(0), ENTRY(1) }, 0 },
		{ { ENTRY(0), CHECKPOINT(1), ENTRY(1), ENTRY(2) }, 0 },
		{ { CHECKPOINT(1), ENTRY(1), ENTRY(2), CHECKPOINT(3), ENTRY(3) }, 1 },
		{ { CHECKPOINT(1), ENTRY(2) }, 1 },
		{ { ENTRY(2), CHECKPOINT(3), ENTRY(3), ENTRY(4) }, 3 },
		{ { ENTRY(0), ENTRY(1), ENTRY(3), CHECKPOINT(4), ENTRY(5) }, 4 },
		{ { ENTRY(0), CHECKPOINT(2), ENTRY(2), ENTRY(3) }, 2 },
		{ { ENTRY(0), CHECKPOINT(1), ENTRY(2), CHECKPOINT(4) }, 4 },
		{ { PART(1, 1), ENTRY(1), PART(2, 1), PART(2, 2), ENTRY(2) }, 2 },
		{ { ENTRY(1), ENTRY(2) }, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct test_lake l;
		struct err e = ERR_INIT;
		int64_t oldest = -2;

		test_lake_open(&l);
		for (int k = 0; k < 6 && cases[i].keys[k] != NULL; k++)
			put(&l, cases[i].keys[k], "{}");
		must(log_find_oldest(&oldest, l.store, &e), &e);
		if (oldest != cases[i].oldest)
			fail_msg("case %zu: %lld", i, (long long)oldest);
		test_lake_close(&l);
	}
}

/* Versions 0 to 4: a; a and b; b with deleted rows; c; c with a second column. */
static void put_versions(struct test_lake *l)
{
	put(l, ENTRY(0), PROTOCOL SCHEMA("") ADD("a%20a", ""));
	put(l, ENTRY(1), ADD("b", ""));
	put(l, ENTRY(2), REMOVE("a%20a", "") REMOVE("b", "") ADD("b", DV));
	put(l, ENTRY(3), REMOVE("b", DV) ADD("c", ""));
	put(l, ENTRY(4), SCHEMA(COLUMN_B));
	put(l, "a a", "-");
	put(l, "b", "-");
	put(l, "c", "-");
	put(l, DV_FILE, "-");
}

static void assert_first(struct test_lake *l, int64_t from, int64_t wanted)
{
	struct err e = ERR_INIT;
	int64_t first;

	must(delta_find_readable(&first, l->store, from, &e), &e);
	assert_int_equal(first, wanted);
}

static void remove_object(struct test_lake *l, const char *key)
{
	struct err e = ERR_INIT;

	must(store_remove(l->store, key, &e), &e);
}

static void a_version_without_its_files_cannot_be_read_nor_those_before(void **state)
{
	struct test_lake *l = *state;
	struct err e = ERR_INIT;
	int64_t first;

	put_versions(l);
	assert_first(l, 0, 0);
	assert_first(l, 2, 2);
	assert_int_equal(delta_find_readable(&first, l->store, 5, &e), -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	remove_object(l, "a a");
	assert_first(l, 0, 2);
	remove_object(l, DV_FILE);
	assert_first(l, 0, 3);
	assert_first(l, 1, 3);
	remove_object(l, "c");
	assert_first(l, 0, 5);
}

static void versions_are_read_one_after_the_other(void **state)
{
	static const uint32_t files[] = { 1, 2, 1, 1, 1 };
	struct test_lake *l = *state;
	struct err e = ERR_INIT;
	struct table *t;

	put_versions(l);
	must(delta_open_read(&t, l->store, 0, &e), &e);
	for (int v = 0; v <= 4; v++) {
		assert_int_equal(table_snapshot(t)->version, v);
		assert_int_equal(table_snapshot(t)->file_count, files[v]);
		assert_int_equal(table_snapshot(t)->schema->field_count, v < 4 ? 1 : 2);
		assert_int_equal(table_advance(t, &e), v < 4 ? 0 : 1);
	}
	put(l, ENTRY(5), "{");
	assert_int_equal(table_advance(t, &e), -1);
	assert_int_equal(e.kind, ERR_DATA);
	table_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_version_is_behind_every_gap),
		LAKE_TEST(a_version_without_its_files_cannot_be_read_nor_those_before),
		LAKE_TEST(versions_are_read_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
