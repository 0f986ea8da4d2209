/* SPDX-License-Identifier: Apache-2.0 */
/* The folders below <lake>/_tailrace/<name> that a group's processes keep their hints and indexes in: 0, 1, 2, ... */
#ifndef TARGET_LAKE_SLOT_H
#define TARGET_LAKE_SLOT_H

#include "target/lake.h"

int lake_make_folder(const char *path, struct err *e); /* one that is there is fine */
/* Takes the lowest free one below the folder, unless it has one. */
int lake_slot_take(struct lake_slot *s, const char *folder, struct err *e);
/* How many there are, taken or not. */
uint32_t lake_slot_count(const char *folder);

#endif
