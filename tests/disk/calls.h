/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands between the program under test and the system (the linker's --wrap): every call that changes files
 * is told to a recording. Nothing is ever really synced: what a sync does is up to the replay.
 */
#ifndef DISK_CALLS_H
#define DISK_CALLS_H

#include "disk/disk.h"

/* From here on calls are recorded there; NULL: nowhere. */
void calls_record(struct disk *d);
/* The n-th call that changes something from here on, and all after it, fail: kill -9. 0: none does. */
void calls_die_at(int n);
bool calls_are_dead(void);
void calls_mark(uint32_t mark);
/* The file that stands in for the number of this boot: another text, another boot. */
void calls_set_boot(const char *path);

#endif
