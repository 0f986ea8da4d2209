/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES_MIN ((size_t)16 << 10)

struct arena_block {
	struct arena_block *older;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

static void out_of_memory(size_t count, size_t size)
{
	fprintf(stderr, "tailrace: out of memory (%zu x %zu bytes refused)\n", count, size);
	exit(1);
}

void *memory_take(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	if (memory == NULL)
		out_of_memory(count, size);
	return memory;
}

void *memory_resize(void *old, size_t count, size_t size)
{
	void *memory;

	if (size > 0 && count > SIZE_MAX / size)
		out_of_memory(count, size);
	memory = realloc(old, count * size > 0 ? count * size : 1);
	if (memory == NULL)
		out_of_memory(count, size);
	return memory;
}

char *memory_copy_text(const char *text)
{
	return text != NULL ? memory_copy(text, strlen(text)) : NULL;
}

void *memory_copy(const void *data, size_t size)
{
	char *copy = memory_resize(NULL, size + 1, 1);

	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = 0;
	return copy;
}

void memory_free(void *memory)
{
	free(memory);
}

void memory_trim(void)
{
	malloc_trim(0);
}

static struct arena_block *block_push(struct arena *a, size_t need)
{
	size_t size = a->blocks != NULL ? a->blocks->size * 2 : BLOCK_BYTES_MIN;
	struct arena_block *block;

	while (size < need)
		size *= 2;
	block = memory_resize(NULL, sizeof(*block) + size, 1);
	*block = (struct arena_block){ .older = a->blocks, .size = size };
	a->blocks = block;
	return block;
}

void *arena_take(struct arena *a, size_t count, size_t size, size_t align)
{
	struct arena_block *block = a->blocks;
	size_t need, start;

	if (size > 0 && count > (SIZE_MAX / 4) / size)
		return NULL;
	need = count * size;
	if (a->limit > 0 && (a->used > a->limit || need > a->limit - a->used))
		return NULL;
	start = block != NULL ? (block->used + align - 1) & ~(align - 1) : 0;
	if (block == NULL || start > block->size || need > block->size - start) {
		block = block_push(a, need);
		start = 0;
	}
	block->used = start + need;
	a->used += need;
	return memset(block->data + start, 0, need);
}

void arena_reset(struct arena *a)
{
	struct arena_block *keep = a->blocks;

	a->used = 0;
	if (keep == NULL)
		return;
	for (struct arena_block *block = keep->older, *older; block != NULL; block = older) {
		older = block->older;
		free(block);
	}
	keep->older = NULL;
	keep->used = 0;
}

void arena_release(struct arena *a)
{
	arena_reset(a);
	free(a->blocks);
	a->blocks = NULL;
}

char *arena_text(struct arena *a, const void *data, size_t size)
{
	char *text = arena_take(a, size + 1, 1, 1);

	if (text != NULL && size > 0)
		memcpy(text, data, size);
	return text;
}
