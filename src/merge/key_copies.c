/* SPDX-License-Identifier: Apache-2.0 */
/* Copies taken and given back. Each release store keeps all that comes before it in front, also in a kill. */
#include "merge/key_copies.h"

#include <assert.h>

uint32_t key_copies_add(struct key_map_head *h, struct key_copy *copies, uint64_t place, uint64_t under)
{
	uint32_t number;

	h->copy_count++;
	if (h->copy_free != 0) {
		number = h->copy_free - 1;
		h->copy_free = (uint32_t)copies[number].under; /* before `under` is another's */
	} else {
		number = h->copy_end++;
	}
	assert(number < h->copy_capacity);
	copies[number].place = place;
	__atomic_store_n(&copies[number].under, under, __ATOMIC_RELEASE);
	return number;
}

void key_copies_drop(struct key_map_head *h, struct key_copy *copies, uint32_t number)
{
	__atomic_store_n(&copies[number].under, h->copy_free, __ATOMIC_RELEASE);
	__atomic_store_n(&h->copy_free, number + 1, __ATOMIC_RELEASE);
	h->copy_count--;
}

void key_copies_count(struct key_map_head *h, const struct key_copy *copies)
{
	uint32_t used = h->copy_end;

	for (uint32_t free = h->copy_free; free != 0 && used > 0; used--) {
		assert(free <= h->copy_end);
		free = (uint32_t)copies[free - 1].under;
	}
	h->copy_count = used;
}
