/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table_view.h"

#include "base/log.h"

int table_view_open(struct table_view *out, const char *path, int64_t version, struct err *e)
{
	char table[600], why[600];

	*out = (struct table_view){ 0 };
	out->store = store_open_directory(path, false, e);
	if (out->store == NULL)
		return -1;
	if (table_open_read(&out->table, out->store, version, e) < 0)
		return err_wrap(e, "table \"%s\"", path);
	if (table_warning(out->table) != NULL)
		log_warn("the table is whole, but its log is not in order", "table=%s why=%s",
			 log_quote(table, sizeof(table), path),
			 log_quote(why, sizeof(why), table_warning(out->table)));
	out->snapshot = table_snapshot(out->table);
	if (out->snapshot->version < 0)
		return err_set(e, ERR_CONFIG,
			       "there is no table in \"%s\": give a table's own folder, such as "
			       "lake/shop/orders", path);
	return 0;
}

void table_view_release(struct table_view *v)
{
	table_close(v->table);
	store_close(v->store);
}
