/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that cannot fail quietly, and arenas named by their lifetime. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdalign.h>
#include <stddef.h>

/*
 * These return memory or end the program with one line on standard error (exit status 1). Sizes that
 * overflow end it too. `memory_take` is zeroed; `memory_resize` keeps contents, the rest is undefined.
 */
void *memory_take(size_t count, size_t size);
void *memory_resize(void *old, size_t count, size_t size);
char *memory_copy_text(const char *text);              /* NULL stays NULL */
void *memory_copy(const void *data, size_t size);      /* a NUL stands behind the copy */
void memory_free(void *memory);                        /* NULL is fine */
void memory_trim(void);                                /* what is free goes back to the system; milliseconds */

#define memory_new(type)              ((type *)memory_take(1, sizeof(type)))
#define memory_array(type, count)     ((type *)memory_take((count), sizeof(type)))
#define memory_grow(old, type, count) ((type *)memory_resize((old), (count), sizeof(type)))

/*
 * A list of blocks, freed together. Grows as needed up to `limit` bytes; past it arena_take returns
 * NULL, which the owner treats as "full", not as an error. A zeroed arena with a limit is valid.
 */
struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used, limit;         /* bytes handed out; 0 = no limit */
};

void *arena_take(struct arena *a, size_t count, size_t size, size_t align); /* zeroed */
void arena_reset(struct arena *a);   /* all memory invalid; keeps one block */
void arena_release(struct arena *a);
char *arena_text(struct arena *a, const void *data, size_t size); /* copy with a NUL behind */

#define arena_new(arena, type, count) \
	((type *)arena_take((arena), (count), sizeof(type), alignof(type)))

#endif
