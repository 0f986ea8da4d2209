/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same for a table of any format. */
#include "table/table.h"

#include "base/memory.h"
#include "table/delta/delta.h"

int table_open(struct table **out, struct store *store, const char *app_id, struct err *e)
{
	return delta_open(out, store, app_id, e);
}

int table_open_read(struct table **out, struct store *store, int64_t version, struct err *e)
{
	return delta_open_read(out, store, version, e);
}

void table_history_free(struct history_entry *entries, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		memory_free(entries[i].operation);
		memory_free(entries[i].position);
	}
	memory_free(entries);
}
