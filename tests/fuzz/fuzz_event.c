/* SPDX-License-Identifier: Apache-2.0 */
/* A whole log file: frames, table maps, rows, groups, XA. Checksums are put right first,
 * so that bytes get past them. */
#include <libdeflate.h>
#include <string.h>

#include "base/memory.h"
#include "source/mysql/decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(struct sink *s, const struct change *c, struct err *e)
{
	(void)s;
	(void)e;
	if (c->kind == CHANGE_ROWS && c->rows.after != NULL &&
	    c->rows.after->row_count != c->rows.count)
		__builtin_trap();
	return 0;
}

struct tables {
	struct mysql_table *all[64];
	uint32_t count;
};

static int table_of(void *context, const struct table_map *map, struct mysql_table **out,
		    struct err *e)
{
	struct tables *t = context;

	*out = NULL;
	if (!map->has_names || t->count == 64)
		return 0;
	if (mysql_table_new(&t->all[t->count], map->database, map->table,
			    mysql_columns_copy(map), map->column_count, map->key,
			    map->key_count, e) < 0)
		return -1;
	*out = t->all[t->count++];
	return 0;
}

/* One event with a checksum that fits, when it is large enough to have one. */
static void mend(uint8_t *event, size_t size)
{
	uint32_t crc;

	if (size < 23)
		return;
	crc = libdeflate_crc32(0, event, size - 4);
	memcpy(event + size - 4, &crc, sizeof(crc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct charset_list *charsets = charset_list_new();
	struct sink sink = { .take = take, .wants_before = size % 2 == 0 };
	struct tables tables = { .count = 0 };
	struct decoder_callbacks callbacks = { .table = table_of, .context = &tables };
	struct value_policy policy = { .halts = false };
	struct decoder *d =
		decoder_new(size % 3 == 0, charsets, &sink, &callbacks, &policy);
	struct mysql_position start = { .file = "f.1", .offset = 4 };
	uint8_t *copy = memory_copy(data, size);
	struct reader r = reader_of((struct bytes){ copy, size });
	struct err e = ERR_INIT;

	charset_bind_collation(charsets, 255, "utf8mb4");
	charset_bind_collation(charsets, 45, "utf8mb4");
	decoder_set_position(d, &start);
	while (reader_left(&r) > 0) {
		struct reader look = r;
		uint32_t event_size;

		reader_skip(&look, 9);
		event_size = reader_u32le(&look);
		if (look.short_read || event_size == 0 || event_size > reader_left(&r))
			event_size = (uint32_t)reader_left(&r);
		mend(copy + (r.at - copy), event_size);
		if (decoder_event(d, reader_bytes(&r, event_size), &e) < 0)
			break;
	}
	decoder_free(d);
	for (uint32_t i = 0; i < tables.count; i++)
		mysql_table_free(tables.all[i]);
	charset_list_free(charsets);
	memory_free(copy);
	return 0;
}
