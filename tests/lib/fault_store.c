/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fault_store.h"

#include "base/memory.h"

struct fault_writer {
	struct store_writer writer;
	struct fault_store *store;
	struct store_writer *inner;
};

static struct fault_store *fault_of(struct store *s)
{
	return (struct fault_store *)(void *)s;
}

static struct fault_writer *writer_of(struct store_writer *w)
{
	return (struct fault_writer *)(void *)w;
}

/* What happens to this call. */
static enum fault step(struct fault_store *f)
{
	f->calls++;
	if (f->at > 0 &&
	    (f->calls == f->at || (f->fault == FAULT_CRASH && f->calls > f->at)))
		return f->fault;
	return FAULT_NONE;
}

static int refuse(enum fault fault, struct err *e)
{
	bool is_io =
		fault == FAULT_IO || fault == FAULT_CRASH || fault == FAULT_NOT_DURABLE;

	return err_set(e, is_io ? ERR_IO : ERR_RETRY, "made to fail");
}

static int fault_get(struct store *s, const char *key, uint64_t offset, uint64_t size,
		     struct buffer *out, struct err *e)
{
	enum fault fault = step(fault_of(s));

	if (fault != FAULT_NONE)
		return refuse(fault, e);
	return store_get(fault_of(s)->inner, key, offset, size, out, e);
}

static int fault_size(struct store *s, const char *key, uint64_t *out, struct err *e)
{
	struct store *inner = fault_of(s)->inner;
	enum fault fault = step(fault_of(s));

	if (fault != FAULT_NONE)
		return refuse(fault, e);
	return inner->ops->size(inner, key, out, e);
}

static int fault_put(struct store *s, const char *key, struct bytes data, bool exclusive,
		     enum put_result *out, struct err *e)
{
	struct store *inner = fault_of(s)->inner;
	enum fault fault = step(fault_of(s));

	if (fault == FAULT_NONE)
		return store_put(inner, key, data, exclusive, out, e);
	if (fault == FAULT_IO || fault == FAULT_RETRY || fault == FAULT_CRASH)
		return refuse(fault, e);
	if (fault != FAULT_LOST_REQUEST &&
	    store_put(inner, key, data, exclusive, out, e) < 0)
		return -1;
	refuse(fault, e);
	*out = PUT_UNKNOWN;
	return 0;
}

static int fault_list(struct store *s, const char *folder, const char *after,
		      struct store_list *out, struct err *e)
{
	enum fault fault = step(fault_of(s));

	if (fault != FAULT_NONE)
		return refuse(fault, e);
	return store_list(fault_of(s)->inner, folder, after, out, e);
}

static int fault_remove(struct store *s, const char *key, struct err *e)
{
	enum fault fault = step(fault_of(s));

	if (fault == FAULT_LOST_ANSWER && store_remove(fault_of(s)->inner, key, e) < 0)
		return -1;
	if (fault != FAULT_NONE)
		return refuse(fault, e);
	return store_remove(fault_of(s)->inner, key, e);
}

static struct store_writer *fault_writer_open(struct store *s, const char *key,
					      struct err *e)
{
	enum fault fault = step(fault_of(s));
	struct store_writer *inner;
	struct fault_writer *w;

	if (fault != FAULT_NONE) {
		refuse(fault, e);
		return NULL;
	}
	inner = store_writer_open(fault_of(s)->inner, key, e);
	if (inner == NULL)
		return NULL;
	w = memory_new(struct fault_writer);
	w->writer.ops = s->ops;
	w->store = fault_of(s);
	w->inner = inner;
	return &w->writer;
}

static int fault_writer_write(struct store_writer *writer, struct bytes data,
			      struct err *e)
{
	enum fault fault = step(writer_of(writer)->store);

	if (fault != FAULT_NONE)
		return refuse(fault, e);
	return store_writer_write(writer_of(writer)->inner, data, e);
}

static int fault_writer_finish(struct store_writer *writer, struct err *e)
{
	struct fault_writer *w = writer_of(writer);
	enum fault fault = step(w->store);
	int rc = 0;

	if (fault == FAULT_NONE || fault == FAULT_LOST_ANSWER)
		rc = store_writer_finish(w->inner, e);
	else
		store_writer_abort(w->inner);
	if (fault != FAULT_NONE)
		rc = refuse(fault, e);
	memory_free(w);
	return rc;
}

static void fault_writer_abort(struct store_writer *writer)
{
	if (writer == NULL)
		return;
	store_writer_abort(writer_of(writer)->inner);
	memory_free(writer);
}

static int fault_sync_folder(struct store *s, const char *folder, struct err *e)
{
	enum fault fault = step(fault_of(s));

	if (fault != FAULT_NONE)
		return refuse(fault, e);
	return store_sync_folder(fault_of(s)->inner, folder, e);
}

static char *fault_local_path(struct store *s, const char *key)
{
	struct store *inner = fault_of(s)->inner;

	return inner->ops->local_path(inner, key);
}

static void fault_close(struct store *s)
{
	(void)s;
}

static const struct store_ops fault_ops = {
	.get = fault_get,
	.size = fault_size,
	.put = fault_put,
	.list = fault_list,
	.remove = fault_remove,
	.writer_open = fault_writer_open,
	.writer_write = fault_writer_write,
	.writer_finish = fault_writer_finish,
	.writer_abort = fault_writer_abort,
	.sync_folder = fault_sync_folder,
	.local_path = fault_local_path,
	.close = fault_close,
};

void fault_store_init(struct fault_store *f, struct store *inner)
{
	*f = (struct fault_store){ .store = { &fault_ops }, .inner = inner };
}

void fault_store_arm(struct fault_store *f, enum fault fault, int at)
{
	f->fault = fault;
	f->at = at;
	f->calls = 0;
}
