/* SPDX-License-Identifier: Apache-2.0 */
/* A store in which every key is the same bytes, for what reads from a store; bytes of NULL: nothing is there. */
#ifndef LIB_ONE_OBJECT_H
#define LIB_ONE_OBJECT_H

#include "store/store.h"

struct one_object {
	struct store store;
	struct bytes data; /* borrowed */
};

struct one_object one_object_of(struct bytes data);

#endif
