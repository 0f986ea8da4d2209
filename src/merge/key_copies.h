/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to merge: equal rows of a table without a key. They share one slot, however many they are. Its
 * word is the place of the only row, or a link {KEY_FILE_LINK, number} to the copy of the newest one. A
 * copy has that row's place and, in `under`, the word that stood in the slot before the row came:
 *
 *   slot  link 7          copy 7  place C, under: link 3          copy 3  place B, under: place A
 *
 * So the newest of n equal rows comes and goes with one store to the slot, and a walk over them
 * takes a step a row. Places of removed rows do no harm: who walks skips them.
 *
 * Free copies below copy_end hang together by `under`, the number + 1 of the next. Stores are ordered: a
 * kill leaves every chain whole and loses one copy at most, which counts as used from then on.
 */
#ifndef MERGE_KEY_COPIES_H
#define MERGE_KEY_COPIES_H

#include "merge/key_map.h"

/* A free copy, filled; there must be one. Nothing leads to it before its number is in a slot. */
uint32_t key_copies_add(struct key_map_head *h, struct key_copy *copies, uint64_t place, uint64_t under);
/* The copy is free again; nothing leads to it any more. */
void key_copies_drop(struct key_map_head *h, struct key_copy *copies, uint32_t number);
/* Corrects the head's count after a kill. */
void key_copies_count(struct key_map_head *h, const struct key_copy *copies);

#endif
