/* SPDX-License-Identifier: Apache-2.0 */
/* What was staged becomes a version of the table. */
#include <string.h>

#include "base/memory.h"
#include "merge/key_order.h"
#include "merge/merge_handle.h"
#include "merge/turn.h"

/* Collects the touched bitmaps into the prepared commit's lists, which the caller frees. */
static void collect_dead(const struct merge *m, struct prepared_commit *p, struct dv_update **dvs,
			 const struct row_set ***added_dvs)
{
	const struct places *places = &m->places;

	*dvs = memory_array(struct dv_update, places->slot_count);
	*added_dvs = memory_array(const struct row_set *, m->file_count);
	for (uint32_t i = 0; i < places->slot_count; i++) {
		if (places->slots[i].is_touched)
			(*dvs)[p->dv_count++] = (struct dv_update){ i, places->slots[i].dead };
	}
	for (uint32_t i = 0; i < m->file_count; i++)
		(*added_dvs)[i] = places->staged[i].dead;
	p->dvs = *dvs;
	p->added_dvs = *added_dvs;
}

static const char *operation_of(const struct merge *m, const struct batch *last, bool new_schema)
{
	if (new_schema)
		return schema_operation(table_snapshot(m->table)->schema, m->schema);
	if (last->is_copy)
		return "COPY";
	return m->truncates ? "TRUNCATE" : "MERGE";
}

static int after_commit(struct merge *m, struct err *e)
{
	if (pending_apply(&m->pending, m->index, e) < 0)
		return -1;
	key_index_set_version(m->index, table_snapshot(m->table)->version, table_snapshot(m->table)->txn_version);
	places_commit(&m->places);
	if (m->shape.order_words > 0) {
		columns_clear(&m->late);
		tombstones_settle(m->events.tombstones);
		key_index_set_horizon(m->index, key_order_of_time(event_clock_edge(&m->events.state.clock)));
	}
	merge_drop_files(m);
	m->truncates = false;
	m->rows_in = m->rows_added = m->rows_changed = m->rows_deleted = 0;
	return 0;
}

/* What a turn is taken with. */
struct staged {
	struct merge *merge;
	const struct batch *last;
	uint64_t rows_deleted; /* as committed */
};

/* No file is new that may have rows of our keys; the bitmaps are joined. */
static int follow(void *argument, struct err *e)
{
	struct merge *m = ((struct staged *)argument)->merge;
	const struct snapshot *s = table_snapshot(m->table);
	const char *passed = NULL; /* the tag of a file that does not concern us */

	for (uint32_t i = 0; i < s->file_count && !m->shape.is_multiset; i++) {
		const char *tag = s->files[i].tag;

		if (key_index_file(m->index, s->files[i].path) != 0 ||
		    (tag != NULL && passed != NULL && strcmp(tag, passed) == 0))
			continue;
		if (m->share->concerns(m->share, tag))
			return err_set(e, ERR_CONFLICT, "another writer added rows to our part of the table");
		passed = tag;
	}
	return places_follow(&m->places, e);
}

static int commit_at(struct staged *staged, const char *position, enum commit_result *out, struct err *e)
{
	const struct batch *last = staged->last;
	struct merge *m = staged->merge;
	bool new_schema = !schema_equal(table_snapshot(m->table)->schema, m->schema);
	struct prepared_commit p = {
		.operation = operation_of(m, last, new_schema),
		.schema = new_schema ? m->schema : NULL,
		.added = m->files,
		.added_count = m->file_count,
		.removes_all = m->truncates,
		.tag = m->truncates || last->tag.size == 0 ? NULL : buffer_string((struct buffer *)&last->tag),
		.position = position,
		.rows_in = m->rows_in,
		.rows_changed = m->rows_changed,
		.rows_deleted = m->rows_deleted - m->rows_changed,
		.source_time_us = last->source_time_us,
	};
	const struct row_set **added_dvs;
	struct dv_update *dvs;
	int rc;

	staged->rows_deleted = p.rows_deleted;
	collect_dead(m, &p, &dvs, &added_dvs);
	rc = table_commit(m->table, &p, out, e);
	memory_free(dvs);
	memory_free(added_dvs);
	return rc;
}

static int commit(void *argument, const char *position, enum commit_result *out, struct err *e)
{
	struct staged *staged = argument;
	struct merge *m = staged->merge;
	struct buffer joined = { 0 };
	int rc;

	if (m->shape.order_words == 0)
		return commit_at(staged, position, out, e);
	event_state_join(&m->events.state, position, &joined);
	rc = commit_at(staged, buffer_string(&joined), out, e);
	buffer_release(&joined);
	return rc;
}

int merge_commit(struct merge *m, const struct batch *last, struct merge_result *out, struct err *e)
{
	struct staged staged = { m, last, 0 };
	const struct turn turn = {
		.table = m->table,
		.share = m->share,
		.schema = m->schema,
		.position = buffer_string((struct buffer *)&last->position),
		.replaces_all = m->truncates,
		.staged = &staged,
		.follow = follow,
		.commit = commit,
	};

	*out = (struct merge_result){ 0 };
	if (m->shape.order_words > 0 &&
	    tombstones_write(m->events.tombstones, &m->events.state, event_clock_edge(&m->events.state.clock), e) < 0)
		return -1;
	if (turn_take(&turn, out, e) < 0)
		return -1;
	out->version = table_snapshot(m->table)->version;
	out->rows_added = m->rows_added;
	out->rows_deleted = staged.rows_deleted;
	for (uint32_t i = 0; i < m->file_count; i++)
		out->file_bytes += m->files[i].size_bytes;
	return after_commit(m, e);
}
