/* SPDX-License-Identifier: Apache-2.0 */
/* From metadata and manifests to a table's snapshot. */
#include <inttypes.h>

#include "base/memory.h"
#include "base/text.h"
#include "table/iceberg/iceberg_handle.h"

int64_t iceberg_number(const char *text, int64_t otherwise)
{
	int64_t number;

	return text != NULL && text_parse_int(bytes_of_text(text), &number) && number >= 0 ? number : otherwise;
}

/* --- our position ----------------------------------------------------------------------------- */

/* The newest snapshot of ours from `shown` on; NULL: none. *is_whole: all of its ancestors are still there. */
static const struct iceberg_snapshot *find_ours(const struct iceberg *t, bool *is_whole)
{
	const struct iceberg_metadata *m = t->version.metadata;
	const struct iceberg_snapshot *s = t->shown;

	*is_whole = true;
	for (uint32_t i = 0; s != NULL && i < m->snapshot_count; i++) {
		if (iceberg_snapshot_summary(s, ICEBERG_COMMIT) != NULL)
			return s;
		*is_whole = s->parent_id < 0;
		s = iceberg_metadata_snapshot(m, s->parent_id);
	}
	return NULL;
}

static void show_position(struct iceberg *t, int64_t number, const char *position, const char *invalid_values)
{
	struct snapshot *s = &t->table.snapshot;

	s->txn_version = number;
	memory_free(s->position);
	s->position = memory_copy_text(position);
	s->invalid_values = (uint64_t)iceberg_number(invalid_values, 0);
}

static void set_warning(struct iceberg *t, int64_t number, int64_t newest)
{
	struct buffer text = { 0 };

	memory_free(t->table.warning);
	t->table.warning = NULL;
	if (number >= newest)
		return;
	buffer_format(&text, "somebody set the table back to our commit %" PRId64 " (the newest was %" PRId64 "): it goes on from "
		      "there", number, newest);
	t->table.warning = memory_copy_text(buffer_string(&text));
	buffer_release(&text);
}

/*
 * The snapshot's own word goes with its rows, also when somebody set the table back to it. The property's counts when our
 * snapshot is expired: nobody but us changes rows and position together.
 */
static int find_position(struct iceberg *t, struct err *e)
{
	const struct iceberg_metadata *m = t->version.metadata;
	bool is_whole;
	const struct iceberg_snapshot *ours = find_ours(t, &is_whole);
	int64_t newest = iceberg_number(iceberg_metadata_property(m, ICEBERG_COMMIT), -1);
	int64_t number = ours != NULL ? iceberg_number(iceberg_snapshot_summary(ours, ICEBERG_COMMIT), -1) : newest;

	if (t->table.snapshot.source_name != NULL && t->app_id != NULL && number < 0)
		return err_set(e, ERR_DATA, "the position is neither in a snapshot's summary nor in the property " ICEBERG_COMMIT
			       ": load the table anew (remove its folder)");
	if (ours == NULL && is_whole && number > 0 && t->app_id != NULL)
		return err_set(e, ERR_DATA, "somebody set the table back to before our first commit: load the table anew (remove its "
			       "folder)");
	if (ours != NULL)
		show_position(t, number, iceberg_snapshot_summary(ours, ICEBERG_POSITION),
			      iceberg_snapshot_summary(ours, ICEBERG_INVALID));
	else
		show_position(t, number, iceberg_metadata_property(m, ICEBERG_POSITION),
			      iceberg_metadata_property(m, ICEBERG_INVALID));
	if (t->app_id != NULL)
		set_warning(t, number, newest);
	return 0;
}

/* --- files and columns ------------------------------------------------------------------------ */

static int show_files(struct iceberg *t, struct err *e)
{
	struct snapshot *s = &t->table.snapshot;

	s->files = memory_grow(s->files, struct data_file, t->live.file_count + 1);
	s->file_count = 0;
	for (uint32_t i = 0; i < t->live.file_count; i++) {
		const struct live_file *f = &t->live.files[i];
		const char *key;

		if (places_key(&key, t->uri, f->path, e) < 0)
			return -1;
		s->files[s->file_count++] = (struct data_file){ .path = (char *)(uintptr_t)key,
								.size_bytes = f->size_bytes,
								.row_count = f->row_count,
								.dead_count = f->deletes.cardinality,
								.slot = i };
	}
	return 0;
}

/* Of the snapshot that is shown: an old one has its own. */
static int show_schema(struct iceberg *t, struct err *e)
{
	const struct iceberg_metadata *m = t->version.metadata;
	struct snapshot *s = &t->table.snapshot;
	struct iceberg_schema old = { .columns = NULL };
	const struct iceberg_schema *wanted = &m->schema;
	int rc = 0;

	if (t->shown != m->current && t->shown != NULL && t->shown->schema_id >= 0) {
		rc = iceberg_metadata_schema(&old, m, t->shown->schema_id, e);
		wanted = &old;
	}
	if (rc == 0)
		rc = iceberg_schema_require(wanted, e);
	if (rc == 0) {
		schema_release(s->schema);
		s->schema = schema_share(wanted->columns);
		s->last_field_id = m->last_column_id;
	}
	if (wanted == &old)
		iceberg_schema_release(&old);
	return rc;
}

int iceberg_show(struct iceberg *t, struct err *e)
{
	const struct iceberg_metadata *m = t->version.metadata;
	struct snapshot *s = &t->table.snapshot;

	s->version = t->shown != NULL ? t->shown->sequence_number : 0;
	s->table_id = (char *)(uintptr_t)m->uuid;
	s->source_name = (char *)(uintptr_t)iceberg_metadata_property(m, ICEBERG_SOURCE);
	if (show_schema(t, e) < 0 || show_files(t, e) < 0)
		return -1;
	return find_position(t, e);
}

void iceberg_forget(struct iceberg *t)
{
	struct snapshot *s = &t->table.snapshot;

	schema_release(s->schema);
	memory_free(s->position);
	memory_free(s->files);
	*s = (struct snapshot){ .version = -1, .txn_version = -1 };
	live_release(&t->live);
	position_deletes_release(&t->spread);
	t->spread = (struct position_deletes){ .files = NULL };
	catalog_version_release(&t->version);
	t->shown = NULL;
}

/*
 * Deletes that are not in a file's own list count with it. A vector has taken them over when it was written (spec, "Deletion
 * Vectors"), as do our new lists.
 */
static int load_spread(struct iceberg *t, struct err *e)
{
	for (uint32_t i = 0; i < t->live.spread_count; i++) {
		const char *key;

		if (places_key(&key, t->places.meta_uri, t->live.spread[i], e) < 0 ||
		    position_deletes_read(&t->spread, t->places.meta, key, e) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < t->live.file_count && t->live.spread_count > 0; i++) {
		struct live_file *f = &t->live.files[i];
		struct row_set *rows;

		if (live_has_vector(f) || position_deletes_find(&t->spread, f->path) == NULL)
			continue;
		if (iceberg_read_dv(&t->table, i, &rows, e) < 0)
			return -1;
		f->deletes.cardinality = row_set_count(rows);
		row_set_free(rows);
	}
	return 0;
}

int iceberg_load(struct iceberg *t, struct catalog_version *v, const struct iceberg_snapshot *s, struct err *e)
{
	iceberg_forget(t);
	t->version = *v;
	*v = (struct catalog_version){ .metadata = NULL };
	t->shown = s;
	if (live_load(&t->live, &t->places, s, e) < 0 || load_spread(t, e) < 0 || iceberg_show(t, e) < 0)
		return err_wrap(e, "Iceberg metadata \"%s\"", t->version.path);
	return 0;
}
