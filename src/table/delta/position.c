/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second copy of our position, beside the table: _tailrace/positions/<txn version, 20
 * digits>.json. Log entries, and commitInfo with them, are cleaned up by age; txn actions
 * live on in checkpoints, and name the side copy. It is written before the entry, so one
 * of a commit that was never made, or lost to another writer's of the same number, may lie
 * there: as long as the entry is there, it decides.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/delta/handle.h"

#define POSITIONS_KEPT     16
#define POSITION_KEY_BYTES 64

static void position_key(char out[POSITION_KEY_BYTES], int64_t number)
{
	snprintf(out, POSITION_KEY_BYTES, POSITION_FOLDER "/%020" PRId64 ".json", number);
}

void position_copy_release(struct position_copy *c)
{
	memory_free(c->txn_id);
	memory_free(c->position);
	*c = (struct position_copy){ .number = -1 };
}

int position_write(struct delta *d, const struct position_record *r, struct err *e)
{
	struct store_writer *w;
	struct buffer text = { 0 };
	char key[POSITION_KEY_BYTES];
	int rc = -1;

	position_key(key, r->version);
	position_record_format(&text, r);
	w = store_writer_open(d->store, key, e);
	if (w != NULL && store_writer_write(w, buffer_bytes(&text), e) < 0)
		store_writer_abort(w);
	else if (w != NULL)
		rc = store_writer_finish(w, e);
	buffer_release(&text);
	return rc < 0 ? rc : store_sync_folder(d->store, POSITION_FOLDER, e);
}

/* The side copy of our txn version; 1 when it is missing or of another application. */
static int read_side(struct delta *d, struct position_record *out, struct err *e)
{
	struct buffer text = { 0 };
	char key[POSITION_KEY_BYTES];
	int rc;

	position_key(key, d->table.snapshot.txn_version);
	rc = store_get(d->store, key, 0, 0, &text, e);
	if (rc == 0)
		rc = position_record_parse(out, buffer_bytes(&text), &d->arena, e);
	if (rc < 0)
		err_wrap(e, "\"%s\"", key);
	if (rc == 0 && (strcmp(out->app_id, d->app_id) != 0 ||
			out->version != d->table.snapshot.txn_version))
		rc = 1;
	buffer_release(&text);
	return rc;
}

static void show(struct delta *d, const char *position, uint64_t invalid_values)
{
	memory_free(d->table.snapshot.position);
	d->table.snapshot.position =
		strcmp(position, "null") == 0 ? NULL : memory_copy_text(position);
	d->table.snapshot.invalid_values = invalid_values;
}

/* The log's copy is part of the commit itself: it decides, and mends the other. */
static int compare(struct delta *d, const struct position_record *side, struct err *e)
{
	const struct position_copy *log = &d->logged;
	struct position_record r = { d->app_id, log->txn_id, log->position, log->number,
				     log->invalid_values };

	show(d, log->position, log->invalid_values);
	if (side == NULL || strcmp(side->txn_id, log->txn_id) != 0)
		return position_write(d, &r, e);
	if (json_texts_equal(side->position, log->position))
		return 0;
	return err_set(e, ERR_DATA,
		       POSITION_FOLDER "/%020" PRId64 ".json and the commit itself give "
				       "different positions: one was changed; remove the "
				       "wrong side copy, or load the "
				       "table anew",
		       log->number);
}

int position_load(struct delta *d, struct err *e)
{
	struct position_record side;
	struct err why = ERR_INIT;
	bool is_logged;
	int rc;

	if (d->logged.number != d->table.snapshot.txn_version && delta_search_position(d, e) < 0)
		return -1;
	is_logged = d->logged.number == d->table.snapshot.txn_version;
	rc = read_side(d, &side, &why);

	if (rc < 0 && (!is_logged || why.kind != ERR_DATA)) {
		*e = why;
	} else if (is_logged) {
		rc = compare(d, rc == 0 ? &side : NULL, e);
	} else if (rc == 0) {
		show(d, side.position, side.invalid_values);
	} else {
		rc = err_set(e, ERR_DATA,
			     "the position of transaction %" PRId64 " is neither in the "
			     "log nor in " POSITION_FOLDER
			     ": bring that folder back, or load the "
			     "table anew (remove its folder)",
			     d->table.snapshot.txn_version);
	}
	arena_reset(&d->arena);
	return rc;
}

int position_clean(struct delta *d, bool all, struct err *e)
{
	int64_t last = d->table.snapshot.txn_version - POSITIONS_KEPT;
	struct store_list list;
	char key[POSITION_KEY_BYTES];
	int rc = 0;

	if (last < 0)
		return 0;
	if (!all) {
		position_key(key, last);
		return store_remove(d->store, key, e);
	}
	if (store_list(d->store, POSITION_FOLDER, NULL, &list, e) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < list.count; i++) {
		const char *name = list.objects[i].key + strlen(POSITION_FOLDER) + 1;
		char *end;
		long long number = strtoll(name, &end, 10);

		if (end == name + 20 && strcmp(end, ".json") == 0 && number <= last)
			rc = store_remove(d->store, list.objects[i].key, e);
	}
	store_list_release(&list);
	return rc;
}
