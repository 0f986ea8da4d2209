/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/delta_table.h"

#include "base/memory.h"
#include "lib/test.h"

struct schema *delta_table_schema(void)
{
	struct schema *s = schema_new("shop", "orders");
	const uint32_t key = 0;
	struct field *price;

	schema_add(s, "id", TYPE_LONG, false)->source_type = memory_copy_text("bigint");
	schema_add(s, "name", TYPE_STRING, true);
	price = schema_add(s, "price", TYPE_DECIMAL, true);
	price->precision = 10;
	price->scale = 2;
	schema_set_key(s, &key, 1);
	return s;
}

struct table *delta_table_open(struct store *store)
{
	struct err e = ERR_INIT;
	struct table *d;

	must(delta_open(&d, store, TEST_APP, &e), &e);
	return d;
}

struct table *delta_table_make(struct store *store)
{
	struct schema *schema = delta_table_schema();
	struct table *d = delta_table_open(store);
	enum commit_result result = COMMIT_LOST;
	struct err e = ERR_INIT;

	must(table_create(d, schema, "mysql://db/shop", NULL, &result, &e), &e);
	must(result == COMMIT_DONE ? 0 : -1, &e);
	schema_release(schema);
	return d;
}

struct data_file delta_table_file(const char *path, uint64_t row_count)
{
	static char stats[8][96];
	static unsigned next;
	char *text = stats[next++ % 8];

	snprintf(text, sizeof(stats[0]),
		 "{\"numRecords\":%llu,\"tightBounds\":true,\"minValues\":{}}",
		 (unsigned long long)row_count);
	return (struct data_file){
		.path = (char *)(uintptr_t)path,
		.size_bytes = 1000,
		.row_count = row_count,
		.modified_at_ms = 1700000000000,
		.stats = text,
	};
}

void delta_table_add(struct table *d, const char *prefix, uint32_t count, int position)
{
	struct data_file *files = memory_array(struct data_file, count);
	char(*paths)[64] = memory_take(count, 64);
	enum commit_result result = COMMIT_LOST;
	struct prepared_commit p = { .operation = "MERGE",
				     .added = files,
				     .added_count = count };
	struct err e = ERR_INIT;
	char text[32];

	snprintf(text, sizeof(text), "{\"at\":%d}", position);
	p.position = text;
	for (uint32_t i = 0; i < count; i++) {
		snprintf(paths[i], 64, "%s%u.parquet", prefix, i);
		files[i] = delta_table_file(paths[i], 100);
	}
	must(table_commit(d, &p, &result, &e), &e);
	must(result == COMMIT_DONE ? 0 : -1, &e);
	memory_free(files);
	memory_free(paths);
}

struct row_set *delta_table_rows(uint32_t first, uint32_t count)
{
	struct row_set *rows = row_set_new();

	for (uint32_t i = 0; i < count; i++)
		row_set_add(rows, first + i);
	return rows;
}
