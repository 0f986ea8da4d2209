/* SPDX-License-Identifier: Apache-2.0 */
/* Which versions can still be read: VACUUM takes old ones' files, clean-up their log. */
#include "base/memory.h"
#include "table/delta/delta.h"
#include "table/delta/dv_file.h"
#include "table/delta/handle.h"
#include "table/name_set.h"

/* 1: it is gone. Each object is looked for once, however many versions have it. */
static int look_for(struct name_set *found, struct store *store, const char *key, struct err *e)
{
	uint64_t size;
	int rc;

	if (name_set_has(found, key))
		return 0;
	rc = store->ops->size(store, key, &size, e);
	if (rc == 0)
		name_set_add(found, key);
	return rc;
}

static int look_for_file(struct name_set *found, const struct delta *d, uint32_t slot, struct err *e)
{
	const struct deletion_vector *dv = &d->state.dvs[slot];
	struct buffer dv_name = { 0 };
	char *key = table_file_key(d->state.files[slot].path);
	int rc = look_for(found, d->store, key, e);

	memory_free(key);
	if (rc == 0 && dv->storage_type == 'u') {
		rc = dv_key(&dv_name, dv, e);
		if (rc == 0)
			rc = look_for(found, d->store, buffer_string(&dv_name), e);
		buffer_release(&dv_name);
	}
	return rc;
}

/* 1: something of the version is gone. */
static int look_for_version(struct name_set *found, const struct delta *d, struct err *e)
{
	int rc = 0;

	for (uint32_t i = 0; i < d->state.file_count && rc == 0; i++)
		rc = look_for_file(found, d, i, e);
	return rc;
}

int delta_find_readable(int64_t *out, struct store *store, int64_t from, struct err *e)
{
	struct name_set found = { .cells = NULL };
	struct table *t = NULL;
	int64_t first;
	int rc = log_find_oldest(&first, store, e);

	if (rc == 0)
		rc = delta_open_read(&t, store, first > from ? first : from, e);
	first = rc == 0 ? t->snapshot.version : -1;
	while (rc == 0) {
		rc = look_for_version(&found, delta_of(t), e);
		if (rc == 1)
			first = t->snapshot.version + 1;
		if (rc >= 0)
			rc = delta_advance(t, e);
	}
	if (t != NULL)
		table_close(t);
	name_set_release(&found);
	*out = first;
	return rc < 0 ? -1 : 0;
}
