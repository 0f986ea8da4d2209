/* SPDX-License-Identifier: Apache-2.0 */
/* Records what a test writes below a folder, then shows the test every state after a cut. */
#ifndef DISK_BENCH_H
#define DISK_BENCH_H

#include "base/err.h"
#include "disk/calls.h"
#include "lib/scratch.h"

struct bench {
	struct scratch folder;
	char real[200];  /* what is written here is recorded */
	char after[200]; /* a state after a cut */
	char boot[200];
	struct disk *disk;
};

/* Recording begins, in memory where there is such a folder: from nothing, or from a copy of a state. */
void bench_open(struct bench *b, const char *state);
/* Recording ends; from here on the machine has started anew. */
void bench_cut(struct bench *b);
void bench_close(struct bench *b);

/*
 * `survive` looks at b->after, where everything up to `mark` must be there, and goes on writing in it when
 * `writes_on`. Called for every state, always to write on, with POWER_CUTS=all in the environment; else for a
 * part of the states of every call.
 */
typedef int bench_survive(struct bench *b, uint32_t mark, bool writes_on, struct err *e);
bool bench_wants_all(void); /* POWER_CUTS=all */
/* An honest disk's first that does not survive fails the test; a liar's ends the search: true. */
bool bench_search(struct bench *b, enum disk_lie lie, bench_survive *survive);

#endif
