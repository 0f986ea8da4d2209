/* SPDX-License-Identifier: Apache-2.0 */
#include "merge/pending.h"

#include "base/memory.h"

void pending_release(struct pending *p)
{
	memory_free(p->keys);
	memory_free(p->old);
	memory_free(p->new);
	memory_free(p->orders);
	*p = (struct pending){ 0 };
}

static void grow(struct pending *p, uint32_t words)
{
	p->capacity = p->capacity > 0 ? p->capacity * 2 : 1024;
	p->keys = memory_grow(p->keys, struct key_hash, p->capacity);
	p->old = memory_grow(p->old, struct row_place, p->capacity);
	p->new = memory_grow(p->new, struct row_place, p->capacity);
	if (words > 0)
		p->orders = memory_grow(p->orders, uint64_t, (size_t)p->capacity * words);
}

void pending_add(struct pending *p, struct key_hash key, struct row_place old, struct row_place new, const uint64_t *order,
		 uint32_t words)
{
	if (p->count == p->capacity)
		grow(p, words);
	p->keys[p->count] = key;
	p->old[p->count] = old;
	p->new[p->count] = new;
	for (uint32_t i = 0; i < words; i++)
		p->orders[(size_t)p->count * words + i] = order[i];
	p->count++;
}

int pending_apply(struct pending *p, struct key_index *index, struct err *e)
{
	if (key_index_apply_ordered(index, p->keys, p->count, p->old, p->new, p->orders, e) < 0)
		return -1;
	p->count = 0;
	return 0;
}
