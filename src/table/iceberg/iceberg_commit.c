/* SPDX-License-Identifier: Apache-2.0 */
/* One version: a draft of its snapshot, then the catalog's word. Until that, nothing has happened. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "table/iceberg/draft.h"
#include "table/iceberg/iceberg_handle.h"
#include "table/iceberg/pairs.h"
#include "table/iceberg/partitioning.h"
#include "table/iceberg/tidy.h"
#include "table/uuid.h"

/* What outlives a snapshot. */
static void add_state(struct pairs *p, int64_t number, const char *position)
{
	pairs_add_number(p, ICEBERG_COMMIT, (uint64_t)number);
	pairs_add(p, ICEBERG_POSITION, position);
}

/* Of a summary, which each later version repeats: what is not there is zero. */
static void add_count(struct pairs *p, const char *key, uint64_t count)
{
	if (count > 0)
		pairs_add_number(p, key, count);
}

struct commit {
	struct iceberg *table;
	const struct prepared_commit *prepared;
	struct draft_edit edit;
	struct draft_added *added;
	struct draft_deleted *deleted;
	uint32_t *removed;
	struct pairs properties, summary;
	struct draft *draft;
	struct arena arena;
};

static void commit_release(struct commit *c)
{
	draft_free(c->draft);
	for (uint32_t i = 0; i < c->edit.added_count; i++)
		iceberg_values_release(&c->added[i].partition);
	memory_free(c->added);
	memory_free(c->deleted);
	memory_free(c->removed);
	pairs_release(&c->properties);
	pairs_release(&c->summary);
	arena_release(&c->arena);
}

/* --- what changes ----------------------------------------------------------------------------- */

static int add_update(struct commit *c, const struct dv_update *u, struct err *e)
{
	const struct live_file *f = &c->table->live.files[u->slot];
	uint64_t count = row_set_count(u->rows);

	if (count < f->deletes.cardinality || count == 0)
		return err_set(e, ERR_DATA, "commit refused: %" PRIu64 " deleted rows of file \"%s\", of which %" PRIu64
			       " are deleted already", count, f->path, f->deletes.cardinality);
	if (count >= f->row_count)
		c->removed[c->edit.removed_count++] = u->slot;
	else
		c->deleted[c->edit.deleted_count++] = (struct draft_deleted){ u->slot, u->rows };
	return 0;
}

static int add_file(struct commit *c, const struct data_file *f, const struct row_set *dead, struct err *e)
{
	struct buffer uri = { 0 };
	struct draft_added *a;
	const char *path;

	if (f->row_count == 0 || f->row_count > UINT32_MAX)
		return err_set(e, ERR_DATA, "commit refused: file \"%s\" of %" PRIu64 " rows", f->path, f->row_count);
	if (dead != NULL && row_set_count(dead) >= f->row_count)
		return 0;
	places_uri(&uri, c->table->uri, f->path);
	path = arena_text(&c->arena, uri.data, uri.size);
	buffer_release(&uri);
	if (live_find(&c->table->live, path) >= 0)
		return err_set(e, ERR_DATA, "commit refused: file \"%s\" is in the table already", f->path);
	a = &c->added[c->edit.added_count++];
	*a = (struct draft_added){ .path = path, .size_bytes = f->size_bytes, .row_count = f->row_count, .stats = f->stats,
				   .dead = dead };
	partitioning_read(&a->spec_id, &a->partition, c->table->version.metadata->spec, buffer_bytes(&f->tuple));
	return 0;
}

static int fill_edit(struct commit *c, struct err *e)
{
	const struct prepared_commit *p = c->prepared;
	uint32_t count = c->table->live.file_count;

	assert(p->dv_count == 0 || !p->removes_all);
	c->added = memory_array(struct draft_added, p->added_count + 1);
	c->deleted = memory_array(struct draft_deleted, p->dv_count + 1);
	c->removed = memory_array(uint32_t, count + 1);
	for (uint32_t i = 0; p->removes_all && i < count; i++)
		c->removed[c->edit.removed_count++] = i;
	for (uint32_t i = 0; i < p->dv_count; i++) {
		assert(p->dvs[i].slot < count);
		if (add_update(c, &p->dvs[i], e) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < p->added_count; i++) {
		if (add_file(c, &p->added[i], p->added_dvs != NULL ? p->added_dvs[i] : NULL, e) < 0)
			return -1;
	}
	c->edit.added = c->added;
	c->edit.deleted = c->deleted;
	c->edit.removed = c->removed;
	return 0;
}

static void fill_texts(struct commit *c)
{
	const struct prepared_commit *p = c->prepared;
	const struct snapshot *s = &c->table->table.snapshot;
	const char *position = p->position != NULL && p->position[0] != 0 ? p->position : s->position;

	add_state(&c->properties, s->txn_version + 1, position);
	pairs_add_number(&c->properties, ICEBERG_INVALID, s->invalid_values + p->invalid_values);
	if (p->schema != NULL)
		pairs_except_times(&c->properties, p->schema);
	add_state(&c->summary, s->txn_version + 1, position);
	pairs_add(&c->summary, ICEBERG_OPERATION, p->operation);
	add_count(&c->summary, ICEBERG_INVALID, s->invalid_values + p->invalid_values);
	add_count(&c->summary, ICEBERG_IN, p->rows_in);
	add_count(&c->summary, ICEBERG_CHANGED, p->rows_changed);
	add_count(&c->summary, ICEBERG_DELETED, p->rows_deleted);
	add_count(&c->summary, ICEBERG_SOURCE_TIME, p->source_time_us > 0 ? (uint64_t)p->source_time_us : 0);
	c->edit.summary = c->summary.items;
	c->edit.summary_count = c->summary.count;
}

/* Ids belong to names for ever: an old column keeps its own, a new one is above all. */
static int check_schema(const struct iceberg *t, const struct schema *schema, struct err *e)
{
	const struct iceberg_metadata *m = t->version.metadata;
	const struct snapshot *s = &t->table.snapshot;

	for (uint32_t i = 0; i < schema->field_count; i++) {
		const struct field *f = &schema->fields[i];
		int known = schema_find(s->schema, f->name);

		if (known >= 0 ? f->id != s->schema->fields[known].id : f->id <= s->last_field_id)
			return err_set(e, ERR_DATA, "commit refused: column \"%s\" cannot have field id %" PRId32, f->name, f->id);
	}
	for (uint32_t i = 0; i < m->spec_count; i++) {
		if (partitioning_check_names(&m->specs[i], schema, e) < 0)
			return -1;
	}
	return 0;
}

/* --- the commit ------------------------------------------------------------------------------- */

/* What was committed becomes the snapshot. When somebody committed behind it already, nothing follows it until a refresh. */
static int adopt(struct commit *c, struct catalog_version *made, const struct iceberg_change_set *changes, struct err *e)
{
	struct iceberg *t = c->table;

	draft_settle(c->draft, &t->live);
	t->shown = iceberg_metadata_snapshot(made->metadata, draft_snapshot(c->draft)->id);
	t->is_stale = t->shown == NULL || t->shown != made->metadata->current;
	if (!t->is_stale)
		tidy_remove(&t->places, t->version.metadata, made->metadata, &t->live, changes->expired, changes->expired_count);
	catalog_version_release(&t->version);
	t->version = *made;
	if (t->shown == NULL)
		return err_set(e, ERR_CONFLICT, "the snapshot of the commit is gone: the table must be read again");
	return iceberg_show(t, e);
}

static int publish(struct commit *c, struct iceberg_change_set *changes, enum commit_result *out, struct err *e)
{
	struct iceberg *t = c->table;
	struct catalog_version made = { .metadata = NULL };
	int64_t *expired = NULL;
	int rc;

	tidy_choose(t->version.metadata, true, clock_now_us() / 1000, &expired, &changes->expired_count);
	changes->expired = expired;
	changes->snapshot = draft_snapshot(c->draft);
	t->is_stale = true; /* until it is known whose commit is there */
	rc = catalog_commit(t->catalog, &t->version, changes, &made, out, e);
	if (rc == 0 && *out == COMMIT_DONE)
		rc = adopt(c, &made, changes, e);
	memory_free(expired);
	if (rc == 0 && *out == COMMIT_LOST) {
		draft_discard(c->draft);
		t->is_stale = false;
	}
	return rc;
}

static int commit(struct commit *c, enum commit_result *out, struct err *e)
{
	struct iceberg *t = c->table;
	const struct prepared_commit *p = c->prepared;
	const struct iceberg_metadata *m = t->version.metadata;
	struct iceberg_change_set changes;

	iceberg_change_set_init(&changes, m);
	if (p->schema != NULL) {
		if (check_schema(t, p->schema, e) < 0)
			return -1;
		iceberg_change_set_schema(&changes, m, p->schema);
	}
	c->edit.schema = changes.schema != NULL ? changes.schema : m->schema.columns;
	c->edit.schema_id = changes.schema != NULL ? changes.schema_id : m->schema.id;
	fill_texts(c);
	changes.properties = c->properties.items;
	changes.property_count = c->properties.count;
	if (fill_edit(c, e) < 0 || store_sync_folder(t->store, "", e) < 0 ||
	    draft_write(&c->draft, &t->places, m, &t->live, &c->edit, clock_now_us() / 1000, e) < 0)
		return -1;
	return publish(c, &changes, out, e);
}

int iceberg_commit(struct table *table, const struct prepared_commit *p, enum commit_result *out, struct err *e)
{
	struct commit c = { .table = iceberg_of(table), .prepared = p };
	int64_t version = table->snapshot.version + 1;
	int rc;

	assert(c.table->app_id != NULL);
	if (c.table->is_stale)
		return err_set(e, ERR_CONFLICT, "commit %" PRId64 ": the outcome of the one before is not known: the table must be read "
			       "again", version);
	assert(table->snapshot.version >= 0);
	rc = commit(&c, out, e);
	commit_release(&c);
	return rc < 0 ? err_wrap(e, "commit %" PRId64, version) : 0;
}

/* --- a new table ------------------------------------------------------------------------------ */

int iceberg_create(struct table *table, struct schema *schema, const char *source_name, const char *position,
		   enum commit_result *out, struct err *e)
{
	struct iceberg *t = iceberg_of(table);
	char uuid[UUID_TEXT_BYTES + 1];
	struct iceberg_spec spec;
	const struct iceberg_creation creation = { .uuid = uuid, .location = t->uri, .format_version = t->format_version,
						   .schema = schema, .spec = &spec };
	struct catalog_version made = { .metadata = NULL };
	struct iceberg_change_set changes;
	struct pairs properties = { .items = NULL };
	uint8_t bytes[UUID_BYTES];
	int rc;

	assert(t->app_id != NULL && table->snapshot.version < 0);
	uuid_random(bytes);
	uuid_format(uuid, bytes);
	add_state(&properties, 0, position);
	pairs_add(&properties, ICEBERG_SOURCE, source_name);
	pairs_add(&properties, ICEBERG_APP, t->app_id);
	pairs_add_defaults(&properties);
	pairs_except_times(&properties, schema);
	iceberg_change_set_init(&changes, NULL);
	changes.creation = &creation;
	changes.properties = properties.items;
	changes.property_count = properties.count;
	rc = partitioning_spec(&spec, schema, e);
	if (rc == 0)
		rc = catalog_commit(t->catalog, NULL, &changes, &made, out, e);
	if (rc == 0 && *out == COMMIT_DONE)
		rc = iceberg_load(t, &made, NULL, e);
	pairs_release(&properties);
	iceberg_spec_release(&spec);
	return rc < 0 ? err_wrap(e, "new table") : 0;
}
