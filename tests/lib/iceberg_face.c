/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/iceberg_face.h"

#include "base/memory.h"
#include "lib/catalog_changes.h"
#include "lib/parquet_file.h"
#include "lib/test.h"
#include "table/iceberg/puffin.h"

/* --- the leader ------------------------------------------------------------------------------- */

static int read_dv(struct table *t, uint32_t slot, struct row_set **out, struct err *e)
{
	struct leader *l = (struct leader *)(void *)t;

	(void)e;
	*out = row_set_new();
	if (l->rows[slot] != NULL)
		row_set_union(*out, l->rows[slot]);
	return 0;
}

static const struct table_ops leader_ops = { .read_dv = read_dv };

void leader_init(struct leader *l, struct store *store)
{
	*l = (struct leader){ .table = { .ops = &leader_ops }, .store = store };
	l->table.snapshot = (struct snapshot){ .table_id = memory_copy_text("the leader"), .schema = catalog_changes_schema(),
					       .last_field_id = 2, .files = l->files };
}

static void forget(struct leader *l, uint32_t slot)
{
	memory_free(l->files[slot].path);
	row_set_free(l->rows[slot]);
}

void leader_release(struct leader *l)
{
	for (uint32_t i = 0; i < l->table.snapshot.file_count; i++)
		forget(l, i);
	schema_release(l->table.snapshot.schema);
	memory_free(l->table.snapshot.table_id);
}

static void commit_ours(struct leader *l)
{
	l->table.snapshot.version++;
	l->table.snapshot.txn_version++;
}

/* What looks for a column of ids opens it. */
static uint64_t put_file(struct leader *l, const char *name)
{
	struct parquet_file file;
	struct err e = ERR_INIT;
	enum put_result ignored;
	uint64_t size;

	parquet_file_init_one(&file, TYPE_LONG);
	column_set_null(&file.rows.columns[0]);
	columns_end_row(&file.rows);
	parquet_file_write_all(&file);
	size = file.bytes.size;
	must(store_put(l->store, name, buffer_bytes(&file.bytes), false, &ignored, &e), &e);
	parquet_file_release(&file);
	return size;
}

void leader_add(struct leader *l, uint32_t count)
{
	struct snapshot *s = &l->table.snapshot;

	for (uint32_t i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "part-%u.parquet", l->next++);
		assert_true(s->file_count < LEADER_FILES_MAX);
		l->files[s->file_count] = (struct data_file){ .path = memory_copy_text(name), .size_bytes = put_file(l, name),
							      .row_count = 100, .slot = s->file_count };
		l->rows[s->file_count++] = NULL;
	}
	commit_ours(l);
}

void leader_remove(struct leader *l, uint32_t slot)
{
	struct snapshot *s = &l->table.snapshot;

	forget(l, slot);
	s->file_count--;
	for (uint32_t i = slot; i < s->file_count; i++) {
		l->files[i] = l->files[i + 1];
		l->files[i].slot = i;
		l->rows[i] = l->rows[i + 1];
	}
	commit_ours(l);
}

void leader_delete(struct leader *l, uint32_t slot, uint32_t row)
{
	if (l->rows[slot] == NULL)
		l->rows[slot] = row_set_new();
	row_set_add(l->rows[slot], row);
	l->files[slot].dead_count = row_set_count(l->rows[slot]);
	commit_ours(l);
}

void leader_restore(struct leader *l, uint32_t slot, uint32_t row)
{
	row_set_free(l->rows[slot]);
	l->rows[slot] = row_set_new();
	row_set_add(l->rows[slot], row);
	l->files[slot].dead_count = 1;
	l->table.snapshot.version++;
}

/* --- the face --------------------------------------------------------------------------------- */

struct follow *face_open(struct store *store, int format_version)
{
	const struct follow_settings s = { .namespace = "shop", .name = "orders", .format_version = format_version };
	struct follow *f = NULL;
	struct err e = ERR_INIT;

	must(follow_open(&f, store, &s, &e), &e);
	return f;
}

static void uri_of(char out[256], const char *folder)
{
	snprintf(out, 256, "file://%s", folder);
}

void face_read(struct face *f, struct store *store, const char *folder)
{
	struct store *below;
	struct catalog_settings s = { .namespace = "shop", .name = "orders" };
	struct catalog *c = NULL;
	struct err e = ERR_INIT;
	char uri[256], data_uri[256];
	struct iceberg_places places;

	uri_of(data_uri, folder);
	snprintf(uri, sizeof(uri), "%.200s/%s", data_uri, FACE_FOLDER);
	below = store_open_below(store, FACE_FOLDER, &e);
	s.store = below;
	s.location = uri;
	places = (struct iceberg_places){ below, uri, store, data_uri };
	*f = (struct face){ .live = { .files = NULL } };
	must(catalog_open(&c, &s, &e), &e);
	assert_int_equal(catalog_load(c, &f->version, &e), 0);
	must(live_load(&f->live, &places, f->version.metadata->current, &e), &e);
	catalog_close(c);
	store_close(below);
}

void face_release(struct face *f)
{
	live_release(&f->live);
	catalog_version_release(&f->version);
}

static void assert_rows(struct store *store, const char *folder, const struct live_file *file, const struct row_set *wanted)
{
	const struct puffin_place place = { file->deletes.offset, file->deletes.size_bytes, (int64_t)file->deletes.cardinality };
	const char *key = file->deletes.path + strlen("file://") + strlen(folder) + 1;
	struct row_set *rows = NULL;
	struct err e = ERR_INIT;

	if (place.offset < 0)
		return; /* version 2: a file of its own tests */
	must(puffin_read(&rows, store, key, &place, file->row_count, &e), &e);
	assert_true(row_set_contains(rows, wanted) && row_set_contains(wanted, rows));
	row_set_free(rows);
}

void assert_face_equal(struct store *store, const char *folder, const struct leader *l)
{
	const struct snapshot *s = &l->table.snapshot;
	struct face f;

	face_read(&f, store, folder);
	assert_int_equal(f.live.file_count, s->file_count);
	for (uint32_t i = 0; i < s->file_count; i++) {
		char uri[400];
		int64_t file;

		snprintf(uri, sizeof(uri), "file://%s/%s", folder, s->files[i].path);
		file = live_find(&f.live, uri);
		assert_true(file >= 0);
		assert_int_equal(f.live.files[file].row_count, s->files[i].row_count);
		assert_int_equal(f.live.files[file].deletes.cardinality, s->files[i].dead_count);
		if (s->files[i].dead_count > 0)
			assert_rows(store, folder, &f.live.files[file], l->rows[i]);
	}
	face_release(&f);
}

int face_world_setup(void **state)
{
	struct face_world *w = memory_new(struct face_world);
	struct err e = ERR_INIT;

	scratch_make(&w->folder);
	w->store = store_open_directory(w->folder.path, false, &e);
	leader_init(&w->leader, w->store);
	w->face = face_open(w->store, 3);
	*state = w;
	return 0;
}

int face_world_teardown(void **state)
{
	struct face_world *w = *state;

	face_release(&w->seen);
	follow_close(w->face);
	leader_release(&w->leader);
	store_close(w->store);
	scratch_remove(&w->folder);
	memory_free(w);
	return 0;
}
