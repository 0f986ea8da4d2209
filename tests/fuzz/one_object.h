/* SPDX-License-Identifier: Apache-2.0 */
/* A store in which every key is the same bytes, for what reads from a store; nothing can be written. */
#ifndef FUZZ_ONE_OBJECT_H
#define FUZZ_ONE_OBJECT_H

#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct one_object {
	struct store store;
	struct bytes data; /* borrowed */
};

struct one_object one_object_of(struct bytes data);

#endif
