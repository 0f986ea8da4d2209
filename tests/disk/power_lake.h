/* SPDX-License-Identifier: Apache-2.0 */
/* The lake of the tests of cuts and kills: two tables, orders by key and notes without one, always the same transactions. */
#ifndef DISK_POWER_LAKE_H
#define DISK_POWER_LAKE_H

#include <stdbool.h>

#include "base/err.h"

#define POWER_LAST 9 /* transactions */

enum { ORDERS, NOTES, POWER_TABLES };
extern const char *const power_tables[POWER_TABLES]; /* names, in "shop" */

struct power_lake {
	const char *format; /* --table-format */
	int iceberg_version;
	bool has_catalog;   /* Iceberg's, of SQLite, beside the lake */
};

/* Follows the transactions to `last`, from where the tables are; each is marked as acknowledged once it was flushed. */
int power_lake_write(const struct power_lake *l, const char *folder, int last, struct err *e);
/* Every table is the model at its position, which is `acknowledged` or later; else *e says what is wrong. */
int power_lake_check(const struct power_lake *l, const char *folder, int acknowledged, struct err *e);

#endif
