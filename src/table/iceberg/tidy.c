/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/tidy.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "table/iceberg/change_set.h"
#include "table/iceberg/draft.h"

/* --- which snapshots -------------------------------------------------------------------------- */

/* All snapshots, newest first, when they are main's alone, one after the other; else NULL. Freed by the caller. */
static const struct iceberg_snapshot **chain_of(const struct iceberg_metadata *m)
{
	const struct iceberg_snapshot **chain = memory_array(const struct iceberg_snapshot *, m->snapshot_count + 1);
	const struct iceberg_snapshot *s = m->current;
	uint32_t count = 0;

	for (; s != NULL && count < m->snapshot_count; s = iceberg_metadata_snapshot(m, s->parent_id))
		chain[count++] = s;
	if (m->ref_count == 1 && s == NULL && count == m->snapshot_count)
		return chain;
	memory_free(chain);
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void tidy_choose(const struct iceberg_metadata *m, bool adds_snapshot, int64_t now_ms, int64_t **ids, uint32_t *count)
{
	const struct iceberg_snapshot **chain = chain_of(m);
	uint32_t all = m->snapshot_count;

	iceberg_expired_snapshots(m, adds_snapshot, now_ms, ids, count);
	if (chain == NULL)
		return;
	/* by age the oldest go, too: all that matters is how many */
	if (all > TIDY_SNAPSHOTS_MAX && *count < all - TIDY_SNAPSHOTS_MAX)
		*count = all - TIDY_SNAPSHOTS_MAX;
	if (*count < TIDY_BATCH)
		*count = 0;
	if (*count > TIDY_BATCH_MAX)
		*count = TIDY_BATCH_MAX;
	for (uint32_t i = 0; i < *count; i++)
		(*ids)[i] = chain[all - 1 - i]->id;
	qsort(*ids, *count, sizeof(**ids), compare_ids);
	memory_free(chain);
}

/* --- sets of paths ---------------------------------------------------------------------------- */

struct paths {
	char **items;
	uint32_t count, capacity;
};

static void paths_add(struct paths *p, const char *path)
{
	if (p->count == p->capacity) {
		p->capacity = p->capacity * 2 + 64;
		p->items = memory_grow(p->items, char *, p->capacity);
	}
	p->items[p->count++] = memory_copy_text(path);
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void paths_sort(struct paths *p)
{
	if (p->count > 0)
		qsort(p->items, p->count, sizeof(*p->items), compare_paths);
}

static bool paths_have(const struct paths *sorted, const char *path)
{
	return sorted->count > 0 &&
	       bsearch(&path, sorted->items, sorted->count, sizeof(*sorted->items), compare_paths) != NULL;
}

static void paths_release(struct paths *p)
{
	for (uint32_t i = 0; i < p->count; i++)
		memory_free(p->items[i]);
	memory_free(p->items);
	*p = (struct paths){ .items = NULL };
}

/* --- what they name --------------------------------------------------------------------------- */

/* The key of an object that a draft made, or NULL. */
static const char *own_key(const struct iceberg_places *p, const char *uri)
{
	struct err ignored = ERR_INIT;
	const char *key;

	return places_key(&key, p->meta_uri, uri, &ignored) == 0 && draft_is_key(key) ? key : NULL;
}

static int add_deletes(struct paths *out, const struct iceberg_places *p, const struct iceberg_manifest *row, struct err *e)
{
	struct iceberg_manifest_reader *r = NULL;
	struct iceberg_entry entry;
	const char *key;
	int rc;

	if (row->content == ICEBERG_DATA)
		return 0;
	if (places_key(&key, p->meta_uri, row->path, e) < 0 || iceberg_manifest_reader_open(&r, p->meta, key, row, NULL, e) < 0)
		return -1;
	iceberg_entry_init(&entry);
	while ((rc = iceberg_manifest_reader_next(r, &entry, e)) == 0) {
		if (entry.status != ICEBERG_DELETED)
			paths_add(out, entry.file.path);
	}
	iceberg_entry_release(&entry);
	iceberg_manifest_reader_close(r);
	return rc < 0 ? -1 : 0;
}

struct tidying {
	const struct iceberg_places *places;
	struct paths kept; /* lists, manifests and deletes that snapshots name which stay; sorted once it is whole */
	struct paths gone; /* the same of those that go; sorted between two of them */
};

/* Appends the snapshot's list, its manifests and their deletes, but for manifests that are known already. */
static int add_named(struct paths *out, const struct tidying *t, const struct iceberg_snapshot *s, struct err *e)
{
	struct iceberg_manifests manifests = { .items = NULL };
	const char *key;
	int rc = s->manifest_list == NULL ? -1 : places_key(&key, t->places->meta_uri, s->manifest_list, e);

	if (rc == 0)
		rc = iceberg_manifest_list_read(&manifests, t->places->meta, key, e);
	if (rc == 0)
		paths_add(out, s->manifest_list);
	for (uint32_t i = 0; i < manifests.count && rc == 0; i++) {
		const char *path = manifests.items[i].path;

		if (paths_have(&t->kept, path) || paths_have(&t->gone, path))
			continue;
		paths_add(out, path);
		rc = add_deletes(out, t->places, &manifests.items[i], e);
	}
	iceberg_manifests_release(&manifests);
	return rc;
}

/* What snapshots name that stay: each takes from the one before, so the oldest and the newest have it all but for what is younger. */
static int find_kept(struct tidying *t, const struct iceberg_snapshot *oldest, const struct live *live, struct err *e)
{
	struct paths named = { .items = NULL };
	int rc = add_named(&named, t, oldest, e);

	for (uint32_t i = 0; i < live->manifests.count; i++)
		paths_add(&named, live->manifests.items[i].path);
	for (uint32_t i = 0; i < live->file_count; i++) {
		if (live->files[i].deletes.path != NULL)
			paths_add(&named, live->files[i].deletes.path);
	}
	paths_sort(&named);
	t->kept = named;
	return rc;
}

static int find_gone(struct tidying *t, const struct iceberg_snapshot *s, struct err *e)
{
	struct paths named = { .items = NULL };
	int rc = add_named(&named, t, s, e);

	for (uint32_t i = 0; i < named.count; i++) {
		if (!paths_have(&t->kept, named.items[i]))
			paths_add(&t->gone, named.items[i]);
	}
	paths_sort(&t->gone);
	paths_release(&named);
	return rc;
}

static void remove_gone(const struct tidying *t)
{
	struct err ignored = ERR_INIT;

	for (uint32_t i = 0; i < t->gone.count; i++) {
		const char *path = t->gone.items[i], *key = own_key(t->places, path);

		if (key != NULL && (i == 0 || strcmp(path, t->gone.items[i - 1]) != 0))
			(void)store_remove(t->places->meta, key, &ignored);
	}
}

void tidy_remove(const struct iceberg_places *p, const struct iceberg_metadata *before, const struct iceberg_metadata *after,
		 const struct live *live, const int64_t *expired, uint32_t expired_count)
{
	const struct iceberg_snapshot **chain = expired_count > 0 ? chain_of(before) : NULL;
	const struct iceberg_snapshot **left = chain != NULL ? chain_of(after) : NULL;
	struct tidying t = { .places = p };
	struct err ignored = ERR_INIT;
	int rc = -1;

	/* what a snapshot lets go of never comes back to a later one, as long as nobody goes back in history */
	if (left != NULL && after->snapshot_count > 0)
		rc = find_kept(&t, left[after->snapshot_count - 1], live, &ignored);
	for (uint32_t i = 0; i < expired_count && rc == 0; i++)
		rc = find_gone(&t, iceberg_metadata_snapshot(before, expired[i]), &ignored);
	if (rc == 0)
		remove_gone(&t);
	paths_release(&t.kept);
	paths_release(&t.gone);
	memory_free(chain);
	memory_free(left);
}
