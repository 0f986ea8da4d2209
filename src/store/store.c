/* SPDX-License-Identifier: Apache-2.0 */
/* What all stores share: keys, and lists of objects. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/memory.h"

#define KEY_PART_BYTES_MAX 200
#define KEY_PART_BYTES_CUT 100

void store_list_release(struct store_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		memory_free(l->objects[i].key);
	memory_free(l->objects);
	*l = (struct store_list){ 0 };
}

int store_list_compare(const void *a, const void *b)
{
	return strcmp(((const struct store_object *)a)->key,
		      ((const struct store_object *)b)->key);
}

static bool part_is_safe(const char *part, size_t size)
{
	if (size == 0 || (size == 1 && part[0] == '.'))
		return false;
	if (size == 2 && part[0] == '.' && part[1] == '.')
		return false;
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f)
			return false;
	}
	return true;
}

bool store_key_is_safe(const char *key)
{
	const char *part = key;

	if (strlen(key) > STORE_KEY_BYTES_MAX)
		return false;
	for (;;) {
		size_t size = strcspn(part, "/");

		if (!part_is_safe(part, size))
			return false;
		if (part[size] == 0)
			return true;
		part += size + 1;
	}
}

static bool is_plain(char c, bool is_first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || c == '-' || (c == '_' && !is_first);
}

void store_key_part(struct buffer *out, const char *name)
{
	size_t start = out->size, cut = start;
	XXH128_hash_t hash;

	if (name[0] == 0) {
		buffer_char(out, '%');
		return;
	}
	for (const char *c = name; *c != 0; c++) {
		if (is_plain(*c, c == name))
			buffer_char(out, *c);
		else
			buffer_format(out, "%%%02X", (unsigned char)*c);
		if (out->size - start <= KEY_PART_BYTES_CUT)
			cut = out->size;
	}
	if (out->size - start <= KEY_PART_BYTES_MAX)
		return;
	/* '~' never comes out of a short name, so the two kinds cannot meet. */
	hash = XXH3_128bits(name, strlen(name));
	out->size = cut;
	buffer_format(out, "~%016llx%016llx", (unsigned long long)hash.high64,
		      (unsigned long long)hash.low64);
}
