/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for a table of any format. */
#include "table/table.h"

#include <string.h>

#include "base/memory.h"
#include "table/delta/delta.h"
#include "table/iceberg/iceberg.h"

static int hex_digit(int c)
{
	int lower = c | 0x20;

	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char *table_file_key(const char *path)
{
	char *key = memory_copy_text(path), *to = key;

	for (const char *at = path; *at != 0; at++) {
		int high = *at == '%' ? hex_digit(at[1]) : -1, low = high >= 0 ? hex_digit(at[2]) : -1;

		*to++ = low >= 0 ? (char)(high * 16 + low) : *at;
		at += low >= 0 ? 2 : 0;
	}
	*to = 0;
	return key;
}

/* Whether an object in the folder has this in its name. */
static int has_object(struct store *store, const char *folder, const char *part, bool *out, struct err *e)
{
	struct store_list l;

	if (store_list(store, folder, NULL, &l, e) < 0)
		return -1;
	*out = false;
	for (size_t i = 0; i < l.count && !*out; i++)
		*out = strstr(l.objects[i].key, part) != NULL;
	store_list_release(&l);
	return 0;
}

int table_find_format(struct store *store, enum table_format *out, struct err *e)
{
	bool is_delta, is_iceberg;

	if (has_object(store, "_delta_log", "", &is_delta, e) < 0 ||
	    has_object(store, "metadata", ".metadata.json", &is_iceberg, e) < 0)
		return -1;
	if (is_delta && is_iceberg)
		return err_set(e, ERR_CONFIG, "the folder has a Delta table (_delta_log) and an Iceberg table (metadata) beside each other: "
			       "move one of them away");
	*out = is_delta ? TABLE_DELTA : is_iceberg ? TABLE_ICEBERG : TABLE_NONE;
	return 0;
}

int table_open(struct table **out, struct store *store, const char *app_id, struct err *e)
{
	enum table_format format;

	if (table_find_format(store, &format, e) < 0)
		return -1;
	if (format == TABLE_ICEBERG)
		return err_set(e, ERR_CONFIG, "an Iceberg table is there: choose another folder, or --table-format iceberg");
	return delta_open(out, store, app_id, e);
}

int table_open_read(struct table **out, struct store *store, int64_t version, struct err *e)
{
	enum table_format format;

	if (table_find_format(store, &format, e) < 0)
		return -1;
	return format == TABLE_ICEBERG ? iceberg_open_read(out, store, version, e) : delta_open_read(out, store, version, e);
}

int table_find_readable(int64_t *out, struct store *store, int64_t from, struct err *e)
{
	return delta_find_readable(out, store, from, e);
}

void table_history_free(struct history_entry *entries, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		memory_free(entries[i].operation);
		memory_free(entries[i].position);
	}
	memory_free(entries);
}
