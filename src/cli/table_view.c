/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table_view.h"

int table_view_open(struct table_view *out, const char *path, int64_t version, struct err *e)
{
	*out = (struct table_view){ 0 };
	out->store = store_open_directory(path, false, e);
	if (out->store == NULL)
		return -1;
	if (delta_open_read(&out->delta, out->store, version, e) < 0)
		return err_wrap(e, "table \"%s\"", path);
	out->snapshot = delta_snapshot(out->delta);
	if (out->snapshot->version < 0)
		return err_set(e, ERR_CONFIG,
			       "there is no Delta table in \"%s\": give a table's own folder, such as "
			       "lake/shop/orders", path);
	return 0;
}

void table_view_release(struct table_view *v)
{
	delta_close(v->delta);
	store_close(v->store);
}
