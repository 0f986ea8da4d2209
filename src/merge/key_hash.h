/* SPDX-License-Identifier: Apache-2.0 */
/* Private to merge: fingerprints for the head of an index file. */
#ifndef MERGE_KEY_HASH_H
#define MERGE_KEY_HASH_H

#include "merge/key_index.h"

/*
 * Changes whenever rows written under one shape cannot be found under another. A multiset's does not
 * change when the table gets another column: its NULLs do not enter the hash.
 */
uint64_t key_shape_print(const struct key_shape *s);
struct key_hash key_text_hash(const char *text);

/* The key over all of 64 bits: a whole one may be a small number. */
static inline uint64_t key_hash_spread(struct key_hash k)
{
	uint64_t h = (k.low ^ k.high * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

	h ^= h >> 32;
	return h * 0xc4ceb9fe1a85ec53u;
}

#endif
