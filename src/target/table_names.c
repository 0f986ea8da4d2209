/* SPDX-License-Identifier: Apache-2.0 */
#include "target/table_names.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

static uint32_t name_hash(const struct schema *s)
{
	const char *const parts[] = { s->database, s->table };
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < 2; i++) {
		for (const char *c = parts[i]; *c != 0; c++)
			hash = (hash ^ (uint8_t)*c) * 16777619u;
		hash *= 16777619u;
	}
	return hash;
}

static bool is_same_table(const struct schema *a, const struct schema *b)
{
	return a == b || (strcmp(a->table, b->table) == 0 && strcmp(a->database, b->database) == 0);
}

/* The table's slot, or the free one that would be its. */
static uint32_t *slot_of(const struct table_names *n, const struct schema *s)
{
	uint32_t at = name_hash(s) & (n->slot_count - 1);

	while (n->slots[at] != 0 && !is_same_table(n->schemas[n->slots[at] - 1], s))
		at = (at + 1) & (n->slot_count - 1);
	return &n->slots[at];
}

static void grow(struct table_names *n)
{
	n->slot_count = n->slot_count > 0 ? n->slot_count * 2 : 16;
	memory_free(n->slots);
	n->slots = memory_array(uint32_t, n->slot_count);
	for (uint32_t i = 0; i < n->count; i++)
		*slot_of(n, n->schemas[i]) = i + 1;
}

void table_names_add(struct table_names *n, struct schema *s)
{
	uint32_t *slot;

	if (n->slot_count < (n->count + 1) * 2)
		grow(n);
	slot = slot_of(n, s);
	n->schemas = memory_grow(n->schemas, struct schema *, n->count + 1);
	n->schemas[n->count] = schema_share(s);
	n->count++;
	if (*slot == 0)
		*slot = n->count;
}

uint32_t table_names_find(const struct table_names *n, const struct schema *s)
{
	const uint32_t *slot = n->count > 0 ? slot_of(n, s) : NULL;

	assert(slot != NULL && *slot != 0);
	return *slot - 1;
}

void table_names_release(struct table_names *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		schema_release(n->schemas[i]);
	memory_free(n->schemas);
	memory_free(n->slots);
	*n = (struct table_names){ 0 };
}
