/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One version: bitmaps, side copy of the position, then the log entry. Everything that
 * the entry names is durable before it is put; until then nothing has happened, and
 * whatever lies about is an orphan.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "table/delta/checkpoint.h"
#include "table/delta/dv_file.h"
#include "table/delta/handle.h"
#include "table/delta/schema_json.h"

#define READ_BACK_TRIES   5
#define READ_BACK_WAIT_US 5000 /* doubled each time */

struct commit {
	struct delta *delta;
	const struct prepared_commit *prepared;
	struct action_list actions;
	struct dv_pack pack;
	struct buffer scratch; /* rewritten statistics */
	char txn_id[UUID_TEXT_BYTES + 1];
	int64_t now_ms;
	bool schema_changed;
};

static void commit_init(struct commit *c, struct delta *d,
			const struct prepared_commit *p)
{
	uint8_t uuid[UUID_BYTES];

	*c = (struct commit){ .delta = d,
			      .prepared = p,
			      .now_ms = clock_now_us() / 1000 };
	uuid_random(uuid);
	uuid_format(c->txn_id, uuid);
	dv_pack_init(&c->pack);
	action_list_add(&c->actions, ACTION_COMMIT_INFO);
}

static void commit_release(struct commit *c)
{
	action_list_release(&c->actions);
	dv_pack_release(&c->pack);
	buffer_release(&c->scratch);
	arena_reset(&c->delta->arena);
}

/* Statistics that stay true when rows are dead. */
static const char *wide_stats(struct commit *c, const char *stats)
{
	buffer_clear(&c->scratch);
	stats_widen(&c->scratch, stats);
	return arena_text(&c->delta->arena, c->scratch.data, c->scratch.size);
}

/*
 * A bitmap as it may be published: within the file, and not less than what was deleted
 * before.
 */
static int check_rows(const struct row_set *rows, const char *path, uint64_t row_count,
		      uint64_t before, struct err *e)
{
	uint32_t max;

	if (row_set_max(rows, &max) && max >= row_count)
		return err_set(e, ERR_DATA,
			       "commit refused: row %" PRIu32
			       " of file \"%s\", which has "
			       "%" PRIu64,
			       max, path, row_count);
	if (row_set_count(rows) < before)
		return err_set(e, ERR_DATA,
			       "commit refused: %" PRIu64
			       " deleted rows of file \"%s\", of "
			       "which %" PRIu64 " are deleted already",
			       row_set_count(rows), path, before);
	return 0;
}

static void add_remove(struct commit *c, const struct data_file *f)
{
	action_list_add(&c->actions, ACTION_REMOVE)->file = (struct file_action){
		.path = f->path,
		.size_bytes = (int64_t)f->size_bytes,
		.time_ms = c->now_ms,
		.row_count = f->row_count,
		.dv = c->delta->state.dvs[f->slot],
		.partition_values = f->partition,
		.tags = c->delta->state.tags[f->slot],
		.is_data_change = true,
	};
	c->actions.actions[0].commit_info.files_removed++;
}

/* remove(path, old bitmap), and add(path, new bitmap) unless no row is left. */
static int add_update(struct commit *c, const struct dv_update *u, struct err *e)
{
	const struct data_file *f = &c->delta->table.snapshot.files[u->slot];
	struct deletion_vector dv;
	struct action *add;

	if (check_rows(u->rows, f->path, f->row_count, f->dead_count, e) < 0)
		return -1;
	add_remove(c, f);
	if (row_set_count(u->rows) == f->row_count)
		return 0;
	if (dv_pack_add(&c->pack, u->rows, &dv, e) < 0)
		return -1;
	add = action_list_add(&c->actions, ACTION_ADD);
	add->file = (struct file_action){
		.path = f->path,
		.stats = wide_stats(c, f->stats),
		.size_bytes = (int64_t)f->size_bytes,
		.time_ms = f->modified_at_ms,
		.row_count = f->row_count,
		.dv = dv,
		.partition_values = f->partition,
		.tags = c->delta->state.tags[f->slot],
		.is_data_change = true,
	};
	c->actions.actions[0].commit_info.vectors_written++;
	return 0;
}

/* A value for each partition column; an empty text would be read as NULL ("Partition Value Serialization"). */
static int check_partition(const struct commit *c, const struct data_file *f, struct err *e)
{
	const struct text_list *columns = &c->delta->state.metadata.partition_columns;
	bool is_right = f->partition.count == columns->count;

	for (uint32_t i = 0; is_right && i < columns->count; i++) {
		const struct text_pair *pair = &f->partition.pairs[i];

		is_right = strcmp(pair->key, columns->texts[i]) == 0;
		if (is_right && pair->value != NULL && pair->value[0] == 0)
			return err_set(e, ERR_DATA,
				       "a row has an empty text in column \"%s\", by which the table is "
				       "partitioned: Delta cannot tell it from NULL there; move the lake table "
				       "away and run again without that column in --partition-by",
				       pair->key);
	}
	if (is_right)
		return 0;
	return err_set(e, ERR_DATA,
		       "commit refused: file \"%s\" has not the values of the table's %" PRIu32
		       " partition columns; another writer may have partitioned it anew", f->path, columns->count);
}

static int add_file(struct commit *c, const struct data_file *f,
		    const struct row_set *dead, struct err *e)
{
	struct deletion_vector dv = { .offset = -1 };
	const char *stats = f->stats;
	struct text_map tags = { 0 };

	if (f->row_count == 0 || f->row_count > UINT32_MAX ||
	    stats_row_count(f->stats) != f->row_count)
		return err_set(e, ERR_DATA,
			       "commit refused: file \"%s\" of %" PRIu64 " rows has "
			       "statistics that tell another number",
			       f->path, f->row_count);
	if (check_partition(c, f, e) < 0)
		return -1;
	if (state_find(&c->delta->state, f->path) >= 0)
		return err_set(e, ERR_DATA,
			       "commit refused: file \"%s\" is in the table already",
			       f->path);
	if (dead != NULL && row_set_count(dead) > 0) {
		if (check_rows(dead, f->path, f->row_count, 0, e) < 0)
			return -1;
		if (row_set_count(dead) == f->row_count)
			return 0;
		if (dv_pack_add(&c->pack, dead, &dv, e) < 0)
			return -1;
		stats = wide_stats(c, stats);
		c->actions.actions[0].commit_info.vectors_written++;
	}
	if (c->prepared->tag != NULL)
		text_map_set(&tags, FILE_TAG, c->prepared->tag, &c->delta->arena);
	action_list_add(&c->actions, ACTION_ADD)->file = (struct file_action){
		.path = f->path,
		.stats = stats,
		.size_bytes = (int64_t)f->size_bytes,
		.time_ms = f->modified_at_ms > 0 ? f->modified_at_ms : c->now_ms,
		.row_count = f->row_count,
		.dv = dv,
		.partition_values = f->partition,
		.tags = tags,
		.is_data_change = true,
	};
	c->actions.actions[0].commit_info.files_added++;
	return 0;
}

static int compare_paths(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* At most one add and one remove of a path in a version. */
static int check_paths(const struct commit *c, enum action_kind kind, struct err *e)
{
	const char **paths = memory_array(const char *, c->actions.count);
	uint32_t count = 0;
	int rc = 0;

	for (uint32_t i = 0; i < c->actions.count; i++) {
		if (c->actions.actions[i].kind == kind)
			paths[count++] = c->actions.actions[i].file.path;
	}
	qsort(paths, count, sizeof(*paths), compare_paths);
	for (uint32_t i = 1; rc == 0 && i < count; i++) {
		if (strcmp(paths[i - 1], paths[i]) == 0)
			rc = err_set(e, ERR_DATA,
				     "commit refused: file \"%s\" stands in it twice",
				     paths[i]);
	}
	memory_free(paths);
	return rc;
}

static int add_files(struct commit *c, struct err *e)
{
	const struct prepared_commit *p = c->prepared;
	const struct snapshot *s = &c->delta->table.snapshot;

	assert(p->dv_count == 0 || !p->removes_all);
	for (uint32_t i = 0; p->removes_all && i < s->file_count; i++)
		add_remove(c, &s->files[i]);
	for (uint32_t i = 0; i < p->dv_count; i++) {
		assert(p->dvs[i].slot < s->file_count);
		if (add_update(c, &p->dvs[i], e) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < p->added_count; i++) {
		const struct row_set *dead =
			p->added_dvs != NULL ? p->added_dvs[i] : NULL;

		if (add_file(c, &p->added[i], dead, e) < 0)
			return -1;
	}
	return check_paths(c, ACTION_ADD, e) < 0 ? -1 : check_paths(c, ACTION_REMOVE, e);
}

/* Ids belong to names for ever: an old column keeps its own, a new one is above all. */
static int check_ids(const struct snapshot *s, const struct schema *schema, struct err *e)
{
	const struct schema *old = s->schema;

	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *f = &schema->fields[i];
		int known = old != NULL ? schema_find(old, f->name) : -1;
		bool is_right = known >= 0 ? f->id == old->fields[known].id : f->id > s->last_field_id;

		for (uint32_t j = 0; is_right && j < i; j++)
			is_right = schema->fields[j].id != f->id;
		if (!is_right)
			return err_set(
				e, ERR_DATA,
				"commit refused: column \"%s\" cannot have field id "
				"%" PRId32,
				f->name, f->id);
	}
	return 0;
}

/* metaData with the schema, before it the protocol if it needs more than there is. */
static int add_schema(struct commit *c, const struct schema *schema,
		      const struct metadata *base, struct err *e)
{
	struct delta *d = c->delta;
	const struct protocol *old = d->state.has_protocol ? &d->state.protocol : NULL;
	enum mapping_mode mode;
	struct protocol protocol;
	struct metadata metadata;
	bool is_mapped, is_widened;

	if (mapping_mode_parse(&mode, base, &d->state.protocol, e) < 0 ||
	    check_ids(&d->table.snapshot, schema, e) < 0)
		return -1;
	is_mapped = mode == MAPPING_NAME || schema_needs_mapping(schema);
	metadata_copy(&metadata, base, &d->arena);
	is_widened = metadata_set_schema(&metadata, schema, is_mapped, &d->arena);
	if (protocol_for(&protocol, old, schema, is_mapped, is_widened, &d->arena))
		action_list_add(&c->actions, ACTION_PROTOCOL)->protocol = protocol;
	action_list_add(&c->actions, ACTION_METADATA)->metadata = metadata;
	c->schema_changed = true;
	return 0;
}

static void fill_commit_info(struct commit *c, const char *position)
{
	const struct prepared_commit *p = c->prepared;
	struct commit_info *info = &c->actions.actions[0].commit_info;

	info->operation = p->operation;
	info->txn_id = c->txn_id;
	info->timestamp_ms = c->now_ms;
	info->is_blind_append = p->dv_count == 0 && !p->removes_all;
	info->position = position;
	info->rows_in = p->rows_in;
	info->rows_changed = p->rows_changed;
	info->rows_deleted = p->rows_deleted;
	info->invalid_values = c->delta->table.snapshot.invalid_values + p->invalid_values;
	info->source_time_us = p->source_time_us;
}

/* Whether the entry at `key` is ours: 0 yes, 1 no, 2 there is none. */
static int read_back(struct commit *c, const char *key, struct err *e)
{
	struct action_list list = { 0 };
	struct arena arena = { 0 };
	struct buffer text = { 0 };
	int rc = store_get(c->delta->store, key, 0, 0, &text, e);

	if (rc == 1) {
		rc = 2;
	} else if (rc == 0 &&
		   action_list_parse(&list, buffer_bytes(&text), &arena, e) < 0) {
		rc = err_wrap(e, "\"%s\"", key);
	} else if (rc == 0) {
		rc = 1;
		for (uint32_t i = 0; i < list.count; i++) {
			const struct action *a = &list.actions[i];

			if (a->kind == ACTION_COMMIT_INFO &&
			    a->commit_info.txn_id != NULL &&
			    strcmp(a->commit_info.txn_id, c->txn_id) == 0)
				rc = 0;
		}
	}
	action_list_release(&list);
	arena_release(&arena);
	buffer_release(&text);
	return rc;
}

/* One put; 1: its outcome could not be found out yet. */
static int put_entry(struct commit *c, const char *key, struct bytes entry,
		     enum commit_result *out, struct err *e)
{
	enum put_result put;
	int rc;

	if (store_put(c->delta->store, key, entry, true, &put, e) < 0)
		return -1;
	*out = COMMIT_DONE;
	if (put == PUT_DONE)
		return 0;
	c->delta->is_stale = true; /* until it is known whose entry is there */
	if (put == PUT_UNKNOWN && e->kind == ERR_IO)
		return err_wrap(e,
				"the commit stands, but perhaps not after a power cut");
	rc = read_back(c, key, e);
	if (rc == 0 && store_sync_folder(c->delta->store, LOG_FOLDER, e) < 0)
		return -1;
	if (rc == 1)
		*out = COMMIT_LOST;
	if (rc == 0 || rc == 1) {
		c->delta->is_stale = false;
		return 0;
	}
	if (rc < 0 && e->kind != ERR_RETRY && e->kind != ERR_DATA)
		return -1;
	return 1;
}

/*
 * Puts the entry until it is known whose it is. Putting again is safe: the name is taken
 * only once, and whoever has it is told apart by txnId.
 */
static int publish(struct commit *c, int64_t version, struct bytes entry,
		   enum commit_result *out, struct err *e)
{
	char key[LOG_KEY_BYTES_MAX];
	int rc = 1;

	log_entry_key(key, version);
	for (int i = 0; rc == 1 && i < READ_BACK_TRIES; i++) {
		if (i > 0)
			clock_sleep_us((int64_t)READ_BACK_WAIT_US << i);
		rc = put_entry(c, key, entry, out, e);
	}
	if (rc == 1)
		return err_set(
			e, ERR_RETRY,
			"\"%s\" was put, but can neither be found nor read: whether "
			"the commit was made will show when it can",
			key);
	return rc;
}

static int write_objects(struct commit *c, const struct position_record *position,
			 struct err *e)
{
	struct store *store = c->delta->store;

	if (dv_pack_write(&c->pack, store, e) < 0)
		return -1;
	if ((c->pack.bytes.size > 1 || c->prepared->added_count > 0) &&
	    store_sync_folder(store, "", e) < 0)
		return -1;
	return position_write(c->delta, position, e);
}

/* What was put becomes the snapshot. */
static int adopt(struct commit *c, const struct position_record *position,
		 size_t entry_bytes, struct err *e)
{
	struct delta *d = c->delta;
	struct snapshot *s = &d->table.snapshot;
	char *old;

	d->is_stale = true;
	if (delta_apply(d, &c->actions, s->version + 1, e) < 0 ||
	    delta_show(d, c->schema_changed, e) < 0)
		return -1;
	d->is_stale = false;
	d->put_version = s->version;
	memcpy(d->put_txn_id, c->txn_id, sizeof(c->txn_id));
	old = s->position; /* the record may borrow it */
	s->position = strcmp(position->position, "null") == 0
			      ? NULL
			      : memory_copy_text(position->position);
	memory_free(old);
	s->invalid_values = position->invalid_values;
	d->entry_bytes += entry_bytes;
	return 0;
}

/* After the commit: what fails here is told, and tried again with the next one. */
static void tidy(struct delta *d)
{
	struct err why = ERR_INIT;

	memory_free(d->table.warning);
	d->table.warning = NULL;
	if (position_clean(d, false, &why) < 0 || checkpoint_if_due(d, &why) < 0)
		d->table.warning = memory_copy_text(why.text);
}

static const char *present_position(const struct delta *d)
{
	return d->table.snapshot.position != NULL ? d->table.snapshot.position : "null";
}

static int finish(struct commit *c, enum commit_result *out, struct err *e)
{
	struct delta *d = c->delta;
	const char *text = c->prepared->position;
	struct position_record position = {
		.app_id = d->app_id,
		.txn_id = c->txn_id,
		.position = text != NULL && text[0] != 0 ? text : present_position(d),
		.version = d->table.snapshot.txn_version + 1,
		.invalid_values =
			d->table.snapshot.invalid_values + c->prepared->invalid_values,
	};
	struct buffer entry = { 0 };
	int rc;

	assert(strcmp(position.position, "null") == 0 ||
	       json_is_object_text(position.position));
	fill_commit_info(c, position.position);
	action_list_add(&c->actions, ACTION_TXN)->txn = (struct txn){
		.app_id = d->app_id,
		.version = position.version,
		.last_updated_ms = c->now_ms,
	};
	for (uint32_t i = 0; i < c->actions.count; i++)
		action_format(&entry, &c->actions.actions[i]);
	rc = write_objects(c, &position, e);
	if (rc == 0)
		rc = publish(c, d->table.snapshot.version + 1, buffer_bytes(&entry), out, e);
	if (rc == 0 && *out == COMMIT_DONE)
		rc = adopt(c, &position, entry.size, e);
	buffer_release(&entry);
	return rc;
}

int delta_create(struct table *t, struct schema *schema, const char *source_name,
		 const char *position, enum commit_result *out, struct err *e)
{
	struct delta *d = delta_of(t);
	const struct prepared_commit p = { .operation = "CREATE TABLE",
					   .position = position };
	struct metadata base = { .provider = "parquet", .name = schema->table };
	char id[UUID_TEXT_BYTES + 1];
	uint8_t uuid[UUID_BYTES];
	struct commit c;
	int rc;

	assert(d->app_id != NULL && d->table.snapshot.version < 0);
	commit_init(&c, d, &p);
	uuid_random(uuid);
	uuid_format(id, uuid);
	base.id = id;
	base.created_time_ms = c.now_ms;
	for (uint32_t i = 0; i < schema->partition_count; i++) {
		assert(strcmp(schema->partition[i].transform, "identity") == 0);
		text_list_add(&base.partition_columns, schema->partition[i].name, &d->arena);
	}
	text_map_set(&base.configuration, "delta.enableDeletionVectors", "true",
		     &d->arena);
	text_map_set(&base.configuration, "tailrace.source", source_name, &d->arena);
	text_map_set(&base.configuration, "tailrace.app", d->app_id, &d->arena);
	rc = add_schema(&c, schema, &base, e);
	if (rc == 0)
		rc = finish(&c, out, e);
	commit_release(&c);
	return rc < 0 ? err_wrap(e, "new table") : 0;
}

#define HEAD_BYTES_MAX 1024 /* of an entry of ours: its txnId stands there */

/*
 * Whether the version's entry, when we put it, is still ours. Spark looks whether a name is free and then renames, which on a
 * local file system replaces what came in between.
 */
static int has_own_entry(struct delta *d, bool *out, struct err *e)
{
	struct buffer head = { 0 };
	char key[LOG_KEY_BYTES_MAX];
	uint64_t size;
	int rc;

	*out = true;
	if (d->put_txn_id[0] == 0 || d->put_version != d->table.snapshot.version)
		return 0;
	log_entry_key(key, d->put_version);
	rc = d->store->ops->size(d->store, key, &size, e);
	if (rc == 0)
		rc = store_get(d->store, key, 0, size < HEAD_BYTES_MAX ? size : HEAD_BYTES_MAX, &head, e);
	*out = rc == 0 && strstr(buffer_string(&head), d->put_txn_id) != NULL;
	buffer_release(&head);
	if (rc >= 0 && !*out) { /* what a refresh finds is not ours */
		d->put_txn_id[0] = 0;
		d->is_stale = true;
	}
	return rc < 0 ? -1 : 0;
}

int delta_commit(struct table *t, const struct prepared_commit *p,
		 enum commit_result *out, struct err *e)
{
	struct delta *d = delta_of(t);
	int64_t version = d->table.snapshot.version + 1;
	struct commit c;
	bool is_there;
	int rc;

	assert(d->app_id != NULL);
	if (d->is_stale)
		return err_set(e, ERR_CONFLICT,
			       "commit %" PRId64 ": the outcome of the one before is "
			       "not known: the table must be read again",
			       version);
	assert(d->table.snapshot.version >= 0);
	rc = has_own_entry(d, &is_there, e);
	if (rc < 0)
		return err_wrap(e, "commit %" PRId64, version);
	*out = COMMIT_LOST;
	if (!is_there)
		return 0;
	commit_init(&c, d, p);
	if (p->schema != NULL)
		rc = add_schema(&c, p->schema, &d->state.metadata, e);
	if (rc == 0)
		rc = add_files(&c, e);
	if (rc == 0)
		rc = finish(&c, out, e);
	commit_release(&c);
	if (rc < 0)
		return err_wrap(e, "commit %" PRId64, version);
	if (*out == COMMIT_DONE)
		tidy(d);
	return 0;
}
