/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta tables that other writers made: versions, files and rows as delta-rs and Delta Kernel find them, or the
 * reason why we do not read them. The tables are not part of the tree: CORPORA names their folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/test.h"
#include "table/delta/delta.h"

/* Rows are live ones; those of files without statistics are not counted. */
static const struct readable {
	const char *folder;
	int64_t version;
	uint32_t file_count;
	uint64_t row_count;
} readable[] = {
	{ "delta-golden/124-decimal-decode-bug", 0, 2, 0 },
	{ "delta-golden/125-iterator-bug", 11, 12, 0 },
	{ "delta-golden/basic-decimal-table", 0, 4, 4 },
	{ "delta-golden/basic-decimal-table-legacy", 0, 4, 4 },
	{ "delta-golden/basic-with-inserts-deletes-checkpoint", 13, 7, 41 },
	{ "delta-golden/basic-with-inserts-merge", 1, 1, 140 },
	{ "delta-golden/basic-with-inserts-overwrite-restore", 3, 4, 200 },
	{ "delta-golden/basic-with-inserts-updates", 1, 2, 100 },
	{ "delta-golden/basic-with-vacuum-protocol-check-feature", 1, 2, 100 },
	{ "delta-golden/checkpoint", 14, 1, 0 },
	{ "delta-golden/collations-preview-table", 0, 0, 0 },
	{ "delta-golden/collations-table", 0, 0, 0 },
	{ "delta-golden/commit-info-containing-arbitrary-operationParams-types", 2, 2, 2 },
	{ "delta-golden/corrupted-last-checkpoint-kernel", 11, 2, 100 },
	{ "delta-golden/data-reader-date-types-America", -1, 0, 0 },
	{ "delta-golden/data-reader-date-types-Asia", -1, 0, 0 },
	{ "delta-golden/data-reader-date-types-Etc", -1, 0, 0 },
	{ "delta-golden/data-reader-date-types-Iceland", 0, 2, 0 },
	{ "delta-golden/data-reader-date-types-JST", 0, 2, 0 },
	{ "delta-golden/data-reader-date-types-PST", 0, 2, 0 },
	{ "delta-golden/data-reader-date-types-UTC", 0, 2, 0 },
	{ "delta-golden/data-reader-escaped-chars", 2, 3, 0 },
	{ "delta-golden/data-reader-primitives", 0, 2, 0 },
	{ "delta-golden/data-reader-timestamp_ntz", 1, 4, 9 },
	{ "delta-golden/data-skipping-basic-stats-all-types", 0, 1, 1 },
	{ "delta-golden/data-skipping-basic-stats-all-types-checkpoint", 0, 1, 1 },
	{ "delta-golden/data-skipping-change-stats-collected-across-versions", 4, 3, 3 },
	{ "delta-golden/data-skipping-partition-and-data-column", 3, 4, 4 },
	{ "delta-golden/decimal-various-scale-precision", 0, 1, 3 },
	{ "delta-golden/delete-re-add-same-file-different-transactions", 3, 2, 0 },
	{ "delta-golden/deltalog-getChanges", 2, 0, 0 },
	{ "delta-golden/dv-partitioned-with-checkpoint", 15, 15, 35 },
	{ "delta-golden/hive", -1, 0, 0 },
	{ "delta-golden/kernel-timestamp-INT96", 0, 5, 5 },
	{ "delta-golden/kernel-timestamp-PST", 0, 5, 5 },
	{ "delta-golden/kernel-timestamp-TIMESTAMP_MICROS", 0, 5, 5 },
	{ "delta-golden/kernel-timestamp-TIMESTAMP_MILLIS", 0, 5, 5 },
	{ "delta-golden/kernel-timestamp-partition-col-ISO8601", 0, 2, 2 },
	{ "delta-golden/log-replay-dv-key-cases", 3, 1, 47 },
	{ "delta-golden/log-replay-latest-metadata-protocol", 2, 4, 40 },
	{ "delta-golden/log-replay-special-characters", 1, 0, 0 },
	{ "delta-golden/log-replay-special-characters-a", 1, 0, 0 },
	{ "delta-golden/log-replay-special-characters-b", 0, 1, 0 },
	{ "delta-golden/log-store-listFrom", -1, 0, 0 },
	{ "delta-golden/log-store-read", -1, 0, 0 },
	{ "delta-golden/multi-part-checkpoint", 1, 10, 31 },
	{ "delta-golden/no-delta-log-folder", -1, 0, 0 },
	{ "delta-golden/only-checkpoint-files", 2, 7, 25 },
	{ "delta-golden/parquet-decimal-dictionaries", 0, 1, 1000000 },
	{ "delta-golden/parquet-decimal-dictionaries-v1", 0, 1, 1000000 },
	{ "delta-golden/parquet-decimal-dictionaries-v2", 0, 1, 1000000 },
	{ "delta-golden/snapshot-data0", 0, 2, 0 },
	{ "delta-golden/snapshot-data1", 1, 4, 0 },
	{ "delta-golden/snapshot-data2", 2, 2, 0 },
	{ "delta-golden/snapshot-data2-deleted", 4, 3, 0 },
	{ "delta-golden/snapshot-data3", 3, 4, 0 },
	{ "delta-golden/snapshot-repartitioned", 5, 2, 0 },
	{ "delta-golden/snapshot-vacuumed", 5, 2, 0 },
	{ "delta-golden/time-travel-partition-changes-a", 0, 10, 0 },
	{ "delta-golden/time-travel-partition-changes-b", 1, 4, 0 },
	{ "delta-golden/time-travel-schema-changes-a", 0, 2, 0 },
	{ "delta-golden/time-travel-schema-changes-b", 1, 4, 0 },
	{ "delta-golden/time-travel-start", 0, 2, 0 },
	{ "delta-golden/time-travel-start-start20", 1, 4, 0 },
	{ "delta-golden/time-travel-start-start20-start40", 2, 6, 0 },
	{ "delta-golden/v2-checkpoint-json", 2, 4, 10 },
	{ "delta-golden/v2-checkpoint-parquet", 2, 4, 10 },
	{ "delta-rs/cdf-table-with-cdc-and-dvs", 25, 2, 5 },
	{ "delta-rs/checkpoint-v2-table", 9, 8, 44 },
	{ "delta-rs/table-with-dv-small", 1, 1, 8 },
	{ "delta-rs/table-without-dv-small", 0, 1, 10 },
	{ "delta-kernel-rs/app-txn-checkpoint", 1, 4, 22 },
	{ "delta-kernel-rs/app-txn-no-checkpoint", 1, 4, 22 },
	{ "delta-kernel-rs/app-txn-with-last-updated", 3, 4, 8 },
	{ "delta-kernel-rs/basic-decimal-table", 0, 4, 4 },
	{ "delta-kernel-rs/basic_partitioned", 1, 6, 6 },
	{ "delta-kernel-rs/crc-full", 0, 0, 0 },
	{ "delta-kernel-rs/crc-malformed", -1, 0, 0 },
	{ "delta-kernel-rs/data-reader-timestamp_ntz", 1, 4, 9 },
	{ "delta-kernel-rs/external-table-different-nullability", 5, 3, 7 },
	{ "delta-kernel-rs/mixed-nulls", 0, 3, 15 },
	{ "delta-kernel-rs/parsed-stats", 5, 6, 600 },
	{ "delta-kernel-rs/partition_cm", -1, 0, 0 },
	{ "delta-kernel-rs/partitioned_with_materialize_feature", 1, 6, 6 },
	{ "delta-kernel-rs/stats-writing-all-types", -1, 0, 0 },
	{ "delta-kernel-rs/table-with-cdf", 4, 0, 0 },
	{ "delta-kernel-rs/table-with-dv-small", 1, 1, 8 },
	{ "delta-kernel-rs/table-without-dv-small", 0, 1, 10 },
	{ "delta-kernel-rs/timestamp-truncation-stats", 2, 3, 6 },
	{ "delta-kernel-rs/v1-multi-part-partitioned-struct-stats-only", 5, 5, 5 },
	{ "delta-kernel-rs/v1-multi-part-struct-stats-only", 5, 5, 5 },
	{ "delta-kernel-rs/v1-single-part-struct-stats-only", 5, 5, 5 },
	{ "delta-kernel-rs/v2-classic-parquet-struct-stats-only", 5, 5, 5 },
	{ "delta-kernel-rs/v2-json-sidecars-struct-stats-only", 5, 5, 5 },
	{ "delta-kernel-rs/v2-parquet-sidecars-struct-stats-only", 5, 5, 5 },
	{ "delta-kernel-rs/with-short-dv", 0, 2, 7 },
	{ "delta-kernel-rs/with_checkpoint_no_last_checkpoint", 3, 1, 5 },
};

static const struct refused {
	const char *folder;
	enum err_kind kind;
	const char *why;
} refused[] = {
	{ "delta-golden/canonicalized-paths-normal-a", ERR_DATA, "has no schemaString" },
	{ "delta-golden/canonicalized-paths-normal-b", ERR_DATA, "has no schemaString" },
	{ "delta-golden/canonicalized-paths-special-a", ERR_DATA, "has no schemaString" },
	{ "delta-golden/canonicalized-paths-special-b", ERR_DATA, "has no schemaString" },
	{ "delta-golden/corrupted-last-checkpoint", ERR_DATA, "has no schemaString" },
	{ "delta-golden/data-reader-absolute-paths-escaped-chars", ERR_DATA, "has no metaData" },
	{ "delta-golden/data-reader-array-complex-objects", ERR_CONFIG, "is of type array" },
	{ "delta-golden/data-reader-array-primitives", ERR_CONFIG, "is of type array" },
	{ "delta-golden/data-reader-map", ERR_CONFIG, "is of type map" },
	{ "delta-golden/data-reader-nested-struct", ERR_CONFIG, "is of type struct" },
	{ "delta-golden/data-reader-nullable-field-invalid-schema-key", ERR_CONFIG, "is of type array" },
	{ "delta-golden/data-reader-partition-values", ERR_CONFIG, "is of type array" },
	{ "delta-golden/data-reader-timestamp_ntz-id-mode", ERR_CONFIG, "column mapping by id" },
	{ "delta-golden/data-reader-timestamp_ntz-name-mode", ERR_CONFIG, "is stored under the name" },
	{ "delta-golden/data-skipping-basic-stats-all-types-columnmapping-id", ERR_CONFIG, "column mapping by id" },
	{ "delta-golden/data-skipping-basic-stats-all-types-columnmapping-name", ERR_CONFIG, "is stored under the name" },
	{ "delta-golden/deltalog-commit-info", ERR_DATA, "has no schemaString" },
	{ "delta-golden/deltalog-invalid-protocol-version", ERR_CONFIG, "reader version 99" },
	{ "delta-golden/deltalog-state-reconstruction-from-checkpoint-missing-metadata", ERR_DATA, "has no metaData" },
	{ "delta-golden/deltalog-state-reconstruction-from-checkpoint-missing-protocol", ERR_DATA, "has no protocol" },
	{ "delta-golden/deltalog-state-reconstruction-without-metadata", ERR_DATA, "has no metaData" },
	{ "delta-golden/deltalog-state-reconstruction-without-protocol", ERR_DATA, "has no protocol" },
	{ "delta-golden/dv-with-columnmapping", ERR_CONFIG, "is stored under the name" },
	{ "delta-golden/parquet-all-types", ERR_CONFIG, "is of type struct" },
	{ "delta-golden/parquet-all-types-legacy-format", ERR_CONFIG, "is of type struct" },
	{ "delta-golden/spark-variant-checkpoint", ERR_CONFIG, "reader feature \"variantType-preview\"" },
	{ "delta-golden/table-with-columnmapping-mode-id", ERR_CONFIG, "column mapping by id" },
	{ "delta-golden/table-with-columnmapping-mode-name", ERR_CONFIG, "is stored under the name" },
	{ "delta-golden/table-with-icebegCompatV2Enabled", ERR_CONFIG, "column mapping by id" },
	{ "delta-golden/type-widening", ERR_CONFIG, "reader feature \"typeWidening-preview\"" },
	{ "delta-golden/type-widening-nested", ERR_CONFIG, "reader feature \"typeWidening-preview\"" },
	{ "delta-golden/update-deleted-directory", ERR_DATA, "has no schemaString" },
	{ "delta-golden/versions-not-contiguous", ERR_DATA, "00000000000000000001.json is missing" },
	{ "delta-rs/table_with_column_mapping", ERR_CONFIG, "is stored under the name" },
	{ "delta-rs/table_with_partitioning_mapping", ERR_CONFIG, "is stored under the name" },
	{ "delta-kernel-rs/parquet_row_group_skipping", ERR_CONFIG, "is of type struct" },
	{ "delta-kernel-rs/table-with-geo", ERR_CONFIG, "reader feature \"geospatial\"" },
	{ "delta-kernel-rs/type-widening", ERR_CONFIG, "reader feature \"typeWidening-preview\"" },
	{ "delta-kernel-rs/void-column", ERR_CONFIG, "is of type void" },
};

static struct store *open_folder(const char *corpora, const char *folder)
{
	struct err e = ERR_INIT;
	struct store *store;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", corpora, folder);
	store = store_open_directory(path, false, &e);
	if (store == NULL)
		fail_msg("%s", e.text);
	return store;
}

static void check_partition(const struct schema *s, const struct data_file *f, const char *folder)
{
	struct columns row;

	columns_init(&row, s);
	for (uint32_t i = 0; i < s->partition_count; i++) {
		const struct partition_field *p = &s->partition[i];
		struct err e = ERR_INIT;

		if (partition_cell(&row.columns[p->field], &s->fields[p->field], text_map_get(&f->partition, p->name), &e) < 0)
			fail_msg("%s: %s", folder, e.text);
	}
	columns_release(&row);
}

/* Live rows; every deletion vector and partition value is read and checked on the way. */
static uint64_t count_rows(struct table *d, const char *folder)
{
	const struct snapshot *s = table_snapshot(d);
	uint64_t count = 0;

	for (uint32_t i = 0; i < s->file_count; i++) {
		struct row_set *dead = NULL;
		struct err e = ERR_INIT;

		if (table_read_dv(d, i, &dead, &e) < 0)
			fail_msg("%s: %s", folder, e.text);
		if (s->files[i].row_count != ROWS_UNKNOWN)
			count += s->files[i].row_count - row_set_count(dead);
		row_set_free(dead);
		check_partition(s->schema, &s->files[i], folder);
	}
	return count;
}

static void tables_of_others_read_as_others_read_them(void **state)
{
	const char *corpora = getenv("CORPORA");

	(void)state;
	if (corpora == NULL) {
		printf("# CORPORA is not set: tables of other writers are not read\n");
		return;
	}
	for (size_t i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
		const struct readable *r = &readable[i];
		struct store *store = open_folder(corpora, r->folder);
		struct err e = ERR_INIT;
		struct table *d;

		if (delta_open_read(&d, store, -1, &e) < 0)
			fail_msg("%s: %s", r->folder, e.text);
		if (table_snapshot(d)->version != r->version ||
		    table_snapshot(d)->file_count != r->file_count ||
		    count_rows(d, r->folder) != r->row_count)
			fail_msg("%s: version %lld, %u files", r->folder,
				 (long long)table_snapshot(d)->version,
				 table_snapshot(d)->file_count);
		table_close(d);
		store_close(store);
	}
}

static void tables_that_we_cannot_read_are_refused_by_name(void **state)
{
	const char *corpora = getenv("CORPORA");

	(void)state;
	if (corpora == NULL)
		return;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const struct refused *r = &refused[i];
		struct store *store = open_folder(corpora, r->folder);
		struct err e = ERR_INIT;
		struct table *d;

		if (delta_open_read(&d, store, -1, &e) == 0)
			fail_msg("%s was read", r->folder);
		if (e.kind != r->kind || strstr(e.text, r->why) == NULL)
			fail_msg("%s: \"%s\" does not tell \"%s\"", r->folder, e.text, r->why);
		store_close(store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_others_read_as_others_read_them),
		cmocka_unit_test(tables_that_we_cannot_read_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
