/* SPDX-License-Identifier: Apache-2.0 */
/* A store that passes everything on to another one, and fails at a chosen call. */
#ifndef LIB_FAULT_STORE_H
#define LIB_FAULT_STORE_H

#include "store/store.h"

enum fault {
	FAULT_NONE,
	FAULT_IO,           /* ERR_IO, nothing was done */
	FAULT_RETRY,        /* ERR_RETRY, nothing was done */
	FAULT_LOST_ANSWER,  /* done, but the answer was lost: PUT_UNKNOWN of a put, else ERR_RETRY */
	FAULT_LOST_REQUEST, /* not done, and nobody can tell: PUT_UNKNOWN of a put, else ERR_RETRY */
	FAULT_NOT_DURABLE,  /* a put is done, but its folder could not be synced; else as FAULT_IO */
	FAULT_CRASH,        /* this call and all after it fail with ERR_IO: the process is dead */
	FAULTS,
};

struct fault_store {
	struct store store;
	struct store *inner; /* borrowed */
	enum fault fault;
	int at;    /* the call that fails, from 1; 0: none */
	int calls; /* made so far: get, size, put, list, remove, writer_*, sync_folder */
};

/* Lives as long as its owner wants; close does nothing. */
void fault_store_init(struct fault_store *f, struct store *inner);
/* From the next call on: the `at`-th fails so. */
void fault_store_arm(struct fault_store *f, enum fault fault, int at);

#endif
