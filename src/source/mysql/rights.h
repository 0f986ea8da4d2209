/* SPDX-License-Identifier: Apache-2.0 */
/* SHOW GRANTS, read back: which rights a user has where. */
#ifndef SOURCE_MYSQL_RIGHTS_H
#define SOURCE_MYSQL_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct right {
	char *name;             /* "REPLICATION SLAVE"; "ALL PRIVILEGES" stands for itself */
	char *database, *table; /* "*" for every one; without quotes */
};

struct rights {
	struct right *list;
	uint32_t count;
	char *user; /* as the server writes it: `cdc`@`%` */
};

/* One line of SHOW GRANTS; roles and lines of another form are passed over. */
void rights_add(struct rights *r, const char *line);
void rights_release(struct rights *r);
/* Whether the right is there for this table (NULL: for everything); "ALL PRIVILEGES" has every right. */
bool rights_have(const struct rights *r, const char *name, const char *database, const char *table);

#endif
