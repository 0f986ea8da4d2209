/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake_progress.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define SAVE_INTERVAL_US 1000000

static char *key_of(const char *folder, const uint32_t *slot)
{
	struct buffer key = { 0 };
	char *text;

	buffer_text(&key, folder);
	if (slot != NULL)
		buffer_format(&key, "/%u", *slot);
	buffer_text(&key, "/progress.json");
	text = memory_copy_text(buffer_string(&key));
	buffer_release(&key);
	return text;
}

void progress_open(struct lake_progress *p, struct store *store, const char *name, const struct lake_slot *slot)
{
	struct buffer folder = { 0 };

	*p = (struct lake_progress){ .store = store, .sequence = UINT64_MAX, .used = json_array() };
	buffer_text(&folder, "_tailrace/");
	store_key_part(&folder, name);
	p->folder = memory_copy_text(buffer_string(&folder));
	p->key = key_of(p->folder, slot != NULL ? &slot->number : NULL);
	buffer_release(&folder);
}

void progress_release(struct lake_progress *p)
{
	memory_free(p->folder);
	memory_free(p->key);
	json_decref(p->used);
	buffer_release(&p->text);
}

/* Not so when the table is new, or older than it was (brought back from a backup): then it lacks changes. */
static bool covers(const json_t *commits, const struct lake_table *t)
{
	const json_t *known = json_object_get(commits, t->name);

	return t->position == NULL || (json_is_integer(known) && json_integer_value(known) <= t->commits);
}

/* "a.b", where either may have dots of its own. */
static int is_in_lake(const struct lake_progress *p, const char *name, bool *out, struct err *e)
{
	int rc = 0;

	*out = false;
	for (const char *dot = strchr(name, '.'); dot != NULL && !*out && rc == 0; dot = strchr(dot + 1, '.')) {
		char *database = memory_copy_text(name);
		struct schema *columns = NULL;

		database[dot - name] = '\0';
		rc = lake_table_columns(p->store, database, dot + 1, &columns, e);
		*out = columns != NULL;
		schema_release(columns);
		memory_free(database);
	}
	return rc;
}

/*
 * Whether no table of the mark was moved away to be made anew: from a source that copies nothing it would not get what
 * stands before the mark.
 */
static int has_all(const struct lake_progress *p, json_t *commits, struct lake_table *const *tables, uint32_t count,
		   bool *out, struct err *e)
{
	const char *name;
	json_t *known;

	*out = true;
	json_object_foreach(commits, name, known) {
		uint32_t i = 0;

		if (p->source_copies || !json_is_integer(known) || json_integer_value(known) < 0)
			continue;
		while (i < count && strcmp(tables[i]->name, name) != 0)
			i++;
		if (i < count)
			*out = tables[i]->position != NULL;
		else if (is_in_lake(p, name, out, e) < 0)
			return -1;
		if (!*out) {
			log_warn("a table is gone from the lake; tables resume from their own positions", "table=%s", name);
			return 0;
		}
	}
	return 0;
}

static int covers_all(const struct lake_progress *p, json_t *commits, struct lake_table *const *tables, uint32_t count,
		      bool *out, struct err *e)
{
	bool has_any = !p->source_copies || count == 0;

	if (has_all(p, commits, tables, count, out, e) < 0)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		has_any |= tables[i]->position != NULL;
		*out = *out && covers(commits, tables[i]);
	}
	*out = *out && has_any; /* nobody needs the mark, and the log may not have it any more */
	return 0;
}

bool progress_covers(const struct lake_progress *p, const struct lake_table *t)
{
	json_t *commits;
	size_t i;

	json_array_foreach(p->used, i, commits) {
		if (!covers(commits, t))
			return false;
	}
	return true;
}

/* The file's JSON, or NULL: there is none that could be read. */
static int read_file(const struct lake_progress *p, const char *key, json_t **out, struct err *e)
{
	struct buffer text = { 0 };
	int rc = p->store->ops->get(p->store, key, 0, 0, &text, e);

	*out = rc == 0 ? json_loadb((const char *)text.data, text.size, 0, NULL) : NULL;
	buffer_release(&text);
	if (rc == 0 && !json_is_object(json_object_get(*out, "position"))) {
		log_warn("the progress file is unreadable; tables resume from their own positions", "file=%s", key);
		json_decref(*out);
		*out = NULL;
	}
	return rc < 0 ? -1 : 0;
}

int progress_load(struct lake_progress *p, struct lake_table *const *tables, uint32_t count,
		  char **position, struct err *e)
{
	bool is_covered = false;
	json_t *root;
	int rc;

	*position = NULL;
	if (read_file(p, p->key, &root, e) < 0)
		return -1;
	rc = root != NULL ? covers_all(p, json_object_get(root, "tables"), tables, count, &is_covered, e) : 0;
	if (rc == 0 && is_covered) {
		*position = json_dumps(json_object_get(root, "position"), JSON_COMPACT);
		json_array_append(p->used, json_object_get(root, "tables"));
	}
	json_decref(root);
	return rc;
}

static void tell(struct lake_progress *p, json_t *root, struct lake_table *const *tables, uint32_t count,
		 struct share *share)
{
	char *position = json_dumps(json_object_get(root, "position"), JSON_COMPACT);
	bool *are_covered = memory_array(bool, count);

	for (uint32_t i = 0; i < count; i++)
		are_covered[i] = covers(json_object_get(root, "tables"), tables[i]);
	share->mark(share, position, are_covered);
	json_array_append(p->used, json_object_get(root, "tables"));
	memory_free(are_covered);
	free(position);
}

int progress_load_slots(struct lake_progress *p, uint32_t slot_count, struct lake_table *const *tables, uint32_t count,
			struct share *share, struct err *e)
{
	for (uint32_t slot = 0; slot < slot_count; slot++) {
		char *key = key_of(p->folder, &slot);
		bool is_whole = false;
		json_t *root;
		int rc = read_file(p, key, &root, e);

		memory_free(key);
		if (rc == 0 && root != NULL)
			rc = has_all(p, json_object_get(root, "tables"), tables, count, &is_whole, e);
		if (rc == 0 && is_whole)
			tell(p, root, tables, count, share);
		json_decref(root);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int progress_forget(struct lake_progress *p, uint32_t slot_count, struct err *e)
{
	int rc = 0;

	for (uint32_t slot = 0; slot < slot_count && rc == 0; slot++) {
		char *key = key_of(p->folder, &slot);

		rc = store_remove(p->store, key, e);
		memory_free(key);
	}
	return rc == 0 ? store_remove(p->store, p->key, e) : rc;
}

static void format_position(struct buffer *out, const struct position *now)
{
	buffer_clear(out);
	buffer_text(out, "{\"position\":");
	now->format(now, NULL, out);
}

static void format_tables(struct buffer *out, struct lake_workers *workers,
			  struct lake_table *const *tables, uint32_t count)
{
	buffer_text(out, ",\"tables\":{");
	pthread_mutex_lock(&workers->lock);
	for (uint32_t i = 0; i < count; i++) {
		if (i > 0)
			buffer_char(out, ',');
		text_json_string(out, tables[i]->name);
		buffer_char(out, ':');
		text_int(out, tables[i]->commits);
	}
	pthread_mutex_unlock(&workers->lock);
	buffer_text(out, "}}\n");
}

static int save(struct lake_progress *p, uint64_t sequence, struct lake_workers *workers,
		struct lake_table *const *tables, uint32_t count, struct err *e)
{
	enum put_result result;

	format_tables(&p->text, workers, tables, count);
	if (p->store->ops->put(p->store, p->key, buffer_bytes(&p->text), false, &result, e) < 0)
		return err_wrap(e, "progress file");
	p->saved_sequence = sequence;
	p->saved_at_us = clock_monotonic_us();
	p->sequence = UINT64_MAX;
	return 0;
}

uint64_t progress_durable(const struct position *now, struct lake_workers *workers,
			  struct lake_table *const *tables, uint32_t count)
{
	uint64_t sequence = now->sequence;

	pthread_mutex_lock(&workers->lock);
	for (uint32_t i = 0; i < count; i++) {
		sequence = tables[i]->open_since < sequence ? tables[i]->open_since : sequence;
		sequence = tables[i]->work_since < sequence ? tables[i]->work_since : sequence;
	}
	pthread_mutex_unlock(&workers->lock);
	return sequence;
}

int progress_note(struct lake_progress *p, const struct position *now, struct lake_workers *workers,
		  struct lake_table *const *tables, uint32_t count, struct err *e)
{
	if (p->sequence == UINT64_MAX && now->sequence == p->saved_sequence)
		return 0;
	if (clock_monotonic_us() - p->saved_at_us < SAVE_INTERVAL_US)
		return 0;
	if (p->sequence == UINT64_MAX) {
		format_position(&p->text, now);
		p->sequence = now->sequence;
	}
	if (progress_durable(now, workers, tables, count) < p->sequence)
		return 0;
	return save(p, p->sequence, workers, tables, count, e);
}

int progress_save(struct lake_progress *p, const struct position *now, struct lake_workers *workers,
		  struct lake_table *const *tables, uint32_t count, struct err *e)
{
	format_position(&p->text, now);
	return save(p, now->sequence, workers, tables, count, e);
}
