/* SPDX-License-Identifier: Apache-2.0 */
/* Places by file and row. */
#ifndef MERGE_PLACE_SORT_H
#define MERGE_PLACE_SORT_H

#include "merge/key_index.h"

/* numbers[i] stays with places[i]; NULL: there are none. */
void place_sort(struct row_place *places, uint32_t *numbers, uint32_t count);

#endif
