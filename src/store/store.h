/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects by key under one root. Keys are relative, '/' between parts, never with "..", never starting
 * with '/'; what makes them from foreign names is store_key_part.
 *
 * Durable means: the bytes and the name survive a power cut once the call returned 0.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/err.h"

struct store {
	const struct store_ops *ops;
};

enum put_result {
	PUT_DONE,
	PUT_EXISTS,  /* exclusive, and the key is taken: perhaps by our own earlier attempt */
	PUT_UNKNOWN, /* the object may be there or not: read back before anything else */
};

struct store_object {
	char *key; /* relative to the store's root */
	uint64_t size;
	int64_t modified_at_us;
};

struct store_list {
	struct store_object *objects; /* sorted by key, byte order */
	size_t count;
};

/* An object being written, invisible until writer_finish. */
struct store_writer {
	const struct store_ops *ops; /* of the store that made it */
};

struct store_ops {
	/*
	 * Appends the object's bytes [offset, offset + size) to `out`; size 0 = to the end. Returns 1
	 * when there is no such key, -1 otherwise (a range past the end is ERR_DATA).
	 */
	int (*get)(struct store *, const char *key, uint64_t offset, uint64_t size,
		   struct buffer *out, struct err *);
	/* Size of an object, or 1 when there is none. */
	int (*size)(struct store *, const char *key, uint64_t *out, struct err *);
	/*
	 * Durable. With `exclusive`, the key must not exist. Never leaves a part under the key. Returns
	 * 0 with the result (for PUT_UNKNOWN *e says why: ERR_RETRY when the answer was lost, ERR_IO when
	 * the object stands but is perhaps not durable), or -1 when nothing was put.
	 */
	int (*put)(struct store *, const char *key, struct bytes data, bool exclusive,
		   enum put_result *out, struct err *);
	/* Objects directly in `folder` ("" = root; not deeper) whose name is > `after` (NULL = all). */
	int (*list)(struct store *, const char *folder, const char *after,
		    struct store_list *out, struct err *);
	int (*remove)(struct store *, const char *key, struct err *); /* gone already is fine */

	struct store_writer *(*writer_open)(struct store *, const char *key, struct err *);
	int (*writer_write)(struct store_writer *, struct bytes, struct err *);
	/*
	 * Makes the bytes durable and the object visible; its name is durable after sync_folder of its
	 * folder, so that several objects share one. Frees the writer in either case.
	 */
	int (*writer_finish)(struct store_writer *, struct err *);
	void (*writer_abort)(struct store_writer *); /* NULL is fine */
	/* The names in `folder` (not deeper) that are visible now are durable once it returns 0. */
	int (*sync_folder)(struct store *, const char *folder, struct err *);
	/*
	 * A local path of the object for mapping it into memory, or NULL when the store has none.
	 * The text is the caller's (memory_free).
	 */
	char *(*local_path)(struct store *, const char *key);
	void (*close)(struct store *);
};

/*
 * A directory (made if `create`). Probes once, before the first exclusive put, that exclusive creation
 * works there, else ERR_CONFIG; with `create` already here.
 * put: temporary name, write, fsync, link or rename, fsync of the directory. Safe for use by several
 * threads at once.
 */
struct store *store_open_directory(const char *path, bool create, struct err *e);
/* The same store, seen from a folder below: borrowed from `parent`, which must outlive it. */
struct store *store_open_below(struct store *parent, const char *folder, struct err *e);

void store_list_release(struct store_list *l);
int store_list_compare(const void *a, const void *b); /* objects by key, for qsort */

/* Relative, no empty part, no "." or "..", no control byte, at most STORE_KEY_BYTES_MAX. */
#define STORE_KEY_BYTES_MAX 1024
bool store_key_is_safe(const char *key);

/*
 * A name chosen by others as one key part: bytes outside [A-Za-z0-9_-] and a leading '.' or '_' become
 * %XX (upper case), so that different names stay different; "" becomes "%". Longer than 200 bytes:
 * the first 100 bytes' worth and a hash. Case clashes are the caller's to find.
 */
void store_key_part(struct buffer *out, const char *name);

static inline int store_get(struct store *s, const char *key, uint64_t offset, uint64_t size,
			    struct buffer *out, struct err *e)
{
	return s->ops->get(s, key, offset, size, out, e);
}

static inline int store_put(struct store *s, const char *key, struct bytes data, bool exclusive,
			    enum put_result *out, struct err *e)
{
	return s->ops->put(s, key, data, exclusive, out, e);
}

static inline int store_list(struct store *s, const char *folder, const char *after,
			     struct store_list *out, struct err *e)
{
	return s->ops->list(s, folder, after, out, e);
}

static inline int store_remove(struct store *s, const char *key, struct err *e)
{
	return s->ops->remove(s, key, e);
}

static inline int store_sync_folder(struct store *s, const char *folder, struct err *e)
{
	return s->ops->sync_folder(s, folder, e);
}

static inline struct store_writer *store_writer_open(struct store *s, const char *key,
						     struct err *e)
{
	return s->ops->writer_open(s, key, e);
}

static inline int store_writer_write(struct store_writer *w, struct bytes data, struct err *e)
{
	return w->ops->writer_write(w, data, e);
}

static inline int store_writer_finish(struct store_writer *w, struct err *e)
{
	return w->ops->writer_finish(w, e);
}

static inline void store_writer_abort(struct store_writer *w)
{
	if (w != NULL)
		w->ops->writer_abort(w);
}

static inline void store_close(struct store *s)
{
	if (s != NULL)
		s->ops->close(s);
}

#endif
