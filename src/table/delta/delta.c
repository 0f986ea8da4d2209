/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, refreshing and asking a table. */
#include "table/delta/delta.h"

#include <inttypes.h>
#include <string.h>

#include "table/delta/dv_file.h"
#include "table/delta/handle.h"
#include "table/delta/schema_json.h"

/*
 * A table that we may write: made by us, for this application, in a form that we keep
 * whole.
 */
static int check_ours(const struct delta *d, struct err *e)
{
	const char *app_id =
		text_map_get(&d->state.metadata.configuration, "tailrace.app");

	if (d->table.snapshot.source_name == NULL || app_id == NULL)
		return err_set(e, ERR_CONFIG,
			       "a Delta table that tailrace did not make is there: "
			       "choose another folder");
	if (strcmp(app_id, d->app_id) != 0)
		return err_set(
			e, ERR_CONFIG,
			"the table is kept by the pipeline \"%s\", this one is "
			"\"%s\": choose another folder, or the same source and name",
			app_id, d->app_id);
	if (d->table.snapshot.txn_version < 0)
		return err_set(e, ERR_DATA,
			       "the log has lost our txn action (delta."
			       "setTransactionRetentionDuration?): load the table anew "
			       "(remove its "
			       "folder)");
	return protocol_check_write(&d->state, e);
}

static int open_newest(struct delta *d, struct err *e)
{
	struct store_list unused;

	/* Listing the folder sweeps out what killed runs left in it. */
	if (store_list(d->store, "", "~", &unused, e) < 0)
		return -1;
	store_list_release(&unused);
	if (delta_load(d, -1, e) < 0)
		return -1;
	if (d->table.snapshot.version < 0)
		return 0;
	/*
	 * What another run made visible is acted upon from here on: it must not go away
	 * any more.
	 */
	if (check_ours(d, e) < 0 || store_sync_folder(d->store, LOG_FOLDER, e) < 0 ||
	    position_load(d, e) < 0)
		return -1;
	return position_clean(d, true, e);
}

static int64_t delta_find_file(const struct table *t, const char *path)
{
	return state_find(&delta_of(t)->state, path);
}

/* A checkpoint that another writer made is as good as ours: the next one is due that much later. */
static void note_checkpoints(struct delta *d, const struct store_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct log_file f = log_file_parse(list->objects[i].key + strlen(LOG_FOLDER) + 1);

		if (f.kind != LOG_CHECKPOINT || f.version <= d->checkpoint_version || f.version > d->state.version)
			continue;
		d->checkpoint_version = f.version;
		d->checkpoint_bytes = list->objects[i].size;
		d->entry_bytes = 0;
	}
}

#define LOOK_BACK 16 /* versions: a checkpoint comes after its entry */

/*
 * Entries that follow the state without a gap; false: others are there, or none of them
 * is.
 */
static int load_next(struct delta *d, bool *is_whole, bool *changed, bool *schema_changed,
		     struct err *e)
{
	char after[LOG_KEY_BYTES_MAX];
	struct store_list list;
	int rc = 0;

	*is_whole = true;
	log_entry_key(after, d->state.version > LOOK_BACK ? d->state.version - LOOK_BACK : 0);
	if (store_list(d->store, LOG_FOLDER, after + strlen(LOG_FOLDER) + 1, &list, e) <
	    0)
		return -1;
	for (size_t i = 0; rc == 0 && *is_whole && i < list.count; i++) {
		struct log_file f =
			log_file_parse(list.objects[i].key + strlen(LOG_FOLDER) + 1);

		if (f.kind != LOG_ENTRY || f.version <= d->state.version)
			continue;
		*is_whole = f.version == d->state.version + 1;
		if (!*is_whole)
			break;
		*changed = true;
		rc = delta_load_entry(d, f.version, schema_changed, e);
	}
	note_checkpoints(d, &list);
	store_list_release(&list);
	return rc;
}

static int delta_refresh(struct table *t, bool *changed, struct err *e)
{
	struct delta *d = delta_of(t);
	bool is_whole = false, schema_changed = false;
	int rc = 0;

	*changed = false;
	if (!d->is_stale && d->table.snapshot.version >= 0) {
		rc = load_next(d, &is_whole, changed, &schema_changed, e);
		d->is_stale = rc < 0;
	}
	if (rc == 0 && is_whole && *changed)
		rc = delta_show(d, schema_changed, e);
	if (rc == 0 && !is_whole) {
		int64_t before = d->table.snapshot.version;
		bool was_stale = d->is_stale;

		rc = delta_load(d, -1, e);
		*changed = was_stale || d->table.snapshot.version != before;
	}
	if (rc < 0 || !*changed || d->app_id == NULL || d->table.snapshot.version < 0)
		return rc;
	if (check_ours(d, e) == 0 && store_sync_folder(d->store, LOG_FOLDER, e) == 0 &&
	    position_load(d, e) == 0)
		return 0;
	d->is_stale = true;
	return -1;
}

/* Of a table that is opened for reading. */
static void show_logged(struct delta *d)
{
	struct snapshot *s = &d->table.snapshot;

	if (s->version < 0 || d->logged.position == NULL || strcmp(d->logged.position, "null") == 0)
		return;
	memory_free(s->position);
	s->position = memory_copy_text(d->logged.position);
	s->invalid_values = d->logged.invalid_values;
}

int delta_advance(struct table *t, struct err *e)
{
	struct delta *d = delta_of(t);
	char key[LOG_KEY_BYTES_MAX];
	bool schema_changed = false;
	uint64_t size;
	int rc;

	log_entry_key(key, d->state.version + 1);
	rc = d->store->ops->size(d->store, key, &size, e);
	if (rc == 0)
		rc = delta_load_entry(d, d->state.version + 1, &schema_changed, e);
	if (rc == 0)
		rc = delta_show(d, schema_changed, e);
	if (rc == 0)
		show_logged(d);
	return rc;
}

static int delta_read_dv(struct table *t, uint32_t slot, struct row_set **out, struct err *e)
{
	const struct data_file *f = &t->snapshot.files[slot];
	const struct deletion_vector *dv = &delta_of(t)->state.dvs[slot];
	uint64_t limit = f->row_count < UINT32_MAX ? f->row_count : UINT32_MAX;

	if (dv->storage_type == 0) {
		*out = row_set_new();
		return 0;
	}
	if (dv_read(out, delta_of(t)->store, dv, limit, e) < 0)
		return err_wrap(e, "data file \"%s\"", f->path);
	return 0;
}

static void put_features(struct buffer *out, const char *what, const struct text_list *l)
{
	buffer_format(out, ", %s features:", what);
	for (uint32_t i = 0; i < l->count; i++)
		buffer_format(out, "%s %s", i > 0 ? "," : "", l->texts[i]);
	if (l->count == 0)
		buffer_text(out, " none");
}

static void delta_protocol(const struct table *t, struct buffer *out)
{
	const struct protocol *p = &delta_of(t)->state.protocol;

	buffer_format(out, "reader %" PRId32 ", writer %" PRId32, p->min_reader,
		      p->min_writer);
	if (p->min_reader >= 3)
		put_features(out, "reader", &p->reader_features);
	if (p->min_writer >= 7)
		put_features(out, "writer", &p->writer_features);
}

static void delta_close(struct table *t)
{
	struct delta *d = delta_of(t);

	state_release(&d->state);
	position_copy_release(&d->logged);
	schema_release(t->snapshot.schema);
	memory_free(t->snapshot.position);
	arena_release(&d->arena);
	memory_free(d->app_id);
	memory_free(t->warning);
	memory_free(d);
}

static const struct table_ops delta_ops = {
	.create = delta_create,
	.commit = delta_commit,
	.refresh = delta_refresh,
	.advance = delta_advance,
	.find_file = delta_find_file,
	.read_dv = delta_read_dv,
	.history = delta_history,
	.protocol = delta_protocol,
	.close = delta_close,
};

static struct delta *handle_new(struct store *store, const char *app_id)
{
	struct delta *d = memory_new(struct delta);

	d->table.ops = &delta_ops;
	d->store = store;
	d->app_id = memory_copy_text(app_id);
	d->table.snapshot = (struct snapshot){ .version = -1, .txn_version = -1 };
	d->logged.number = -1;
	d->checkpoint_version = -1;
	state_init(&d->state, app_id != NULL);
	return d;
}

int delta_open(struct table **out, struct store *store, const char *app_id, struct err *e)
{
	struct delta *d = handle_new(store, app_id);

	if (open_newest(d, e) < 0) {
		delta_close(&d->table);
		return -1;
	}
	*out = &d->table;
	return 0;
}

int delta_open_read(struct table **out, struct store *store, int64_t version,
		    struct err *e)
{
	struct delta *d = handle_new(store, NULL);

	if (delta_load(d, version, e) < 0) {
		delta_close(&d->table);
		return -1;
	}
	show_logged(d);
	*out = &d->table;
	return 0;
}
