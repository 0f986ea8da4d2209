/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, refreshing and asking a table. */
#include "table/iceberg/iceberg.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/follow.h"
#include "table/iceberg/iceberg_handle.h"
#include "table/iceberg/metadata_file.h"
#include "table/iceberg/partitioning.h"
#include "table/iceberg/position_deletes.h"
#include "table/iceberg/puffin.h"

/* A table that we may write: made by us, for this application, in this folder, in a form that we keep whole. */
static int check_ours(const struct iceberg *t, struct err *e)
{
	const struct iceberg_metadata *m = t->version.metadata;
	const char *app_id = iceberg_metadata_property(m, ICEBERG_APP);

	if (iceberg_metadata_property(m, ICEBERG_SOURCE) == NULL || app_id == NULL)
		return err_set(e, ERR_CONFIG, "an Iceberg table that tailrace did not make is there: choose another folder, or another "
			       "catalog");
	if (strcmp(app_id, t->app_id) != 0)
		return err_set(e, ERR_CONFIG, "the table is kept by the pipeline \"%s\", this one is \"%s\": choose another folder, or "
			       "the same source and name", app_id, t->app_id);
	if (!places_equal(m->location, t->uri))
		return err_set(e, ERR_CONFIG, "the table lies in \"%s\", and not in \"%s\": Iceberg's metadata has absolute paths; move "
			       "the lake back, or load it anew", m->location, t->uri);
	if (iceberg_metadata_require_writable(m, e) < 0)
		return -1;
	return partitioning_require(m, e);
}

/* The newest version, whether or not there is one. */
static int load_newest(struct iceberg *t, bool *changed, struct err *e)
{
	struct catalog_version v = { .metadata = NULL };
	const struct iceberg_metadata *had = t->version.metadata;
	uint64_t digest = t->version.digest;
	int rc = catalog_load(t->catalog, &v, e);

	*changed = rc == 0;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (!t->is_stale && had != NULL && had->last_sequence_number == v.metadata->last_sequence_number &&
	    had->last_updated_ms == v.metadata->last_updated_ms && digest == v.digest && strcmp(t->version.path, v.path) == 0) {
		*changed = false;
		catalog_version_release(&v);
		return 0;
	}
	/* what another run made visible is acted upon from here on: it must not go away any more */
	t->is_stale = true;
	rc = store_sync_folder(t->store, METADATA_FOLDER, e);
	if (rc == 0)
		rc = iceberg_load(t, &v, v.metadata->current, e);
	catalog_version_release(&v);
	if (rc == 0)
		rc = check_ours(t, e);
	t->is_stale = rc < 0;
	return rc;
}

static int iceberg_refresh(struct table *table, bool *changed, struct err *e)
{
	return load_newest(iceberg_of(table), changed, e);
}

static int64_t iceberg_find_file(const struct table *table, const char *path)
{
	const struct iceberg *t = iceberg_of(table);
	/* our own spelling of a local path, and other writers' */
	static const char *const spellings[] = { "file://", "file:", "" };
	struct buffer uri = { 0 };
	int64_t at = -1;

	for (uint32_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]) && at < 0; i++) {
		buffer_clear(&uri);
		buffer_text(&uri, spellings[i]);
		places_uri(&uri, t->uri + strlen(spellings[0]), path);
		at = live_find(&t->live, buffer_string(&uri));
	}
	buffer_release(&uri);
	return at;
}

static int64_t first_row_id(void *context, const char *path)
{
	const struct iceberg *t = context;
	int64_t file = iceberg_find_file(&t->table, path);

	return file >= 0 ? t->live.files[file].first_row_id : -1;
}

static const struct row_lineage *iceberg_lineage(const struct table *table)
{
	const struct iceberg *t = iceberg_of(table);

	return t->version.metadata != NULL && t->version.metadata->format_version >= 3 ? &t->lineage : NULL;
}

/* --- partitions ------------------------------------------------------------------------------- */

static void tuple_of_row(const struct table *table, const struct schema *s, const struct columns *rows, uint32_t row,
			 struct buffer *out)
{
	partitioning_of_row(out, iceberg_of(table)->version.metadata->spec, s, rows, row);
}

static void tuple_of_file(const struct table *table, uint32_t slot, struct buffer *out)
{
	const struct live_file *f = &iceberg_of(table)->live.files[slot];

	partitioning_of_values(out, f->spec_id, &f->partition);
}

/* --- deleted rows ----------------------------------------------------------------------------- */

/* Adds the rows, as far as there are any. */
static int add_rows(struct row_set *to, const struct position_deletes *deletes, const struct live_file *f, struct err *e)
{
	const struct row_set *rows = position_deletes_find(deletes, f->path);
	uint32_t max;

	if (rows == NULL)
		return 0;
	if (row_set_max(rows, &max) && max >= f->row_count)
		return err_set(e, ERR_DATA, "row %" PRIu32 " of %" PRIu64 " is deleted", max, f->row_count);
	row_set_union(to, rows);
	return 0;
}

static int read_positions(struct iceberg *t, const char *key, const struct live_file *f, struct row_set **out, struct err *e)
{
	struct position_deletes deletes = { .files = NULL };
	int rc = position_deletes_read(&deletes, t->places.meta, key, e);

	*out = row_set_new();
	if (rc == 0)
		rc = add_rows(*out, &deletes, f, e);
	position_deletes_release(&deletes);
	return rc;
}

/* Those of the file alone. */
static int read_own(struct iceberg *t, const struct live_file *f, struct row_set **out, struct err *e)
{
	const struct puffin_place place = { f->deletes.offset, f->deletes.size_bytes, (int64_t)f->deletes.cardinality };
	const char *key;

	if (f->deletes.path == NULL) {
		*out = row_set_new();
		return 0;
	}
	if (places_key(&key, t->places.meta_uri, f->deletes.path, e) < 0)
		return -1;
	return live_has_vector(f) ? puffin_read(out, t->places.meta, key, &place, f->row_count, e) :
				    read_positions(t, key, f, out, e);
}

int iceberg_read_dv(struct table *table, uint32_t slot, struct row_set **out, struct err *e)
{
	struct iceberg *t = iceberg_of(table);
	const struct live_file *f = &t->live.files[slot];
	struct row_set *rows = NULL;

	if (read_own(t, f, &rows, e) < 0 || (!live_has_vector(f) && add_rows(rows, &t->spread, f, e) < 0)) {
		row_set_free(rows);
		return err_wrap(e, "data file \"%s\"", f->path);
	}
	*out = rows;
	return 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

static void iceberg_protocol(const struct table *table, struct buffer *out)
{
	const struct iceberg *t = iceberg_of(table);
	const char *leader = iceberg_metadata_property(t->version.metadata, FOLLOW_LEADER_VERSION);

	buffer_format(out, "Iceberg format version %d", t->version.metadata->format_version);
	if (t->shown != NULL)
		buffer_format(out, ", snapshot %" PRId64, t->shown->id);
	if (leader != NULL)
		buffer_format(out, ", follows a Delta table, has its version %s", leader);
}

static void iceberg_close(struct table *table)
{
	struct iceberg *t = iceberg_of(table);

	iceberg_forget(t);
	catalog_close(t->catalog);
	store_close(t->face);
	memory_free(t->face_uri);
	memory_free(t->uri);
	memory_free(t->app_id);
	memory_free(table->warning);
	memory_free(t);
}

static const struct table_ops iceberg_ops = {
	.create = iceberg_create,
	.commit = iceberg_commit,
	.refresh = iceberg_refresh,
	.find_file = iceberg_find_file,
	.read_dv = iceberg_read_dv,
	.history = iceberg_history,
	.protocol = iceberg_protocol,
	.lineage = iceberg_lineage,
	.tuple_of_row = tuple_of_row,
	.tuple_of_file = tuple_of_file,
	.close = iceberg_close,
};

static int handle_new(struct iceberg **out, struct store *store, const char *app_id, struct err *e)
{
	struct iceberg *t = memory_new(struct iceberg);

	t->table.ops = &iceberg_ops;
	t->table.snapshot = (struct snapshot){ .version = -1, .txn_version = -1 };
	t->store = store;
	t->app_id = memory_copy_text(app_id);
	*out = t;
	if (places_root(&t->uri, store, e) < 0)
		return -1;
	t->places = (struct iceberg_places){ store, t->uri, store, t->uri };
	return 0;
}

/* Listing a folder sweeps out what killed runs left in it. */
static int sweep(struct iceberg *t, struct err *e)
{
	struct store_list unused;

	if (store_list(t->store, "", "~", &unused, e) < 0)
		return -1;
	store_list_release(&unused);
	if (store_list(t->store, METADATA_FOLDER, "~", &unused, e) < 0)
		return -1;
	store_list_release(&unused);
	return 0;
}

int iceberg_open(struct table **out, struct store *store, const struct iceberg_settings *s, const char *app_id, struct err *e)
{
	struct catalog_settings settings = { .url = s->catalog, .namespace = s->namespace, .name = s->name, .store = store,
					     .mends = true };
	enum table_format format;
	struct iceberg *t;
	bool changed;
	int rc = handle_new(&t, store, app_id, e);

	t->format_version = s->format_version;
	t->lineage = (struct row_lineage){ first_row_id, t };
	settings.location = t->uri;
	if (rc == 0)
		rc = table_find_format(store, &format, e);
	if (rc == 0 && format == TABLE_DELTA)
		rc = err_set(e, ERR_CONFIG, "a Delta table is there: choose another folder, or --table-format delta or both");
	if (rc == 0)
		rc = sweep(t, e);
	if (rc == 0)
		rc = catalog_open(&t->catalog, &settings, e);
	if (rc == 0)
		rc = load_newest(t, &changed, e);
	if (rc < 0)
		iceberg_close(&t->table);
	else
		*out = &t->table;
	return rc;
}

/* --- for reading ------------------------------------------------------------------------------ */

/* The number that a catalog gave the file "00012-<uuid>.metadata.json"; -1: it is not so named. */
static int64_t number_of(const char *name)
{
	size_t digits = strspn(name, "0123456789");
	uint64_t number;

	if (name[digits] != '-' || strstr(name, ".metadata.json") == NULL ||
	    !text_parse_uint((struct bytes){ (const uint8_t *)name, digits }, &number) || number > INT64_MAX)
		return -1;
	return (int64_t)number;
}

/* The file with the highest number in `l`; NULL: a catalog does not keep the table. */
static const char *newest_of(const struct store_list *l, bool *is_sure)
{
	const char *newest = NULL;
	int64_t highest = -1;

	*is_sure = true;
	for (size_t i = 0; i < l->count; i++) {
		int64_t number = number_of(l->objects[i].key + sizeof(METADATA_FOLDER));

		if (number < 0 || number < highest)
			continue;
		*is_sure = number > highest;
		highest = number;
		newest = l->objects[i].key;
	}
	return newest;
}

static int load_by_name(struct iceberg *t, struct catalog_version *v, const char *key, struct err *e)
{
	const struct metadata_place place = { t->places.meta, t->places.meta_uri };
	struct buffer uri = { 0 };
	int rc;

	places_uri(&uri, place.location, key);
	rc = metadata_file_read(v, &place, buffer_string(&uri), e);
	buffer_release(&uri);
	return rc == 1 ? err_set(e, ERR_RETRY, "metadata file \"%s\" was removed meanwhile", key) : rc;
}

static int load_by_directory(struct iceberg *t, struct catalog_version *v, struct err *e)
{
	const struct catalog_settings settings = { .namespace = "lake", .name = "table", .store = t->places.meta,
						   .location = t->places.meta_uri };
	struct catalog *catalog;
	int rc = catalog_open(&catalog, &settings, e);

	if (rc < 0)
		return -1;
	rc = catalog_load(catalog, v, e);
	catalog_close(catalog);
	return rc;
}

/* The newest metadata, whoever wrote it; 1: there is none. */
static int find_metadata(struct iceberg *t, struct catalog_version *v, struct err *e)
{
	struct store_list l;
	const char *newest;
	bool is_sure;
	int rc;

	if (store_list(t->places.meta, METADATA_FOLDER, NULL, &l, e) < 0)
		return -1;
	newest = newest_of(&l, &is_sure);
	if (newest == NULL)
		rc = load_by_directory(t, v, e);
	else if (is_sure)
		rc = load_by_name(t, v, newest, e);
	else
		rc = err_set(e, ERR_CONFIG, "several metadata files have the number of \"%s\": only the table's catalog knows which of "
			     "them is the newest", newest);
	store_list_release(&l);
	return rc;
}

/* By its sequence number or its id. */
static const struct iceberg_snapshot *find_snapshot(const struct iceberg_metadata *m, int64_t version)
{
	const struct iceberg_snapshot *s = m->current;

	if (version < 0)
		return s;
	for (uint32_t i = 0; s != NULL && i < m->snapshot_count; i++) {
		if (s->sequence_number == version)
			return s;
		s = iceberg_metadata_snapshot(m, s->parent_id);
	}
	return iceberg_metadata_snapshot(m, version);
}

/* Takes over `v`. */
static int show_version(struct iceberg *t, struct catalog_version *v, int64_t version, struct err *e)
{
	const struct iceberg_snapshot *s = find_snapshot(v->metadata, version);

	if (s == NULL && version >= 0) {
		catalog_version_release(v);
		return err_set(e, ERR_CONFIG, "the table has no snapshot with the sequence number or the id %" PRId64, version);
	}
	return iceberg_load(t, v, s, e);
}

/* A missing table is an empty one. */
static int open_found(struct table **out, struct iceberg *t, int64_t version, struct err *e)
{
	struct catalog_version v = { .metadata = NULL };
	int rc = find_metadata(t, &v, e);

	if (rc == 0)
		rc = show_version(t, &v, version, e);
	if (rc < 0)
		iceberg_close(&t->table);
	else
		*out = &t->table;
	return rc < 0 ? -1 : 0;
}

int iceberg_open_read(struct table **out, struct store *store, int64_t version, struct err *e)
{
	struct iceberg *t;

	if (handle_new(&t, store, NULL, e) == 0)
		return open_found(out, t, version, e);
	iceberg_close(&t->table);
	return -1;
}

int iceberg_open_face(struct table **out, struct store *store, int64_t version, struct err *e)
{
	struct buffer uri = { 0 };
	struct iceberg *t;
	int rc = handle_new(&t, store, NULL, e);

	if (rc == 0)
		t->face = store_open_below(store, FACE_FOLDER, e);
	if (t->face == NULL) {
		iceberg_close(&t->table);
		return -1;
	}
	places_uri(&uri, t->uri, FACE_FOLDER);
	t->face_uri = memory_copy_text(buffer_string(&uri));
	buffer_release(&uri);
	t->places = (struct iceberg_places){ t->face, t->face_uri, store, t->uri };
	return open_found(out, t, version, e);
}

int iceberg_open_named(struct table **out, struct store *root, const struct iceberg_settings *s, int64_t version, struct err *e)
{
	struct catalog_settings settings = { .url = s->catalog, .namespace = s->namespace, .name = s->name, .store = root };
	struct catalog_version v = { .metadata = NULL };
	struct iceberg *t;
	int rc = handle_new(&t, root, NULL, e);

	settings.location = t->uri;
	if (rc == 0)
		rc = catalog_open(&t->catalog, &settings, e);
	if (rc == 0)
		rc = catalog_load(t->catalog, &v, e);
	if (rc == 0)
		rc = show_version(t, &v, version, e);
	if (rc < 0)
		iceberg_close(&t->table);
	else
		*out = &t->table;
	return rc < 0 ? -1 : 0;
}
