/* SPDX-License-Identifier: Apache-2.0 */
/* What a table is called in a catalog: "shop.orders", or the last two parts of a folder's path, "…/shop/orders/". */
#ifndef CLI_TABLE_NAME_H
#define CLI_TABLE_NAME_H

struct table_name {
	char *copy; /* holds both */
	const char *namespace, *name;
};

void table_name_take(struct table_name *out, const char *text);
void table_name_release(struct table_name *n);

#endif
