/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of another store as a store of its own. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "store/store.h"

struct below {
	struct store store;
	struct store *parent; /* borrowed */
	char *folder;
};

struct full_key {
	char text[2 * STORE_KEY_BYTES_MAX];
};

static struct below *below_of(struct store *s)
{
	return (struct below *)(void *)s;
}

/* The parent's key; too long a one is cut, and the parent refuses it for its length. */
static const char *full(struct full_key *out, struct store *s, const char *key)
{
	const struct below *b = below_of(s);

	if (key[0] == 0)
		return b->folder;
	snprintf(out->text, sizeof(out->text), "%s/%s", b->folder, key);
	return out->text;
}

static int below_get(struct store *s, const char *key, uint64_t offset, uint64_t size,
		     struct buffer *out, struct err *e)
{
	struct full_key k;

	return store_get(below_of(s)->parent, full(&k, s, key), offset, size, out, e);
}

static int below_size(struct store *s, const char *key, uint64_t *out, struct err *e)
{
	struct store *parent = below_of(s)->parent;
	struct full_key k;

	return parent->ops->size(parent, full(&k, s, key), out, e);
}

static int below_put(struct store *s, const char *key, struct bytes data, bool exclusive,
		     enum put_result *out, struct err *e)
{
	struct full_key k;

	return store_put(below_of(s)->parent, full(&k, s, key), data, exclusive, out, e);
}

static int below_list(struct store *s, const char *folder, const char *after,
		      struct store_list *out, struct err *e)
{
	size_t skip = strlen(below_of(s)->folder) + 1;
	struct full_key k;

	if (store_list(below_of(s)->parent, full(&k, s, folder), after, out, e) < 0)
		return -1;
	for (size_t i = 0; i < out->count; i++) {
		char *key = out->objects[i].key;

		memmove(key, key + skip, strlen(key + skip) + 1);
	}
	return 0;
}

static int below_remove(struct store *s, const char *key, struct err *e)
{
	struct full_key k;

	return store_remove(below_of(s)->parent, full(&k, s, key), e);
}

static struct store_writer *below_writer_open(struct store *s, const char *key,
					      struct err *e)
{
	struct full_key k;

	return store_writer_open(below_of(s)->parent, full(&k, s, key), e);
}

static int below_sync_folder(struct store *s, const char *folder, struct err *e)
{
	struct full_key k;

	return store_sync_folder(below_of(s)->parent, full(&k, s, folder), e);
}

static char *below_local_path(struct store *s, const char *key)
{
	struct store *parent = below_of(s)->parent;
	struct full_key k;

	return parent->ops->local_path(parent, full(&k, s, key));
}

static void below_close(struct store *s)
{
	memory_free(below_of(s)->folder);
	memory_free(below_of(s));
}

static const struct store_ops below_ops = {
	.get = below_get,
	.size = below_size,
	.put = below_put,
	.list = below_list,
	.remove = below_remove,
	.writer_open = below_writer_open,
	.writer_write = store_writer_write, /* the writer is the parent's, and knows it */
	.writer_finish = store_writer_finish,
	.writer_abort = store_writer_abort,
	.sync_folder = below_sync_folder,
	.local_path = below_local_path,
	.close = below_close,
};

struct store *store_open_below(struct store *parent, const char *folder, struct err *e)
{
	struct below *b;

	if (!store_key_is_safe(folder)) {
		err_set(e, ERR_CONFIG, "\"%s\" cannot be the name of a folder", folder);
		return NULL;
	}
	b = memory_new(struct below);
	b->store.ops = &below_ops;
	b->parent = parent;
	b->folder = memory_copy_text(folder);
	return &b->store;
}
