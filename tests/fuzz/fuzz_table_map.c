/* SPDX-License-Identifier: Apache-2.0 */
/* A TABLE_MAP's body, and a table made from it. */
#include "source/mysql/table_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct charset_list *charsets = charset_list_new();
	struct arena arena = { .limit = (size_t)64 << 20 };
	struct mysql_table *table = NULL;
	struct table_map map;
	struct err e = ERR_INIT;

	charset_bind_collation(charsets, 255, "utf8mb4");
	if (table_map_parse(&map, (struct bytes){ data, size }, 6, true, charsets, &arena,
			    &e) == 0 &&
	    map.has_names &&
	    mysql_table_new(&table, map.database, map.table, mysql_columns_copy(&map),
			    map.column_count, map.key, map.key_count, &e) == 0)
		mysql_table_free(table);
	arena_release(&arena);
	charset_list_free(charsets);
	return 0;
}
