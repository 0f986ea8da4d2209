/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a target's tables a change is of: numbers by the names in schemas. */
#ifndef TARGET_TABLE_NAMES_H
#define TARGET_TABLE_NAMES_H

#include "change/schema.h"

struct table_names { /* zeroed: empty */
	struct schema **schemas; /* shared: schemas[i] is of table i */
	uint32_t *slots;         /* open hash of numbers + 1 */
	uint32_t count, slot_count;
};

/* The next table, whose number is how many there were. Of several with the same names the first one is found. */
void table_names_add(struct table_names *n, struct schema *s);
/* The source sends only what was added: not to find it is our mistake. */
uint32_t table_names_find(const struct table_names *n, const struct schema *s);
void table_names_release(struct table_names *n);

#endif
