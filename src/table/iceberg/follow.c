/* SPDX-License-Identifier: Apache-2.0 */
#include "table/iceberg/follow.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "table/iceberg/catalog.h"
#include "table/iceberg/draft.h"
#include "table/iceberg/file_input.h"
#include "table/iceberg/pairs.h"
#include "table/iceberg/partitioning.h"
#include "table/iceberg/puffin.h"
#include "table/iceberg/position_deletes.h"
#include "table/iceberg/row_ids.h"
#include "table/iceberg/tidy.h"
#include "table/name_set.h"
#include "table/uuid.h"

/* In the summary of each of our snapshots, and in the table's properties. */
#define LEADER_ID      "tailrace.leader-id"
#define LEADER_VERSION FOLLOW_LEADER_VERSION
#define POSITION       "tailrace.position"

/* A face with a past: a hundred years. Its number of snapshots bounds it. */
#define AGE_KEY   "history.expire.max-snapshot-age-ms"
#define AGE_VALUE "3155760000000"

static_assert(FACE_VERSIONS_MAX <= TIDY_SNAPSHOTS_MAX, "tidying leaves what was published");

#define TRIES 10 /* against other writers */

struct follow {
	struct store *store; /* the leader's; borrowed */
	struct store *face;
	char *data_uri, *face_uri;
	int format_version;
	struct iceberg_places places;
	struct catalog *catalog;
	struct catalog_version version; /* zeroed: not loaded, or there is none */
	struct live live;               /* of its current snapshot */
	bool is_loaded, is_swept;
	bool has_files;                 /* `live` is there */
	int64_t txn_version;            /* the leader's (table.h) when the face was its equal */
	bool is_past;                   /* see follow_past */
	int64_t past_ms;                /* 0: now */
	struct name_set asked;          /* files whose ids of rows are below row_ids_from */
	int64_t row_ids_from;
};

/* --- opening ---------------------------------------------------------------------------------- */

int follow_open(struct follow **out, struct store *store, const struct follow_settings *s, struct err *e)
{
	struct follow *f = memory_new(struct follow);
	struct catalog_settings settings = { .url = s->catalog, .namespace = s->namespace, .name = s->name, .mends = true };
	struct buffer uri = { 0 };

	f->store = store;
	f->format_version = s->format_version;
	f->face = store_open_below(store, FACE_FOLDER, e);
	if (f->face == NULL || places_root(&f->data_uri, store, e) < 0) {
		follow_close(f);
		return -1;
	}
	places_uri(&uri, f->data_uri, FACE_FOLDER);
	f->face_uri = memory_copy_text(buffer_string(&uri));
	buffer_release(&uri);
	f->places = (struct iceberg_places){ f->face, f->face_uri, store, f->data_uri };
	settings.store = f->face;
	settings.location = f->face_uri;
	if (catalog_open(&f->catalog, &settings, e) < 0) {
		follow_close(f);
		return -1;
	}
	*out = f;
	return 0;
}

static void forget(struct follow *f)
{
	live_release(&f->live);
	catalog_version_release(&f->version);
	f->is_loaded = f->has_files = false;
}

void follow_close(struct follow *f)
{
	if (f == NULL)
		return;
	forget(f);
	name_set_release(&f->asked);
	catalog_close(f->catalog);
	store_close(f->face);
	memory_free(f->data_uri);
	memory_free(f->face_uri);
	memory_free(f);
}

static const char *property(const struct follow *f, const char *key)
{
	return f->version.metadata != NULL ? iceberg_metadata_property(f->version.metadata, key) : NULL;
}

/* The newest metadata. */
static int load(struct follow *f, struct err *e)
{
	int rc;

	if (f->is_loaded)
		return 0;
	forget(f);
	rc = catalog_load(f->catalog, &f->version, e);
	if (rc == 0 && iceberg_metadata_require_writable(f->version.metadata, e) < 0)
		return err_wrap(e, "Iceberg metadata \"%s\"", f->version.path);
	f->is_loaded = rc >= 0;
	return rc < 0 ? -1 : 0;
}

static int load_files(struct follow *f, struct err *e)
{
	if (f->has_files)
		return 0;
	if (live_load(&f->live, &f->places, f->version.metadata->current, e) < 0 ||
	    live_require_writable(&f->live, e) < 0)
		return err_wrap(e, "Iceberg metadata \"%s\"", f->version.path);
	f->has_files = true;
	return 0;
}

int follow_version(struct follow *f, int64_t *version, struct err *e)
{
	const char *text;

	*version = -1;
	if (load(f, e) < 0)
		return -1;
	text = property(f, LEADER_VERSION);
	if (text != NULL)
		*version = strtoll(text, NULL, 10);
	return 0;
}

int follow_format_version(const struct follow *f)
{
	return f->version.metadata->format_version;
}

const char *follow_metadata(const struct follow *f)
{
	return f->version.path;
}

/* Of one of the leader's files: Iceberg's readers take a path as it is, and decode nothing. */
static void put_uri(struct buffer *out, const struct follow *f, const char *path)
{
	char *key = table_file_key(path);

	places_uri(out, f->data_uri, key);
	memory_free(key);
}

int follow_first_row_id(struct follow *f, const char *path, int64_t *out, struct err *e)
{
	struct buffer uri = { 0 };
	int64_t file;

	*out = -1;
	if (!f->is_loaded || f->version.metadata == NULL)
		return 0;
	if (load_files(f, e) < 0)
		return -1;
	put_uri(&uri, f, path);
	file = live_find(&f->live, buffer_string(&uri));
	buffer_release(&uri);
	if (file >= 0)
		*out = f->live.files[file].first_row_id;
	return 0;
}

/* --- a new face ------------------------------------------------------------------------------- */

static int create(struct follow *f, const struct snapshot *leader, struct err *e)
{
	struct pairs properties = { .count = 0 };
	char uuid[UUID_TEXT_BYTES + 1];
	struct iceberg_spec spec;
	const struct iceberg_creation creation = { .uuid = uuid, .location = f->face_uri, .format_version = f->format_version,
						   .schema = leader->schema, .spec = &spec };
	struct catalog_version made = { 0 };
	struct iceberg_change_set changes;
	enum commit_result result;
	uint8_t bytes[UUID_BYTES];
	int rc;

	pairs_add(&properties, LEADER_ID, leader->table_id);
	/* the data files are the leader's: expiring snapshots here must not take them from it */
	pairs_add(&properties, "gc.enabled", "false");
	pairs_add_defaults(&properties);
	pairs_except_times(&properties, leader->schema);
	pairs_map_names(&properties, leader->schema);
	uuid_random(bytes);
	uuid_format(uuid, bytes);
	iceberg_change_set_init(&changes, NULL);
	changes.creation = &creation;
	changes.properties = properties.items;
	changes.property_count = properties.count;
	rc = partitioning_spec(&spec, leader->schema, e);
	if (rc == 0)
		rc = catalog_commit(f->catalog, NULL, &changes, &made, &result, e);
	pairs_release(&properties);
	iceberg_spec_release(&spec);
	if (rc < 0)
		return -1;
	if (result == COMMIT_DONE)
		f->version = made;
	f->is_loaded = result == COMMIT_DONE; /* else another process of ours made it: it is loaded next */
	return 0;
}

/* --- the difference --------------------------------------------------------------------------- */

/* What the face lacks. Lists of numbers and texts; rows are this one's. */
struct difference {
	struct draft_added *added;
	uint32_t added_count;
	uint32_t *removed;
	uint32_t removed_count;
	struct draft_deleted *deleted;
	uint32_t deleted_count;
	struct row_set **rows; /* of both */
	uint32_t row_count;
	struct arena arena;
};

static void difference_release(struct difference *d)
{
	for (uint32_t i = 0; i < d->row_count; i++)
		row_set_free(d->rows[i]);
	for (uint32_t i = 0; i < d->added_count; i++)
		iceberg_values_release(&d->added[i].partition);
	memory_free(d->rows);
	memory_free(d->added);
	memory_free(d->removed);
	memory_free(d->deleted);
	arena_release(&d->arena);
}

static int read_leader_rows(struct difference *d, struct table *leader, uint32_t slot, struct row_set **out, struct err *e)
{
	if (table_read_dv(leader, slot, out, e) < 0)
		return -1;
	d->rows = memory_grow(d->rows, struct row_set *, d->row_count + 1);
	d->rows[d->row_count++] = *out;
	return 0;
}

static int add_file(const struct follow *f, struct difference *d, struct table *leader, const struct data_file *file,
		    const char *uri, struct err *e)
{
	const struct iceberg_spec *spec = f->version.metadata->spec;
	struct schema *schema = table_snapshot(leader)->schema;
	struct draft_added *a;
	struct row_set *rows = NULL;

	if (file->row_count == ROWS_UNKNOWN)
		return err_set(e, ERR_CONFIG, "file \"%s\" has no statistics that tell its rows, which Iceberg must know", file->path);
	if ((spec->field_count == 0 && file_input_require_partition(f->store, file, schema, e) < 0) ||
	    (file->dead_count > 0 && read_leader_rows(d, leader, file->slot, &rows, e) < 0))
		return -1;
	d->added = memory_grow(d->added, struct draft_added, d->added_count + 1);
	a = &d->added[d->added_count++];
	*a = (struct draft_added){ .path = uri, .size_bytes = file->size_bytes, .row_count = file->row_count,
				   .stats = file->stats, .spec_id = spec->id, .dead = rows };
	if (partitioning_of_texts(&a->partition, spec, schema, &file->partition, e) < 0)
		return err_wrap(e, "file \"%s\"", file->path);
	return 0;
}

/* Whether the face's deletes of a file are these rows. */
static int has_rows(struct follow *f, const struct live_file *file, const struct row_set *rows, bool *out, struct err *e)
{
	const struct puffin_place place = { file->deletes.offset, file->deletes.size_bytes, (int64_t)file->deletes.cardinality };
	struct row_set *had = NULL;
	const char *key;
	int rc = places_key(&key, f->face_uri, file->deletes.path, e);

	*out = false;
	if (rc < 0 || file->deletes.offset < 0)
		return rc; /* version 2: written again, they are few */
	rc = puffin_read(&had, f->face, key, &place, file->row_count, e);
	*out = rc == 0 && row_set_contains(had, rows) && row_set_contains(rows, had);
	row_set_free(had);
	return rc;
}

/* `is_sure`: bitmaps have only grown since, so that as many rows are the same rows. */
static int compare_file(struct follow *f, struct difference *d, struct table *leader, const struct data_file *file,
			uint32_t number, bool is_sure, struct err *e)
{
	const struct live_file *had = &f->live.files[number];
	struct row_set *rows = NULL;
	bool is_same = had->deletes.cardinality == file->dead_count && (is_sure || file->dead_count == 0);

	if (is_same)
		return 0;
	if (file->dead_count == 0) /* it came back whole: as another file would */
		return err_set(e, ERR_CONFIG, "file \"%s\" has its deleted rows back (RESTORE): remove the folder " FACE_FOLDER
			       " of the table, which is made anew then", file->path);
	if (read_leader_rows(d, leader, file->slot, &rows, e) < 0)
		return -1;
	if (had->deletes.cardinality == file->dead_count && has_rows(f, had, rows, &is_same, e) < 0)
		return -1;
	if (is_same)
		return 0;
	d->deleted = memory_grow(d->deleted, struct draft_deleted, d->deleted_count + 1);
	d->deleted[d->deleted_count++] = (struct draft_deleted){ number, rows };
	return 0;
}

static int find_difference(struct follow *f, struct difference *d, struct table *leader, bool is_sure, struct err *e)
{
	const struct snapshot *s = table_snapshot(leader);
	uint8_t *is_there = memory_array(uint8_t, f->live.file_count + 1);
	struct buffer uri = { 0 };
	int rc = 0;

	for (uint32_t i = 0; i < s->file_count && rc == 0; i++) {
		int64_t number;

		buffer_clear(&uri);
		put_uri(&uri, f, s->files[i].path);
		number = live_find(&f->live, buffer_string(&uri));
		if (number < 0) {
			rc = add_file(f, d, leader, &s->files[i], arena_text(&d->arena, uri.data, uri.size), e);
			continue;
		}
		is_there[number] = 1;
		rc = compare_file(f, d, leader, &s->files[i], (uint32_t)number, is_sure, e);
	}
	for (uint32_t i = 0; i < f->live.file_count && rc == 0; i++) {
		if (is_there[i])
			continue;
		d->removed = memory_grow(d->removed, uint32_t, d->removed_count + 1);
		d->removed[d->removed_count++] = i;
	}
	memory_free(is_there);
	buffer_release(&uri);
	return rc;
}

int follow_reserve_ids(struct follow *f, const struct snapshot *leader, struct err *e)
{
	if (load(f, e) < 0)
		return -1;
	if (f->version.metadata != NULL ? f->version.metadata->format_version < 3 || f->version.metadata->current != NULL :
					  f->format_version < 3)
		return 0;
	for (uint32_t i = 0; i < leader->file_count; i++) {
		const char *path = leader->files[i].path;

		if (name_set_has(&f->asked, path))
			continue;
		if (row_ids_raise(&f->row_ids_from, f->store, path, e) < 0)
			return -1;
		name_set_add(&f->asked, path);
	}
	return 0;
}

/* --- following -------------------------------------------------------------------------------- */

/* Of the snapshots behind our last one, what somebody else did: other files for the same rows go again, other rows must not be. */
static int check_others(const struct follow *f, struct err *e)
{
	const struct iceberg_metadata *m = f->version.metadata;
	const struct iceberg_snapshot *s = m->current;

	for (; s != NULL && iceberg_snapshot_summary(s, LEADER_VERSION) == NULL; s = iceberg_metadata_snapshot(m, s->parent_id)) {
		const char *operation = iceberg_snapshot_summary(s, "operation");

		if (operation == NULL || strcmp(operation, "replace") != 0)
			return err_set(e, ERR_CONFIG, "Iceberg: somebody else changed rows of the table (snapshot %" PRId64 ", %s), which the "
				       "table that it follows does not have; remove the folder " FACE_FOLDER " of the table: it is made "
				       "anew then", s->id, operation != NULL ? operation : "unknown operation");
		log_warn("somebody else rewrote files of the Iceberg metadata: they are those of the table that it follows again",
			 "table=%s snapshot=%" PRId64, f->data_uri, s->id);
	}
	return 0;
}

static int check_leader(const struct follow *f, const struct snapshot *leader, struct err *e)
{
	const char *id = property(f, LEADER_ID);

	if (id == NULL)
		return err_set(e, ERR_CONFIG, "Iceberg: \"%s\" is a table that tailrace did not make of another: name another table",
			       f->version.path);
	if (strcmp(id, leader->table_id) != 0)
		return err_set(e, ERR_CONFIG, "Iceberg: the table that it follows was made anew: remove the folder " FACE_FOLDER
			       " of the table (and drop it from its catalog), so that it is made anew, too");
	return 0;
}

/* Its paths are absolute: in another place readers would open the old one's files, or none. */
static int check_place(const struct follow *f, struct err *e)
{
	struct buffer uri = { 0 };
	struct err ignored = ERR_INIT;
	const char *key;
	bool is_here;

	places_uri(&uri, f->version.metadata->location, METADATA_FOLDER);
	is_here = places_key(&key, f->face_uri, buffer_string(&uri), &ignored) == 0 && strcmp(key, METADATA_FOLDER) == 0;
	buffer_release(&uri);
	if (is_here)
		return 0;
	return err_set(e, ERR_CONFIG, "Iceberg: the table was moved or copied: its metadata is for \"%s\", and it lies in \"%s\"; remove "
		       "the folder " FACE_FOLDER " of the table: it is made anew then", f->version.metadata->location, f->face_uri);
}

/* One try. *is_done: the face has the leader's snapshot. */
static int commit(struct follow *f, const struct snapshot *leader, const struct difference *d, bool *is_done,
		  struct err *e)
{
	const struct iceberg_metadata *m = f->version.metadata;
	char number[24];
	const struct iceberg_pair pairs[] = { { LEADER_VERSION, number }, { POSITION, leader->position } };
	uint32_t pair_count = leader->position != NULL ? 2 : 1;
	bool has_files = d->added_count + d->removed_count + d->deleted_count > 0;
	int64_t now_ms = clock_now_us() / 1000, *expired = NULL;
	struct pairs properties = { .count = 0 };
	struct catalog_version made = { 0 };
	struct iceberg_change_set changes;
	struct draft_edit edit;
	struct draft *draft = NULL;
	enum commit_result result;
	int rc = 0;

	snprintf(number, sizeof(number), "%" PRId64, leader->version);
	iceberg_change_set_init(&changes, m);
	if (!schema_equal(m->schema.columns, leader->schema))
		iceberg_change_set_schema(&changes, m, leader->schema);
	if (changes.schema != NULL) {
		pairs_except_times(&properties, leader->schema);
		pairs_map_names(&properties, leader->schema);
	}
	for (uint32_t i = 0; i < pair_count; i++)
		pairs_add(&properties, pairs[i].key, pairs[i].value);
	if (f->is_past)
		pairs_add(&properties, AGE_KEY, AGE_VALUE);
	changes.properties = properties.items;
	changes.property_count = properties.count;
	edit = (struct draft_edit){ .added = d->added, .added_count = d->added_count, .removed = d->removed,
				    .removed_count = d->removed_count, .deleted = d->deleted, .deleted_count = d->deleted_count,
				    .schema = leader->schema, .schema_id = changes.schema != NULL ? changes.schema_id : m->schema.id,
				    .time_ms = f->past_ms, .row_ids_from = f->row_ids_from, .summary = pairs, .summary_count = pair_count };
	if (has_files || f->is_past)
		rc = draft_write(&draft, &f->places, m, &f->live, &edit, now_ms, e);
	if (rc == 0) {
		changes.snapshot = draft != NULL ? draft_snapshot(draft) : NULL;
		if (!f->is_past)
			tidy_choose(m, draft != NULL, now_ms, &expired, &changes.expired_count);
		changes.expired = expired;
		rc = catalog_commit(f->catalog, &f->version, &changes, &made, &result, e);
	}
	*is_done = rc == 0 && result == COMMIT_DONE;
	if (*is_done) {
		if (draft != NULL)
			draft_settle(draft, &f->live);
		tidy_remove(&f->places, m, made.metadata, &f->live, expired, changes.expired_count);
		catalog_version_release(&f->version);
		f->version = made;
	} else {
		if (rc == 0 && draft != NULL)
			draft_discard(draft);
		forget(f);
	}
	draft_free(draft);
	pairs_release(&properties);
	memory_free(expired);
	return rc;
}

/* Its newest snapshot is ours, or there is none: then the properties say which of the leader's versions it is. */
static bool has_version(const struct follow *f, int64_t wanted, int64_t version)
{
	const struct iceberg_snapshot *s = f->version.metadata->current;

	return version >= wanted && (s == NULL || iceberg_snapshot_summary(s, LEADER_VERSION) != NULL);
}

static int try_once(struct follow *f, struct table *leader, bool *is_done, struct err *e)
{
	const struct snapshot *s = table_snapshot(leader);
	struct difference d = { .arena = { .limit = 0 } };
	bool had_files = f->has_files, is_sure;
	int64_t version;
	int rc;

	*is_done = false;
	if (follow_version(f, &version, e) < 0)
		return -1;
	if (f->version.metadata == NULL)
		return create(f, s, e);
	if (check_leader(f, s, e) < 0 || check_place(f, e) < 0)
		return -1;
	*is_done = has_version(f, s->version, version);
	if (*is_done && version == s->version)
		f->txn_version = s->txn_version;
	if (*is_done)
		return 0;
	if (load_files(f, e) < 0 || (!had_files && check_others(f, e) < 0))
		return -1;
	/* our own commits only let bitmaps grow: as many rows are the same rows; a RESTORE of somebody else does not */
	is_sure = had_files && s->version - version == s->txn_version - f->txn_version;
	rc = find_difference(f, &d, leader, is_sure, e);
	if (rc == 0)
		rc = follow_reserve_ids(f, s, e);
	if (rc == 0)
		rc = commit(f, s, &d, is_done, e);
	if (*is_done)
		f->txn_version = s->txn_version;
	difference_release(&d);
	return rc;
}

/* Listing the folder sweeps out what killed runs left unfinished in it. */
static int sweep(struct follow *f, struct err *e)
{
	struct store_list unused;

	if (f->is_swept)
		return 0;
	if (store_list(f->face, METADATA_FOLDER, "~", &unused, e) < 0)
		return -1;
	store_list_release(&unused);
	f->is_swept = true;
	return 0;
}

int follow_up(struct follow *f, struct table *leader, struct err *e)
{
	bool is_done = false;

	if (table_snapshot(leader)->version < 0)
		return 0;
	if (sweep(f, e) < 0)
		return -1;
	for (int i = 0; i < TRIES && !is_done; i++) {
		if (try_once(f, leader, &is_done, e) < 0)
			return -1;
	}
	return is_done ? 0 : err_set(e, ERR_RETRY, "Iceberg: others committed to %s again and again", f->data_uri);
}

int follow_past(struct follow *f, struct table *leader, int64_t time_ms, struct err *e)
{
	int rc;

	f->is_past = true;
	if (!catalog_dates_metadata(f->catalog))
		f->past_ms = time_ms > 0 ? time_ms : 1; /* no snapshot is older than the one before it */
	rc = follow_up(f, leader, e);
	f->is_past = false;
	f->past_ms = 0;
	return rc;
}

int follow_find_gap(struct follow *f, int64_t from, int64_t *out, struct err *e)
{
	const struct iceberg_snapshot *s;
	int64_t wanted;

	if (follow_version(f, &wanted, e) < 0)
		return -1;
	s = f->version.metadata != NULL ? f->version.metadata->current : NULL;
	for (uint32_t i = 0; s != NULL && wanted >= from && i < f->version.metadata->snapshot_count; i++) {
		const char *text = iceberg_snapshot_summary(s, LEADER_VERSION);

		if (text != NULL && strtoll(text, NULL, 10) != wanted)
			break;
		wanted -= text != NULL;
		s = iceberg_metadata_snapshot(f->version.metadata, s->parent_id);
	}
	*out = wanted >= from ? wanted : -1;
	return 0;
}
