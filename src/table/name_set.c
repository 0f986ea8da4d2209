/* SPDX-License-Identifier: Apache-2.0 */
#include "table/name_set.h"

#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

struct name_hash {
	uint64_t low, high;
};

static struct name_hash hash_of(const char *name)
{
	XXH128_hash_t h = XXH3_128bits(name, strlen(name));

	return (struct name_hash){ h.low64, h.high64 };
}

/* The cell of a hash, or the free one where it belongs. */
static struct name_hash *find_cell(const struct name_set *s, struct name_hash h)
{
	for (uint64_t at = h.low;; at++) {
		struct name_hash *cell = &s->cells[at & (s->cell_count - 1)];

		if ((cell->low == h.low && cell->high == h.high) || (cell->low | cell->high) == 0)
			return cell;
	}
}

bool name_set_has(const struct name_set *s, const char *name)
{
	struct name_hash *cell = s->cell_count > 0 ? find_cell(s, hash_of(name)) : NULL;

	return cell != NULL && (cell->low | cell->high) != 0;
}

static void grow(struct name_set *s)
{
	struct name_set old = *s;

	s->cell_count = old.cell_count > 0 ? old.cell_count * 2 : 256;
	s->cells = memory_array(struct name_hash, s->cell_count);
	for (uint32_t i = 0; i < old.cell_count; i++) {
		if ((old.cells[i].low | old.cells[i].high) != 0)
			*find_cell(s, old.cells[i]) = old.cells[i];
	}
	memory_free(old.cells);
}

void name_set_add(struct name_set *s, const char *name)
{
	if (name_set_has(s, name))
		return;
	if (s->count >= s->cell_count / 2)
		grow(s);
	*find_cell(s, hash_of(name)) = hash_of(name);
	s->count++;
}

void name_set_release(struct name_set *s)
{
	memory_free(s->cells);
	*s = (struct name_set){ .cells = NULL };
}
