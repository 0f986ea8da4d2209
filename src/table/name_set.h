/* SPDX-License-Identifier: Apache-2.0 */
/* Names that were met already, by their hashes: of files, of which many versions of a table have the same. Zeroed: empty. */
#ifndef TABLE_NAME_SET_H
#define TABLE_NAME_SET_H

#include <stdbool.h>
#include <stdint.h>

struct name_set {
	struct name_hash *cells; /* open addressing; zero: free */
	uint32_t count, cell_count; /* the latter a power of two */
};

bool name_set_has(const struct name_set *s, const char *name);
void name_set_add(struct name_set *s, const char *name);
void name_set_release(struct name_set *s);

#endif
