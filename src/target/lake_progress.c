/* SPDX-License-Identifier: Apache-2.0 */
#include "target/lake_progress.h"

#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

#define SAVE_INTERVAL_US 1000000

void progress_open(struct lake_progress *p, struct store *store, const char *name)
{
	struct buffer key = { 0 };

	*p = (struct lake_progress){ .store = store, .sequence = UINT64_MAX };
	buffer_text(&key, "_tailrace/");
	store_key_part(&key, name);
	buffer_text(&key, "/progress.json");
	p->key = memory_copy_text(buffer_string(&key));
	buffer_release(&key);
}

void progress_release(struct lake_progress *p)
{
	memory_free(p->key);
	buffer_release(&p->text);
}

/* Whether no table is new, or older than it was (brought back from a backup): then it lacks changes. */
static bool covers_all(const json_t *commits, struct lake_table *const *tables, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const json_t *known = json_object_get(commits, tables[i]->name);

		if (tables[i]->position != NULL &&
		    (!json_is_integer(known) || json_integer_value(known) > tables[i]->commits))
			return false;
	}
	return true;
}

int progress_load(struct lake_progress *p, struct lake_table *const *tables, uint32_t count,
		  char **position, struct err *e)
{
	struct buffer text = { 0 };
	json_t *root = NULL, *place;
	int rc = p->store->ops->get(p->store, p->key, 0, 0, &text, e);

	*position = NULL;
	if (rc != 0) {
		buffer_release(&text);
		return rc < 0 ? -1 : 0;
	}
	root = json_loadb((const char *)text.data, text.size, 0, NULL);
	place = json_object_get(root, "position");
	if (!json_is_object(place))
		log_warn("the progress file is unreadable; tables resume from their own positions",
			 "file=%s", p->key);
	else if (covers_all(json_object_get(root, "tables"), tables, count))
		*position = json_dumps(place, JSON_COMPACT);
	json_decref(root);
	buffer_release(&text);
	p->is_used = *position != NULL;
	return 0;
}

int progress_forget(struct lake_progress *p, struct err *e)
{
	return store_remove(p->store, p->key, e);
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

static bool all_passed(uint64_t sequence, struct lake_workers *workers, struct lake_table *const *tables,
		       uint32_t count)
{
	bool passed = true;

	pthread_mutex_lock(&workers->lock);
	for (uint32_t i = 0; i < count && passed; i++)
		passed = tables[i]->open_since >= sequence && tables[i]->work_since >= sequence;
	pthread_mutex_unlock(&workers->lock);
	return passed;
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
	if (!all_passed(p->sequence, workers, tables, count))
		return 0;
	return save(p, p->sequence, workers, tables, count, e);
}

int progress_save(struct lake_progress *p, const struct position *now, struct lake_workers *workers,
		  struct lake_table *const *tables, uint32_t count, struct err *e)
{
	format_position(&p->text, now);
	return save(p, now->sequence, workers, tables, count, e);
}
