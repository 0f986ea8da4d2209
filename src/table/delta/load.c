/* SPDX-License-Identifier: Apache-2.0 */
/* From the log to a snapshot. */
#include <inttypes.h>
#include <string.h>

#include "table/delta/handle.h"
#include "table/delta/schema_json.h"

/* Our txn action is the last line of our entries: without it, the end is missing. */
static int remember_position(struct delta *d, const struct action_list *l, struct err *e)
{
	const struct commit_info *info = NULL;
	const struct txn *txn = NULL;
	bool has_txn = false;

	for (uint32_t i = 0; i < l->count; i++) {
		const struct action *a = &l->actions[i];

		if (a->kind == ACTION_COMMIT_INFO && a->commit_info.position != NULL &&
		    a->commit_info.txn_id != NULL)
			info = &a->commit_info;
		has_txn |= a->kind == ACTION_TXN;
		if (a->kind == ACTION_TXN && d->app_id != NULL &&
		    strcmp(a->txn.app_id, d->app_id) == 0)
			txn = &a->txn;
	}
	if (info != NULL && !has_txn)
		return err_set(
			e, ERR_DATA,
			"it is cut off: its last line, the txn action, is missing");
	if (info == NULL || (txn == NULL && d->app_id != NULL))
		return 0;
	position_copy_release(&d->logged);
	d->logged = (struct position_copy){
		.txn_id = memory_copy_text(info->txn_id),
		.position = memory_copy_text(info->position),
		.number = txn != NULL ? txn->version : -1,
		.invalid_values = info->invalid_values,
	};
	return 0;
}

int delta_apply(struct delta *d, const struct action_list *l, int64_t version,
		struct err *e)
{
	if (state_apply(&d->state, l->actions, l->count, version, e) < 0)
		return -1;
	return remember_position(d, l, e);
}

int delta_load_entry(struct delta *d, int64_t version, bool *schema_changed,
		     struct err *e)
{
	struct action_list list = { 0 };
	struct buffer text = { 0 };
	char key[LOG_KEY_BYTES_MAX];
	int rc;

	log_entry_key(key, version);
	rc = store_get(d->store, key, 0, 0, &text, e);
	if (rc == 1)
		rc = err_set(e, ERR_RETRY, "it vanished while the log was read");
	if (rc == 0 && text.size == 0)
		rc = err_set(e, ERR_DATA, "it is empty");
	if (rc == 0)
		rc = action_list_parse(&list, buffer_bytes(&text), &d->arena, e);
	if (rc == 0)
		rc = delta_apply(d, &list, version, e);
	for (uint32_t i = 0; i < list.count; i++)
		*schema_changed |= list.actions[i].kind == ACTION_METADATA ||
				   list.actions[i].kind == ACTION_PROTOCOL;
	if (rc == 0)
		d->entry_bytes += text.size;
	else if (e->kind == ERR_DATA)
		err_wrap(e, "\"%s\" is damaged (restore it from a backup)", key);
	else
		err_wrap(e, "\"%s\"", key);
	action_list_release(&list);
	buffer_release(&text);
	arena_reset(&d->arena);
	return rc;
}

int delta_search_position(struct delta *d, struct err *e)
{
	struct buffer text = { 0 };
	struct err ignored = ERR_INIT;
	int rc = 0;

	position_copy_release(&d->logged);
	for (int64_t v = d->table.snapshot.version; rc == 0 && v >= 0 && d->logged.number < 0; v--) {
		struct action_list list = { 0 };
		char key[LOG_KEY_BYTES_MAX];

		log_entry_key(key, v);
		buffer_clear(&text);
		rc = store_get(d->store, key, 0, 0, &text, e);
		/* one that is damaged is as good as gone: nothing but this looks at it */
		if (rc == 0 && (action_list_parse(&list, buffer_bytes(&text), &d->arena, &ignored) < 0 ||
				remember_position(d, &list, &ignored) < 0))
			rc = 1;
		action_list_release(&list);
		arena_reset(&d->arena);
	}
	buffer_release(&text);
	return rc < 0 ? -1 : 0;
}

int delta_show(struct delta *d, bool schema_changed, struct err *e)
{
	struct snapshot *s = &d->table.snapshot;
	const struct metadata *m = &d->state.metadata;
	const struct txn *txn = NULL;

	if (schema_changed) {
		struct schema *schema;

		if (protocol_check_read(&d->state, e) < 0 ||
		    schema_parse(&schema, m, &d->state.protocol, e) < 0)
			return -1;
		schema_release(s->schema);
		s->schema = schema;
		s->last_field_id = metadata_last_id(m, schema);
	}
	if (d->app_id != NULL)
		txn = state_txn(&d->state, d->app_id);
	s->version = d->state.version;
	s->table_id = (char *)(uintptr_t)m->id;
	s->source_name =
		(char *)(uintptr_t)text_map_get(&m->configuration, "tailrace.source");
	s->files = d->state.files;
	s->file_count = d->state.file_count;
	s->txn_version = txn != NULL ? txn->version : -1;
	return 0;
}

static void reset(struct delta *d)
{
	bool keeps_tombstones = d->state.keeps_tombstones;

	state_release(&d->state);
	state_init(&d->state, keeps_tombstones);
	position_copy_release(&d->logged);
	schema_release(d->table.snapshot.schema);
	memory_free(d->table.snapshot.position);
	d->table.snapshot = (struct snapshot){ .version = -1, .txn_version = -1 };
	d->entry_bytes = d->checkpoint_bytes = 0;
	d->checkpoint_version = -1;
}

static int load_checkpoint(struct delta *d, const struct log_segment *s, struct err *e)
{
	if (s->checkpoint_version >= 0 &&
	    checkpoint_read(&d->state, d->store, &s->checkpoint, e) < 0)
		return -1;
	d->state.version = s->checkpoint_version;
	d->checkpoint_version = s->checkpoint_version;
	d->checkpoint_bytes = s->checkpoint_bytes;
	return 0;
}

/*
 * A damaged checkpoint does no harm while an older one, or the beginning, and all entries behind that are
 * there. Else *e stays what it was.
 */
static int pass_over(struct delta *d, int64_t version, struct log_segment *s, struct err *e)
{
	struct err why = *e, ignored = ERR_INIT;
	int64_t damaged = s->checkpoint_version;

	while (why.kind == ERR_DATA && s->checkpoint_version >= 0) {
		int64_t before = s->checkpoint_version - 1;

		log_segment_release(s);
		if (log_segment_find(s, d->store, version, before, &ignored) < 0 ||
		    s->version < damaged)
			return err_wrap(e, "restore a file from a backup, the log entries "
					   "that could stand in for it are gone");
		reset(d);
		why = (struct err)ERR_INIT;
		if (load_checkpoint(d, s, &why) < 0)
			continue;
		memory_free(d->table.warning);
		d->table.warning = memory_copy_text(e->text);
		return 0;
	}
	return -1;
}

int delta_load(struct delta *d, int64_t version, struct err *e)
{
	struct log_segment segment;
	bool ignored = false;
	struct err why = ERR_INIT;
	int rc;

	reset(d);
	if (log_segment_find(&segment, d->store, version, INT64_MAX, e) < 0)
		return -1;
	rc = load_checkpoint(d, &segment, &why);
	if (rc < 0)
		rc = pass_over(d, version, &segment, &why);
	if (rc < 0)
		*e = why;
	for (int64_t v = segment.checkpoint_version + 1; rc == 0 && v <= segment.version;
	     v++)
		rc = delta_load_entry(d, v, &ignored, e);
	if (rc == 0 && segment.version >= 0)
		rc = delta_show(d, true, e);
	log_segment_release(&segment);
	d->is_stale = rc < 0;
	return rc;
}
